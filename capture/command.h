/*
 * `scapcap -- command`: the command is forked first and waits before its first instruction until the
 * engine runs, so that nothing of it is missed.
 *
 *	command_fork(&c, argv, -1, &err);	// c.pid exists and waits
 *	... load the engine for c.pid, start it ...
 *	command_release(&c, argv[0], &err);
 *	command_started(&c, argv[0], &err);	// -ENOENT...: it could not be executed
 *	... until command_ended(&c) ...
 *	status = command_status(&c);
 *	command_done(&c);			// one that was never let go ends here
 */
#pragma once
#include "base/error.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct sock_filter;

struct command {
	pid_t pid;	/* 0: none */
	int go_fd;	/* writing a byte lets it go */
	int failed_fd;	/* errno of a failed exec, end of file when it worked */
	int signal_fds[2]; /* a pipe whose reader is "owned" by the command, see command_signal() */
	/* A seccomp program for it to run under; set before command_go(), views. NULL: none. */
	const struct sock_filter *program;
	unsigned n_program;
	atomic_bool traced; /* the tracer waits for it: command_reaped() tells */
	atomic_bool reaped;
	bool ended;
	bool given_up; /* told to end before it had begun */
	int wait_status;
};

/* What it is to have otherwise than we have; a zeroed one: nothing. */
struct command_as {
	const char *const *environment; /* VAR=VALUE is set, VAR removed */
	size_t n_environment;
	const char *user; /* whose groups it gets, with uid and gid; NULL: ours */
	uid_t uid;
	gid_t gid;
};

/*
 * The command's signals are as they were before signals_catch(). out_fd: what it gets as standard
 * output, -1: ours. as: not needed any more when this returns. On failure there is nothing to be done about c.
 */
int command_fork_as(struct command *c, char **argv, int out_fd, const struct command_as *as, struct error *err);
static inline int command_fork(struct command *c, char **argv, int out_fd, struct error *err)
{
	return command_fork_as(c, argv, out_fd, &(struct command_as){0}, err);
}
/* Lets it go. name: for messages. */
int command_release(struct command *c, const char *name, struct error *err);
/* Waits until it has become its program: -ENOENT and others when that cannot be executed. */
int command_started(struct command *c, const char *name, struct error *err);
static inline int command_go(struct command *c, const char *name, struct error *err)
{
	int r = command_release(c, name, err);

	return r < 0 ? r : command_started(c, name, err);
}
/* Its process stays a zombie until command_done(), so that its number is nobody else's. */
bool command_ended(struct command *c);
/* The tracer's word: it has ended with this status; negative: we are to wait for it ourselves from now on. */
void command_reaped(struct command *c, int wait_status);
/* As the shell has it: its exit status, or 128 + signal. Only when it has ended. */
int command_status(const struct command *c);
/* The signal that has ended it, 0: it has exited. */
int command_signalled(const struct command *c);
/*
 * Sends it a signal, also when it has more privileges than we have by now. For signal handlers, too.
 */
void command_signal(const struct command *c, int number);
/* Tells a command that still waits to end; one that runs is left to itself. */
void command_give_up(struct command *c);
/* Ends a command that still waits, and leaves a running one to itself. */
void command_done(struct command *c);
