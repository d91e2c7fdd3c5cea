/* Open files of a tracee: device, inode, path. What the kernel keeps to itself (layers of overlays) is not there. */
#include "capture/ptrace/tracee_proc.h"

#include "format/recipe.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#ifndef BTRFS_SUPER_MAGIC
#define BTRFS_SUPER_MAGIC 0x9123683E
#endif

/* The family's encoding. */
static uint32_t dev_encode(unsigned major, unsigned minor)
{
	return (minor & 0xFF) | (major << 8) | ((minor & ~0xFFu) << 12);
}

/* File systems that give stat() other numbers than they have inside. */
static bool hides_numbers(pid_t tid, const char *name)
{
	struct statfs fs;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	return statfs(path, &fs) == 0 &&
	       ((unsigned)fs.f_type == OVERLAYFS_SUPER_MAGIC || (unsigned)fs.f_type == BTRFS_SUPER_MAGIC);
}

/* Most files lie on a few devices: each is asked once. */
static bool device_hides_numbers(pid_t tid, const char *name, dev_t dev)
{
	static struct {
		dev_t dev;
		bool known, hides;
	} seen[16];
	unsigned i = (unsigned)(dev * 31 + dev / 256) % 16;

	if (!seen[i].known || seen[i].dev != dev) {
		seen[i].dev = dev;
		seen[i].hides = hides_numbers(tid, name);
		seen[i].known = true;
	}
	return seen[i].hides;
}

/* The device of a mount: "36 35 98:0 / /mnt ...". */
static bool mount_device(pid_t tid, long mount, uint32_t *ret)
{
	char path[64], *line = NULL;
	size_t cap = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/mountinfo", tid);
	f = fopen(path, "re");
	while (f && !found && getline(&line, &cap, f) > 0) {
		unsigned major, minor;
		long id;

		if (sscanf(line, "%ld %*d %u:%u", &id, &major, &minor) == 3 && id == mount) {
			*ret = dev_encode(major, minor);
			found = true;
		}
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

static bool hidden_numbers(pid_t tid, int64_t fd, uint32_t *dev, uint64_t *ino)
{
	char name[48], text[1024];
	const char *p, *mount;

	snprintf(name, sizeof name, "fdinfo/%lld", (long long)fd);
	if (proc_text_of(tid, name, text, sizeof text) <= 0)
		return false;
	p = strstr(text, "ino:");
	mount = strstr(text, "mnt_id:");
	if (!p || !mount || !mount_device(tid, strtol(mount + 7, NULL, 10), dev))
		return false;
	*ino = strtoull(p + 4, NULL, 10);
	return true;
}

static bool fd_numbers(pid_t tid, int64_t fd, uint32_t *dev, uint64_t *ino)
{
	struct stat st;
	char name[32];

	snprintf(name, sizeof name, "fd/%lld", (long long)fd);
	if (!proc_stat_of(tid, name, &st))
		return false;
	if (device_hides_numbers(tid, name, st.st_dev))
		return hidden_numbers(tid, fd, dev, ino);
	*dev = dev_encode(major(st.st_dev), minor(st.st_dev));
	*ino = st.st_ino;
	return true;
}

/* What there is to say of the file that the call returned, once per call. */
static const struct opened_file *opened(struct call *c)
{
	struct opened_file *o = &c->opened;

	if (o->looked)
		return o;
	o->looked = true;
	o->found = c->result >= 0 && fd_numbers(c->task->tid, c->result, &o->dev, &o->ino);
	return o;
}

static void put_open_flags(struct call *c, const struct kernel_step *step, uint32_t flags)
{
	bool created = c->result >= 0 && c->task->creates;

	call_number(c, step, created ? flags | OPEN_WIRE_CREATED : flags);
}

void put_opened(struct call *c, const struct kernel_step *step)
{
	uint32_t flags = 0;

	switch (step->kind) {
	case KIND_OPENFLAGS:
		put_open_flags(c, step, (uint32_t)call_arg(c, step->a));
		break;
	case KIND_OPENFLAGSAT:
		if (memory_u32(c, call_arg(c, step->a) + step->c, &flags))
			put_open_flags(c, step, flags);
		else
			call_absent(c, step);
		break;
	case KIND_OPENLAYER:
		put_open_flags(c, step, 0);
		break;
	case KIND_DEV:
	case KIND_INO:
		if (opened(c)->found)
			call_number(c, step, step->kind == KIND_DEV ? c->opened.dev : c->opened.ino);
		else
			call_absent(c, step);
		break;
	}
}

static void put_fd_path(struct call *c, const struct kernel_step *step)
{
	char path[PATH_BYTES], name[32];
	ssize_t n;

	snprintf(name, sizeof name, "fd/%lld", (long long)c->result);
	n = proc_path_of(c->task->tid, name, path, sizeof path);
	call_put_text(c, step, n > 0 ? path : NULL, n > 0 ? (size_t)n : 0);
}

/* Of files other than the one that was opened. The kernel's addresses of sockets are never told. */
void put_file(struct call *c, const struct kernel_step *step)
{
	uint32_t fd = 0, dev;
	uint64_t ino;

	if (c->result < 0)
		call_absent(c, step);
	else if (step->kind == KIND_FDPATH)
		put_fd_path(c, step);
	else if (step->kind == KIND_INOAT && memory_u32(c, call_arg(c, step->a) + step->c, &fd) &&
		 fd_numbers(c->task->tid, (int32_t)fd, &dev, &ino))
		call_number(c, step, ino);
	else
		call_absent(c, step);
}
