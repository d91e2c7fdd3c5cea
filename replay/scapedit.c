/*
 * scapedit: makes a capture file from others: whole again (--repair), with another comment, in another
 * format, a part of it, or several as one.
 *
 * What can be read is written anew, with its own id, index and checksums; what damage took is in the new
 * file as a loss, so that nobody takes it for complete.
 *
 * Exit status: 0 written, 1 something failed (without --repair: the input is damaged), 2 wrong usage.
 */
#include "base/option.h"
#include "filters/filter_text.h"
#include "format/event.h"
#include "replay/merge.h"
#include "replay/new_file.h"
#include "replay/source_open.h"
#include "sinks/pipeline.h"
#include "sinks/sink_file.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

struct options {
	bool repair, help, version;
	const char *comment;
	uint64_t level;
	bool has_format;
	enum file_format format;
	struct range range;
	struct filter_text filter;
};

struct edit {
	const struct options *o;
	struct source *source;
	const char *in, *out;
	int fd;
	struct native_writer *writer;	/* of the capture being copied; NULL before the first */
	uint64_t n_events, n_lost, n_damaged;
	uint64_t n_mended;	/* events whose payload contradicted their type */
};

#define SET(name, statement)    OPTION_SET(struct options, name, statement)
#define PARSE(name, expression) OPTION_PARSE(struct options, name, expression)
SET(repair, o->repair = true)
SET(comment, o->comment = value)
PARSE(level, option_number(value, 1, 19, &o->level, err))
PARSE(events, range_parse_events(&o->range, value, err))
PARSE(time, range_parse_time(&o->range, value, err))
SET(filter, filter_text_add(&o->filter, value))
PARSE(filter_file, filter_text_file(&o->filter, value, err))
SET(help, o->help = true)
SET(version, o->version = true)

static int take_format(void *context, const char *value, struct error *err)
{
	struct options *o = context;

	o->has_format = true;
	return file_format_parse(value, &o->format, err);
}

static const struct option_row rows[] = {
	{0, "repair", NULL, "keep what can be read of a damaged or unfinished capture", take_repair},
	{0, "comment", "TEXT", "replace the comment", take_comment},
	{'F', "file-format", FILE_FORMATS, "what to write: scap is for sysdig and Falco of today, scap-legacy for sysdig 0.29, pcapng for Wireshark", take_format},
	{0, "events", "A:B", "only events number A to B; either may be missing", take_events},
	{0, "time", "A..B", "only this time: clock (14:03:05.25), seconds from the start (+1.5) or since the epoch", take_time},
	{0, "filter", "EXPRESSION", "only events that pass; repeatable", take_filter},
	{0, "filter-file", "FILE", "a filter, or YAML with macros and lists, from a file; repeatable", take_filter_file},
	{'z', "compress", "LEVEL", "compression, 1 to 19 (default 6); of scap: gzip (default none)", take_level},
	{'h', "help", NULL, "this text", take_help},
	{0, "version", NULL, "print the version", take_version},
	{0},
};

static int complain(const struct error *err, int status)
{
	fprintf(stderr, "scapedit: %s\n", err->text);
	return status;
}

/* ---- writing ---- */

/* A copy has other contents: native_writer_new() draws a new id for it. */
static int writer_begin(struct edit *e, const struct capture_info *info, struct error *err)
{
	struct native_writer_options options = {.level = (int)e->o->level};
	struct capture_info copy = *info;

	memset(copy.id, 0, sizeof copy.id);
	if (e->o->comment)
		copy.comment = text_of(e->o->comment);
	e->writer = native_writer_new(e->fd, &copy, e->source->schema, &options, err);
	return e->writer ? 0 : err->code;
}

static int writer_end(struct edit *e, struct error *err)
{
	int r = e->writer ? native_writer_finish(e->writer, err) : 0;

	native_writer_free(e->writer);
	e->writer = NULL;
	return r;
}

