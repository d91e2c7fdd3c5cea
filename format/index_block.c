#include "format/index_block.h"

#include <errno.h>

void loss_encode(struct buffer *out, const struct loss_entry *losses, size_t n,
		 const uint8_t id[WIRE_ID_LEN], uint64_t sequence)
{
	block_begin(out, BLOCK_LOSS, id, sequence);
	buffer_u32(out, (uint32_t)n);
	block_header_end(out);
	for (size_t i = 0; i < n; i++) {
		buffer_u64(out, losses[i].from_ns);
		buffer_u64(out, losses[i].to_ns);
		buffer_u32(out, losses[i].cpu);
		buffer_u32(out, losses[i].class);
		buffer_u64(out, losses[i].count);
	}
	block_end(out);
}

int loss_decode(struct cursor *c, struct cursor data, struct cursor *ret_rows, struct error *err)
{
	uint32_t n = cursor_u32(c);
	size_t len = (size_t)n * LOSS_ROW_LEN;
	const uint8_t *rows = cursor_bytes(&data, len);

	if (cursor_failed(c) || !rows)
		return error_set(err, -EBADMSG, "%u losses do not fit the block", n);
	*ret_rows = cursor_over(rows, len);
	return 0;
}

struct loss_entry loss_row(struct cursor *rows)
{
	struct loss_entry loss;

	loss.from_ns = cursor_u64(rows);
	loss.to_ns = cursor_u64(rows);
	loss.cpu = cursor_u32(rows);
	loss.class = cursor_u32(rows);
	loss.count = cursor_u64(rows);
	return loss;
}

void index_entry_encode(struct buffer *raw, const struct index_entry *e, const uint16_t *types)
{
	buffer_u16(raw, e->kind);
	buffer_u16(raw, e->n_types);
	buffer_u32(raw, e->n_events);
	buffer_u32(raw, e->length);
	buffer_u32(raw, e->header_crc);
	buffer_u64(raw, e->offset);
	buffer_u64(raw, e->sequence);
	buffer_u64(raw, e->first_ns);
	buffer_u64(raw, e->last_ns);
	buffer_u64(raw, e->first_number);
	buffer_append(raw, types, (size_t)e->n_types * sizeof *types);
}

void index_encode(struct buffer *out, const struct buffer *frame, const struct index_head *head,
		  const uint8_t id[WIRE_ID_LEN], uint64_t sequence)
{
	block_begin(out, BLOCK_INDEX, id, sequence);
	buffer_u32(out, head->flags);
	buffer_u32(out, head->n_entries);
	buffer_u64(out, head->previous_offset);
	buffer_u64(out, head->previous_sequence);
	buffer_u64(out, head->n_events);
	buffer_u64(out, head->n_blocks);
	packed_put(out, &head->packed);
	block_header_end(out);
	buffer_append(out, frame->data, frame->len);
	block_end(out);
}

int index_head_decode(struct cursor *c, struct index_head *ret, struct error *err)
{
	ret->flags = cursor_u32(c);
	ret->n_entries = cursor_u32(c);
	ret->previous_offset = cursor_u64(c);
	ret->previous_sequence = cursor_u64(c);
	ret->n_events = cursor_u64(c);
	ret->n_blocks = cursor_u64(c);
	ret->packed = packed_take(c);
	return cursor_failed(c) ? error_set(err, -EBADMSG, "its header ends early") : 0;
}

int index_entry_next(struct cursor *raw, struct index_entry *ret, const uint8_t **ret_types,
		     struct error *err)
{
	if (!cursor_left(raw))
		return 0;
	ret->kind = cursor_u16(raw);
	ret->n_types = cursor_u16(raw);
	ret->n_events = cursor_u32(raw);
	ret->length = cursor_u32(raw);
	ret->header_crc = cursor_u32(raw);
	ret->offset = cursor_u64(raw);
	ret->sequence = cursor_u64(raw);
	ret->first_ns = cursor_u64(raw);
	ret->last_ns = cursor_u64(raw);
	ret->first_number = cursor_u64(raw);
	*ret_types = cursor_bytes(raw, (size_t)ret->n_types * sizeof(uint16_t));
	return cursor_failed(raw) ? error_set(err, -EBADMSG, "an index entry ends early") : 1;
}
