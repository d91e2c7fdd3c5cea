/*
 * scapinfo: what is in a capture, what was lost, and whether it is whole.
 *
 * Exit status: 0 all files are whole, 1 something failed or a file is damaged, 2 wrong usage.
 */
#include "base/option.h"
#include "replay/capture_report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

struct options {
	bool verify, json, help, version;
};

#define SET(name, statement) OPTION_SET(struct options, name, statement)
SET(verify, o->verify = true)
SET(json, o->json = true)
SET(help, o->help = true)
SET(version, o->version = true)

static const struct option_row rows[] = {
	{0, "verify", NULL, "check every checksum and every length", take_verify},
	{'j', "json", NULL, "one JSON object per file", take_json},
	{'h', "help", NULL, "this text", take_help},
	{0, "version", NULL, "print the version", take_version},
	{0},
};

static int complain(const struct error *err, int status)
{
	fflush(stdout);
	fprintf(stderr, "scapinfo: %s\n", err->text);
	return status;
}

static int report_file(const struct options *o, const char *path, bool first)
{
	struct report *r = malloc(sizeof *r);
	struct error err = {0};
	int status = EXIT_FAILED;

	if (!r) {
		error_set(&err, -ENOMEM, "out of memory");
		return complain(&err, EXIT_FAILED);
	}
	if (report_read(r, path, o->verify, &err) < 0) {
		complain(&err, EXIT_FAILED);
	} else {
		if (o->json) {
			report_json(r, stdout);
		} else {
			if (!first)
				putchar('\n');
			report_print(r, stdout);
		}
		status = report_whole(r) ? EXIT_OK : EXIT_FAILED;
	}
	report_done(r);
	free(r);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct error err = {0};
	int first = options_parse(rows, argc, argv, NULL, &o, &err);
	int status = EXIT_OK;

	if (first < 0)
		return complain(&err, EXIT_USAGE);
	if (o.help) {
		printf("usage: scapinfo [options] FILE...\n"
		       "Says what is in captures, ours and .scap files of others, what was lost, and whether they are whole.\n\n");
		options_print(rows, stdout);
		return options_finish(EXIT_OK);
	}
	if (o.version) {
		printf("scapinfo %s\n", SCAPKIT_VERSION);
		return options_finish(EXIT_OK);
	}
	if (first == argc) {
		error_set(&err, -EINVAL, "which capture? scapinfo FILE (see --help)");
		return complain(&err, EXIT_USAGE);
	}
	signal(SIGPIPE, SIG_IGN);
	for (int i = first; i < argc; i++) {
		if (report_file(&o, argv[i], i == first) != EXIT_OK)
			status = EXIT_FAILED;
	}
	return options_finish(status);
}
