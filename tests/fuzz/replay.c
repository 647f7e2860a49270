/* SPDX-License-Identifier: MIT */
/*
 * replay - a fuzz entry fed with the files of a corpus, and with each of them cut short
 * and with single bits changed: usage: replay DIRECTORY
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const char *text, size_t len)
{
	uint8_t *copy = malloc(len + 1); /* its own: reads beyond it are seen */

	if (!copy)
		abort();
	for (size_t i = 0; i < len; i++)
		copy[i] = (uint8_t)text[i];
	copy = realloc(copy, len ? len : 1);
	if (!copy)
		abort();
	(void)LLVMFuzzerTestOneInput(copy, len); /* always 0: it aborts */
	free(copy);
}

static void feed_variants(char *text, size_t len)
{
	feed(text, len);
	for (size_t i = 0; i < len; i++) {
		feed(text, i);
		text[i] = (char)(text[i] ^ 1 << i % 8);
		feed(text, len);
		text[i] = (char)(text[i] ^ 1 << i % 8);
	}
}

int main(int argc, char **argv)
{
	const bool whole = argc == 3;
	DIR *list = argc == 2 || whole ? opendir(argv[1]) : NULL;
	struct dirent *d;
	int files = 0;
	char *text;
	size_t len;

	while (list && (d = readdir(list))) {
		if (d->d_name[0] == '.')
			continue;
		if (io_read_file(dirfd(list), d->d_name, 1 << 20, &text, &len) < 0)
			return 1;
		if (whole)
			feed(text, len);
		else
			feed_variants(text, len);
		free(text);
		files++;
	}
	if (list)
		closedir(list);
	return files > 0 ? 0 : 1;
}
