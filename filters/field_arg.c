/* evt.args, evt.arg, evt.rawarg, evt.buffer: the parameters of an event. */
#include "filters/field_extract.h"

#include <errno.h>
#include <stdlib.h>

/* The parameter that [N], [name] or .name means for this event's type; -1: it has none. */
static int param_index(const struct field *f, const struct event *ev)
{
	if (f->index >= 0)
		return f->index < ev->n_params ? (int)f->index : -1;
	for (unsigned i = 0; i < ev->n_params; i++)
		if (!strcmp(ev->info->params[i].name, f->argument))
			return (int)i;
	return -1;
}

/*
 * What a rendered value means, where it says so in parentheses: "3(<f>/etc/hosts)", "-2(ENOENT)",
 * "lib(/usr/lib)". raw_len: how long the value in front of the parentheses is.
 */
static struct text meaning(struct text whole, size_t raw_len)
{
	if (raw_len && whole.len > raw_len + 2 && whole.data[raw_len] == '(' &&
	    whole.data[whole.len - 1] == ')')
		return (struct text){whole.data + raw_len + 1, (uint32_t)(whole.len - raw_len - 2)};
	return whole;
}

static size_t number_len(struct text t)
{
	size_t i = t.len && t.data[0] == '-';

	while (i < t.len && t.data[i] >= '0' && t.data[i] <= '9')
		i++;
	return i;
}

static bool extract_param_text(struct event *ev, unsigned i, struct state *st,
			       struct field_scratch *scratch, struct value *ret)
{
	const struct param *p = event_param(ev, i);
	enum param_type type = ev->info->params[i].type;

	/* A parameter that is absent has the text <NA> or NULL, as in evt.args: the field exists. */
	render_param(&scratch->bytes, ev, i, st, &field_context.render);
	if (!value_scratch(ret, scratch))
		return false;
	if (type == PT_FSPATH || type == PT_FSRELPATH)
		ret->text = meaning(ret->text, strlen(param_text(p)));
	else if (!param_type_is_text(type) && type != PT_BYTEBUF)
		ret->text = meaning(ret->text, number_len(ret->text));
	return true;
}

static bool extract_param_raw(struct event *ev, unsigned i, struct value *ret)
{
	const struct param *p = event_param(ev, i);
	enum param_type type = ev->info->params[i].type;
	int64_t number;

	if (!p->data)
		return false;
	if (param_type_is_text(type))
		return value_text(ret, param_text(p));
	if (type == PT_IPV4ADDR || type == PT_IPV6ADDR) {
		ret->address_len = (uint8_t)p->len;
		return (p->len == 4 || p->len == 16) &&
		       value_bytes(ret, VALUE_ADDRESS, p->data, p->len);
	}
	if (!param_type_size(type))
		return value_bytes(ret, VALUE_BYTES, p->data, p->len);
	if (!param_number(p, type, &number))
		return false;
	if (type == PT_BOOL)
		return value_bool(ret, number != 0);
	return param_type_is_signed(type) ? value_int(ret, number) : value_uint(ret, (uint64_t)number);
}

static bool extract_buffer(struct event *ev, struct value *ret)
{
	unsigned i;
	const struct param *p = event_param_named(ev, "data", &i);

	if (!p || !p->data || ev->info->params[i].type != PT_BYTEBUF)
		return false;
	return value_bytes(ret, VALUE_BYTES, p->data, p->len);
}

bool extract_arg(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		 struct field_scratch *scratch, struct value *ret)
{
	int i;

	switch (f->info->id) {
	case FIELD_EVT_ARGS:
	case FIELD_EVT_INFO:
		render_args(&scratch->bytes, ev, st, &field_context.render);
		return value_scratch(ret, scratch);
	case FIELD_EVT_BUFFER:
		return extract_buffer(ev, ret);
	case FIELD_EVT_ARG:
		i = param_index(f, ev);
		return i >= 0 && extract_param_text(ev, (unsigned)i, st, scratch, ret);
	default: /* evt.rawarg */
		i = param_index(f, ev);
		return i >= 0 && extract_param_raw(ev, (unsigned)i, ret);
	}
}
