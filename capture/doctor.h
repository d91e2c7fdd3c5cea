/* `scapcap --doctor`: what this machine can do, what is missing and how to get it. */
#pragma once

/* Prints to standard output. 0: the BPF engine works here; 1: it does not. */
int doctor_run(void);
