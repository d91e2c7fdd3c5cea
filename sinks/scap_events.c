#include "sinks/scap_events.h"

#include "format/scap_legacy.h"

#define GENERIC_E 0
#define GENERIC_X 1

#define CONTAINER_JSON_E   272
#define CONTAINER_JSON_2_E 324

/* Of the system call table that the event's number belongs to. */
static enum syscall_abi abi_of(const struct event *ev, struct text arch)
{
	static const char arm[] = "aarch64";

	if (arch.len == sizeof arm - 1 && !memcmp(arch.data, arm, arch.len))
		return ABI_AARCH64;
	return ev->flags & EVENT_COMPAT ? ABI_I386 : ABI_X86_64;
}

/* The family's code of a call: by its number, or by its name where the file has no numbers. */
static uint16_t family_code(const struct event *ev, struct text arch)
{
	const struct syscall_info *call =
	    ev->sysno != SYSNO_NONE ? syscall_find(abi_of(ev, arch), ev->sysno)
				    : syscall_by_name(ev->info->name);

	return call ? call->ppm_sc : 0;
}

static void begin(struct scap_event *e, const struct event *ev, uint16_t type, uint32_t flags)
{
	e->time_ns = ev->time_ns;
	e->tid = ev->tid;
	e->cpu = ev->cpu;
	e->type = type;
	e->flags = flags;
	e->large = ev->info->traits & EF_LARGE_PAYLOAD && type == ev->type;
	e->infos = ev->info->params;
	e->n_params = 0;
}

static uint32_t end(struct buffer *b, struct scap_event *e, struct scap_told *told)
{
	size_t before = b->len;

	told->cut |= !scap_put_event(b, e);
	return (uint32_t)(b->len - before);
}

/* PPME_GENERIC: the code of the call in the family's list, and its number. */
static uint32_t put_generic(struct buffer *b, struct scap_event *e, const uint16_t numbers[2], unsigned n,
			    struct scap_told *told)
{
	e->infos = event_info_find(GENERIC_E)->params;
	for (unsigned i = 0; i < n; i++)
		e->params[i] = (struct param){(const uint8_t *)&numbers[i], sizeof numbers[i]};
	e->n_params = n;
	return end(b, e, told);
}

static unsigned public_params(const struct event *ev)
{
	const struct event_info *info = event_info_find(ev->type);

	return info && info->n_params < ev->n_params ? info->n_params : ev->n_params;
}

struct scap_told scap_tell(struct buffer *b, struct event *ev, struct text arch, uint32_t flags)
{
	struct scap_told told = {0};
	struct scap_event e;

	if (ev->type >= EVENT_TYPE_OWN) {
		const uint16_t numbers[2] = {family_code(ev, arch), ev->sysno};

		begin(&e, ev, GENERIC_X, flags);
		told.exit_len = put_generic(b, &e, numbers, 2, &told);
		return told;
	}
	if (!ev->n_params && !event_info_find(ev->type)) { /* not even the file says what it holds */
		told.no_place = true;
		return told;
	}
	event_param(ev, 0); /* has them found */
	begin(&e, ev, ev->type, flags);
	/* What we have behind the family's own parameters stays here. */
	e.n_params = public_params(ev);
	memcpy(e.params, ev->params, e.n_params * sizeof *ev->params);
	told.exit_len = end(b, &e, &told);
	return told;
}

/* ---- the old schema ---- */

/* Values that stand for "none" where nothing can be left out. */
struct none {
	uint8_t bytes[16];
	uint8_t len;
};

static const struct none none_zero = {.len = 16}, none_text = {"<NA>", 5}, none_list = {{0}, 2},
			 none_number = {{0}, 9};
static const struct none none_id = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8};

/* sysdig 0.29.3 takes a parameter's length for granted. */
static struct param none_of(const struct param_info *info)
{
	enum param_type type = info->type;
	unsigned size = param_type_size(type);
	const struct none *none = &none_zero;

	if (type == PT_UID || type == PT_GID || type == PT_FD)
		none = &none_id;
	else if (param_type_is_text(type))
		return (struct param){none_text.bytes, none_text.len};
	else if (type == PT_FDLIST)
		return (struct param){none_list.bytes, none_list.len};
	else if (type == PT_DYN) /* the first alternative, a number or nothing */
		return (struct param){none_number.bytes,
				      1 + param_type_size(info->dynamic ? info->dynamic[0].type : PT_NONE)};
	return (struct param){none->bytes, size};
}

/* A number of another width; value is the place for it. */
static struct param as_number(const struct param *p, enum param_type from, unsigned size, int64_t *value)
{
	return param_number(p, from, value) ? (struct param){(const uint8_t *)value, size}
					    : (struct param){none_zero.bytes, size};
}

