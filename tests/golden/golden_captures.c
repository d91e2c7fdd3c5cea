/* Captures as the writer makes them. */
#include "format/event.h"
#include "tests/golden/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define T0 1700000000000000000u

static void check(bool fine, const char *what, const struct error *err)
{
	if (fine)
		return;
	fprintf(stderr, "make_golden: %s: %s\n", what, err->text);
	exit(1);
}

struct maker {
	struct native_writer *writer;
	struct schema *schema;
	struct batch_builder batch;
	struct buffer payload;
	uint64_t time_ns;
	uint64_t random;
	int fd;
};

static void begin(struct maker *m, uint8_t id)
{
	struct capture_info info = {
		.start_ns = T0,
		.boot_ns = T0 - 3600 * 1000000000ull,
		.n_cpus = 2,
		.snaplen = 80,
		.page_size = 4096,
		.clock = CLOCK_BOOT_PLUS_OFFSET,
		.memory_bytes = 1ull << 32,
		.hostname = text_of("example"),
		.kernel = text_of("6.1.0"),
		.arch = text_of("x86_64"),
		.os = text_of("Linux"),
		.application = text_of("make_golden"),
		.engine = text_of("none"),
		.filter = text_of("proc.name=cat"),
		.command = text_of("cat hosts"),
		.comment = text_of("a golden file"),
	};
	struct native_writer_options options = {.level = 6};
	struct error err = {0};

	for (unsigned i = 0; i < sizeof info.id; i++)
		info.id[i] = (uint8_t)(id + i);
	*m = (struct maker){.schema = schema_new(), .time_ns = T0, .random = id,
			    .fd = memfd_create("golden", 0)};
	check(m->schema && m->fd >= 0, "beginning", &err);
	check(batch_builder_init(&m->batch, m->schema) == 0, "batch", &err);
	m->writer = native_writer_new(m->fd, &info, m->schema, &options, &err);
	check(m->writer, "writer", &err);
}

/* Hands the events on; the block ends when `close` is set. */
static void flush(struct maker *m, bool close)
{
	struct error err = {0};

	check(native_writer_events(m->writer, &m->batch.batch, NULL, 0, NULL, &err) == 0, "events", &err);
	batch_builder_reset(&m->batch);
	if (close)
		check(native_writer_flush(m->writer, &err) == 0, "flush", &err);
}

static void end(struct maker *m, struct buffer *file)
{
	struct error err = {0};
	ssize_t n;

	flush(m, true);
	check(native_writer_finish(m->writer, &err) == 0, "finish", &err);
	native_writer_free(m->writer);
	lseek(m->fd, 0, SEEK_SET);
	do {
		uint8_t *room = buffer_reserve(file, 65536);

		n = room ? read(m->fd, room, 65536) : -1;
		check(n >= 0, "reading back", &err);
		file->len += (size_t)n;
	} while (n);
	close(m->fd);
	batch_builder_done(&m->batch);
	buffer_done(&m->payload);
	schema_free(m->schema);
}

static void add(struct maker *m, struct batch_row row)
{
	struct error err = {0};

	row.time_ns = m->time_ns += 1000 + row.duration_ns % 1000000;
	row.payload = m->payload.data;
	row.payload_len = (uint32_t)m->payload.len;
	check(batch_builder_add(&m->batch, &row) == 0, "event", &err);
	buffer_clear(&m->payload);
}

static void put(struct maker *m, enum param_type type, const void *data, uint32_t len)
{
	payload_append(&m->payload, type, data, len);
}

static void put_number(struct maker *m, enum param_type type, uint64_t v)
{
	put(m, type, &v, param_type_size(type));
}

static void put_text(struct maker *m, enum param_type type, const char *text)
{
	put(m, type, text, (uint32_t)strlen(text) + 1);
}

/* ---- openat, read, close by a thread that the snapshot knows ---- */

static void add_state(struct maker *m)
{
	struct error err = {0};
	struct state_entry entries[] = {
		{.kind = ENTRY_THREAD,
		 .thread = {.tid = 100, .pid = 100, .ptid = 1, .sid = 100, .pgid = 100, .vpgid = 100,
			    .vtid = 100, .vpid = 100, .uid = 1000, .gid = 1000, .loginuid = 1000,
			    .clone_ns = T0 - 5000, .fd_limit = 1024, .comm = text_of("cat"),
			    .exe = text_of("cat"), .exepath = text_of("/usr/bin/cat"),
			    .cwd = text_of("/etc"), .root = text_of("/"),
			    .args = {"hosts", 6}, .cgroups = {"cpu=/", 6}}},
		{.kind = ENTRY_FD,
		 .fd = {.tid = 100, .fd = 1, .type = FD_FIFO, .ino = 77, .name = text_of("pipe:[77]")}},
	};

	check(native_writer_state(m->writer, entries, 2, &err) == 0, "state", &err);
}

