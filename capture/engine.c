#include "capture/engine.h"

#include "base/clock.h"
#include "capture/core_types.h"
#include "capture/kernel_recipes.h"
#include "capture/lanes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

/* The object file, put into the program by bpf_object.S. */
extern const uint8_t engine_object[], engine_object_end[];

#define LINKS_MAX	      16
#define BULK_LANE_MIN	      (1ull << 17) /* as the smallest --buffer */
#define STATE_LANE_MIN	      (1ull << 18)
#define LANE_MAX	      (1ull << 29) /* the verifier's limit to an offset that varies (BPF_MAX_VAR_OFF) */
#define PID_NAMESPACE_OF_HOST 0xEFFFFFFC /* PROC_PID_INIT_INO: the same in every kernel */

struct engine {
	struct bpf_object *object;
	struct bpf_link *links[LINKS_MAX];
	unsigned n_links;
	struct bpf_link *iterator;
	int iterator_fd;
	unsigned n_cpus;
	struct lanes lanes;
	const struct engine_counters *counters;
	size_t counters_size;
	uint64_t load_ns, memory;
	char log[1024]; /* libbpf's last words */
};

/* libbpf prints through one function for the whole process: its last warning becomes ours. */
static _Thread_local char *log_into;

static int keep_log(enum libbpf_print_level level, const char *format, va_list ap)
{
	if (level == LIBBPF_WARN && log_into) {
		vsnprintf(log_into, sizeof((struct engine *)0)->log, format, ap);
		log_into[strcspn(log_into, "\n")] = 0;
	}
	return 0;
}

static uint64_t power_of_two_below(uint64_t v)
{
	uint64_t p = 1;

	while (p <= v / 2)
		p *= 2;
	return p;
}

static int load_failed(struct engine *e, int code, struct error *err)
{
	/* -EACCES comes from the verifier. */
	if (code == -EPERM)
		return error_set(err, code, "the kernel refuses BPF programs to this user (root or CAP_BPF with "
					    "CAP_PERFMON is needed; a command or process of one's own can be captured "
					    "without: scapcap -- COMMAND; see scapcap --doctor)");
	return error_set(err, code, "loading the BPF programs: %s%s%s (see scapcap --doctor)", strerror(-code),
			 e->log[0] ? ": " : "", e->log);
}

static struct bpf_map *map_named(struct engine *e, const char *name)
{
	return bpf_object__find_map_by_name(e->object, name);
}

/* Its number, 0 for the host's: there, the kernel's own numbers are ours. */
static u32 own_pid_namespace(void)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == PID_NAMESPACE_OF_HOST)
		return 0;
	return (u32)st.st_ino;
}

/* What the programs ask of tasks and calls. */
static void questions_set(struct engine_config *config, const struct kernel_filter *f)
{
	_Static_assert(KERNEL_QUESTIONS == QUESTIONS_MAX && KERNEL_CLAUSES == CLAUSES_MAX, "one size");
	_Static_assert(KERNEL_RANGES == ANSWERS_MAX && KERNEL_TEXT == ASKED_BYTES, "one size");
	_Static_assert((int)ABOUT_TREE == ASK_TREE && (int)ABOUT_TYPE == ASK_TYPE &&
			       (int)ABOUT_TEXT == ASK_TEXT && N_ABOUTS == ASK_TEXT + 1,
		       "one numbering");
	config->n_questions = f->n_questions;
	config->n_clauses = f->n_clauses;
	for (unsigned i = 0; i < f->n_questions; i++) {
		const struct kernel_question *q = &f->questions[i];
		struct engine_question *to = &config->questions[i];

		to->about = (u8)q->about;
		to->n = (u8)q->n;
		to->unsure_below = q->unsure_below;
		config->on_comm |= q->about == ABOUT_COMM;
		config->on_cred |= q->about == ABOUT_UID || q->about == ABOUT_GID;
		config->on_parent |= q->about == ABOUT_PPID;
		config->on_tree |= q->about == ABOUT_TREE;
		*(q->about <= ABOUT_LAST_OF_TASK ? &config->task_questions : &config->call_questions) |= 1u << i;
		if (q->about == ABOUT_RESULT || q->about == ABOUT_FD || q->about == ABOUT_PARAM)
			memcpy(to->ranges, q->ranges, sizeof to->ranges);
		if (q->about != ABOUT_TEXT)
			continue;
		to->text_len = (u8)q->text.len;
		to->text_whole = q->text.whole;
		memcpy(to->text, q->text.bytes, sizeof to->text);
		memset(to->text_mask, 0xFF, q->text.len);
	}
	for (unsigned i = 0; i < f->n_clauses; i++)
		config->clauses[i] = (struct engine_clause){f->clauses[i].yes, f->clauses[i].no};
}