/* What can be read of each event stays, and the new file says what cannot. */
static int events_mend(struct edit *e, struct batch *b, struct error *err)
{
	struct event ev;
	int r = batch_need(b, COLUMNS_ALL, err);

	for (uint32_t i = 0; r == 0 && i < b->n_events; i++) {
		event_at(&ev, b, i);
		event_parse(&ev);
		if (!ev.damaged)
			continue;
		if (!e->o->repair)
			return error_set(err, -EBADMSG,
					 "%s: the payload of event %" PRIu64 " contradicts its type; --repair "
					 "keeps what can be read",
					 e->in, ev.number);
		event_mend(&ev);
		e->n_mended++;
	}
	return r;
}

/* Packets up to this time. */
static int packets_write(struct edit *e, uint64_t until_ns, struct error *err)
{
	struct packet packet;
	int r;

	while ((r = source_packet(e->source, until_ns, &packet, err)) > 0)
		if ((r = native_writer_packet(e->writer, &packet, err)) < 0)
			break;
	return r;
}

static int item_write(struct edit *e, const struct item *item, struct error *err)
{
	static const struct capture_info unknown;
	int r;

	if (item->kind == ITEM_CAPTURE)
		return (r = writer_end(e, err)) < 0 ? r : writer_begin(e, item->capture, err);
	/* The block that describes the capture is what damage took. */
	if (!e->writer && (r = writer_begin(e, &unknown, err)) < 0)
		return r;
	switch (item->kind) {
	case ITEM_STATE:
		return native_writer_state(e->writer, item->state.entries, item->state.n_entries, err);
	case ITEM_EVENTS:
		e->n_events += item->batch->n_events;
		if (item->batch->n_events &&
		    (r = packets_write(e, item->batch->time_ns[item->batch->n_events - 1], err)) < 0)
			return r;
		return native_writer_events(e->writer, item->batch, NULL, 0, NULL, err);
	case ITEM_LOSS:
		e->n_lost += item->loss->class == LOSS_DAMAGE ? item->loss->count : 0;
		return native_writer_loss(e->writer, item->loss, err);
	default: return 0;
	}
}

static bool is_damage(int code)
{
	return code == -EBADMSG || code == -ENODATA || code == -ENOTSUP;
}

/* What damage there is, and what can be done about it, unless the words say so. */
static int with_remedy(struct error *err, int code, const struct error *damage)
{
	return error_set(err, code, "%s%s", damage->text,
			 strstr(damage->text, "--repair") ? "" : "; --repair keeps what can be read");
}

static int copy_all(struct edit *e, struct error *err)
{
	struct error damage = {0};
	struct item item;
	int r;

	while ((r = source_next(e->source, &item, &damage)) != 0) {
		if (r > 0) {
			if (item.kind == ITEM_EVENTS && (r = events_mend(e, item.batch, err)) < 0)
				return r;
			if ((r = item_write(e, &item, err)) < 0)
				return error_prefix(err, "%s", e->out);
			continue;
		}
		if (!is_damage(r))
			return error_set(err, r, "%s", damage.text);
		if (!e->o->repair)
			return with_remedy(err, r, &damage);
		fprintf(stderr, "scapedit: %s\n", damage.text);
		e->n_damaged++;
		error_clear(&damage);
	}
	if (!e->writer)
		return error_set(err, -ENODATA, "%s: nothing of a capture can be read", e->in);
	if ((r = packets_write(e, UINT64_MAX, err)) == 0)
		r = writer_end(e, err);
	return r < 0 ? error_prefix(err, "%s", e->out) : 0;
}

/* ---- how it ended ---- */

/* Whoever reads what we write may have seen enough. */
static int reader_left(int r, struct error *err)
{
	if (r != -EPIPE)
		return r;
	error_clear(err);
	return 0;
}

static void tell_repair(const char *out, uint64_t n_events, uint64_t n_lost, uint64_t n_damaged, bool cut)
{
	fprintf(stderr, "%s: %" PRIu64 " events; %" PRIu64 " lost in %" PRIu64 " damaged place%s\n", out, n_events,
		n_lost, n_damaged, n_damaged == 1 ? "" : "s");
	if (cut)
		fprintf(stderr, "%s: the end is missing: how many events came there is not known\n", out);
}

