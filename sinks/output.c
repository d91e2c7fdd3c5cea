#include "sinks/output.h"

#include <errno.h>

int output_flush(struct output *o, struct error *err)
{
	size_t len = o->bytes.len;
	bool failed = buffer_failed(&o->bytes);
	int code;

	buffer_clear(&o->bytes);
	if (failed)
		return error_set(err, -ENOMEM, "out of memory");
	errno = 0;
	if ((!len || fwrite(o->bytes.data, 1, len, o->stream) == len) && fflush(o->stream) == 0)
		return 0;
	code = errno ? errno : EIO;
	if (code == EPIPE) {
		clearerr(o->stream);
		return 1;
	}
	return error_set(err, -code, "cannot write the output: %s", strerror(code));
}

void output_done(struct output *o)
{
	buffer_done(&o->bytes);
}