/* Before loading: what the programs' variables in that section are. */
static int variables_set(struct engine *e, const char *section, const void *data, size_t size, struct error *err)
{
	struct bpf_map *map;
	int r = -ENOENT;

	/* libbpf puts a piece of the object's name before those that every object has. */
	bpf_object__for_each_map(map, e->object) {
		const char *at = strstr(bpf_map__name(map), section);

		if (at && !at[strlen(section)])
			r = bpf_map__set_initial_value(map, data, size);
	}
	return r < 0 ? error_set(err, r, "the BPF object's %s: %s", section, strerror(-r)) : 0;
}

static int config_set(struct engine *e, const struct engine_options *o, struct error *err)
{
	struct engine_config config = {
		.own_pid = (u32)getpid(),
		.pidns_inum = own_pid_namespace(),
		.snaplen = o->snaplen,
		.state_lane = e->lanes.state.size,
		.bulk_lane = e->lanes.bulk.size,
		.n_cpus = e->n_cpus,
		.by_tree = o->n_tree_pids > 0,
		.by_cgroup = o->cgroup != NULL,
		.keep_env = o->keep_env,
		.structures = o->structures,
	};
	uint64_t suspended_ns = clock_offset(CLOCK_MONOTONIC, CLOCK_BOOTTIME);
	int r;

	if (o->filter)
		questions_set(&config, o->filter);
	r = variables_set(e, ".rodata", &config, sizeof config, err);
	return r == 0 ? variables_set(e, ".data.clock", &suspended_ns, sizeof suspended_ns, err) : r;
}

static uint64_t map_bytes(struct bpf_map *map)
{
	uint64_t entries = bpf_map__max_entries(map);
	enum bpf_map_type type = bpf_map__type(map);

	if (type == BPF_MAP_TYPE_TASK_STORAGE)
		return 0;
	return entries * (bpf_map__value_size(map) + 8);
}

/* Sizes that depend on the machine. */
static int maps_size(struct engine *e)
{
	int r;

	bpf_map__set_max_entries(map_named(e, "scratches"), e->n_cpus + 1);
	bpf_map__set_max_entries(map_named(e, "counters"), e->n_cpus);
	bpf_map__set_map_flags(map_named(e, "counters"), BPF_F_MMAPABLE);
	bpf_map__set_map_flags(map_named(e, "recipes"), BPF_F_MMAPABLE);
	r = bpf_map__reuse_fd(map_named(e, "state_lanes"), e->lanes.state.fd);
	return r < 0 ? r : bpf_map__reuse_fd(map_named(e, "bulk_lanes"), e->lanes.bulk.fd);
}

static uint32_t lane_size(uint64_t of_all, unsigned n_cpus, uint64_t min)
{
	uint64_t size = power_of_two_below(of_all / n_cpus);

	return (uint32_t)(size < min ? min : size > LANE_MAX ? LANE_MAX : size);
}