static bool was_cut(const struct source *s)
{
	struct source_stats stats;

	source_stats((struct source *)s, &stats);
	return stats.truncated;
}

/* ---- one native file from another: everything in it ---- */

static int copy_file(const struct options *o, char *const *in, const char *out)
{
	/* All is looked at before it is copied: damage met halfway through a batch would be too late. */
	struct source_options reading = {.verify = true};
	struct edit e = {.o = o, .in = source_path_name(*in), .out = out};
	struct error err = {0};
	struct new_file file;
	bool cut;
	int r, late;

	if (!(e.source = source_open(*in, &reading, &err)))
		return complain(&err, EXIT_FAILED);
	r = new_file_open(&file, out, in, 1, &err);
	e.fd = file.fd;
	if (r == 0)
		r = copy_all(&e, &err);
	cut = was_cut(e.source);
	native_writer_free(e.writer);
	source_close(e.source);
	r = reader_left(r, &err);
	late = new_file_close(&file, r == 0, &err);
	if (r < 0 || late < 0)
		return complain(&err, EXIT_FAILED);
	if (o->repair && e.n_mended)
		fprintf(stderr, "%s: the payload of %" PRIu64 " event%s contradicted its type: what cannot be "
			"read of it is left out\n", out, e.n_mended, e.n_mended == 1 ? "" : "s");
	if (o->repair)
		tell_repair(out, e.n_events, e.n_lost, e.n_damaged, cut);
	return EXIT_OK;
}

/* ---- parts, other formats, several as one ---- */

/* A source with what --comment and --repair change of it. */
struct edited {
	struct source source;
	struct source *from;
	const struct options *o;
	struct capture_info info;
};

static int edited_next(struct source *s, struct item *ret, struct error *err)
{
	struct edited *e = (struct edited *)s;
	struct event ev;
	int r = source_next(e->from, ret, err);

	if (r > 0 && ret->kind == ITEM_CAPTURE && e->o->comment) {
		e->info = *ret->capture;
		e->info.comment = text_of(e->o->comment);
		ret->capture = &e->info;
	}
	if (r <= 0 || ret->kind != ITEM_EVENTS || !e->o->repair)
		return r;
	r = batch_need(ret->batch, COLUMNS_ALL, err);
	for (uint32_t i = 0; r == 0 && i < ret->batch->n_events; i++) {
		event_at(&ev, ret->batch, i);
		event_parse(&ev);
		event_mend(&ev);
	}
	return r < 0 ? r : 1;
}

static int edited_packet(struct source *s, uint64_t until_ns, struct packet *ret, struct error *err)
{
	return source_packet(((struct edited *)s)->from, until_ns, ret, err);
}

static void edited_close(struct source *s)
{
	source_close(((struct edited *)s)->from);
}

static const struct source_ops edited_ops = {
	.name = "edited", .next = edited_next, .close = edited_close, .packet = edited_packet};

static void on_damage(void *context, const struct error *err)
{
	fprintf(stderr, "scapedit: %s\n", err->text);
}

static int run_pipeline(struct options *o, struct pipeline *p, const struct source *from, const char *in,
			const char *out, struct error *err)
{
	int r = reader_left(pipeline_run(p, err), err);

	if (r == -ENOSPC || r == -EFBIG || r == -EDQUOT)
		return error_prefix(err, "%s", out);

	if (r == -EBADMSG && o->repair && (p->n_damaged || p->n_bad_events)) {
		error_clear(err);
		tell_repair(out, p->n_passed, p->n_lost_by[LOSS_DAMAGE], p->n_damaged, was_cut(from));
		return 0;
	}
	if (is_damage(r) && !o->repair) {
		struct error damage = *err;

		error_clear(err);
		return with_remedy(err, r, &damage);
	}
	return r < 0 && !err->text[0] ? error_set(err, r, "%s: %s", in, strerror(-r)) : r;
}

