/* A program as somebody else writes it, against the installed header and library: counts what passes. */
#include <scapkit.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct scapkit_capture *c = NULL;
	const struct scapkit_event *e;
	unsigned long n = 0;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: count FILE FILTER\n");
		return 2;
	}
	r = scapkit_open(argv[1], &c);
	if (r == 0)
		r = scapkit_set_filter(c, argv[2]);
	while (r >= 0 && (r = scapkit_next(c, &e)) > 0)
		n++;
	if (r < 0)
		fprintf(stderr, "%s\n", scapkit_error(c));
	else
		printf("%lu\n", n);
	scapkit_close(c);
	return r < 0;
}
