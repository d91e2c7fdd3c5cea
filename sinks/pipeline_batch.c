/* Which events of a batch are to be looked at: those that may pass, and those that change the state. */
#include "sinks/pipeline_run.h"

#include <errno.h>

/* What must be known of an event type, looked up once per capture. */
enum type_kind {
	TYPE_KNOWN = 1,    /* the entry is filled */
	TYPE_STATE_BIT = 1,
	TYPE_STATE = 1 << TYPE_STATE_BIT, /* changes who-is-who, as far as somebody asks for it */
	TYPE_INTERNAL_BIT = 2,
	TYPE_INTERNAL = 1 << TYPE_INTERNAL_BIT, /* made by capture tools, hidden by default */
	TYPE_META = 8, /* not something that a program did: no origin for relative times */
};

static uint8_t kind_find(struct run *run, const struct schema *schema, uint16_t type)
{
	const struct event_info *info = schema_find(schema, type);
	uint8_t kind = TYPE_KNOWN;

	if (event_info_is_state(info) &&
	    (run->needs & NEED_FDS || run->has_hidden || state_changes_threads(info)))
		kind |= TYPE_STATE;
	if (run->needs & NEED_MEMORY && state_changes_memory(info))
		kind |= TYPE_STATE;
	if (info->category & EC_METAEVENT)
		kind |= TYPE_META;
	if (event_info_is_internal(info))
		kind |= TYPE_INTERNAL;
	run->kinds_known = true;
	return run->kinds[type] = kind;
}

static inline uint8_t kind_of(struct run *run, const struct schema *schema, uint16_t type)
{
	uint8_t kind = run->kinds[type];

	return kind ? kind : kind_find(run, schema, type);
}

/*
 * Blocks without any type of interest are passed over undecoded. State events are of interest when
 * somebody needs the state. Not before the first batch: it has the origin of relative times.
 */
static void tell_wanted_types(struct run *run)
{
	const struct pipeline *p = run->p;
	const uint64_t *types = p->filter ? filter_types(p->filter) : NULL;

	if (run->want_told)
		return;
	run->want_told = true;
	if (!types || run->feed_state || run->has_hidden || run->needs & NEED_BEFORE)
		return;
	source_want_types(p->source, types);
}

static void note_first_time(struct run *run, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n_events && !field_context.first_ns; i++)
		if (!(kind_of(run, b->schema, b->type[i]) & TYPE_META))
			field_context.first_ns = b->time_ns[i];
}

static bool any_flag(const struct batch *b, uint16_t flag)
{
	uint16_t all = 0;

	for (uint32_t i = 0; i < b->n_events; i++)
		all |= b->flags[i];
	return all & flag;
}

static void clear_hidden(struct run *run, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n_events; i++)
		run->bits[i / 64] &= ~((uint64_t)((b->flags[i] & EVENT_HIDDEN) != 0) << i % 64);
}

#define EIGHT_BYTES UINT64_C(0x0101010101010101)

/* Bit `bit` of each of 64 bytes. */
static uint64_t gather(const uint8_t kinds[64], unsigned bit)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t eight;

		memcpy(&eight, kinds + 8 * i, 8);
		/* Moves the lowest bit of byte k to bit 56 + k. */
		word |= ((eight >> bit & EIGHT_BYTES) * UINT64_C(0x0102040810204080) >> 56) << 8 * i;
	}
	return word;
}

/* What the types of 64 events from `first` on say, or of fewer. */
static void note_kinds(struct run *run, const struct batch *b, uint32_t first, bool touch)
{
	const uint32_t n = b->n_events - first < 64 ? b->n_events - first : 64;
	const uint16_t *type = b->type + first;
	uint8_t kinds[64];

	for (uint32_t i = 0; i < n; i++)
		kinds[i] = run->kinds[type[i]];
	memset(kinds + n, TYPE_KNOWN, 64 - n);
	if (gather(kinds, 0) != UINT64_MAX)
		for (uint32_t i = 0; i < n; i++)
			kinds[i] = kind_of(run, b->schema, type[i]);
	if (!run->p->show_internal)
		run->bits[first / 64] &= ~gather(kinds, TYPE_INTERNAL_BIT);
	if (touch)
		run->touch[first / 64] = gather(kinds, TYPE_STATE_BIT);
}

/* Takes out of `bits` what is hidden. */
static int mask_hidden(struct run *run, struct batch *b, struct error *err)
{
	int r;

	if (run->p->show_hidden || b->none_hidden)
		return 0;
	r = batch_need(b, COLUMN_FLAGS, err);
	if (r == 0 && any_flag(b, EVENT_HIDDEN))
		clear_hidden(run, b);
	return r;
}

