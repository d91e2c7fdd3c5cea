/*
 * scapcap: records system calls into a capture, or prints them as they happen.
 *
 * Exit status: 0 all is well, 1 something failed, 2 wrong usage; with `-- command`, the command's own
 * (128 + signal when one ended it, 127 and 126 as the shell has them).
 */
#include "base/option.h"
#include "capture/arguments.h"
#include "capture/doctor.h"
#include "capture/extcap.h"
#include "capture/job.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

/*
 * A file that is opened must not get the number of a standard stream that is closed: words would go
 * into the capture. In their place goes what fails when it is used.
 */
static void standard_streams_hold(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int complain(const struct error *err, int status)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, err->text);
	return status;
}

static void explain(const struct filter *f)
{
	struct buffer words = {0};

	filter_explain(f, &words);
	fwrite(words.data, 1, words.len, stdout);
	buffer_done(&words);
}

/* `scapcap curl example.org`, where `scapcap -- curl example.org` was meant. */
static void hint_at_command(const char *word, struct error *err)
{
	size_t len = strlen(err->text);

	if (word[0] != '-' && !strpbrk(word, "=<>!(). "))
		snprintf(err->text + len, sizeof err->text - len,
			 "\n(to capture a command, write -- in front of it: scapcap -- %s)", word);
}

static int capture(struct arguments *a)
{
	struct error err = {0};
	struct filter *filter;
	int status = EXIT_OK;

	if (arguments_filter(a, &err) < 0)
		return complain(&err, err.code == -EINVAL ? EXIT_USAGE : EXIT_FAILED);
	filter = filter_text_compile(&a->filter, &err);
	if (!filter) {
		if (!a->command && a->n_words)
			hint_at_command(a->words[0], &err);
		return complain(&err, EXIT_USAGE);
	}
	if (a->explain)
		explain(filter);
	else
		status = job_run(a, filter);
	filter_free(filter);
	return status;
}

static int run(struct arguments *a)
{
	if (a->help)
		arguments_help();
	else if (a->version)
		printf("scapcap %s\n", SCAPKIT_VERSION);
	else if (a->doctor)
		return doctor_run();
	else
		return capture(a);
	return EXIT_OK;
}

/*
 * Buffers of some hundred KiB are many, and of most a short capture uses a page or two. In the heap they need not be mapped
 * and unmapped one by one; growing it by no more than is asked for leaves each page alone until it is used.
 */
static void heap_set(void)
{
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	mallopt(M_TOP_PAD, 0);
}

int main(int argc, char **argv)
{
	struct arguments a = {0};
	struct error err = {0};
	struct extcap wireshark = {0};
	int status;

	heap_set();
	standard_streams_hold();
	if (extcap_wanted(argc, argv)) {
		status = extcap_answer(&wireshark, argc, argv);
		if (status || !wireshark.n_words)
			return options_finish(status);
		argc = wireshark.n_words;
		argv = wireshark.words;
		a.extcap = true;
	}
	if (arguments_parse(&a, argc, argv, &err) < 0) {
		if (argc > 2 && !strncmp(err.text, "unknown option", 14)) /* it may be the command's own */
			hint_at_command(argv[1], &err);
		status = complain(&err, EXIT_USAGE);
	} else {
		status = run(&a);
	}
	arguments_done(&a);
	extcap_done(&wireshark);
	return options_finish(status);
}
