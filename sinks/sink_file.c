#include "sinks/sink_file.h"

#include "base/option.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {
    [FILE_NATIVE] = "native",
    [FILE_SCAP] = "scap",
    [FILE_SCAP_LEGACY] = "scap-legacy",
    [FILE_PCAPNG] = "pcapng",
    [FILE_PCAPNG_EVENTS] = "pcapng-events",
};

int file_format_parse(const char *name, enum file_format *ret, struct error *err)
{
	unsigned format;
	int r = option_word(name, names, sizeof names / sizeof *names, &format, err);

	if (r == 0)
		*ret = (enum file_format)format;
	return r;
}

/* The folder of the file behind fd, where there is room for it at least once; "" when it is no file. */
static void find_folder(int fd, char *out, size_t size)
{
	char link[32], *end;
	struct stat st;
	ssize_t n = -1;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = readlink(link, out, size - 1);
	out[n < 0 ? 0 : n] = 0;
	end = strrchr(out, '/');
	if (end)
		end[end == out] = 0;
}

struct sink *sink_file_new(int fd, const struct schema *schema, struct sink_file_options *o, struct error *err)
{
	struct scap_sink_options scap = {
	    .legacy = o->format == FILE_SCAP_LEGACY,
	    .selective = o->selective,
	    .level = o->native.level,
	    .report = &o->scap,
	    .folder = o->folder,
	};

	if (o->format == FILE_NATIVE)
		return sink_native_new(fd, schema, &o->native, o->filter, err);
	if (o->format == FILE_PCAPNG_EVENTS)
		return sink_pcapng_events_new(fd, err);
	if (o->format == FILE_PCAPNG)
		return sink_pcapng_new(fd, &o->pcapng, err);
	find_folder(fd, o->folder, sizeof o->folder);
	return sink_scap_new(fd, &scap, err);
}

void sink_file_report(const struct sink_file_options *o, const char *name, FILE *out)
{
	const struct {
		uint64_t n;
		const char *what, *words;
	} rows[] = {
	    {o->scap.n_unfinished, "event", "still running when the capture ended: no place in this format"},
	    {o->scap.n_notes, "event", "no system call and unknown to readers of this format: left out"},
	    {o->scap.n_cut, "event", "longer than this format allows: cut"},
	    {o->scap.n_moved, "event", "in calls so long and so many that their entry is told later than it was"},
	    {o->pcapng.n_unknown, "call", "on sockets whose ends are not known: left out"},
	    {o->pcapng.n_more, "message", "behind the first of its call (sendmmsg, recvmmsg): not recorded"},
	    {o->pcapng.n_evicted, "conversation", "forgotten while silent, for there were too many at once"},
	};

	if (o->pcapng.is_whole && !o->pcapng.n_packets)
		fprintf(out, "%s: no packets: nothing of what passed was sent or received through a socket\n", name);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].n)
			fprintf(out, "%s: %llu %s%s %s\n", name, (unsigned long long)rows[i].n, rows[i].what,
				rows[i].n == 1 ? "" : "s", rows[i].words);
}
