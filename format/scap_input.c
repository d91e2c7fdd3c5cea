#include "format/scap_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKED_LEN	(128u << 10)
#define GZIP_FRONT	4 /* of a member's header: what tells it from chance */
#define ZSTD_WINDOW_LOG 27 /* what a frame may ask of memory: 128 MiB, as zstd -d without --long */

int scap_input_init(struct scap_input *in, int fd)
{
	struct stat st;

	*in = (struct scap_input){.fd = fd};
	in->seekable = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	in->window = malloc(SCAP_WINDOW_LEN);
	return in->window ? 0 : -ENOMEM;
}

void scap_input_done(struct scap_input *in)
{
	if (in->zlib)
		inflateEnd(in->zlib);
	free(in->zlib);
	ZSTD_freeDCtx(in->zstd);
	free(in->window);
	free(in->packed);
	if (in->fd >= 0)
		close(in->fd);
	*in = (struct scap_input){.fd = -1};
}

/* Bytes of the file: how many, 0 at its end, negative errno. */
static ssize_t read_some(struct scap_input *in, uint8_t *to, size_t room, struct error *err)
{
	ssize_t n;

	while ((n = read(in->fd, to, room)) < 0 && errno == EINTR && !(in->stop && *in->stop))
		;
	if (n < 0)
		return error_set(err, -errno, "cannot read: %s", strerror(errno));
	return n;
}

static int packed_refill(struct scap_input *in, struct error *err)
{
	ssize_t n;

	if (in->packed_start < in->packed_end)
		return 1;
	n = read_some(in, in->packed, PACKED_LEN, err);
	if (n <= 0)
		return (int)n; /* what was used last stays, to be looked at again */
	in->packed_start = in->later = 0;
	in->packed_end = (size_t)n;
	return 1;
}

/* The rest is of no use; told when all in front of it has been used. */
static void break_off(struct scap_input *in, int code, const char *words)
{
	in->ended = true;
	error_set_at(&in->damage, code, in->file_at, "%s at byte %llu of the file", words,
		     (unsigned long long)in->file_at);
}

static int packing_find(struct scap_input *in, struct error *err)
{
	const uint8_t *p = in->window;
	size_t have = in->end;
	ssize_t n = 1;

	while (have < 4 && n > 0) {
		n = read_some(in, in->window + have, 4 - have, err);
		if (n < 0)
			return (int)n;
		have += (size_t)n;
		in->end = have;
	}
	in->known = true;
	if (have >= 2 && p[0] == 0x1f && p[1] == 0x8b)
		in->packing = SCAP_GZIP;
	else if (have == 4 && memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0)
		in->packing = SCAP_ZSTD;
	if (in->packing == SCAP_PLAIN) {
		in->file_at = have;
		return 0;
	}
	if (!(in->packed = malloc(PACKED_LEN)))
		return error_set(err, -ENOMEM, "out of memory");
	memcpy(in->packed, p, have);
	in->packed_end = have;
	in->end = 0;
	if (in->packing == SCAP_GZIP) {
		in->zlib = calloc(1, sizeof *in->zlib);
		if (in->zlib && inflateInit2(in->zlib, 15 + 16) == Z_OK)
			return 0;
		free(in->zlib);
		in->zlib = NULL;
		return error_set(err, -ENOMEM, "out of memory");
	}
	in->zstd = ZSTD_createDCtx();
	if (!in->zstd)
		return error_set(err, -ENOMEM, "out of memory");
	ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	return 0;
}

/* Between members: whether what follows is another one. */
static bool gzip_member_begins(struct scap_input *in)
{
	const uint8_t *p = in->packed + in->packed_start;

	if (p[0] == 0x1f)
		return true; /* inflate() judges the rest */
	break_off(in, -EBADMSG, "something else than gzip data follows");
	return false;
}

/* Decompresses into [to, to + room); returns how many bytes came out. */
static size_t inflate_some(struct scap_input *in, uint8_t *to, size_t room)
{
	int r;

	if (!in->within && !gzip_member_begins(in))
		return 0;
	if (!in->within)
		in->later = in->packed_start + 1;
	in->within = true;
	in->zlib->next_in = in->packed + in->packed_start;
	in->zlib->avail_in = (uInt)(in->packed_end - in->packed_start);
	in->zlib->next_out = to;
	in->zlib->avail_out = (uInt)room;
	r = inflate(in->zlib, Z_NO_FLUSH);
	in->file_at += (in->packed_end - in->packed_start) - in->zlib->avail_in;
	in->packed_start = in->packed_end - in->zlib->avail_in;
	if (r == Z_STREAM_END) {
		in->within = false;
		inflateReset(in->zlib);
	} else if (r != Z_OK && r != Z_BUF_ERROR) {
		break_off(in, -EBADMSG, in->zlib->msg ? in->zlib->msg : "damaged gzip data");
	}
	return room - in->zlib->avail_out;
}

