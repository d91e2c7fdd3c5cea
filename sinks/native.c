/*
 * Another native file: the events that passed, and hidden among them those that did not but change
 * who-is-who, so that the new file answers the same questions about them.
 */
#include "format/native.h"
#include "sinks/sink.h"

#include <errno.h>
#include <stdlib.h>

struct native_sink {
	struct sink sink;
	int fd;
	struct native_writer_options options;
	char *filter; /* of this run; "" none */
	struct native_writer *writer;
	const struct schema *schema;
	struct buffer filter_text; /* the capture's filter and ours */
	uint32_t n_selected;
	uint32_t selected[BATCH_EVENTS];
	uint16_t flags_or[BATCH_EVENTS];
};

/* What the new file says of its filter: both, for both decided what is in it. */
static struct text joined_filter(struct native_sink *n, struct text old)
{
	if (!n->filter[0])
		return old;
	if (old.len == 0)
		return text_of(n->filter);
	buffer_clear(&n->filter_text);
	buffer_printf(&n->filter_text, "(%.*s) and (%s)", (int)old.len, old.data, n->filter);
	if (buffer_failed(&n->filter_text))
		return text_of(n->filter);
	return (struct text){(const char *)n->filter_text.data, (uint32_t)n->filter_text.len};
}

static int writer_open(struct native_sink *n, const struct capture_info *info, struct error *err)
{
	struct error words = {0};

	n->writer = native_writer_new(n->fd, info, n->schema, &n->options, &words);
	return n->writer ? 0 : error_set(err, words.code ? words.code : -EIO, "%s", words.text);
}

/* Input whose description is damaged still yields events: they get a file without one. */
static int writer_need(struct native_sink *n, struct error *err)
{
	static const struct capture_info unknown;

	return n->writer ? 0 : writer_open(n, &unknown, err);
}

static int native_capture(struct sink *s, const struct capture_info *info, struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;
	struct state_entry reset = {.kind = ENTRY_RESET};
	struct capture_info copy = *info;

	/* A further capture in the same input: its state starts from nothing. */
	if (n->writer)
		return native_writer_state(n->writer, &reset, 1, err);
	copy.filter = joined_filter(n, info->filter);
	/* Other contents, another id: the writer draws one. */
	memset(copy.id, 0, sizeof copy.id);
	return writer_open(n, &copy, err);
}

static int native_state(struct sink *s, const struct state_entry *entries, size_t n_entries,
			struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;
	int r = writer_need(n, err);

	return r < 0 ? r : native_writer_state(n->writer, entries, n_entries, err);
}

static int native_event(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;

	n->flags_or[ev->index] = 0;
	n->selected[n->n_selected++] = ev->index;
	return 0;
}

static int native_hidden(struct sink *s, struct event *ev, struct state *st, struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;

	n->flags_or[ev->index] = EVENT_HIDDEN;
	n->selected[n->n_selected++] = ev->index;
	return 0;
}

static int native_batch_end(struct sink *s, struct batch *batch, struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;
	uint32_t n_selected = n->n_selected;
	int r;

	n->n_selected = 0;
	if (n_selected == 0)
		return 0;
	r = writer_need(n, err);
	if (r < 0)
		return r;
	return native_writer_events(n->writer, batch, n->selected, n_selected, n->flags_or, err);
}

static int native_loss(struct sink *s, const struct loss_entry *loss, struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;
	int r = writer_need(n, err);

	return r < 0 ? r : native_writer_loss(n->writer, loss, err);
}

static int native_packet(struct sink *s, const struct packet *p, struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;
	int r = writer_need(n, err);

	return r < 0 ? r : native_writer_packet(n->writer, p, err);
}

static int native_finish(struct sink *s, struct error *err)
{
	struct native_sink *n = (struct native_sink *)s;

	int r = writer_need(n, err); /* an empty capture is a file, too */

	return r < 0 ? r : native_writer_finish(n->writer, err);
}

static void native_free(struct sink *s)
{
	struct native_sink *n = (struct native_sink *)s;

	native_writer_free(n->writer);
	buffer_done(&n->filter_text);
	free(n->filter);
	free(n);
}

static const struct sink_ops native_ops = {
    .name = "native",
    .capture = native_capture,
    .state = native_state,
    .event = native_event,
    .hidden = native_hidden,
    .batch_end = native_batch_end,
    .loss = native_loss,
    .packet = native_packet,
    .finish = native_finish,
    .free = native_free,
};

struct sink *sink_native_new(int fd, const struct schema *schema,
			     const struct native_writer_options *options, const char *filter,
			     struct error *err)
{
	struct native_sink *n = calloc(1, sizeof *n);

	if (!n)
		goto out_of_memory;
	n->sink.ops = &native_ops;
	n->fd = fd;
	n->schema = schema;
	if (options)
		n->options = *options;
	n->filter = strdup(filter ? filter : "");
	if (!n->filter)
		goto out_of_memory;
	return &n->sink;

out_of_memory:
	free(n);
	error_set(err, -ENOMEM, "out of memory");
	return NULL;
}
