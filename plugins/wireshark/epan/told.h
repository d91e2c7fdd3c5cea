/*
 * One record taken apart, and what the dissector's files share about it.
 */
#pragma once
#include "filters/field.h"
#include "plugins/wireshark/epan/epan_version.h"
#include "sinks/event_record.h"

/* Fields whose values columns, taps and other dissectors ask for. */
enum told_pick {
	TOLD_PROC_NAME,
	TOLD_PROC_PID,
	TOLD_FD_NAME,
	TOLD_FD_NUM,
	TOLD_FD_TYPE,
	TOLD_FD_L4PROTO,
	TOLD_FD_CIP,
	TOLD_FD_SIP,
	TOLD_FD_CPORT,
	TOLD_FD_SPORT,
	TOLD_FD_IS_SERVER,
	N_TOLD_PICKS
};

struct told {
	struct record_head head;
	const guint8 *bytes; /* of the whole record */
	const char *name;    /* "openat", NUL-terminated, of the packet's scope */
	unsigned n_params;
	struct record_param params[EVENT_PARAMS_MAX];
	int data_param;                   /* the bytes read or written, -1: none */
	struct value picks[N_TOLD_PICKS]; /* kind VALUE_NONE: not told */
	guint64 n_lost, n_lost_packets; /* events, and network packets */
	bool damaged;
};

/* What taps are given for every event. */
struct scap_tap {
	const char *name, *process, *fd; /* fd "": the event is about none */
	guint16 type;
	bool failed, reads, writes;
	bool has_duration;
	guint64 duration_ns;
	gint64 result;
	guint32 stream; /* UINT32_MAX: no I/O */
	const guint8 *data;
	guint32 data_len, io_len;
};

/* "ENOENT"; a result that is none has no name. */
static inline const char *scap_error_name(const struct scap_tap *tap)
{
	const char *name = tap->failed && tap->result > -4096 ? errno_name((int)-tap->result) : NULL;

	return name ? name : "error";
}

#define SCAP_NO_STREAM G_MAXUINT32
#define SCAP_TAP       "scap"

extern int proto_scap;

/* How many streams there are so far. */
guint32 scap_stream_count(void);

/* ---- fields (scap_fields.c) ---- */

void scap_fields_register(void);
/* The names without "scap." in front, where no other protocol has them. */
void scap_fields_register_aliases(void);
/* What is open in the details pane until somebody closes it. */
void scap_fields_expand(void);
/* Which pick a field is, -1: none. */
int scap_field_pick(guint32 tag);

struct scap_tree {
	tvbuff_t *tvb;
	packet_info *pinfo;
	proto_tree *top;
	proto_tree *sub[8]; /* by group of fields, made when needed */
};
/* A field's value, whose item lies at `at`. */
void scap_field_add(struct scap_tree *t, guint32 tag, const struct value *v, int at, int len);
/* What the fixed part tells: evt.num, evt.time, evt.res... */
void scap_fields_add_head(struct scap_tree *t, const struct told *told);
void scap_text_add(struct scap_tree *t, const char *field, const char *text);
void scap_bytes_add(struct scap_tree *t, const char *field, int at, int len);
void scap_param_add(struct scap_tree *t, const struct told *told, unsigned i);

/* ---- statistics (scap_taps.c) ---- */

void scap_taps_register(void);

/* ---- what was said over a socket (scap_payload.c) ---- */

void scap_payload_register(void);
void scap_payload_dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
			  const struct told *told);
