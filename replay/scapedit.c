/*
 * scapedit: makes a capture file from another: whole again (--repair), or with another comment.
 *
 * What can be read is written anew, with its own id, index and checksums; what damage took is in the new
 * file as a loss, so that nobody takes it for complete.
 *
 * Exit status: 0 written, 1 something failed (without --repair: the input is damaged), 2 wrong usage.
 */
#include "base/option.h"
#include "format/event.h"
#include "replay/source_open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

struct options {
	bool repair, help, version;
	const char *comment;
	uint64_t level;
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

static int take_repair(void *context, const char *value, struct error *err)
{
	((struct options *)context)->repair = true;
	return 0;
}

static int take_comment(void *context, const char *value, struct error *err)
{
	((struct options *)context)->comment = value;
	return 0;
}

static int take_level(void *context, const char *value, struct error *err)
{
	return option_number(value, 1, 19, &((struct options *)context)->level, err);
}

static int take_help(void *context, const char *value, struct error *err)
{
	((struct options *)context)->help = true;
	return 0;
}

static int take_version(void *context, const char *value, struct error *err)
{
	((struct options *)context)->version = true;
	return 0;
}

static const struct option_row rows[] = {
	{0, "repair", NULL, "keep what can be read of a damaged or unfinished capture", take_repair},
	{0, "comment", "TEXT", "replace the comment", take_comment},
	{'z', "compress", "LEVEL", "compression, 1 to 19 (default 6)", take_level},
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

	for (uint32_t i = 0; i < b->n_events; i++) {
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
	return 0;
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
			return error_set(err, r, "%s; --repair keeps what can be read", damage.text);
		fprintf(stderr, "scapedit: %s\n", damage.text);
		e->n_damaged++;
		error_clear(&damage);
	}
	if (!e->writer)
		return error_set(err, -ENODATA, "%s: nothing of a capture can be read", e->in);
	return (r = writer_end(e, err)) < 0 ? error_prefix(err, "%s", e->out) : 0;
}

/* ---- files ---- */

static int output_open(struct edit *e, struct error *err)
{
	struct stat in, out;

	e->fd = open(e->out, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (e->fd < 0)
		return error_set(err, -errno, "%s: %s", e->out, strerror(errno));
	if (fstat(e->fd, &out) < 0 || !S_ISREG(out.st_mode))
		return 0;
	if (stat(e->in, &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
		return error_set(err, -EINVAL, "%s is the input, too; write to another file", e->out);
	if (ftruncate(e->fd, 0) < 0)
		return error_set(err, -errno, "%s: %s", e->out, strerror(errno));
	return 0;
}

static int edit_file(const struct options *o, const char *in, const char *out)
{
	/* All is looked at before it is copied: damage met halfway through a batch would be too late. */
	struct source_options reading = {.verify = true};
	struct edit e = {.o = o, .in = source_path_name(in), .out = out, .fd = -1};
	struct error err = {0};
	int r;

	if (!(e.source = source_open(in, &reading, &err)))
		return complain(&err, EXIT_FAILED);
	r = output_open(&e, &err);
	if (r == 0)
		r = copy_all(&e, &err);
	native_writer_free(e.writer);
	source_close(e.source);
	if (e.fd >= 0 && close(e.fd) < 0 && r == 0)
		r = error_set(&err, -errno, "%s: %s", out, strerror(errno));
	if (r < 0)
		return complain(&err, EXIT_FAILED);
	if (o->repair && e.n_mended)
		fprintf(stderr, "%s: the payload of %" PRIu64 " event%s contradicted its type: what cannot be "
			"read of it is left out\n", out, e.n_mended, e.n_mended == 1 ? "" : "s");
	if (o->repair)
		fprintf(stderr, "%s: %" PRIu64 " events; %" PRIu64 " lost in %" PRIu64 " damaged place%s\n",
			out, e.n_events, e.n_lost, e.n_damaged, e.n_damaged == 1 ? "" : "s");
	return EXIT_OK;
}

static int usage(const char *words)
{
	struct error err = {0};

	error_set(&err, -EINVAL, "%s (see --help)", words);
	return complain(&err, EXIT_USAGE);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct error err = {0};
	int first = options_parse(rows, argc, argv, NULL, &o, &err);

	if (first < 0)
		return complain(&err, EXIT_USAGE);
	if (o.help) {
		printf("usage: scapedit [options] FILE NEW-FILE\n"
		       "Makes a capture from another one.\n\n");
		options_print(rows, stdout);
		return EXIT_OK;
	}
	if (o.version) {
		printf("scapedit %s\n", SCAPKIT_VERSION);
		return EXIT_OK;
	}
	if (!o.repair && !o.comment)
		return usage("what is to be done? --repair or --comment TEXT");
	if (argc - first != 2)
		return usage("one file to read and one to write, please");
	signal(SIGPIPE, SIG_IGN);
	return edit_file(&o, argv[first], argv[first + 1]);
}
