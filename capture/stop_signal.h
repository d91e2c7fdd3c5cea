/*
 * Signals that end a capture.
 *
 * The first one ends it; with a command, it is passed on to that, and the capture ends when the
 * command does. The second ends the capture in any case, and nobody waits for the command any more.
 * The third is not caught: for when even finishing the file hangs. SIGUSR1 asks for the calls in progress.
 */
#pragma once
#include <stdbool.h>

struct command;

/* SIGINT, SIGTERM and SIGHUP (unless that is ignored: nohup) from now on; SIGPIPE becomes an errno. */
void signals_catch(void);
/* As they were before signals_catch(): for a child that becomes another program. */
void signals_restore(void);
/* Whom to pass the first one on to; NULL: nobody any more. */
void signals_pass_to(const struct command *c);
/* Set when the capture is to end; when somebody wants to know what calls are in progress. */
extern volatile bool signals_stop, signals_report;
/* The last one that came, 0: none. */
int signals_last(void);
