/* proc.*, thread.*: the thread that made the event. */
#include "filters/field_extract.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const capability_names[] = {
	"CAP_CHOWN",	       "CAP_DAC_OVERRIDE",   "CAP_DAC_READ_SEARCH", "CAP_FOWNER",
	"CAP_FSETID",	       "CAP_KILL",	     "CAP_SETGID",	    "CAP_SETUID",
	"CAP_SETPCAP",	       "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",       "CAP_NET_RAW",	     "CAP_IPC_LOCK",	    "CAP_IPC_OWNER",
	"CAP_SYS_MODULE",      "CAP_SYS_RAWIO",	     "CAP_SYS_CHROOT",	    "CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",       "CAP_SYS_ADMIN",	     "CAP_SYS_BOOT",	    "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",    "CAP_SYS_TIME",	     "CAP_SYS_TTY_CONFIG",  "CAP_MKNOD",
	"CAP_LEASE",	       "CAP_AUDIT_WRITE",    "CAP_AUDIT_CONTROL",   "CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",    "CAP_MAC_ADMIN",	     "CAP_SYSLOG",	    "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",   "CAP_AUDIT_READ",     "CAP_PERFMON",	    "CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

/* A list ends in one NUL; further ones are empty words at its end, which the family shows as blanks. */
static void append_list(struct buffer *b, const char *list, uint32_t len)
{
	uint32_t n = len && !list[len - 1] ? len - 1 : len;
	uint8_t *p = buffer_reserve(b, n);

	if (!p)
		return;
	for (uint32_t i = 0; i < n; i++)
		p[i] = list[i] ? (uint8_t)list[i] : ' ';
	b->len += n;
}

/* The n-th word of a list, NULL behind the last. */
static const char *list_word(const char *list, uint32_t len, int64_t n)
{
	for (uint32_t at = 0; at < len; n--) {
		if (n == 0)
			return list + at;
		at += (uint32_t)strnlen(list + at, len - at) + 1;
	}
	return NULL;
}

/* A single empty word is none, as the family has it. */
static bool list_is_empty(const char *list, uint32_t len)
{
	return len == 0 || (len == 1 && !list[0]);
}

static uint64_t list_count(const char *list, uint32_t len)
{
	uint64_t n = 0;

	if (list_is_empty(list, len))
		return 0;
	for (uint32_t i = 0; i < len; i++)
		n += !list[i];
	return n;
}

/* The value of NAME in a list of NAME=value. */
static bool list_value(const char *list, uint32_t len, const char *name, struct value *ret)
{
	size_t n = strlen(name);

	for (uint32_t at = 0; at < len;) {
		size_t word = strnlen(list + at, len - at);

		if (word > n && list[at + n] == '=' && !memcmp(list + at, name, n))
			return value_bytes(ret, VALUE_TEXT, list + at + n + 1, word - n - 1);
		at += (uint32_t)word + 1;
	}
	return false;
}

static bool thread_args(const struct field *f, const struct thread *t, struct field_scratch *scratch,
			struct value *ret)
{
	const char *word;

	if (f->info->id == FIELD_PROC_ARGS && f->argument[0]) {
		word = f->index >= 0 ? list_word(t->args, t->args_len, f->index) : NULL;
		return word && value_text(ret, word);
	}
	append_list(&scratch->bytes, t->args, t->args_len);
	return value_scratch(ret, scratch);
}

/* "curl -s example.org": a name and the arguments behind it. The family ends proc.exeline in a blank
   where there are none. */
static bool thread_line(const char *name, bool blank, const struct thread *t,
			struct field_scratch *scratch, struct value *ret)
{
	buffer_append(&scratch->bytes, name, strlen(name));
	if (!list_is_empty(t->args, t->args_len) || blank) {
		buffer_u8(&scratch->bytes, ' ');
		append_list(&scratch->bytes, t->args, t->args_len);
	}
	return value_scratch(ret, scratch);
}

static bool thread_environment(const struct field *f, const struct thread *t,
			       struct field_scratch *scratch, struct value *ret)
{
	if (f->argument[0] && (f->info->id == FIELD_PROC_ENV || f->index < 0))
		return list_value(t->env, t->env_len, f->argument, ret);
	append_list(&scratch->bytes, t->env, t->env_len);
	return value_scratch(ret, scratch);
}

