#include "format/native_parts.h"

#include <errno.h>

/* Puts the rest of the file in order. 1: done, look again; 0: not possible, go on as it is. */
static int plan_start(struct native_reader *r, struct error *err)
{
	uint64_t at = r->walk.input.at;
	struct error words = {0};
	uint8_t id[WIRE_ID_LEN]; /* a copy: making the plan moves the walk */
	int e;

	if (r->planned || r->no_plan || !r->walk.input.seekable || r->options.follow)
		return 0;
	memcpy(id, r->has_capture ? r->id : r->walk.head.id, sizeof id);
	r->n_before_plan = r->stats.n_damaged;
	e = plan_make(&r->plan, &r->walk, id, r->has_capture ? r->sequence : 0, &words);
	r->planned = e == 0;
	r->no_plan = e < 0;
	r->walk.searching = false;
	if (e < 0)
		input_seek(&r->walk.input, at);
	return e < 0 && e != -E2BIG ? error_set(err, e, "%s", words.text) : 1;
}

/* A block of another capture than the one at hand, not its first: that one is missing or elsewhere. */
static int capture_adopt(struct native_reader *r, struct error *err)
{
	const struct block_head *h = &r->walk.head;
	bool first = !r->has_capture;
	int e;

	if (!r->after_damage && (e = plan_start(r, err)) != 0)
		return e;
	if (!r->after_damage && !r->planned && !first) {
		r->held = true;
		r->after_damage = true;
		return error_set_at(err, -EBADMSG, r->walk.input.at,
				    "blocks of several captures are mixed, which only a file can be read "
				    "with, not a pipe");
	}
	memcpy(r->id, h->id, WIRE_ID_LEN);
	r->has_capture = true;
	r->unreadable = false;
	r->sequence = r->after_damage ? h->sequence : 0;
	r->number = 1;
	r->n_events = r->n_blocks = 0;
	r->last_ns = 0;
	r->stats.n_captures++;
	r->reset = !first;
	return 0;
}

int native_sequence_check(struct native_reader *r, struct error *err)
{
	const struct block_head *h = &r->walk.head;
	uint64_t from;
	int e;

	if (h->kind == BLOCK_CAPTURE &&
	    (!r->has_capture || memcmp(h->id, r->id, WIRE_ID_LEN) != 0)) {
		/* A second one in the same section: captures were merged, and alternate. */
		if (r->has_capture && !r->walk.new_section)
			return plan_start(r, err);
		return 0;
	}
	if (!r->has_capture || memcmp(h->id, r->id, WIRE_ID_LEN) != 0) {
		if ((e = capture_adopt(r, err)) != 0)
			return e;
	}
	if (h->sequence == r->sequence) {
		r->sequence++;
		return 0;
	}
	if (!r->after_damage && (e = plan_start(r, err)) != 0)
		return e;
	if (h->sequence < r->sequence)
		return r->planned; /* a second copy; a pipe is taken as it comes */
	from = r->sequence;
	r->sequence = h->sequence + 1;
	if (r->after_damage)
		return 0;
	r->after_damage = true;
	r->sequence = h->sequence;
	r->plan.at -= r->planned;
	if (h->sequence - from == 1)
		return error_set_at(err, -EBADMSG, r->walk.input.at,
				    "block %llu of the capture is missing", (unsigned long long)from);
	return error_set_at(err, -EBADMSG, r->walk.input.at,
			    "blocks %llu to %llu of the capture are missing",
			    (unsigned long long)from, (unsigned long long)h->sequence - 1);
}

/* What the plan left out because it has no header that could be put in order, or is no block to its end. */
static int plan_end(struct native_reader *r, struct error *err)
{
	struct error words = r->plan.damage;

	r->plan.damage.code = 0;
	/* A block without a header left a gap, which was told. */
	if (!words.code || (words.code != -ENODATA && r->stats.n_damaged != r->n_before_plan))
		return 0;
	return error_set_at(err, words.code, words.offset, "%s", words.text);
}

int native_block_next(struct native_reader *r, struct error *err)
{
	int e;

	if (r->held) {
		r->held = false;
		e = walk_pass(&r->walk, err);
		if (e < 0 && !(r->planned && e == -EBADMSG))
			return e;
	}
	if (r->planned) {
		if (r->plan.at == r->plan.n)
			return plan_end(r, err);
		r->walk.searching = false;
		input_seek(&r->walk.input, r->plan.entries[r->plan.at++].offset);
	}
	return walk_next(&r->walk, err);
}
