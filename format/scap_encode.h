/*
 * Blocks of genuine .scap files, appended to a buffer: section, machine, lists and events, in the
 * versions that today's readers of the sysdig/Falco family and sysdig 0.29.3 both know.
 *
 *	scap_put_section(&b);
 *	scap_put_machine(&b, info);
 *	at = pcapng_begin(&b, SCAP_PROCESSES_9);
 *	scap_put_process(&b, &thread, legacy); ...
 *	scap_block_end(&b, at);
 *
 * Texts beyond what those readers take are cut. Failures are the buffer's.
 */
#pragma once
#include "format/event.h"
#include "format/pcapng_block.h"
#include "format/scap_wire.h"
#include "format/source.h"

/* What readers of the family take at most. */
#define SCAP_TEXT_MAX	   1024u	/* names and paths of processes */
#define SCAP_LIST_MAX	   4096u	/* args, env, cgroups */
#define SCAP_FD_NAME_MAX   1023u
#define SCAP_USER_TEXT_MAX 255u
#define SCAP_BODY_MAX	   65536u	/* an event block behind its type and length, but for large ones */

/* Pads and closes the block that pcapng_begin() began at `at`. */
void scap_block_end(struct buffer *b, size_t at);

void scap_put_section(struct buffer *b);
void scap_put_machine(struct buffer *b, const struct capture_info *info);

/* Entries of the lists. legacy: only what sysdig 0.29.3 knows. */
void scap_put_process(struct buffer *b, const struct thread_entry *t, bool legacy);
void scap_put_fd(struct buffer *b, const struct fd_entry *f, bool legacy);
void scap_put_user(struct buffer *b, const struct user_entry *u);
void scap_put_group(struct buffer *b, const struct group_entry *g);
void scap_put_interface(struct buffer *b, const struct interface_entry *i);

struct scap_event {
	uint64_t time_ns;
	int64_t tid;
	uint16_t type, cpu;
	uint32_t flags;		/* SCAP_STATE_ONLY, or 0 */
	bool large;		/* of a type with 32-bit lengths */
	unsigned n_params;
	const struct param_info *infos;	/* of the parameters: what may be cut */
	struct param params[EVENT_PARAMS_MAX]; /* those cut are changed */
};

/* Appends an event's block. false: it was too long, and its longest parameters are cut. */
bool scap_put_event(struct buffer *b, struct scap_event *e);
