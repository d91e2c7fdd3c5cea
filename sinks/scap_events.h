/*
 * One event of ours as the blocks of a .scap file: in today's schema, or as the entry and the exit of a
 * call (scap_legacy.tsv).
 */
#pragma once
#include "format/scap_encode.h"

struct scap_told {
	uint32_t enter_len, exit_len;	/* bytes appended; the entry comes first */
	bool cut;			/* a parameter was too long */
	bool no_place;			/* an event of this kind cannot be told */
};

/* Appends what tells the event. flags: SCAP_STATE_ONLY or 0. enter_ns: when the call began. */
struct scap_told scap_tell(struct buffer *b, struct event *ev, struct text arch, uint32_t flags);
struct scap_told scap_tell_legacy(struct buffer *b, struct event *ev, struct text arch, uint32_t flags,
				  uint64_t enter_ns);
