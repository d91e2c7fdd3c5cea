#include "replay/capture_report.h"
#include "format/block.h"
#include "format/event.h"
#include "format/native.h"
#include "format/scap.h"
#include "replay/loss_words.h"
#include "replay/source_open.h"
#include "sinks/json_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define DAMAGE_TOLD_MAX 20u /* places named one by one */

static const char *const class_names[REPORT_CLASSES] = {
	[0] = "unknown",
	[LOSS_STATE] = "state_ring",
	[LOSS_BULK] = "bulk_ring",
	[LOSS_TASK] = "no_task_storage",
	[LOSS_OVERSIZE] = "oversize",
	[LOSS_DISK] = "disk",
	[LOSS_DAMAGE] = "damage",
	[LOSS_UNREADABLE] = "unreadable",
	[LOSS_PACKETS] = "packets",
};
static const char *const entry_names[REPORT_ENTRIES] = {NULL,	   "threads",	 "fds",	   "users",
							"groups",  "interfaces", "resets", "clock_changes"};

/* The texts of a capture, by name, for copying and printing. */
#define TEXTS(X)                                                                                   \
	X(hostname) X(kernel) X(arch) X(os) X(application) X(engine) X(filter) X(command) X(comment)

/* ---- gathering ---- */

static int capture_keep(struct report *r, const struct capture_info *info)
{
	struct report_capture *c;
	size_t at = 0;

	if (r->n_captures == REPORT_CAPTURES_MAX)
		return 0;
	c = &r->captures[r->n_captures++];
	c->info = *info;
#define COPY(name) buffer_append(&c->texts, info->name.data, info->name.len);
	TEXTS(COPY)
#undef COPY
	if (buffer_failed(&c->texts))
		return -ENOMEM;
#define MOVE(name)                                                                                 \
	c->info.name.data = (const char *)c->texts.data + at;                                      \
	at += info->name.len;
	TEXTS(MOVE)
#undef MOVE
	return 0;
}

static void events_check(struct report *r, struct batch *b)
{
	struct event ev;

	for (uint32_t i = 0; i < b->n_events; i++) {
		event_at(&ev, b, i);
		event_parse(&ev);
		r->n_bad_events += ev.damaged;
	}
}

static int item_count(struct report *r, const struct item *item)
{
	switch (item->kind) {
	case ITEM_CAPTURE: return capture_keep(r, item->capture);
	case ITEM_STATE:
		for (size_t i = 0; i < item->state.n_entries; i++) {
			unsigned kind = item->state.entries[i].kind;

			r->n_entries[kind < REPORT_ENTRIES ? kind : 0]++;
		}
		return 0;
	case ITEM_LOSS:
		r->n_lost[item->loss->class < REPORT_CLASSES ? item->loss->class : 0] +=
			item->loss->count;
		return 0;
	case ITEM_EVENTS:
		/* The reader counts them from the blocks' headers, and has loaded all to verify it. */
		if (r->verified)
			events_check(r, item->batch);
		return 0;
	}
	return 0;
}

static bool is_damage(int code)
{
	return code == -EBADMSG || code == -ENODATA || code == -ENOTSUP;
}

int report_read(struct report *r, const char *path, bool verify, struct error *err)
{
	struct source_options options = {.verify = verify};
	struct error damage = {0};
	struct item item;
	struct stat st;
	unsigned told = 0;
	int e;

	*r = (struct report){.path = path, .verified = verify};
	if (strcmp(path, "-") && stat(path, &st) == 0)
		r->size = (uint64_t)st.st_size;
	if (!(r->source = source_open(path, &options, err)))
		return err->code;
	while ((e = source_next(r->source, &item, &damage)) != 0) {
		if (e > 0 && (e = item_count(r, &item)) < 0)
			return error_set(err, e, "out of memory");
		if (e >= 0)
			continue;
		if (!is_damage(e))
			return error_set(err, e, "%s", damage.text);
		if (told++ < DAMAGE_TOLD_MAX)
			fprintf(stderr, "scapinfo: %s\n", damage.text);
		error_clear(&damage);
	}
	if (told > DAMAGE_TOLD_MAX)
		fprintf(stderr, "scapinfo: %s: %u more places\n", source_path_name(path),
			told - DAMAGE_TOLD_MAX);
	if (r->n_bad_events)
		fprintf(stderr, "scapinfo: %s: the payload of %" PRIu64 " event%s contradicts its type\n",
			source_path_name(path), r->n_bad_events, r->n_bad_events == 1 ? "" : "s");
	source_stats(r->source, &r->stats);
	return r->stats.bytes ? 0 : error_set(err, -ENODATA, "%s: is empty; nothing was captured into it",
					      source_path_name(path));
}

