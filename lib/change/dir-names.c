/* SPDX-License-Identifier: MIT */
/* dir-names - see dir-names.h. */
#include "change/dir-names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/io.h"
#include "base/str.h"

int names_add(struct names *n, const char *name, size_t len)
{
	char *text = array_grow(n->text, &n->size, n->used + len + 1, 1);
	size_t *at = array_grow(n->at, &n->room, n->len + 1, sizeof(*at));

	if (text)
		n->text = text;
	if (at)
		n->at = at;
	if (!text || !at)
		return -ENOMEM;
	memcpy(n->text + n->used, name, len);
	n->text[n->used + len] = '\0';
	n->at[n->len++] = n->used;
	n->used += len + 1;
	return 0;
}

static int compare(const void *a, const void *b, void *text)
{
	return strcmp((char *)text + *(const size_t *)a,
		      (char *)text + *(const size_t *)b);
}

void names_sort(struct names *n)
{
	size_t kept = 0;

	if (n->len == 0)
		return;
	qsort_r(n->at, n->len, sizeof(*n->at), compare, n->text);
	for (size_t i = 0; i < n->len; i++)
		if (kept == 0 ||
		    strcmp(n->text + n->at[kept - 1], n->text + n->at[i]) != 0)
			n->at[kept++] = n->at[i];
	n->len = kept;
}

int names_read(int dir, struct names *ret)
{
	DIR *stream = io_open_list(dir, ".");
	struct names n = { 0 };
	struct dirent *d;
	int r = 0;

	if (!stream)
		return -errno;
	while (r == 0) {
		errno = 0;
		d = readdir(stream);
		if (!d) {
			r = -errno;
			break;
		}
		if (!str_equal(d->d_name, ".") && !str_equal(d->d_name, ".."))
			r = names_add(&n, d->d_name, strlen(d->d_name));
	}
	closedir(stream);
	if (r < 0) {
		names_done(&n);
		return r;
	}
	names_sort(&n);
	*ret = n;
	return 0;
}

void names_done(struct names *n)
{
	free(n->text);
	free(n->at);
	memset(n, 0, sizeof(*n));
}
