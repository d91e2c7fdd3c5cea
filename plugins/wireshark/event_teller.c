#include "plugins/wireshark/event_teller.h"
#include "plugins/wireshark/record_fields.h"
#include "state/render_value.h"

#include <errno.h>
#include <stdlib.h>

#define LOSSES_MAX 16u  /* kept one by one until the next event; more are added up */
#define BLOBS      256u /* threads whose fields are kept, a power of two */

/* What a thread's own fields say, encoded; they change with what changes threads. */
struct thread_blob {
	int64_t tid;
	uint64_t epoch;
	bool known; /* there is a thread of that id */
	struct buffer bytes;
};

struct teller {
	const struct schema *schema;
	struct state *st;
	struct record_fields *fields;
	struct buffer out;
	struct buffer texts; /* of one parameter */
	struct buffer hostname;
	uint64_t first_ns, before_ns;
	uint64_t epoch; /* grows with whatever may change a thread's fields */
	struct loss_entry losses[LOSSES_MAX];
	unsigned n_losses;
	struct batch *batch;
	uint32_t at; /* next event of the batch to be told */
	struct event ev;
	struct thread_blob blobs[BLOBS];
};

static const struct render_options render = {.buffer_max = 4096};

struct teller *teller_new(const struct schema *schema)
{
	struct teller *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->schema = schema;
	t->epoch = 1;
	t->st = state_new(schema);
	t->fields = record_fields_new();
	if (!t->st || !t->fields) {
		teller_free(t);
		return NULL;
	}
	return t;
}

void teller_free(struct teller *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < BLOBS; i++)
		buffer_done(&t->blobs[i].bytes);
	record_fields_free(t->fields);
	state_free(t->st);
	buffer_done(&t->out);
	buffer_done(&t->texts);
	buffer_done(&t->hostname);
	free(t);
}

static void note_loss(struct teller *t, const struct loss_entry *loss)
{
	struct loss_entry *last;

	if (t->n_losses < LOSSES_MAX) {
		t->losses[t->n_losses++] = *loss;
		return;
	}
	last = &t->losses[LOSSES_MAX - 1];
	last->to_ns = loss->to_ns;
	last->count += loss->count;
}

static void take_capture(struct teller *t, const struct capture_info *info)
{
	buffer_clear(&t->hostname);
	buffer_append(&t->hostname, info->hostname.data, info->hostname.len);
	buffer_u8(&t->hostname, 0);
	t->first_ns = t->before_ns = 0;
	t->epoch++;
}

/* Made by capture tools (procinfo, drop..., notes on users and containers), as scapread has it. */
static bool is_internal(const struct event_info *info)
{
	return info->category & EC_INTERNAL ||
	       (info->category & EC_METAEVENT && (info->category & 0xff) == EC_PROCESS);
}

static bool is_shown(const struct teller *t, uint32_t i)
{
	const struct batch *b = t->batch;

	return !(b->flags[i] & EVENT_HIDDEN) && !is_internal(schema_find(t->schema, b->type[i]));
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
	t->epoch += changes;
}

