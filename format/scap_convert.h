/*
 * Old captures hold an entry and an exit event of each call, and older versions of event types. Here
 * they become what present captures hold: one event per call with all its parameters. The rules are the
 * family's (scap_convert.tsv); unlike theirs, the time of entry is kept.
 *
 *	r = scap_convert(&converter, &stored, &result, &err);
 *	if (r > 0) ... result.event, result.duration_ns ...	// 0: an entry, kept until its exit comes
 */
#pragma once
#include "base/error.h"
#include "format/scap_wire.h"

/* A view of a stored event. */
struct scap_event {
	const uint8_t *head;	/* SCAP_EVENT_1_LEN bytes, the same in both versions */
	const uint8_t *lens;	/* n_params of them, u16, or u32 when wide */
	const uint8_t *data;	/* data_len bytes */
	uint32_t data_len;
	uint16_t type;
	uint8_t n_params;	/* at most EVENT_PARAMS_MAX */
	bool wide;
};

struct scap_converted {
	struct scap_event event;
	bool changed;		/* event lies in the converter's memory, until scap_converter_reset() */
	bool entry_unknown;	/* a call whose entry was never seen, in a capture that has entries */
	uint64_t duration_ns;	/* DURATION_NONE: the event has no entry */
};

struct scap_enter;
struct scap_rule;

struct scap_converter {
	struct scap_rule *rules; /* by type */
	struct scap_enter *enters; /* by thread: the call that it is in */
	uint32_t mask, n_enters;
	size_t enter_bytes;
	bool old;		/* entry events were seen that present captures do not have */
	uint64_t n_forgotten;	/* entries dropped because there were too many */
	uint8_t *made;		/* events made since the last reset */
	size_t made_len;
};

/* 0 or -ENOMEM; done also after failure. */
int scap_converter_init(struct scap_converter *c);
void scap_converter_done(struct scap_converter *c);
/* A new section: no call is under way. */
void scap_converter_forget(struct scap_converter *c);
/* The events made so far are not needed any more. */
static inline void scap_converter_reset(struct scap_converter *c)
{
	c->made_len = 0;
}
/* Whether there is no room left to make another event: reset first. */
bool scap_converter_full(const struct scap_converter *c);
/*
 * 1	*ret is what the event is today
 * 0	nothing to show: an entry that is kept, or a type that is used no more
 * -E2BIG	too large to be converted
 * -ENOMEM
 */
int scap_convert(struct scap_converter *c, const struct scap_event *ev, struct scap_converted *ret,
		 struct error *err);
/* Whether it is the exit of a call whose entry is recorded in present captures, too. */
bool scap_is_paired(uint16_t type);
/* Whether events of this type and number of parameters are what they are today, whatever was before. */
bool scap_is_present(uint16_t type, unsigned n_params);
