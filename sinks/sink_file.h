/*
 * Capture files by the name of their format: what -w and -F of the tools ask for.
 *
 *	if (file_format_parse("scap", &o.format, &err) < 0) ...
 *	sink = sink_file_new(fd, schema, &o, &err);
 *	...
 *	sink_file_report(&o, "x.scap", stderr);	// what the format had no place for
 */
#pragma once
#include "format/native.h"
#include "sinks/sink.h"

enum file_format { FILE_NATIVE, FILE_SCAP, FILE_SCAP_LEGACY, FILE_PCAPNG, FILE_PCAPNG_EVENTS };

#define FILE_FORMATS "native|scap|scap-legacy|pcapng|pcapng-events"

/* 0, -EINVAL with words. */
int file_format_parse(const char *name, enum file_format *ret, struct error *err);

struct sink_file_options {
	enum file_format format;
	struct native_writer_options native; /* its level counts for all formats, 0: their default */
	const char *filter;	/* of this run, NULL or "": none */
	bool selective;		/* the events are only a part of the capture's */
	struct scap_sink_report scap; /* out */
	struct pcapng_sink_report pcapng; /* out */
	char folder[4096];	/* out: where the file lies, for what is put aside beside it; "" no file */
};

/* o must stay until the sink is freed. fd and schema are not owned. */
struct sink *sink_file_new(int fd, const struct schema *schema, struct sink_file_options *o, struct error *err);
/* A line for each kind of thing that the file cannot hold; nothing when it holds all. */
void sink_file_report(const struct sink_file_options *o, const char *name, FILE *out);
