/*
 * Blocks of native captures, in the order in which they stand in a file, to records. Blocks of several captures may
 * alternate, as mergecap leaves them; each capture has a state of its own.
 *
 *	if (feed_block(f, block, len, &err) < 0) ...	// this block is of no use; what follows may be
 *	while ((r = feed_next(f, &record)) > 0) ...	// before the next block
 *	... at the end ...
 *	while ((r = feed_finish(f, &record)) > 0) ...
 *
 * Memory: one decoded block, and the state of at most FEED_CAPTURES captures.
 */
#pragma once
#include "plugins/wireshark/event_teller.h"

#define FEED_CAPTURES 64u /* followed at a time; the one whose blocks came longest ago makes room */

struct feed;
struct feed *feed_new(void); /* NULL: out of memory */
void feed_free(struct feed *f);

/* Whether a pcapng custom block of this enterprise with these first bytes behind it is ours, and holds events. */
bool feed_is_ours(uint32_t enterprise, const uint8_t *data, size_t len, bool *ret_events);
/* A whole block, lengths and all. 0, -EBADMSG, -ENOTSUP (a newer format), -ENOMEM. */
int feed_block(struct feed *f, const uint8_t *block, size_t len, struct error *err);
/* As those of event_teller.h, of the block's capture; finish: of each capture, one after the other. */
bool feed_peek(const struct feed *f, uint64_t *ret_time_ns);
int feed_next(struct feed *f, struct told_record *ret);
int feed_finish(struct feed *f, struct told_record *ret);
