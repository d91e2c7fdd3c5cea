#include "format/frame.h"

#include <errno.h>

#define FRAME_CHECKSUM 4u /* bit of the frame header descriptor (RFC 8878, 3.1.1.1.1) */

int frame_append(ZSTD_CCtx *zstd, int level, struct buffer *out, const void *data, size_t len)
{
	size_t bound = ZSTD_compressBound(len), n;
	uint8_t *p = buffer_reserve(out, bound);

	if (!p)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(zstd, p, bound, data, len);
	if (ZSTD_isError(n))
		return -ENOMEM; /* the room suffices, so memory is all that can fail */
	out->len += n;
	return 0;
}

/* One frame with a checksum, and nothing else: zstd itself takes several, and frames without. */
static int frame_check(const uint8_t *frame, size_t frame_len, const char *what, struct error *err)
{
	struct cursor c = cursor_over(frame, frame_len);
	uint32_t magic = cursor_u32(&c);
	uint8_t descriptor = cursor_u8(&c);

	if (cursor_failed(&c) || magic != ZSTD_MAGICNUMBER)
		return error_set(err, -EBADMSG, "%s: not a zstd frame", what);
	if (!(descriptor & FRAME_CHECKSUM))
		return error_set(err, -EBADMSG, "%s: its frame has no checksum", what);
	/* Where the frame itself is damaged, decompression says how. */
	if (ZSTD_findFrameCompressedSize(frame, frame_len) < frame_len)
		return error_set(err, -EBADMSG, "%s: something follows its frame", what);
	return 0;
}

int frame_read(ZSTD_DCtx *zstd, const uint8_t *frame, size_t frame_len, void *data, size_t len,
	       const char *what, struct error *err)
{
	unsigned long long said = ZSTD_getFrameContentSize(frame, frame_len);
	size_t n;

	if (said != len) {
		if (said == ZSTD_CONTENTSIZE_UNKNOWN || said == ZSTD_CONTENTSIZE_ERROR)
			return error_set(err, -EBADMSG, "%s: not a zstd frame of known size", what);
		return error_set(err, -EBADMSG, "%s: its frame holds %llu bytes instead of %zu", what,
				 said, len);
	}
	if (frame_check(frame, frame_len, what, err) < 0)
		return -EBADMSG;
	n = ZSTD_decompressDCtx(zstd, data, len, frame, frame_len);
	if (ZSTD_isError(n))
		return error_set(err, -EBADMSG, "%s: %s", what, ZSTD_getErrorName(n));
	if (n != len)
		return error_set(err, -EBADMSG, "%s: its frame ends early", what);
	return 0;
}

int packed_encode(ZSTD_CCtx *zstd, int level, const struct buffer *raw, struct buffer *frame,
		  struct packed *ret)
{
	buffer_clear(frame);
	if (buffer_failed(raw) ||
	    (raw->len && frame_append(zstd, level, frame, raw->data, raw->len) < 0))
		return -ENOMEM;
	*ret = (struct packed){(uint32_t)raw->len, (uint32_t)frame->len};
	return 0;
}

int packed_decode(ZSTD_DCtx *zstd, const struct packed *p, struct cursor data, struct buffer *raw,
		  struct error *err)
{
	const uint8_t *frame = cursor_bytes(&data, p->frame_len);

	buffer_clear(raw);
	if (p->raw_len > WIRE_RAW_MAX || !frame)
		return error_set(err, -EBADMSG, "data of %u bytes, %u when decompressed, is impossible",
				 p->frame_len, p->raw_len);
	if (!p->raw_len)
		return 0;
	if (!buffer_reserve(raw, p->raw_len))
		return error_set(err, -ENOMEM, "out of memory");
	raw->len = p->raw_len;
	return frame_read(zstd, frame, p->frame_len, raw->data, raw->len, "data", err);
}