static void add_openat(struct maker *m)
{
	put_number(m, PT_FD, (uint64_t)-100);
	put_text(m, PT_FSRELPATH, "hosts");
	put_number(m, PT_FLAGS32, 1);
	put_number(m, PT_UINT32, 0);
	put_number(m, PT_UINT32, 0x801);
	put_number(m, PT_UINT64, 42);
	add(m, (struct batch_row){.duration_ns = 2100, .tid = 100, .result = 3, .fd = FD_NONE,
				  .type = 307, .sysno = 257});
}

static void add_read(struct maker *m)
{
	put(m, PT_BYTEBUF, "127.0.0.1 localhost\n", 20);
	put_number(m, PT_UINT32, 4096);
	add(m, (struct batch_row){.duration_ns = 700, .tid = 100, .result = 20, .fd = 3, .type = 7,
				  .cpu = 1, .sysno = 0});
}

static void add_close(struct maker *m)
{
	add(m, (struct batch_row){.duration_ns = 120, .tid = 100, .result = 0, .fd = 3, .type = 5,
				  .cpu = 1, .sysno = 3});
}

void golden_small(struct buffer *file)
{
	struct loss_entry loss = {T0, T0 + 5000, 1, LOSS_BULK, 2};
	struct error err = {0};
	struct maker m;

	begin(&m, 0x10);
	add_state(&m);
	add_openat(&m);
	add_read(&m);
	add_close(&m);
	check(native_writer_loss(m.writer, &loss, &err) == 0, "loss", &err);
	end(&m, file);
}

void golden_three(struct buffer *file)
{
	struct maker m;

	begin(&m, 0x20);
	add_state(&m);
	for (unsigned block = 0; block < 3; block++) {
		for (unsigned i = 0; i < 40; i++) {
			add_openat(&m);
			add_read(&m);
			add_close(&m);
		}
		flush(&m, true);
	}
	end(&m, file);
}

/* Between events that are whole: text without NUL, a buffer that passes the end, bytes behind the last parameter. */
void golden_contradicting(struct buffer *file)
{
	struct maker m;

	begin(&m, 0x40);
	add_state(&m);
	add_openat(&m);
	put_number(&m, PT_FD, (uint64_t)-100);
	put(&m, PT_FSRELPATH, "hosts", 5);
	put_number(&m, PT_FLAGS32, 1);
	put_number(&m, PT_UINT32, 0);
	put_number(&m, PT_UINT32, 0x801);
	put_number(&m, PT_UINT64, 42);
	add(&m, (struct batch_row){.duration_ns = 2100, .tid = 100, .result = 3, .fd = FD_NONE,
				   .type = 307, .sysno = 257});
	add_read(&m);
	buffer_u16(&m.payload, 0x7000);
	buffer_append(&m.payload, "127.0.0.1", 9);
	add(&m, (struct batch_row){.duration_ns = 700, .tid = 100, .result = 20, .fd = 3, .type = 7,
				   .cpu = 1, .sysno = 0});
	buffer_append(&m.payload, "late", 4);
	add_close(&m);
	add_close(&m);
	end(&m, file);
}

/* ---- every type ---- */

static uint32_t below(struct maker *m, uint32_t n)
{
	m->random = m->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(m->random >> 33) % n;
}

static uint64_t number(struct maker *m)
{
	uint64_t v = (uint64_t)below(m, 1u << 30) << 32 | below(m, 1u << 30);

	return v >> (8 * below(m, 8));
}

static void put_address(struct maker *m, struct buffer *b, bool tuple)
{
	static const uint8_t families[] = {2, 10, 1};
	uint8_t family = families[below(m, 3)], size = family == 2 ? 4 : 16;

	buffer_u8(b, family);
	if (family == 1) {
		if (tuple) {
			buffer_u64(b, number(m));
			buffer_u64(b, number(m));
		}
		buffer_append(b, "/run/socket", 12);
		return;
	}
	for (unsigned end = 0; end < (tuple ? 2u : 1u); end++) {
		for (unsigned i = 0; i < size; i++)
			buffer_u8(b, (uint8_t)below(m, 256));
		buffer_u16(b, (uint16_t)below(m, 65536));
	}
}

static void put_any(struct maker *m, const struct param_info *p, struct buffer *scratch);