static int make_file(struct options *o, char *const *inputs, size_t n_inputs, const char *out)
{
	struct sink_file_options file = {.format = o->format, .native.level = (int)o->level};
	struct pipeline p = {.range = o->range, .show_internal = true, .packets = filter_text_empty(&o->filter), .warn = o->repair ? on_damage : NULL};
	struct edited e = {.o = o};
	struct source_options reading = {.verify = o->repair};
	struct error err = {0};
	struct new_file new_file = {.fd = -1};
	int r = 0, late;

	if (!filter_text_empty(&o->filter) && !(p.filter = filter_text_compile(&o->filter, &err)))
		return complain(&err, EXIT_USAGE);
	file.filter = (const char *)o->filter.words.data;
	file.selective = p.filter || o->range.given;
	file.native.state_in_place = n_inputs > 1;
	e.from = merge_open((const char *const *)inputs, n_inputs, &reading, &err);
	if (!e.from)
		r = err.code;
	e.source = (struct source){&edited_ops, e.from ? e.from->schema : NULL};
	p.source = &e.source;
	if (r == 0)
		r = new_file_open(&new_file, out, inputs, n_inputs, &err);
	if (r == 0 && !(p.sink = sink_file_new(new_file.fd, e.source.schema, &file, &err)))
		r = err.code;
	if (r == 0)
		r = run_pipeline(o, &p, e.from, source_path_name(inputs[0]), out, &err);
	if (r == 0 && n_inputs > 1 && merge_hosts_differ(e.from))
		fprintf(stderr, "note: captures of different hosts: processes with the same number are taken for one\n");
	if (p.sink)
		p.sink->ops->free(p.sink);
	source_close(e.from);
	filter_free(p.filter);
	late = new_file_close(&new_file, r == 0, &err);
	if (r == 0)
		sink_file_report(&file, out, stderr);
	return r < 0 || late < 0 ? complain(&err, EXIT_FAILED) : EXIT_OK;
}

static int usage(const char *words)
{
	struct error err = {0};

	error_set(&err, -EINVAL, "%s (see --help)", words);
	return complain(&err, EXIT_USAGE);
}

/* paths: those to read, and the one to write. */
static int act(struct options *o, char *const *paths, int n)
{
	bool partly = o->range.given || !filter_text_empty(&o->filter);

	if (n < 2)
		return usage("a file to read (or more) and one to write, please");
	if (!o->repair && !o->comment && !o->has_format && !o->level && !partly && n == 2)
		return usage("what is to be done? -F FORMAT, --events, --time, --filter, --repair, --comment, or several files to merge");
	if (o->comment && o->format != FILE_NATIVE)
		return usage("--comment: there is no place for one in this format");
	signal(SIGPIPE, SIG_IGN);
	if (n == 2 && !partly && o->format == FILE_NATIVE)
		return copy_file(o, paths, paths[1]);
	return make_file(o, paths, (size_t)n - 1, paths[n - 1]);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct error err = {0};
	int first = options_parse(rows, argc, argv, NULL, &o, &err), status;

	if (first < 0)
		return complain(&err, EXIT_USAGE);
	if (o.help) {
		printf("usage: scapedit [options] FILE... NEW-FILE\n"
		       "Makes a capture from another one, or from several, merged by time.\n\n");
		options_print(rows, stdout);
		printf("\n"
		       "  scapedit -F scap-legacy curl.scap sysdig.scap            for sysdig 0.29\n"
		       "  scapedit --time +1..+2.5 curl.scap moment.scap           a second and a half\n"
		       "  scapedit --filter proc.name=curl a.scap b.scap both.scap what curl did in both\n");
		return options_finish(EXIT_OK);
	}
	if (o.version) {
		printf("scapedit %s\n", SCAPKIT_VERSION);
		return options_finish(EXIT_OK);
	}
	status = act(&o, argv + first, argc - first);
	filter_text_done(&o.filter);
	return status;
}