bool thread_value(uint16_t id, const struct field *f, struct thread *t, struct field_scratch *scratch,
		  struct value *ret)
{
	switch (id) {
	case FIELD_PROC_NAME:
		return value_interned(ret, t->comm, t->name_id);
	case FIELD_PROC_EXE:
		return value_text(ret, t->exe);
	case FIELD_PROC_EXEPATH:
		return value_text(ret, t->exepath);
	case FIELD_PROC_ARGS:
		return thread_args(f, t, scratch, ret);
	case FIELD_PROC_CMDLINE:
		return thread_line(t->comm, false, t, scratch, ret);
	case FIELD_PROC_EXELINE:
		return thread_line(t->exe, true, t, scratch, ret);
	case FIELD_PROC_ENV:
		return thread_environment(f, t, scratch, ret);
	case FIELD_PROC_PID:
		return value_int(ret, t->pid);
	case FIELD_PROC_VPID:
		return t->vpid >= 0 && value_int(ret, t->vpid);
	case FIELD_PROC_PID_TS:
		return t->clone_ns && value_uint(ret, t->clone_ns);
	default:
		return false;
	}
}

static bool extract_capabilities(uint64_t bits, struct field_scratch *scratch, struct value *ret)
{
	for (unsigned i = 0; i < sizeof capability_names / sizeof *capability_names; i++)
		if (bits >> i & 1) {
			if (scratch->bytes.len)
				buffer_u8(&scratch->bytes, ' ');
			buffer_append(&scratch->bytes, capability_names[i], strlen(capability_names[i]));
		}
	return value_scratch(ret, scratch);
}

static bool extract_thread_only(const struct field *f, const struct thread *t,
				struct field_scratch *scratch, struct value *ret)
{
	bool main = t->tid == t->pid;

	switch (f->info->id) {
	case FIELD_THREAD_VTID:
		return t->vtid >= 0 && value_int(ret, t->vtid);
	case FIELD_THREAD_ISMAIN:
		return value_bool(ret, main);
	case FIELD_THREAD_NAMETID:
		buffer_printf(&scratch->bytes, "%s%lld", t->comm, (long long)t->tid);
		return value_scratch(ret, scratch);
	case FIELD_THREAD_CAP_PERMITTED:
		return extract_capabilities(t->cap_permitted, scratch, ret);
	case FIELD_THREAD_CAP_INHERITABLE:
		return extract_capabilities(t->cap_inheritable, scratch, ret);
	case FIELD_THREAD_CAP_EFFECTIVE:
		return extract_capabilities(t->cap_effective, scratch, ret);
	case FIELD_THREAD_CGROUPS:
		append_list(&scratch->bytes, t->cgroups, t->cgroups_len);
		return t->cgroups_len && value_scratch(ret, scratch);
	case FIELD_THREAD_CGROUP:
		return list_value(t->cgroups, t->cgroups_len, f->argument, ret);
	case FIELD_THREAD_PFMAJOR:
		return value_uint(ret, t->pf_major);
	case FIELD_THREAD_PFMINOR:
		return value_uint(ret, t->pf_minor);
	case FIELD_THREAD_VMSIZE:
		return value_uint(ret, main ? t->vm_size_kb : 0);
	case FIELD_THREAD_VMRSS:
		return value_uint(ret, main ? t->vm_rss_kb : 0);
	case FIELD_THREAD_VMSIZE_B:
		return value_uint(ret, main ? (uint64_t)t->vm_size_kb * 1024 : 0);
	case FIELD_THREAD_VMRSS_B:
		return value_uint(ret, main ? (uint64_t)t->vm_rss_kb * 1024 : 0);
	default:
		return false;
	}
}

static bool extract_process_times(uint16_t id, const struct thread *t, uint64_t now, struct value *ret)
{
	switch (id) {
	case FIELD_PROC_DURATION:
		return t->clone_ns && now >= t->clone_ns && value_uint(ret, now - t->clone_ns);
	case FIELD_PROC_EXE_INO_CTIME:
		return t->exe_ino_ctime_ns && value_uint(ret, t->exe_ino_ctime_ns);
	case FIELD_PROC_EXE_INO_MTIME:
		return t->exe_ino_mtime_ns && value_uint(ret, t->exe_ino_mtime_ns);
	case FIELD_PROC_EXE_INO_CTIME_DURATION_PROC_START:
		return t->exe_ino_ctime_ns && t->clone_ns >= t->exe_ino_ctime_ns &&
		       value_uint(ret, t->clone_ns - t->exe_ino_ctime_ns);
	case FIELD_PROC_EXE_INO_CTIME_DURATION_PIDNS_START:
		return t->pidns_init_start_ns && t->exe_ino_ctime_ns >= t->pidns_init_start_ns &&
		       value_uint(ret, t->exe_ino_ctime_ns - t->pidns_init_start_ns);
	case FIELD_PROC_PIDNS_INIT_START_TS:
		return t->pidns_init_start_ns && value_uint(ret, t->pidns_init_start_ns);
	default:
		return false;
	}
}

