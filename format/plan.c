#include "format/plan.h"

#include <errno.h>
#include <stdlib.h>

struct captures {
	uint8_t ids[PLAN_CAPTURES_MAX][WIRE_ID_LEN];
	uint32_t n;
};

static int capture_number(struct captures *c, const uint8_t *id, uint32_t *ret)
{
	/* The latest is the likeliest. */
	for (uint32_t i = c->n; i > 0; i--) {
		if (memcmp(c->ids[i - 1], id, WIRE_ID_LEN) == 0) {
			*ret = i - 1;
			return 0;
		}
	}
	if (c->n == PLAN_CAPTURES_MAX)
		return -E2BIG;
	memcpy(c->ids[c->n], id, WIRE_ID_LEN);
	*ret = c->n++;
	return 0;
}

static int entry_order(const void *a, const void *b)
{
	const struct plan_entry *x = a, *y = b;

	if (x->capture != y->capture)
		return x->capture < y->capture ? -1 : 1;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int entry_add(struct plan *p, size_t *cap, const struct plan_entry *e)
{
	if (p->n == *cap) {
		size_t more = *cap ? *cap * 2 : 1024;
		struct plan_entry *grown;

		if (more > PLAN_ENTRIES_MAX)
			return -E2BIG;
		if (!(grown = realloc(p->entries, more * sizeof *grown)))
			return -ENOMEM;
		p->entries = grown;
		*cap = more;
	}
	p->entries[p->n++] = *e;
	return 0;
}

static int plan_walk(struct plan *p, struct walk *w, struct captures *captures, struct error *err)
{
	uint64_t from = w->input.at;
	struct error words = {0};
	size_t cap = 0;
	int r;

	input_seek(&w->input, w->start);
	w->searching = false;
	w->n_foreign = w->n_packets = 0;
	while ((r = walk_next(w, &words)) != 0) {
		struct plan_entry e = {w->input.at, w->head.sequence, 0};

		/* Blocks that are damaged, but have a header, are met again when they are read. */
		if (r == -EBADMSG || r == -ENODATA) {
			if (words.offset >= from)
				p->damage = words;
			error_clear(&words);
			continue;
		}
		if (r < 0)
			return error_set(err, r, "reading failed: %s", strerror(-r));
		if ((r = capture_number(captures, w->head.id, &e.capture)) < 0 ||
		    (r = entry_add(p, &cap, &e)) < 0)
			return r;
		if ((r = walk_pass(w, NULL)) < 0 && r != -EBADMSG)
			return error_set(err, r, "reading failed: %s", strerror(-r));
	}
	return 0;
}

int plan_make(struct plan *p, struct walk *w, const uint8_t id[WIRE_ID_LEN], uint64_t sequence,
	      struct error *err)
{
	struct captures *captures = calloc(1, sizeof *captures);
	uint32_t current;
	int r = captures ? 0 : -ENOMEM;

	*p = (struct plan){0};
	if (r == 0 && (r = plan_walk(p, w, captures, err)) == 0 &&
	    (r = capture_number(captures, id, &current)) == 0) {
		qsort(p->entries, p->n, sizeof *p->entries, entry_order);
		while (p->at < p->n && (p->entries[p->at].capture < current ||
					(p->entries[p->at].capture == current &&
					 p->entries[p->at].sequence < sequence)))
			p->at++;
	}
	free(captures);
	if (r < 0) {
		plan_done(p);
		return error_set(err, r, "too many blocks to put in order");
	}
	return 0;
}

void plan_done(struct plan *p)
{
	free(p->entries);
	*p = (struct plan){0};
}
