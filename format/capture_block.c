#include "format/capture_block.h"

#include <errno.h>

/* Texts of CAPTURE by tag; a row is all there is to a new one. */
#define TEXTS(X)                                                                                   \
	X(1, hostname) X(2, kernel) X(3, arch) X(4, os) X(5, application) X(6, engine)             \
	X(7, filter) X(8, command) X(9, comment)

static const char about[] =
	"System calls recorded by scapkit. The events are in custom blocks (enterprise 32473, magic "
	"SCAPKIT). scapread -r FILE prints them, scapread -j -r FILE as JSON. The format is "
	"described in format/SPEC.md of scapkit.";

/* ---- pcapng around it ---- */

#define OPTION_TEXT_MAX 4096u /* for people to read */

static void put_text_option(struct buffer *out, enum pcapng_option code, struct text t)
{
	pcapng_option(out, code, t.data, t.len < OPTION_TEXT_MAX ? t.len : OPTION_TEXT_MAX);
}

void section_encode(struct buffer *out, const struct capture_info *info)
{
	static const uint8_t resolution = PCAPNG_NANOSECONDS;
	size_t at = pcapng_begin(out, PCAPNG_SECTION);

	buffer_u32(out, PCAPNG_BYTE_ORDER);
	buffer_u16(out, 1);
	buffer_u16(out, 0);
	buffer_u64(out, UINT64_MAX); /* length of the section: not known while writing */
	put_text_option(out, PCAPNG_HARDWARE, info->arch);
	put_text_option(out, PCAPNG_OS, info->os);
	put_text_option(out, PCAPNG_APPLICATION, info->application);
	pcapng_option(out, PCAPNG_COMMENT, about, sizeof about - 1);
	pcapng_end_options(out, at);

	at = pcapng_begin(out, PCAPNG_INTERFACE);
	buffer_u16(out, PCAPNG_LINK_UPPER);
	buffer_u16(out, 0);
	buffer_u32(out, 0); /* no limit on packets, of which there are none */
	pcapng_option(out, PCAPNG_IF_NAME, "syscalls", 8);
	pcapng_option(out, PCAPNG_IF_TSRESOL, &resolution, 1);
	pcapng_end_options(out, at);
}

/* ---- CAPTURE ---- */

static void put_text(struct buffer *out, uint16_t tag, struct text t)
{
	uint32_t len = t.len < WIRE_TEXT_MAX ? t.len : WIRE_TEXT_MAX;

	if (!t.data || !len)
		return;
	buffer_u16(out, tag);
	buffer_u16(out, (uint16_t)len);
	buffer_append(out, t.data, len);
}

void capture_encode(struct buffer *out, const struct capture_info *info, uint64_t sequence)
{
	size_t texts_at, begin;

	block_begin(out, BLOCK_CAPTURE, info->id, sequence);
	buffer_u16(out, WIRE_VERSION_MAJOR);
	buffer_u16(out, WIRE_VERSION_MINOR);
	/* Of the features this writer uses, not of the file that the description may come from. */
	buffer_u64(out, 0);
	buffer_u64(out, 0);
	buffer_u64(out, info->start_ns);
	buffer_u64(out, info->boot_ns);
	buffer_u64(out, info->memory_bytes);
	buffer_u32(out, info->n_cpus);
	buffer_u32(out, info->snaplen);
	buffer_u32(out, info->page_size);
	buffer_u32(out, info->clock);
	texts_at = out->len;
	buffer_u32(out, 0);
	block_header_end(out);
	begin = out->len;
#define PUT(tag, name) put_text(out, tag, info->name);
	TEXTS(PUT)
#undef PUT
	if (!out->failed)
		buffer_set_u32(out, texts_at, (uint32_t)(out->len - begin));
	block_end(out);
}

static int texts_decode(struct buffer *texts, struct capture_info *ret, struct error *err)
{
	struct cursor c = cursor_over(texts->data, texts->len);

	while (cursor_left(&c)) {
		uint16_t tag = cursor_u16(&c), len = cursor_u16(&c);
		const uint8_t *p = cursor_bytes(&c, len);
		struct text t = {(const char *)p, len};

		if (!p)
			return error_set(err, -EBADMSG, "its text %u ends early", tag);
		if (len > WIRE_TEXT_MAX)
			return error_set(err, -EBADMSG, "its text %u of %u bytes exceeds %u", tag,
					 len, WIRE_TEXT_MAX);
		switch (tag) {
#define TAKE(number, name)                                                                         \
	case number: ret->name = t; break;
			TEXTS(TAKE)
#undef TAKE
		default: break; /* of a newer version */
		}
	}
	return 0;
}

int capture_decode(struct cursor *c, struct cursor data, const uint8_t id[WIRE_ID_LEN],
		   struct buffer *texts, struct capture_info *ret, struct error *err)
{
	uint32_t len;
	const uint8_t *p;

	*ret = (struct capture_info){0};
	memcpy(ret->id, id, WIRE_ID_LEN);
	ret->version_major = cursor_u16(c);
	ret->version_minor = cursor_u16(c);
	ret->compatible = cursor_u64(c);
	ret->incompatible = cursor_u64(c);
	ret->start_ns = cursor_u64(c);
	ret->boot_ns = cursor_u64(c);
	ret->memory_bytes = cursor_u64(c);
	ret->n_cpus = cursor_u32(c);
	ret->snaplen = cursor_u32(c);
	ret->page_size = cursor_u32(c);
	ret->clock = cursor_u32(c);
	len = cursor_u32(c);
	if (cursor_failed(c))
		return error_set(err, -EBADMSG, "its header ends early");
	if (ret->version_major != WIRE_VERSION_MAJOR)
		return error_set(err, -ENOTSUP,
				 "format version %u.%u is not the version %d that this program reads; "
				 "use a newer scapkit",
				 ret->version_major, ret->version_minor, WIRE_VERSION_MAJOR);
	if (ret->incompatible)
		return error_set(err, -ENOTSUP,
				 "it uses features unknown to this program (incompatible flags 0x%llx); "
				 "use a newer scapkit",
				 (unsigned long long)ret->incompatible);
	p = cursor_bytes(&data, len);
	if (!p)
		return error_set(err, -EBADMSG, "texts of %u bytes do not fit the block", len);
	buffer_clear(texts);
	buffer_append(texts, p, len);
	if (buffer_failed(texts))
		return error_set(err, -ENOMEM, "out of memory");
	return texts_decode(texts, ret, err);
}
