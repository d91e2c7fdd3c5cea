/*
 * Bytes put aside to be read once more: in memory, and in a temporary file without a name when they
 * become many.
 *
 *	spool_append(&s, data, len, &err); ...
 *	for (at = 0; at < spool_len(&s); at += n)
 *		spool_pread(&s, data, n, at, &err);
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include <sys/types.h>

#define SPOOL_MEMORY_MAX (8u << 20) /* bytes kept in memory; what is more lies in the file */

struct spool {
	const char *folder;	/* where the file is made; NULL: $TMPDIR, or /var/tmp */
	struct buffer bytes;	/* behind what lies in the file */
	uint64_t file_len;
	int fd;			/* -1: no file yet */
	int failed;		/* negative errno that every further call gives */
};

/* folder is not owned and may be NULL. */
void spool_init(struct spool *s, const char *folder);
/* Empties it and gives the memory back. */
void spool_done(struct spool *s);
/* 0, -ENOMEM, or what writing the file failed with (-ENOSPC...). */
int spool_append(struct spool *s, const void *data, size_t len, struct error *err);

static inline uint64_t spool_len(const struct spool *s)
{
	return s->file_len + s->bytes.len;
}

/* len bytes from `at`, which must be there. 0 or negative errno. */
int spool_pread(const struct spool *s, void *data, size_t len, uint64_t at, struct error *err);
