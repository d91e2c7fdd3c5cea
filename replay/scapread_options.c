#include "replay/scapread_options.h"

#include "base/option.h"
#include "sinks/line.h"

#include <errno.h>

#define SET(name, statement)    OPTION_SET(struct scapread_options, name, statement)
#define PARSE(name, expression) OPTION_PARSE(struct scapread_options, name, expression)
SET(json, o->json = true)
PARSE(limit, option_number(value, 1, UINT64_MAX, &o->limit, err))
SET(internal, o->internal++)
SET(raw_events, o->raw_events = true)
SET(ascii, o->render.view = VIEW_ASCII)
SET(hex, o->render.view = VIEW_HEX)
SET(hex_ascii, o->render.view = VIEW_HEX_ASCII)
SET(base64, o->render.view = VIEW_BASE64)
SET(verbose, o->render.full = true)
SET(write, o->write = value)
PARSE(level, option_number(value, 1, 19, &o->level, err))
PARSE(events, range_parse_events(&o->range, value, err))
PARSE(time_range, range_parse_time(&o->range, value, err))
SET(packets, o->packets = true)
SET(quiet, o->quiet = true)
SET(hangs, o->hangs = true)
SET(count, o->count = true)
SET(summary, o->has_summary = true)
SET(sort, o->sort = value)
SET(per_process, o->has_summary = o->summary.per_process = true)
SET(by, o->grouped.by = value)
SET(aggregates, o->grouped.aggregates = value)
SET(histogram, o->grouped.histogram = value)
SET(tree, o->tree = true)
SET(check_filter, o->check_filter = true)
SET(list_fields, o->list = LIST_FIELDS)
SET(list_events, o->list = LIST_EVENTS)
SET(list_syscalls, o->list = LIST_SYSCALLS)
SET(markdown, o->markdown = true)
SET(progress, o->progress = true)
SET(help, o->help = true)
SET(version, o->version = true)

static int take_read(void *context, const char *value, struct error *err)
{
	struct scapread_options *o = context;

	if (o->n_reads == MERGE_MAX)
		return error_set(err, -EINVAL, "at most %u captures at once", MERGE_MAX);
	for (unsigned i = 0; i < o->n_reads && !strcmp(value, "-"); i++)
		if (!strcmp(o->reads[i], "-"))
			return error_set(err, -EINVAL, "standard input can be read once");
	o->reads[o->n_reads++] = value;
	return 0;
}

static int take_format(void *context, const char *value, struct error *err)
{
	bool containers = !strcmp(value, "c") || !strcmp(value, "container"); /* as sysdig has them */

	((struct scapread_options *)context)->format = containers ? LINE_CONTAINERS : value;
	return 0;
}

static int take_time(void *context, const char *value, struct error *err)
{
	if (strlen(value) != 1 || !strchr("ahrdD", value[0]))
		return error_set(err, -EINVAL, "'%s' is none of a, h, r, d, D", value);
	((struct scapread_options *)context)->time_format = value[0];
	return 0;
}

static int take_file_format(void *context, const char *value, struct error *err)
{
	struct scapread_options *o = context;

	o->has_file_format = true;
	return file_format_parse(value, &o->file_format, err);
}

static int take_columns(void *context, const char *value, struct error *err)
{
	struct scapread_options *o = context;

	o->has_summary = true;
	return summary_columns_parse(&o->summary, value, err);
}

