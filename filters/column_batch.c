/*
 * The column part over a batch: 64 events at a time, the checks of an outer `and` one after the other, so
 * that columns are loaded only while some event is left.
 */
#include "filters/column.h"

#include <errno.h>
#include <stdlib.h>

#define SECOND 1000000000u

struct column_run {
	struct filter *f;
	struct batch *batch;
	struct error *err;
	int r; /* the first failure to load something */
};

static const struct type_facts *facts_of(struct filter *f, const struct batch *b, uint16_t type)
{
	struct type_facts *facts = &f->facts[type];
	const struct event_info *info;

	if (facts->known)
		return facts;
	info = schema_find(b->schema, type);
	facts->known = true;
	facts->is_io = event_type_category(info) >= EC_IO_READ && event_type_category(info) <= EC_IO_OTHER;
	facts->result_bit = info->result_param >= 0 ? UINT32_C(1) << info->result_param : 0;
	facts->fd_bit = info->fd_param >= 0 ? UINT32_C(1) << info->fd_param : 0;
	if (!event_type_has_fd(info))
		facts->fd_source = FD_FROM_NOWHERE;
	else if (event_type_makes_one_fd(info) && !(info->traits & EF_USES_FD))
		facts->fd_source = FD_FROM_RESULT;
	else if (info->fd_param >= 0 && !(info->traits & EF_CREATES_FD))
		facts->fd_source = FD_FROM_COLUMN;
	else
		facts->fd_source = FD_FROM_STATE;
	return facts;
}

/* A word of the bytes 0 and 1. */
static uint64_t pack(const uint8_t match[64])
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t eight;

		memcpy(&eight, match + 8 * i, 8);
		/* Moves the lowest bit of byte k to bit 56 + k. */
		bits |= (eight * UINT64_C(0x0102040810204080) >> 56) << 8 * i;
	}
	return bits;
}

static uint64_t test_types(const uint64_t *types, const uint16_t *type, unsigned n)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (types[type[i] / 64] >> (type[i] % 64) & 1) << i;
	return bits;
}

/* Types that the name alone does not decide: the event itself is asked. */
static uint64_t resolve_unsure(struct column_run *run, struct check *c, uint32_t first, uint64_t bits)
{
	const struct batch *b = run->batch;
	struct state none = {0};
	struct event ev;
	uint64_t result = bits;

	for (; bits; bits &= bits - 1) {
		unsigned i = (unsigned)__builtin_ctzll(bits);
		int r;

		if (!bit_test(run->f->unsure, b->type[first + i]))
			continue;
		if (b->generic_code && b->type[first + i] <= 1) {
			/* The event's name, all that is asked for, needs nothing else. */
			ev = (struct event){.batch = run->batch, .index = first + i, .type = b->type[first + i]};
			ev.info = schema_find(b->schema, ev.type);
		} else {
			r = batch_need(run->batch, COLUMNS_ALL, run->err);
			if (r < 0) {
				run->r = r;
				return 0;
			}
			event_at(&ev, run->batch, first + i);
		}
		if (!check_event(run->f, c, &ev, &none))
			result &= ~(UINT64_C(1) << i);
	}
	return result;
}

/* Which events have a call's result. */
static uint64_t have_result(struct column_run *run, uint32_t first, unsigned n)
{
	const struct batch *b = run->batch;
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct type_facts *facts = facts_of(run->f, b, b->type[first + i]);
		bool has = facts->result_bit && !(b->absent[first + i] & facts->result_bit) &&
			   !(b->flags[first + i] & (EVENT_NO_RESULT | EVENT_UNFINISHED));

		bits |= (uint64_t)has << i;
	}
	return bits;
}

static int64_t at_most(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

/* fd.num of each event; *ret_unsure: those whose fd only state or parameters know. */
static uint64_t load_fds(struct column_run *run, uint32_t first, unsigned n, int64_t *v, uint64_t *ret_unsure)
{
	const struct batch *b = run->batch;
	uint64_t present = 0, unsure = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t at = first + i;
		const struct type_facts *facts = facts_of(run->f, b, b->type[at]);
		bool returned = !(b->flags[at] & (EVENT_NO_RESULT | EVENT_UNFINISHED));

		v[i] = -1;
		if (facts->fd_source == FD_FROM_NOWHERE)
			continue;
		present |= UINT64_C(1) << i;
		if (facts->fd_source == FD_FROM_STATE ||
		    (facts->fd_source == FD_FROM_COLUMN && (b->flags[at] & EVENT_INLINE) &&
		     b->fd[at] == FD_NONE))
			unsure |= UINT64_C(1) << i;
		else if (facts->fd_source == FD_FROM_COLUMN) {
			if (!(b->absent[at] & facts->fd_bit) && b->fd[at] != FD_NONE)
				v[i] = b->fd[at];
		} else if (returned && b->result[at] >= 0) {
			v[i] = b->result[at];
		}
	}
	*ret_unsure = unsure;
	return present;
}

