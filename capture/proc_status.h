/* The text of /proc/PID/status, "Name:\tvalues" line by line. text may be NULL, as if it were empty. */
#pragma once
#include <stdint.h>

/* Behind "Name:" and blanks, up to the end of the text; NULL without such a line. */
const char *proc_status_line(const char *text, const char *name);
/* The nth number of a line, from 0; 0 where there is none. */
uint64_t proc_status_number(const char *text, const char *name, unsigned nth, int base);
/* The last number of a line, which is the one in the innermost namespace. */
int64_t proc_status_last(const char *text, const char *name, int64_t missing);
