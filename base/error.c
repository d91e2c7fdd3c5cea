#include "base/error.h"

#include <stdio.h>
#include <string.h>

static int error_vset(struct error *err, int code, uint64_t offset, const char *format, va_list ap)
{
	if (err && err->code == 0) {
		err->code = code;
		err->offset = offset;
		vsnprintf(err->text, sizeof err->text, format, ap);
	}
	return code;
}

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	error_vset(err, code, 0, format, ap);
	va_end(ap);
	return code;
}

int error_set_at(struct error *err, int code, uint64_t offset, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	error_vset(err, code, offset, format, ap);
	va_end(ap);
	return code;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char front[ERROR_TEXT_MAX];
	char whole[2 * ERROR_TEXT_MAX + 2];
	va_list ap;

	if (!err)
		return 0;
	va_start(ap, format);
	vsnprintf(front, sizeof front, format, ap);
	va_end(ap);
	snprintf(whole, sizeof whole, "%s: %s", front, err->text);
	memcpy(err->text, whole, sizeof err->text - 1);
	err->text[sizeof err->text - 1] = 0;
	return err->code;
}

void error_clear(struct error *err)
{
	if (err) {
		err->code = 0;
		err->offset = 0;
		err->text[0] = 0;
	}
}
