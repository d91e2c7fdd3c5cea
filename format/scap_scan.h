/*
 * From the bytes of a section's blocks to a batch of its events: what the reader of genuine .scap files
 * does most of the time.
 */
#pragma once
#include "format/scap_batch.h"
#include "format/scap_input.h"
#include "format/source.h"

#define SCAP_TOLD_MAX 8u /* damaged places told one by one: fewer than tools print */

struct scap_scan {
	struct scap_batch batch;
	struct scap_converter converter;
	bool raw_events;	/* nothing is converted or left out */
	bool started;		/* events that describe the initial state are behind us */
	/* Damage met in the last call: told at once, in front of what follows the batch. */
	struct error damage;
	uint64_t n_bad;		/* events lost in it */
	uint64_t n_told;	/* damaged places told so far */
	uint64_t n_untold;	/* and those that were only counted */
	struct error words;	/* of what is being tried; here because clearing it costs */
};

enum scap_scan_end {
	SCAN_MORE,	/* the window ends within a block, or at its end */
	SCAN_FULL,	/* the batch is full */
	SCAN_OTHER,	/* a block that is no event */
	SCAN_DAMAGE,	/* scan.damage is set; the window stands behind the bad event */
	SCAN_LENGTH,	/* a block's length is impossible: the window stands at it */
};

int scap_scan_init(struct scap_scan *s, const struct schema *schema);
void scap_scan_done(struct scap_scan *s);
/*
 * Takes event blocks from the window into the batch, until one of the reasons above. A negative
 * errno when memory is out.
 */
int scap_scan(struct scap_scan *s, struct scap_input *in, struct source_stats *stats, struct error *err);
/* Whether these bytes look like a whole block that can be trusted: where to go on behind damage. */
bool scap_block_plausible(const uint8_t *p, size_t have);