static int recipes_load(struct engine *e, const struct engine_options *o, struct error *err)
{
	struct kernel_recipe *recipes = calloc(SYSCALLS_MAX * TABLES_MAX, sizeof *recipes);
	int fd = bpf_map__fd(map_named(e, "recipes")), r = 0;
	size_t size = SYSCALLS_MAX * TABLES_MAX * sizeof *recipes;
	void *shared;

	if (!recipes)
		return error_set(err, -ENOMEM, "out of memory");
	kernel_recipes_fill(recipes, o->filter, o->keep_state, o->structures);
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED) {
		r = error_set(err, -errno, "the table of recipes: %s", strerror(errno));
	} else {
		memcpy(shared, recipes, size);
		munmap(shared, size);
	}
	free(recipes);
	return r;
}

static int target_add(struct engine *e, u32 kind, u64 a, u64 b, struct error *err)
{
	struct target_key key = {.a = a, .b = b, .kind = kind};
	u8 one = 1;

	if (bpf_map_update_elem(bpf_map__fd(map_named(e, "targets")), &key, &one, BPF_ANY) < 0)
		return error_set(err, -errno, "too many processes to follow: %s", strerror(errno));
	return 0;
}

/* A control group of the second kind by its path: its id is the inode number of its folder. */
static int target_add_cgroup(struct engine *e, const char *path, struct error *err)
{
	static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char file[4096];
	struct statfs fs;
	struct stat st;

	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		snprintf(file, sizeof file, "%s/%s", roots[i], path);
		if (statfs(file, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC && stat(file, &st) == 0)
			return target_add(e, TARGET_CGROUP, st.st_ino, 0, err);
	}
	return error_set(err, -ENOENT, "there is no control group (v2) %s", path);
}

static int question_load(struct engine *e, u32 kind, const struct kernel_question *q, struct error *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && q->about <= ABOUT_LAST_OF_TASK && i < q->n; i++) {
		u64 comm[2] = {(u64)q->ids[i], 0};

		if (q->about == ABOUT_COMM)
			memcpy(comm, q->comms[i], sizeof comm);
		r = target_add(e, kind, comm[0], comm[1], err);
	}
	return r;
}

static int targets_load(struct engine *e, const struct engine_options *o, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->n_tree_pids; i++)
		r = target_add(e, TARGET_TREE, o->tree_pids[i], 0, err);
	for (unsigned i = 0; o->filter && r == 0 && i < o->filter->n_questions; i++)
		r = question_load(e, TARGET_QUESTION + i, &o->filter->questions[i], err);
	return r == 0 && o->cgroup ? target_add_cgroup(e, o->cgroup, err) : r;
}

static int counters_map(struct engine *e, struct error *err)
{
	void *p;

	e->counters_size = e->n_cpus * sizeof *e->counters;
	p = mmap(NULL, e->counters_size, PROT_READ, MAP_SHARED, bpf_map__fd(map_named(e, "counters")), 0);
	if (p == MAP_FAILED)
		return error_set(err, -errno, "mapping the counters: %s", strerror(errno));
	e->counters = p;
	return 0;
}

static struct bpf_object *object_open(const char *types)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = types);

	return bpf_object__open_mem(engine_object, (size_t)(engine_object_end - engine_object), &options);
}

/* What the kernel's types say. */
struct kernel_facts {
	int types;	/* those that the programs need, as a file; negative where all will have to be read */
	bool may_sleep; /* iterators may, and read the memory of the tasks that they come by */
	bool may_suspend; /* the machine may, and the kernel tells of it */
};

static struct kernel_facts kernel_facts_find(void)
{
	struct bpf_object *object = object_open(NULL);
	struct btf *kernel = core_types_kernel();
	struct kernel_facts facts = {.types = -ENOENT};

	if (object && kernel) {
		facts.types = core_types_file(kernel, bpf_object__btf(object));
		facts.may_sleep = core_types_has_value(kernel, "bpf_func_id", "BPF_FUNC_copy_from_user_task");
		facts.may_suspend = btf__find_by_name_kind(kernel, "btf_trace_suspend_resume", BTF_KIND_TYPEDEF) > 0;
	}
	btf__free(kernel);
	bpf_object__close(object);
	return facts;
}