static bool is_gzip_front(const uint8_t *p)
{
	return p[0] == 0x1f && p[1] == 0x8b && p[2] == Z_DEFLATED && (p[3] & 0xe0) == 0;
}

int scap_input_resume(struct scap_input *in, struct error *err)
{
	size_t back = in->within && in->later < in->packed_start ? in->packed_start - in->later : 0;

	if (in->packing != SCAP_GZIP)
		return 0;
	/* Where bytes are missing, decompression runs into the next member before it fails. */
	if (in->twice + back <= in->file_at) {
		in->twice += back;
		in->packed_start -= back;
		in->file_at -= back;
	}
	for (;;) {
		size_t have = in->packed_end - in->packed_start;
		ssize_t n;

		for (; have >= GZIP_FRONT; have--, in->packed_start++, in->file_at++) {
			if (!is_gzip_front(in->packed + in->packed_start))
				continue;
			in->ended = in->within = false;
			error_clear(&in->damage);
			inflateReset(in->zlib);
			return 1;
		}
		memmove(in->packed, in->packed + in->packed_start, have);
		in->packed_start = 0;
		in->packed_end = have;
		n = read_some(in, in->packed + have, PACKED_LEN - have, err);
		if (n <= 0)
			return (int)n;
		in->packed_end += (size_t)n;
	}
}

static size_t unzstd_some(struct scap_input *in, uint8_t *to, size_t room)
{
	ZSTD_inBuffer from = {in->packed + in->packed_start, in->packed_end - in->packed_start, 0};
	ZSTD_outBuffer out = {to, room, 0};
	size_t r = ZSTD_decompressStream(in->zstd, &out, &from);

	in->packed_start += from.pos;
	in->file_at += from.pos;
	in->within = r != 0;
	if (ZSTD_isError(r))
		break_off(in, -EBADMSG, ZSTD_getErrorName(r));
	return out.pos;
}

/* More decompressed bytes behind `end`. 1, 0: none for now or for ever (ended), negative errno. */
static int unpack(struct scap_input *in, size_t room, struct error *err)
{
	for (;;) {
		int r = packed_refill(in, err);
		size_t n;

		if (r < 0)
			return r;
		if (r == 0) {
			if (in->within)
				break_off(in, -ENODATA, "truncated: the compressed data end too early,");
			in->ended = true;
			return 0;
		}
		n = in->packing == SCAP_GZIP ? inflate_some(in, in->window + in->end, room)
					     : unzstd_some(in, in->window + in->end, room);
		in->end += n;
		if (n || in->ended)
			return n > 0;
	}
}

static int read_plain(struct scap_input *in, size_t room, struct error *err)
{
	ssize_t n = read_some(in, in->window + in->end, room, err);

	if (n < 0)
		return (int)n;
	in->end += (size_t)n;
	in->file_at += (size_t)n;
	in->ended = n == 0;
	return n > 0;
}

int scap_input_fill(struct scap_input *in, size_t n, struct error *err)
{
	int r = 1;

	if (scap_input_have(in) >= n)
		return 0;
	memmove(in->window, in->window + in->start, scap_input_have(in));
	in->end -= in->start;
	in->start = 0;
	if (!in->known && (r = packing_find(in, err)) < 0)
		return r;
	r = 1;
	while (in->end < n && r > 0 && !in->ended) {
		size_t want = in->end + SCAP_FILL_LEN < SCAP_WINDOW_LEN ? SCAP_FILL_LEN
									: SCAP_WINDOW_LEN - in->end;

		r = in->packing == SCAP_PLAIN ? read_plain(in, want, err) : unpack(in, want, err);
	}
	return r < 0 ? r : 0;
}

uint64_t scap_input_left(const struct scap_input *in)
{
	struct stat st;
	off_t at;

	if (in->ended)
		return scap_input_have(in);
	if (!in->seekable || in->packing != SCAP_PLAIN || fstat(in->fd, &st) < 0 ||
	    (at = lseek(in->fd, 0, SEEK_CUR)) < 0)
		return UINT64_MAX;
	return scap_input_have(in) + (st.st_size > at ? (uint64_t)(st.st_size - at) : 0);
}

int scap_input_skip(struct scap_input *in, uint64_t n, uint64_t *ret_missing, struct error *err)
{
	*ret_missing = 0;
	for (;;) {
		size_t have = scap_input_have(in), step = n < have ? (size_t)n : have;
		int r;

		in->start += step;
		in->at += step;
		n -= step;
		if (n == 0)
			return 0;
		if ((r = scap_input_fill(in, 1, err)) < 0)
			return r;
		if (scap_input_have(in) == 0) {
			*ret_missing = n;
			return 0;
		}
	}
}
