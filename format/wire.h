/*
 * Numbers of the native file format: what SPEC.md fixes, once, for writer, reader and tools.
 * Nothing here is a choice of this implementation.
 */
#pragma once
#include "format/batch.h"
#include "format/pcapng_block.h"

#define PCAPNG_LINK_UPPER 252 /* LINKTYPE_WIRESHARK_UPPER_PDU */

#define WIRE_ENTERPRISE	  32473u /* reserved for documentation, RFC 5612 */
#define WIRE_MAGIC	  "SCAPKIT\n"
#define WIRE_MAGIC_LEN	  8
#define WIRE_ID_LEN	  16

#define WIRE_VERSION_MAJOR 1
#define WIRE_VERSION_MINOR 0

/* Places in every block of ours (SPEC "Common block header"). */
#define WIRE_AT_TOTAL	  4u
#define WIRE_AT_PEN	  8u
#define WIRE_AT_MAGIC	  12u
#define WIRE_AT_KIND	  20u
#define WIRE_AT_FLAGS	  22u
#define WIRE_AT_ID	  24u
#define WIRE_AT_SEQUENCE  40u
#define WIRE_AT_HEADER	  48u
#define WIRE_COMMON	  52u	/* where the fields of the kind begin */
#define WIRE_TAIL	  8u	/* block checksum and repeated length */

enum block_kind {
	BLOCK_CAPTURE = 1, BLOCK_SCHEMA = 2, BLOCK_STATE = 3, BLOCK_EVENTS = 4, BLOCK_LOSS = 5,
	BLOCK_INDEX = 6, BLOCK_KIND_END
};

/* Columns on the wire; enum column is 1 << number for all but the dictionary of tids. */
enum wire_column {
	WIRE_TIME = 0, WIRE_DURATION = 1, WIRE_TID = 2, WIRE_TYPE = 3, WIRE_CPU = 4, WIRE_FLAGS = 5,
	WIRE_RESULT = 6, WIRE_FD = 7, WIRE_SYSNO = 8, WIRE_ABSENT = 9, WIRE_AS_IS = 10,
	WIRE_VALUES_STATE = 11, WIRE_VALUES_BULK = 12, WIRE_TIDS = 13, WIRE_FIELDS_STATE = 14,
	WIRE_FIELDS_BULK = 15, WIRE_GAPS = 16, WIRE_DURATIONS = 17, WIRE_COLUMN_END
};

/* What a slice holds (SPEC "Slices"). */
enum wire_slice { SLICE_CONSTANT = 0, SLICE_FRAME = 1 };

#define TYPE_ROW_STATE	1u	/* flag of a row of the type list: payload in the state class */

enum state_block { STATE_ENTRIES = 1, STATE_CHECKPOINT = 2 };

#define INDEX_FINAL	1u	/* INDEX flag: nothing of the capture follows */

/* Limits, with their reasons in SPEC "Limits". */
#define WIRE_RAW_MAX	  (1u << 20)  /* decompressed SCHEMA, STATE or INDEX data */
#define WIRE_HEADER_MAX	  16384u      /* header of a block, checksum included */
#define WIRE_TEXT_MAX	  16384u      /* one text of CAPTURE */
#define WIRE_FOREIGN_MAX  (64u << 20) /* pcapng block of others that is passed over */
#define WIRE_SCHEMA_TOTAL (8u << 20)  /* decompressed SCHEMA data of one capture */
#define WIRE_SLICES_MAX	  128u	      /* slices of one EVENTS block */
#define WIRE_SPAN_NS	  500000000u  /* EVENTS closes so long after its first event */
