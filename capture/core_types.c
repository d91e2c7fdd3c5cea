#include "capture/core_types.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KERNEL_TYPES "/sys/kernel/btf/vmlinux"
#define NAMES_MAX    512

struct cut {
	const struct btf *kernel;
	struct btf *small;
	uint32_t n;	   /* types of the kernel, number 0 included */
	uint32_t *number;  /* new number of each, 0: not taken */
	uint32_t *waiting; /* taken, but not yet what they hold */
	uint32_t n_waiting;
	const char *names[NAMES_MAX];
	size_t lengths[NAMES_MAX];
	size_t n_names;
};

/* What stands before "___": names may differ behind it for other versions of the kernel. */
static size_t essential_length(const char *name)
{
	const char *end = strstr(name, "___");

	return end && end != name ? (size_t)(end - name) : strlen(name);
}

static bool has_members_or_values(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_any_enum(t);
}

static int names_collect(struct cut *c, const struct btf *wanted)
{
	uint32_t n = btf__type_cnt(wanted);

	for (uint32_t i = 1; i < n; i++) {
		const struct btf_type *t = btf__type_by_id(wanted, i);
		const char *name = btf__name_by_offset(wanted, t->name_off);

		if (!has_members_or_values(t) || !*name)
			continue;
		if (c->n_names == NAMES_MAX)
			return -E2BIG;
		c->names[c->n_names] = name;
		c->lengths[c->n_names++] = essential_length(name);
	}
	return 0;
}

static bool is_wanted(const struct cut *c, const char *name)
{
	for (size_t i = 0; i < c->n_names; i++)
		if (name[0] == c->names[i][0] && strncmp(name, c->names[i], c->lengths[i]) == 0 &&
		    essential_length(name) == c->lengths[i])
			return true;
	return false;
}

static int take(struct cut *c, uint32_t type)
{
	int number;

	if (type == 0 || type >= c->n || c->number[type])
		return 0;
	number = btf__add_type(c->small, c->kernel, btf__type_by_id(c->kernel, type));
	if (number < 0)
		return number;
	c->number[type] = (uint32_t)number;
	c->waiting[c->n_waiting++] = type;
	return 0;
}

/* What lies inside a type comes along; what it only points to does not. */
static int take_inside(struct cut *c, uint32_t type)
{
	const struct btf_type *t = btf__type_by_id(c->kernel, type);
	int r = 0;

	if (btf_is_composite(t)) {
		for (unsigned i = 0; r == 0 && i < btf_vlen(t); i++)
			r = take(c, btf_members(t)[i].type);
	} else if (btf_is_array(t)) {
		r = take(c, btf_array(t)->type);
		if (r == 0)
			r = take(c, btf_array(t)->index_type);
	} else if (btf_is_mod(t) || btf_is_typedef(t)) {
		r = take(c, t->type);
	}
	return r;
}

/* The copies still name the types within them by the kernel's numbers. */
static void renumber(const struct cut *c, uint32_t type)
{
	struct btf_type *t = (struct btf_type *)btf__type_by_id(c->small, c->number[type]);

	if (btf_is_composite(t)) {
		for (unsigned i = 0; i < btf_vlen(t); i++)
			btf_members(t)[i].type = c->number[btf_members(t)[i].type];
	} else if (btf_is_array(t)) {
		btf_array(t)->type = c->number[btf_array(t)->type];
		btf_array(t)->index_type = c->number[btf_array(t)->index_type];
	} else if (btf_is_mod(t) || btf_is_typedef(t)) {
		t->type = c->number[t->type];
	} else if (btf_is_ptr(t)) {
		t->type = 0; /* void */
	}
}

static int cut_types(struct cut *c)
{
	uint32_t done = 0;
	int r = 0;

	for (uint32_t i = 1; r == 0 && i < c->n; i++) {
		const struct btf_type *t = btf__type_by_id(c->kernel, i);

		if (has_members_or_values(t) && is_wanted(c, btf__name_by_offset(c->kernel, t->name_off)))
			r = take(c, i);
	}
	while (r == 0 && done < c->n_waiting)
		r = take_inside(c, c->waiting[done++]);
	for (uint32_t i = 0; r == 0 && i < c->n_waiting; i++)
		renumber(c, c->waiting[i]);
	return r;
}

static int file_of(const struct btf *small)
{
	uint32_t size;
	const void *data = btf__raw_data(small, &size);
	int fd = data ? memfd_create("types", MFD_CLOEXEC) : -1, r;

	if (fd < 0)
		return -errno;
	if (write(fd, data, size) == (ssize_t)size)
		return fd;
	r = errno ? -errno : -EIO;
	close(fd);
	return r;
}

int core_types_file(const struct btf *kernel, const struct btf *wanted)
{
	struct cut c = {.kernel = kernel, .n = btf__type_cnt(kernel), .small = btf__new_empty()};
	int r = names_collect(&c, wanted);

	c.number = calloc(c.n, sizeof *c.number);
	c.waiting = calloc(c.n, sizeof *c.waiting);
	if (!c.number || !c.waiting || !c.small)
		r = -ENOMEM;
	if (r == 0)
		r = cut_types(&c);
	if (r == 0)
		r = file_of(c.small);
	btf__free(c.small);
	free(c.number);
	free(c.waiting);
	return r;
}

struct btf *core_types_kernel(void)
{
	int fd = open(KERNEL_TYPES, O_RDONLY | O_CLOEXEC);
	struct btf *types = NULL;
	struct stat st;
	void *data;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= UINT32_MAX) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data != MAP_FAILED) { /* 6.16 and later */
			types = btf__new(data, (uint32_t)st.st_size);
			munmap(data, (size_t)st.st_size);
		}
	}
	close(fd);
	return types ? types : btf__load_vmlinux_btf();
}

bool core_types_has_value(const struct btf *kernel, const char *name, const char *value)
{
	int id = btf__find_by_name_kind(kernel, name, BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(kernel, (uint32_t)id);

	for (unsigned i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(kernel, btf_enum(t)[i].name_off), value))
			return true;
	return false;
}
