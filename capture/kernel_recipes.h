/* The tables' recipes as the kernel programs walk them. */
#pragma once
#include "capture/bpf/shared.h"
#include "filters/filter.h"

/*
 * Fills recipes[SYSCALLS_MAX * TABLES_MAX]. filter (may be NULL) says which event types are wanted;
 * with keep_state, calls that change state are recorded all the same; with structures, memory (format/memory.h) is kept.
 */
void kernel_recipes_fill(struct kernel_recipe *recipes, const struct kernel_filter *filter, bool keep_state,
			 bool structures);
/* One of them, or its type and flags alone. */
void kernel_recipe_fill(struct kernel_recipe *k, unsigned index, const struct kernel_filter *filter, bool keep_state,
			bool structures);
void kernel_recipe_begin(struct kernel_recipe *k, unsigned index, const struct kernel_filter *filter, bool keep_state);

/* By its type alone; all are without a filter. */
bool kernel_type_wanted(const struct kernel_filter *filter, uint16_t type);

/*
 * Payload of RECORD_TASK and RECORD_ANCESTOR: the words of kind "task" in this order. Ends with -1.
 */
extern const int16_t kernel_task_words[];
extern const int16_t kernel_ancestor_words[];
/* Bytes of a word's value, 0: text or bytes with their length in front. */
unsigned kernel_word_size(int word);
