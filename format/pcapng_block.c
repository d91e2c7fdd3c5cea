#include "format/pcapng_block.h"

size_t pcapng_begin(struct buffer *b, uint32_t type)
{
	size_t at = b->len;

	buffer_u32(b, type);
	buffer_u32(b, 0);
	return at;
}

void pcapng_pad(struct buffer *b, size_t len)
{
	buffer_append(b, NULL, -len & 3);
}

void pcapng_option(struct buffer *b, enum pcapng_option code, const void *data, size_t len)
{
	if (!len)
		return;
	len = len < UINT16_MAX ? len : UINT16_MAX;
	buffer_u16(b, (uint16_t)code);
	buffer_u16(b, (uint16_t)len);
	buffer_append(b, data, len);
	pcapng_pad(b, len);
}

void pcapng_end(struct buffer *b, size_t at)
{
	uint32_t total = (uint32_t)(b->len - at) + 4;

	buffer_u32(b, total);
	if (!buffer_failed(b))
		buffer_set_u32(b, at + 4, total);
}

void pcapng_end_options(struct buffer *b, size_t at)
{
	buffer_u32(b, PCAPNG_OPTION_END);
	pcapng_end(b, at);
}
