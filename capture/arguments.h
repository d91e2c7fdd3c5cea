/*
 * The command line of scapcap.
 *
 *	struct arguments a = {0};
 *	r = arguments_parse(&a, argc, argv, &err);	// -EINVAL with words: wrong usage
 *	r = arguments_filter(&a, &err);			// a.filter: words and options in one expression
 *	...
 *	arguments_done(&a);
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include "capture/packet_capture.h"
#include "filters/filter_text.h"
#include "sinks/sink_file.h"
#include "sinks/strace_options.h"
#include "sinks/summary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATTACH_MAX 64 /* -p options */

#define FILTER_FILES_MAX 16
#define ENVIRONMENT_MAX	 64 /* -E options */

enum engine_choice { ENGINE_AUTO, ENGINE_BPF, ENGINE_PTRACE };
enum snapshot_choice { CHOICE_TREE, CHOICE_ALL, CHOICE_NONE };

struct arguments {
	const char *write, *format, *user, *cgroup, *comment; /* NULL: not given */
	const char *set_host, *set_kernel, *set_command;
	uint32_t pids[ATTACH_MAX];
	size_t n_pids;
	uint64_t limit, seconds, snaplen, level, buffer; /* 0: not given, but for snaplen */
	unsigned internal;
	char time_format; /* 0: the sink's own */
	enum engine_choice engine;
	enum snapshot_choice snapshot;
	enum file_format file_format;
	bool has_file_format;
	const char *run_as; /* NULL: as we are */
	unsigned run_uid, run_gid;
	const char *environment[ENVIRONMENT_MAX];
	size_t n_environment;
	bool extcap; /* Wireshark reads what is written, and goes away when it has enough */
	bool no_follow, env, structures, hangs, json, quiet, explain, doctor, help, version;
	bool has_summary, has_strace;
	struct strace_options strace; /* initialised with has_strace */
	struct summary_options summary; /* -c */
	struct render_options render;
	const char *interfaces[PACKET_HANDLES_MAX]; /* -i */
	size_t n_interfaces;
	const char *packets; /* --packets: whose filter, NULL: not given */
	const char *filter_files[FILTER_FILES_MAX];
	unsigned n_filter_files;
	char **words; /* of the filter */
	int n_words;
	char **command;		  /* what follows --, ends with NULL; NULL: none */
	struct filter_text filter;
	struct buffer whole_line; /* the command line as it was, NUL-terminated */
};

/* Views into argv, which is reordered. 0 or negative errno. */
int arguments_parse(struct arguments *a, int argc, char **argv, struct error *err);
/* Puts the filter's words and the options that mean the same into one expression. */
int arguments_filter(struct arguments *a, struct error *err);
void arguments_help(void);
void arguments_done(struct arguments *a);

/* Network packets are asked for. */
static inline bool arguments_packets(const struct arguments *a)
{
	return a->n_interfaces || a->packets;
}
/* Output goes to standard output as a capture. */
bool arguments_write_stdout(const struct arguments *a);
