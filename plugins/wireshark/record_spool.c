#include "plugins/wireshark/record_spool.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#define AT_BITS 22 /* of a place: where in the frame; above them the frame's number */
#define LEVEL   1

_Static_assert(RECORD_SPOOL_FRAME + RECORD_MAX + 16 < 1u << AT_BITS,
	       "a place in a frame fits its bits");

struct frame_at {
	uint64_t at; /* in the spool */
	uint32_t packed_len, len;
};

struct cached_frame {
	uint64_t number;
	bool used;
	struct buffer bytes;
};

struct record_spool {
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
	struct spool spool;
	struct buffer open; /* the frame that is being filled, number n_frames */
	struct buffer packed;
	struct frame_at *frames;
	uint64_t n_frames, cap_frames;
	struct cached_frame cache[RECORD_SPOOL_CACHED];
	unsigned oldest;
};

struct record_spool *record_spool_new(void)
{
	struct record_spool *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	spool_init(&s->spool, NULL);
	s->compress = ZSTD_createCCtx();
	s->decompress = ZSTD_createDCtx();
	if (!s->compress || !s->decompress) {
		record_spool_free(s);
		return NULL;
	}
	return s;
}

void record_spool_free(struct record_spool *s)
{
	if (!s)
		return;
	ZSTD_freeCCtx(s->compress);
	ZSTD_freeDCtx(s->decompress);
	spool_done(&s->spool);
	buffer_done(&s->open);
	buffer_done(&s->packed);
	for (unsigned i = 0; i < RECORD_SPOOL_CACHED; i++)
		buffer_done(&s->cache[i].bytes);
	free(s->frames);
	free(s);
}

static int frame_close(struct record_spool *s, struct error *err)
{
	size_t bound = ZSTD_compressBound(s->open.len), n;
	uint8_t *to;
	int r;

	if (s->n_frames == s->cap_frames) {
		uint64_t cap = s->cap_frames ? 2 * s->cap_frames : 64;
		struct frame_at *more = realloc(s->frames, cap * sizeof *more);

		if (!more)
			return error_set(err, -ENOMEM, "out of memory");
		s->frames = more;
		s->cap_frames = cap;
	}
	buffer_clear(&s->packed);
	to = buffer_reserve(&s->packed, bound);
	n = to ? ZSTD_compressCCtx(s->compress, to, bound, s->open.data, s->open.len, LEVEL) : 0;
	if (!to || ZSTD_isError(n))
		return error_set(err, -ENOMEM, "out of memory");
	s->frames[s->n_frames] =
	    (struct frame_at){spool_len(&s->spool), (uint32_t)n, (uint32_t)s->open.len};
	if ((r = spool_append(&s->spool, to, n, err)) < 0)
		return r;
	s->n_frames++;
	buffer_clear(&s->open);
	return 0;
}

int64_t record_spool_add(struct record_spool *s, const uint8_t *bytes, size_t len, uint64_t time_ns,
			 struct error *err)
{
	int64_t place;
	int r;

	if (s->open.len >= RECORD_SPOOL_FRAME && (r = frame_close(s, err)) < 0)
		return r;
	place = RECORD_PLACE_BIT | (int64_t)(s->n_frames << AT_BITS | s->open.len);
	buffer_u32(&s->open, (uint32_t)len);
	buffer_u64(&s->open, time_ns);
	buffer_append(&s->open, bytes, len);
	return buffer_failed(&s->open) ? error_set(err, -ENOMEM, "out of memory") : place;
}

/* The frame's bytes, from the cache or the spool. NULL with words. */
static const struct buffer *frame_find(struct record_spool *s, uint64_t number, struct error *err)
{
	const struct frame_at *f = &s->frames[number];
	struct cached_frame *c;
	uint8_t *to;
	size_t n;

	for (unsigned i = 0; i < RECORD_SPOOL_CACHED; i++)
		if (s->cache[i].used && s->cache[i].number == number)
			return &s->cache[i].bytes;
	c = &s->cache[s->oldest++ % RECORD_SPOOL_CACHED];
	c->used = false;
	buffer_clear(&s->packed);
	buffer_clear(&c->bytes);
	to = buffer_reserve(&s->packed, f->packed_len);
	if (!to || !buffer_reserve(&c->bytes, f->len)) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (spool_pread(&s->spool, to, f->packed_len, f->at, err) < 0)
		return NULL;
	n = ZSTD_decompressDCtx(s->decompress, c->bytes.data, f->len, to, f->packed_len);
	if (n != f->len) {
		error_set(err, -EIO, "a temporary file changed");
		return NULL;
	}
	c->bytes.len = n;
	c->number = number;
	c->used = true;
	return &c->bytes;
}

int record_spool_get(struct record_spool *s, int64_t place, const uint8_t **ret_bytes,
		     size_t *ret_len, uint64_t *ret_time_ns, struct error *err)
{
	uint64_t number = (uint64_t)(place & ~RECORD_PLACE_BIT) >> AT_BITS;
	uint64_t at = (uint64_t)place & ((1u << AT_BITS) - 1);
	const struct buffer *frame;
	struct cursor c;

	if (place < 0 || !(place & RECORD_PLACE_BIT) || number > s->n_frames)
		return error_set(err, -EINVAL, "no record was there");
	frame = number == s->n_frames ? &s->open : frame_find(s, number, err);
	if (!frame)
		return -EIO;
	if (at >= frame->len)
		return error_set(err, -EINVAL, "no record was there");
	c = cursor_over(frame->data + at, frame->len - at);
	*ret_len = cursor_u32(&c);
	*ret_time_ns = cursor_u64(&c);
	*ret_bytes = cursor_bytes(&c, *ret_len);
	return cursor_failed(&c) ? error_set(err, -EINVAL, "no record was there") : 0;
}
