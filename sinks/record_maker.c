#include "sinks/record_maker.h"
#include "sinks/record_fields.h"
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

struct record_maker {
	struct record_fields *fields;
	struct buffer out;
	struct buffer texts; /* of one parameter */
	uint64_t epoch; /* grows with whatever may change a thread's fields */
	struct loss_entry losses[LOSSES_MAX];
	unsigned n_losses;
	struct thread_blob blobs[BLOBS];
};

static const struct render_options render = {.buffer_max = 4096};

struct record_maker *record_maker_new(void)
{
	struct record_maker *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->epoch = 1;
	m->fields = record_fields_new();
	if (!m->fields) {
		record_maker_free(m);
		return NULL;
	}
	return m;
}

void record_maker_free(struct record_maker *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < BLOBS; i++)
		buffer_done(&m->blobs[i].bytes);
	record_fields_free(m->fields);
	buffer_done(&m->out);
	buffer_done(&m->texts);
	free(m);
}

void record_maker_changed(struct record_maker *m)
{
	m->epoch++;
}

void record_maker_loss(struct record_maker *m, const struct loss_entry *loss)
{
	struct loss_entry *last;

	if (m->n_losses < LOSSES_MAX) {
		m->losses[m->n_losses++] = *loss;
		return;
	}
	last = &m->losses[LOSSES_MAX - 1];
	last->to_ns = loss->to_ns;
	last->count += loss->count;
}

static void put_losses(struct record_maker *m)
{
	for (unsigned i = 0; i < m->n_losses; i++) {
		const struct loss_entry *l = &m->losses[i];
		size_t begun = record_item_begin(&m->out, RECORD_LOST);

		buffer_u64(&m->out, l->from_ns);
		buffer_u64(&m->out, l->to_ns);
		buffer_u32(&m->out, l->cpu);
		buffer_u32(&m->out, l->class);
		buffer_u64(&m->out, l->count);
		record_item_end(&m->out, begun);
	}
	m->n_losses = 0;
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

static void put_param(struct record_maker *m, struct event *ev, struct state *st, unsigned i)
{
	const struct param *value = event_param(ev, i);
	const struct param_info *info = &ev->info->params[i];
	struct record_param p = {.type = info->type, .format = info->format};
	size_t value_len = 0;

	buffer_clear(&m->texts);
	render_param(&m->texts, ev, i, st, &render);
	p.present = value->data != NULL;
	p.data = value->data;
	p.data_len = value->data ? value->len : 0;
	p.name = info->name;
	p.name_len = (uint32_t)strnlen(info->name, 255);
	p.text = m->texts.data ? (const char *)m->texts.data : "";
	p.text_len = (uint32_t)(m->texts.len < RECORD_TEXT_MAX ? m->texts.len : RECORD_TEXT_MAX);
	if (info->type == PT_FSPATH || info->type == PT_FSRELPATH)
		value_len = strlen(param_text(value));
	else if (!param_type_is_text(info->type) && info->type != PT_BYTEBUF)
		value_len = digits_len(p.text, p.text_len);
	find_meaning(&p, value_len);
	/* The same text twice needs no second copy. */
	if (p.meaning == p.text)
		p.meaning_len = 0;
	record_param_put(&m->out, &p);
}

/* Of a thread, as it was told before or made anew. */
static void put_thread(struct record_maker *m, struct event *ev, struct state *st)
{
	struct thread_blob *blob = &m->blobs[(uint64_t)ev->tid % BLOBS];
	const bool known = st->now.thread != NULL;

	if (blob->tid != ev->tid || blob->epoch != m->epoch || blob->known != known) {
		buffer_clear(&blob->bytes);
		record_fields_put(m->fields, FIELDS_OF_THREAD, &blob->bytes, ev, st);
		blob->tid = ev->tid;
		blob->epoch = buffer_failed(&blob->bytes) ? 0 : m->epoch;
		blob->known = known;
	}
	buffer_append(&m->out, blob->bytes.data, blob->bytes.len);
}

/* Takes the last item back when the record got too long. */
static bool fits(struct record_maker *m, size_t before)
{
	if (m->out.len <= RECORD_MAX)
		return true;
	m->out.len = before;
	return false;
}

static void put_items(struct record_maker *m, struct event *ev, struct state *st)
{
	const char *name = event_name(ev);
	size_t at = record_item_begin(&m->out, RECORD_NAME);

	buffer_append(&m->out, name, strlen(name));
	record_item_end(&m->out, at);
	put_losses(m);
	/* Calls that only the family's "generic" event has show nothing but their name. */
	for (unsigned i = 0; i < ev->n_params && ev->type > RENDER_TYPE_GENERIC; i++) {
		at = m->out.len;
		put_param(m, ev, st, i);
		if (!fits(m, at))
			return;
	}
	at = m->out.len;
	record_fields_put(m->fields, FIELDS_FIRST, &m->out, ev, st);
	record_item_end(&m->out, record_item_begin(&m->out, RECORD_REST));
	put_thread(m, ev, st);
	if (!fits(m, at))
		return;
	record_fields_put(m->fields, FIELDS_OF_EVENT, &m->out, ev, st);
	fits(m, at);
}

/* ev NULL: a record of losses alone. */
static void put_head(struct record_maker *m, const struct event *ev, uint64_t first_ns, uint64_t before_ns)
{
	struct record_head h = {
	    .kind = ev ? RECORD_EVENT : RECORD_LOSS,
	    .first_ns = first_ns,
	    .before_ns = before_ns,
	    .fd = FD_NONE,
	    .cpu = CPU_UNKNOWN,
	    .sysno = SYSNO_NONE,
	    .duration_ns = DURATION_NONE,
	    .result_param = -1,
	    .fd_param = -1,
	};

	if (ev) {
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
		h.time_ns = m->losses[m->n_losses - 1].to_ns;
	}
	buffer_clear(&m->out);
	record_head_put(&m->out, &h);
}

int record_maker_event(struct record_maker *m, struct event *ev, struct state *st, uint64_t first_ns,
		       uint64_t before_ns, const uint8_t **ret, size_t *ret_len)
{
	field_context.first_ns = first_ns;
	field_context.before_ns = before_ns;
	field_context.render = render;
	put_head(m, ev, first_ns, before_ns);
	put_items(m, ev, st);
	*ret = m->out.data;
	*ret_len = m->out.len;
	return buffer_failed(&m->out) ? -ENOMEM : 0;
}

int record_maker_finish(struct record_maker *m, uint64_t first_ns, uint64_t before_ns, uint64_t *ret_time_ns,
			const uint8_t **ret, size_t *ret_len)
{
	if (!m->n_losses)
		return 0;
	put_head(m, NULL, first_ns, before_ns);
	*ret_time_ns = m->losses[m->n_losses - 1].to_ns;
	put_losses(m);
	*ret = m->out.data;
	*ret_len = m->out.len;
	return buffer_failed(&m->out) ? -ENOMEM : 1;
}
