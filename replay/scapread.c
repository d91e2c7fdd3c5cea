/*
 * scapread: reads a capture, filters it, prints it.
 *
 * Exit status: 0 all is well (also when the reader of our output went away), 1 something failed or
 * the capture is damaged, 2 wrong usage (option, filter, format).
 */
#include "base/clock.h"
#include "format/native.h"
#include "replay/loss_words.h"
#include "replay/scapread_options.h"
#include "replay/source_open.h"
#include "sinks/hangs.h"
#include "sinks/pipeline.h"
#include "sinks/strace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WARNINGS_MAX    10         /* damaged places named one by one; the rest is counted */
#define PROGRESS_NS     200000000  /* between two updates of the progress line */

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

static volatile bool stopped;

static int complain(const struct error *err, int status)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, err->text);
	return status;
}

/* ---- the filter ---- */

static int gather_filter(struct scapread_options *o, int argc, char **argv, int first,
			 struct error *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < o->n_filter_files; i++)
		r = filter_text_file(&o->filter, o->filter_files[i], err);
	if (r == 0)
		filter_text_words(&o->filter, argc - first, argv + first);
	return r;
}

static int explain_filter(struct scapread_options *o)
{
	struct error err = {0};
	struct filter *f = filter_text_compile(&o->filter, &err);
	struct buffer words = {0};

	if (!f)
		return complain(&err, EXIT_USAGE);
	filter_explain(f, &words);
	fwrite(words.data, 1, words.len, stdout);
	buffer_done(&words);
	filter_free(f);
	return EXIT_OK;
}

/* ---- the output ---- */

/* Opens -w's file without harm to what is in it until it is known not to be the input. */
static int open_output(const struct scapread_options *o, struct error *err)
{
	const char *path = o->write;
	struct stat in, out;
	int fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600)
				   : fcntl(1, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (isatty(fd)) {
		close(fd);
		return error_set(err, -EINVAL,
				 "a capture is no text: -w writes none to a terminal");
	}
	if (fstat(fd, &out) == 0 && S_ISREG(out.st_mode)) {
		bool same = false;

		for (unsigned i = 0; i < o->n_reads; i++)
			same |= (strcmp(o->reads[i], "-") ? stat(o->reads[i], &in) : fstat(0, &in)) == 0 &&
				in.st_dev == out.st_dev && in.st_ino == out.st_ino;
		if (same) {
			close(fd);
			return error_set(err, -EINVAL,
					 "%s is the input, too; write to another file", path);
		}
		if (strcmp(path, "-") && ftruncate(fd, 0) < 0) {
			int code = errno;

			close(fd);
			return error_set(err, -code, "%s: %s", path, strerror(code));
		}
	}
	return fd;
}

struct job {
	const struct scapread_options *o;
	struct pipeline pipeline;
	uint64_t counted;
	int fd; /* of -w, -1: none */
	uint64_t n_warnings;
	uint64_t next_progress_ns, size;
	bool progress_shown;
	struct source_stats stats; /* large: not for the stack */
	struct sink_file_options file;
};

static struct sink *make_sink(struct job *j, struct error *err)
{
	const struct scapread_options *o = j->o;
	struct sink *s;

	if (o->write) {
		j->file = (struct sink_file_options){
		    .format = o->file_format,
		    .native.level = (int)o->level,
		    .filter = (const char *)o->filter.words.data,
		    .selective = j->pipeline.filter || o->limit || o->range.given,
		    .native.state_in_place = o->n_reads > 1,
		};
		j->fd = open_output(o, err);
		return j->fd < 0 ? NULL
				 : sink_file_new(j->fd, j->pipeline.source->schema, &j->file, err);
	}
	if (o->count || o->quiet) {
		s = sink_count_new(&j->counted);
		if (!s)
			error_set(err, -ENOMEM, "out of memory");
		return s;
	}
	if (o->hangs) {
		s = sink_hangs_new(stdout, &o->render);
		if (!s)
			error_set(err, -ENOMEM, "out of memory");
		return s;
	}
	if (o->has_strace)
		return sink_strace_new(stdout, &o->strace, false, err);
	if (o->has_summary)
		return sink_summary_new(stdout, &o->summary, err);
	if (o->grouped.by || o->grouped.aggregates || o->grouped.histogram)
		return sink_grouped_new(stdout, &o->grouped, err);
	if (o->tree)
		return sink_tree_new(stdout, o->json, err);
	if (o->json)
		return sink_json_new(stdout, o->format, &o->render, err);
	return sink_text_new(stdout, o->format, o->time_format, &o->render, isatty(1), err);
}

/* ---- words on stderr ---- */

static void clear_progress(struct job *j)
{
	if (j->progress_shown)
		fprintf(stderr, "\r\033[K");
	j->progress_shown = false;
}

static void on_warning(void *context, const struct error *err)
{
	struct job *j = context;

	if (j->n_warnings++ >= WARNINGS_MAX)
		return;
	clear_progress(j);
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, err->text);
}

