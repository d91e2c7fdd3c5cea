#include "sinks/event_record.h"
#include "format/schema.h"

#include <zlib.h>

#define LEN_LONG 0xFFFFu

void record_head_put(struct buffer *out, const struct record_head *h)
{
	buffer_u8(out, RECORD_VERSION);
	buffer_u8(out, h->kind);
	buffer_u16(out, h->flags);
	buffer_u16(out, h->type);
	buffer_u16(out, h->cpu);
	buffer_u16(out, h->sysno);
	buffer_u16(out, h->category);
	buffer_u32(out, h->traits);
	buffer_u64(out, h->number);
	buffer_u64(out, h->time_ns);
	buffer_u64(out, h->duration_ns);
	buffer_u64(out, h->first_ns);
	buffer_u64(out, h->before_ns);
	buffer_u64(out, (uint64_t)h->tid);
	buffer_u64(out, (uint64_t)h->result);
	buffer_u32(out, (uint32_t)h->fd);
	buffer_u32(out, h->absent);
	buffer_u8(out, (uint8_t)h->result_param);
	buffer_u8(out, (uint8_t)h->fd_param);
	buffer_u8(out, h->n_params);
	buffer_u8(out, 0);
}

bool record_head_take(struct cursor *c, struct record_head *ret)
{
	ret->version = cursor_u8(c);
	ret->kind = cursor_u8(c);
	ret->flags = cursor_u16(c);
	ret->type = cursor_u16(c);
	ret->cpu = cursor_u16(c);
	ret->sysno = cursor_u16(c);
	ret->category = cursor_u16(c);
	ret->traits = cursor_u32(c);
	ret->number = cursor_u64(c);
	ret->time_ns = cursor_u64(c);
	ret->duration_ns = cursor_u64(c);
	ret->first_ns = cursor_u64(c);
	ret->before_ns = cursor_u64(c);
	ret->tid = cursor_i64(c);
	ret->result = cursor_i64(c);
	ret->fd = cursor_i32(c);
	ret->absent = cursor_u32(c);
	ret->result_param = (int8_t)cursor_u8(c);
	ret->fd_param = (int8_t)cursor_u8(c);
	ret->n_params = cursor_u8(c);
	cursor_u8(c);
	/* Indexes of parameters: who uses them shifts by them. */
	if (ret->result_param < -1 || ret->result_param >= EVENT_PARAMS_MAX)
		ret->result_param = -1;
	if (ret->fd_param < -1 || ret->fd_param >= EVENT_PARAMS_MAX)
		ret->fd_param = -1;
	return !cursor_failed(c) && ret->version == RECORD_VERSION;
}

int record_item_next(struct cursor *c, struct record_item *ret)
{
	const uint8_t *value;
	uint32_t len;

	if (!cursor_left(c))
		return 0;
	ret->tag = cursor_u32(c);
	len = cursor_u16(c);
	if (len == LEN_LONG)
		len = cursor_u32(c);
	value = cursor_bytes(c, len);
	if (cursor_failed(c))
		return -1;
	ret->value = cursor_over(value, len);
	return 1;
}

size_t record_item_begin(struct buffer *out, uint32_t tag)
{
	buffer_u32(out, tag);
	buffer_u16(out, 0);
	return out->len;
}

/* A long value, which is rare, moves to make room. */
static void item_end_long(struct buffer *out, size_t begun, uint32_t len)
{
	static const uint8_t mark[2] = {0xFF, 0xFF};

	buffer_u32(out, 0);
	if (buffer_failed(out))
		return;
	memmove(out->data + begun + 4, out->data + begun, len);
	memcpy(out->data + begun - 2, mark, 2);
	buffer_set_u32(out, begun, len);
}

void record_item_end(struct buffer *out, size_t begun)
{
	size_t len = out->len - begun;

	if (buffer_failed(out))
		return;
	if (len >= LEN_LONG) {
		item_end_long(out, begun, (uint32_t)len);
		return;
	}
	out->data[begun - 2] = (uint8_t)len;
	out->data[begun - 1] = (uint8_t)(len >> 8);
}

uint32_t record_field_tag(const char *name)
{
	return RECORD_FIELD | (uint32_t)crc32(0, (const uint8_t *)name, (unsigned)strlen(name));
}

void record_param_put(struct buffer *out, const struct record_param *p)
{
	size_t begun = record_item_begin(out, RECORD_PARAM);

	buffer_u8(out, p->type);
	buffer_u8(out, p->format);
	buffer_u8(out, p->present);
	buffer_u8(out, (uint8_t)p->name_len);
	buffer_append(out, p->name, p->name_len);
	buffer_u32(out, p->data_len);
	buffer_append(out, p->data, p->data_len);
	buffer_u32(out, p->text_len);
	buffer_append(out, p->text, p->text_len);
	buffer_append(out, p->meaning, p->meaning_len);
	record_item_end(out, begun);
}

bool record_param_take(struct cursor *c, struct record_param *ret)
{
	ret->type = cursor_u8(c);
	ret->format = cursor_u8(c);
	ret->present = cursor_u8(c);
	ret->name_len = cursor_u8(c);
	ret->name = (const char *)cursor_bytes(c, ret->name_len);
	ret->data_len = cursor_u32(c);
	ret->data = cursor_bytes(c, ret->data_len);
	ret->text_len = cursor_u32(c);
	ret->text = (const char *)cursor_bytes(c, ret->text_len);
	ret->meaning_len = (uint32_t)cursor_left(c);
	ret->meaning = (const char *)cursor_bytes(c, ret->meaning_len);
	return !cursor_failed(c);
}
