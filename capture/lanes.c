#include "capture/lanes.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RELEASE_EACH (256u << 10) /* bytes read after which the kernel may use their place again */

static size_t lane_stride(const struct lane_map *m)
{
	return LANE_BYTES((size_t)m->size);
}

static int map_open(struct lane_map *m, struct error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	m->fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, m->name, sizeof(u32), (u32)lane_stride(m), m->n, &options);
	if (m->fd < 0)
		return error_set(err, -errno, "%u buffers of %u bytes: %s (a smaller --buffer may do)", m->n, m->size,
				 strerror(errno));
	m->mapped = (lane_stride(m) * m->n + page - 1) / page * page; /* not 0: there is something to close */
	m->memory = mmap(NULL, m->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->memory == MAP_FAILED) {
		m->memory = NULL;
		return error_set(err, -errno, "mapping the buffers: %s", strerror(errno));
	}
	return 0;
}

static void *lanes_open(void *argument)
{
	struct lanes *l = argument;

	l->result = map_open(&l->bulk, &l->error);
	if (l->result == 0)
		l->result = map_open(&l->state, &l->error);
	return NULL;
}

void lanes_begin(struct lanes *l, unsigned n_cpus, uint32_t state_size, uint32_t bulk_size)
{
	*l = (struct lanes){
		.state = {.name = "state_lanes", .fd = -1, .n = n_cpus + 1, .size = state_size},
		.bulk = {.name = "bulk_lanes", .fd = -1, .n = n_cpus, .size = bulk_size},
	};
	l->running = pthread_create(&l->thread, NULL, lanes_open, l) == 0;
	if (!l->running)
		lanes_open(l);
}

int lanes_end(struct lanes *l, struct error *err)
{
	if (l->running)
		pthread_join(l->thread, NULL);
	l->running = false;
	if (l->result < 0 && l->result != -EPERM)
		*err = l->error;
	return l->result;
}

static void map_close(struct lane_map *m)
{
	if (m->memory)
		munmap(m->memory, m->mapped);
	if (m->mapped)
		close(m->fd);
}

void lanes_free(struct lanes *l)
{
	if (l->running)
		pthread_join(l->thread, NULL);
	map_close(&l->state);
	map_close(&l->bulk);
}

size_t lane_drain(struct lanes *l, unsigned i, size_t max_bytes,
		  void (*take)(void *context, const struct record *r), void *context, bool *ret_empty)
{
	const struct lane_map *m = i < l->state.n ? &l->state : &l->bulk;
	struct lane *lane = (void *)(m->memory + (i - (m == &l->bulk ? l->state.n : 0)) * lane_stride(m));
	uint64_t tail = lane->tail, released = tail;
	uint64_t head = __atomic_load_n(&lane->head, __ATOMIC_ACQUIRE);
	size_t taken = 0;

	while (tail < head && taken < max_bytes) {
		uint64_t at = tail & (m->size - 1), end;
		const struct record *r = (const void *)(lane->data + at);

		assert(r->size >= sizeof *r && r->size <= RECORD_MAX);
		take(context, r);
		taken += r->size;
		end = at + LANE_ROUND(r->size);
		tail += (end < m->size ? end : m->size) - at;
		if (tail - released >= RELEASE_EACH)
			__atomic_store_n(&lane->tail, released = tail, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&lane->tail, tail, __ATOMIC_RELEASE);
	*ret_empty = tail == head;
	return taken;
}
