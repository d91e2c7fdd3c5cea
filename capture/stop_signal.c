#include "capture/stop_signal.h"

#include "capture/command.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#define STOP_AFTER 2 /* with a command */
#define DIE_AFTER  3

volatile bool signals_stop, signals_report;
static volatile sig_atomic_t n_signals, last_signal;
static const struct command *volatile receiver;
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
#define N_CAUGHT (sizeof caught / sizeof *caught)
static struct sigaction before[N_CAUGHT], before_report;
static bool are_caught;

static void on_signal(int number, siginfo_t *info, void *context)
{
	last_signal = number;
	n_signals++;
	if (!receiver || n_signals >= STOP_AFTER)
		signals_stop = true;
	else if (info->si_code <= 0) /* what the terminal sends reaches the command by itself */
		command_signal(receiver, number);
	if (n_signals >= DIE_AFTER - 1)
		signal(number, SIG_DFL);
}

static void on_report(int number)
{
	signals_report = true;
}

void signals_catch(void)
{
	struct sigaction report = {.sa_handler = on_report, .sa_flags = SA_RESTART};
	struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

	for (size_t i = 0; i < N_CAUGHT; i++)
		sigaddset(&a.sa_mask, caught[i]);
	for (size_t i = 0; i < N_CAUGHT; i++) {
		sigaction(caught[i], NULL, &before[i]);
		if (caught[i] == SIGPIPE)
			signal(SIGPIPE, SIG_IGN);
		else if (caught[i] != SIGHUP || before[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &a, NULL);
	}
	sigaction(SIGUSR1, &report, &before_report);
	are_caught = true;
}

void signals_restore(void)
{
	for (size_t i = 0; are_caught && i < N_CAUGHT; i++)
		sigaction(caught[i], &before[i], NULL);
	if (are_caught)
		sigaction(SIGUSR1, &before_report, NULL);
}

void signals_pass_to(const struct command *c)
{
	receiver = c;
}

int signals_last(void)
{
	return last_signal;
}
