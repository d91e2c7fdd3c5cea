/*
 * Scapcap as a capture interface of Wireshark's ("extcap"): a symbolic link to it in Wireshark's folder of such
 * programs makes "scapcap" an interface to choose, whose packets are system calls (-F pcapng-events).
 *
 *	if (extcap_wanted(argc, argv))
 *		... extcap_answer(&e, argc, argv) ...	// questions are answered; a capture is a command line
 */
#pragma once
#include <stdbool.h>

#define EXTCAP_WORDS_MAX 20

struct extcap {
	char *words[EXTCAP_WORDS_MAX];	/* the command line that captures, NULL behind the last; views, and: */
	int n_words;			/* 0: there is nothing to capture */
	char *filter, *snaplen;		/* owned */
};

/* Whether Wireshark calls. */
bool extcap_wanted(int argc, char **argv);
/* The exit status, 0 with e->n_words: capture now. */
int extcap_answer(struct extcap *e, int argc, char **argv);
void extcap_done(struct extcap *e);
