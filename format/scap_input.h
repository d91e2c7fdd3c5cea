/*
 * The bytes of a capture, decompressed: plain, gzip (members one after the other) or zstd.
 *
 *	scap_input_fill(&in, 8, &err);
 *	if (scap_input_have(&in) < 8)	// the end, or damage of the compression: in.damage says which
 *	... in.window + in.start ...
 *	scap_input_skip(&in, total, &missing, &err);
 */
#pragma once
#include "base/error.h"
#include "format/scap_wire.h"

#include <stdbool.h>
#include <zlib.h>
#include <zstd.h>

enum scap_packing { SCAP_PLAIN, SCAP_GZIP, SCAP_ZSTD };

struct scap_input {
	int fd;
	enum scap_packing packing;
	bool known;		/* the packing was found out */
	bool seekable;
	bool ended;		/* nothing follows what the window holds */
	const volatile bool *stop; /* true: a read that a signal broke off is not resumed; may be NULL */
	uint64_t at;		/* place in the decompressed bytes of window[start] */
	uint64_t file_at;	/* bytes of the file used so far */
	uint8_t *window;	/* SCAP_WINDOW_LEN bytes, [start..end) are filled */
	size_t start, end;
	uint8_t *packed;	/* compressed bytes read ahead */
	size_t packed_start, packed_end;
	bool within;		/* in a gzip member or zstd frame */
	size_t later;		/* from here on in packed, a member later than the present one may begin */
	uint64_t twice;		/* bytes that were looked at again behind damage */
	z_stream *zlib;
	ZSTD_DCtx *zstd;
	struct error damage;	/* of the compression; comes behind what the window holds */
};

/* The fd is owned from here on, also on failure. 0 or -ENOMEM. The structure may be moved. */
int scap_input_init(struct scap_input *in, int fd);
void scap_input_done(struct scap_input *in);

static inline size_t scap_input_have(const struct scap_input *in)
{
	return in->end - in->start;
}

/*
 * Makes n bytes (at most SCAP_WINDOW_LEN) visible where the input has them; moves the window's contents,
 * so views into it are lost. More is read along, but never waited for. 0 or a read's negative errno.
 */
int scap_input_fill(struct scap_input *in, size_t n, struct error *err);
/* The most that can follow, the window included; UINT64_MAX where that cannot be told. */
uint64_t scap_input_left(const struct scap_input *in);
/*
 * Behind damage of a gzip member: looks for the next member, whose contents come behind what the window holds.
 * 1: damage is forgotten, reading goes on at file_at; 0: there is none; negative errno of a read. However many
 * members are damaged, no more than twice the file is decompressed.
 */
int scap_input_resume(struct scap_input *in, struct error *err);
/* Passes over n bytes. *ret_missing: how many of them the input did not have. 0 or negative errno. */
int scap_input_skip(struct scap_input *in, uint64_t n, uint64_t *ret_missing, struct error *err);
