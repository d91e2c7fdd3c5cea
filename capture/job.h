/*
 * One run of scapcap: what is captured, until when, and where it goes.
 *
 *	status = job_run(&arguments, filter);
 */
#pragma once
#include "capture/arguments.h"
#include "filters/filter.h"

/*
 * Captures until the end, and says on standard error what is to be said. Returns the exit status: 0, 1
 * when something failed, or the command's own.
 */
int job_run(const struct arguments *a, struct filter *filter);
