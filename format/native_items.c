#include "format/native_parts.h"

#include "format/index_block.h"

#include <errno.h>

/* ---- places and words ---- */

int native_fail(struct native_reader *r, int code, struct error *err)
{
	if (code == -EBADMSG || code == -ENODATA || code == -ENOTSUP) {
		r->stats.n_damaged += code != -ENOTSUP;
		r->stats.truncated |= code == -ENODATA;
		r->after_damage = r->blocks_lost = true;
		r->ended |= r->options.strict;
	} else {
		r->ended = true;
	}
	if (err)
		error_prefix(err, "%s", r->name);
	return code;
}

int native_block_prefix(struct native_reader *r, int code, struct error *err)
{
	const struct block_head *h = &r->walk.head;

	if (err) {
		err->offset = r->walk.input.at;
		error_prefix(err, "%s block %llu at offset %llu", block_kind_name(h->kind),
			     (unsigned long long)h->sequence,
			     (unsigned long long)r->walk.input.at);
	}
	return code;
}

int native_block_damaged(struct native_reader *r, int code, struct error *err)
{
	if (code == -EBADMSG && !r->planned) {
		r->walk.searching = true;
		r->held = false;
	}
	return native_fail(r, native_block_prefix(r, code, err), err);
}

/* ---- items ---- */

int native_give_reset(struct native_reader *r, struct item *ret)
{
	r->reset = false;
	r->entry[0] = (struct state_entry){.kind = ENTRY_RESET};
	*ret = (struct item){.kind = ITEM_STATE, .state = {r->entry, 1}};
	return 1;
}

int native_give_damage(struct native_reader *r, struct error *words, struct error *err)
{
	int code = words->code;

	error_set(err, code, "%s", words->text);
	words->code = 0;
	return native_block_damaged(r, code, err);
}

int native_give_entries(struct native_reader *r, struct item *ret, struct error *err)
{
	struct error words = {0};
	size_t n = 0;
	int more = 1;

	while (n < ENTRIES_ITEM &&
	       (more = state_entry_next(&r->entries, &r->entry[n], &words)) > 0)
		n++;
	if (more < 0) {
		r->entries = (struct cursor){0};
		if (!n)
			return native_give_damage(r, &words, err);
		r->deferred = words;
	}
	*ret = (struct item){.kind = ITEM_STATE, .state = {r->entry, n}};
	return n > 0;
}

int native_give_loss(struct native_reader *r, struct item *ret)
{
	r->loss = loss_row(&r->losses);
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &r->loss};
	return 1;
}

int native_give_missing(struct native_reader *r, struct item *ret)
{
	r->loss = (struct loss_entry){.from_ns = r->missing_from_ns,
				      .to_ns = r->missing_to_ns,
				      .cpu = UINT32_MAX,
				      .class = LOSS_DAMAGE,
				      .count = r->missing};
	r->missing = 0;
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &r->loss};
	return 1;
}

/* Packets of a pipe that could not be put aside. */
int native_give_lost_packets(struct native_reader *r, struct item *ret)
{
	r->loss = (struct loss_entry){.from_ns = r->last_ns, .to_ns = r->last_ns, .cpu = UINT32_MAX,
				      .class = LOSS_PACKETS, .count = r->packets.n_lost - r->n_packets_told};
	r->n_packets_told = r->packets.n_lost;
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &r->loss};
	return 1;
}

void native_note_missing(struct native_reader *r, uint64_t next_number, uint64_t to_ns)
{
	bool lost = r->blocks_lost;

	r->blocks_lost = false;
	if (next_number <= r->number || !lost)
		return;
	r->missing = next_number - r->number;
	r->missing_from_ns = r->last_ns;
	r->missing_to_ns = to_ns;
	r->stats.events_missing += r->missing;
}
