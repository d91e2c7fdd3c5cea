/* Structures from memory, by their tables, and those that no table says. */
#include "sinks/strace_struct.h"

enum form {
#define STRACE_FORM(id) id,
#include "sinks/strace_structs.def"
};

struct strace_item {
	const char *field; /* "...": the rest is for -v */
	uint8_t form;
	const char *set;
};

static const struct strace_item items[] = {
#define STRACE_ITEM(field, form, set) {field, form, set},
#include "sinks/strace_structs.def"
};

static const struct {
	uint16_t first[2];
	uint8_t n[2]; /* short, full; 0: no row */
} shapes[N_STRUCTS] = {
#define STRACE_STRUCT(id, short_first, n_short, full_first, n_full)                                \
	[STRUCT_##id] = {{short_first, full_first}, {n_short, n_full}},
#include "sinks/strace_structs.def"
};

void strace_memory_find(struct strace_print *p, struct strace_memory *m, enum syscall_abi native)
{
	const struct param *value = event_memory(p->ev);

	if (!value->data || !memory_open(&m->m, value))
		return;
	m->abi = call_abi_of(p->ev, native);
	m->plan = p->ev->sysno == SYSNO_NONE ? (struct memory_plan){0} : memory_plan_of(m->abi, p->ev->sysno);
	p->memory = m;
}

const struct struct_layout *layout_of(const struct strace_print *p, enum memory_struct id)
{
	return struct_layout_of(id, p->memory->abi);
}

const uint8_t *struct_at(const struct strace_print *p, enum memory_struct id, uint64_t addr)
{
	const struct struct_layout *layout = layout_of(p, id);

	return layout->size && addr ? memory_at(&p->memory->m, addr, layout->size) : NULL;
}

int64_t struct_number(const struct struct_layout *layout, const char *field, const uint8_t *from)
{
	const struct struct_field *f = struct_field_find(layout, field);

	return f ? struct_field_number(f, from, 0) : 0;
}

/* ---- fields ---- */

void put_file_mode(const struct strace_print *p, uint64_t mode)
{
	static const char *const kinds[16] = {[1] = "S_IFIFO", [2] = "S_IFCHR", [4] = "S_IFDIR", [6] = "S_IFBLK",
					      [8] = "S_IFREG", [10] = "S_IFLNK", [12] = "S_IFSOCK"};
	const char *kind = mode < 0x10000 ? kinds[mode >> 12] : NULL;

	if (kind) {
		buffer_printf(p->out, "%s|", kind);
		mode &= 07777;
	}
	buffer_printf(p->out, "%s%s%s%#03llo", mode & 04000 ? "S_ISUID|" : "", mode & 02000 ? "S_ISGID|" : "",
		      mode & 01000 ? "S_ISVTX|" : "", (unsigned long long)(mode & ~07000ull));
}

void put_device(const struct strace_print *p, uint64_t dev)
{
	buffer_printf(p->out, "makedev(%#x, %#x)", (unsigned)((dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffull)),
		      (unsigned)((dev & 0xff) | (dev >> 12 & ~0xffull)));
}

static void put_text_field(const struct strace_print *p, const struct struct_field *f, const uint8_t *from)
{
	size_t len = strnlen((const char *)from + f->offset, f->count);

	put_whole_text(p, from + f->offset, len);
}

static void put_plain(const struct strace_print *p, const struct struct_field *f, const uint8_t *from, unsigned i)
{
	int64_t v = struct_field_number(f, from, i);

	if (f->nature == FIELD_POINTER)
		put_address(p, v);
	else
		buffer_printf(p->out, f->nature == FIELD_SIGNED ? "%lld" : "%llu", (long long)v);
}

static void put_numbers(const struct strace_print *p, const struct struct_field *f, const uint8_t *from)
{
	if (f->nature == FIELD_TEXT) {
		put_text_field(p, f, from);
		return;
	}
	if (f->count == 1) {
		put_plain(p, f, from, 0);
		return;
	}
	for (unsigned i = 0; i < f->count; i++) {
		put(p, i ? ", " : "[");
		put_plain(p, f, from, i);
	}
	buffer_u8(p->out, ']');
}

static void put_item(const struct strace_print *p, const struct strace_item *item, const struct struct_field *f,
		     const uint8_t *from)
{
	uint64_t v = (uint64_t)struct_field_number(f, from, 0);
	const struct flag_table *names = item->set ? strace_flags(item->set) : NULL;

	switch ((enum form)item->form) {
	case FORM_D:
		put_numbers(p, f, from);
		break;
	case FORM_X:
		buffer_printf(p->out, "%#llx", (unsigned long long)v);
		break;
	case FORM_P:
		put_address(p, (int64_t)v);
		break;
	case FORM_TEXT:
		put_text_field(p, f, from);
		break;
	case FORM_FILEMODE:
		put_file_mode(p, v);
		break;
	case FORM_DEV:
		put_device(p, v);
		break;
	case FORM_FLAGS:
		if (names)
			strace_flag_names(p->out, v, names);
		else
			buffer_printf(p->out, "%#llx", (unsigned long long)v);
		break;
	case FORM_ENUM:
		if (!item->set || !put_name(p, v, item->set))
			buffer_printf(p->out, "%#llx", (unsigned long long)v);
		break;
	case FORM_TIME:
		put_plain(p, f, from, 0);
		break;
	case FORM_LIMIT:
	case FORM_LIMIT64:
		put_limit(p, f->size == 4 && v == UINT32_MAX ? UINT64_MAX : v, item->form == FORM_LIMIT64);
		break;
	case FORM_OPEN:
		put_linux_open_flags(p, v);
		break;
	case FORM_SIGSET:
		put_signals(p, v, SIGNALS_ALL);
		break;
	case FORM_VAL:
		buffer_printf(p->out, "{val=[%#x, %#x]}", (unsigned)v, (unsigned)struct_field_number(f, from, f->count - 1u));
		break;
	case FORM_EPOLL:
		buffer_printf(p->out, "{u32=%u, u64=%llu}", (unsigned)v, (unsigned long long)v);
		break;
	}
}

/* Names with a point: "ru_utime.tv_sec" opens braces, which the next of another group closes. */
struct group {
	const char *name;
	size_t len; /* 0: in none */
	bool more;
};

static void put_field_name(const struct strace_print *p, struct group *g, const char *name)
{
	const char *point = strchr(name, '.');
	size_t len = point ? (size_t)(point - name) : 0;
	bool same = len && g->len == len && !memcmp(g->name, name, len);

	if (g->len && !same)
		buffer_u8(p->out, '}');
	if (g->more)
		put(p, ", ");
	else
		buffer_u8(p->out, '{');
	g->more = true;
	if (len && !same)
		buffer_printf(p->out, "%.*s={", (int)len, name);
	buffer_printf(p->out, "%s=", point ? point + 1 : name);
	g->name = name;
	g->len = len;
}

static void put_group_end(const struct strace_print *p, const struct group *g)
{
	put(p, !g->more ? "{}" : g->len ? "}}" : "}");
}

static void put_shaped(const struct strace_print *p, enum memory_struct id, const uint8_t *from)
{
	const struct struct_layout *layout = layout_of(p, id);
	const unsigned how = p->o->verbose;
	struct group g = {0};

	for (unsigned i = 0; i < shapes[id].n[how]; i++) {
		const struct strace_item *item = &items[shapes[id].first[how] + i];
		const struct struct_field *f = struct_field_find(layout, item->field);

		if (!f) {
			if (g.len)
				buffer_u8(p->out, '}');
			g.len = 0;
			put(p, ", ...");
			continue;
		}
		put_field_name(p, &g, item->field);
		put_item(p, item, f, from);
	}
	put_group_end(p, &g);
}

void put_whole(const struct strace_print *p, enum memory_struct id, const uint8_t *from)
{
	const struct struct_layout *layout = layout_of(p, id);
	struct group g = {0};

	if (layout->n_fields == 1) { /* a number alone */
		put_numbers(p, &layout->fields[0], from);
		return;
	}
	for (unsigned i = 0; i < layout->n_fields; i++) {
		put_field_name(p, &g, layout->fields[i].name);
		put_numbers(p, &layout->fields[i], from);
	}
	put_group_end(p, &g);
}

/* ---- those that no table says ---- */

static void put_stat_full(const struct strace_print *p, const struct struct_layout *l, const uint8_t *from)
{
	put(p, "{st_dev=");
	put_device(p, (uint64_t)struct_number(l, "st_dev", from));
	buffer_printf(p->out, ", st_ino=%llu, st_mode=", (unsigned long long)struct_number(l, "st_ino", from));
	put_file_mode(p, (uint64_t)struct_number(l, "st_mode", from));
	for (unsigned i = 0; i < 5; i++) {
		static const char *const names[] = {"st_nlink", "st_uid", "st_gid", "st_blksize", "st_blocks"};

		buffer_printf(p->out, ", %s=%llu", names[i], (unsigned long long)struct_number(l, names[i], from));
	}
}

static void put_time_field(const struct strace_print *p, const char *const names[2], int64_t seconds, int64_t ns)
{
	buffer_printf(p->out, ", %s=%lld", names[0], (long long)seconds);
	put_date(p, seconds, ns, 9);
	buffer_printf(p->out, ", %s=%lld", names[1], (long long)ns);
}

static void put_stat(const struct strace_print *p, enum memory_struct id, const uint8_t *from)
{
	static const char *const times[][2] = {
	    {"st_atime", "st_atime_nsec"}, {"st_mtime", "st_mtime_nsec"}, {"st_ctime", "st_ctime_nsec"}};
	const struct struct_layout *l = layout_of(p, id);
	uint64_t kind = (uint64_t)struct_number(l, "st_mode", from) >> 12 & 0xf;

	if (p->o->verbose) {
		put_stat_full(p, l, from);
	} else {
		put(p, "{st_mode=");
		put_file_mode(p, (uint64_t)struct_number(l, "st_mode", from));
	}
	if (kind == 2 || kind == 6) { /* devices have no size */
		put(p, ", st_rdev=");
		put_device(p, (uint64_t)struct_number(l, "st_rdev", from));
	} else {
		buffer_printf(p->out, ", st_size=%lld", (long long)struct_number(l, "st_size", from));
	}
	for (unsigned i = 0; i < 3 && p->o->verbose; i++)
		put_time_field(p, times[i], struct_number(l, times[i][0], from), struct_number(l, times[i][1], from));
	put(p, p->o->verbose ? "}" : ", ...}");
}

static void put_action(const struct strace_print *p, const uint8_t *from)
{
	const struct struct_layout *l = layout_of(p, STRUCT_SIGACTION);
	uint64_t flags = (uint64_t)struct_number(l, "sa_flags", from);

	put(p, "{sa_handler=");
	put_handler(p, (uint64_t)struct_number(l, "sa_handler", from));
	put(p, ", sa_mask=");
	put_signals(p, (uint64_t)struct_number(l, "sa_mask", from), SIGNALS_ALL);
	put(p, ", sa_flags=");
	strace_flag_names(p->out, flags, strace_flags("strace_sa"));
	if (flags & 0x04000000)
		buffer_printf(p->out, ", sa_restorer=%#llx", (unsigned long long)struct_number(l, "sa_restorer", from));
	buffer_u8(p->out, '}');
}

static void put_open_how(const struct strace_print *p, const uint8_t *from)
{
	const struct struct_layout *l = layout_of(p, STRUCT_OPEN_HOW);
	uint64_t flags = (uint64_t)struct_number(l, "flags", from), mode = (uint64_t)struct_number(l, "mode", from);

	put(p, "{flags=");
	put_linux_open_flags(p, flags);
	if (mode || flags & 0100) { /* O_CREAT */
		put(p, ", mode=");
		put_mode(p, (int64_t)mode);
	}
	put(p, ", resolve=");
	strace_flag_names(p->out, (uint64_t)struct_number(l, "resolve", from), strace_flags("strace_resolve"));
	buffer_u8(p->out, '}');
}

void put_struct(const struct strace_print *p, enum memory_struct id, const uint8_t *from)
{
	switch (id) {
	case STRUCT_STAT:
	case STRUCT_STAT64:
		put_stat(p, id, from);
		break;
	case STRUCT_SIGACTION:
		put_action(p, from);
		break;
	case STRUCT_SIGSET:
		put_signals(p, (uint64_t)struct_number(layout_of(p, id), "bits", from), SIGNALS_ALL);
		break;
	case STRUCT_OPEN_HOW:
		put_open_how(p, from);
		break;
	case STRUCT_SIGINFO:
		if (p->memory->abi == ABI_I386)
			put(p, UNKNOWN_STRUCT);
		else
			put_signal_info(p, from);
		break;
	case STRUCT_U32:
	case STRUCT_S32:
	case STRUCT_U64:
	case STRUCT_ULONG:
	case STRUCT_SCHED_PARAM:
		buffer_u8(p->out, '[');
		put_whole(p, id, from);
		buffer_u8(p->out, ']');
		break;
	default:
		if (shapes[id].n[0])
			put_shaped(p, id, from);
		else
			put_whole(p, id, from);
	}
}

void put_struct_at(const struct strace_print *p, enum memory_struct id, uint64_t addr)
{
	const uint8_t *from = struct_at(p, id, addr);

	if (from)
		put_struct(p, id, from);
	else
		put_address(p, (int64_t)addr);
}
