/* Structures of calls as strace prints them, from memory as a capture has it; and from memory that strangers made up. */
#include "format/memory.h"
#include "format/recipe.h"
#include "sinks/sink.h"
#include "sinks/strace.h"
#include "tests/unit/suite.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define THERE 0x7fff0000u /* where structures lie */

/* The line of a call (its event's other parameters absent), without its end of line. Freed by the caller. */
static char *line_of(unsigned number, bool compat, int64_t result, const struct buffer *memory)
{
	const struct recipe *r = recipe_find(compat ? ABI_I386 : ABI_X86_64, (int)number);
	struct schema *schema = schema_new();
	struct strace_options o;
	struct batch_builder bb;
	struct error err = {0};
	struct buffer payload = {0};
	struct batch_row row = {.tid = 7, .fd = 3, .sysno = (uint16_t)number, .result = result,
				.duration_ns = DURATION_NONE, .flags = compat ? EVENT_COMPAT : 0};
	struct state *st;
	struct event ev;
	struct sink *sink;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(schema_add_memory(schema), 0);
	row.type = r->event;
	/* nothing but memory, the result and the fd */
	row.absent = (1u << (schema_find(schema, r->event)->n_params - 1)) - 1;
	if (r->result_param >= 0)
		row.absent &= ~(1u << r->result_param);
	if (r->fd_param >= 0)
		row.absent &= ~(1u << r->fd_param);
	payload_append(&payload, PT_MEMORY, memory->data, (uint32_t)memory->len);
	row.payload = payload.data;
	row.payload_len = (uint32_t)payload.len;
	ck_assert_int_eq(batch_builder_init(&bb, schema), 0);
	ck_assert_int_eq(batch_builder_add(&bb, &row), 0);
	ck_assert_int_eq(strace_options_init(&o), 0);
	st = state_new(schema);
	sink = sink_strace_new(out, &o, false, &err);
	event_at(&ev, &bb.batch, 0);
	ck_assert_int_eq(sink->ops->event(sink, &ev, st, &err), 0);
	ck_assert_int_eq(sink->ops->finish(sink, &err), 0);
	fclose(out);
	sink->ops->free(sink);
	state_free(st);
	strace_options_done(&o);
	batch_builder_done(&bb);
	buffer_done(&payload);
	schema_free(schema);
	if (len)
		text[len - 1] = 0;
	return text;
}

static void words(struct buffer *b, unsigned n, const uint64_t *args)
{
	buffer_clear(b);
	buffer_u8(b, (uint8_t)n);
	for (unsigned i = 0; i < n; i++)
		buffer_u64(b, args[i]);
}

static void piece(struct buffer *b, uint64_t addr, const void *data, uint16_t len)
{
	buffer_u64(b, addr);
	buffer_u16(b, len);
	buffer_append(b, data, len);
}

static void expect(unsigned number, bool compat, int64_t result, struct buffer *b, const char *want)
{
	char *line = line_of(number, compat, result, b);

	/* without the result */
	ck_assert_uint_gt(strlen(line), strlen(want));
	ck_assert_int_eq(line[strlen(want)], ' ');
	line[strlen(want)] = 0;
	ck_assert_str_eq(line, want);
	free(line);
	buffer_clear(b);
}

