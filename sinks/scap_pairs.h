/*
 * Calls come by the time of their end; the old schema wants entry and exit events, each at its time.
 * This puts them in order within bounded memory:
 *
 * - A window holds the last PAIRS_MAX events (PAIRS_BYTES bytes at most). An entry that belongs in it is
 *   in order when it leaves it.
 * - Entries older than what has left the window (calls that lasted long) are put aside with their times,
 *   up to LATE_MAX of them, and scap_pairs_copy() puts them where they belong.
 * - Beyond LATE_MAX, an entry is told at the time that the window has come to, later than it was:
 *   n_moved counts them.
 *
 *	scap_pairs_add(p, &pair, &err); ...
 *	scap_pairs_end(p, &err);
 *	... spool_pread(&p->spool, ...) in order of time, but for p->late[0..n_late) ...
 */
#pragma once
#include "format/spool.h"

#define PAIRS_MAX   16384u
#define PAIRS_BYTES (8u << 20)
#define LATE_MAX    (4u << 20)

/* Whole event blocks; either may be missing (len 0). */
struct pair {
	uint64_t enter_ns, exit_ns;
	const uint8_t *bytes;	/* of the entry, then of the exit */
	uint32_t enter_len, exit_len;
};

struct late_enter {
	uint64_t time_ns, seq;
	uint64_t at;		/* in late_bytes */
	uint32_t len;
};

struct pair_slot;
struct pair_key;
struct scap_pairs {
	struct spool spool;	/* what has left the window, in order */
	struct spool late_bytes;
	struct late_enter *late;
	uint32_t n_late, late_cap, late_max;
	uint64_t n_moved;
	/* the window */
	struct pair_slot *slots; /* PAIRS_MAX, by seq */
	struct pair_key *heap;	/* of the entries in it */
	uint32_t n_heap;
	uint8_t *ring;
	uint32_t ring_head, ring_used;
	uint64_t first_seq, next_seq;
	uint64_t last_ns;	/* of what left it last */
};

/* folder: of temporary files, as in spool_init(). NULL: out of memory. */
struct scap_pairs *scap_pairs_new(const char *folder);
void scap_pairs_free(struct scap_pairs *p);
/* Pairs come by exit_ns. 0 or negative errno. */
int scap_pairs_add(struct scap_pairs *p, const struct pair *pair, struct error *err);
/* Empties the window and sorts `late` by time. */
int scap_pairs_end(struct scap_pairs *p, struct error *err);
