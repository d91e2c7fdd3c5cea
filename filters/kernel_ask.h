/* Between kernel.c and kernel_clauses.c. */
#pragma once
#include "filters/column.h"

/* The question that the kernel answers instead of this check; false: none. */
bool kernel_ask(const struct filter *f, const struct check *c, struct kernel_question *ret);
