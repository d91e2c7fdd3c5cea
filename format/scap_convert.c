#include "format/scap_convert.h"

#include <errno.h>
#include <stdlib.h>

#define MADE_LEN	(512u << 10)
/* The most that one event becomes: itself, its entry and a JSON object, every byte of it escaped. */
#define MADE_MAX	(2 * SCAP_CONVERT_MAX + 1024u)
#define ENTERS_MAX	65536u	      /* threads within a call: far above any real capture */
#define ENTER_BYTES_MAX (32u << 20)
#define ENTERS_FIRST	256u

enum source_kind {
	SOURCE_OLD, SOURCE_ENTER_OR_ZERO, SOURCE_ENTER_OR_EMPTY, SOURCE_ZERO, SOURCE_EMPTY, SOURCE_JSON
};

struct conversion {
	uint16_t type, to, first;
	uint8_t n_params, count;
};

struct param_source {
	uint8_t kind, index;
};

static const struct conversion conversions[] = {
#define CONVERSION(type, n, to, first, count) {type, to, first, n, count},
#include "format/scap_convert.def"
};

static const struct param_source sources[] = {
#define SOURCE(kind, index) {kind, index},
#include "format/scap_convert.def"
};

#define RULES 512u /* types below have one; the family's own are */

/* What becomes of a type's events. */
struct scap_rule {
	bool known, entry, retired, call, managed, old;
	uint8_t n_params;
	uint8_t n_conversions;
	uint16_t first_conversion;
};

/* The entry of the call that a thread is in. */
struct scap_enter {
	int64_t tid;
	uint64_t time_ns;
	uint16_t type;
	uint8_t n_params;
	bool used;	/* the slot belongs to tid */
	bool under_way; /* the entry has not met its exit yet */
	bool wide;
	uint32_t len, cap;
	uint8_t *bytes; /* lengths and data */
};

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t len_at(const struct scap_event *ev, unsigned i)
{
	uint32_t wide;
	uint16_t narrow;

	if (ev->wide) {
		memcpy(&wide, ev->lens + 4 * i, sizeof wide);
		return wide;
	}
	memcpy(&narrow, ev->lens + 2 * i, sizeof narrow);
	return narrow;
}

/* ---- rules ---- */

static bool is_entry(const struct event_info *info)
{
	return event_info_is_enter(info) && info->category & EC_SYSCALL;
}

/* A number that was given to a type once and is used no more; others without a row are newer than this. */
static bool is_retired(uint16_t type)
{
	const struct event_info *info = type < EVENT_TYPE_OWN ? event_info_at(type) : NULL;

	return info && info->type == type;
}

static void rule_make(struct scap_rule *rule, uint16_t type)
{
	const struct event_info *info = event_info_find(type);

	*rule = (struct scap_rule){.retired = !info && is_retired(type)};
	if (!info)
		return;
	rule->known = true;
	rule->entry = is_entry(info);
	rule->call = info->category & EC_SYSCALL;
	rule->managed = info->traits & EF_CONVERTER_MANAGED;
	rule->old = info->traits & EF_OLD_VERSION;
	rule->n_params = info->n_params;
	for (unsigned i = 0; i < sizeof conversions / sizeof *conversions; i++) {
		if (conversions[i].type != type)
			continue;
		if (!rule->n_conversions++)
			rule->first_conversion = (uint16_t)i;
	}
}

/* ---- entries ---- */

int scap_converter_init(struct scap_converter *c)
{
	*c = (struct scap_converter){.mask = ENTERS_FIRST - 1};
	c->enters = calloc(ENTERS_FIRST, sizeof *c->enters);
	c->made = malloc(MADE_LEN);
	c->rules = calloc(RULES, sizeof *c->rules);
	if (!c->enters || !c->made || !c->rules)
		return -ENOMEM;
	for (unsigned type = 0; type < RULES; type++)
		rule_make(&c->rules[type], (uint16_t)type);
	return 0;
}

static void enters_free(struct scap_converter *c)
{
	for (uint32_t i = 0; c->enters && i <= c->mask; i++)
		free(c->enters[i].bytes);
	free(c->enters);
	c->enters = NULL;
}

void scap_converter_done(struct scap_converter *c)
{
	enters_free(c);
	free(c->made);
	free(c->rules);
	*c = (struct scap_converter){0};
}

void scap_converter_forget(struct scap_converter *c)
{
	for (uint32_t i = 0; i <= c->mask; i++) {
		free(c->enters[i].bytes);
		c->enters[i] = (struct scap_enter){0};
	}
	c->n_enters = 0;
	c->enter_bytes = 0;
	c->old = false;
}

bool scap_converter_full(const struct scap_converter *c)
{
	return c->made_len > MADE_LEN - MADE_MAX;
}

/* The thread's slot, or the free one where it belongs. */
static struct scap_enter *slot_of(struct scap_enter *enters, uint32_t mask, int64_t tid)
{
	uint32_t i = (uint32_t)(((uint64_t)tid * 0x9E3779B97F4A7C15u) >> 32) & mask;

