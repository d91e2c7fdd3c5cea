/* `scapcap --doctor`: what this machine can do, what is missing and how to get it. */
#pragma once
#include <stdbool.h>

/* Prints to standard output. 0: an engine works here; 1: none does. */
int doctor_run(void);

/* The part of the BPF engine; whether it works. */
bool doctor_bpf(void);
/* One line, and the remedy (NULL: none) below what is missing. */
void doctor_say(bool ok, const char *what, const char *remedy);
