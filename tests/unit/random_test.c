/*
 * Events of every type whose payload is noise, through state, filter, text and JSON: nothing may
 * crash, and every line of JSON must be JSON. Fixed seeds: a failure comes back.
 */
#include "sinks/pipeline.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <string.h>

#define PAYLOAD_MAX 200

static uint64_t state = 88172645463325252u;

static uint64_t pick(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

/* ---- a checker of JSON, as strict as RFC 8259 ---- */

static const char *json_value(const char *p);

static const char *json_text(const char *p)
{
	if (*p++ != '"')
		return NULL;
	while (*p != '"') {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p++ != '\\')
			continue;
		if (*p == 'u') {
			if (strspn(p + 1, "0123456789abcdefABCDEF") < 4)
				return NULL;
			p += 4;
		} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
			return NULL;
		}
		p++;
	}
	return p + 1;
}

static const char *json_list(const char *p, char end, bool with_keys)
{
	if (*++p == end)
		return p + 1;
	for (;;) {
		if (with_keys) {
			p = json_text(p);
			if (!p || *p++ != ':')
				return NULL;
		}
		p = json_value(p);
		if (!p || (*p != ',' && *p != end))
			return NULL;
		if (*p++ == end)
			return p;
	}
}

static const char *json_number(const char *p)
{
	size_t n;

	p += *p == '-';
	n = strspn(p, "0123456789");
	if (n == 0 || (n > 1 && *p == '0'))
		return NULL;
	p += n;
	if (*p == '.') {
		n = strspn(++p, "0123456789");
		if (n == 0)
			return NULL;
		p += n;
	}
	if (*p == 'e' || *p == 'E') {
		p += p[1] == '+' || p[1] == '-' ? 2 : 1;
		n = strspn(p, "0123456789");
		if (n == 0)
			return NULL;
		p += n;
	}
	return p;
}

static const char *json_value(const char *p)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < 3; i++)
		if (!strncmp(p, words[i], strlen(words[i])))
			return p + strlen(words[i]);
	return *p == '{'   ? json_list(p, '}', true)
	       : *p == '[' ? json_list(p, ']', false)
	       : *p == '"' ? json_text(p)
			   : json_number(p);
}

static void check_json(char *lines)
{
	for (char *line = lines, *end; *line; line = end + 1) {
		const char *rest;

		end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		*end = 0;
		rest = json_value(line);
		ck_assert_msg(rest == end, "not JSON: %s", line);
	}
}

/* ---- noise ---- */

static struct batch_builder builder;
static struct schema *schema;
static bool delivered;

static int one_next(struct source *s, struct item *ret, struct error *err)
{
	if (delivered)
		return 0;
	delivered = true;
	ret->kind = ITEM_EVENTS;
	ret->batch = &builder.batch;
	return 1;
}

static void one_close(struct source *s)
{
}

static const struct source_ops one_ops = {"one", one_next, one_close};

/* Payload that often has the right shape: lengths that fit, with noise behind them. */
static uint32_t make_payload(const struct event_info *info, uint8_t *out)
{
	uint32_t len = 0;

	for (unsigned i = 0; i < info->n_params && len + 30 < PAYLOAD_MAX; i++) {
		uint32_t size = param_type_size(info->params[i].type);

		if (!size) {
			size = (uint32_t)pick(25);
			out[len++] = (uint8_t)(size + (pick(50) == 0));
			out[len++] = pick(200) == 0 ? 0xff : 0;
		}
		for (uint32_t k = 0; k < size; k++)
			out[len++] = (uint8_t)(pick(3) ? pick(4) : pick(256));
		if (param_type_is_text(info->params[i].type) && size && pick(20))
			out[len - 1] = 0;
	}
	return pick(30) ? len : (uint32_t)pick(len + 1);
}

