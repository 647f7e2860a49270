/* SPDX-License-Identifier: MIT */
/*
 * replay - every file of a corpus through a fuzzer's entry, without the fuzzer; and every
 * beginning of it, which is what arrives when something breaks.
 *
 * usage: replay DIRECTORY
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"

enum { INPUT_MAX = 1 << 20, BEGINNINGS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of just its size, so that a sanitiser sees what reads beyond. */
static void give(const char *text, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		abort();
	memcpy(exact, text, len);
	(void)LLVMFuzzerTestOneInput(exact, len); /* always 0 */
	free(exact);
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	size_t files = 0;

	if (!dir) {
		fprintf(stderr, "usage: replay DIRECTORY\n");
		return 2;
	}
	while ((entry = readdir(dir))) {
		cleanup_free char *text = NULL;
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		if (io_read_file(dirfd(dir), entry->d_name, INPUT_MAX, &text, &len) < 0) {
			fprintf(stderr, "replay: cannot read %s\n", entry->d_name);
			return 1;
		}
		for (size_t n = 0; n < len && n < BEGINNINGS_MAX; n++)
			give(text, n);
		give(text, len);
		files++;
	}
	closedir(dir);
	printf("%zu files\n", files);
	return files == 0;
}
