/*
 * Native capture files (format/SPEC.md): writer and reader.
 *
 * Reading is a source. It skips whole blocks undecoded when asked to (native_skip_types), and
 * says of damage what is missing and goes on behind it.
 */
#pragma once
#include "format/source.h"

struct scap_input;

#define NATIVE_BLOCK_MAX 262160 /* total length; Wireshark's tools stop at longer pcapng blocks */
#define NATIVE_LEVEL	 6	/* zstd level by default */

/* ---- writing ---- */

struct native_writer;

struct native_writer_options {
	int level;		/* zstd, 0: NATIVE_LEVEL */
	bool step_down;		/* lower the level while the queue is full (live capture) */
	bool threaded;		/* compress and write in a thread of its own, with a bounded queue */
	bool state_in_place;	/* entries hold from where they come: the open block ends before them */
	bool prompt;		/* a block ends with its batch: a live source bounds how old that gets */
};

/*
 * Writes the section header and the capture block to fd (which it does not own and never seeks:
 * a pipe works). info's texts are copied; an id of zeros is replaced by a random one: a file with
 * other contents needs another id. Memory: at most 28 MiB, and what zstd needs for the level.
 * A closed pipe is -EPIPE where the caller ignores SIGPIPE. NULL on failure.
 */
struct native_writer *native_writer_new(int fd, const struct capture_info *info,
					const struct schema *schema,
					const struct native_writer_options *options, struct error *err);
/*
 * Appends. Events of a batch: those whose index is in `selected` (ascending, n of them), or all when
 * selected is NULL; `flags_or` (may be NULL) has flags to add per batch index. The batch may be
 * reset when the call returns. Blocks are closed on count, bytes or 500 ms of event time.
 * 0 or negative errno, -EPIPE and -ENOSPC among them; after an error nothing more is written and
 * every call returns the same error.
 */
int native_writer_events(struct native_writer *w, struct batch *batch, const uint32_t *selected,
			 uint32_t n_selected, const uint16_t *flags_or, struct error *err);
/*
 * Entries hold before the first event of the EVENTS block that is open: they are written in front of
 * it. ENTRY_RESET closes the block first.
 */
int native_writer_state(struct native_writer *w, const struct state_entry *entries, size_t n,
			struct error *err);
int native_writer_loss(struct native_writer *w, const struct loss_entry *loss, struct error *err);
/*
 * A network packet: it is written in front of the EVENTS block that is open. -E2BIG: too long, or too many interfaces.
 */
int native_writer_packet(struct native_writer *w, const struct packet *p, struct error *err);
/* Closes the open block and pushes all out to the fd: for followers and for the 500 ms promise. */
int native_writer_flush(struct native_writer *w, struct error *err);
/* Flushes and writes the index. The late error of everything before, if any. */
int native_writer_finish(struct native_writer *w, struct error *err);
void native_writer_free(struct native_writer *w);	/* without finish: as if killed */

/* ---- reading ---- */

/*
 * Blocks that tools have moved about are put in order by sequence, capture after capture, in files; a
 * pipe is read as it comes. Of a capture that needs a newer reader the blocks are left out (-ENOTSUP
 * once). A further capture begins with its ITEM_CAPTURE and an ENTRY_RESET; texts of ITEM_CAPTURE live
 * until the next one. Events that damage took are told as ITEM_LOSS of class LOSS_DAMAGE.
 * Memory: at most 32 MiB, 8 MiB for usual files.
 * fd may be a pipe. Owned by the source from here on, also on failure. name is for messages. */
struct source *native_reader_new(int fd, const char *name, const struct source_options *options,
				 struct error *err);
/*
 * Of a file that was compressed as a whole (scap_input.h): it is read as a pipe is. The contents of *bytes go
 * over, also on failure.
 */
struct source *native_reader_new_packed(struct scap_input *bytes, const char *name,
					const struct source_options *options, struct error *err);
/* "gzip" or "zstd", NULL when it is not compressed as a whole. Only for sources of this reader. */
const char *native_reader_packing(const struct source *s);
/* Whether these first bytes (at least 28) can be a native file; genuine .scap differs. */
bool native_reader_probe(const uint8_t *head, size_t len);
