#include "state/render_plan.h"

#include "base/decimal.h"
#include "state/render_value.h"

#include <stdlib.h>

#define NAME_ROOM 16  /* a blank, most names and `=`: copied at once; longer ones take the long way */
#define MEANINGS  16u /* numbers of one parameter whose text is kept, a power of two */
#define TEXT_MAX  112
#define TEXT_COPY 32 /* most texts; copied at once */
#define ARG_ROOM  (RENDER_NAME_MAX + 2 + NAME_ROOM + TEXT_MAX)

enum plan_kind {
	PLAN_ANY,     /* as render_one() does it */
	PLAN_NUMBER,  /* nothing but its digits */
	PLAN_RESULT,  /* digits where it is no error */
	PLAN_FD,      /* digits and the fd's name */
	PLAN_MEANING, /* the number alone decides what is printed */
};

struct meaning {
	uint64_t number;
	uint8_t len; /* 0: none is kept here */
	char text[TEXT_MAX];
};

struct plan_param {
	enum plan_kind kind;
	uint8_t size;
	bool is_signed;
	uint8_t name_len; /* 0: too long for `name` */
	char name[NAME_ROOM];
	struct meaning *meanings;
};

struct render_plan {
	unsigned n_params;
	struct plan_param params[];
};

static enum plan_kind kind_of(const struct param_info *info)
{
	switch ((enum param_type)info->type) {
	case PT_INT8:
	case PT_INT16:
	case PT_INT32:
	case PT_INT64:
	case PT_UINT8:
	case PT_UINT16:
	case PT_UINT32:
	case PT_UINT64:
		return info->format == PF_HEX || info->format == PF_OCT ? PLAN_ANY : PLAN_NUMBER;
	case PT_ERRNO:
		return info->format == PF_OCT ? PLAN_ANY : PLAN_RESULT;
	case PT_FD:
	case PT_FD32:
		return info->format == PF_HEX || info->format == PF_OCT ? PLAN_ANY : PLAN_FD;
	case PT_SYSCALLID:
	case PT_SIGTYPE:
	case PT_BOOL:
	case PT_FLAGS8:
	case PT_FLAGS16:
	case PT_FLAGS32:
	case PT_ENUMFLAGS8:
	case PT_ENUMFLAGS16:
	case PT_ENUMFLAGS32:
	case PT_MODE:
		return PLAN_MEANING;
	default:
		return PLAN_ANY;
	}
}

struct render_plan *render_plan_new(const struct event_info *info)
{
	struct render_plan *plan =
	    calloc(1, sizeof *plan + info->n_params * sizeof *plan->params);

	if (!plan)
		return NULL;
	for (; plan->n_params < info->n_params; plan->n_params++) {
		const struct param_info *param = &info->params[plan->n_params];
		struct plan_param *p = &plan->params[plan->n_params];
		size_t len = strlen(param->name);

		if (param->type == PT_MEMORY) /* the last one: no text for a line */
			break;
		p->kind = kind_of(param);
		p->size = (uint8_t)param_type_size(param->type);
		p->is_signed = param_type_is_signed(param->type);
		if (len + 2 <= NAME_ROOM)
			p->name_len =
			    (uint8_t)(render_arg_name(p->name, param, !plan->n_params) - p->name);
		if (p->kind == PLAN_MEANING &&
		    !(p->meanings = calloc(MEANINGS, sizeof *p->meanings))) {
			render_plan_free(plan);
			return NULL;
		}
	}
	return plan;
}

void render_plan_free(struct render_plan *plan)
{
	if (!plan)
		return;
	for (unsigned i = 0; i < plan->n_params; i++)
		free(plan->params[i].meanings);
	free(plan);
}

/* The number's bits, with those of its sign. */
static uint64_t number_of(const struct plan_param *p, const uint8_t *data)
{
	uint64_t v = 0;
	unsigned shift = 64 - 8u * p->size;

	switch (p->size) {
	case 8: memcpy(&v, data, 8); return v;
	case 4: memcpy(&v, data, 4); break;
	case 2: memcpy(&v, data, 2); break;
	default: v = *data;
	}
	return p->is_signed ? (uint64_t)((int64_t)(v << shift) >> shift) : v;
}

static char *put_name(char *p, const struct plan_param *param, const struct param_info *info,
		      bool first)
{
	if (!param->name_len)
		return render_arg_name(p, info, first);
	memcpy(p, param->name, NAME_ROOM);
	return p + param->name_len;
}

/* A text for the number, if it is the one that was printed in this place the last time. */
static char *put_meaning(char *p, const struct meaning *m, uint64_t v)
{
	if (!m->len || m->number != v)
		return NULL;
	memcpy(p, m->text, TEXT_COPY);
	if (m->len > TEXT_COPY)
		memcpy(p + TEXT_COPY, m->text + TEXT_COPY, TEXT_MAX - TEXT_COPY);
	return p + m->len;
}

static struct meaning *meaning_at(const struct plan_param *param, uint64_t v)
{
	return &param->meanings[(v ^ v >> 12) % MEANINGS];
}

static void keep_meaning(struct meaning *m, uint64_t v, const struct buffer *out, size_t from)
{
	if (buffer_failed(out) || out->len - from > TEXT_MAX || out->len == from)
		return;
	m->number = v;
	m->len = (uint8_t)(out->len - from);
	memcpy(m->text, out->data + from, m->len);
}

/* All numbers as signed ones, as render_number() does it. NULL: in no quick way. */
static inline char *put_quickly(char *p, const struct plan_param *param, const struct param *value)
{
	uint64_t v;

	if (param->kind == PLAN_ANY || !value->data || value->len != param->size)
		return NULL;
	v = number_of(param, value->data);
	if (param->kind == PLAN_MEANING)
		return put_meaning(p, meaning_at(param, v), v);
	if ((int64_t)v < 0 && param->kind != PLAN_NUMBER)
		return NULL;
	return decimal_put_signed(p, (int64_t)v);
}

static void put_any(struct render_plan *plan, struct buffer *out, struct event *ev, unsigned i,
		    const struct state *st, const struct render_options *options)
{
	const struct plan_param *param = &plan->params[i];
	const struct param *value = &ev->params[i];
	const size_t from = out->len;

	render_one(out, ev, i, &ev->info->params[i], value, st, options);
	if (param->kind == PLAN_MEANING && value->data && value->len == param->size) {
		uint64_t v = number_of(param, value->data);

		keep_meaning(meaning_at(param, v), v, out, from);
	}
}

void render_plan_args(struct render_plan *plan, struct buffer *out, struct event *ev,
		      const struct state *st, const struct render_options *options)
{
	if (ev->type <= RENDER_TYPE_GENERIC)
		return;
	if (!ev->parsed)
		event_parse(ev);
	for (unsigned i = 0; i < plan->n_params; i++) {
		const struct plan_param *param = &plan->params[i];
		char *p = (char *)buffer_reserve(out, ARG_ROOM), *end;

		if (!p)
			return;
		p = put_name(p, param, &ev->info->params[i], i == 0);
		end = put_quickly(p, param, &ev->params[i]);
		out->len = (size_t)((uint8_t *)(end ? end : p) - out->data);
		if (!end)
			put_any(plan, out, ev, i, st, options);
		else if (param->kind == PLAN_FD)
			render_fd_name(out, (int64_t)number_of(param, ev->params[i].data), st);
	}
}