static struct bpf_program *program_named(struct engine *e, const char *name)
{
	return bpf_object__find_program_by_name(e->object, name);
}

static int programs_adapt(struct engine *e, const struct kernel_facts *facts)
{
	int r = bpf_program__set_autoload(program_named(e, "on_suspend"), facts->may_suspend);

	return r == 0 && facts->may_sleep
		       ? bpf_program__set_flags(program_named(e, "on_unfinished"), BPF_F_SLEEPABLE)
		       : r;
}

static int programs_load(struct engine *e, const struct engine_options *o, const struct kernel_facts *facts,
			 struct error *err)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "/proc/self/fd/%d", facts->types);
	e->object = object_open(facts->types >= 0 ? path : NULL);
	if (!e->object)
		return load_failed(e, -errno, err);
	r = lanes_end(&e->lanes, err);
	if (r < 0)
		return r == -EPERM ? load_failed(e, r, err) : r;
	r = programs_adapt(e, facts);
	if (r == 0)
		r = maps_size(e);
	if (r == 0)
		r = config_set(e, o, err);
	if (r == 0)
		r = bpf_object__load(e->object);
	if (r < 0)
		return load_failed(e, r, err);
	return 0;
}

static int object_load(struct engine *e, const struct engine_options *o, struct error *err)
{
	struct kernel_facts facts = kernel_facts_find();
	int r = programs_load(e, o, &facts, err);
	struct bpf_map *map;

	if (facts.types >= 0)
		close(facts.types);
	if (r < 0)
		return r;
	bpf_object__for_each_map(map, e->object)
		e->memory += map_bytes(map);
	return 0;
}

struct engine *engine_new(const struct engine_options *options, struct error *err)
{
	struct engine *e = calloc(1, sizeof *e);
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
	int n_cpus = libbpf_num_possible_cpus(), r;

	if (!e || n_cpus < 1) {
		free(e);
		error_set(err, e ? -EIO : -ENOMEM, e ? "the number of CPUs is unknown" : "out of memory");
		return NULL;
	}
	e->n_cpus = (unsigned)n_cpus;
	e->iterator_fd = -1;
	/* Needed before 5.11 only, where memory was charged to this limit; refused is no error. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	log_into = e->log;
	libbpf_set_print(keep_log);
	lanes_begin(&e->lanes, e->n_cpus, lane_size(ENGINE_STATE_BUFFER, e->n_cpus, STATE_LANE_MIN),
		    lane_size(options->buffer_size ? options->buffer_size : ENGINE_BUFFER, e->n_cpus, BULK_LANE_MIN));
	r = object_load(e, options, err);
	if (r == 0)
		r = recipes_load(e, options, err);
	if (r == 0)
		r = targets_load(e, options, err);
	if (r == 0)
		r = counters_map(e, err);
	log_into = NULL;
	if (r < 0) {
		engine_free(e);
		return NULL;
	}
	e->load_ns = clock_ns(CLOCK_MONOTONIC) - begin;
	return e;
}

static int program_attach(struct engine *e, struct bpf_program *program, struct error *err)
{
	struct bpf_link *link = bpf_program__attach(program);

	if (!link)
		return error_set(err, -errno, "attaching %s: %s", bpf_program__name(program), strerror(errno));
	if (bpf_program__expected_attach_type(program) == BPF_TRACE_ITER)
		e->iterator = link;
	else
		e->links[e->n_links++] = link;
	return 0;
}

int engine_start(struct engine *e, struct error *err)
{
	/* No task may leave unseen (capture/bpf/places.h): the first that is attached is the last that goes. */
	struct bpf_program *first = program_named(e, "on_process_exit"), *program;
	int r;

