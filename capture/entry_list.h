/* State entries with copies of their texts: what goes in front of a batch. */
#pragma once
#include "format/entry.h"

struct entry_list {
	struct state_entry *entries;
	size_t n, cap;
	struct text_block *blocks; /* memory of the texts; blocks never move */
};

/* Copies the entry and what it points to. 0 or -ENOMEM. */
int entry_list_add(struct entry_list *l, const struct state_entry *entry);
void entry_list_clear(struct entry_list *l);
void entry_list_done(struct entry_list *l);
