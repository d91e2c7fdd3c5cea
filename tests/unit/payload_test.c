/* Payloads of every shape are put together from a file as they were; so are times of clocks that
 * tick. */
#include "format/event.h"
#include "format/native.h"
#include "tests/unit/suite.h"

#include <sys/mman.h>
#include <unistd.h>

#define T0 1700000000000000000u

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

/* Texts as programs have them; now and then one that is empty, has a NUL within, or lacks the last.
 */
static void put_text(struct buffer *payload, enum param_type type)
{
	static const char *const texts[] = {"/etc/hosts", "a", "",
					    "/usr/lib/x86_64-linux-gnu/libc.so.6"};
	uint32_t which = random_below(60);

	if (which == 0)
		payload_append(payload, type, NULL, 0);
	else if (which == 1)
		payload_append(payload, type, "a\0b", 4);
	else if (which == 2)
		payload_append(payload, type, "cut", 3);
	else
		payload_append(payload, type, texts[which % 4],
			       (uint32_t)strlen(texts[which % 4]) + 1);
}

static void put_param(struct buffer *payload, enum param_type type)
{
	static uint8_t bytes[70000];
	unsigned size = param_type_size(type);
	uint32_t len = random_below(400) ? random_below(40) : 65530 + random_below(10);

	if (param_type_is_text(type)) {
		put_text(payload, type);
		return;
	}
	for (unsigned i = 0; i < 40; i++)
		bytes[i] = (uint8_t)random_below(256);
	payload_append(payload, type, bytes, size ? size : len);
}

/* An event of any type; one in 50 has a payload of anything. */
static void add_event(struct batch_builder *bb, struct buffer *payload, uint64_t *time_ns)
{
	const struct event_info *info;
	struct batch_row row = {.time_ns = *time_ns += 10 * (1 + random_below(300)),
				.duration_ns =
				    random_below(9) ? 10 * random_below(200) : DURATION_NONE,
				.tid = 100 + (int64_t)random_below(5),
				.fd = FD_NONE,
				.flags = random_below(20) ? 0 : EVENT_INLINE};

	do
		info = event_info_at(random_below(300));
	while (!info);
	row.type = info->type;
	buffer_clear(payload);
	for (unsigned i = 0; i < info->n_params; i++) {
		bool column = (int)i == info->result_param || (int)i == info->fd_param;

		if (random_below(15) == 0)
			row.absent |= 1u << i;
		else if (!column || row.flags & EVENT_INLINE)
			put_param(payload, info->params[i].type);
	}
	if (random_below(50) == 0)
		payload->len = random_below((uint32_t)payload->len + 1);
	if (random_below(50) == 0)
		buffer_u8(payload, 7);
	if (payload->len > EVENT_PAYLOAD_MAX)
		payload->len = EVENT_PAYLOAD_MAX;
	row.payload = payload->data;
	row.payload_len = (uint32_t)payload->len;
	ck_assert_int_eq(batch_builder_add(bb, &row), 0);
}

static int file_make(struct batch_builder *bb, const struct schema *schema, uint32_t n)
{
	struct capture_info info = {.id = {1}};
	struct native_writer_options options = {0};
	struct native_writer *w;
	struct buffer payload = {0};
	struct error err = {0};
	uint64_t t = T0;
	int fd = memfd_create("payload_test", 0);

	buffer_reserve(&payload, 1);
	for (uint32_t i = 0; i < n; i++)
		add_event(bb, &payload, &t);
	w = native_writer_new(fd, &info, schema, &options, &err);
	ck_assert_msg(w && native_writer_events(w, &bb->batch, NULL, 0, NULL, &err) == 0 &&
			  native_writer_finish(w, &err) == 0,
		      "%s", err.text);
	native_writer_free(w);
	buffer_done(&payload);
	return fd;
}

static void same_payload(const struct batch *a, uint32_t i, const struct batch *b, uint32_t k)
{
	ck_assert_uint_eq(a->type[i], b->type[k]);
	ck_assert_uint_eq(a->payload_len[i], b->payload_len[k]);
	ck_assert_mem_eq(a->payload + a->payload_at[i], b->payload + b->payload_at[k],
			 a->payload_len[i]);
}

/* Loads one class after the other. */
static void round_trip(uint32_t n, unsigned first, unsigned then)
{
	const struct source_options options = {0};
	struct schema *schema = schema_new();
	struct batch_builder bb;
	struct error err = {0};
	struct source *s;
	struct item item;
	uint32_t seen = 0;
	int fd;

	ck_assert_int_eq(batch_builder_init(&bb, schema), 0);
	fd = file_make(&bb, schema, n);
	lseek(fd, 0, SEEK_SET);
	s = native_reader_new(fd, "test", &options, &err);
	while (source_next(s, &item, &err) > 0) {
		struct batch *b = item.batch;

		if (item.kind != ITEM_EVENTS)
			continue;
		ck_assert_msg(batch_need(b, first, &err) == 0, "%s", err.text);
		for (uint32_t i = 0; i < b->n_events && first != COLUMN_TYPE; i++) {
			bool state = event_info_is_state(schema_find(schema, b->type[i]));

			if (state == (first == COLUMN_PAYLOAD_STATE))
				same_payload(&bb.batch, seen + i, b, i);
			else
				ck_assert_uint_eq(b->payload_len[i], 0);
		}
		ck_assert_msg(batch_need(b, then | COLUMN_TIME, &err) == 0, "%s", err.text);
		for (uint32_t i = 0; i < b->n_events; i++, seen++) {
			same_payload(&bb.batch, seen, b, i);
			ck_assert_uint_eq(bb.batch.time_ns[seen], b->time_ns[i]);
			ck_assert_uint_eq(bb.batch.duration_ns[seen], b->duration_ns[i]);
		}
	}
	ck_assert_msg(seen == n, "%u events, %s", seen, err.text);
	source_close(s);
	batch_builder_done(&bb);
	schema_free(schema);
}

START_TEST(payloads_of_every_shape)
{
	const unsigned both = COLUMN_PAYLOAD_STATE | COLUMN_PAYLOAD_BULK;

	for (unsigned i = 0; i < 20; i++)
		round_trip(1 + random_below(2000), COLUMN_TYPE, both);
}
END_TEST

START_TEST(state_class_first)
{
	round_trip(3000, COLUMN_PAYLOAD_STATE, COLUMN_PAYLOAD_BULK);
}
END_TEST

START_TEST(bulk_class_first)
{
	round_trip(3000, COLUMN_PAYLOAD_BULK, COLUMN_PAYLOAD_STATE);
}
END_TEST

SUITE("payload", payloads_of_every_shape, state_class_first, bulk_class_first)
