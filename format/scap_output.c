#include "format/scap_output.h"

#include <errno.h>
#include <unistd.h>

#define WINDOW_GZIP (15 + 16) /* zlib: the largest window, in gzip's clothes */
#define MEMORY_LEVEL 8	      /* zlib's own default */

void scap_output_init(struct scap_output *o, int fd, int level)
{
	*o = (struct scap_output){.fd = fd, .level = level < SCAP_GZIP_MAX ? level : SCAP_GZIP_MAX};
}

void scap_output_done(struct scap_output *o)
{
	if (o->has_zlib)
		deflateEnd(&o->zlib);
	o->has_zlib = false;
	buffer_done(&o->bytes);
	buffer_done(&o->packed);
}

static int fail(struct scap_output *o, int code, struct error *err)
{
	o->failed = code;
	return error_set(err, code, "%s", strerror(-code));
}

static int write_all(struct scap_output *o, const uint8_t *data, size_t len, struct error *err)
{
	while (len) {
		ssize_t n = write(o->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(o, n ? -errno : -EIO, err);
		data += n;
		len -= (size_t)n;
		o->n_written += (uint64_t)n;
	}
	return 0;
}

/* One member of what is gathered, in `packed`. */
static int pack(struct scap_output *o, struct error *err)
{
	uLong bound;
	int r = o->has_zlib ? deflateReset(&o->zlib)
			    : deflateInit2(&o->zlib, o->level, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL,
					   Z_DEFAULT_STRATEGY);

	if (r != Z_OK)
		return fail(o, -ENOMEM, err);
	o->has_zlib = true;
	bound = deflateBound(&o->zlib, o->bytes.len);
	buffer_clear(&o->packed);
	if (!buffer_reserve(&o->packed, bound))
		return fail(o, -ENOMEM, err);
	o->zlib.next_in = o->bytes.data;
	o->zlib.avail_in = (uInt)o->bytes.len;
	o->zlib.next_out = o->packed.data;
	o->zlib.avail_out = (uInt)bound;
	if (deflate(&o->zlib, Z_FINISH) != Z_STREAM_END)
		return fail(o, -EIO, err);
	o->packed.len = bound - o->zlib.avail_out;
	return 0;
}

int scap_output_flush(struct scap_output *o, struct error *err)
{
	const struct buffer *from = o->level ? &o->packed : &o->bytes;
	int r = 0;

	if (o->failed)
		return error_set(err, o->failed, "%s", strerror(-o->failed));
	if (o->bytes.len == 0)
		return 0;
	if (o->level)
		r = pack(o, err);
	if (r == 0)
		r = write_all(o, from->data, from->len, err);
	buffer_clear(&o->bytes);
	return r;
}

int scap_output_write(struct scap_output *o, const void *data, size_t len, struct error *err)
{
	const uint8_t *from = data;

	while (len) {
		size_t room = SCAP_MEMBER_LEN - o->bytes.len, part = len < room ? len : room;
		int r;

		if (o->failed)
			return error_set(err, o->failed, "%s", strerror(-o->failed));
		buffer_append(&o->bytes, from, part);
		if (buffer_failed(&o->bytes))
			return fail(o, -ENOMEM, err);
		from += part;
		len -= part;
		if (o->bytes.len == SCAP_MEMBER_LEN && (r = scap_output_flush(o, err)) < 0)
			return r;
	}
	return 0;
}
