#include "format/input.h"
#include "format/scap_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough for the header and the first columns of most blocks, little enough to skip the rest. */
#define READ_AHEAD  (16u << 10)
#define WINDOW_SIZE (INPUT_PEEK_MAX + READ_AHEAD)

int input_init(struct input *in, int fd)
{
	struct stat st;
	off_t at;

	*in = (struct input){.fd = fd};
	if (!(in->window = malloc(WINDOW_SIZE)))
		return -ENOMEM;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (at = lseek(fd, 0, SEEK_CUR)) >= 0) {
		in->seekable = true;
		in->at = (uint64_t)at;
	}
	return 0;
}

int input_init_packed(struct input *in, struct scap_input *bytes)
{
	*in = (struct input){.fd = -1};
	if (!(in->packed = malloc(sizeof *in->packed))) {
		scap_input_done(bytes);
		return -ENOMEM;
	}
	*in->packed = *bytes;
	return (in->window = malloc(WINDOW_SIZE)) ? 0 : -ENOMEM;
}

void input_done(struct input *in)
{
	if (in->packed)
		scap_input_done(in->packed);
	free(in->packed);
	in->packed = NULL;
	free(in->window);
	in->window = NULL;
	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
}

static ssize_t packed_read(struct scap_input *packed, uint8_t *to, size_t want)
{
	uint64_t missing;
	int r = scap_input_fill(packed, 1, NULL);
	size_t n = scap_input_have(packed) < want ? scap_input_have(packed) : want;

	if (r < 0)
		return r;
	memcpy(to, packed->window + packed->start, n);
	scap_input_skip(packed, n, &missing, NULL);
	return (ssize_t)n;
}

/* Reads behind the window's end. Bytes read, 0 at the end, negative errno. */
static ssize_t input_read(struct input *in, size_t want)
{
	uint8_t *to = in->window + in->end;
	ssize_t n;

	if (in->packed)
		return packed_read(in->packed, to, want);
	do {
		n = in->seekable ? pread(in->fd, to, want, (off_t)(in->at + in->end - in->start))
				 : read(in->fd, to, want);
	} while (n < 0 && errno == EINTR && !(in->stop && *in->stop));
	return n < 0 ? -errno : n;
}

int input_peek(struct input *in, size_t n, const uint8_t **ret, size_t *ret_have, struct error *err)
{
	if (in->start + n > WINDOW_SIZE) {
		memmove(in->window, in->window + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = 0;
	}
	while (in->end - in->start < n) {
		size_t want = n - (in->end - in->start);
		ssize_t got;

		if (want < READ_AHEAD)
			want = READ_AHEAD;
		if (want > WINDOW_SIZE - in->end)
			want = WINDOW_SIZE - in->end;
		got = input_read(in, want);
		if (got < 0)
			return error_set_at(err, (int)got, in->at, "reading at offset %llu failed: %s",
					    (unsigned long long)in->at, strerror((int)-got));
		if (got == 0)
			break;
		in->end += (size_t)got;
	}
	*ret = in->window + in->start;
	*ret_have = in->end - in->start;
	return 0;
}

int input_skip(struct input *in, uint64_t n, uint64_t *ret_missing, struct error *err)
{
	uint64_t have = in->end - in->start, step = n < have ? n : have;

	in->start += step;
	in->at += step;
	n -= step;
	*ret_missing = 0;
	if (!n)
		return 0;
	in->start = in->end = 0;
	if (in->seekable) {
		struct stat st;

		if (fstat(in->fd, &st) < 0)
			return error_set_at(err, -errno, in->at, "%s", strerror(errno));
		have = (uint64_t)st.st_size > in->at ? (uint64_t)st.st_size - in->at : 0;
		*ret_missing = n > have ? n - have : 0;
		in->at += n;
		return 0;
	}
	while (n) {
		ssize_t got = input_read(in, n < WINDOW_SIZE ? n : WINDOW_SIZE);

		if (got < 0)
			return error_set_at(err, (int)got, in->at, "reading at offset %llu failed: %s",
					    (unsigned long long)in->at, strerror((int)-got));
		if (got == 0) {
			*ret_missing = n;
			return 0;
		}
		n -= (uint64_t)got;
		in->at += (uint64_t)got;
	}
	return 0;
}

void input_seek(struct input *in, uint64_t at)
{
	in->start = in->end = 0;
	in->at = at;
}

const struct error *input_damage(const struct input *in)
{
	return in->packed && in->packed->damage.code ? &in->packed->damage : NULL;
}
