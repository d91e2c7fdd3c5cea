/* The pipeline with a source made of arrays and a sink that takes notes. */
#include "sinks/pipeline.h"
#include "sinks/sink_tee.h"
#include "tests/unit/capture_maker.h"
#include "tests/unit/suite.h"

#include <errno.h>

#define ITEMS_MAX 8

/* An item, or (code set) the damage in its place. */
struct step {
	struct item item;
	int code;
};

struct array_source {
	struct source source;
	struct step steps[ITEMS_MAX];
	size_t n, at;
};

static int array_next(struct source *s, struct item *ret, struct error *err)
{
	struct array_source *a = (struct array_source *)s;
	struct step *step = &a->steps[a->at];

	if (a->at == a->n)
		return 0;
	a->at++;
	if (step->code)
		return error_set(err, step->code, "made up");
	*ret = step->item;
	return 1;
}

static void array_close(struct source *s)
{
}

static const struct source_ops array_ops = {"array", array_next, array_close};

struct notes {
	struct sink sink;
	uint64_t passed[64], hidden[64];
	size_t n_passed, n_hidden, n_batches, n_lost;
	bool finished;
	int answer;
};

static int notes_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct notes *n = (struct notes *)s;

	ck_assert_ptr_nonnull(st->now.thread);
	n->passed[n->n_passed++] = ev->number;
	return n->answer;
}

static int notes_hidden(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct notes *n = (struct notes *)s;

	n->hidden[n->n_hidden++] = ev->number;
	return 0;
}

static int notes_batch_end(struct sink *s, struct batch *batch, struct error *err)
{
	((struct notes *)s)->n_batches++;
	return 0;
}

static int notes_loss(struct sink *s, const struct loss_entry *loss, struct error *err)
{
	((struct notes *)s)->n_lost += loss->count;
	return 0;
}

static int notes_finish(struct sink *s, struct error *err)
{
	((struct notes *)s)->finished = true;
	return 0;
}

static const struct sink_ops notes_ops = {
    .name = "notes",
    .event = notes_event,
    .hidden = notes_hidden,
    .batch_end = notes_batch_end,
    .loss = notes_loss,
    .finish = notes_finish,
};

static struct schema *schema;
static struct maker maker;
static struct array_source source;
static struct notes notes;
static struct pipeline pipeline;
static struct error err;
static size_t n_warnings;

static void on_warning(void *context, const struct error *words)
{
	ck_assert_str_eq(words->text, "made up");
	n_warnings++;
}

#define ADD(name, ...)                                                                             \
	do {                                                                                       \
		struct maker_event event = {__VA_ARGS__};                                          \
		ck_assert_int_eq(maker_add_args(&maker, name, &event, NULL, 0), 0);                \
	} while (0)

/* Numbers: 1 openat, 2 read, 3 procinfo (internal), 4 hidden openat, 5 read, 6 close */
static void set_up(void)
{
	schema = schema_new();
	ck_assert_int_eq(maker_init(&maker, schema), 0);
	maker.bb.batch.first_number = 1;
	ADD("openat", .tid = 7, .result = 3);
	ADD("read", .tid = 7, .fd = 3, .result = 10);
	ADD("procinfo", .tid = 7);
	ADD("openat", .tid = 7, .result = 4, .flags = EVENT_HIDDEN);
	ADD("read", .tid = 8, .fd = 3, .result = 20);
	ADD("close", .tid = 7, .fd = 3);
	source = (struct array_source){.source = {&array_ops, schema}, .n = 1};
	source.steps[0].item.kind = ITEM_EVENTS;
	source.steps[0].item.batch = &maker.bb.batch;
	notes = (struct notes){.sink = {&notes_ops, NEED_THREADS | NEED_FDS}};
	pipeline = (struct pipeline){.source = &source.source, .sink = &notes.sink};
	err = (struct error){0};
	n_warnings = 0;
}

static void tear_down(void)
{
	maker_done(&maker);
	schema_free(schema);
}

