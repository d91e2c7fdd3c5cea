#include "sinks/sink_file.h"

#include <errno.h>
#include <string.h>

static const char *const names[] = {
    [FILE_NATIVE] = "native",
    [FILE_SCAP] = "scap",
    [FILE_SCAP_LEGACY] = "scap-legacy",
};

int file_format_parse(const char *name, enum file_format *ret, struct error *err)
{
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i])) {
			*ret = (enum file_format)i;
			return 0;
		}
	return error_set(err, -EINVAL, "'%s' is no file format: native, scap, scap-legacy", name);
}

struct sink *sink_file_new(int fd, const struct schema *schema, struct sink_file_options *o, struct error *err)
{
	struct scap_sink_options scap = {
	    .legacy = o->format == FILE_SCAP_LEGACY,
	    .selective = o->selective,
	    .level = o->native.level,
	    .report = &o->scap,
	};

	if (o->format == FILE_NATIVE)
		return sink_native_new(fd, schema, &o->native, o->filter, err);
	return sink_scap_new(fd, &scap, err);
}

void sink_file_report(const struct sink_file_options *o, const char *name, FILE *out)
{
	const struct {
		uint64_t n;
		const char *words;
	} rows[] = {
	    {o->scap.n_unfinished, "still running when the capture ended: no place in this format"},
	    {o->scap.n_notes, "no system call and unknown to readers of this format: left out"},
	    {o->scap.n_cut, "longer than this format allows: cut"},
	    {o->scap.n_moved, "in calls so long and so many that their entry is told later than it was"},
	};

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].n)
			fprintf(out, "%s: %llu event%s %s\n", name, (unsigned long long)rows[i].n,
				rows[i].n == 1 ? "" : "s", rows[i].words);
}
