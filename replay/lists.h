/*
 * What there is: fields, event types, system calls. Printed as text for people, as JSON (one object per
 * line) for programs, as markdown tables for the documentation.
 */
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <stdio.h>

enum list_kind { LIST_NONE, LIST_FIELDS, LIST_EVENTS, LIST_SYSCALLS };
enum list_style { LIST_TEXT, LIST_JSON, LIST_MARKDOWN };

/* all: event types of old captures, too. 0 or negative errno of writing. */
int list_print(FILE *out, enum list_kind kind, enum list_style style, bool all, struct error *err);