	while (enters[i].used && enters[i].tid != tid)
		i = (i + 1) & mask;
	return &enters[i];
}

static int enters_grow(struct scap_converter *c)
{
	uint32_t mask = 2 * c->mask + 1;
	struct scap_enter *grown = calloc((size_t)mask + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	for (uint32_t i = 0; i <= c->mask; i++) {
		if (c->enters[i].used)
			*slot_of(grown, mask, c->enters[i].tid) = c->enters[i];
	}
	free(c->enters);
	c->enters = grown;
	c->mask = mask;
	return 0;
}

static int enter_keep(struct scap_converter *c, const struct scap_event *ev, struct error *err)
{
	size_t lens_len = (size_t)ev->n_params * (ev->wide ? 4 : 2), len = lens_len + ev->data_len;
	struct scap_enter *x;

	if (len > SCAP_CONVERT_MAX)
		return error_set(err, -E2BIG, "an entry event of %zu bytes exceeds the limit of %u", len,
				 SCAP_CONVERT_MAX);
	if (c->n_enters >= ENTERS_MAX || c->enter_bytes + len > ENTER_BYTES_MAX) {
		bool old = c->old;

		c->n_forgotten += c->n_enters;
		scap_converter_forget(c);
		c->old = old;
	}
	if (2 * c->n_enters > c->mask && enters_grow(c) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	x = slot_of(c->enters, c->mask, (int64_t)u64_at(ev->head + SCAP_AT_TID));
	if (len > x->cap) {
		uint8_t *bytes = realloc(x->bytes, len);

		if (!bytes)
			return error_set(err, -ENOMEM, "out of memory");
		c->enter_bytes += len - x->cap;
		x->bytes = bytes;
		x->cap = (uint32_t)len;
	}
	c->n_enters += !x->used;
	x->tid = (int64_t)u64_at(ev->head + SCAP_AT_TID);
	x->time_ns = u64_at(ev->head);
	x->type = ev->type;
	x->n_params = ev->n_params;
	x->used = x->under_way = true;
	x->wide = ev->wide;
	x->len = (uint32_t)len;
	if (lens_len)
		memcpy(x->bytes, ev->lens, lens_len);
	if (ev->data_len)
		memcpy(x->bytes + lens_len, ev->data, ev->data_len);
	return 0;
}

/* The entry that belongs to an exit; it is under way no longer. NULL: none, or of another call. */
static struct scap_enter *enter_take(struct scap_converter *c, const struct scap_event *ev)
{
	struct scap_enter *x = slot_of(c->enters, c->mask, (int64_t)u64_at(ev->head + SCAP_AT_TID));
	bool under_way = x->under_way;

	x->under_way = false;
	return under_way && x->type == ev->type - 1 ? x : NULL;
}

/* ---- conversion ---- */

bool scap_is_paired(uint16_t type)
{
	const struct event_info *info = type & 1 ? event_info_find(type ^ 1) : NULL;

	return info && is_entry(info) && !(info->traits & EF_OLD_VERSION);
}

bool scap_is_present(uint16_t type, unsigned n_params)
{
	const struct event_info *info = event_info_find(type);

	return info && !(info->traits & EF_OLD_VERSION) && !is_entry(info) &&
	       (n_params == info->n_params || !(info->traits & EF_CONVERTER_MANAGED));
}

/* The parameters of an event, found. */
struct views {
	unsigned n;
	const uint8_t *data[EVENT_PARAMS_MAX];
	uint32_t len[EVENT_PARAMS_MAX];
};

static void views_make(struct views *v, const struct scap_event *ev)
{
	const uint8_t *p = ev->data;

	v->n = ev->n_params;
	for (unsigned i = 0; i < v->n; i++) {
		v->data[i] = p;
		v->len[i] = len_at(ev, i);
		p += v->len[i];
	}
}

static void json_text(struct buffer *b, const struct views *v, unsigned i)
{
	const uint8_t *p = i < v->n ? v->data[i] : NULL;

	buffer_u8(b, '"');
	for (uint32_t k = 0; p && k < v->len[i] && p[k]; k++) {
		if (p[k] < 0x20)
			buffer_printf(b, "\\u%04x", p[k]);
		else if (p[k] == '"' || p[k] == '\\')
			buffer_printf(b, "\\%c", p[k]);
		else
			buffer_u8(b, p[k]);
	}
	buffer_u8(b, '"');
}

/* What an old container's event says in four parameters. */
static uint32_t json_make(uint8_t *to, uint32_t room, const struct views *v)
{
	struct buffer b = {0};
	uint32_t type = 0, len;

	if (v->n > 1 && v->len[1] == sizeof type)
		memcpy(&type, v->data[1], sizeof type);
	buffer_printf(&b, "{\"id\":");
	json_text(&b, v, 0);
	buffer_printf(&b, ",\"type\":%u,\"name\":", type);
	json_text(&b, v, 2);
	buffer_printf(&b, ",\"image\":");
	json_text(&b, v, 3);
	buffer_printf(&b, "}");
	buffer_u8(&b, 0);
	len = buffer_failed(&b) || b.len > room ? 0 : (uint32_t)b.len;
	if (len)
		memcpy(to, b.data, len);
	buffer_done(&b);
	return len;
}

/* One parameter of the new event; returns its length. */
static uint32_t param_make(uint8_t *to, uint32_t room, const struct param_info *info,
			   const struct param_source *source, const struct views *old,
			   const struct views *enter)
{
	const unsigned size = param_type_size(info->type), i = source->index;
	const struct views *from = source->kind == SOURCE_OLD ? old : enter;
	uint32_t len;

	switch ((enum source_kind)source->kind) {
	case SOURCE_OLD:
	case SOURCE_ENTER_OR_ZERO:
	case SOURCE_ENTER_OR_EMPTY:
		if (i < from->n) {
			len = from->len[i];
			len = size && len > size ? size : len;
			len = len > room ? 0 : len;
			memcpy(to, from->data[i], len);
			return len;
		}
		if (source->kind != SOURCE_ENTER_OR_ZERO)
			return 0;
		break;
	case SOURCE_JSON:
		return json_make(to, room, old);
	case SOURCE_EMPTY:
		return 0;
	case SOURCE_ZERO:
		break;
	}
	memset(to, info->type == PT_UID || info->type == PT_GID ? 0xFF : 0, size);
	return size;
}

static int conversion_apply(struct scap_converter *c, const struct conversion *x,
			    const struct scap_event *ev, const struct scap_event *enter,
			    struct scap_event *ret, struct error *err)
{
	const struct event_info *info = event_info_find(x->to);
	const bool wide = info->traits & EF_LARGE_PAYLOAD;
	uint8_t *head = c->made + c->made_len, *lens = head + SCAP_EVENT_2_LEN;
	uint8_t *data = lens + (size_t)x->count * (wide ? 4 : 2), *at = data;
	const uint32_t n_params = x->count;
	struct views old, entered;

	if (ev->data_len > SCAP_CONVERT_MAX)
		return error_set(err, -E2BIG, "an event of %u bytes exceeds the limit for conversion, %u",
				 ev->data_len, SCAP_CONVERT_MAX);
	views_make(&old, ev);
	entered.n = 0;
	if (enter)
		views_make(&entered, enter);
	memcpy(head, ev->head, SCAP_EVENT_1_LEN);
	memcpy(head + SCAP_AT_TYPE, &x->to, sizeof x->to);
	memcpy(head + SCAP_AT_PARAMS, &n_params, sizeof n_params);
	for (unsigned i = 0; i < x->count; i++) {
		uint32_t room = wide ? SCAP_CONVERT_MAX : 0xFFFF;
		uint32_t len = param_make(at, room, &info->params[i], &sources[x->first + i], &old,
					  &entered);
		uint16_t narrow = (uint16_t)len;

		memcpy(lens + i * (wide ? 4 : 2), wide ? (void *)&len : &narrow, wide ? 4 : 2);
		at += len;
	}
	*ret = (struct scap_event){.head = head, .lens = lens, .data = data,
				   .data_len = (uint32_t)(at - data), .type = x->to,
				   .n_params = x->count, .wide = wide};
	c->made_len += (size_t)(at - head);
	return 1;
}

static const struct conversion *conversion_find(const struct scap_rule *rule, unsigned n_params)
{
	for (unsigned i = 0; i < rule->n_conversions; i++) {
		if (conversions[rule->first_conversion + i].n_params == n_params)
			return &conversions[rule->first_conversion + i];
	}
	return NULL;
}

int scap_convert(struct scap_converter *c, const struct scap_event *ev, struct scap_converted *ret,
		 struct error *err)
{
	static const struct scap_rule unknown;
	const struct scap_rule *rule = ev->type < RULES ? &c->rules[ev->type] : &unknown;
	const struct conversion *x;
	struct scap_enter *enter = NULL;
	struct scap_event view;

	*ret = (struct scap_converted){.event = *ev, .duration_ns = DURATION_NONE};
	if (!rule->known)
		return !rule->retired;
	if (rule->entry) {
		c->old |= rule->old;
		return enter_keep(c, ev, err);
	}
	if (rule->call && c->n_enters) {
		enter = enter_take(c, ev);
		ret->entry_unknown = !enter && c->old;
	}
	if (enter && u64_at(ev->head) >= enter->time_ns)
		ret->duration_ns = u64_at(ev->head) - enter->time_ns;
	if (!rule->old && (!rule->managed || ev->n_params == rule->n_params))
		return 1;
	x = conversion_find(rule, ev->n_params);
	if (!x) /* old ones without a rule are notes of services that are gone */
		return !rule->old || (ev->type & 1);
	if (enter) {
		size_t lens_len = (size_t)enter->n_params * (enter->wide ? 4 : 2);

		view = (struct scap_event){.lens = enter->bytes, .data = enter->bytes + lens_len,
					   .data_len = enter->len - (uint32_t)lens_len,
					   .type = enter->type, .n_params = enter->n_params,
					   .wide = enter->wide};
	}
	ret->changed = true;
	return conversion_apply(c, x, ev, enter ? &view : NULL, &ret->event, err);
}
