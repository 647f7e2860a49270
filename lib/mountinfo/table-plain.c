/* SPDX-License-Identifier: MIT */
/*
 * table-plain - see table-read.h. A line of proc_pid_mountinfo(5):
 *   36 35 98:0 /root /path options optional-fields - fstype source options
 * with blanks, tabs, new lines and backslashes as octal escapes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "mountinfo/table-read.h"

enum { TABLE_MAX_BYTES = 64 * 1024 * 1024 };

/* The first @len bytes of @s without escapes. */
static const char *unescape(struct arena *a, const char *s, size_t len)
{
	char *ret = arena_alloc(a, len + 1);

	if (!ret)
		return NULL;
	memcpy(ret, s, len);
	ret[len] = '\0';
	str_unescape_octal(ret);
	return ret;
}

/* One line, without its end. */
static int parse(const char *line, struct arena *a, struct table_entry *ret)
{
	const char *field = line, *type = strstr(line, " - ");

	if (!type || sscanf(line, "%d %d ", &ret->id, &ret->parent_id) != 2)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		field = strchr(field, ' ');
		if (!field || field >= type)
			return -EBADMSG;
		field++;
	}
	type += strlen(" - ");
	ret->path = unescape(a, field, strcspn(field, " "));
	ret->fstype = unescape(a, type, strcspn(type, " "));
	return ret->path && ret->fstype ? 0 : -ENOMEM;
}

int table_read(const char *path, struct arena *a, struct table_entry **ret,
	       size_t *ret_len)
{
	cleanup_free char *text = NULL;
	struct table_entry *list;
	size_t len = 0, lines = 1;
	char *save = NULL;
	int r = io_read_file(AT_FDCWD, path, TABLE_MAX_BYTES, &text, NULL);

	if (r < 0)
		return r;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	list = arena_alloc(a, lines * sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		r = parse(line, a, &list[len++]);
		if (r < 0)
			return r;
	}
	*ret = list;
	*ret_len = len;
	return 0;
}
