/*
 * What scapread was asked to do: its command line.
 */
#pragma once
#include "filters/filter_text.h"
#include "replay/lists.h"
#include "replay/merge.h"
#include "sinks/grouped.h"
#include "sinks/range.h"
#include "sinks/sink_file.h"
#include "sinks/strace_options.h"
#include "sinks/summary.h"
#include "state/render.h"

#define FILTER_FILES_MAX 16

struct scapread_options {
	const char *reads[MERGE_MAX]; /* -r */
	const char *format, *write;
	const char *filter_files[FILTER_FILES_MAX];
	unsigned n_filter_files;
	unsigned n_reads;
	struct range range;
	uint64_t limit, level;
	bool raw_events;
	unsigned internal; /* how often -D was given */
	char time_format;
	bool json, markdown, packets, quiet, count, hangs, progress, check_filter, help, version;
	bool tree, per_process, has_summary, has_strace;
	struct strace_options strace; /* initialised with has_strace */
	const char *sort;
	struct summary_options summary;
	struct grouped_options grouped;
	enum list_kind list;
	enum file_format file_format;
	bool has_file_format;
	struct render_options render;
	struct filter_text filter;
};

/* Fills ret, which is zeroed. The index of the first filter word, or -EINVAL with words. */
int scapread_options_parse(struct scapread_options *ret, int argc, char **argv, struct error *err);
void scapread_options_done(struct scapread_options *o);
/* --help, to standard output. */
void scapread_help(void);
