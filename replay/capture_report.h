/*
 * What is in a capture file, gathered by reading it once, and as text or JSON.
 *
 *	report_read(&report, path, verify, &err);	// damage is told on stderr and counted
 *	report_print(&report, stdout);
 *	report_done(&report);
 */
#pragma once
#include "format/native.h"

#include <stdio.h>

#define REPORT_CAPTURES_MAX 16u /* described one by one; more are counted */
#define REPORT_CLASSES	    (LOSS_PACKETS + 1u) /* enum loss_class, 0: unknown ones */
#define REPORT_ENTRIES	    8u	/* enum entry_kind */

struct report_capture {
	struct capture_info info; /* texts in `texts` */
	struct buffer texts;
};

struct report {
	const char *path;
	bool verified;
	uint64_t size;		/* of the file; 0: a pipe */
	struct report_capture captures[REPORT_CAPTURES_MAX];
	uint32_t n_captures;
	uint64_t n_entries[REPORT_ENTRIES];
	uint64_t n_lost[REPORT_CLASSES];
	uint64_t n_bad_events;	/* whose payload contradicts their type; looked for with verify */
	struct source *source;	/* for its schema */
	struct source_stats stats;
};

/*
 * 0: read to its end, damaged or not (report->stats tells); negative: it could not be opened or read.
 * With verify every checksum is checked, else only what is looked at.
 */
int report_read(struct report *r, const char *path, bool verify, struct error *err);
void report_done(struct report *r);
/* Whether the file is all it should be: nothing damaged, missing or cut off. */
bool report_whole(const struct report *r);
void report_print(const struct report *r, FILE *out);
/* One JSON object in one line. */
void report_json(const struct report *r, FILE *out);
