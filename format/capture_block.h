/*
 * What stands in front of a capture: the pcapng section header and interface for everybody else, and
 * the CAPTURE block (SPEC "Beginning of a file", "CAPTURE").
 */
#pragma once
#include "format/block.h"

/* Section header and interface description: the first bytes of a file. */
void section_encode(struct buffer *out, const struct capture_info *info);

/* A whole CAPTURE block. Texts beyond WIRE_TEXT_MAX are cut. */
void capture_encode(struct buffer *out, const struct capture_info *info, uint64_t sequence);
/*
 * Reads the fields and data of a CAPTURE block. Texts of *ret point into `texts`, which is made anew.
 * 0, -EBADMSG, -ENOMEM, -ENOTSUP (incompatible features or major version: its blocks cannot be read).
 */
int capture_decode(struct cursor *fields, struct cursor data, const uint8_t id[WIRE_ID_LEN],
		   struct buffer *texts, struct capture_info *ret, struct error *err);
