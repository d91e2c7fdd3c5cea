#include "replay/merge.h"

#include "format/memory.h"
#include "replay/source_open.h"

#include <errno.h>
#include <stdlib.h>

#define HOST_MAX 256
#define SEEN_FIRST 1024u
#define SEEN_MAX (8u << 20)	  /* threads of all captures together */
#define PENDING_MAX (512u << 20)  /* bytes of entries that wait for their capture's next event */
#define ENTRIES_MAX 256		  /* handed on at once */

/* Who told of a thread first. */
struct seen {
	int64_t tid; /* 0: free place */
	uint32_t input;
	bool by_name; /* as an ancestor only */
};

struct input {
	struct source *source;
	struct batch *batch; /* NULL: none is at hand */
	uint32_t at;	     /* its first event that was not given yet */
	struct buffer pending; /* state entries that hold before it, encoded */
	bool ended;
	uint8_t checked[EVENT_TYPE_MAX / 8]; /* types whose rows were compared */
};

struct merge {
	struct source source;
	struct schema *schema;
	struct input *inputs;
	size_t n_inputs;
	struct batch_builder out;
	bool has_out, has_capture, told_capture, hosts_differ;
	bool has_rows; /* what the merged rows are is settled */
	uint64_t next_number;
	struct capture_info capture;
	struct buffer texts;
	char host[HOST_MAX];
	struct cursor entries; /* those being given, */
	struct input *giver;   /* and whose they are */
	struct state_entry given[ENTRIES_MAX];
	struct buffer giving;
	struct loss_entry loss;
	struct seen *seen;
	uint32_t n_seen, seen_mask;
};

static int out_of_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory");
}

/* ---- who told of a thread first ---- */

static struct seen *seen_place(const struct merge *m, int64_t tid)
{
	uint32_t i = (uint32_t)((uint64_t)tid * 0x9E3779B97F4A7C15u >> 32) & m->seen_mask;

	while (m->seen[i].tid && m->seen[i].tid != tid)
		i = (i + 1) & m->seen_mask;
	return &m->seen[i];
}

static int seen_grow(struct merge *m, struct error *err)
{
	struct seen *old = m->seen;
	uint32_t n_old = old ? m->seen_mask + 1 : 0, n = old ? 2 * n_old : SEEN_FIRST;
	struct seen *grown = m->n_seen < SEEN_MAX ? calloc(n, sizeof *grown) : NULL;

	if (!grown)
		return m->n_seen < SEEN_MAX ? out_of_memory(err)
					    : error_set(err, -E2BIG, "more than %u threads", SEEN_MAX);
	m->seen = grown;
	m->seen_mask = n - 1;
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i].tid)
			*seen_place(m, old[i].tid) = old[i];
	free(old);
	return 0;
}

/* 1: what this input says of the thread is news; 0: another one knows it. */
static int see(struct merge *m, uint32_t input, int64_t tid, bool by_name, struct error *err)
{
	struct seen *s;
	int r = !m->seen || m->n_seen >= m->seen_mask / 4 * 3 ? seen_grow(m, err) : 0;

	if (r < 0 || tid <= 0)
		return r < 0 ? r : 1;
	s = seen_place(m, tid);
	if (s->tid && s->input != input && !m->inputs[s->input].ended && (!s->by_name || by_name))
		return 0;
	m->n_seen += !s->tid;
	*s = (struct seen){tid, input, by_name};
	return 1;
}

/* ---- one input ---- */

static struct text keep(struct buffer *b, struct text t)
{
	size_t at = b->len;

	buffer_append(b, t.data, t.len);
	return buffer_failed(b) ? (struct text){0} : (struct text){(const char *)b->data + at, t.len};
}

/* The first capture's description is that of all. */
static int take_capture(struct merge *m, const struct capture_info *info, struct error *err)
{
	struct text *texts[] = {&m->capture.hostname, &m->capture.kernel, &m->capture.arch,   &m->capture.os,
				&m->capture.application, &m->capture.engine, &m->capture.filter, &m->capture.command,
				&m->capture.comment};
	char host[HOST_MAX] = "";
	size_t len = 0;

	memcpy(host, info->hostname.data ? info->hostname.data : "",
	       info->hostname.len < HOST_MAX ? info->hostname.len : HOST_MAX - 1);
	if (m->has_capture) {
		m->hosts_differ |= host[0] && m->host[0] && strcmp(host, m->host);
		if (info->n_cpus > m->capture.n_cpus)
			m->capture.n_cpus = info->n_cpus;
		return 0;
	}
	memcpy(m->host, host, sizeof host);
	m->capture = *info;
	m->capture.interfaces = NULL; /* they live as long as the item */
	m->capture.n_interfaces = 0;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		len += texts[i]->len;
	buffer_reserve(&m->texts, len); /* in one piece: the first must not move */
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = keep(&m->texts, *texts[i]);
	m->has_capture = true;
	return buffer_failed(&m->texts) ? out_of_memory(err) : 0;
}