static void run_filter(const char *text)
{
	pipeline.filter = filter_new(text, &err);
	ck_assert_msg(pipeline.filter != NULL, "%s", err.text);
	ck_assert_int_eq(pipeline_run(&pipeline, &err), 0);
	filter_free(pipeline.filter);
	ck_assert(notes.finished);
}

START_TEST(hidden_and_internal_events_do_not_pass)
{
	set_up();
	run_filter("");
	ck_assert_uint_eq(notes.n_passed, 4);
	ck_assert_uint_eq(notes.passed[0], 1);
	ck_assert_uint_eq(notes.passed[1], 2);
	ck_assert_uint_eq(notes.passed[2], 5);
	ck_assert_uint_eq(notes.passed[3], 6);
	ck_assert_uint_eq(notes.n_hidden, 1); /* it changes state: the sink may keep it */
	ck_assert_uint_eq(notes.hidden[0], 4);
	ck_assert_uint_eq(pipeline.n_seen, 6);
	ck_assert_uint_eq(pipeline.n_passed, 4);
	tear_down();
}
END_TEST

START_TEST(hidden_and_internal_events_pass_on_request)
{
	set_up();
	pipeline.show_hidden = pipeline.show_internal = true;
	run_filter("");
	ck_assert_uint_eq(notes.n_passed, 6);
	ck_assert_uint_eq(notes.n_hidden, 0);
	tear_down();
}
END_TEST

START_TEST(what_does_not_pass_but_changes_state_is_offered_as_hidden)
{
	set_up();
	run_filter("evt.type=read and thread.tid=8");
	ck_assert_uint_eq(notes.n_passed, 1);
	ck_assert_uint_eq(notes.passed[0], 5);
	ck_assert_uint_eq(notes.n_hidden, 3);
	tear_down();
}
END_TEST

START_TEST(state_filters_see_fds_opened_by_events_that_do_not_pass)
{
	struct maker_event event = {.tid = 9, .result = 5};

	set_up();
	ck_assert_int_eq(
	    maker_add(&maker, "openat", event, NUMBER("dirfd", -100), TEXT("name", "/etc/hosts")),
	    0);
	ADD("read", .tid = 9, .fd = 5, .result = 1);
	ADD("read", .tid = 9, .fd = 6, .result = 1);
	run_filter("evt.type=read and fd.name=/etc/hosts");
	ck_assert_uint_eq(notes.n_passed, 1);
	ck_assert_uint_eq(notes.passed[0], 8);
	tear_down();
}
END_TEST

START_TEST(the_limit_ends_the_run)
{
	set_up();
	pipeline.limit = 2;
	run_filter("");
	ck_assert_uint_eq(notes.n_passed, 2);
	ck_assert_uint_eq(notes.n_batches, 1);
	tear_down();
}
END_TEST

START_TEST(a_sink_that_has_enough_ends_the_run)
{
	set_up();
	notes.answer = 1;
	run_filter("");
	ck_assert_uint_eq(notes.n_passed, 1);
	tear_down();
}
END_TEST

START_TEST(damage_is_told_and_reading_goes_on)
{
	set_up();
	source.steps[1] = source.steps[0];
	source.steps[0].code = -EBADMSG;
	source.steps[2].code = -ENODATA;
	source.n = 3;
	pipeline.warn = on_warning;
	ck_assert_int_eq(pipeline_run(&pipeline, &err), -EBADMSG);
	ck_assert_str_eq(err.text, "the capture is damaged in 2 places");
	ck_assert_uint_eq(n_warnings, 2);
	ck_assert_uint_eq(pipeline.n_damaged, 2);
	ck_assert_uint_eq(notes.n_passed, 4);
	ck_assert(notes.finished);
	tear_down();
}
END_TEST

START_TEST(without_warn_the_first_damage_is_the_end)
{
	set_up();
	source.steps[1].code = -EBADMSG;
	source.n = 2;
	ck_assert_int_eq(pipeline_run(&pipeline, &err), -EBADMSG);
	ck_assert_str_eq(err.text, "made up");
	ck_assert_uint_eq(notes.n_passed, 4);
	ck_assert(notes.finished);
	tear_down();
}
END_TEST

