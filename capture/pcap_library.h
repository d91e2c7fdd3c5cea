/*
 * libpcap, loaded when packets are asked for: it brings eight other libraries with it, which would cost every
 * capture a millisecond at its start.
 *
 *	const struct pcap_library *pcap = pcap_library_load(&err);
 *	pcap->create("lo", words)
 */
#pragma once
#include "base/error.h"

#include <pcap/pcap.h>

#define PCAP_FUNCTIONS(F)                                                                                    \
	F(activate) F(close) F(compile) F(create) F(datalink) F(dispatch) F(freecode) F(get_selectable_fd)       \
	F(get_tstamp_precision) F(geterr) F(set_buffer_size) F(set_immediate_mode) F(set_snaplen)                 \
	F(set_tstamp_precision) F(setfilter) F(setnonblock) F(snapshot) F(stats) F(statustostr)

struct pcap_library {
#define PCAP_MEMBER(name) typeof(&pcap_##name) name;
	PCAP_FUNCTIONS(PCAP_MEMBER)
#undef PCAP_MEMBER
};

/* Loaded once, and kept. NULL with words: it is not installed, or lacks something. */
const struct pcap_library *pcap_library_load(struct error *err);
