#include "plugins/wireshark/event_teller.h"
#include "sinks/record_maker.h"

#include <errno.h>
#include <stdlib.h>

struct teller {
	const struct schema *schema;
	struct state *st;
	struct record_maker *maker;
	struct buffer hostname;
	uint64_t first_ns, before_ns;
	struct batch *batch;
	uint32_t at; /* next event of the batch to be told */
	struct event ev;
};

struct teller *teller_new(const struct schema *schema)
{
	struct teller *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->schema = schema;
	t->st = state_new(schema);
	t->maker = record_maker_new();
	if (!t->st || !t->maker) {
		teller_free(t);
		return NULL;
	}
	return t;
}

void teller_free(struct teller *t)
{
	if (!t)
		return;
	record_maker_free(t->maker);
	state_free(t->st);
	buffer_done(&t->hostname);
	free(t);
}

static void take_capture(struct teller *t, const struct capture_info *info)
{
	buffer_clear(&t->hostname);
	buffer_append(&t->hostname, info->hostname.data, info->hostname.len);
	buffer_u8(&t->hostname, 0);
	t->first_ns = t->before_ns = 0;
	record_maker_changed(t->maker);
}

static bool is_shown(const struct teller *t, uint32_t i)
{
	const struct batch *b = t->batch;

	return !(b->flags[i] & EVENT_HIDDEN) && !event_info_is_internal(schema_find(t->schema, b->type[i]));
}

static void follow(struct teller *t, uint32_t i)
{
	struct event *ev = &t->ev;
	bool changes;

	event_at(ev, t->batch, i);
	changes = state_changes_threads(ev->info);
	if (event_info_is_state(ev->info) || changes || state_changes_memory(ev->info))
		state_apply(t->st, ev);
	else
		state_look(t->st, ev, true);
	if (changes)
		record_maker_changed(t->maker);
}

static void leave(struct teller *t, uint32_t i)
{
	const struct batch *b = t->batch;

	state_settle(t->st);
	if (state_changes_threads(t->ev.info))
		record_maker_changed(t->maker);
	if (!(b->flags[i] & EVENT_HIDDEN))
		t->before_ns = b->time_ns[i];
}

/* Passes over what is not shown. */
static void skip_hidden(struct teller *t)
{
	for (; t->at < t->batch->n_events && !is_shown(t, t->at); t->at++) {
		follow(t, t->at);
		leave(t, t->at);
	}
	if (t->at == t->batch->n_events)
		t->batch = NULL;
}

static int take_batch(struct teller *t, struct batch *b, struct error *err)
{
	struct loss_entry loss = {.cpu = UINT32_MAX, .class = LOSS_DAMAGE, .count = b->n_events};
	int r = b->n_events > BATCH_EVENTS ? -E2BIG : batch_need(b, COLUMNS_ALL, err);

	if (r < 0) {
		record_maker_loss(t->maker, &loss);
		return r;
	}
	state_batch(t->st, b);
	for (uint32_t i = 0; i < b->n_events && !t->first_ns; i++)
		if (!(schema_find(t->schema, b->type[i])->category & EC_METAEVENT))
			t->first_ns = b->time_ns[i];
	t->batch = b;
	t->at = 0;
	skip_hidden(t);
	return 0;
}

int teller_take(struct teller *t, const struct item *item, struct error *err)
{
	switch (item->kind) {
	case ITEM_CAPTURE:
		take_capture(t, item->capture);
		return 0;
	case ITEM_STATE:
		record_maker_changed(t->maker);
		return state_entries(t->st, item->state.entries, item->state.n_entries, err);
	case ITEM_EVENTS:
		return take_batch(t, item->batch, err);
	case ITEM_LOSS:
		if (item->loss->class != LOSS_UNREADABLE)
			record_maker_loss(t->maker, item->loss);
		return 0;
	}
	return 0;
}

bool teller_peek(const struct teller *t, uint64_t *ret_time_ns)
{
	if (!t->batch)
		return false;
	*ret_time_ns = t->batch->time_ns[t->at];
	return true;
}

int teller_next(struct teller *t, struct told_record *ret)
{
	uint32_t i = t->at;
	int r;

	if (!t->batch)
		return 0;
	field_context.hostname = t->hostname.data ? (const char *)t->hostname.data : NULL;
	follow(t, i);
	ret->time_ns = t->ev.time_ns;
	r = record_maker_event(t->maker, &t->ev, t->st, t->first_ns, t->before_ns, &ret->bytes, &ret->len);
	leave(t, i);
	field_context.hostname = NULL;
	t->at++;
	skip_hidden(t);
	return r < 0 ? r : 1;
}

int teller_finish(struct teller *t, struct told_record *ret)
{
	return record_maker_finish(t->maker, t->first_ns, t->before_ns, &ret->time_ns, &ret->bytes, &ret->len);
}
