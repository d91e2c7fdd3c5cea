/*
 * The lists of genuine .scap files: processes, fds, users and groups, interfaces; every version.
 *
 *	struct scap_list list;
 *	if (scap_list_begin(&list, type)) ...		// it is a list: feed it the body's bytes
 *	r = scap_list_next(&list, &cursor, &entry, &err);
 */
#pragma once
#include "format/entry.h"
#include "format/scap_wire.h"

enum scap_list_kind { SCAP_LIST_PROCESSES, SCAP_LIST_FDS, SCAP_LIST_USERS, SCAP_LIST_INTERFACES };

struct scap_list {
	enum scap_list_kind kind;
	unsigned version;	/* 1..9 for processes, 1..2 for the others */
	bool has_tid;		/* fds: the block's thread has been read */
	int64_t tid;
	char words[256][20];	/* names made up for fds of unknown types */
};

/* The plain code of a block's type, for the codes of before the first release too. */
uint32_t scap_block_code(uint32_t type);
/* Whether a block of this (plain) code is a list. */
bool scap_list_begin(struct scap_list *ret, uint32_t code);
/*
 * The next entry: views into the bytes of c, or into the list.
 * 1	*ret is one
 * 0	c is used up (up to 3 bytes of padding are passed over)
 * -EBADMSG	c holds no whole entry, or one that contradicts itself; c is where it was: with more bytes
 *		of the same block it may be well
 */
int scap_list_next(struct scap_list *list, struct cursor *c, struct state_entry *ret, struct error *err);
