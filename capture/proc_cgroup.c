/*
 * Control groups as the family writes them: "cpuset=/a" NUL "cpu=/b" NUL ...
 *
 * Version 1 names each controller with its group in /proc/PID/cgroup. Version 2 has one group for
 * all ("0::/a/b"); a controller that is not enabled there belongs to the nearest group above where it
 * is, which the folders of /sys/fs/cgroup tell.
 */
#include "capture/proc_read.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define CGROUP_FILE_MAX 16384u
#define CGROUP_ROOT	"/sys/fs/cgroup"

/* What the kernel side records, in this order; others of version 1 follow. */
static const char *const controllers[] = {"cpuset", "cpu", "cpuacct", "io", "memory"};
#define N_CONTROLLERS (sizeof controllers / sizeof *controllers)

static bool has_word(const char *list, const char *word, size_t len)
{
	for (const char *p = list; *p; p += strcspn(p, ", \n"), p += strspn(p, ", \n")) {
		if (strcspn(p, ", \n") == len && memcmp(p, word, len) == 0)
			return true;
	}
	return false;
}

/* Which controllers a group of version 2 has, as bits. */
static unsigned enabled_in(const char *group, size_t len)
{
	char path[600], list[256];
	unsigned bits = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, CGROUP_ROOT "%.*s/cgroup.controllers", (int)len, group);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = read(fd, list, sizeof list - 1);
	close(fd);
	list[n > 0 ? n : 0] = 0;
	for (unsigned i = 0; i < N_CONTROLLERS; i++) {
		if (has_word(list, controllers[i], strlen(controllers[i])))
			bits |= 1u << i;
	}
	return bits;
}

struct groups {
	const char *path[N_CONTROLLERS];
	size_t len[N_CONTROLLERS];
};

static void place_v2(struct groups *g, const char *group, size_t len)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < N_CONTROLLERS; i++)
		missing |= g->path[i] ? 0 : 1u << i;
	for (; missing; len--) {
		unsigned here = enabled_in(group, len == 1 ? 0 : len) & missing;

		for (unsigned i = 0; i < N_CONTROLLERS; i++) {
			if (here >> i & 1) {
				g->path[i] = group;
				g->len[i] = len ? len : 1;
			}
		}
		missing &= ~here;
		while (len > 1 && group[len - 1] != '/')
			len--;
		if (len <= 1) {
			/* Nobody has it enabled: all belong to the root. */
			for (unsigned i = 0; i < N_CONTROLLERS; i++) {
				if (missing >> i & 1) {
					g->path[i] = "/";
					g->len[i] = 1;
				}
			}
			return;
		}
	}
}

static void append(struct buffer *out, const char *name, size_t name_len, const char *path, size_t len)
{
	buffer_append(out, name, name_len);
	buffer_u8(out, '=');
	buffer_append(out, path, len);
	buffer_u8(out, 0);
}

/* "12:cpu,cpuacct:/a": calls `append` for what is not among the fixed ones, else places it. */
static void take_v1(struct groups *g, struct buffer *others, const char *names, size_t names_len,
		    const char *path, size_t len)
{
	for (const char *p = names, *end = names + names_len; p < end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t n = (size_t)((comma ? comma : end) - p);
		bool placed = false;

		for (unsigned i = 0; i < N_CONTROLLERS; i++) {
			const char *name = i == 3 ? "blkio" : controllers[i];

			if (strlen(name) == n && memcmp(name, p, n) == 0) {
				g->path[i] = path;
				g->len[i] = len;
				placed = true;
			}
		}
		/* "name=systemd" is a tree without a controller. */
		if (!placed && !memchr(p, '=', n))
			append(others, p, n, path, len);
		p += n + 1;
	}
}

struct text proc_cgroups(struct snapshot *sn, int dir)
{
	struct buffer others = {0}, all = {0};
	const char *v2 = NULL;
	size_t v2_len = 0;
	struct groups g = {0};
	struct text ret = {0};

	if (!proc_file(sn, dir, "cgroup", CGROUP_FILE_MAX))
		return ret;
	/* Most processes share their group with the one before. */
	if (sn->file.len < sizeof sn->cgroup_file && sn->cgroup_text.len &&
	    strcmp(sn->cgroup_file, (const char *)sn->file.data) == 0)
		return sn->cgroup_text;
	for (const char *p = (const char *)sn->file.data; *p;) {
		const char *names = strchr(p, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		size_t len = path ? strcspn(path + 1, "\n") : 0;

		if (!path)
			break;
		if (path == names + 1) {
			v2 = path + 1;
			v2_len = len;
		} else {
			take_v1(&g, &others, names + 1, (size_t)(path - names - 1), path + 1, len);
		}
		p = path + 1 + len + (path[1 + len] == '\n');
	}
	if (v2)
		place_v2(&g, v2, v2_len);
	for (unsigned i = 0; i < N_CONTROLLERS; i++) {
		if (g.path[i])
			append(&all, controllers[i], strlen(controllers[i]), g.path[i], g.len[i]);
	}
	buffer_append(&all, others.data, others.len);
	if (!all.failed && !others.failed)
		ret = proc_keep(&sn->texts, (const char *)all.data, all.len, ENTRY_BLOB_MAX);
	if (sn->file.len < sizeof sn->cgroup_file) {
		memcpy(sn->cgroup_file, sn->file.data, sn->file.len + 1);
		sn->cgroup_text = ret;
	}
	buffer_done(&all);
	buffer_done(&others);
	return ret;
}
