/*
 * Who must be described in a .scap file: the state entries of a capture are gathered, the events tell
 * which of them are needed, and the lists are written when all is known.
 *
 *	people_entries(&p, entries, n, &err);		// from ITEM_STATE
 *	people_event(&p, ev, st, chosen, &err);		// each event that is kept
 *	people_close(&p);
 *	... people_is_needed(&p, tid) ...
 *	people_write(&p, info, out, &err);
 *
 * Needed are the threads with chosen events and all that their descriptors came from: the other threads of
 * the process, and whoever made them during the capture. Of their other ancestors, and of the leaders of
 * their sessions and groups, only who they are.
 */
#pragma once
#include "format/scap_output.h"
#include "format/source.h"
#include "state/state.h"

#define PEOPLE_ENTRIES_MAX (512u << 20) /* bytes of state entries, as much as the tables hold */
#define PEOPLE_MAX	   (8u << 20)	/* threads, users and groups */

struct person;
struct people {
	bool legacy;		/* for sysdig 0.29.3 */
	bool selective;		/* only what chosen events need; else all */
	bool has_events;
	struct buffer entries;	/* as STATE blocks have them */
	struct person *table;	/* by number, open addressing */
	uint32_t n_table, table_mask;
	int64_t *left;		/* threads whose relations are still to be followed */
	uint32_t n_left, left_cap;
	/* per batch: whether its thread tid_index was noted, and as chosen */
	const struct batch *batch;
	uint8_t noted[BATCH_EVENTS];
	uint8_t id_types[EVENT_TYPE_MAX]; /* 0: not looked at yet, 1: no uids or gids among its parameters, 2: some */
};

void people_init(struct people *p, bool legacy, bool selective);
void people_done(struct people *p);
/* Forgets all: a new capture begins. */
void people_reset(struct people *p);
/* 0, -E2BIG, -ENOMEM */
int people_entries(struct people *p, const struct state_entry *entries, size_t n, struct error *err);
/* st may be NULL unless selective. 0, -E2BIG, -ENOMEM */
int people_event(struct people *p, struct event *ev, struct state *st, bool chosen, struct error *err);
/* Follows who needs whom. */
int people_close(struct people *p, struct error *err);
/* Whether what this thread did to the state matters. */
bool people_is_needed(const struct people *p, int64_t tid);
/* Section, machine and lists. */
int people_write(struct people *p, const struct capture_info *info, struct scap_output *out,
		 struct error *err);
