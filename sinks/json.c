/*
 * JSON: one object per line and event, every value of its own type.
 *
 *	{"evt.num":7,"evt.time":1741872307277649980,"evt.latency":1803,"evt.cpu":1,"evt.type":"openat",
 *	 "evt.dir":"<","evt.res":3,"proc.name":"curl","proc.pid":1528,"thread.tid":1528,
 *	 "fd.num":3,"fd.type":"file","fd.name":"/etc/hosts","args":{"fd":3,"dirfd":-100,...}}
 *
 * Keys are field names. What an event does not have is left out: evt.latency (the call's entry is
 * unknown), evt.res and evt.error (no result, no error), evt.flags (nothing special about it),
 * proc.*, fd.*. sinks/json_param.h says how parameters look; of a type without a row args has the
 * payload in hexadecimal: {"payload":"6869"}. With a format the object has the fields of the format
 * instead; behind a leading `*` missing ones are null, without it such events have no line.
 *
 * Network packets are objects with packet.time, .interface, .link_type, .captured, .len and .proto, and, as far as they
 * have them, .src, .dst, .sport, .dport and .tcp_flags; with a format there are none.
 */
#include "base/decimal.h"
#include "sinks/call_name.h"
#include "sinks/json_memory.h"
#include "sinks/json_param.h"
#include "sinks/json_text.h"
#include "sinks/line.h"
#include "sinks/output.h"
#include "sinks/packet_look.h"
#include "sinks/sink.h"

#include <errno.h>
#include <stdlib.h>

#define HEAD_MAX  192 /* bytes of everything in front of the process but the event's name */
#define KEY_COPY  32  /* bytes copied at once: most keys are shorter */
#define SECOND_NS 1000000000u

#define MEANINGS    16u /* numbers of one parameter whose JSON is kept, a power of two */
#define MEANING_MAX 112

/* What a number came out as: flags with their names. */
struct json_meaning {
	uint64_t number;
	uint8_t len; /* 0: nothing is kept here */
	char text[MEANING_MAX];
};

/* One parameter of an event type: its key, and how its value is printed. */
struct json_slot {
	enum json_kind kind;
	struct json_meaning *meanings; /* JSON_ANY of numbers; NULL: not kept */
	uint32_t size; /* of JSON_SIGNED and JSON_UNSIGNED */
	uint32_t key_len;
	uint32_t key_at; /* in json_type.keys */
};

/* What never changes about an event type, escaped once. */
struct json_type {
	const struct event_info *info;
	unsigned n_params;
	bool known;
	struct buffer head; /* ,"evt.type":"openat","evt.dir":" */
	struct buffer keys; /* "name": with a comma in front where needed, one after the other */
	struct json_slot slots[EVENT_PARAMS_MAX];
};

struct json_sink {
	struct sink sink;
	struct line *line;   /* NULL: whole events */
	struct buffer *keys; /* of the line's fields */
	struct render_options render;
	struct output output;
	enum syscall_abi abi; /* of the capture */
	struct json_type *types[EVENT_TYPE_MAX];
	/* The digits of the second, which rarely changes. */
	uint64_t second_ns;
	unsigned second_len;
	char second[DECIMAL_MAX];
};

#define PUT(out, literal) buffer_append(out, literal, sizeof literal - 1)

static void type_free(struct json_type *t)
{
	if (!t)
		return;
	buffer_done(&t->head);
	buffer_done(&t->keys);
	for (unsigned i = 0; i < t->n_params; i++)
		free(t->slots[i].meanings);
	free(t);
}

/* NULL: out of memory. */
static struct json_type *type_of(struct json_sink *j, const struct event *ev)
{
	struct json_type *t = j->types[ev->type];
	const struct event_info *info = ev->info;

	if (t && t->info == info && t->n_params == info->n_params)
		return t;
	type_free(t);
	t = j->types[ev->type] = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->info = info;
	t->n_params = info->n_params;
	t->known = schema_knows(ev->batch->schema, ev->type);
	PUT(&t->head, ",\"evt.type\":");
	json_string(&t->head, info->name, strlen(info->name));
	PUT(&t->head, ",\"evt.dir\":\"");
	for (unsigned i = 0; i < info->n_params; i++) {
		struct json_slot *slot = &t->slots[i];

		slot->kind = json_kind_of(info, i, &j->render);
		slot->size = param_type_size(info->params[i].type);
		/* Without memory for them they are not kept. */
		if (slot->kind == JSON_ANY && slot->size && slot->size <= 8)
			slot->meanings = calloc(MEANINGS, sizeof *slot->meanings);
		slot->key_at = (uint32_t)t->keys.len;
		if (i)
			buffer_u8(&t->keys, ',');
		json_key(&t->keys, info->params[i].name);
		slot->key_len = (uint32_t)t->keys.len - slot->key_at;
	}
	/* so that KEY_COPY bytes of the last one are there */
	buffer_append(&t->keys, NULL, KEY_COPY);
	if (buffer_failed(&t->head) || buffer_failed(&t->keys)) {
		type_free(t);
		t = j->types[ev->type] = NULL;
	}
	return t;
}

