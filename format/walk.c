#include "format/walk.h"
#include "format/packet.h"

#include <errno.h>
#include <sys/stat.h>

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static int damage(struct walk *w, struct error *err, const char *what)
{
	w->searching = true;
	return error_set_at(err, -EBADMSG, w->input.at, "block at offset %llu: %s",
			    (unsigned long long)w->input.at, what);
}

/*
 * The block at `at` has only `have` bytes: the file was cut, or the length is wrong, or another capture
 * stands behind one that was cut. So the rest is searched.
 */
static int short_tail(struct walk *w, uint64_t at, uint64_t have, struct error *err)
{
	if (w->follow)
		return 0;
	w->searching = true;
	return error_set_at(err, -ENODATA, at,
			    "truncated: it ends within the block at offset %llu, of which it has %llu "
			    "bytes (scapedit --repair makes the file whole)",
			    (unsigned long long)at, (unsigned long long)have);
}

/* Whether n bytes are there, without reading them where the file's size tells. */
static int reaches(struct walk *w, uint32_t n, uint64_t *ret_have, struct error *err)
{
	const uint8_t *p;
	struct stat st;
	size_t have = w->input.end - w->input.start;
	int r;

	if (n > have && w->input.seekable && fstat(w->input.fd, &st) == 0) {
		*ret_have = (uint64_t)st.st_size > w->input.at ? (uint64_t)st.st_size - w->input.at
							       : 0;
		return 0;
	}
	if ((r = input_peek(&w->input, n, &p, &have, err)) < 0)
		return r;
	*ret_have = have;
	return 0;
}

/* The input stands at the type, PEN and magic of a block of ours. */
static int ours(struct walk *w, struct error *err)
{
	const uint8_t *p;
	uint64_t there;
	size_t have;
	uint32_t header;
	int r;

	if ((r = input_peek(&w->input, WIRE_COMMON, &p, &have, err)) < 0)
		return r;
	if (have < WIRE_COMMON)
		return short_tail(w, w->input.at, have, err);
	if (!(header = block_header_len(p)))
		return damage(w, err, "its lengths are impossible");
	if ((r = input_peek(&w->input, header, &p, &have, err)) < 0)
		return r;
	if (have < header)
		return short_tail(w, w->input.at, have, err);
	if (block_head_parse(p, &w->head, &w->fields, NULL) < 0)
		return damage(w, err, "the checksum of its header is wrong");
	if ((r = reaches(w, w->head.total, &there, err)) < 0)
		return r;
	if (there < w->head.total)
		return short_tail(w, w->input.at, there, err);
	/* Looking further may have moved the window. */
	return (r = walk_peek(w, header, &p, err)) < 0 ? r : 1;
}

static int hand_over(struct walk *w, uint32_t total, struct error *err)
{
	const uint8_t *p;
	size_t have;
	int r = input_peek(&w->input, total, &p, &have, err);

	if (r < 0 || have < total)
		return r;
	r = w->take(w->context, p, total);
	return r < 0 ? error_set(err, r, "%s", strerror(-r)) : 0;
}

/* A block of somebody else: 1 passed over, 0 the end, negative. */
static int foreign(struct walk *w, uint32_t type, uint32_t total, struct error *err)
{
	uint64_t at = w->input.at, missing;
	int r;

	if (total < 12 || total % 4 || total > WIRE_FOREIGN_MAX)
		return damage(w, err, "its length is impossible");
	if (w->take && total <= w->take_max && (r = hand_over(w, total, err)) < 0)
		return r;
	if ((r = input_skip(&w->input, total, &missing, err)) < 0)
		return r;
	if (missing) {
		if (w->input.seekable)
			input_seek(&w->input, at);
		return short_tail(w, at, total - missing, err);
	}
	if (type == PCAPNG_SECTION)
		w->new_section = true;
	else if (type == PCAPNG_PACKET)
		w->n_packets++;
	else if (type != PCAPNG_INTERFACE)
		w->n_foreign++;
	return 1;
}

static int search_pause(struct walk *w, uint64_t missing)
{
	if (w->input.seekable)
		w->input.at -= missing;
	w->paused = true;
	return 0;
}

