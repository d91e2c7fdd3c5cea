/*
 * Lines as -p describes them: literal text and fields, compiled once, printed for every event.
 *
 *	struct line *l = line_new("%evt.num %proc.name", 'h', NULL, &err);
 *	if (line_append(l, &buffer, &ev, st)) buffer_u8(&buffer, '\n');
 *
 * Format: `%field`, `%field[argument]`, `%20field` (padded or cut to 20 bytes), `%%`, all else is literal.
 * An event that lacks one of the values has no line at all, unless the format begins with `*`: then
 * the missing value is printed as <NA>.
 */
#pragma once
#include "filters/field.h"

#define LINE_FORMAT_MAX	  65536 /* bytes of a format: a command line's worth */
#define LINE_SEGMENTS_MAX 1024
#define LINE_WIDTH_MAX	  4096	/* %4096field: wider columns are a slip of the finger */

/* sysdig's default line. */
#define LINE_DEFAULT                                                                               \
	"*%evt.num %evt.outputtime %evt.cpu %proc.name (%thread.tid) %evt.dir %evt.type %evt.info"

/* And what it takes for containers. */
#define LINE_CONTAINERS                                                                            \
	"*%evt.num %evt.outputtime %evt.cpu %container.name (%container.id) %proc.name "           \
	"(%thread.tid:%thread.vtid) %evt.dir %evt.type %evt.info"

struct line;

/*
 * format NULL: LINE_DEFAULT. time_format says what %evt.outputtime prints: 'h' HH:MM:SS.ns, 'a' seconds
 * since the epoch, 'r' seconds since the first event, 'd' seconds the call took, 'D' seconds since the
 * previous line; 0 is 'h'. render may be NULL (defaults) and is copied.
 * NULL with words; err->offset is the place in the format.
 */
struct line *line_new(const char *format, char time_format, const struct render_options *render,
		      struct error *err);
void line_free(struct line *l);

/* enum field_need bits of all fields. */
unsigned line_needs(const struct line *l);
/* Appends the line without newline. false: the event lacks a value, nothing was appended. */
bool line_append(struct line *l, struct buffer *out, struct event *ev, struct state *st);

/* The time as %evt.outputtime prints it, of what is no event: the time since the line before is that of an event's. */
void line_time(struct line *l, struct buffer *out, uint64_t time_ns);

/* The fields one by one, for sinks that print them in another way. */
bool line_is_lenient(const struct line *l); /* began with '*' */
size_t line_field_count(const struct line *l);
const struct field *line_field_at(const struct line *l, size_t i);
const char *line_field_text(const struct line *l, size_t i); /* as written: "proc.aname[2]" */
struct field_scratch *line_field_scratch(struct line *l, size_t i);
