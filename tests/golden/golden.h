/*
 * The golden files: captures that must be read for ever, and damaged ones with what a reader must say.
 * Ids, times and contents are fixed, so that they can be made anew and compared.
 */
#pragma once
#include "format/block.h"
#include "format/native.h"

/* One golden file; make() fills an empty buffer. */
struct golden {
	const char *name;
	void (*make)(struct buffer *file);
};

extern const struct golden golden_good[], golden_bad[]; /* end with name NULL */

/* ---- good captures that others are made of ---- */

/* Everything there is, as little of it as possible. */
void golden_small(struct buffer *file);
/* Three blocks of events. */
void golden_three(struct buffer *file);
/* Three events of six whose payload contradicts their type. */
void golden_contradicting(struct buffer *file);
/* Every event type, with all that the columns can hold. */
void golden_mixed(struct buffer *file);

/* ---- blocks of a file ---- */

/* Where the n-th block of a kind begins (counted from 0). The test's own files: it is there. */
size_t block_find(const struct buffer *file, enum block_kind kind, unsigned n);
size_t block_len(const struct buffer *file, size_t at);
/* Checksums of the block made right again after something in it was changed. */
void block_seal(struct buffer *file, size_t at);
void block_cut(struct buffer *file, size_t at);
void bytes_insert(struct buffer *file, size_t at, const void *data, size_t len);
void bytes_remove(struct buffer *file, size_t at, size_t len);
/* Numbers in place. */
void set_u16(struct buffer *file, size_t at, uint16_t v);
void set_u32(struct buffer *file, size_t at, uint32_t v);
void set_u64(struct buffer *file, size_t at, uint64_t v);
uint32_t get_u32(const struct buffer *file, size_t at);
