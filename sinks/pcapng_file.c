#include "sinks/pcapng_file.h"

#include "format/pcapng_block.h"

#include <errno.h>
#include <unistd.h>

#define CHUNK (64u << 10) /* gathered before it is written */

void pcapng_file_init(struct pcapng_file *f, int fd)
{
	*f = (struct pcapng_file){.fd = fd};
}

void pcapng_file_done(struct pcapng_file *f)
{
	buffer_done(&f->bytes);
}

static void text_option(struct buffer *b, enum pcapng_option code, struct text t)
{
	pcapng_option(b, code, t.data, t.len < PCAPNG_COMMENT_MAX ? t.len : PCAPNG_COMMENT_MAX);
}

void pcapng_section(struct pcapng_file *f, const struct capture_info *info)
{
	struct buffer *b = &f->bytes;
	size_t at = pcapng_begin(b, PCAPNG_SECTION);

	buffer_u32(b, PCAPNG_BYTE_ORDER);
	buffer_u16(b, 1);
	buffer_u16(b, 0);
	buffer_u64(b, UINT64_MAX); /* the section's length is not told */
	if (info)
		text_option(b, PCAPNG_OS, info->kernel);
	text_option(b, PCAPNG_APPLICATION, text_of("scapkit " SCAPKIT_VERSION));
	pcapng_end_options(b, at);
	f->n_interfaces = 0;
}

uint32_t pcapng_interface(struct pcapng_file *f, uint16_t link_type, uint32_t snaplen, const char *name,
			  const char *description)
{
	struct buffer *b = &f->bytes;
	const uint8_t resolution = PCAPNG_NANOSECONDS;
	size_t at = pcapng_begin(b, PCAPNG_INTERFACE);

	buffer_u16(b, link_type);
	buffer_u16(b, 0);
	buffer_u32(b, snaplen);
	text_option(b, PCAPNG_IF_NAME, text_of(name));
	text_option(b, PCAPNG_IF_DESCRIPTION, text_of(description));
	pcapng_option(b, PCAPNG_IF_TSRESOL, &resolution, 1);
	pcapng_end_options(b, at);
	return f->n_interfaces++;
}

void pcapng_packet(struct pcapng_file *f, const struct pcapng_packet *p)
{
	struct buffer *b = &f->bytes;
	uint32_t captured = p->head_len + p->data_len;
	size_t at = pcapng_begin(b, PCAPNG_PACKET);

	buffer_u32(b, p->interface);
	buffer_u32(b, (uint32_t)(p->time_ns >> 32));
	buffer_u32(b, (uint32_t)p->time_ns);
	buffer_u32(b, captured);
	buffer_u32(b, p->original);
	buffer_append(b, p->head, p->head_len);
	buffer_append(b, p->data, p->data_len);
	pcapng_pad(b, captured);
	text_option(b, PCAPNG_COMMENT, p->comment);
	if (p->direction != PCAPNG_NO_DIRECTION) {
		uint32_t flags = p->direction;

		pcapng_option(b, PCAPNG_FLAGS, &flags, sizeof flags);
	}
	if (p->comment.len || p->direction != PCAPNG_NO_DIRECTION)
		pcapng_end_options(b, at);
	else
		pcapng_end(b, at);
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
