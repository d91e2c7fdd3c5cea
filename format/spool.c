#include "format/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void spool_init(struct spool *s, const char *folder)
{
	*s = (struct spool){.folder = folder, .fd = -1};
}

void spool_done(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buffer_done(&s->bytes);
	spool_init(s, s->folder);
}

static int fail(struct spool *s, int code, const char *what, struct error *err)
{
	s->failed = code;
	return error_set(err, code, "temporary file: %s: %s", what, strerror(-code));
}

static int file_open(struct spool *s, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	const char *const folders[] = {s->folder, tmp, "/var/tmp", "/tmp"};

	for (unsigned i = 0; i < sizeof folders / sizeof *folders && s->fd < 0; i++)
		if (folders[i] && folders[i][0])
			s->fd = open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return s->fd < 0 ? fail(s, -errno, "cannot be made", err) : 0;
}

static int spill(struct spool *s, struct error *err)
{
	size_t done = 0;

	if (s->fd < 0 && file_open(s, err) < 0)
		return s->failed;
	while (done < s->bytes.len) {
		ssize_t n = write(s->fd, s->bytes.data + done, s->bytes.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(s, n ? -errno : -EIO, "writing", err);
		done += (size_t)n;
	}
	s->file_len += done;
	buffer_clear(&s->bytes);
	return 0;
}

int spool_append(struct spool *s, const void *data, size_t len, struct error *err)
{
	if (s->failed)
		return error_set(err, s->failed, "temporary file: %s", strerror(-s->failed));
	buffer_append(&s->bytes, data, len);
	if (buffer_failed(&s->bytes))
		return fail(s, -ENOMEM, "memory", err);
	return s->bytes.len < SPOOL_MEMORY_MAX ? 0 : spill(s, err);
}

int spool_pread(const struct spool *s, void *data, size_t len, uint64_t at, struct error *err)
{
	uint8_t *to = data;

	if (at > spool_len(s) || len > spool_len(s) - at)
		return error_set(err, -EINVAL, "temporary file: read beyond its end");
	while (len && at < s->file_len) {
		size_t part = len < s->file_len - at ? len : (size_t)(s->file_len - at);
		ssize_t n = pread(s->fd, to, part, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(err, n ? -errno : -EIO, "temporary file: reading: %s",
					 strerror(n ? errno : EIO));
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	if (len)
		memcpy(to, s->bytes.data + (at - s->file_len), len);
	return 0;
}
