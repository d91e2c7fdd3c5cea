/* usage: fuzz_NAME FILE-OR-FOLDER...: runs the target over each file. */
#include "base/bytes.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int run_file(const char *path)
{
	struct buffer b = {0};
	FILE *in = fopen(path, "rb");
	uint8_t *exact;
	size_t n;

	if (!in) {
		perror(path);
		return 1;
	}
	do {
		uint8_t *room = buffer_reserve(&b, 65536);

		n = room ? fread(room, 1, 65536, in) : 0;
		b.len += n;
	} while (n);
	fclose(in);
	/* A block of just that size, so that sanitizers see every byte behind it. */
	exact = malloc(b.len ? b.len : 1);
	if (!exact || buffer_failed(&b))
		return 1;
	if (b.len)
		memcpy(exact, b.data, b.len);
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	buffer_done(&b);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		struct dirent *entry;

		if (!folder) {
			if (run_file(argv[i]))
				return 1;
			n++;
			continue;
		}
		while ((entry = readdir(folder))) {
			char path[4096];

			snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
			if (entry->d_name[0] != '.' && run_file(path))
				return 1;
			n += entry->d_name[0] != '.';
		}
		closedir(folder);
	}
	printf("%u inputs\n", n);
	return n == 0;
}