/* Behind damage: goes to the next block of ours with a whole header. 1, 0 at the end, negative. */
static int search(struct walk *w, struct error *err)
{
	uint64_t missing;
	size_t step = w->paused ? 0 : 4;
	int r;

	w->paused = false;
	for (;;) {
		const uint8_t *p, *m;
		uint32_t header;
		size_t have;

		if ((r = input_skip(&w->input, step, &missing, err)) < 0)
			return r;
		if (missing)
			return search_pause(w, missing);
		if ((r = input_peek(&w->input, 65536, &p, &have, err)) < 0)
			return r;
		if (have < 20)
			return search_pause(w, 0);
		m = memmem(p + WIRE_AT_MAGIC, have - WIRE_AT_MAGIC, WIRE_MAGIC, WIRE_MAGIC_LEN);
		if (!m) {
			/* What may be the beginning of a block's first 20 bytes stays. */
			step = have - 19;
			continue;
		}
		step = (size_t)(m - WIRE_AT_MAGIC - p);
		if (!block_is_ours(p + step)) {
			step++;
			continue;
		}
		if ((r = input_skip(&w->input, step, &missing, err)) < 0 ||
		    (r = input_peek(&w->input, WIRE_COMMON, &p, &have, err)) < 0)
			return r;
		header = have < WIRE_COMMON ? 0 : block_header_len(p);
		if (header && (r = input_peek(&w->input, header, &p, &have, err)) < 0)
			return r;
		if (header && have >= header &&
		    block_head_parse(p, &w->head, &w->fields, NULL) == 0) {
			w->searching = false;
			return 1;
		}
		if (w->follow && (have < WIRE_COMMON || have < header))
			return search_pause(w, 0); /* the rest of it may still be written */
		step = 1;
	}
}

int walk_next(struct walk *w, struct error *err)
{
	for (;;) {
		const uint8_t *p;
		size_t have;
		int r;

		if (w->searching && (r = search(w, err)) <= 0)
			return r;
		w->paused = false;
		if ((r = input_peek(&w->input, 20, &p, &have, err)) < 0)
			return r;
		if (have == 0)
			return 0;
		if (have < 12 || (have < 20 && u32_at(p) == PCAPNG_CUSTOM && u32_at(p + 4) > have))
			return short_tail(w, w->input.at, have, err);
		if (w->input.at == w->start && u32_at(p) != PCAPNG_SECTION) {
			damage(w, NULL, "");
			return error_set_at(err, -EBADMSG, w->input.at,
					    "it does not begin as a pcapng file does");
		}
		if (have >= 20 && block_is_ours(p))
			return ours(w, err);
		if (u32_at(p) == PCAPNG_SECTION && u32_at(p + 8) != PCAPNG_BYTE_ORDER)
			return damage(w, err, "a pcapng section of the other byte order, or damage");
		if ((r = foreign(w, u32_at(p), u32_at(p + 4), err)) <= 0)
			return r;
	}
}

int walk_peek(struct walk *w, size_t n, const uint8_t **ret, struct error *err)
{
	size_t have;
	int r = input_peek(&w->input, n, ret, &have, err);

	if (r < 0)
		return r;
	w->fields.at = *ret + WIRE_COMMON;
	w->fields.end = *ret + w->head.header - 4;
	return have < n ? error_set_at(err, -ENODATA, w->input.at,
				       "the file became shorter while it was read")
			: 0;
}

int walk_pass(struct walk *w, struct error *err)
{
	struct input *in = &w->input;
	uint64_t at = in->at, missing;
	const uint8_t *p;
	size_t have;
	int r;

	/*
	 * The repeated length, which comes along with the next block: where it is wrong, the block was cut
	 * short and something else follows, maybe another capture, which must not be lost with it.
	 */
	if (in->seekable || in->end - in->start < w->head.total) {
		if ((r = input_skip(in, w->head.total - 4, &missing, err)) < 0 ||
		    (r = input_peek(in, 4, &p, &have, err)) < 0)
			return r;
		if (have >= 4 && u32_at(p) == w->head.total)
			return input_skip(in, 4, &missing, err);
		input_seek(in, at);
	} else {
		p = in->window + in->start;
		if (u32_at(p + w->head.total - 4) == w->head.total)
			return input_skip(in, w->head.total, &missing, err);
	}
	return damage(w, err, "the length at its end is wrong");
}
