#include "format/scap_legacy.h"

#include <stddef.h>

#define TYPES_PUBLIC 512 /* the last public type is 453 */

static const uint8_t sources[] = {
#define LEGACY_PARAM(source) source,
#include "format/scap_legacy.def"
};

static const struct legacy_event rows[TYPES_PUBLIC] = {
#define LEGACY(event, entry, exit, first, n_entry, n_exit)                                         \
	[event] = {entry, exit, n_entry, n_exit, sources + (first)},
#include "format/scap_legacy.def"
};

const struct legacy_event *legacy_find(uint16_t type)
{
	return type < TYPES_PUBLIC && rows[type].sources ? &rows[type] : NULL;
}
