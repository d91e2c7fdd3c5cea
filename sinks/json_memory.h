/*
 * Memory of a call as JSON: its argument words, and the structures that they point to by the names of
 * format/memory.tsv: {"args":[3,140737488345600],"statbuf":{"st_dev":2049,...},"fds":[{"fd":3,...}],"addr":"0200"}.
 * Bytes are in hex; what was not recorded is not there.
 */
#pragma once
#include "format/memory.h"

void json_memory(struct buffer *out, struct event *ev, const struct param *p, enum syscall_abi abi);
