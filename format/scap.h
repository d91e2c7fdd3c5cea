/*
 * Genuine .scap files, as sysdig and Falco write them: every version of every block, plain, gzip or
 * zstd, sections one behind the other. Reading is a source like the native one.
 *
 * Calls of old captures, entry and exit, are single events (scap_convert.h). Lists come as state entries
 * wherever they stand. Events flagged as state-only, and those that writers put in front to describe
 * users and containers, are EVENT_HIDDEN. Types newer than this program are shown by number. Blocks of
 * unknown kinds are passed over and counted.
 *
 * Damage: a bad event costs that event and a bad block that block; behind a wrong length the next whole
 * block is looked for. What was lost is an ITEM_LOSS of class LOSS_DAMAGE. The first few places are told
 * one by one, the others counted and told at the end.
 */
#pragma once
#include "format/source.h"

struct scap_input;

/*
 * fd may be a pipe. Owned by the source from here on, also on failure. name is for messages.
 * Memory: at most 48 MiB for plain and gzip, 128 MiB more when a zstd frame asks for it. NULL on failure.
 */
struct source *scap_reader_new(int fd, const char *name, const struct source_options *options,
			       struct error *err);
/* The same of bytes that were looked at already (scap_input.h): their contents go over, also on failure. */
struct source *scap_reader_new_from(struct scap_input *bytes, const char *name,
				    const struct source_options *options, struct error *err);
/*
 * Whether these first bytes can be a genuine .scap file: of a compressed one they show only that it is
 * compressed.
 */
bool scap_reader_probe(const uint8_t *head, size_t len);
/* "gzip", "zstd" or "plain", for scapinfo. Only for sources that scap_reader_new() made. */
const char *scap_reader_packing(const struct source *s);