static int take_strace(void *context, const char *value, struct error *err)
{
	struct scapread_options *o = context;

	if (!o->has_strace && strace_options_init(&o->strace) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	o->has_strace = true;
	return value ? strace_options_text(&o->strace, value, err) : 0;
}

static int take_filter_file(void *context, const char *value, struct error *err)
{
	struct scapread_options *o = context;

	if (o->n_filter_files == FILTER_FILES_MAX)
		return error_set(err, -EINVAL, "at most %d files with filters", FILTER_FILES_MAX);
	o->filter_files[o->n_filter_files++] = value;
	return 0;
}

static const struct option_row rows[] = {
    {'r', "read", "FILE", "read this capture; - is standard input; repeatable: merged by time", take_read},
    {'p', "print", "FORMAT",
     "line format: %field, %field[arg], %%; a leading * prints <NA> for what is missing",
     take_format},
    {'j', "json", NULL, "one JSON object per event (of -p's fields, if given); JSON lists",
     take_json},
    {'n', "numevents", "N", "stop after N events that passed", take_limit},
    {'t', "timetype", "a|h|r|d|D",
     "%evt.outputtime: since epoch, clock, since start, call duration, since previous", take_time},
    {'A', "print-ascii", NULL, "buffers as text, line ends kept", take_ascii},
    {'x', "print-hex", NULL, "buffers in hex", take_hex},
    {'X', "print-hex-ascii", NULL, "buffers in hex and text", take_hex_ascii},
    {'b', "print-base64", NULL, "buffers in base64", take_base64},
    {'v', "verbose", NULL, "never shorten buffers and texts; lists: old event types, too",
     take_verbose},
    {'D', "internal", NULL,
     "show notes of capture tools, too; -DD: events kept only for their effects, too",
     take_internal},
    {0, "raw-events", NULL,
     "of .scap files of others: events as stored, entries and exits of old captures apart",
     take_raw_events},
    {0, "events", "A:B", "only events number A to B; either may be missing", take_events},
    {0, "time", "A..B",
     "only this time: clock (14:03:05.25), seconds from the start (+1.5) or since the epoch",
     take_time_range},
    {'w', "write", "FILE", "write what passed to another capture; - is standard output",
     take_write},
    {'F', "file-format", FILE_FORMATS,
     "what -w writes: for sysdig and Falco of today, for sysdig 0.29, or packets for Wireshark", take_file_format},
    {'z', "compress", "LEVEL", "compression of -w, 1 to 19 (default 6); of scap: gzip (default none)",
     take_level},
    {0, "packets", NULL, "network packets, too, where a filter chooses events", take_packets},
    {'q', "quiet", NULL, "print no events", take_quiet},
    {0, "hangs", NULL, "print the calls that were in progress at the end: who, what, for how long", take_hangs},
    {0, "count", NULL, "print only how many events passed", take_count},
    {'c', "summary", NULL, "a table of the calls, as strace -c prints it", take_summary},
    {'S', "sort", "COL",
     "sort -c by time, calls, errors, name, min-time, p99...; --by by one of its columns", take_sort},
    {'U', "columns", "LIST",
     "columns of -c: time, total-time, min-time, max-time, avg-time, calls, errors, name, p99",
     take_columns},
    {0, "per-process", NULL, "-c process by process", take_per_process},
    {0, "by", "FIELDS", "a table of groups: events that have these fields in common", take_by},
    {0, "agg", "LIST",
     "what it says of each: count, sum(F), avg(F), min(F), max(F), p99(F), distinct(F)",
     take_aggregates},
    {0, "hist", "FIELD", "how a number is spread, as bars; with --by for each group",
     take_histogram},
    {0, "strace", "[='OPTIONS']", "as strace prints calls, with strace's own options inside", take_strace},
    {0, "tree", NULL, "the tree of processes, with what each did", take_tree},
    {0, "filter-file", "FILE", "a filter, or YAML with macros and lists, from a file; repeatable",
     take_filter_file},
    {0, "check-filter", NULL, "explain the filter and stop", take_check_filter},
    {'P', "progress", NULL, "show on the terminal how far it is", take_progress},
    {'l', "list", NULL, "list the fields for filters and -p", take_list_fields},
    {'L', "list-events", NULL, "list the event types", take_list_events},
    {0, "list-syscalls", NULL, "list the system calls and their numbers", take_list_syscalls},
    {0, "markdown", NULL, "lists as markdown tables", take_markdown},
    {'h', "help", NULL, "this text", take_help},
    {0, "version", NULL, "print the version", take_version},
    {0},
};

void scapread_help(void)
{
	printf("usage: scapread -r FILE [options] [filter words...]\n"
	       "Reads a capture made by scapcap and prints the events that pass the filter.\n\n");
	options_print(rows, stdout);
	printf("\n"
	       "default format: %s\n"
	       "\n"
	       "  scapread -r curl.scap evt.type=openat and proc.name=curl\n"
	       "  scapread -r curl.scap -p '%%evt.time %%proc.name %%fd.name' 'evt.latency > "
	       "1000000'\n"
	       "  scapread -r curl.scap --by proc.name,evt.type --agg "
	       "'count,sum(evt.buflen),p99(evt.latency)'\n"
	       "  scapread -r curl.scap -j | jq 'select(.\"evt.res\" == -2) | .args.name'\n",
	       LINE_DEFAULT);
}

/* A table is all that is printed. */
static int check_together(struct scapread_options *o, struct error *err)
{
	const bool is_grouped = o->grouped.by || o->grouped.aggregates || o->grouped.histogram;
	const struct {
		bool given;
		const char *name;
	} outputs[] = {{o->has_summary, "-c"}, {is_grouped, "--by"},  {o->tree, "--tree"},
		       {o->has_strace, "--strace"},
		       {o->format, "-p"},      {o->count, "--count"}, {o->write, "-w"}};
	const size_t n_tables = 4;
	const char *table = NULL;

	for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
		if (outputs[i].given && table)
			return error_set(err, -EINVAL, "%s and %s: one or the other", table,
					 outputs[i].name);
		if (outputs[i].given && i < n_tables)
			table = outputs[i].name;
	}
	if (o->json && o->write)
		return error_set(err, -EINVAL, "-j says how events are printed: with -w none are");
	if (o->json && (o->has_strace || o->hangs))
		return error_set(err, -EINVAL, "-j and %s: one or the other", o->hangs ? "--hangs" : "--strace");
	if (o->grouped.histogram && o->grouped.aggregates)
		return error_set(err, -EINVAL, "--hist and --agg: one or the other");
	if (o->sort && !o->has_summary && (!is_grouped || o->grouped.histogram))
		return error_set(err, -EINVAL, "-S sorts a table: -c or --by");
	o->summary.json = o->grouped.json = o->json;
	o->grouped.sort = o->sort;
	return o->sort && o->has_summary ? summary_sort_parse(&o->summary, o->sort, err) : 0;
}

void scapread_options_done(struct scapread_options *o)
{
	filter_text_done(&o->filter);
	if (o->has_strace)
		strace_options_done(&o->strace);
}

int scapread_options_parse(struct scapread_options *ret, int argc, char **argv, struct error *err)
{
	int first = options_parse(rows, argc, argv, NULL, ret, err);
	int r = first < 0 ? 0 : check_together(ret, err);

	return r < 0 ? r : first;
}
