/*
 * Parameters as text, the way the sysdig family prints them: `fd=3(<f>/etc/hosts)`,
 * `flags=4097(O_RDONLY|O_CLOEXEC)`, `res=-2(ENOENT)`. Facts in format/SPEC.md "Rendering".
 */
#pragma once
#include "state/state.h"

enum payload_view { VIEW_DOTS, VIEW_ASCII, VIEW_HEX, VIEW_BASE64, VIEW_HEX_ASCII };

struct render_options {
	enum payload_view view;
	bool full;		/* -v: never shorten with "..." */
	uint32_t buffer_max;	/* bytes of a buffer shown unless full; 0: all that was kept */
};

/* Value and, in parentheses, what it means: "3(<f>/etc/hosts)", "-2(ENOENT)", "lib(/usr/lib)". "<NA>" when
   absent, "NULL" for absent buffers and socket tuples. */
void render_param(struct buffer *out, struct event *ev, unsigned i, const struct state *st,
		  const struct render_options *options);
/* "fd=3(<f>/etc/hosts) dirfd=-100(AT_FDCWD) name=/etc/hosts" */
void render_args(struct buffer *out, struct event *ev, const struct state *st,
		 const struct render_options *options);
/* Appends flag names joined by '|' in table order; nothing when no bit has a name. */
void render_flags(struct buffer *out, uint64_t value, const struct flag_table *flags, bool exact);
/* -2 -> "ENOENT"; >= 0 -> "SUCCESS" */
const char *render_result(int64_t result);
/* HH:MM:SS.nnnnnnnnn of a time since the epoch, in the local zone (TZ); buffer of at least 32. */
void render_clock(char *out, uint64_t ns);
/* Whole decimal fast paths. */
void buffer_decimal(struct buffer *b, int64_t v);
