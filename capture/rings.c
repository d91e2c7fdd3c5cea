#include "capture/rings.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RELEASE_EACH (256u << 10) /* bytes read after which the kernel may use their place again */

static int ring_map(struct ring_view *r, int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p;

	r->fd = fd;
	r->size = size;
	r->consumer_page = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->consumer_page == MAP_FAILED) {
		r->consumer_page = NULL;
		return -errno;
	}
	p = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (p == MAP_FAILED)
		return -errno;
	r->producer_pages = p;
	r->consumer = r->consumer_page;
	r->producer = (const uint64_t *)p;
	r->data = p + page;
	return 0;
}

/* All at once where the kernel can: each call that changes a map of maps waits for a grace period. */
static int outer_fill(struct rings *r)
{
	u32 keys[RINGS_MAX], count = r->n_bulk;
	int fds[RINGS_MAX];

	for (u32 i = 0; i < r->n_bulk; i++) {
		keys[i] = i;
		fds[i] = r->views[1 + i].fd;
	}
	if (bpf_map_update_batch(r->outer_fd, keys, fds, &count, NULL) == 0)
		return 0;
	for (u32 i = 0; i < r->n_bulk; i++)
		if (bpf_map_update_elem(r->outer_fd, &keys[i], &fds[i], BPF_ANY) < 0)
			return -errno;
	return 0;
}

static int bulk_open(struct rings *r, struct error *err)
{
	size_t size = r->views[1].size;
	int result = 0;

	for (unsigned i = 0; result == 0 && i < r->n_bulk; i++) {
		int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bulk_ring", 0, 0, (u32)size, NULL);

		if (fd < 0)
			return error_set(err, -errno, "a ring buffer of %zu bytes: %s (a smaller --buffer may do)",
					 size, strerror(errno));
		result = ring_map(&r->views[1 + i], fd, size);
	}
	if (result == 0)
		result = outer_fill(r);
	return result < 0 ? error_set(err, result, "mapping a ring buffer: %s", strerror(-result)) : 0;
}

static void *bulk_thread(void *argument)
{
	struct rings *r = argument;

	r->result = bulk_open(r, &r->error);
	return NULL;
}

/* The map that holds the rings, made after the pattern of a small one. */
static int outer_new(unsigned n)
{
	int pattern = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bulk_ring", 0, 0, (u32)sysconf(_SC_PAGESIZE), NULL);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (u32)pattern);
	int fd;

	if (pattern < 0)
		return -errno;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "bulk_rings", sizeof(u32), sizeof(u32), n, &options);
	if (fd < 0)
		fd = -errno;
	close(pattern);
	return fd;
}

int rings_begin(struct rings *r, unsigned n, size_t size)
{
	memset(r, 0, sizeof *r);
	for (unsigned i = 0; i <= RINGS_MAX; i++)
		r->views[i].fd = -1;
	r->n_bulk = n;
	r->views[1].size = size;
	r->outer_fd = outer_new(n);
	if (r->outer_fd < 0)
		return r->outer_fd;
	r->running = pthread_create(&r->thread, NULL, bulk_thread, r) == 0;
	if (!r->running)
		bulk_thread(r);
	return 0;
}

int rings_end(struct rings *r, int state_fd, size_t state_size, struct error *err)
{
	int result = ring_map(&r->views[0], dup(state_fd), state_size);

	if (r->running)
		pthread_join(r->thread, NULL);
	r->running = false;
	if (r->result < 0)
		*err = r->error;
	else if (result < 0)
		error_set(err, result, "mapping a ring buffer: %s", strerror(-result));
	return r->result < 0 ? r->result : result;
}

void rings_free(struct rings *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (r->running)
		pthread_join(r->thread, NULL);
	for (unsigned i = 0; i <= RINGS_MAX; i++) {
		struct ring_view *v = &r->views[i];

		if (v->consumer_page)
			munmap(v->consumer_page, page);
		if (v->producer_pages)
			munmap(v->producer_pages, page + 2 * v->size);
		if (v->fd >= 0)
			close(v->fd);
	}
	if (r->outer_fd >= 0)
		close(r->outer_fd);
}

size_t ring_drain(struct ring_view *ring, size_t max_bytes,
		  void (*take)(void *context, const struct record *r), void *context, bool *ret_empty)
{
	uint64_t at = *ring->consumer;
	uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	uint64_t released = at;
	size_t taken = 0;

	*ret_empty = true;
	while (at < end) {
		const uint32_t *head = (const uint32_t *)(ring->data + (at & (ring->size - 1)));
		uint32_t len = __atomic_load_n(head, __ATOMIC_ACQUIRE);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (taken >= max_bytes) {
			*ret_empty = false;
			break;
		}
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			const struct record *r = (const void *)((const uint8_t *)head + BPF_RINGBUF_HDR_SZ);

			if (len >= sizeof *r && r->size == len)
				take(context, r);
			taken += len;
		}
		len &= ~BPF_RINGBUF_DISCARD_BIT;
		at += (len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		if (at - released >= RELEASE_EACH)
			__atomic_store_n(ring->consumer, released = at, __ATOMIC_RELEASE);
	}
	__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	return taken;
}