static void on_progress(void *context)
{
	struct job *j = context;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns < j->next_progress_ns)
		return;
	j->next_progress_ns = now_ns + PROGRESS_NS;
	source_stats(j->pipeline.source, &j->stats);
	fprintf(stderr, "\r\033[K%llu events", (unsigned long long)j->pipeline.n_seen);
	if (j->size)
		fprintf(stderr, ", %llu %%", (unsigned long long)(100 * j->stats.bytes / j->size));
	fflush(stderr);
	j->progress_shown = true;
}

/* One line, only when there is something to say. */
static void print_summary(struct job *j)
{
	const struct pipeline *p = &j->pipeline;
	const char *name = j->o->n_reads == 1 ? source_path_name(j->o->reads[0]) : "these captures";

	source_stats(p->source, &j->stats);
	if (j->stats.n_misnumbered)
		fprintf(stderr, "note: event numbers jump %llu time%s though no block is missing\n",
			(unsigned long long)j->stats.n_misnumbered,
			j->stats.n_misnumbered == 1 ? "" : "s");
	if (p->n_lost) {
		fprintf(stderr, "lost: %llu event%s", (unsigned long long)p->n_lost,
			p->n_lost == 1 ? "" : "s");
		for (unsigned i = 0, n = 0; i < LOSS_UNREADABLE; i++)
			if (p->n_lost_by[i])
				fprintf(stderr, "%s%llu %s", n++ ? ", " : " (",
					(unsigned long long)p->n_lost_by[i], loss_words(i));
		fprintf(stderr, ")%s", p->n_damaged || p->n_bad_events ? "; " : "\n");
	}
	if (p->n_lost_by[LOSS_PACKETS])
		fprintf(stderr, "lost: %llu network packet%s\n", (unsigned long long)p->n_lost_by[LOSS_PACKETS],
			p->n_lost_by[LOSS_PACKETS] == 1 ? "" : "s");
	if (p->n_bad_events)
		fprintf(stderr, "%s: the payload of %llu event%s contradicts its type%s", name,
			(unsigned long long)p->n_bad_events, p->n_bad_events == 1 ? "" : "s",
			p->n_damaged ? "; " : "\n");
	if (p->n_damaged)
		fprintf(stderr,
			"damaged: %s in %llu place%s; scapedit --repair writes a whole file\n",
			name, (unsigned long long)p->n_damaged, p->n_damaged == 1 ? "" : "s");
}

/* ---- the run ---- */

static void on_signal(int number)
{
	stopped = true;
}