/* Takes out of `bits` what is internal, and marks what changes state. */
static int mark_kinds(struct run *run, struct batch *b, bool any, struct error *err)
{
	const bool touch = run->feed_state || run->has_hidden;
	int r;

	memset(run->touch, 0, sizeof run->touch);
	if (!touch && (!any || run->p->show_internal))
		return 0;
	r = batch_need(b, COLUMN_TYPE, err);
	if (r < 0)
		return r;
	for (uint32_t w = 0; w * 64 < b->n_events; w++)
		if (touch || run->bits[w])
			note_kinds(run, b, w * 64, touch);
	return 0;
}

/*
 * Leaves of a batch what is in the range, and what lies before it for its effects.
 */
static int mask_range(struct run *run, struct batch *b, struct error *err)
{
	struct range *range = &run->p->range;
	int r = batch_need(b, COLUMN_TIME, err);

	if (r < 0 || !b->n_events)
		return r;
	if (!run->range_settled)
		range_settle(range, b->time_ns[0]);
	run->range_settled = true;
	run->begins_at = b->n_events;
	for (uint32_t i = 0; i < b->n_events; i++) {
		uint64_t number = b->first_number + i, bit = 1ull << i % 64;

		if (range_is_before(range, number, b->time_ns[i])) {
			run->bits[i / 64] &= ~bit;
			continue;
		}
		if (run->begins_at > i)
			run->begins_at = i;
		if (range_is_behind(range, number, b->time_ns[i])) {
			run->bits[i / 64] &= ~bit;
			run->touch[i / 64] &= ~bit;
			run->ends = true;
		}
	}
	return 0;
}

static bool any_bit(const uint64_t *a, const uint64_t *but_not)
{
	for (uint32_t w = 0; w < BATCH_WORDS; w++)
		if (a[w] & ~(but_not ? but_not[w] : 0))
			return true;
	return false;
}

/* Loads the columns that the events left over will ask for, and no others. */
static int load_columns(struct run *run, struct batch *b, struct error *err)
{
	unsigned columns = 0;

	if (any_bit(run->bits, NULL) || any_bit(run->touch, NULL))
		columns |= run->scan_columns;
	if (any_bit(run->touch, NULL))
		columns |= COLUMN_PAYLOAD_STATE;
	if (run->needs & NEED_PARAMS) {
		/* Without touch bits (no state asked for) either class may be among those that
		 * pass. */
		if (any_bit(run->bits, run->touch))
			columns |= COLUMN_PAYLOAD_BULK;
		if (!run->feed_state && any_bit(run->bits, NULL))
			columns |= COLUMN_PAYLOAD_STATE;
	}
	/* A sink that keeps hidden events copies: damage must show before it has begun. */
	if (columns && run->has_hidden)
		columns = COLUMNS_ALL;
	return columns ? batch_need(b, columns, err) : 0;
}

static int64_t select_bits(struct run *run, struct batch *b, struct error *err)
{
	uint32_t n = b->n_events;

	memset(run->bits, 0, sizeof run->bits);
	if (run->p->filter)
		return filter_columns(run->p->filter, b, run->bits, err);
	memset(run->bits, 0xff, n / 64 * 8);
	if (n % 64)
		run->bits[n / 64] = (1ull << n % 64) - 1;
	return n;
}

int run_take_batch(struct run *run, struct batch *b, struct error *err)
{
	int64_t n;
	int r;

	if (b->n_events > BATCH_EVENTS)
		return error_set(err, -E2BIG, "a batch of %u events", b->n_events);
	if (!field_context.first_ns) {
		r = batch_need(b, COLUMN_TYPE | COLUMN_TIME, err);
		if (r < 0)
			return r;
		note_first_time(run, b);
	}
	tell_wanted_types(run);
	n = select_bits(run, b, err);
	if (n < 0)
		return (int)n;
	r = n ? mask_hidden(run, b, err) : 0;
	if (r == 0)
		r = mark_kinds(run, b, n, err);
	if (r == 0 && run->p->range.given)
		r = mask_range(run, b, err);
	if (r == 0 && !run->by_selection)
		r = load_columns(run, b, err);
	if (r < 0)
		return r;
	if (run->feed_state)
		state_batch(run->st, b);
	run->batch = b;
	run->at = 0;
	run->p->n_seen += b->n_events;
	return 0;
}
