/*
 * Summaries of calls as strace -c prints them: time, calls and errors of each, sorted; for all or process
 * by process, with the shortest and longest time and percentiles as further columns.
 *
 *	struct summary_options o = {0};
 *	if (summary_sort_parse(&o, "errors", &err) < 0) ...
 *	sink = sink_summary_new(stdout, &o, &err);
 *
 * Calls are counted where they return, as strace does: exit_group, and calls still under way at the end,
 * are in no table, nor are those that the kernel broke off (ERESTARTSYS and its like) to end their thread,
 * where the ends of threads are among the events. Times are those on the clock (strace -w), from entry to return.
 */
#pragma once
#include "sinks/sink.h"

#define SUMMARY_COLUMNS_MAX 16

enum summary_value {
	SUMMARY_TIME_PERCENT, SUMMARY_TOTAL, SUMMARY_MIN, SUMMARY_MAX, SUMMARY_AVERAGE, SUMMARY_CALLS,
	SUMMARY_ERRORS, SUMMARY_NAME, SUMMARY_PERCENTILE, SUMMARY_NOTHING,
};

struct summary_column {
	enum summary_value value;
	double percent; /* SUMMARY_PERCENTILE */
	char head[16];
};

/* A zeroed one is strace's default: sorted by time. */
struct summary_options {
	bool has_sort;
	struct summary_column sort;
	struct summary_column columns[SUMMARY_COLUMNS_MAX];
	size_t n_columns; /* 0: the usual ones */
	bool per_process, json;
};

/* strace's words for -S and -U (comma-separated), and p50, p99.9... 0 or -EINVAL with words. */
int summary_sort_parse(struct summary_options *o, const char *text, struct error *err);
int summary_columns_parse(struct summary_options *o, const char *text, struct error *err);

/* out is not owned, options are copied. NULL: out of memory. */
struct sink *sink_summary_new(FILE *out, const struct summary_options *options, struct error *err);
