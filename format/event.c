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

/* Text without a NUL, on which its readers rely, or a misfit of alternatives: counts as absent. */
static bool param_is_damaged(const struct param_info *info, const struct param *p)
{
	return (p->len && param_type_is_text(info->type) && p->data[p->len - 1]) ||
	       (info->type == PT_DYN && !dynamic_fits(info, p));
}

/* A length, and so many bytes. false: they are not there. */
static bool bytes_take(struct param *p, const uint8_t **at, const uint8_t *end)
{
	struct cursor c = cursor_over(*at, (size_t)(end - *at));
	uint32_t len = cursor_u16(&c);

	if (len == 0xFFFF)
		len = cursor_u32(&c);
	p->data = cursor_bytes(&c, len);
	p->len = p->data ? len : 0;
	*at = c.at;
	return p->data;
}

/* Parameter i of the payload. false: it ends early. */
static bool param_take(struct event *ev, unsigned i, const uint8_t **at, const uint8_t *end)
{
	const struct param_info *info = &ev->info->params[i];
	struct param *p = &ev->params[i];
	unsigned size = param_type_size(info->type);

	if (size) {
		if (size > (size_t)(end - *at)) {
			*p = param_absent;
			return false;
		}
		*p = (struct param){*at, size};
		*at += size;
		return true;
	}
	if (!bytes_take(p, at, end))
		return false;
	if (param_is_damaged(info, p)) {
		*p = param_absent;
		ev->damaged = true;
	}
	return true;
}

/* Those whose bits are set, which the payload does not have: absent, or in a column. */
static unsigned params_elsewhere(const struct event *ev)
{
	const struct event_info *info = ev->info;
	unsigned bits = ev->absent;

	if (!(ev->flags & EVENT_INLINE)) {
		bits |= info->result_param >= 0 ? 1u << info->result_param : 0;
		bits |= info->fd_param >= 0 ? 1u << info->fd_param : 0;
	}
	return bits;
}

static void param_elsewhere(struct event *ev, unsigned i)
{
	const struct event_info *info = ev->info;
	struct param *p = &ev->params[i];
	int32_t fd;

	*p = param_absent;
	if (ev->absent >> i & 1)
		return;
	if ((int)i == info->result_param) {
		if (ev->has_result)
			*p = column_param(&ev->result64, ev->result, &info->params[i]);
	} else if ((fd = ev->batch->fd[ev->index]) != FD_NONE) {
		*p = column_param(&ev->fd64, fd, &info->params[i]);
	}
}

void event_parse(struct event *ev)
{
	const struct batch *b = ev->batch;
	const uint8_t *at = NULL, *end = NULL;
	const unsigned elsewhere = params_elsewhere(ev), n = ev->n_params;
	unsigned i;

	if (b->payload_len[ev->index]) {
		at = b->payload + b->payload_at[ev->index];
		end = at + b->payload_len[ev->index];
	}
	ev->parsed = true;
	for (i = 0; i < n; i++) {
		if (elsewhere >> i & 1) {
			param_elsewhere(ev, i);
		} else if (!param_take(ev, i, &at, end)) {
			ev->damaged = true;
			break;
		}
	}
	ev->n_found = (uint8_t)i;
	for (; i < n; i++)
		ev->params[i] = param_absent;
	/* A type without a row is no error: its bytes are of parameters that nobody here knows. */
	if (at != end && schema_knows(b->schema, ev->type))
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
