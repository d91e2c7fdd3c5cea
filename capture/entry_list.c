#include "capture/entry_list.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK_SIZE 65536

struct text_block {
	struct text_block *next;
	size_t used, size;
	char data[];
};

static char *text_room(struct entry_list *l, size_t len)
{
	struct text_block *b = l->blocks;

	if (!b || len > b->size - b->used) {
		size_t size = len > BLOCK_SIZE ? len : BLOCK_SIZE;

		b = malloc(sizeof *b + size);
		if (!b)
			return NULL;
		*b = (struct text_block){.next = l->blocks, .size = size};
		l->blocks = b;
	}
	b->used += len;
	return b->data + b->used - len;
}

static int text_copy(struct entry_list *l, struct text *t)
{
	char *room;

	if (!t->len) {
		t->data = ""; /* no view into what is gone tomorrow */
		return 0;
	}
	room = text_room(l, t->len);
	if (!room)
		return -ENOMEM;
	memcpy(room, t->data, t->len);
	t->data = room;
	return 0;
}

static int texts_copy(struct entry_list *l, struct state_entry *e)
{
	struct thread_entry *t = &e->thread;
	struct text *texts[8];
	unsigned n = 0;

	switch (e->kind) {
	case ENTRY_THREAD:
		texts[n++] = &t->comm;
		texts[n++] = &t->exe;
		texts[n++] = &t->exepath;
		texts[n++] = &t->cwd;
		texts[n++] = &t->root;
		texts[n++] = &t->args;
		texts[n++] = &t->env;
		texts[n++] = &t->cgroups;
		break;
	case ENTRY_FD:
		texts[n++] = &e->fd.name;
		break;
	case ENTRY_USER:
		texts[n++] = &e->user.name;
		texts[n++] = &e->user.home;
		texts[n++] = &e->user.shell;
		break;
	case ENTRY_GROUP:
		texts[n++] = &e->group.name;
		break;
	case ENTRY_INTERFACE:
		texts[n++] = &e->interface.name;
		break;
	case ENTRY_CLOCK:
	case ENTRY_RESET:
		break;
	}
	for (unsigned i = 0; i < n; i++)
		if (text_copy(l, texts[i]) < 0)
			return -ENOMEM;
	return 0;
}

int entry_list_add(struct entry_list *l, const struct state_entry *entry)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct state_entry *entries = realloc(l->entries, cap * sizeof *entries);

		if (!entries)
			return -ENOMEM;
		l->entries = entries;
		l->cap = cap;
	}
	l->entries[l->n] = *entry;
	if (texts_copy(l, &l->entries[l->n]) < 0)
		return -ENOMEM;
	l->n++;
	return 0;
}

void entry_list_clear(struct entry_list *l)
{
	while (l->blocks) {
		struct text_block *next = l->blocks->next;

		free(l->blocks);
		l->blocks = next;
	}
	l->n = 0;
}

void entry_list_done(struct entry_list *l)
{
	entry_list_clear(l);
	free(l->entries);
	*l = (struct entry_list){0};
}