static int take_entries(struct merge *m, struct input *in, const struct state_entry *entries, size_t n,
			struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].kind != ENTRY_RESET)
			state_entry_encode(&in->pending, &entries[i]);
	if (in->pending.len > PENDING_MAX)
		return error_set(err, -E2BIG, "more than %u bytes of processes and descriptors", PENDING_MAX);
	return buffer_failed(&in->pending) ? out_of_memory(err) : 0;
}

/* Reads on until events are at hand. 0; 1: a loss, in m->loss, to be given first; or negative errno. */
static int fill(struct merge *m, struct input *in, struct error *err)
{
	struct item item;
	int r = 0;

	while (!in->batch && !in->ended) {
		r = source_next(in->source, &item, err);
		if (r < 0)
			return r;
		if (r == 0) {
			in->ended = true;
			break;
		}
		switch (item.kind) {
		case ITEM_CAPTURE: r = take_capture(m, item.capture, err); break;
		case ITEM_STATE: r = take_entries(m, in, item.state.entries, item.state.n_entries, err); break;
		case ITEM_EVENTS:
			r = batch_need(item.batch, COLUMNS_ALL, err);
			in->batch = r == 0 && item.batch->n_events ? item.batch : NULL;
			in->at = 0;
			break;
		case ITEM_LOSS: m->loss = *item.loss; return 1;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static bool same_rows(const struct event_info *a, const struct event_info *b)
{
	if (a->n_params != b->n_params || a->result_param != b->result_param || a->fd_param != b->fd_param)
		return false;
	for (unsigned i = 0; i < a->n_params; i++)
		if (a->params[i].type != b->params[i].type)
			return false;
	return true;
}

static bool has_memory(const struct event_info *row)
{
	return row->n_params && row->params[row->n_params - 1].type == PT_MEMORY;
}

/*
 * Where one of the captures has memory of calls, the merged rows have it: known before the first event, since all
 * inputs were read up to theirs.
 */
static int rows_begin(struct merge *m, struct error *err)
{
	const struct event_info *row;

	m->has_rows = true;
	for (size_t i = 0; i < m->n_inputs; i++)
		for (size_t k = 0; (row = event_info_at(k)); k++)
			if (!(row->traits & EF_UNUSED) && has_memory(schema_find(m->inputs[i].source->schema, row->type)))
				return schema_add_memory(m->schema) < 0 ? out_of_memory(err) : 0;
	return 0;
}

/* Rows that are the same, but that the merged one has memory behind; then events of the other have none. */
static bool lacks_memory(const struct event_info *merged, const struct event_info *row)
{
	struct event_info shorter = *merged;

	shorter.n_params--;
	return has_memory(merged) && !has_memory(row) && same_rows(&shorter, row);
}

/* A type means the same in all captures, or they cannot be one. */
static int check_type(struct merge *m, struct input *in, uint16_t type, struct error *err)
{
	const struct event_info *row;
	int r = 0;

	if (type >= EVENT_TYPE_MAX || in->checked[type / 8] >> type % 8 & 1)
		return 0;
	in->checked[type / 8] |= (uint8_t)(1 << type % 8);
	if (!schema_knows(in->source->schema, type))
		return 0;
	row = schema_find(in->source->schema, type);
	if (!schema_knows(m->schema, type))
		r = schema_add(m->schema, row);
	else if (!same_rows(schema_find(m->schema, type), row) && !lacks_memory(schema_find(m->schema, type), row))
		r = error_set(err, -ENOTSUP, "events of type %s have other parameters in one capture than in another",
			      row->name);
	return r;
}

/* The bit of memory that the merged row has and the input's has not. */
static uint32_t absent_here(const struct merge *m, const struct input *in, uint16_t type)
{
	const struct event_info *merged = schema_find(m->schema, type), *row = schema_find(in->source->schema, type);

	return merged->n_params == row->n_params + 1u && has_memory(merged) ? 1u << row->n_params : 0;
}

/* ---- all of them ---- */

static struct input *earliest(struct merge *m)
{
	struct input *first = NULL;

	for (size_t i = 0; i < m->n_inputs; i++) {
		struct input *in = &m->inputs[i];

		if (in->batch && (!first || in->batch->time_ns[in->at] < first->batch->time_ns[first->at]))
			first = in;
	}
	return first;
}

/*
 * Two parts of one capture may hold an event both, one as what changes state only: it is told once, and as one
 * that is shown.
 */
static bool told_elsewhere(struct merge *m, const struct input *in)
{
	const struct batch *b = in->batch;

	for (size_t i = 0; b->flags[in->at] & EVENT_HIDDEN && i < m->n_inputs; i++) {
		const struct input *other = &m->inputs[i];
		const struct batch *o = other->batch;
		uint32_t at = other->at;

		for (; o && other != in && at < o->n_events && o->time_ns[at] == b->time_ns[in->at]; at++)
			if (o->type[at] == b->type[in->at] && o->cpu[at] == b->cpu[in->at] &&
			    o->tids[o->tid_index[at]] == b->tids[b->tid_index[in->at]] &&
			    (!(o->flags[at] & EVENT_HIDDEN) || other > in))
				return true;
	}
	return false;
}

static bool advance(struct input *in)
{
	if (++in->at < in->batch->n_events)
		return true;
	in->batch = NULL;
	return false;
}

/* Adds events in order until the batch is full (1), or an input needs reading or has entries to tell first (0). */
static int gather(struct merge *m, struct error *err)
{
	struct input *in;
	int r = 0;

	while ((in = earliest(m)) && !in->pending.len) {
		struct batch_row row = batch_row_of(in->batch, in->at);

		if (told_elsewhere(m, in)) {
			if (!advance(in))
				return 0;
			continue;
		}
		r = m->has_rows ? 0 : rows_begin(m, err);
		if (r == 0)
			r = check_type(m, in, row.type, err);
		if (r == 0)
			row.absent |= absent_here(m, in, row.type);
		if (r == 0)
			r = see(m, (uint32_t)(in - m->inputs), row.tid, false, err);
		if (r < 0)
			return r;
		r = batch_builder_add(&m->out, &row);
		if (r < 0)
			return r == -ENOBUFS ? 1 : error_set(err, r, "%s", strerror(-r));
		if (!advance(in))
			return 0;
	}
	return 0;
}

/* Entries that are news, as many as go at once. *ret: how many. */
static int give_entries(struct merge *m, struct input *in, size_t *ret, struct error *err)
{
	uint32_t index = (uint32_t)(in - m->inputs);
	struct state_entry e;
	int r;

	*ret = 0;
	while (*ret < ENTRIES_MAX && (r = state_entry_next(&m->entries, &e, err)) != 0) {
		if (r > 0 && e.kind == ENTRY_THREAD)
			r = see(m, index, e.thread.tid, e.thread.filtered, err);
		else if (r > 0 && e.kind == ENTRY_FD)
			r = see(m, index, e.fd.tid, false, err);
		if (r < 0)
			return r;
		if (r > 0)
			m->given[(*ret)++] = e;
	}
	return 0;
}

static int give_batch(struct merge *m, struct item *ret)
{
	m->out.batch.first_number = m->next_number;
	m->next_number += m->out.batch.n_events;
	m->has_out = true;
	*ret = (struct item){.kind = ITEM_EVENTS, .batch = &m->out.batch};
	return 1;
}

/* Entries of this input are next. */
static void begin_entries(struct merge *m, struct input *in)
{
	struct buffer empty = m->giving;

	m->giving = in->pending;
	in->pending = empty;
	buffer_clear(&in->pending);
	m->entries = cursor_over(m->giving.data, m->giving.len);
	m->giver = in;
}

/* All inputs are read: one that ended in entries is left, or NULL. */
static struct input *leftover(struct merge *m)
{
	for (size_t i = 0; i < m->n_inputs; i++)
		if (m->inputs[i].pending.len)
			return &m->inputs[i];
	return NULL;
}

static int fill_all(struct merge *m, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < m->n_inputs && r == 0; i++)
		r = fill(m, &m->inputs[i], err);
	return r;
}

static int merge_next(struct source *s, struct item *ret, struct error *err)
{
	struct merge *m = (struct merge *)s;
	struct input *in;
	size_t n;
	int r;

	if (m->has_out)
		batch_builder_reset(&m->out);
	m->has_out = false;
	for (;;) {
		while (cursor_left(&m->entries)) {
			r = give_entries(m, m->giver, &n, err);
			if (r < 0)
				return r;
			*ret = (struct item){.kind = ITEM_STATE, .state = {m->given, n}};
			if (n)
				return 1;
		}
		r = fill_all(m, err);
		if (r > 0)
			*ret = (struct item){.kind = ITEM_LOSS, .loss = &m->loss};
		if (r)
			return r;
		if (m->has_capture && !m->told_capture) {
			m->told_capture = true;
			*ret = (struct item){.kind = ITEM_CAPTURE, .capture = &m->capture};
			return 1;
		}
		in = earliest(m);
		r = in && !in->pending.len ? gather(m, err) : 0;
		if (r < 0)
			return r;
		/* Events are given when there are many, or something has to come first. */
		if (m->out.batch.n_events &&
		    (r > 0 || !in || in->pending.len || m->out.batch.n_events > BATCH_EVENTS / 2))
			return give_batch(m, ret);
		if (!in && !(in = leftover(m)))
			return 0;
		if (in->pending.len)
			begin_entries(m, in);
	}
}

/* Packets of all inputs by time. */
static int merge_packet(struct source *s, uint64_t until_ns, struct packet *ret, struct error *err)
{
	struct merge *m = (struct merge *)s;
	struct input *first = NULL;
	uint64_t first_ns = UINT64_MAX;

	for (size_t i = 0; i < m->n_inputs; i++) {
		int r = source_packet(m->inputs[i].source, 0, ret, err);

		if (r)
			return r;
		if (ret->time_ns < first_ns) {
			first_ns = ret->time_ns;
			first = &m->inputs[i];
		}
	}
	if (first && first_ns <= until_ns)
		return source_packet(first->source, until_ns, ret, err);
	ret->time_ns = first_ns;
	return 0;
}

static void merge_stats(struct source *s, struct source_stats *ret)
{
	struct merge *m = (struct merge *)s;
	struct source_stats *one = malloc(sizeof *one);

	memset(ret, 0, sizeof *ret);
	for (size_t i = 0; one && i < m->n_inputs; i++) {
		source_stats(m->inputs[i].source, one);
		ret->n_events += one->n_events;
		ret->n_hidden += one->n_hidden;
		ret->n_captures += one->n_captures;
		ret->bytes += one->bytes;
		ret->n_damaged += one->n_damaged;
		ret->n_misnumbered += one->n_misnumbered;
		ret->n_packets += one->n_packets;
	}
	free(one);
}

static void merge_close(struct source *s)
{
	struct merge *m = (struct merge *)s;

	for (size_t i = 0; i < m->n_inputs; i++) {
		source_close(m->inputs[i].source);
		buffer_done(&m->inputs[i].pending);
	}
	batch_builder_done(&m->out);
	buffer_done(&m->texts);
	buffer_done(&m->giving);
	schema_free(m->schema);
	free(m->seen);
	free(m->inputs);
	free(m);
}

static const struct source_ops merge_ops = {
	.name = "merge", .next = merge_next, .close = merge_close, .stats = merge_stats, .packet = merge_packet};

struct source *merge_new(struct source *const *sources, size_t n, struct error *err)
{
	struct merge *m = calloc(1, sizeof *m);

	if (n > MERGE_MAX) {
		error_set(err, -E2BIG, "more than %u captures at once", MERGE_MAX);
		goto fail;
	}
	if (!m || !(m->inputs = calloc(n, sizeof *m->inputs)) || !(m->schema = schema_new()) ||
	    batch_builder_init(&m->out, m->schema) < 0) {
		out_of_memory(err);
		goto fail;
	}
	for (size_t i = 0; i < n; i++)
		m->inputs[i].source = sources[i];
	m->n_inputs = n;
	m->next_number = 1;
	m->source = (struct source){&merge_ops, m->schema};
	return &m->source;

fail:
	if (m)
		merge_close(&m->source);
	for (size_t i = 0; i < n; i++)
		source_close(sources[i]);
	return NULL;
}

struct source *merge_open(const char *const *paths, size_t n, const struct source_options *options,
			  struct error *err)
{
	struct source *sources[MERGE_MAX];
	size_t i;

	if (n > MERGE_MAX) {
		error_set(err, -E2BIG, "at most %u captures at once", MERGE_MAX);
		return NULL;
	}
	for (i = 0; i < n && (sources[i] = source_open(paths[i], options, err)); i++)
		;
	if (i == n)
		return n == 1 ? sources[0] : merge_new(sources, n, err);
	while (i-- > 0)
		source_close(sources[i]);
	return NULL;
}

bool merge_hosts_differ(const struct source *merged)
{
	return ((const struct merge *)merged)->hosts_differ;
}