/* Lengths of I/O, as if every fd were known. */
static uint64_t load_lengths(struct column_run *run, uint32_t first, unsigned n, int64_t *v)
{
	const struct batch *b = run->batch;
	uint64_t present = have_result(run, first, n);

	for (unsigned i = 0; i < n; i++) {
		v[i] = b->result[first + i];
		if (v[i] < 0 || !facts_of(run->f, b, b->type[first + i])->is_io)
			present &= ~(UINT64_C(1) << i);
	}
	return present;
}

static uint64_t load_durations(uint16_t id, const uint64_t *duration, unsigned n, int64_t *v)
{
	uint64_t present = 0;

	for (unsigned i = 0; i < n; i++) {
		present |= (uint64_t)(duration[i] != DURATION_NONE) << i;
		v[i] = at_most(duration[i]);
	}
	if (id == FIELD_EVT_LATENCY_S)
		for (unsigned i = 0; i < n; i++)
			v[i] = at_most(duration[i] / SECOND);
	else if (id == FIELD_EVT_LATENCY_NS)
		for (unsigned i = 0; i < n; i++)
			v[i] = at_most(duration[i] % SECOND);
	return present;
}

static void load_times(uint16_t id, const uint64_t *time, unsigned n, int64_t *v)
{
	if (id == FIELD_EVT_RAWTIME_S)
		for (unsigned i = 0; i < n; i++)
			v[i] = at_most(time[i] / SECOND);
	else if (id == FIELD_EVT_RAWTIME_NS)
		for (unsigned i = 0; i < n; i++)
			v[i] = at_most(time[i] % SECOND);
	else
		for (unsigned i = 0; i < n; i++)
			v[i] = at_most(time[i]);
}

/* The values of n events; returns which have one. */
static uint64_t load_numbers(struct column_run *run, uint16_t id, uint32_t first, unsigned n, int64_t *v,
			     uint64_t *ret_unsure)
{
	const struct batch *b = run->batch;

	switch (id) {
	case FIELD_EVT_NUM:
		for (unsigned i = 0; i < n; i++)
			v[i] = at_most(b->first_number + first + i);
		return ~UINT64_C(0);
	case FIELD_EVT_CPU:
		for (unsigned i = 0; i < n; i++)
			v[i] = b->cpu[first + i];
		return ~UINT64_C(0);
	case FIELD_THREAD_TID:
		for (unsigned i = 0; i < n; i++)
			v[i] = b->tids[b->tid_index[first + i]];
		return ~UINT64_C(0);
	case FIELD_EVT_RAWRES:
		memcpy(v, b->result + first, n * sizeof *v);
		return have_result(run, first, n);
	case FIELD_EVT_BUFLEN:
		return load_lengths(run, first, n, v);
	case FIELD_FD_NUM:
		return load_fds(run, first, n, v, ret_unsure);
	case FIELD_EVT_LATENCY:
	case FIELD_EVT_LATENCY_S:
	case FIELD_EVT_LATENCY_NS:
		return load_durations(id, b->duration_ns + first, n, v);
	default:
		load_times(id, b->time_ns + first, n, v);
		return ~UINT64_C(0);
	}
}

static uint64_t in_ranges(const struct check *c, const int64_t v[64])
{
	uint8_t match[64] = {0};

	if (c->n_ranges > 4) {
		for (unsigned i = 0; i < 64; i++) {
			uint32_t lo = 0, hi = c->n_ranges;

			while (lo < hi) {
				uint32_t mid = (lo + hi) / 2;

				if (c->ranges[mid].hi < v[i])
					lo = mid + 1;
				else
					hi = mid;
			}
			match[i] = lo < c->n_ranges && c->ranges[lo].lo <= v[i];
		}
		return pack(match);
	}
	for (uint32_t k = 0; k < c->n_ranges; k++) {
		uint64_t lo = (uint64_t)c->ranges[k].lo, span = (uint64_t)c->ranges[k].hi - lo;

		for (unsigned i = 0; i < 64; i++)
			match[i] |= (uint64_t)v[i] - lo <= span;
	}
	return pack(match);
}

static struct bits3 number_word(struct column_run *run, const struct check *c, uint32_t first, unsigned n)
{
	int64_t v[64] = {0};
	uint16_t id = c->left.field.info->id;
	uint64_t unsure = 0, present = load_numbers(run, id, first, n, v, &unsure);
	uint64_t m = in_ranges(c, v) & present;

	m |= unsure;
	/* That the fd is known, which evt.buflen asks for too, is not in the columns. */
	return (struct bits3){id == FIELD_EVT_BUFLEN ? 0 : m & ~unsure, m};
}

static uint64_t result_name_word(struct column_run *run, struct check *c, uint32_t first, unsigned n)
{
	const int64_t *result = run->batch->result + first;
	uint64_t bits = 0, has = have_result(run, first, n);

	for (unsigned i = 0; i < n; i++) {
		struct value v = {0};
		bool pass;

		if (!(has >> i & 1))
			continue;
		if (result[i] >= 0) {
			pass = bit_test(c->errnos, 0);
		} else if (result[i] > -ERRNOS_MAX && errno_name((int)-result[i])) {
			pass = bit_test(c->errnos, (unsigned)-result[i]);
		} else {
			value_text(&v, render_result(result[i]));
			pass = check_value(run->f, c, &v);
		}
		bits |= (uint64_t)pass << i;
	}
	return bits;
}

