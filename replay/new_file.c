#include "replay/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES "/proc/self/fd" /* where a file without a name can be taken from */
#define FLAGS (O_WRONLY | O_CLOEXEC | O_NOCTTY)

static int fail(const struct new_file *f, struct error *err)
{
	return error_set(err, -errno, "%s: %s", f->path, strerror(errno));
}

/* The place that a name leads to, symbolic links followed. false: it cannot be told, or is too long. */
static bool real_place(const char *path, char place[PATH_MAX])
{
	char copy[PATH_MAX], folder[PATH_MAX];
	int n;

	if (realpath(path, place))
		return true;
	if (strlen(path) >= sizeof copy)
		return false;
	strcpy(copy, path);
	if (!realpath(dirname(copy), folder))
		return false;
	strcpy(copy, path);
	n = snprintf(place, PATH_MAX, "%s/%s", folder, basename(copy));
	return n > 0 && n < PATH_MAX;
}

/* In the folder where it will be. false: it must be written under its name. */
static bool open_unnamed(struct new_file *f)
{
	char place[PATH_MAX];
	struct stat st;

	if (lstat(f->path, &st) == 0 && S_ISLNK(st.st_mode) && stat(f->path, &st) < 0)
		return false; /* leads nowhere yet */
	if (access(NAMES, X_OK) < 0)
		return false; /* /proc is not there: it could not be given its name */
	if (!f->path[0] || f->path[strlen(f->path) - 1] == '/' || !real_place(f->path, place))
		return false;
	f->fd = open(dirname(place), FLAGS | O_TMPFILE, 0600);
	f->unnamed = f->fd >= 0;
	return f->unnamed;
}

static int open_named(struct new_file *f, bool exists, struct error *err)
{
	f->fd = open(f->path, FLAGS | O_CREAT, 0600);
	if (f->fd < 0)
		return fail(f, err);
	f->made = !exists;
	return exists && ftruncate(f->fd, 0) < 0 && errno != EINVAL ? fail(f, err) : 0;
}

int new_file_open(struct new_file *f, const char *path, char *const *inputs, size_t n_inputs, struct error *err)
{
	bool to_stdout = !strcmp(path, "-"), exists;
	struct stat in, out;

	*f = (struct new_file){.path = path, .fd = to_stdout ? fcntl(1, F_DUPFD_CLOEXEC, 3) : -1};
	if (to_stdout && f->fd < 0)
		return fail(f, err);
	exists = (to_stdout ? fstat(f->fd, &out) : stat(path, &out)) == 0;
	if (exists && S_ISREG(out.st_mode)) {
		for (size_t i = 0; i < n_inputs; i++)
			if ((strcmp(inputs[i], "-") ? stat(inputs[i], &in) : fstat(0, &in)) == 0 &&
			    in.st_dev == out.st_dev && in.st_ino == out.st_ino)
				return error_set(err, -EINVAL, "%s is the input, too; write to another file", path);
		if (!to_stdout && access(path, W_OK) < 0)
			return fail(f, err);
	}
	if (!to_stdout && !((!exists || S_ISREG(out.st_mode)) && open_unnamed(f))) {
		int r = open_named(f, exists, err);

		if (r < 0)
			return r;
	}
	return isatty(f->fd) ? error_set(err, -EINVAL, "a capture is no text: it is not written to a terminal") : 0;
}

/* A name of its own first: only rename() puts it in another file's place at once. */
static int give_name(struct new_file *f, struct error *err)
{
	char from[64], place[PATH_MAX], beside[PATH_MAX + 32];

	if (!real_place(f->path, place))
		return fail(f, err);
	snprintf(from, sizeof from, NAMES "/%d", f->fd);
	snprintf(beside, sizeof beside, "%s.%ld", place, (long)getpid());
	if (linkat(AT_FDCWD, from, AT_FDCWD, place, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST || linkat(AT_FDCWD, from, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) < 0)
		return fail(f, err);
	if (rename(beside, place) == 0)
		return 0;
	fail(f, err);
	unlink(beside);
	return err ? err->code : -EIO;
}

int new_file_close(struct new_file *f, bool keep, struct error *err)
{
	int r = keep && f->unnamed ? give_name(f, err) : 0;

	if (!keep && f->made)
		unlink(f->path);
	if (f->fd >= 0 && close(f->fd) < 0 && r == 0)
		r = fail(f, err);
	f->fd = -1;
	return r;
}