static bool extract_process_flags(uint16_t id, const struct thread *t, struct value *ret)
{
	switch (id) {
	case FIELD_PROC_IS_EXE_WRITABLE:
		return value_bool(ret, t->exe_writable);
	case FIELD_PROC_IS_EXE_UPPER_LAYER:
		return value_bool(ret, t->exe_upper_layer);
	case FIELD_PROC_IS_EXE_LOWER_LAYER:
		return value_bool(ret, t->exe_lower_layer);
	case FIELD_PROC_IS_EXE_FROM_MEMFD:
		return value_bool(ret, t->exe_from_memfd);
	case FIELD_PROC_IS_SID_LEADER:
		return value_bool(ret, t->sid == t->vpid);
	case FIELD_PROC_IS_VPGID_LEADER:
		return value_bool(ret, t->vpgid == t->vpid);
	default:
		return value_bool(ret, t->pgid == t->pid);
	}
}

/* Memory, fds and the number of threads are kept with the main thread. */
static bool extract_process_numbers(uint16_t id, const struct thread *t, struct state *st,
				    struct value *ret)
{
	const struct thread *main = state_thread_main(st, t), *m = main ? main : t;

	switch (id) {
	case FIELD_PROC_CMDNARGS:
		return value_uint(ret, list_count(t->args, t->args_len));
	case FIELD_PROC_CMDLENARGS:
		return value_uint(ret, list_is_empty(t->args, t->args_len)
					       ? 0
					       : t->args_len - list_count(t->args, t->args_len));
	case FIELD_PROC_TTY:
		return value_uint(ret, t->tty);
	case FIELD_PROC_PPID:
		return state_thread_parent(st, t) && value_int(ret, t->ptid);
	case FIELD_PROC_SID:
		return value_int(ret, t->sid);
	case FIELD_PROC_VPGID:
		return value_int(ret, t->vpgid);
	case FIELD_PROC_PGID:
		return value_int(ret, t->pgid);
	case FIELD_PROC_EXE_INO:
		return t->exe_ino && value_uint(ret, t->exe_ino);
	case FIELD_PROC_FDOPENCOUNT:
		return value_uint(ret, thread_fd_count(m));
	case FIELD_PROC_FDLIMIT:
		return value_int(ret, (int64_t)m->fd_limit);
	case FIELD_PROC_FDUSAGE:
		return value_double(ret, m->fd_limit ? 100.0 * (double)thread_fd_count(m) /
								(double)m->fd_limit : 0);
	case FIELD_PROC_VMSIZE:
		return value_uint(ret, m->vm_size_kb);
	case FIELD_PROC_VMRSS:
		return value_uint(ret, m->vm_rss_kb);
	case FIELD_PROC_VMSWAP:
		return value_uint(ret, m->vm_swap_kb);
	case FIELD_PROC_NTHREADS:
		return value_uint(ret, m->n_threads);
	case FIELD_PROC_NCHILDS:
		return value_uint(ret, m->n_threads - (main && m->n_threads));
	default:
		return false;
	}
}

bool extract_thread(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		    struct field_scratch *scratch, struct value *ret)
{
	struct thread *t = st->now.thread, *main;
	uint16_t id = f->info->id;

	if (!t)
		return false;
	switch (id) {
	case FIELD_PROC_NAME:
	case FIELD_PROC_EXE:
	case FIELD_PROC_EXEPATH:
	case FIELD_PROC_ARGS:
	case FIELD_PROC_CMDLINE:
	case FIELD_PROC_EXELINE:
	case FIELD_PROC_PID:
	case FIELD_PROC_VPID:
	case FIELD_PROC_PID_TS:
		return thread_value(id, f, t, scratch, ret);
	case FIELD_PROC_ENV:
		/* A process has one environment. */
		main = state_thread_main(st, t);
		return thread_value(id, f, main ? main : t, scratch, ret);
	case FIELD_PROC_CWD:
		return value_text(ret, t->cwd);
	case FIELD_PROC_DURATION:
	case FIELD_PROC_EXE_INO_CTIME:
	case FIELD_PROC_EXE_INO_MTIME:
	case FIELD_PROC_EXE_INO_CTIME_DURATION_PROC_START:
	case FIELD_PROC_EXE_INO_CTIME_DURATION_PIDNS_START:
	case FIELD_PROC_PIDNS_INIT_START_TS:
		return extract_process_times(id, t, ev->time_ns, ret);
	case FIELD_PROC_IS_EXE_WRITABLE:
	case FIELD_PROC_IS_EXE_UPPER_LAYER:
	case FIELD_PROC_IS_EXE_LOWER_LAYER:
	case FIELD_PROC_IS_EXE_FROM_MEMFD:
	case FIELD_PROC_IS_SID_LEADER:
	case FIELD_PROC_IS_VPGID_LEADER:
	case FIELD_PROC_IS_PGID_LEADER:
		return extract_process_flags(id, t, ret);
	default:
		return !strncmp(f->info->name, "thread.", 7)
			       ? extract_thread_only(f, t, scratch, ret)
			       : extract_process_numbers(id, t, st, ret);
	}
}
