/*
 * Numbers of genuine .scap files (the sysdig/Falco family's): blocks, places, and the limits that
 * reading keeps to. Nothing here is ours to choose but the limits.
 */
#pragma once
#include "format/batch.h"

#define SCAP_SECTION	0x0A0D0D0Au
#define SCAP_BYTE_ORDER 0x1A2B3C4Du

/* Before the first release the same blocks had numbers of the form 0x80..ABCD. */
#define SCAP_BLOCKS(X)                                                                             \
	X(MACHINE, 0x201, 0x8002ABCD)                                                              \
	X(PROCESSES_1, 0x202, 0x8000ABCD)                                                          \
	X(FDS_1, 0x203, 0x8001ABCD)                                                                \
	X(EVENT_1, 0x204, 0x8010ABCD)                                                              \
	X(INTERFACES_1, 0x205, 0x8011ABCD)                                                         \
	X(USERS_1, 0x206, 0x8012ABCD)                                                              \
	X(PROCESSES_2, 0x207, 0x8013ABCD)                                                          \
	X(EVENT_FLAGS_1, 0x208, 0)                                                                 \
	X(PROCESSES_3, 0x209, 0x8014ABCD)                                                          \
	X(PROCESSES_4, 0x210, 0)                                                                   \
	X(PROCESSES_5, 0x211, 0)                                                                   \
	X(PROCESSES_6, 0x212, 0)                                                                   \
	X(PROCESSES_7, 0x213, 0)                                                                   \
	X(PROCESSES_8, 0x214, 0)                                                                   \
	X(PROCESSES_9, 0x215, 0)                                                                   \
	X(EVENT_2, 0x216, 0)                                                                       \
	X(EVENT_FLAGS_2, 0x217, 0)                                                                 \
	X(FDS_2, 0x218, 0)                                                                         \
	X(INTERFACES_2, 0x219, 0)                                                                  \
	X(USERS_2, 0x220, 0)                                                                       \
	X(EVENT_LARGE, 0x221, 0)                                                                   \
	X(EVENT_FLAGS_LARGE, 0x222, 0)

enum scap_block {
#define X(name, code, alias) SCAP_##name = code,
	SCAP_BLOCKS(X)
#undef X
};

#define SCAP_CODE_FIRST 0x200u /* the codes of the family's blocks, those to come too */
#define SCAP_CODE_LAST  0x3FFu

#define SCAP_BLOCK_HEAD	 8u	/* type and total length */
#define SCAP_BLOCK_TAIL	 4u	/* the length again */
#define SCAP_SECTION_LEN 28u	/* a section header without options */
#define SCAP_MACHINE_LEN 180u	/* body of the machine's block */
#define SCAP_HOST_LEN	 128u

/* An event: u64 time, u64 tid, u32 length, u16 type, in version 2 u32 number of parameters; then
   their lengths, then their bytes. */
#define SCAP_AT_TID	8u
#define SCAP_AT_LEN	16u
#define SCAP_AT_TYPE	20u
#define SCAP_AT_PARAMS	22u
#define SCAP_EVENT_1_LEN 22u
#define SCAP_EVENT_2_LEN 26u

#define SCAP_STATE_ONLY 1u	/* flag of an event block: it changes the state and is not shown */

/* ---- limits ---- */

#define SCAP_FILL_LEN	(256u << 10)	/* read at once: with its columns it fits the CPU's cache */
#define SCAP_WINDOW_LEN (768u << 10)	/* the most that is looked at: the largest block and a fill */
/* An event block: what a batch takes of one event, and room for its header, lengths and options. */
#define SCAP_EVENT_MAX	(EVENT_PAYLOAD_MAX + 65536u)
#define SCAP_ENTRY_MAX	(128u << 10)	/* an entry of a list; the family's own are below 20 KiB */
#define SCAP_CONVERT_MAX 65536u		/* an event that is converted, as in the family */
#define SCAP_OTHER_MAX	(1u << 30)	/* a block of a kind unknown to us */