START_TEST(structures_are_printed)
{
	static const uint64_t action[4] = {0x401000, 0x14000004, 0x402000, 1u << 16};
	static const struct pollfd fds[2] = {{3, POLLIN, POLLIN}, {-1, POLLOUT, 0}};
	static const uint64_t timespec[2] = {1, 500};
	static const uint32_t narrow_timespec[2] = {2, 600};
	uint8_t stat[144] = {0};
	struct buffer b = {0};
	uint64_t set = 1u << 9;

	memcpy(stat + 24, &(uint32_t){0100644}, 4);
	memcpy(stat + 48, &(int64_t){1234}, 8);
	words(&b, 0, NULL);
	expect(56, false, 5, &b, "clone(child_stack=0x?, flags=?)");
	words(&b, 2, (uint64_t[]){3, THERE});
	piece(&b, THERE, stat, sizeof stat);
	expect(5, false, 0, &b, "fstat(3, {st_mode=S_IFREG|0644, st_size=1234, ...})");
	memcpy(stat + 24, &(uint32_t){020620}, 4);
	memcpy(stat + 40, &(uint64_t){0x8800}, 8);
	words(&b, 2, (uint64_t[]){3, THERE});
	piece(&b, THERE, stat, sizeof stat);
	expect(5, false, 0, &b, "fstat(3, {st_mode=S_IFCHR|0620, st_rdev=makedev(0x88, 0), ...})");
	words(&b, 2, (uint64_t[]){3, THERE});
	expect(5, false, -9, &b, "fstat(3, 0x7fff0000)");

	words(&b, 4, (uint64_t[]){17, THERE, 0, 8});
	piece(&b, THERE, action, sizeof action);
	expect(13, false, 0, &b,
	       "rt_sigaction(?, {sa_handler=0x401000, sa_mask=[CHLD], sa_flags=SA_RESTORER|SA_RESTART|SA_SIGINFO, "
	       "sa_restorer=0x402000}, NULL, ?)");
	words(&b, 4, (uint64_t[]){0, 0, THERE, 8});
	piece(&b, THERE, &set, sizeof set);
	expect(14, false, 0, &b, "rt_sigprocmask(?, NULL, [USR1], ?)");
	words(&b, 3, (uint64_t[]){THERE, 2, 1000});
	piece(&b, THERE, fds, sizeof fds);
	expect(7, false, 1, &b, "poll([{fd=3, events=POLLIN}, {fd=-1}], 2, ?)");
	words(&b, 2, (uint64_t[]){THERE, 0});
	piece(&b, THERE, timespec, sizeof timespec);
	expect(35, false, 0, &b, "nanosleep({tv_sec=1, tv_nsec=500}, NULL)");
	words(&b, 2, (uint64_t[]){THERE, 0});
	piece(&b, THERE, narrow_timespec, sizeof narrow_timespec);
	expect(162, true, 0, &b, "nanosleep({tv_sec=2, tv_nsec=600}, NULL)");
	words(&b, 3, (uint64_t[]){4, 0x5451, 0}); /* an argument that is not there */
	expect(16, false, 0, &b, "ioctl(3, ?)");
	words(&b, 3, (uint64_t[]){4, 0x5413, THERE});
	piece(&b, THERE, "\x18\0\x50\0\0\0\0\0", 8);
	expect(16, false, 0, &b, "ioctl(3, ?, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0})");
	words(&b, 5, (uint64_t[]){0x1200011, 0, 0, 0x1000, 0});
	expect(56, false, 8, &b,
	       "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x1000)");
	buffer_done(&b);
}
END_TEST

START_TEST(addresses_are_printed)
{
	struct buffer b = {0};

	words(&b, 3, (uint64_t[]){3, THERE, 16});
	piece(&b, THERE, "\2\0\0\x50\x7f\0\0\1\0\0\0\0\0\0\0\0", 16);
	expect(42, false, 0, &b, "connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16)");
	words(&b, 3, (uint64_t[]){3, THERE, 9});
	piece(&b, THERE, "\1\0/a/b\0zz", 9);
	expect(42, false, 0, &b, "connect(3, {sa_family=AF_UNIX, sun_path=\"/a/b\"}, 9)");
	words(&b, 3, (uint64_t[]){3, THERE, 0x1000});
	piece(&b, FACT_BEFORE, "\x1c\0\0\0", 4);
	piece(&b, 0x1000, "\2\0\0\0", 4);
	piece(&b, THERE, "\1\0", 2);
	expect(51, false, 0, &b, "getsockname(3, {sa_family=AF_UNIX}, [28 => 2])");
	buffer_done(&b);
}
END_TEST

/* Each call with memory of all kinds: pieces that are cut, overlap, hold anything. Nothing but lines may come of it. */
START_TEST(any_memory_is_survived)
{
	struct buffer b = {0};
	uint64_t random = 88172645463325252u;

	for (unsigned round = 0; round < 6; round++)
		for (unsigned compat = 0; compat < 2; compat++)
			for (unsigned number = 0; number < SYSCALL_NUMBERS; number++) {
				char *line;

				if (recipe_index(compat ? ABI_I386 : ABI_X86_64, (int)number) < 0)
					continue;
				buffer_clear(&b);
				buffer_u8(&b, 6);
				for (unsigned i = 0; i < 6; i++) {
					random ^= random << 13, random ^= random >> 7, random ^= random << 17;
					buffer_u64(&b, round & 1 ? THERE + 64 * i : random % 5 ? random >> (random & 63) : THERE);
				}
				for (unsigned n = 0; n < 8; n++) {
					uint8_t bytes[300];

					for (size_t i = 0; i < sizeof bytes; i++) {
						random ^= random << 13, random ^= random >> 7, random ^= random << 17;
						bytes[i] = round < 2 ? 0xff : round < 4 ? (uint8_t)(random % 3) : (uint8_t)random;
					}
					piece(&b, n < 6 ? THERE + 64 * n : 0x100 * (n - 3), bytes,
					      (uint16_t)(random >> 20) % sizeof bytes);
				}
				if (random % 3 == 0)
					b.len -= random % b.len;
				line = line_of(number, compat, round % 3 == 2 ? -22 : (int64_t)(random % 100), &b);
				ck_assert_ptr_nonnull(strchr(line, '('));
				ck_assert_ptr_null(strchr(line, '\n'));
				free(line);
			}
	buffer_done(&b);
}
END_TEST

SUITE("strace_struct", structures_are_printed, addresses_are_printed, any_memory_is_survived)
