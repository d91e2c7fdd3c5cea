/* Paths made absolute and short, without asking a file system. */
#include "state/path.h"
#include "tests/unit/suite.h"

#include <string.h>

static const struct {
	const char *base, *path, *want;
} cases[] = {
    {"/", "/etc/hosts", "/etc/hosts"},
    {"/", "etc/hosts", "/etc/hosts"},
    {"/home/me/", "a.txt", "/home/me/a.txt"},
    {"/home/me", "a/b.c/d", "/home/me/a/b.c/d"},
    {"/home/me", "a//b", "/home/me/a/b"},
    {"/home/me", "a/./b", "/home/me/a/b"},
    {"/home/me", "a/../b", "/home/me/b"},
    {"/home/me", "a/.b", "/home/me/a/.b"},
    {"/home/me", "a/", "/home/me/a"},
    {"/home/me", "a/.", "/home/me/a"},
    {"/home/me", "a/..", "/home/me"},
    {"/home/me", ".a", "/home/me/.a"},
    {"/home/me", "./a", "/home/me/a"},
    {"/home/me", "../../../..", "/"},
    {"/home/me", "", "/home/me"},
    {"/home//me", "a", "/home/me/a"},
    {"/home/me//", "a", "/home/me/a"},
    {"/home/./me", "a", "/home/me/a"},
    {"/home/../me", "a", "/me/a"},
    {"//", "a", "/a"},
    {"./", "a", "a"},
    {"./", "../a", "../a"},
    {"", "a/b", "a/b"},
    {"<UNKNOWN>", "a", "<UNKNOWN>/a"},
};

START_TEST(paths_are_resolved)
{
	char out[PATH_TEXT_MAX + 1];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = path_resolve(out, cases[i].base, strlen(cases[i].base), cases[i].path,
					  strlen(cases[i].path));

		ck_assert_msg(strcmp(out, cases[i].want) == 0, "%s + %s: %s", cases[i].base,
			      cases[i].path, out);
		ck_assert_uint_eq(len, strlen(cases[i].want));
	}
}
END_TEST

/* Whatever is longer than the limit is cut at a name. */
START_TEST(long_paths_are_cut)
{
	char base[PATH_TEXT_MAX + 1] = "/", path[PATH_TEXT_MAX + 1], out[PATH_TEXT_MAX + 1];

	memset(base + 1, 'b', PATH_TEXT_MAX - 11);
	memset(path, 'p', sizeof path);
	for (size_t n = 1; n < 20; n++) {
		size_t len = path_resolve(out, base, PATH_TEXT_MAX - 10, path, n);

		ck_assert_uint_eq(len, n < 10 ? PATH_TEXT_MAX - 9 + n : PATH_TEXT_MAX - 10);
		ck_assert_uint_eq(strlen(out), len);
	}
}
END_TEST

SUITE("path", paths_are_resolved, long_paths_are_cut)
