#include "capture/out_file.h"

#include "capture/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_WRONLY | O_CLOEXEC | O_NOCTTY)

/* Whose it is and who may read it, before anything is in it. */
static int make_private(struct out_file *f, struct error *err)
{
	unsigned uid, gid;

	privilege_invoker(&uid, &gid);
	if (fchmod(f->fd, 0600) < 0 || (geteuid() == 0 && fchown(f->fd, uid, gid) < 0))
		return error_set(err, -errno, "%s: making it private: %s", f->name, strerror(errno));
	return 0;
}

static int check_kind(struct out_file *f, struct error *err)
{
	struct stat st;

	if (isatty(f->fd))
		return error_set(err, -EINVAL, "a capture is no text: -w writes none to a terminal");
	if (fstat(f->fd, &st) < 0)
		return error_set(err, -errno, "%s: %s", f->name, strerror(errno));
	f->is_plain = strcmp(f->path, "-") && S_ISREG(st.st_mode);
	return f->is_plain ? make_private(f, err) : 0;
}

static int fd_open(struct out_file *f)
{
	if (!strcmp(f->path, "-"))
		return fcntl(1, F_DUPFD_CLOEXEC, 3);
	f->fd = open(f->path, FLAGS | O_CREAT | O_EXCL, 0600);
	f->is_ours = f->fd >= 0;
	/* A link that points nowhere exists, too: what it points to is then made. */
	return f->is_ours || errno != EEXIST ? f->fd : open(f->path, FLAGS | O_CREAT, 0600);
}

int out_file_open(struct out_file *f, const char *path, struct error *err)
{
	int r = 0;

	*f = (struct out_file){.path = path, .name = strcmp(path, "-") ? path : "standard output"};
	f->fd = fd_open(f);
	if (f->fd < 0)
		r = error_set(err, -errno, "%s: %s", f->name, strerror(errno));
	else
		r = check_kind(f, err);
	if (r < 0)
		out_file_close(f, NULL);
	return r;
}

int out_file_begin(struct out_file *f, struct error *err)
{
	f->has_begun = true;
	/* Cutting a new file would make some file systems write it through when it is closed. */
	if (f->is_plain && !f->is_ours && ftruncate(f->fd, 0) < 0)
		return error_set(err, -errno, "%s: %s", f->name, strerror(errno));
	return 0;
}

int out_file_close(struct out_file *f, struct error *err)
{
	int r = 0;

	if (!f->path)
		return 0;
	if (f->is_ours && !f->has_begun)
		unlink(f->path);
	if (f->fd >= 0 && close(f->fd) < 0 && errno != EINTR)
		r = error_set(err, -errno, "%s: %s", f->name, strerror(errno));
	*f = (struct out_file){.fd = -1};
	return r;
}