static void put_type(struct buffer *b, const struct json_type *t, struct event *ev)
{
	if (ev->type <= 1) { /* the public "generic" call: its name is in a parameter */
		const char *name = event_name(ev);

		PUT(b, ",\"evt.type\":");
		json_string(b, name, strlen(name));
		PUT(b, ",\"evt.dir\":\"");
	} else {
		buffer_append(b, t->head.data, t->head.len);
	}
	buffer_u8(b, (uint8_t)event_direction(ev));
	buffer_u8(b, '"');
}

static void put_flags(struct buffer *b, uint16_t flags)
{
	static const struct {
		uint16_t flag;
		const char *name;
	} names[] = {
	    {EVENT_UNFINISHED, "unfinished"}, {EVENT_CHILD_RETURN, "child_return"},
	    {EVENT_HIDDEN, "hidden"},         {EVENT_COMPAT, "compat"},
	    {EVENT_TRUNCATED, "truncated"},   {EVENT_ENTRY_UNKNOWN, "entry_unknown"},
	};
	bool first = true;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!(flags & names[i].flag))
			continue;
		if (first)
			PUT(b, ",\"evt.flags\":[");
		else
			buffer_u8(b, ',');
		first = false;
		json_string(b, names[i].name, strlen(names[i].name));
	}
	if (!first)
		buffer_u8(b, ']');
}

static void put_error(struct buffer *b, int64_t result)
{
	const char *name = result >= -4095 ? errno_name((int)-result) : NULL;

	if (name) {
		PUT(b, ",\"evt.error\":");
		json_string(b, name, strlen(name));
	}
}

static void put_thread(struct buffer *b, const struct event *ev, const struct thread *t)
{
	/* without pid: made up for a thread that nobody told of */
	if (t && t->pid >= 0) {
		PUT(b, ",\"proc.name\":");
		json_string(b, t->comm, strlen(t->comm));
		PUT(b, ",\"proc.pid\":");
		json_signed(b, t->pid);
	}
	PUT(b, ",\"thread.tid\":");
	json_signed(b, ev->tid);
}

static void put_fd(struct buffer *b, const struct state *st)
{
	const struct fd_info *fd = st->now.fd;

	if (st->now.fd_num < 0)
		return;
	PUT(b, ",\"fd.num\":");
	json_signed(b, st->now.fd_num);
	if (!fd)
		return;
	if (fd->type != FD_UNKNOWN) {
		const char *type = fd_type_text(fd);

		PUT(b, ",\"fd.type\":");
		json_string(b, type, strlen(type));
	}
	if (fd->name[0]) {
		PUT(b, ",\"fd.name\":");
		json_string(b, fd->name, strlen(fd->name));
	}
}

#define LITERAL(p, literal) ((char *)memcpy(p, literal, sizeof literal - 1) + sizeof literal - 1)

/* Nanoseconds since the epoch: the second's digits are kept. */
static char *put_time(struct json_sink *j, char *p, uint64_t ns)
{
	if (!j->second_len || ns - j->second_ns >= SECOND_NS) {
		j->second_ns = ns - ns % SECOND_NS;
		j->second_len = (unsigned)(decimal_put(j->second, ns / SECOND_NS) - j->second);
	}
	if (ns < SECOND_NS)
		return decimal_put(p, ns);
	memcpy(p, j->second, sizeof j->second);
	return decimal_put_nine(p + j->second_len, (uint32_t)(ns - j->second_ns));
}

/* Up to the name of the type: the part whose length is bounded is written without asking for room.
 */
static void put_head(struct json_sink *j, struct buffer *b, const struct event *ev)
{
	char *start = (char *)buffer_reserve(b, HEAD_MAX), *p = start;

	if (!p)
		return;
	p = LITERAL(p, "{\"evt.num\":");
	p = decimal_put(p, ev->number);
	p = LITERAL(p, ",\"evt.time\":");
	p = put_time(j, p, ev->time_ns);
	if (ev->duration_ns != DURATION_NONE) {
		p = LITERAL(p, ",\"evt.latency\":");
		p = decimal_put(p, ev->duration_ns);
	}
	if (ev->cpu != CPU_UNKNOWN) {
		p = LITERAL(p, ",\"evt.cpu\":");
		p = decimal_put(p, ev->cpu);
	}
	b->len += (size_t)(p - start);
}

