/* Text: one line per event (sinks/line.h says which). */
#include "sinks/line.h"
#include "sinks/output.h"
#include "sinks/packet_look.h"
#include "sinks/sink.h"

#include <errno.h>
#include <stdlib.h>

struct text_sink {
	struct sink sink;
	struct line *line;
	struct output output;
	bool to_terminal;
	bool own_format;
};

/*
 * File names and payload are other people's bytes: on a terminal, control characters in them
 * could move the cursor or worse, so they become dots there.
 */
static void disarm(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((p[i] < 0x20 && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7f)
			p[i] = '.';
}

static int text_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;
	struct buffer *b = &t->output.bytes;
	size_t start = b->len;

	if (!line_append(t->line, b, ev, st))
		return 0;
	if (t->to_terminal && !buffer_failed(b))
		disarm(b->data + start, b->len - start);
	buffer_u8(b, '\n');
	return output_line_end(&t->output, err);
}

/* Formats are of events' fields: packets have a line among lines of the usual form alone. */
static int text_packet(struct sink *s, const struct packet *p, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;
	struct buffer *b = &t->output.bytes;

	if (t->own_format)
		return 0;
	buffer_append(b, "- ", 2);
	line_time(t->line, b, p->time_ns);
	buffer_append(b, " - packet ", 10);
	packet_line(b, p);
	buffer_u8(b, '\n');
	return output_line_end(&t->output, err);
}

static int text_batch_end(struct sink *s, struct batch *batch, struct error *err)
{
	return output_flush(&((struct text_sink *)s)->output, err);
}

static int text_finish(struct sink *s, struct error *err)
{
	int r = output_flush(&((struct text_sink *)s)->output, err);

	return r > 0 ? 0 : r;
}

static void text_free(struct sink *s)
{
	struct text_sink *t = (struct text_sink *)s;

	line_free(t->line);
	output_done(&t->output);
	free(t);
}

static const struct sink_ops text_ops = {
    .name = "text",
    .event = text_event,
    .batch_end = text_batch_end,
    .packet = text_packet,
    .finish = text_finish,
    .free = text_free,
};

struct sink *sink_text_new(FILE *out, const char *format, char time_format,
			   const struct render_options *render, bool to_terminal, struct error *err)
{
	struct text_sink *t = calloc(1, sizeof *t);

	if (!t) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	t->line = line_new(format, time_format, render, err);
	if (!t->line) {
		free(t);
		return NULL;
	}
	t->sink.ops = &text_ops;
	t->sink.needs = line_needs(t->line);
	t->output.stream = out;
	t->to_terminal = to_terminal;
	t->own_format = format != NULL;
	return &t->sink;
}
