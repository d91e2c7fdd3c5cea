/*
 * An event as one packet of its own (link type 252, dissector name "scap"): all that is to be known
 * of it is in there, names resolved, so that a selection of records can be saved and looked at
 * elsewhere. plugins/wireshark/README.md has the bytes.
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"

#define RECORD_DISSECTOR  "scap"
#define RECORD_VERSION    1
#define RECORD_HEAD       84u          /* bytes of the fixed part */
#define RECORD_MAX        (240u << 10) /* Wireshark refuses packets above 262,144 bytes */
#define RECORD_TEXT_MAX   (8u << 10)   /* longer texts of fields are cut */
#define RECORD_LIST_MAX   16u          /* values of a field with several */
#define RECORD_FIELDS_MAX 1024u        /* fields in the table: bounds what looks them up */

/* In front of a record in a packet of link type 252: the dissector's name (tag 12), and that no more tags follow. */
#define RECORD_PDU_HEAD	    "\0\14\0\4scap\0\0\0\0"
#define RECORD_PDU_HEAD_LEN 12u

enum record_kind { RECORD_EVENT = 1, RECORD_LOSS = 2 };

/* Items behind the fixed part: u32 tag, u16 length (0xFFFF: u32 length follows), value. */
enum record_tag {
	RECORD_NAME = 1,  /* the event's name: openat */
	RECORD_PARAM = 2, /* one parameter; they come in order */
	RECORD_LOST = 3,  /* what was lost in front of this event */
	RECORD_REST = 4,  /* empty: what columns and statistics show stands in front of it */
};
#define RECORD_FIELD 0x80000000u /* with the low 31 bits of the CRC-32 of the field's name */

struct record_head {
	uint8_t version, kind; /* RECORD_VERSION, enum record_kind */
	uint16_t flags;        /* enum event_flag */
	uint16_t type, cpu, sysno, category;
	uint32_t traits;
	uint64_t number, time_ns, duration_ns;
	uint64_t first_ns, before_ns; /* of the first event, and of the one before */
	int64_t tid, result;
	int32_t fd;
	uint32_t absent;
	int8_t result_param, fd_param;
	uint8_t n_params;
};

void record_head_put(struct buffer *out, const struct record_head *h);
/* false: too short, or of another version. */
bool record_head_take(struct cursor *c, struct record_head *ret);

struct record_item {
	uint32_t tag;
	struct cursor value;
};
/* 1: an item, 0: the end, -1: damaged. */
int record_item_next(struct cursor *c, struct record_item *ret);
/* Begins an item; returns the place for record_item_end(), which says how long it came out. */
size_t record_item_begin(struct buffer *out, uint32_t tag);
void record_item_end(struct buffer *out, size_t begun);

/* The tag that stands for a field of filters/fields.tsv. */
uint32_t record_field_tag(const char *name);

struct record_param {
	uint8_t type, format; /* enum param_type, enum print_format */
	bool present;         /* absent: neither readable nor empty */
	const char *name, *text,
	    *meaning;        /* not terminated; as evt.args has it, and as evt.arg has it */
	const uint8_t *data; /* in the encoding of its type */
	uint32_t name_len, text_len, meaning_len, data_len;
};
void record_param_put(struct buffer *out, const struct record_param *p);
bool record_param_take(struct cursor *c, struct record_param *ret);