static void leave(struct teller *t, uint32_t i)
{
	const struct batch *b = t->batch;

	state_settle(t->st);
	t->epoch += state_changes_threads(t->ev.info);
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
		note_loss(t, &loss);
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
		t->epoch++;
		return state_entries(t->st, item->state.entries, item->state.n_entries, err);
	case ITEM_EVENTS:
		return take_batch(t, item->batch, err);
	case ITEM_LOSS:
		if (item->loss->class != LOSS_UNREADABLE)
			note_loss(t, item->loss);
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

/* ---- one record ---- */

static void put_losses(struct teller *t)
{
	for (unsigned i = 0; i < t->n_losses; i++) {
		const struct loss_entry *l = &t->losses[i];
		size_t begun = record_item_begin(&t->out, RECORD_LOST);

		buffer_u64(&t->out, l->from_ns);
		buffer_u64(&t->out, l->to_ns);
		buffer_u32(&t->out, l->cpu);
		buffer_u32(&t->out, l->class);
		buffer_u64(&t->out, l->count);
		record_item_end(&t->out, begun);
	}
	t->n_losses = 0;
}

static size_t digits_len(const char *text, size_t len)
{
	size_t i = len && text[0] == '-';

	while (i < len && text[i] >= '0' && text[i] <= '9')
		i++;
	return i;
}

/* What stands in parentheses behind the value, where there is such a thing. */
static void find_meaning(struct record_param *p, size_t value_len)
{
	p->meaning = p->text;
	p->meaning_len = p->text_len;
	if (value_len && p->text_len > value_len + 2 && p->text[value_len] == '(' &&
	    p->text[p->text_len - 1] == ')') {
		p->meaning += value_len + 1;
		p->meaning_len -= (uint32_t)value_len + 2;
	}
}

static void put_param(struct teller *t, unsigned i)
{
	const struct param *value = event_param(&t->ev, i);
	const struct param_info *info = &t->ev.info->params[i];
	struct record_param p = {.type = info->type, .format = info->format};
	size_t value_len = 0;

	buffer_clear(&t->texts);
	render_param(&t->texts, &t->ev, i, t->st, &render);
	p.present = value->data != NULL;
	p.data = value->data;
	p.data_len = value->data ? value->len : 0;
	p.name = info->name;
	p.name_len = (uint32_t)strnlen(info->name, 255);
	p.text = t->texts.data ? (const char *)t->texts.data : "";
	p.text_len = (uint32_t)(t->texts.len < RECORD_TEXT_MAX ? t->texts.len : RECORD_TEXT_MAX);
	if (info->type == PT_FSPATH || info->type == PT_FSRELPATH)
		value_len = strlen(param_text(value));
	else if (!param_type_is_text(info->type) && info->type != PT_BYTEBUF)
		value_len = digits_len(p.text, p.text_len);
	find_meaning(&p, value_len);
	/* The same text twice needs no second copy. */
	if (p.meaning == p.text)
		p.meaning_len = 0;
	record_param_put(&t->out, &p);
}

/* Of a thread, as it was told before or made anew. */
static void put_thread(struct teller *t)
{
	struct thread_blob *blob = &t->blobs[(uint64_t)t->ev.tid % BLOBS];
	const bool known = t->st->now.thread != NULL;

	if (blob->tid != t->ev.tid || blob->epoch != t->epoch || blob->known != known) {
		buffer_clear(&blob->bytes);
		record_fields_put(t->fields, FIELDS_OF_THREAD, &blob->bytes, &t->ev, t->st);
		blob->tid = t->ev.tid;
		blob->epoch = buffer_failed(&blob->bytes) ? 0 : t->epoch;
		blob->known = known;
	}
	buffer_append(&t->out, blob->bytes.data, blob->bytes.len);
}

/* Takes the last item back when the record got too long. */
static bool fits(struct teller *t, size_t before)
{
	if (t->out.len <= RECORD_MAX)
		return true;
	t->out.len = before;
	return false;
}

static void put_items(struct teller *t)
{
	struct event *ev = &t->ev;
	const char *name = event_name(ev);
	size_t at = record_item_begin(&t->out, RECORD_NAME);

	buffer_append(&t->out, name, strlen(name));
	record_item_end(&t->out, at);
	put_losses(t);
	/* Calls that only the family's "generic" event has show nothing but their name. */
	for (unsigned i = 0; i < ev->n_params && ev->type > RENDER_TYPE_GENERIC; i++) {
		at = t->out.len;
		put_param(t, i);
		if (!fits(t, at))
			return;
	}
	at = t->out.len;
	record_fields_put(t->fields, FIELDS_FIRST, &t->out, ev, t->st);
	record_item_end(&t->out, record_item_begin(&t->out, RECORD_REST));
	put_thread(t);
	if (!fits(t, at))
		return;
	record_fields_put(t->fields, FIELDS_OF_EVENT, &t->out, ev, t->st);
	fits(t, at);
}

static void put_head(struct teller *t, enum record_kind kind)
{
	const struct event *ev = &t->ev;
	struct record_head h = {
	    .kind = (uint8_t)kind,
	    .first_ns = t->first_ns,
	    .before_ns = t->before_ns,
	    .fd = FD_NONE,
	    .cpu = CPU_UNKNOWN,
	    .sysno = SYSNO_NONE,
	    .duration_ns = DURATION_NONE,
	    .result_param = -1,
	    .fd_param = -1,
	};

	if (kind == RECORD_EVENT) {
		h.flags = ev->flags;
		h.type = ev->type;
		h.cpu = ev->cpu;
		h.sysno = ev->sysno;
		h.category = ev->info->category;
		h.traits = ev->info->traits;
		h.number = ev->number;
		h.time_ns = ev->time_ns;
		h.duration_ns = ev->duration_ns;
		h.tid = ev->tid;
		h.result = ev->result;
		h.fd = ev->batch->fd[ev->index];
		h.absent = ev->absent;
		h.result_param = ev->info->result_param;
		h.fd_param = ev->info->fd_param;
		h.n_params = ev->n_params;
	} else {
		h.time_ns = t->losses[t->n_losses - 1].to_ns;
	}
	buffer_clear(&t->out);
	record_head_put(&t->out, &h);
}

static int give(struct teller *t, uint64_t time_ns, struct told_record *ret)
{
	*ret = (struct told_record){t->out.data, t->out.len, time_ns};
	return buffer_failed(&t->out) ? -ENOMEM : 1;
}

int teller_next(struct teller *t, struct told_record *ret)
{
	uint32_t i = t->at;
	uint64_t time_ns;
	int r;

	if (!t->batch)
		return 0;
	field_context.first_ns = t->first_ns;
	field_context.before_ns = t->before_ns;
	field_context.render = render;
	field_context.hostname = t->hostname.data ? (const char *)t->hostname.data : NULL;
	follow(t, i);
	time_ns = t->ev.time_ns;
	put_head(t, RECORD_EVENT);
	put_items(t);
	r = give(t, time_ns, ret);
	leave(t, i);
	field_context.hostname = NULL;
	t->at++;
	skip_hidden(t);
	return r;
}

int teller_finish(struct teller *t, struct told_record *ret)
{
	uint64_t time_ns;

	if (!t->n_losses)
		return 0;
	put_head(t, RECORD_LOSS);
	time_ns = t->losses[t->n_losses - 1].to_ns;
	put_losses(t);
	return give(t, time_ns, ret);
}
