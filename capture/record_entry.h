/* Records that are not events, as state entries. */
#pragma once
#include "capture/bpf/shared.h"
#include "format/entry.h"

/* Views into the record. time_offset: from CLOCK_BOOTTIME to the epoch. -EBADMSG: not such a record. */
int record_to_entry(const struct record *r, uint64_t time_offset, struct state_entry *ret, char name[256]);