void report_done(struct report *r)
{
	for (uint32_t i = 0; i < r->n_captures; i++)
		buffer_done(&r->captures[i].texts);
	source_close(r->source);
	r->source = NULL;
}

bool report_whole(const struct report *r)
{
	const struct source_stats *s = &r->stats;

	return !s->n_damaged && !s->n_unreadable && !s->truncated && !s->events_missing &&
	       !r->n_bad_events;
}

/* ---- words ---- */

static const char *index_words(const struct report *r)
{
	const struct source_stats *s = &r->stats;

	if (!s->has_index)
		return "none: the capture was not finished, or is still being written";
	return s->index_valid ? "whole" : "its counts differ from what the file holds";
}

/* Control characters never reach the terminal. */
static void print_text(FILE *out, struct text t)
{
	for (uint32_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.data[i];

		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
}

static void print_time(FILE *out, const char *name, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	char words[64];

	if (!ns || !localtime_r(&seconds, &tm) || !strftime(words, sizeof words, "%F %T", &tm))
		return;
	fprintf(out, "%-18s%s.%09" PRIu64 "\n", name, words, ns % 1000000000u);
}

static void print_number(FILE *out, const char *name, uint64_t v)
{
	if (v)
		fprintf(out, "%-18s%" PRIu64 "\n", name, v);
}

/* Of the sysdig family: it has neither id nor index. */
static bool is_genuine(const struct report *r)
{
	return strcmp(r->source->ops->name, "scap") == 0;
}

static void print_capture(FILE *out, const struct report *r, const struct capture_info *info)
{
	char id[2 * sizeof info->id + 1];

	for (size_t i = 0; i < sizeof info->id; i++)
		snprintf(id + 2 * i, 3, "%02x", info->id[i]);
	fprintf(out, "%-18s%s, version %u.%u\n", "capture", is_genuine(r) ? "genuine .scap" : id,
		info->version_major, info->version_minor);
#define PRINT(name)                                                                                \
	if (info->name.len) {                                                                      \
		fprintf(out, "%-18s", #name);                                                      \
		print_text(out, info->name);                                                       \
		putc('\n', out);                                                                   \
	}
	TEXTS(PRINT)
#undef PRINT
	print_number(out, "cpus", info->n_cpus);
	print_number(out, "memory", info->memory_bytes);
	print_number(out, "snaplen", info->snaplen);
	print_time(out, "booted", info->boot_ns);
	print_time(out, "started", info->start_ns);
}

/* Event types by count, most first. */
struct type_count {
	uint16_t type;
	uint64_t n;
};

static int count_order(const void *a, const void *b)
{
	const struct type_count *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return x->type < y->type ? -1 : x->type > y->type;
}

static size_t types_sorted(const struct report *r, struct type_count counts[EVENT_TYPE_MAX])
{
	size_t n = 0;

	for (uint32_t t = 0; t < EVENT_TYPE_MAX; t++) {
		if (r->stats.n_types[t])
			counts[n++] = (struct type_count){(uint16_t)t, r->stats.n_types[t]};
	}
	qsort(counts, n, sizeof *counts, count_order);
	return n;
}

static void print_counts(const struct report *r, FILE *out)
{
	struct type_count *counts = malloc(EVENT_TYPE_MAX * sizeof *counts);
	size_t n = counts ? types_sorted(r, counts) : 0;

	fprintf(out, "%-18s%" PRIu64, "events", r->stats.n_events);
	if (r->stats.n_hidden)
		fprintf(out, ", of which hidden %" PRIu64, r->stats.n_hidden);
	putc('\n', out);
	for (size_t i = 0; i < n; i++) {
		const struct event_info *info = schema_find(r->source->schema, counts[i].type);

		fprintf(out, "  %-16s%" PRIu64 "%s\n", info->name, counts[i].n,
			event_info_is_enter(info) ? " (entries)" : "");
	}
	free(counts);
	for (unsigned k = 1; k < REPORT_ENTRIES; k++)
		print_number(out, entry_names[k], r->n_entries[k]);
}

static void print_losses(const struct report *r, FILE *out)
{
	uint64_t lost = 0;

	for (unsigned k = 0; k < LOSS_UNREADABLE; k++)
		lost += r->n_lost[k];
	fprintf(out, "%-18s%" PRIu64 "\n", "lost", lost);
	for (unsigned k = 0; k < REPORT_CLASSES; k++) {
		if (r->n_lost[k])
			fprintf(out, "  %-16" PRIu64 "%s\n", r->n_lost[k], loss_words(k));
	}
}

static void print_blocks(const struct report *r, FILE *out)
{
	const struct source_stats *s = &r->stats;
	const char *packing;

	fprintf(out, "%-18s", "blocks");
	for (unsigned k = 1, n = 0; k < 8; k++) {
		if (s->n_blocks[k])
			fprintf(out, "%s%" PRIu64 " %s", n++ ? ", " : "", s->n_blocks[k],
				block_kind_name(k));
	}
	putc('\n', out);
	print_number(out, "packets", s->n_packets);
	print_number(out, "foreign blocks", s->n_skipped_foreign);
	fprintf(out, "%-18s%" PRIu64 "\n", "bytes", s->bytes);
	if (s->n_events && s->bytes)
		fprintf(out, "%-18s%.2f to 1, %.1f bytes an event\n", "compression",
			(double)s->bytes_raw / (double)s->bytes,
			(double)s->bytes / (double)s->n_events);
	packing = is_genuine(r) ? scap_reader_packing(r->source) : native_reader_packing(r->source);
	if (packing)
		fprintf(out, "%-18s%s\n", "packing", packing);
	if (!is_genuine(r))
		fprintf(out, "%-18s%s\n", "index", index_words(r));
}

static void print_damage(const struct report *r, FILE *out)
{
	const struct source_stats *s = &r->stats;
	uint64_t n = s->n_damaged + s->n_unreadable;

	if (report_whole(r))
		fprintf(out, "%-18s%s\n", "damage", r->verified ? "none" : "none seen (--verify looks everywhere)");
	if (n || s->events_missing || s->truncated)
		fprintf(out, "%-18s%" PRIu64 " place%s, %" PRIu64 " events missing%s\n", "damage", n,
			n == 1 ? "" : "s", s->events_missing, s->truncated ? ", cut short: more may be" : "");
	if (r->n_bad_events)
		fprintf(out, "%-18s%" PRIu64 " whose payload contradicts its type\n", "damaged events",
			r->n_bad_events);
}

void report_print(const struct report *r, FILE *out)
{
	const struct source_stats *s = &r->stats;

	fprintf(out, "%-18s%s\n", "file", source_path_name(r->path));
	for (uint32_t i = 0; i < r->n_captures; i++)
		print_capture(out, r, &r->captures[i].info);
	if (s->n_captures > r->n_captures)
		fprintf(out, "%-18s%" PRIu64 "\n", "more captures", s->n_captures - r->n_captures);
	print_time(out, "first event", s->first_ns);
	print_time(out, "last event", s->last_ns);
	if (s->last_ns > s->first_ns) {
		double seconds = (double)(s->last_ns - s->first_ns) / 1e9;

		fprintf(out, "%-18s%.6f s, %.0f events/s\n", "duration", seconds,
			(double)s->n_events / seconds);
	}
	print_counts(r, out);
	print_losses(r, out);
	if (s->n_misnumbered)
		fprintf(out, "%-18sjump %" PRIu64 " time%s though no block is missing\n", "event numbers",
			s->n_misnumbered, s->n_misnumbered == 1 ? "" : "s");
	print_blocks(r, out);
	print_damage(r, out);
}

/* ---- JSON ---- */

static void json_member(struct buffer *b, const char *name, uint64_t v)
{
	if (b->data[b->len - 1] != '{')
		buffer_u8(b, ',');
	json_key(b, name);
	json_unsigned(b, v);
}

static void json_flag(struct buffer *b, const char *name, bool v)
{
	buffer_u8(b, ',');
	json_key(b, name);
	buffer_printf(b, v ? "true" : "false");
}

static void json_capture(struct buffer *b, const struct capture_info *info)
{
	buffer_printf(b, "{\"id\":");
	json_hex(b, info->id, sizeof info->id);
	json_member(b, "version_major", info->version_major);
	json_member(b, "version_minor", info->version_minor);
	json_member(b, "compatible", info->compatible);
	json_member(b, "start_ns", info->start_ns);
	json_member(b, "boot_ns", info->boot_ns);
	json_member(b, "memory_bytes", info->memory_bytes);
	json_member(b, "n_cpus", info->n_cpus);
	json_member(b, "snaplen", info->snaplen);
	json_member(b, "page_size", info->page_size);
	json_member(b, "clock", info->clock);
#define PUT(name)                                                                                  \
	buffer_u8(b, ',');                                                                         \
	json_key(b, #name);                                                                        \
	json_string(b, info->name.data, info->name.len);
	TEXTS(PUT)
#undef PUT
	buffer_u8(b, '}');
}

static void json_counts(struct buffer *b, const struct report *r)
{
	buffer_printf(b, ",\"types\":[");
	for (uint32_t t = 0, n = 0; t < EVENT_TYPE_MAX; t++) {
		const struct event_info *info;

		if (!r->stats.n_types[t])
			continue;
		info = schema_find(r->source->schema, (uint16_t)t);
		buffer_printf(b, "%s{\"type\":%u,\"name\":", n++ ? "," : "", t);
		json_string(b, info->name, strlen(info->name));
		json_member(b, "events", r->stats.n_types[t]);
		buffer_u8(b, '}');
	}
	buffer_printf(b, "],\"state\":{");
	for (unsigned k = 1; k < REPORT_ENTRIES; k++)
		json_member(b, entry_names[k], r->n_entries[k]);
	buffer_printf(b, "},\"lost\":{");
	for (unsigned k = 0; k < REPORT_CLASSES; k++)
		json_member(b, class_names[k], r->n_lost[k]);
	buffer_printf(b, "},\"blocks\":{");
	for (unsigned k = 1; k < 8; k++)
		json_member(b, block_kind_name(k), r->stats.n_blocks[k]);
	buffer_u8(b, '}');
}

void report_json(const struct report *r, FILE *out)
{
	const struct source_stats *s = &r->stats;
	const char *name = source_path_name(r->path);
	struct buffer b = {0};

	buffer_printf(&b, "{\"file\":");
	json_string(&b, name, strlen(name));
	json_member(&b, "size", r->size);
	buffer_printf(&b, ",\"captures\":[");
	for (uint32_t i = 0; i < r->n_captures; i++) {
		if (i)
			buffer_u8(&b, ',');
		json_capture(&b, &r->captures[i].info);
	}
	buffer_u8(&b, ']');
	json_member(&b, "first_ns", s->first_ns);
	json_member(&b, "last_ns", s->last_ns);
	json_member(&b, "events", s->n_events);
	json_member(&b, "hidden", s->n_hidden);
	json_counts(&b, r);
	json_member(&b, "packets", s->n_packets);
	json_member(&b, "foreign_blocks", s->n_skipped_foreign);
	json_member(&b, "bytes", s->bytes);
	json_member(&b, "bytes_raw", s->bytes_raw);
	json_flag(&b, "has_index", s->has_index);
	json_flag(&b, "index_valid", s->index_valid);
	json_flag(&b, "truncated", s->truncated);
	json_member(&b, "damaged", s->n_damaged);
	json_member(&b, "unreadable", s->n_unreadable);
	json_member(&b, "events_missing", s->events_missing);
	json_member(&b, "misnumbered", s->n_misnumbered);
	json_member(&b, "damaged_events", r->n_bad_events);
	json_flag(&b, "verified", r->verified);
	json_flag(&b, "whole", report_whole(r));
	buffer_printf(&b, "}\n");
	if (!buffer_failed(&b))
		fwrite(b.data, 1, b.len, out);
	buffer_done(&b);
}
