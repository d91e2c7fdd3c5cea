/*
 * Blocks of pcapng (draft-ietf-opsawg-pcapng), as they are written:
 *
 *	size_t at = pcapng_begin(&b, PCAPNG_INTERFACE);
 *	... the fields of that type ...
 *	pcapng_option(&b, PCAPNG_IF_NAME, "lo", 2);
 *	pcapng_end_options(&b, at);
 *
 * Whether memory was short tells the buffer.
 */
#pragma once
#include "base/bytes.h"

#define PCAPNG_SECTION	  0x0A0D0D0Au
#define PCAPNG_INTERFACE  1u
#define PCAPNG_PACKET	  6u /* Enhanced Packet Block */
#define PCAPNG_CUSTOM	  0x00000BADu
#define PCAPNG_BYTE_ORDER 0x1A2B3C4Du

#define PCAPNG_NANOSECONDS 9 /* of PCAPNG_IF_TSRESOL */

/* Options mean something else in each type of block, but for the first two. */
enum pcapng_option {
	PCAPNG_OPTION_END = 0,
	PCAPNG_COMMENT = 1,
	PCAPNG_HARDWARE = 2, /* of sections */
	PCAPNG_OS = 3,
	PCAPNG_APPLICATION = 4,
	PCAPNG_IF_NAME = 2, /* of interfaces */
	PCAPNG_IF_DESCRIPTION = 3,
	PCAPNG_IF_TSRESOL = 9,
	PCAPNG_IF_TSOFFSET = 14,
	PCAPNG_FLAGS = 2, /* of packets */
};

/* Type and room for the length; returns where the block begins. */
size_t pcapng_begin(struct buffer *b, uint32_t type);
/* Up to the next multiple of four bytes, `len` having been written. */
void pcapng_pad(struct buffer *b, size_t len);
/* Nothing of an empty one, and no more than 65,535 bytes. */
void pcapng_option(struct buffer *b, enum pcapng_option code, const void *data, size_t len);
/* The length, here and where it had its room. */
void pcapng_end(struct buffer *b, size_t at);
/* The same behind options. */
void pcapng_end_options(struct buffer *b, size_t at);
