/*
 * Events as packets of link type 252, for Wireshark with the dissector and without the file reader, and for its
 * live captures; captured packets beside them.
 */
#include "sinks/pcapng_parts.h"
#include "sinks/sink.h"

#include <errno.h>
#include <stdlib.h>

struct pcapng_events {
	struct sink sink;
	struct pcapng_file file;
	struct pcapng_records records;
	struct pcapng_real real;
	bool has_section;
};

static struct pcapng_events *events_of(struct sink *s)
{
	return (struct pcapng_events *)s;
}

/* At once: who waits at the other end of a pipe wants to know what will come. */
static int begin(struct pcapng_events *s, const struct capture_info *info, struct error *err)
{
	if (s->has_section)
		return 0;
	s->has_section = true;
	pcapng_section(&s->file, info);
	pcapng_records_begin(&s->records, &s->file);
	return pcapng_flush(&s->file, err);
}

static int events_capture(struct sink *sink, const struct capture_info *info, struct error *err)
{
	struct pcapng_events *s = events_of(sink);

	s->records.before_ns = 0;
	record_maker_changed(s->records.maker);
	return begin(s, info, err);
}

static int events_state(struct sink *sink, const struct state_entry *entries, size_t n, struct error *err)
{
	record_maker_changed(events_of(sink)->records.maker);
	return 0;
}

static int events_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct pcapng_events *s = events_of(sink);
	bool changes = state_changes_threads(ev->info);
	int r = begin(s, NULL, err);

	/* The event's effects are there when it is looked at; what it ends goes when it has been. */
	if (changes)
		record_maker_changed(s->records.maker);
	if (r == 0)
		r = pcapng_records_event(&s->records, &s->file, ev, st, err);
	if (changes)
		record_maker_changed(s->records.maker);
	return r < 0 ? r : pcapng_flush_some(&s->file, err);
}

static int events_hidden(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	if (state_changes_threads(ev->info))
		record_maker_changed(events_of(sink)->records.maker);
	return 0;
}

static int events_batch_end(struct sink *sink, struct batch *batch, struct error *err)
{
	return pcapng_flush(&events_of(sink)->file, err);
}

static int events_loss(struct sink *sink, const struct loss_entry *loss, struct error *err)
{
	if (loss->class != LOSS_UNREADABLE)
		record_maker_loss(events_of(sink)->records.maker, loss);
	return 0;
}

static int events_packet(struct sink *sink, const struct packet *p, struct error *err)
{
	struct pcapng_events *s = events_of(sink);
	int r = begin(s, NULL, err);

	pcapng_real_packet(&s->real, &s->file, p);
	return r < 0 ? r : pcapng_flush_some(&s->file, err);
}

static int events_finish(struct sink *sink, struct error *err)
{
	struct pcapng_events *s = events_of(sink);
	int r = begin(s, NULL, err);

	if (r == 0)
		r = pcapng_records_finish(&s->records, &s->file, err);
	return r < 0 ? r : pcapng_flush(&s->file, err);
}

static void events_free(struct sink *sink)
{
	struct pcapng_events *s = events_of(sink);

	pcapng_file_done(&s->file);
	pcapng_records_done(&s->records);
	free(s);
}

static const struct sink_ops events_ops = {
	.name = "pcapng-events",
	.capture = events_capture,
	.state = events_state,
	.event = events_event,
	.hidden = events_hidden,
	.batch_end = events_batch_end,
	.loss = events_loss,
	.packet = events_packet,
	.finish = events_finish,
	.free = events_free,
};

struct sink *sink_pcapng_events_new(int fd, struct error *err)
{
	struct pcapng_events *s = calloc(1, sizeof *s);

	if (!s || pcapng_records_init(&s->records, "scapcap") < 0) {
		free(s);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	s->sink.ops = &events_ops;
	s->sink.needs = RECORD_NEEDS;
	pcapng_file_init(&s->file, fd);
	return &s->sink;
}
