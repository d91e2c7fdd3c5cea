#include "format/event.h"

const struct param param_absent;

/* Parameters that live in a column: the low bytes of the column's value, little-endian. */
static struct param column_param(int64_t *place, int64_t value, const struct param_info *info)
{
	unsigned size = param_type_size(info->type);

	*place = value;
	return (struct param){(const uint8_t *)place, size > 0 && size < 8 ? size : 8};
}

/* Whether a value of an alternative (SPEC 6) is what its type says; an unknown one is shown as it is. */
static bool dynamic_fits(const struct param_info *info, const struct param *p)
{
	const struct param_info *inner;
	unsigned size;

	if (!p->len || p->data[0] >= info->n_dynamic)
		return true;
	inner = &info->dynamic[p->data[0]];
	size = param_type_size(inner->type);
	if (param_type_is_text(inner->type))
		return p->len == 1 || !p->data[p->len - 1];
	return !size || p->len == size + 1;
}

static bool param_take(struct event *ev, struct cursor *c, unsigned i)
{
	const struct param_info *info = &ev->info->params[i];
	struct param *p = &ev->params[i];
	unsigned size = param_type_size(info->type);
	uint32_t len = size;

	if (!size) {
		len = cursor_u16(c);
		if (len == 0xFFFF)
			len = cursor_u32(c);
	}
	p->data = cursor_bytes(c, len);
	p->len = p->data ? len : 0;
	if (!p->data)
		return false;
	/* Readers of text rely on the NUL: text without one counts as absent. */
	if ((len && param_type_is_text(info->type) && p->data[len - 1]) ||
	    (info->type == PT_DYN && !dynamic_fits(info, p))) {
		*p = param_absent;
		ev->damaged = true;
	}
	return true;
}

void event_parse(struct event *ev)
{
	const struct batch *b = ev->batch;
	const struct event_info *info = ev->info;
	const bool is_inline = ev->flags & EVENT_INLINE;
	struct cursor c = {0};
	unsigned i;

	if (b->payload_len[ev->index])
		c = cursor_over(b->payload + b->payload_at[ev->index], b->payload_len[ev->index]);
	ev->parsed = true;
	for (i = 0; i < ev->n_params; i++) {
		if (ev->absent >> i & 1) {
			ev->params[i] = param_absent;
		} else if (!is_inline && (int)i == info->result_param) {
			ev->params[i] = ev->has_result ? column_param(&ev->result64, ev->result,
								      &info->params[i])
						       : param_absent;
		} else if (!is_inline && (int)i == info->fd_param) {
			int32_t fd = b->fd[ev->index];

			ev->params[i] = fd == FD_NONE ? param_absent
						      : column_param(&ev->fd64, fd, &info->params[i]);
		} else if (!param_take(ev, &c, i)) {
			ev->damaged = true;
			break;
		}
	}
	ev->n_found = (uint8_t)i;
	for (; i < ev->n_params; i++)
		ev->params[i] = param_absent;
	/* A type without a row is no error: its bytes are of parameters that nobody here knows. */
	if (cursor_left(&c) && schema_knows(b->schema, ev->type))
		ev->damaged = true;
}

/* Whether the parameter is in the payload, if it is anywhere. */
static bool param_is_stored(const struct event *ev, unsigned i)
{
	return ev->flags & EVENT_INLINE ||
	       ((int)i != ev->info->result_param && (int)i != ev->info->fd_param);
}

void event_mend(struct event *ev)
{
	struct batch *b = ev->batch;
	uint8_t *start = b->payload + b->payload_at[ev->index], *to = start;

	if (!ev->parsed)
		event_parse(ev);
	if (!ev->damaged)
		return;
	for (unsigned i = 0; i < ev->n_params; i++) {
		struct param *p = &ev->params[i];
		unsigned prefix = param_type_size(ev->info->params[i].type) ? 0 : p->len < 0xFFFF ? 2 : 6;
		uint16_t short_len = prefix == 2 ? (uint16_t)p->len : 0xFFFF;

		if (!param_is_stored(ev, i))
			continue;
		if (!p->data) {
			b->absent[ev->index] |= 1u << i;
			continue;
		}
		/* Never behind where it stands: what is in front of it takes as much room or less. */
		memmove(to + prefix, p->data, p->len);
		if (prefix)
			memcpy(to, &short_len, 2);
		if (prefix == 6)
			memcpy(to + 2, &p->len, 4);
		p->data = to + prefix;
		to += prefix + p->len;
	}
	b->payload_len[ev->index] = (uint32_t)(to - start);
	ev->absent = b->absent[ev->index];
	ev->damaged = false;
}

const struct param *event_param_named(struct event *ev, const char *name, unsigned *ret_index)
{
	for (unsigned i = 0; i < ev->n_params; i++) {
		if (strcmp(ev->info->params[i].name, name) == 0) {
			if (ret_index)
				*ret_index = i;
			return event_param(ev, i);
		}
	}
	return NULL;
}

void payload_append(struct buffer *b, enum param_type type, const void *data, uint32_t len)
{
	unsigned size = param_type_size(type);

	if (size) {
		buffer_append(b, data, len < size ? len : size);
		if (len < size)
			buffer_append(b, NULL, size - len);
		return;
	}
	if (len < 0xFFFF) {
		buffer_u16(b, (uint16_t)len);
	} else {
		buffer_u16(b, 0xFFFF);
		buffer_u32(b, len);
	}
	buffer_append(b, data, len);
}
