#include "capture/extcap.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/option.h"
#include "filters/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Their own calls: watching them makes them make more. */
#define WATCHERS "not proc.name in (wireshark, tshark, dumpcap)"

struct asked {
	bool interfaces, dlts, config, capture;
	const char *interface, *capture_filter, *fifo;
	const char *filter, *command, *user;
	uint64_t snaplen;
	bool has_snaplen;
};

#define TAKE_WORD(field)                                                                           \
	static int take_##field(void *context, const char *value, struct error *err)               \
	{                                                                                          \
		((struct asked *)context)->field = value;                                          \
		return 0;                                                                          \
	}
#define TAKE_FLAG(field)                                                                           \
	static int take_##field(void *context, const char *value, struct error *err)               \
	{                                                                                          \
		((struct asked *)context)->field = true;                                           \
		return 0;                                                                          \
	}
TAKE_FLAG(interfaces)
TAKE_FLAG(dlts)
TAKE_FLAG(config)
TAKE_FLAG(capture)
TAKE_WORD(interface)
TAKE_WORD(capture_filter)
TAKE_WORD(fifo)
TAKE_WORD(filter)
TAKE_WORD(command)
TAKE_WORD(user)

static int take_snaplen(void *context, const char *value, struct error *err)
{
	struct asked *a = context;

	a->has_snaplen = true;
	return option_number(value, 0, UINT16_MAX, &a->snaplen, err);
}

/* Every version of Wireshark asks the same. */
static int take_nothing(void *context, const char *value, struct error *err)
{
	return 0;
}

static const struct option_row rows[] = {
	{0, "extcap-interfaces", NULL, "", take_interfaces},
	{0, "extcap-version", "[=VERSION]", "", take_nothing},
	{0, "extcap-interface", "NAME", "", take_interface},
	{0, "extcap-dlts", NULL, "", take_dlts},
	{0, "extcap-config", NULL, "", take_config},
	{0, "extcap-capture-filter", "FILTER", "", take_capture_filter},
	{0, "capture", NULL, "", take_capture},
	{0, "fifo", "PATH", "", take_fifo},
	{0, "filter", "FILTER", "", take_filter},
	{0, "snaplen", "LEN", "", take_snaplen},
	{0, "command", "COMMAND", "", take_command},
	{0, "user", "NAME", "", take_user},
	{0},
};

bool extcap_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strncmp(argv[i], "--extcap-", 9))
			return true;
	return false;
}

static void print_config(void)
{
	printf("arg {number=0}{call=--filter}{display=Filter}{type=string}{group=Calls}"
	       "{tooltip=Only calls that pass, in the language of scapread; Wireshark's own are left out}"
	       "{placeholder=evt.type in (connect, openat)}\n"
	       "arg {number=1}{call=--snaplen}{display=Bytes kept of each buffer}{type=integer}{range=0,65535}"
	       "{default=80}{group=Calls}\n"
	       "arg {number=2}{call=--command}{display=Command}{type=string}{group=Whom}"
	       "{tooltip=Run this shell command, and capture what it and its descendants do}\n"
	       "arg {number=3}{call=--user}{display=User}{type=string}{group=Whom}"
	       "{tooltip=Only what this user's processes do; a command is run as this user}\n");
}

/* Both filters, and without a command nothing of those who watch. 0 or -ENOMEM. */
static int join_filter(struct extcap *e, const struct asked *a)
{
	const char *parts[] = {a->capture_filter, a->filter, a->command ? NULL : WATCHERS};
	struct buffer b = {0};

	for (unsigned i = 0; i < 3; i++)
		if (parts[i] && *parts[i])
			buffer_printf(&b, "%s(%s)", b.len ? " and " : "", parts[i]);
	buffer_u8(&b, 0);
	if (buffer_failed(&b))
		return -ENOMEM;
	e->filter = (char *)b.data;
	return 0;
}

static void add(struct extcap *e, const char *word)
{
	e->words[e->n_words++] = (char *)word;
	e->words[e->n_words] = NULL;
}

/* The command line of a capture. */
static int plan(struct extcap *e, const struct asked *a, struct error *err)
{
	if (!a->fifo)
		return error_set(err, -EINVAL, "--capture needs --fifo");
	if (join_filter(e, a) < 0 || asprintf(&e->snaplen, "%" PRIu64, a->snaplen) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	add(e, "scapcap");
	add(e, "-q");
	add(e, "-F");
	add(e, "pcapng-events");
	add(e, "-w");
	add(e, a->fifo);
	if (a->has_snaplen) {
		add(e, "-s");
		add(e, e->snaplen);
	}
	if (a->user && *a->user) {
		add(e, a->command ? "-u" : "--user");
		add(e, a->user);
	}
	if (*e->filter)
		add(e, e->filter);
	if (a->command && *a->command) {
		add(e, "--");
		add(e, "sh");
		add(e, "-c");
		add(e, a->command);
	}
	return 0;
}

/* What is said on standard output is what is wrong with it. */
static int check_filter(const char *text)
{
	struct error err = {0};
	struct filter *f = filter_new(text, &err);

	if (!f)
		printf("%s\n", err.text);
	filter_free(f);
	return f ? 0 : 1;
}

static int answer(struct extcap *e, struct asked *a, struct error *err)
{
	if (a->interfaces) {
		printf("extcap {version=%s}\n"
		       "interface {value=scapcap}{display=System calls}\n", SCAPKIT_VERSION);
		return 0;
	}
	if (!a->interface || strcmp(a->interface, "scapcap"))
		return error_set(err, -EINVAL, "the only interface here is scapcap");
	if (a->command && !*a->command)
		a->command = NULL;
	if (a->dlts)
		printf("dlt {number=252}{name=WIRESHARK_UPPER_PDU}{display=System calls}\n");
	else if (a->config)
		print_config();
	else if (a->capture)
		return plan(e, a, err);
	else if (a->capture_filter)
		return check_filter(a->capture_filter);
	else
		return error_set(err, -EINVAL, "nothing is asked");
	return 0;
}

int extcap_answer(struct extcap *e, int argc, char **argv)
{
	struct asked a = {0};
	struct error err = {0};
	int r = options_parse(rows, argc, argv, NULL, &a, &err);

	*e = (struct extcap){0};
	if (r >= 0)
		r = answer(e, &a, &err);
	if (r < 0)
		fprintf(stderr, "scapcap: %s\n", err.text);
	return r < 0 ? 2 : r;
}

void extcap_done(struct extcap *e)
{
	free(e->filter);
	free(e->snaplen);
}
