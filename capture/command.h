/*
 * `scapcap -- command`: the command is forked first and waits before its first instruction until the
 * engine runs, so that nothing of it is missed.
 *
 *	command_fork(&c, argv, -1, &err);	// c.pid exists and waits
 *	... load the engine for c.pid, start it ...
 *	command_go(&c, &err);			// -ENOENT...: it could not be executed
 *	... until command_ended(&c) ...
 *	return command_status(&c);
 */
#pragma once
#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

struct command {
	pid_t pid;
	int go_fd;	/* writing a byte lets it go */
	int failed_fd;	/* errno of a failed exec, end of file when it worked */
	bool ended;
	int wait_status;
};

/* out_fd: what it gets as standard output, -1: ours. */
int command_fork(struct command *c, char **argv, int out_fd, struct error *err);
int command_go(struct command *c, const char *name, struct error *err);
bool command_ended(struct command *c);
/* As the shell has it: its exit status, or 128 + signal. */
int command_status(const struct command *c);
