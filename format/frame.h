/*
 * zstd frames as blocks hold them: content size stated, content checksum. Sizes are
 * known before anything is decompressed, so nothing in a frame decides how much memory is used.
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include "format/block.h"

#include <zstd.h>

/* Appends one frame with the contents. 0 or -ENOMEM. */
int frame_append(ZSTD_CCtx *zstd, int level, struct buffer *out, const void *data, size_t len);
/*
 * The same for numbers of several kinds, one kind behind the other: each piece, up to ends[i] bytes, gets
 * statistics of its own where that pays. ends ascend; the last is len.
 */
int frame_append_pieces(ZSTD_CCtx *zstd, int level, struct buffer *out, const void *data, size_t len,
			const uint32_t *ends, uint32_t n_ends);
/* The same with matches in `prefix`, which the reader must have, too. */
int frame_append_after(ZSTD_CCtx *zstd, int level, struct buffer *out, const struct buffer *prefix,
		       const void *data, size_t len);
/* Decompresses one frame that must hold exactly len bytes. 0 or -EBADMSG with words about `what`. */
int frame_read(ZSTD_DCtx *zstd, const uint8_t *frame, size_t frame_len, void *data, size_t len,
	       const char *what, struct error *err);
int frame_read_after(ZSTD_DCtx *zstd, const void *prefix, size_t prefix_len, const uint8_t *frame,
		     size_t frame_len, void *data, size_t len, const char *what, struct error *err);

/* Compresses raw into frame (made anew) and says so in *ret. 0 or -ENOMEM. */
int packed_encode(ZSTD_CCtx *zstd, int level, const struct buffer *raw, struct buffer *frame,
		  struct packed *ret);
/* Decompresses the data of a block into raw (made anew). 0, -EBADMSG, -ENOMEM. */
int packed_decode(ZSTD_DCtx *zstd, const struct packed *p, struct cursor data, struct buffer *raw,
		  struct error *err);