	log_into = e->log;
	r = program_attach(e, first, err);
	bpf_object__for_each_program(program, e->object)
		if (r == 0 && program != first && bpf_program__autoload(program) && e->n_links < LINKS_MAX)
			r = program_attach(e, program, err);
	log_into = NULL;
	/* Opened now, read at the end, when there are no privileges any more. */
	if (r == 0 && e->iterator)
		e->iterator_fd = bpf_iter_create(bpf_link__fd(e->iterator));
	return r;
}

void engine_stop(struct engine *e)
{
	while (e->n_links)
		bpf_link__destroy(e->links[--e->n_links]);
}

/* An iterator is read once. The first was opened while there were privileges; kernels since 5.19 need none. */
static int iterator_open(struct engine *e)
{
	int fd = e->iterator ? bpf_iter_create(bpf_link__fd(e->iterator)) : -1;

	if (fd < 0) {
		fd = e->iterator_fd;
		e->iterator_fd = -1;
	}
	return fd;
}

int engine_unfinished(struct engine *e, void (*untouched)(void *context, uint32_t tid), void *context,
		      struct error *err)
{
	int fd = iterator_open(e), r;
	u32 tids[1024];
	ssize_t n;

	if (fd < 0)
		return error_set(err, -ENOTSUP, "this kernel has no task iterator for calls in progress");
	do {
		n = read(fd, tids, sizeof tids);
		for (ssize_t i = 0; untouched && i < n / (ssize_t)sizeof *tids; i++)
			untouched(context, tids[i]);
	} while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	r = n < 0 ? error_set(err, -errno, "calls in progress: %s", strerror(errno)) : 0;
	close(fd);
	return r;
}

size_t engine_drain(struct engine *e, unsigned ring, size_t max_bytes,
		    void (*take)(void *context, const struct record *r), void *context, bool *ret_empty)
{
	return lane_drain(&e->lanes, ring, max_bytes, take, context, ret_empty);
}

unsigned engine_n_rings(const struct engine *e)
{
	return e->lanes.state.n + e->lanes.bulk.n;
}

unsigned engine_n_state_rings(const struct engine *e)
{
	return e->lanes.state.n;
}

unsigned engine_n_cpus(const struct engine *e)
{
	return e->n_cpus;
}

uint64_t engine_load_ns(const struct engine *e)
{
	return e->load_ns;
}

uint64_t engine_memory(const struct engine *e)
{
	return e->memory;
}

void engine_counters(const struct engine *e, int cpu, struct engine_counters *ret)
{
	unsigned first = cpu < 0 ? 0 : (unsigned)cpu, last = cpu < 0 ? e->n_cpus : first + 1;

	memset(ret, 0, sizeof *ret);
	for (unsigned i = first; i < last && i < e->n_cpus; i++) {
		const volatile struct engine_counters *c = &e->counters[i];

		ret->lost_bulk += c->lost_bulk;
		ret->lost_state += c->lost_state;
		ret->lost_task += c->lost_task;
		ret->oversize += c->oversize;
		ret->n_records += c->n_records;
		if (c->first_loss_ns && (!ret->first_loss_ns || c->first_loss_ns < ret->first_loss_ns))
			ret->first_loss_ns = c->first_loss_ns;
		if (c->last_loss_ns > ret->last_loss_ns)
			ret->last_loss_ns = c->last_loss_ns;
	}
}

uint64_t engine_missed(const struct engine *e)
{
	struct bpf_program *program;
	uint64_t n = 0;

	bpf_object__for_each_program(program, e->object) {
		struct bpf_prog_info info = {0};
		u32 len = sizeof info;

		/* Needs no privilege from 6.0 on; older kernels refuse, and it stays unknown. */
		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len) == 0)
			n += info.recursion_misses;
	}
	return n;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_stop(e);
	if (e->iterator_fd >= 0)
		close(e->iterator_fd);
	bpf_link__destroy(e->iterator);
	lanes_free(&e->lanes);
	if (e->counters)
		munmap((void *)e->counters, e->counters_size);
	bpf_object__close(e->object);
	free(e);
}