/* bpf's old result says what it is: an error code, for the command alone would tell whether it is an fd. */
static struct param as_dynamic(const struct param *p, enum param_type from, uint8_t *place)
{
	int64_t value = 0;

	param_number(p, from, &value);
	place[0] = 1;
	memcpy(place + 1, &value, sizeof value);
	return (struct param){place, 1 + sizeof value};
}

struct values {
	union {
		int64_t number;
		uint8_t bytes[1 + sizeof(int64_t)];
	} at[EVENT_PARAMS_MAX];
};

static uint32_t put_old(struct buffer *b, struct event *ev, struct scap_event *e, const uint8_t *sources,
			unsigned n, struct scap_told *told)
{
	const struct event_info *old = event_info_find(e->type);
	struct values values;

	e->infos = old->params;
	e->n_params = n;
	for (unsigned i = 0; i < n; i++) {
		const struct param_info *to = &old->params[i], *from;
		const struct param *p = event_param(ev, sources[i]); /* LEGACY_NONE: an absent one */
		unsigned size = param_type_size(to->type);

		from = sources[i] < ev->n_params ? &ev->info->params[sources[i]] : NULL;
		if (!from || !p->data || !p->len) {
			bool is_empty = from && !size && p->data && to->type != PT_DYN && to->type != PT_FDLIST &&
					!param_type_is_text(to->type);

			e->params[i] = is_empty ? *p : none_of(to);
		} else if (to->type == PT_DYN && from->type != PT_DYN) {
			e->params[i] = as_dynamic(p, from->type, values.at[i].bytes);
		} else if (size && p->len != size) {
			e->params[i] = as_number(p, from->type, size, &values.at[i].number);
		} else {
			e->params[i] = *p;
		}
	}
	return end(b, e, told);
}

/* sysdig 0.29.3 stops at a container that is not described in JSON. */
static bool container_parses(struct event *ev)
{
	const struct param *p = event_param(ev, 0);

	return (ev->type != CONTAINER_JSON_E && ev->type != CONTAINER_JSON_2_E) ||
	       (p->len > 2 && p->data[0] == '{' && p->data[p->len - 2] == '}');
}

static bool has_enter(const struct event *ev)
{
	return !(ev->flags & EVENT_CHILD_RETURN);
}

/* Calls that never returned have an entry only: those still running, and exit and exit_group. */
static bool has_exit(const struct event *ev)
{
	return !(ev->flags & EVENT_UNFINISHED ||
		 (ev->flags & EVENT_NO_RESULT && ev->type >= EVENT_TYPE_OWN));
}

static struct scap_told tell_generic(struct buffer *b, struct event *ev, uint16_t code, uint32_t flags,
				     uint64_t enter_ns)
{
	const uint16_t numbers[2] = {code < LEGACY_CODES ? code : 0, ev->sysno};
	struct scap_told told = {0};
	struct scap_event e;

	if (has_enter(ev)) {
		begin(&e, ev, GENERIC_E, flags);
		e.time_ns = enter_ns;
		told.enter_len = put_generic(b, &e, numbers, 2, &told);
	}
	if (has_exit(ev)) {
		begin(&e, ev, GENERIC_X, flags);
		told.exit_len = put_generic(b, &e, numbers, 1, &told);
	}
	return told;
}

struct scap_told scap_tell_legacy(struct buffer *b, struct event *ev, struct text arch, uint32_t flags,
				  uint64_t enter_ns)
{
	const struct legacy_event *old = legacy_find(ev->type);
	struct scap_told told = {0};
	struct scap_event e;
	int64_t code = 0;

	if (ev->type == GENERIC_X) {
		if (!param_number(event_param(ev, 0), PT_SYSCALLID, &code))
			code = 0;
		return tell_generic(b, ev, (uint16_t)code, flags, enter_ns);
	}
	if (!old && event_info_is_syscall(ev->info) && !event_info_is_enter(ev->info))
		return tell_generic(b, ev, family_code(ev, arch), flags, enter_ns);
	if (!old || !container_parses(ev)) {
		told.no_place = true;
		return told;
	}
	if (old->entry != LEGACY_ALONE && has_enter(ev)) {
		begin(&e, ev, old->entry, flags);
		e.time_ns = enter_ns;
		told.enter_len = put_old(b, ev, &e, old->sources, old->n_entry, &told);
	}
	if (old->entry == LEGACY_ALONE || has_exit(ev)) {
		begin(&e, ev, old->exit, flags);
		told.exit_len = put_old(b, ev, &e, old->sources + old->n_entry, old->n_exit, &told);
	}
	return told;
}
