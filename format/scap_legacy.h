/*
 * How events of ours are told to readers of the old schema, where a call is an entry and an exit event:
 * the rows of scap_legacy.tsv.
 *
 *	const struct legacy_event *l = legacy_find(ev->type);
 *	if (l && l->entry != LEGACY_ALONE) ...	// l->n_entry parameters, of types event_info_find(l->entry)
 */
#pragma once
#include <stdint.h>

#define LEGACY_ALONE 0xFFFF	/* entry: the event is no call */
#define LEGACY_NONE  0xFF	/* source: we have no such parameter */
#define LEGACY_TYPES 336	/* sysdig 0.29.3 drops events of types from here on in silence */
#define LEGACY_CODES 329	/* and is confused by system call codes from here on */

struct legacy_event {
	uint16_t entry, exit;
	uint8_t n_entry, n_exit;
	const uint8_t *sources;	/* of the entry's parameters, then of the exit's: which of ours each is */
};

/* NULL: the type has no row. Static. */
const struct legacy_event *legacy_find(uint16_t type);
