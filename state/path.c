#include "state/path.h"

#include <stdbool.h>
#include <string.h>

/* Most paths need no work: absolute, no empty, "." or ".." part, no slash at the end. */
static bool is_plain(const char *path, size_t len)
{
	const char *p = path, *end = path + len;

	if (len == 0 || *p != '/' || (len > 1 && end[-1] == '/'))
		return false;
	while (p && ++p < end) {
		if (*p == '/' || *p == '.')
			return false;
		p = memchr(p, '/', (size_t)(end - p));
	}
	return true;
}

/* A slash that something other than a name follows: another, or a name that begins with a dot. */
static bool has_odd_slash(const char *p, size_t len)
{
	bool odd = false;

	for (size_t i = 0; i + 1 < len; i++)
		odd |= p[i] == '/' && (p[i + 1] == '/' || p[i + 1] == '.');
	return odd;
}

/* The common case: a name, or several, in a directory whose path is plain. 0: it is not. */
static size_t join_plain(char *out, const char *base, size_t base_len, const char *path,
			 size_t path_len)
{
	size_t len;

	base_len -= base_len && base[base_len - 1] == '/';
	len = base_len + 1 + path_len;
	if (!path_len || path[0] == '/' || path[0] == '.' || path[path_len - 1] == '/' ||
	    (base_len && base[0] != '/') || len > PATH_TEXT_MAX)
		return 0;
	memcpy(out, base, base_len);
	out[base_len] = '/';
	memcpy(out + base_len + 1, path, path_len);
	out[len] = 0;
	return has_odd_slash(out, len) ? 0 : len;
}

struct output {
	char *text;
	size_t len;
	size_t root; /* 1: absolute, the first slash stays */
};

static void part_back(struct output *out)
{
	size_t n = out->len, from;

	while (n > out->root && out->text[n - 1] != '/')
		n--;
	from = n;
	/* Above the root is the root; above a relative start is "..". */
	if (!out->root && (out->len == 0 || (out->len - from == 2 &&
					     memcmp(out->text + from, "..", 2) == 0))) {
		if (out->len + 3 > PATH_TEXT_MAX)
			return;
		if (out->len)
			out->text[out->len++] = '/';
		memcpy(out->text + out->len, "..", 2);
		out->len += 2;
		return;
	}
	out->len = n > out->root ? n - 1 : n;
}

static void parts_add(struct output *out, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			part_back(out);
		} else if (n && !(n == 1 && p[0] == '.')) {
			if (out->len + 1 + n > PATH_TEXT_MAX)
				return;
			if (out->len > out->root)
				out->text[out->len++] = '/';
			memcpy(out->text + out->len, p, n);
			out->len += n;
		}
		p += n + 1;
	}
}

size_t path_resolve(char *out, const char *base, size_t base_len, const char *path, size_t path_len)
{
	struct output o = {.text = out};

	if (path_len <= PATH_TEXT_MAX && is_plain(path, path_len)) {
		memcpy(out, path, path_len);
		out[path_len] = 0;
		return path_len;
	}
	if (base_len && (o.len = join_plain(out, base, base_len, path, path_len)))
		return o.len;
	if (path_len && path[0] == '/')
		base_len = 0;
	if ((base_len ? base[0] : path_len ? path[0] : 0) == '/') {
		out[0] = '/';
		o.len = o.root = 1;
	}
	parts_add(&o, base, base_len);
	parts_add(&o, path, path_len);
	out[o.len] = 0;
	return o.len;
}
