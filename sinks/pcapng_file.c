#include "sinks/pcapng_file.h"

#include <errno.h>
#include <unistd.h>

#define CHUNK (64u << 10) /* gathered before it is written */

enum { BLOCK_SECTION = 0x0A0D0D0A, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
enum {
	OPTION_END = 0, OPTION_COMMENT = 1,
	SECTION_OS = 3, SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2, INTERFACE_DESCRIPTION = 3, INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
};
#define BYTE_ORDER_MAGIC 0x1A2B3C4D
#define NANOSECONDS	 9

void pcapng_file_init(struct pcapng_file *f, int fd)
{
	*f = (struct pcapng_file){.fd = fd};
}

void pcapng_file_done(struct pcapng_file *f)
{
	buffer_done(&f->bytes);
}

/* Type and room for the length; returns where the block begins. */
static size_t block_start(struct buffer *b, uint32_t type)
{
	size_t at = b->len;

	buffer_u32(b, type);
	buffer_u32(b, 0);
	return at;
}

static void block_finish(struct buffer *b, size_t at)
{
	uint32_t len = (uint32_t)(b->len - at) + 4;

	buffer_u32(b, len);
	if (!buffer_failed(b))
		buffer_set_u32(b, at + 4, len);
}

static void pad(struct buffer *b, size_t len)
{
	buffer_append(b, NULL, -len & 3);
}

static void option(struct buffer *b, uint16_t code, const void *data, size_t len)
{
	buffer_u16(b, code);
	buffer_u16(b, (uint16_t)len);
	buffer_append(b, data, len);
	pad(b, len);
}

static void text_option(struct buffer *b, uint16_t code, struct text t)
{
	if (t.len)
		option(b, code, t.data, t.len < PCAPNG_COMMENT_MAX ? t.len : PCAPNG_COMMENT_MAX);
}

void pcapng_section(struct pcapng_file *f, const struct capture_info *info)
{
	struct buffer *b = &f->bytes;
	size_t at = block_start(b, BLOCK_SECTION);

	buffer_u32(b, BYTE_ORDER_MAGIC);
	buffer_u16(b, 1);
	buffer_u16(b, 0);
	buffer_u64(b, UINT64_MAX); /* the section's length is not told */
	if (info)
		text_option(b, SECTION_OS, info->kernel);
	text_option(b, SECTION_APPLICATION, text_of("scapkit " SCAPKIT_VERSION));
	buffer_u32(b, OPTION_END);
	block_finish(b, at);
	f->n_interfaces = 0;
}

uint32_t pcapng_interface(struct pcapng_file *f, uint16_t link_type, uint32_t snaplen, const char *name,
			  const char *description)
{
	struct buffer *b = &f->bytes;
	const uint8_t resolution = NANOSECONDS;
	size_t at = block_start(b, BLOCK_INTERFACE);

	buffer_u16(b, link_type);
	buffer_u16(b, 0);
	buffer_u32(b, snaplen);
	text_option(b, INTERFACE_NAME, text_of(name));
	text_option(b, INTERFACE_DESCRIPTION, text_of(description));
	option(b, INTERFACE_RESOLUTION, &resolution, 1);
	buffer_u32(b, OPTION_END);
	block_finish(b, at);
	return f->n_interfaces++;
}

void pcapng_packet(struct pcapng_file *f, const struct pcapng_packet *p)
{
	struct buffer *b = &f->bytes;
	uint32_t captured = p->head_len + p->data_len;
	size_t at = block_start(b, BLOCK_PACKET);

	buffer_u32(b, p->interface);
	buffer_u32(b, (uint32_t)(p->time_ns >> 32));
	buffer_u32(b, (uint32_t)p->time_ns);
	buffer_u32(b, captured);
	buffer_u32(b, p->original);
	buffer_append(b, p->head, p->head_len);
	buffer_append(b, p->data, p->data_len);
	pad(b, captured);
	text_option(b, OPTION_COMMENT, p->comment);
	if (p->direction != PCAPNG_NO_DIRECTION) {
		uint32_t flags = p->direction;

		option(b, PACKET_FLAGS, &flags, sizeof flags);
	}
	if (p->comment.len || p->direction != PCAPNG_NO_DIRECTION)
		buffer_u32(b, OPTION_END);
	block_finish(b, at);
	f->n_packets++;
}

static int fail(struct pcapng_file *f, int code, struct error *err)
{
	f->failed = code;
	return error_set(err, code, "%s", strerror(-code));
}

int pcapng_flush(struct pcapng_file *f, struct error *err)
{
	const uint8_t *at = f->bytes.data;
	size_t left = f->bytes.len;

	if (f->failed || buffer_failed(&f->bytes))
		return fail(f, f->failed ? f->failed : -ENOMEM, err);
	buffer_clear(&f->bytes);
	while (left) {
		ssize_t n = write(f->fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(f, n ? -errno : -EIO, err);
		at += n;
		left -= (size_t)n;
	}
	return 0;
}

int pcapng_flush_some(struct pcapng_file *f, struct error *err)
{
	return f->bytes.len < CHUNK && !f->bytes.failed && !f->failed ? 0 : pcapng_flush(f, err);
}
