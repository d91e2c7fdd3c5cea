/*
 * scapstrace: strace's command line in front of scapcap and scapread.
 *
 *	scapstrace [options] command args...	runs scapcap --strace='options' -- command args...
 *	scapstrace [options] -p PID
 *	scapstrace -r FILE [options]		runs scapread -r FILE --strace='options'
 *
 * strace's own -r (relative times) takes no value: -r FILE is understood where FILE stands in the place of
 * the command and is a capture, or at least no command; --capture FILE always is.
 */
#include "base/option.h"
#include "replay/source_open.h"
#include "sinks/strace_options.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_WORDS  10 /* of the tool's command line, beside pids and the command */
#define EXIT_USAGE 2

static int complain(const struct error *err)
{
	fprintf(stderr, "scapstrace: %s\n", err->text);
	return EXIT_USAGE;
}

static int help(void)
{
	printf("usage: scapstrace [options] command [args...]\n"
	       "       scapstrace [options] -p PID\n"
	       "       scapstrace -r FILE [options]\n"
	       "Prints system calls as strace does: of a command, of a process, of a capture.\n\n");
	strace_options_help();
	return 0;
}

static bool is_capture(const char *path)
{
	struct stat st;
	struct source *source;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	source = source_open(path, NULL, NULL);
	source_close(source);
	return source;
}

static bool is_command(const char *word)
{
	const char *path = strchr(word, '/') ? "" : getenv("PATH");
	char file[4096];
	struct stat st;
	int n;

	for (; path; path = *path ? path + 1 : NULL) {
		size_t len = strcspn(path, ":");

		n = snprintf(file, sizeof file, "%.*s%s%s", (int)len, path, len ? "/" : "", word);
		if (n < (int)sizeof file && access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode))
			return true;
		path += len;
	}
	return false;
}

/* Whether what was taken for strace's -r and a command is our -r FILE. */
static bool is_read(int argc, char **argv, int first)
{
	return first > 1 && first < argc && !strcmp(argv[first - 1], "-r") &&
	       (!strcmp(argv[first], "-") || is_capture(argv[first]) || !is_command(argv[first]));
}

/* The tool beside this program, else the one that is found in PATH. */
static int run_tool(const char *name, char **argv)
{
	char self[4096], path[4200];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

	argv[0] = (char *)"scapstrace"; /* whose words are whose does not matter to who typed this name */
	if (len > 0) {
		self[len] = 0;
		snprintf(path, sizeof path, "%s/%s", dirname(self), name);
		execv(path, argv);
	}
	execvp(name, argv);
	fprintf(stderr, "scapstrace: %s: %s\n", name, strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* "--strace='-f' '-e' 'trace=open'" of the options; strace_options_text() takes them apart again. */
static char *options_text(int n, char **words, bool pids, struct error *err)
{
	struct buffer text = {0};

	buffer_printf(&text, "--strace=%s", pids ? "'-f' " : "");
	for (int i = 1; i < n; i++) {
		char quote = strchr(words[i], '\'') ? '"' : '\'';

		if (strchr(words[i], quote)) {
			error_set(err, -EINVAL, "%s: has both kinds of quotes", words[i]);
			buffer_done(&text);
			return NULL;
		}
		buffer_printf(&text, "%s%c%s%c", i > 1 ? " " : "", quote, words[i], quote);
	}
	buffer_u8(&text, 0);
	if (!buffer_failed(&text))
		return (char *)text.data;
	error_set(err, -ENOMEM, "out of memory");
	buffer_done(&text);
	return NULL;
}

/*
 * "-p", PID for each of "1,2" or "1 2", as pidof prints them; what it prints of none is no pid and must be refused, not
 * taken for everything. Cuts the words at their ends; how many words were added.
 */
static int add_pids(char *pids, char **words)
{
	int n = 0;

	for (char *rest, *p = strtok_r(pids, ", \t\n", &rest); p; p = strtok_r(NULL, ", \t\n", &rest)) {
		words[n++] = (char *)"-p";
		words[n++] = p;
	}
	if (n)
		return n;
	words[n++] = (char *)"-p";
	words[n++] = (char *)"";
	return n;
}

static int run(const struct strace_options *o, int argc, char **argv, int first, struct error *err)
{
	struct buffer pids = {0};
	char **words, *text = NULL;
	int n = 1, n_added = 0, status;
	bool several;

	for (size_t i = 0; i < o->n_pids; i++)
		buffer_printf(&pids, "%s,", o->pids[i]);
	buffer_u8(&pids, 0);
	/* A pid of one digit and the comma behind it become two words. */
	words = calloc((size_t)argc + pids.len + 2 * o->n_environment + OWN_WORDS, sizeof *words);
	if (words && !buffer_failed(&pids) && !o->read && o->n_pids)
		n_added = add_pids((char *)pids.data, words + n);
	several = n_added > 2 && !o->follow; /* pids in front of lines, but no descendants */
	n += n_added;
	if (several)
		words[n++] = (char *)"--no-follow";
	if (words && !buffer_failed(&pids))
		text = options_text(first, argv, several, err);
	if (!text) {
		free(words);
		buffer_done(&pids);
		error_set(err, -ENOMEM, "out of memory");
		return complain(err);
	}
	if (o->read) {
		words[n++] = (char *)"-r";
		words[n++] = (char *)o->read;
	} else {
		words[n++] = (char *)"-q";
	}
	words[n++] = text;
	for (size_t i = 0; !o->read && i < o->n_environment; i++) {
		words[n++] = (char *)"-E";
		words[n++] = (char *)o->environment[i];
	}
	if (!o->read && o->user) {
		words[n++] = (char *)"-u";
		words[n++] = (char *)o->user;
	}
	if (!o->read && first < argc) {
		words[n++] = (char *)"--";
		for (int i = first; i < argc; i++)
			words[n++] = argv[i];
	}
	status = run_tool(o->read ? "scapread" : "scapcap", words);
	free(text);
	free(words);
	buffer_done(&pids);
	return status;
}

static int parse(struct strace_options *o, int argc, char **argv, struct error *err)
{
	int first;

	if (strace_options_init(o) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	first = strace_options_parse(o, argc, argv, err);
	if (first < 0 || o->read || !is_read(argc, argv, first))
		return first;
	/* Once more: what follows FILE are options. */
	argv[first - 1] = (char *)"--capture";
	strace_options_done(o);
	if (strace_options_init(o) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	return strace_options_parse(o, argc, argv, err);
}

int main(int argc, char **argv)
{
	struct strace_options o;
	struct error err = {0};
	int first = parse(&o, argc, argv, &err), status;

	if (first >= 0 && !o.help && !o.version && first >= argc && !o.read && !o.n_pids)
		first = error_set(&err, -EINVAL, "must have a command, -p PID or -r FILE (see --help)");
	if (first < 0) {
		status = complain(&err);
	} else if (o.help) {
		status = options_finish(help());
	} else if (o.version) {
		printf("scapstrace %s\n", SCAPKIT_VERSION);
		status = options_finish(0);
	} else {
		status = run(&o, argc, argv, first, &err);
	}
	strace_options_done(&o);
	return status;
}
