/*
 * The input is one byte that says how to print, and a capture in short: records of a kind, then a snapshot entry
 * as in STATE blocks, or an event whose parameters are laid out by its schema from the bytes that follow.
 * Everything that prints must get along with any values in any order.
 */
#include "format/memory.h"
#include "sinks/grouped.h"
#include "sinks/hangs.h"
#include "sinks/pipeline.h"
#include "sinks/strace.h"
#include "sinks/summary.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <unistd.h>

#define TIDS	    6
#define ENTRIES_MAX 64

/* What is in the input comes as items: entries, then batches of the events between them. */
struct maker {
	struct source source;
	struct schema *schema;
	struct batch_builder bb;
	struct buffer payload;
	struct cursor c;
	struct state_entry entries[ENTRIES_MAX];
	struct capture_info info;
	uint64_t time_ns;
	bool described;
};

static void put_param(struct maker *m, const struct param_info *info)
{
	size_t len = param_type_size(info->type);
	const uint8_t *data;

	if (!len)
		len = info->type == PT_MEMORY ? cursor_u16(&m->c) : cursor_u8(&m->c);
	data = len <= cursor_left(&m->c) ? cursor_bytes(&m->c, len) : NULL;
	payload_append(&m->payload, info->type, data ? data : (const uint8_t *)"", data ? (uint32_t)len : 0);
}

static bool add_event(struct maker *m)
{
	uint16_t type = cursor_u16(&m->c) % EVENT_TYPE_MAX;
	const struct event_info *info = schema_find(m->schema, type);
	struct batch_row row = {.type = type, .tid = 1 + cursor_u8(&m->c) % TIDS};
	uint8_t lasts = cursor_u8(&m->c);

	row.time_ns = m->time_ns += 1000;
	row.duration_ns = lasts == 255 ? DURATION_NONE : lasts * 300u;
	row.result = cursor_i16(&m->c);
	row.fd = cursor_i16(&m->c);
	row.flags = cursor_u8(&m->c);
	row.sysno = cursor_u16(&m->c);
	row.absent = cursor_u16(&m->c);
	buffer_clear(&m->payload);
	for (unsigned i = 0; i < info->n_params; i++) {
		bool in_column = (int)i == info->result_param || (int)i == info->fd_param;

		if (!(row.absent >> i & 1) && (!in_column || row.flags & EVENT_INLINE))
			put_param(m, &info->params[i]);
	}
	row.payload = m->payload.data;
	row.payload_len = (uint32_t)m->payload.len;
	return batch_builder_add(&m->bb, &row) == 0;
}

static int next(struct source *source, struct item *ret, struct error *err)
{
	struct maker *m = (struct maker *)source;
	size_t n = 0, len;
	struct cursor entry;

	if (!m->described) {
		m->described = true;
		*ret = (struct item){.kind = ITEM_CAPTURE, .capture = &m->info};
		return 1;
	}
	batch_builder_reset(&m->bb);
	while (cursor_left(&m->c)) {
		if (cursor_u8(&m->c) != 0xFF) {
			if (!add_event(m))
				break;
			continue;
		}
		if (m->bb.batch.n_events)
			break; /* what it describes is told behind these events */
		len = cursor_u16(&m->c);
		len = len <= cursor_left(&m->c) ? len : 0;
		entry = cursor_over(cursor_bytes(&m->c, len), len);
		while (n < ENTRIES_MAX && state_entry_next(&entry, &m->entries[n], NULL) == 1)
			n++;
		if (n) {
			*ret = (struct item){.kind = ITEM_STATE, .state = {m->entries, n}};
			return 1;
		}
	}
	*ret = (struct item){.kind = ITEM_EVENTS, .batch = &m->bb.batch};
	return m->bb.batch.n_events > 0;
}

static void close_nothing(struct source *source)
{
}

static struct sink *sink_new(FILE *out, unsigned how, struct strace_options *strace)
{
	static const char *const views[] = {"-f", "-f -v -yy -T -tt", "-x -r -s 5 -y", "-c", "-n -f -v -xx -s 300"};
	static const struct render_options short_ones = {.buffer_max = 80}, full = {.full = true, .view = VIEW_HEX_ASCII};
	const struct render_options *render = how & 0x80 ? &full : &short_ones;
	struct grouped_options grouped = {.by = "proc.name,fd.name,evt.type", .json = how & 0x80,
					  .aggregates = "count,sum(evt.buflen),p99(evt.latency),max(evt.rawres)"};
	struct summary_options summary = {.per_process = how & 0x40, .json = how & 0x80};
	struct error err = {0};

	switch (how & 0x0F) {
	case 0:
		return sink_text_new(out, NULL, 'h', render, how & 0x40, &err);
	case 1:
		return sink_text_new(out, "*%proc.aname[2] %proc.exepath %fd.name %fd.types %evt.arg.flags %evt.args %evt.asynctype",
				     'a', render, false, &err);
	case 2:
		return sink_json_new(out, NULL, render, &err);
	case 3:
		return sink_summary_new(out, &summary, &err);
	case 4:
		return sink_grouped_new(out, &grouped, &err);
	case 5:
		grouped = (struct grouped_options){.histogram = "evt.latency", .by = "evt.type"};
		return sink_grouped_new(out, &grouped, &err);
	case 6:
		return sink_tree_new(out, how & 0x80, &err);
	case 7:
		return sink_hangs_new(out, render);
	default:
		if (strace_options_text(strace, views[how % 5], &err) < 0)
			abort();
		return sink_strace_new(out, strace, how & 0x80, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_ops ops = {.name = "fuzz", .next = next, .close = close_nothing};
	static struct schema *schema;
	static FILE *out;
	struct maker m = {.source = {&ops, NULL}, .time_ns = 1000000000000000000ull, .c = cursor_over(data, size)};
	struct strace_options strace;
	struct pipeline p = {.show_internal = true};
	struct error err = {0};

	if (!schema && (!(schema = schema_new()) || schema_add_memory(schema) < 0))
		abort();
	if ((!out && !(out = fopen("/dev/null", "w"))) || strace_options_init(&strace) < 0 ||
	    batch_builder_init(&m.bb, schema) < 0)
		abort();
	m.source.schema = m.schema = schema;
	p.source = &m.source;
	p.sink = sink_new(out, cursor_u8(&m.c), &strace);
	if (!p.sink)
		abort();
	pipeline_run(&p, &err);
	p.sink->ops->free(p.sink);
	strace_options_done(&strace);
	batch_builder_done(&m.bb);
	buffer_done(&m.payload);
	return 0;
}