START_TEST(errors_of_the_system_are_no_damage)
{
	set_up();
	source.steps[0].code = -EIO;
	pipeline.warn = on_warning;
	ck_assert_int_eq(pipeline_run(&pipeline, &err), -EIO);
	ck_assert_uint_eq(n_warnings, 0);
	tear_down();
}
END_TEST

START_TEST(losses_are_counted_by_class)
{
	struct loss_entry bulk = {.class = LOSS_BULK, .count = 5};
	struct loss_entry unreadable = {.class = LOSS_UNREADABLE, .count = 2};
	struct loss_entry unknown = {.class = 77, .count = 1};

	set_up();
	source.steps[0].item = (struct item){.kind = ITEM_LOSS, .loss = &bulk};
	source.steps[1].item = (struct item){.kind = ITEM_LOSS, .loss = &unreadable};
	source.steps[2].item = (struct item){.kind = ITEM_LOSS, .loss = &unknown};
	source.n = 3;
	ck_assert_int_eq(pipeline_run(&pipeline, &err), 0);
	ck_assert_uint_eq(pipeline.n_lost, 6); /* what was unreadable is not lost */
	ck_assert_uint_eq(pipeline.n_lost_by[LOSS_BULK], 5);
	ck_assert_uint_eq(pipeline.n_lost_by[LOSS_UNREADABLE], 2);
	ck_assert_uint_eq(pipeline.n_lost_by[0], 1);
	ck_assert_uint_eq(notes.n_lost, 8);
	tear_down();
}
END_TEST

START_TEST(counting_agrees_with_looking)
{
	static const char *const filters[] = {"", "evt.type=read", "evt.type=openat",
					      "thread.tid=7"};

	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
		for (uint64_t limit = 0; limit < 4; limit++) {
			uint64_t counted;

			set_up();
			pipeline.limit = limit;
			run_filter(filters[i]);
			source.at = 0;
			pipeline.sink = sink_count_new(&counted);
			pipeline.filter = filter_new(filters[i], &err);
			ck_assert_int_eq(pipeline_run(&pipeline, &err), 0);
			ck_assert_uint_eq(counted, notes.n_passed);
			pipeline.sink->ops->free(pipeline.sink);
			filter_free(pipeline.filter);
			tear_down();
		}
}
END_TEST

START_TEST(one_at_a_time_gives_the_same_events)
{
	struct event *ev;
	struct state *st;
	struct run *run;
	uint64_t sum = 0;

	set_up();
	pipeline.sink = NULL;
	pipeline.needs = NEED_THREADS | NEED_FDS | NEED_PARAMS;
	run = pipeline_open(&pipeline, &err);
	while (run_next(run, &ev, &st, &err) > 0)
		sum = sum * 10 + ev->number;
	ck_assert_uint_eq(sum, 1256);
	run_close(run);
	tear_down();
}
END_TEST

static int broken_finish(struct sink *s, struct error *err)
{
	return error_set(err, -ENOSPC, "no room");
}

START_TEST(of_two_sinks_the_second_ends_also_when_the_first_cannot)
{
	static const struct sink_ops broken_ops = {.name = "broken", .finish = broken_finish};
	struct sink broken = {.ops = &broken_ops}, *tee;

	set_up();
	tee = sink_tee_new(&broken, &notes.sink);
	ck_assert_int_eq(tee->ops->finish(tee, &err), -ENOSPC);
	ck_assert_str_eq(err.text, "no room");
	ck_assert(notes.finished);
	tee->ops->free(tee);
	tear_down();
}
END_TEST

SUITE("pipeline", hidden_and_internal_events_do_not_pass,
      hidden_and_internal_events_pass_on_request,
      what_does_not_pass_but_changes_state_is_offered_as_hidden,
      state_filters_see_fds_opened_by_events_that_do_not_pass, the_limit_ends_the_run,
      a_sink_that_has_enough_ends_the_run, damage_is_told_and_reading_goes_on,
      without_warn_the_first_damage_is_the_end, errors_of_the_system_are_no_damage,
      losses_are_counted_by_class, counting_agrees_with_looking,
      one_at_a_time_gives_the_same_events, of_two_sinks_the_second_ends_also_when_the_first_cannot)