static uint64_t load_unsigned(const uint8_t *data, uint32_t size)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	switch (size) {
	case 8:
		memcpy(&v8, data, 8);
		return v8;
	case 4:
		memcpy(&v4, data, 4);
		return v4;
	case 2:
		memcpy(&v2, data, 2);
		return v2;
	default:
		return *data;
	}
}

static int64_t load_signed(const uint8_t *data, uint32_t size)
{
	unsigned shift = 64 - 8 * size;

	return (int64_t)(load_unsigned(data, size) << shift) >> shift;
}

/* A number of a fixed size: its bytes alone decide what is printed. */
static void put_meaning(struct json_sink *j, struct buffer *b, const struct json_slot *slot,
			unsigned i, struct event *ev)
{
	uint64_t v = load_unsigned(event_param(ev, i)->data, slot->size);
	struct json_meaning *m = &slot->meanings[(v ^ v >> 12) % MEANINGS];
	size_t from = b->len;

	if (m->len && m->number == v) {
		buffer_append(b, m->text, m->len);
		return;
	}
	json_param(b, ev, i, &j->render);
	if (buffer_failed(b) || b->len - from > MEANING_MAX)
		return;
	m->number = v;
	m->len = (uint8_t)(b->len - from);
	memcpy(m->text, b->data + from, m->len);
}

static void put_param(struct json_sink *j, struct buffer *b, const struct json_type *t, unsigned i,
		      struct event *ev)
{
	const struct json_slot *slot = &t->slots[i];
	const struct param *param = event_param(ev, i);
	char *start = (char *)buffer_reserve(b, slot->key_len + KEY_COPY + DECIMAL_MAX + 1),
	     *p = start;
	enum json_kind kind = param->data && param->len ? slot->kind : JSON_ANY;

	if (!p)
		return;
	if (slot->key_len <= KEY_COPY)
		memcpy(p, t->keys.data + slot->key_at, KEY_COPY);
	else
		memcpy(p, t->keys.data + slot->key_at, slot->key_len);
	p += slot->key_len;
	if ((kind == JSON_SIGNED || kind == JSON_UNSIGNED) && param->len != slot->size)
		kind = JSON_ANY;
	if (kind == JSON_SIGNED)
		p = decimal_put_signed(p, load_signed(param->data, slot->size));
	else if (kind == JSON_UNSIGNED)
		p = decimal_put(p, load_unsigned(param->data, slot->size));
	b->len += (size_t)(p - start);
	if (kind == JSON_TEXT)
		json_string(b, param->data, param->len - 1);
	else if (kind == JSON_BYTES)
		json_string(b, param->data, param->len);
	else if (kind == JSON_MEMORY)
		json_memory(b, ev, param, call_abi_of(ev, j->abi));
	else if (kind == JSON_ANY && slot->meanings && param->data && param->len == slot->size)
		put_meaning(j, b, slot, i, ev);
	else if (kind == JSON_ANY)
		json_param(b, ev, i, &j->render);
}

/* A type without a row: what its parameters are is not known, but their bytes are here. */
static void put_payload(struct buffer *b, const struct event *ev)
{
	const struct batch *batch = ev->batch;
	uint32_t len = batch->payload_len[ev->index];

	PUT(b, "\"payload\":");
	json_hex(b, len ? batch->payload + batch->payload_at[ev->index] : NULL, len);
}

static int put_event(struct json_sink *j, struct event *ev, const struct state *st,
		     struct error *err)
{
	struct buffer *b = &j->output.bytes;
	struct json_type *t = type_of(j, ev);

	if (!t)
		return error_set(err, -ENOMEM, "out of memory");
	put_head(j, b, ev);
	put_type(b, t, ev);
	if (ev->flags)
		put_flags(b, ev->flags);
	if (event_has_result(ev)) {
		PUT(b, ",\"evt.res\":");
		json_signed(b, ev->result);
		if (ev->result < 0)
			put_error(b, ev->result);
	}
	put_thread(b, ev, st->now.thread);
	put_fd(b, st);
	PUT(b, ",\"args\":{");
	for (unsigned i = 0; i < t->n_params; i++)
		put_param(j, b, t, i, ev);
	if (!t->known)
		put_payload(b, ev);
	PUT(b, "}}\n");
	return 0;
}