/* One of two answers per event. */
static uint64_t choose(const struct check *c, uint64_t is, uint64_t present)
{
	return ((c->on_true ? is : 0) | (c->on_false ? ~is : 0)) & present;
}

static uint64_t unfinished_word(const struct batch *b, uint32_t first, unsigned n)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (uint64_t)((b->flags[first + i] & EVENT_UNFINISHED) != 0) << i;
	return bits;
}

static uint64_t entered_word(const struct batch *b, uint32_t first, unsigned n)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (uint64_t)(b->type[first + i] < EVENT_TYPE_OWN && !(b->type[first + i] & 1)) << i;
	return bits | unfinished_word(b, first, n);
}

static uint64_t failed_word(const struct batch *b, uint32_t first, unsigned n)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits |= (uint64_t)(b->result[first + i] < 0) << i;
	return bits;
}

static struct bits3 exactly(uint64_t bits)
{
	return (struct bits3){bits, bits};
}

static struct bits3 check_word(struct column_run *run, struct check *c, uint32_t first, unsigned n)
{
	const struct batch *b = run->batch;

	switch (c->column) {
	case COLUMN_PART_TYPES:
		return exactly(resolve_unsure(run, c, first, test_types(c->types, b->type + first, n)));
	case COLUMN_PART_NUMBER:
		return number_word(run, c, first, n);
	case COLUMN_PART_RESULT_NAME:
		return exactly(result_name_word(run, c, first, n));
	case COLUMN_PART_DIRECTION:
		return exactly(choose(c, ~entered_word(b, first, n), ~UINT64_C(0)));
	case COLUMN_PART_FAILED:
		return exactly(choose(c, failed_word(b, first, n), have_result(run, first, n)));
	case COLUMN_PART_UNFINISHED:
		return exactly(choose(c, unfinished_word(b, first, n), ~UINT64_C(0)));
	default:
		return (struct bits3){0, c->types ? test_types(c->types, b->type + first, n) : ~UINT64_C(0)};
	}
}

static struct bits3 node_word(struct column_run *run, const struct node *n, uint32_t first, unsigned count)
{
	struct bits3 b = exactly(~UINT64_C(0)), part;

	switch (n->kind) {
	case NODE_CONST:
		return exactly(n->value ? ~UINT64_C(0) : 0);
	case NODE_CHECK:
		return check_word(run, n->check, first, count);
	case NODE_NOT:
		part = node_word(run, n->children[0], first, count);
		return (struct bits3){~part.m, ~part.t};
	case NODE_AND:
		for (uint32_t i = 0; i < n->n_children && b.m; i++) {
			part = node_word(run, n->children[i], first, count);
			b.t &= part.t;
			b.m &= part.m;
		}
		return b;
	default:
		b = exactly(0);
		for (uint32_t i = 0; i < n->n_children && ~b.t; i++) {
			part = node_word(run, n->children[i], first, count);
			b.t |= part.t;
			b.m |= part.m;
		}
		return b;
	}
}

static uint64_t count_bits(const uint64_t *bits, uint32_t n_words)
{
	uint64_t n = 0;

	for (uint32_t w = 0; w < n_words; w++)
		n += (uint64_t)__builtin_popcountll(bits[w]);
	return n;
}

/* Narrows bits by one condition. */
static int apply(struct column_run *run, const struct node *n, uint64_t *bits)
{
	uint32_t n_events = run->batch->n_events;
	int r = batch_need(run->batch, n->columns, run->err);

	for (uint32_t first = 0; r == 0 && run->r == 0 && first < n_events; first += 64)
		if (bits[first / 64])
			bits[first / 64] &= node_word(run, n, first,
						      n_events - first < 64 ? n_events - first : 64)
						    .m;
	return r < 0 ? r : run->r;
}

int64_t filter_columns(struct filter *f, struct batch *batch, uint64_t *bits, struct error *err)
{
	struct column_run run = {.f = f, .batch = batch, .err = err};
	const struct node *root = f->root;
	uint32_t n = batch->n_events, n_words = (n + 63) / 64;
	struct node *const *part = root->kind == NODE_AND ? root->children : &f->root;
	uint32_t n_parts = root->kind == NODE_AND ? root->n_children : 1;

	for (uint32_t w = 0; w < n_words; w++)
		bits[w] = ~UINT64_C(0);
	if (n % 64)
		bits[n_words - 1] = (UINT64_C(1) << n % 64) - 1;
	if (f->schema != batch->schema) {
		if (f->schema) /* else nothing is in it yet */
			memset(f->facts, 0, EVENT_TYPE_MAX * sizeof *f->facts);
		f->schema = batch->schema;
	}
	for (uint32_t i = 0; i < n_parts && count_bits(bits, n_words); i++) {
		int r = part[i]->useful || part[i]->kind == NODE_CONST ? apply(&run, part[i], bits) : 0;

		if (r < 0)
			return r;
	}
	return (int64_t)count_bits(bits, n_words);
}