static void put_variable(struct maker *m, const struct param_info *p, struct buffer *b)
{
	static const char *const texts[] = {"", "/etc/hosts", "lib/x86_64-linux-gnu/libc.so.6", "a b\tc\"d\\",
					    "caf\xc3\xa9", "\xff\xfe not UTF-8"};
	const char *text = texts[below(m, 6)];
	uint32_t n = below(m, 6);

	buffer_clear(b);
	if (param_type_is_text(p->type)) {
		buffer_append(b, text, strlen(text) + 1);
	} else if (p->type == PT_SOCKADDR || p->type == PT_SOCKTUPLE) {
		put_address(m, b, p->type == PT_SOCKTUPLE);
	} else if (p->type == PT_FDLIST) {
		buffer_u16(b, (uint16_t)n);
		for (uint32_t i = 0; i < n; i++) {
			buffer_u64(b, below(m, 100));
			buffer_u16(b, (uint16_t)below(m, 2048));
		}
	} else {
		n = below(m, 10) ? below(m, 60) : 0;
		for (uint32_t i = 0; i < n; i++)
			buffer_u8(b, (uint8_t)below(m, 256));
	}
	put(m, p->type, b->data, (uint32_t)b->len);
}

static void put_dynamic(struct maker *m, const struct param_info *p, struct buffer *b)
{
	uint8_t choice = (uint8_t)below(m, p->n_dynamic);
	const struct param_info *as = &p->dynamic[choice];
	unsigned size = param_type_size(as->type);
	uint64_t v = number(m);

	buffer_clear(b);
	buffer_u8(b, choice);
	if (size)
		buffer_append(b, &v, size);
	else
		buffer_append(b, "value", 6);
	put(m, PT_DYN, b->data, (uint32_t)b->len);
}

static void put_any(struct maker *m, const struct param_info *p, struct buffer *scratch)
{
	unsigned size = param_type_size(p->type);
	uint8_t bytes[16];

	if (p->type == PT_DYN) {
		put_dynamic(m, p, scratch);
	} else if (!size) {
		put_variable(m, p, scratch);
	} else if (size > 8) {
		for (unsigned i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)below(m, 256);
		put(m, p->type, bytes, sizeof bytes);
	} else {
		put_number(m, p->type, number(m));
	}
}

static void add_any(struct maker *m, const struct event_info *info, struct buffer *scratch)
{
	static const uint16_t flags[] = {0, 0, 0, EVENT_UNFINISHED, EVENT_CHILD_RETURN, EVENT_HIDDEN,
					 EVENT_INLINE, EVENT_COMPAT, EVENT_TRUNCATED, EVENT_ENTRY_UNKNOWN};
	struct batch_row row = {
		.duration_ns = below(m, 8) ? below(m, 1u << 20) : DURATION_NONE,
		.tid = below(m, 20) ? 100 + (int64_t)below(m, 30) : -1,
		.result = below(m, 3) ? (int64_t)below(m, 4000) : -(int64_t)below(m, 40),
		.fd = info->fd_param >= 0 && below(m, 10) ? (int32_t)below(m, 40) - 2 : FD_NONE,
		.type = info->type,
		.cpu = (uint16_t)below(m, 2),
		.flags = flags[below(m, 10)] | (info->result_param < 0 ? EVENT_NO_RESULT : 0),
		.sysno = event_info_is_enter(info) ? SYSNO_NONE : (uint16_t)below(m, 460),
	};

	for (unsigned i = 0; i < info->n_params; i++) {
		bool column = (int)i == info->result_param || (int)i == info->fd_param;

		if (below(m, 12) == 0)
			row.absent |= 1u << i;
		else if (!column || row.flags & EVENT_INLINE)
			put_any(m, &info->params[i], scratch);
	}
	add(m, row);
}

/* A buffer whose length needs the long form. */
static void add_large(struct maker *m)
{
	static uint8_t bytes[70000];

	memset(bytes, 'x', sizeof bytes);
	put(m, PT_BYTEBUF, bytes, sizeof bytes);
	put_number(m, PT_UINT32, sizeof bytes);
	add(m, (struct batch_row){.duration_ns = 7000, .tid = 100, .result = sizeof bytes, .fd = 3,
				  .type = 7});
}

void golden_mixed(struct buffer *file)
{
	struct buffer scratch = {0};
	const struct event_info *info;
	struct maker m;

	begin(&m, 0x40);
	add_state(&m);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; (info = event_info_at(i)); i++) {
			if (!(info->traits & EF_UNUSED))
				add_any(&m, info, &scratch);
		}
		flush(&m, round == 0);
	}
	add_large(&m);
	buffer_done(&scratch);
	end(&m, file);
}