static void put_value(struct buffer *b, const struct field *f, const struct value *v)
{
	switch (v->kind) {
	case VALUE_TEXT:
	case VALUE_BYTES:
		json_string(b, v->text.data, v->text.len);
		return;
	case VALUE_INT:
		json_signed(b, v->i);
		return;
	case VALUE_UINT:
		json_unsigned(b, v->u);
		return;
	case VALUE_BOOL:
		if (v->b)
			PUT(b, "true");
		else
			PUT(b, "false");
		return;
	case VALUE_DOUBLE:
		json_double(b, v->d);
		return;
	case VALUE_ADDRESS:
		buffer_u8(b, '"');
		field_print(f, v, b);
		buffer_u8(b, '"');
		return;
	case VALUE_NONE:
		PUT(b, "null");
	}
}

/* false: no value. */
static bool put_field(struct json_sink *j, size_t i, struct event *ev, struct state *st)
{
	struct buffer *b = &j->output.bytes;
	const struct field *f = line_field_at(j->line, i);
	struct field_scratch *scratch = line_field_scratch(j->line, i);
	struct value v;

	if (!field_extract(f, ev, st, 0, scratch, &v))
		return false;
	if (!field_is_list(f)) {
		put_value(b, f, &v);
		return true;
	}
	buffer_u8(b, '[');
	for (unsigned nth = 1;; nth++) {
		put_value(b, f, &v);
		if (!field_extract(f, ev, st, nth, scratch, &v))
			break;
		buffer_u8(b, ',');
	}
	buffer_u8(b, ']');
	return true;
}

static void put_line(struct json_sink *j, struct event *ev, struct state *st)
{
	struct buffer *b = &j->output.bytes;
	size_t start = b->len;

	field_context.render = j->render;
	for (size_t i = 0; i < line_field_count(j->line); i++) {
		buffer_append(b, j->keys[i].data, j->keys[i].len);
		if (put_field(j, i, ev, st))
			continue;
		if (!line_is_lenient(j->line)) {
			b->len = start;
			return;
		}
		PUT(b, "null");
	}
	PUT(b, "}\n");
}

static int json_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct json_sink *j = (struct json_sink *)s;

	if (j->line) {
		put_line(j, ev, st);
	} else {
		int r = put_event(j, ev, st, err);

		if (r < 0)
			return r;
	}
	return output_line_end(&j->output, err);
}

static int json_packet(struct sink *s, const struct packet *p, struct error *err)
{
	struct json_sink *j = (struct json_sink *)s;

	if (j->line)
		return 0;
	packet_json(&j->output.bytes, p);
	buffer_u8(&j->output.bytes, '\n');
	return output_line_end(&j->output, err);
}

static int json_batch_end(struct sink *s, struct batch *batch, struct error *err)
{
	return output_flush(&((struct json_sink *)s)->output, err);
}

static int json_finish(struct sink *s, struct error *err)
{
	int r = output_flush(&((struct json_sink *)s)->output, err);

	return r > 0 ? 0 : r;
}

static void json_free(struct sink *s)
{
	struct json_sink *j = (struct json_sink *)s;

	for (size_t i = 0; j->keys && i < line_field_count(j->line); i++)
		buffer_done(&j->keys[i]);
	free(j->keys);
	line_free(j->line);
	for (size_t i = 0; i < EVENT_TYPE_MAX; i++)
		type_free(j->types[i]);
	output_done(&j->output);
	free(j);
}

static int json_capture(struct sink *sink, const struct capture_info *info, struct error *err)
{
	((struct json_sink *)sink)->abi = call_abi(info);
	return 0;
}

static const struct sink_ops json_ops = {
    .name = "json",
    .capture = json_capture,
    .event = json_event,
    .batch_end = json_batch_end,
    .packet = json_packet,
    .finish = json_finish,
    .free = json_free,
};

static int take_format(struct json_sink *j, const char *format, struct error *err)
{
	size_t n;

	j->line = line_new(format, 'h', &j->render, err);
	if (!j->line)
		return -EINVAL;
	n = line_field_count(j->line);
	if (n == 0)
		return error_set(err, -EINVAL, "the format has no field to print as JSON");
	j->keys = calloc(n, sizeof *j->keys);
	if (!j->keys)
		return error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		buffer_u8(&j->keys[i], i ? ',' : '{');
		json_key(&j->keys[i], line_field_text(j->line, i));
	}
	return 0;
}

struct sink *sink_json_new(FILE *out, const char *format, const struct render_options *render,
			   struct error *err)
{
	struct json_sink *j = calloc(1, sizeof *j);

	if (!j) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	j->sink.ops = &json_ops;
	j->sink.needs = NEED_COLUMNS | NEED_PARAMS | NEED_THREADS | NEED_FDS;
	j->output.stream = out;
	if (render)
		j->render = *render;
	j->render.full = true;
	if (format) {
		if (take_format(j, format, err) < 0) {
			json_free(&j->sink);
			return NULL;
		}
		j->sink.needs = line_needs(j->line);
	}
	return &j->sink;
}