static void fill(uint32_t n)
{
	uint8_t payload[PAYLOAD_MAX];

	batch_builder_reset(&builder);
	for (uint32_t i = 0; i < n; i++) {
		const struct event_info *info = event_info_at(pick(1u << 30) % 900);
		struct batch_row row = {
		    .time_ns = 1700000000000000000u + i * 1000,
		    .duration_ns = pick(4) ? pick(100000) : DURATION_NONE,
		    .tid = (int64_t)pick(20) - 1,
		    .result = pick(2) ? (int64_t)pick(20) : -(int64_t)pick(200),
		    .fd = pick(5) ? (int32_t)pick(20) : FD_NONE,
		    .cpu = (uint16_t)pick(4),
		    .flags = pick(10) ? 0 : (uint16_t)pick(256),
		    .sysno = (uint16_t)pick(500),
		    .absent = pick(10) ? 0 : (uint32_t)pick(1u << 31),
		    .payload = payload,
		};

		if (!info)
			info = event_info_by_name("openat");
		row.type = pick(100) ? info->type : (uint16_t)pick(EVENT_TYPE_MAX);
		row.payload_len = make_payload(info, payload);
		ck_assert_int_eq(batch_builder_add(&builder, &row), 0);
	}
}

static char *print(struct sink *(*make)(FILE *, enum payload_view), enum payload_view view,
		   const char *filter)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct error err = {0};
	struct source source = {&one_ops, schema};
	struct pipeline p = {.source = &source, .show_internal = true, .show_hidden = true};
	int r;

	delivered = false;
	p.filter = filter_new(filter, &err);
	ck_assert_msg(p.filter != NULL, "%s", err.text);
	p.sink = make(out, view);
	ck_assert_ptr_nonnull(p.sink);
	r = pipeline_run(&p, &err);
	/* Payloads that contradict their types are told; nothing else is wrong. */
	ck_assert_int_eq(r, p.n_bad_events ? -EBADMSG : 0);
	p.sink->ops->free(p.sink);
	filter_free(p.filter);
	fclose(out);
	return text;
}

static struct sink *make_text(FILE *out, enum payload_view view)
{
	struct render_options render = {.view = view, .full = true};

	return sink_text_new(out, NULL, 0, &render, true, NULL);
}

static struct sink *make_json(FILE *out, enum payload_view view)
{
	struct render_options render = {.view = view};

	return sink_json_new(out, NULL, &render, NULL);
}

/* Every field that can be printed without an argument, at once. */
static struct sink *make_all_fields(FILE *out, enum payload_view view)
{
	struct buffer format = {0};
	const struct field_info *f;
	struct sink *s;

	buffer_u8(&format, '*');
	for (size_t i = 0; (f = field_info_at(i)); i++)
		if (f->argument != 2 && !f->filter_only)
			buffer_printf(&format, "%%%s ", f->name);
	buffer_u8(&format, 0);
	s = sink_json_new(out, (const char *)format.data, NULL, NULL);
	buffer_done(&format);
	return s;
}

static void set_up(void)
{
	schema = schema_new();
	ck_assert_int_eq(batch_builder_init(&builder, schema), 0);
}

static void tear_down(void)
{
	batch_builder_done(&builder);
	schema_free(schema);
}

START_TEST(noise_prints_in_every_view)
{
	static const enum payload_view views[] = {VIEW_DOTS, VIEW_ASCII, VIEW_HEX, VIEW_BASE64,
						  VIEW_HEX_ASCII};

	set_up();
	for (unsigned round = 0; round < 10; round++) {
		char *text, *json;

		fill(2000);
		text = print(make_text, views[round % 5], "");
		json = print(make_json, views[round % 5], "");
		ck_assert_uint_gt(strlen(text), 2000);
		check_json(json);
		free(text);
		free(json);
	}
	tear_down();
}
END_TEST

START_TEST(noise_has_fields)
{
	set_up();
	for (unsigned round = 0; round < 3; round++) {
		char *json;

		fill(1000);
		json = print(make_all_fields, VIEW_DOTS, "");
		check_json(json);
		free(json);
	}
	tear_down();
}
END_TEST

START_TEST(noise_is_filtered)
{
	static const char *const filters[] = {
	    "fd.name contains a or proc.name=b",
	    "evt.type in (open,openat) and fd.num > 3",
	    "not evt.dir=exit",
	    "evt.latency > 50000 or evt.failed=true",
	    "user.name=root or fd.sport=80",
	};

	set_up();
	for (unsigned round = 0; round < 5; round++) {
		char *text;

		fill(2000);
		text = print(make_text, VIEW_DOTS, filters[round]);
		free(text);
	}
	tear_down();
}
END_TEST

SUITE("random", noise_prints_in_every_view, noise_has_fields, noise_is_filtered)