static void catch_signals(void)
{
	/* The second one ends us at once; reads are broken off, not restarted. */
	struct sigaction stop = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* A full disk may show only now. A reader that went away is no failure. */
static int flush_output(struct error *err)
{
	if (fflush(stdout) == 0)
		return 0;
	if (errno == EPIPE) {
		clearerr(stdout);
		return 0;
	}
	return error_set(err, -errno, "cannot write the output: %s", strerror(errno));
}

static int close_output(struct job *j, struct error *err)
{
	int fd = j->fd;

	j->fd = -1;
	if (fd >= 0 && close(fd) < 0)
		return error_set(err, -errno, "%s: %s", j->o->write, strerror(errno));
	return 0;
}

/* A capture of which only a part was copied: only of a pipe is that the usual end. */
static int check_interrupted(const struct job *j, struct error *err)
{
	const struct scapread_options *o = j->o;
	struct stat st;

	if (!stopped || !o->write)
		return 0;
	for (unsigned i = 0; i < o->n_reads; i++)
		if ((strcmp(o->reads[i], "-") ? stat(o->reads[i], &st) : fstat(0, &st)) < 0 || !S_ISREG(st.st_mode))
			return 0;
	return error_set(err, -EINTR, "interrupted: %s holds what was read until then",
			 strcmp(o->write, "-") ? o->write : "the output");
}

/* A pcapng file without any block of ours passes for an empty capture until its end is seen. */
static int check_contents(struct job *j, struct error *err)
{
	if (stopped || j->pipeline.n_seen || j->pipeline.limit)
		return 0;
	source_stats(j->pipeline.source, &j->stats);
	if (!j->stats.bytes)
		return error_set(err, -ENODATA, "%s: is empty; nothing was captured into it",
				 source_path_name(j->o->reads[0]));
	return j->stats.n_captures
		   ? 0
		   : error_set(err, -ENOTSUP,
			       "%s: holds no system calls: network packets alone (pcapng), "
			       "or it ends before the first of them",
			       source_path_name(j->o->reads[0]));
}

static int run_job(struct job *j, struct error *err)
{
	const struct scapread_options *o = j->o;
	int r = pipeline_run(&j->pipeline, err), late;

	clear_progress(j);
	if (r == -EPIPE) {
		error_clear(err);
		r = 0;
	}
	late = close_output(j, r == 0 ? err : NULL);
	sink_file_report(&j->file, o->write, stderr);
	if (r == 0)
		r = late;
	else if (o->write && (r == -ENOSPC || r == -EFBIG || r == -EDQUOT))
		error_prefix(err, "%s", o->write);
	if (r == 0)
		r = check_contents(j, err);
	if (r == 0)
		r = check_interrupted(j, err);
	if (o->count && (r == 0 || j->pipeline.n_damaged || j->pipeline.n_bad_events))
		printf("%llu\n", (unsigned long long)j->counted);
	late = flush_output(err);
	if (r == 0)
		r = late;
	print_summary(j);
	if ((j->pipeline.n_damaged || j->pipeline.n_bad_events) && r == -EBADMSG)
		return EXIT_FAILED; /* the words have been said */
	if (r < 0)
		return complain(err, EXIT_FAILED);
	return EXIT_OK;
}

static int read_capture(struct scapread_options *o)
{
	struct error err = {0};
	struct stat st;
	struct job j = {
	    .o = o,
	    .fd = -1,
	    .pipeline =
		{
		    .limit = o->limit,
		    .range = o->range,
		    .show_internal = o->internal >= 1,
		    .show_hidden = o->internal >= 2,
		    .packets = o->packets || filter_text_empty(&o->filter),
		    .stop = &stopped,
		    .warn = on_warning,
		},
	};
	struct source_options reader = {.stop = &stopped, .raw_events = o->raw_events};
	int status = EXIT_USAGE;

	j.pipeline.context = &j;
	if (!filter_text_empty(&o->filter)) {
		j.pipeline.filter = filter_text_compile(&o->filter, &err);
		if (!j.pipeline.filter)
			return complain(&err, EXIT_USAGE);
	}
	j.pipeline.source = merge_open(o->reads, o->n_reads, &reader, &err);
	if (!j.pipeline.source) {
		status = complain(&err, EXIT_FAILED);
		goto end;
	}
	if (o->progress && isatty(2)) {
		j.pipeline.progress = on_progress;
		for (unsigned i = 0; i < o->n_reads; i++)
			j.size += strcmp(o->reads[i], "-") && stat(o->reads[i], &st) == 0 ? (uint64_t)st.st_size : 0;
	}
	j.pipeline.sink = make_sink(&j, &err);
	if (!j.pipeline.sink) {
		status = complain(&err, o->write && err.code != -EINVAL ? EXIT_FAILED : EXIT_USAGE);
		goto end;
	}
	catch_signals();
	status = run_job(&j, &err);
	j.pipeline.sink->ops->free(j.pipeline.sink);
end:
	if (j.fd >= 0)
		close(j.fd);
	source_close(j.pipeline.source);
	filter_free(j.pipeline.filter);
	return status;
}

static int list(const struct scapread_options *o)
{
	struct error err = {0};
	enum list_style style = o->json ? LIST_JSON : o->markdown ? LIST_MARKDOWN : LIST_TEXT;

	signal(SIGPIPE, SIG_IGN);
	return list_print(stdout, o->list, style, o->render.full, &err) < 0
		   ? complain(&err, EXIT_FAILED)
		   : EXIT_OK;
}

static int act(struct scapread_options *o, int argc, char **argv, int first)
{
	struct error err = {0};

	if (o->help) {
		scapread_help();
		return EXIT_OK;
	}
	if (o->version) {
		printf("scapread %s\n", SCAPKIT_VERSION);
		return EXIT_OK;
	}
	if (o->list)
		return list(o);
	if (!o->n_reads && first < argc && access(argv[first], F_OK) == 0) {
		error_set(&err, -EINVAL, "-r stands in front of a capture: scapread -r %s", argv[first]);
		return complain(&err, EXIT_USAGE);
	}
	if (gather_filter(o, argc, argv, first, &err) < 0)
		return complain(&err, err.code == -EINVAL ? EXIT_USAGE : EXIT_FAILED);
	if (o->check_filter)
		return explain_filter(o);
	if (!o->n_reads) {
		error_set(&err, -EINVAL, "which capture? scapread -r FILE (see --help)");
		return complain(&err, EXIT_USAGE);
	}
	if ((o->level || o->has_file_format) && !o->write) {
		error_set(&err, -EINVAL, "-%c says how -w writes: give -w FILE, too", o->level ? 'z' : 'F');
		return complain(&err, EXIT_USAGE);
	}
	return read_capture(o);
}

int main(int argc, char **argv)
{
	struct scapread_options o = {0};
	struct error err = {0};
	int first = scapread_options_parse(&o, argc, argv, &err);
	int status = first < 0 ? complain(&err, EXIT_USAGE) : act(&o, argc, argv, first);

	scapread_options_done(&o);
	return status == EXIT_OK && flush_output(&err) < 0 ? complain(&err, EXIT_FAILED) : status;
}
