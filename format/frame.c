#include "format/frame.h"

#include <errno.h>

#define FRAME_CHECKSUM 4u /* bit of the frame header descriptor (RFC 8878, 3.1.1.1.1) */

/*
 * Levels 6 to 8 try more candidates for a match than zstd has them do: 1 to 2 % smaller, a tenth
 * slower. The next strategy that is better costs twice as much.
 */
#define SEARCH_LOG 5

#define PIECE_MIN 1024u /* a table of frequencies takes about 60 bytes */

/* Sets what a frame is made with, and gives room for it. */
static uint8_t *frame_begin(ZSTD_CCtx *zstd, int level, struct buffer *out, size_t len)
{
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_searchLog, level >= 6 && level <= 8 ? SEARCH_LOG : 0);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	return buffer_reserve(out, ZSTD_compressBound(len));
}

int frame_append(ZSTD_CCtx *zstd, int level, struct buffer *out, const void *data, size_t len)
{
	uint8_t *p = frame_begin(zstd, level, out, len);
	size_t n;

	if (!p)
		return -ENOMEM;
	n = ZSTD_compress2(zstd, p, ZSTD_compressBound(len), data, len);
	if (ZSTD_isError(n))
		return -ENOMEM; /* the room suffices, so memory is all that can fail */
	out->len += n;
	return 0;
}

int frame_append_after(ZSTD_CCtx *zstd, int level, struct buffer *out, const struct buffer *prefix,
		       const void *data, size_t len)
{
	/* Valid for one frame. */
	if (prefix->len && ZSTD_isError(ZSTD_CCtx_refPrefix(zstd, prefix->data, prefix->len)))
		return -ENOMEM;
	return frame_append(zstd, level, out, data, len);
}

int frame_append_pieces(ZSTD_CCtx *zstd, int level, struct buffer *out, const void *data,
			size_t len, const uint32_t *ends, uint32_t n_ends)
{
	/* Every piece may need a block header more. */
	uint8_t *p = frame_begin(zstd, level, out, len + 4 * (len / PIECE_MIN + 1));
	ZSTD_outBuffer to = {p, ZSTD_compressBound(len + 4 * (len / PIECE_MIN + 1)), 0};
	ZSTD_inBuffer from = {data, 0, 0};

	if (!p || ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(zstd, len)))
		return -ENOMEM;
	for (uint32_t i = 0; i < n_ends; i++) {
		bool last = i == n_ends - 1;

		if (!last && (ends[i] - from.pos < PIECE_MIN || len - ends[i] < PIECE_MIN))
			continue;
		from.size = ends[i];
		if (ZSTD_compressStream2(zstd, &to, &from, last ? ZSTD_e_end : ZSTD_e_flush)) {
			ZSTD_CCtx_reset(zstd, ZSTD_reset_session_only);
			return -ENOMEM;
		}
	}
	out->len += to.pos;
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
		return error_set(err, -EBADMSG, "%s: its frame holds %llu bytes instead of %zu",
				 what, said, len);
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

int frame_read_after(ZSTD_DCtx *zstd, const void *prefix, size_t prefix_len, const uint8_t *frame,
		     size_t frame_len, void *data, size_t len, const char *what, struct error *err)
{
	int r;

	if (prefix_len && ZSTD_isError(ZSTD_DCtx_refPrefix(zstd, prefix, prefix_len)))
		return error_set(err, -ENOMEM, "out of memory");
	r = frame_read(zstd, frame, frame_len, data, len, what, err);
	/* A frame that was refused before it was begun has left the prefix behind. */
	if (r < 0)
		ZSTD_DCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	return r;
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
		return error_set(err, -EBADMSG,
				 "data of %u bytes, %u when decompressed, is impossible",
				 p->frame_len, p->raw_len);
	if (!p->raw_len)
		return 0;
	if (!buffer_reserve(raw, p->raw_len))
		return error_set(err, -ENOMEM, "out of memory");
	raw->len = p->raw_len;
	return frame_read(zstd, frame, p->frame_len, raw->data, raw->len, "data", err);
}
