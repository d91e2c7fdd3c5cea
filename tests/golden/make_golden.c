/* usage: make_golden FOLDER: writes good/NAME.scap and bad/NAME.scap. */
#include "tests/golden/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void write_all(const char *folder, const char *sub, const struct golden *g)
{
	struct buffer file = {0};
	char path[4096];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", folder, sub);
	mkdir(path, 0777);
	for (; g->name; g++) {
		buffer_clear(&file);
		g->make(&file);
		snprintf(path, sizeof path, "%s/%s/%s.scap", folder, sub, g->name);
		out = fopen(path, "wb");
		if (!out || fwrite(file.data, 1, file.len, out) != file.len || fclose(out) != 0) {
			perror(path);
			exit(1);
		}
	}
	buffer_done(&file);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_golden FOLDER\n");
		return 2;
	}
	write_all(argv[1], "good", golden_good);
	write_all(argv[1], "bad", golden_bad);
	return 0;
}
