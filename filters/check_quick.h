/*
 * The checks that most filters are made of, where the answer is known: for each event that no column has
 * ruled out.
 */
#pragma once
#include "filters/ast.h"

/* -1: no answer is remembered for this name. */
static inline int remembered(const struct check *c, uint32_t id)
{
	return id < c->n_by_id && c->by_id[id] ? c->by_id[id] == 2 : -1;
}

/* The two fields that most filters ask for, without a detour where the answer is known. -1: it is not. */
static inline int check_quickly(const struct check *c, const struct event_info *info,
				const struct state *st)
{
	const struct thread *t = st->now.thread;
	const struct fd_info *fd = st->now.fd;

	if (c->left.field.info->id == FIELD_PROC_NAME)
		return t ? remembered(c, t->name_id) : false;
	if (!event_type_has_fd(info))
		return false;
	if (fd && fd->name_id)
		return remembered(c, fd->name_id);
	/* An fd without a name, or an unknown one: "", unless a path was given that could not be opened. */
	return fd || !(info->traits & EF_CREATES_FD) ? c->on_empty : -1;
}
