/* SPDX-License-Identifier: MIT */
/* default-place - see default-place.h. */
#include "store/default-place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"

#define CONF "/etc/mincs.conf"

enum { CONF_MAX_BYTES = 1 << 20 };

/* The value at @s, to the end of its line, as a shell reads it. */
static int read_value(const char *s, char **ret)
{
	char quote = *s == '\'' || *s == '"' ? *s : '\0';
	const char *end;
	char *value;

	if (quote) {
		end = ++s;
		while (*end && *end != '\n' && *end != quote)
			end++;
		if (*end != quote || (end[1] && !strchr(" \t\r\n;#", end[1])))
			return -EBADMSG;
	} else {
		end = s + strcspn(s, " \t\r\n;#");
	}
	value = strndup(s, (size_t)(end - s));
	if (!value)
		return -ENOMEM;
	if (quote != '\'' && strpbrk(value, quote ? "$`\\" : "$`\\'\"*?[]{}()<>&|~")) {
		free(value);
		return -EBADMSG;
	}
	free(*ret);
	*ret = value;
	return 0;
}

int place_from_conf(const char *text, char **ret)
{
	static const char key[] = "MINCS_DIR=", export[] = "export";
	cleanup_free char *value = NULL;
	int r;

	for (const char *line = text; *line; line += *line == '\n') {
		line += strspn(line, " \t");
		if (!strncmp(line, export, sizeof(export) - 1) &&
		    strchr(" \t", line[sizeof(export) - 1]))
			line += sizeof(export) - 1 +
				strspn(line + sizeof(export) - 1, " \t");
		if (!strncmp(line, key, sizeof(key) - 1)) {
			r = read_value(line + sizeof(key) - 1, &value);
			if (r < 0)
				return r;
		}
		line += strcspn(line, "\n");
	}
	if (!value || !*value)
		return -ENOENT;
	*ret = take_ptr(&value);
	return 0;
}

static int from_file(struct err *e, char **ret)
{
	cleanup_free char *text = NULL;
	int r = io_read_config(e, CONF, CONF_MAX_BYTES, &text, NULL);

	if (r == -EACCES) { /* it is not for us */
		err_clear(e);
		return -ENOENT;
	}
	if (r < 0)
		return r;
	r = place_from_conf(text, ret);
	if (r == -EBADMSG)
		return err_say(e, r, CONF ": MINCS_DIR: not a plain path");
	return r < 0 && r != -ENOENT ? err_set(e, r, CONF) : r;
}

int place_default(struct err *e, char **ret)
{
	const char *dir = secure_getenv("MINCS_DIR");
	int r;

	if (dir && *dir) {
		*ret = strdup(dir);
		return *ret ? 0 : err_set(e, -ENOMEM, "MINCS_DIR");
	}
	r = from_file(e, ret);
	if (r != -ENOENT)
		return r;
	if (geteuid() == 0) {
		*ret = strdup("/var/lib/mincs");
		return *ret ? 0 : err_set(e, -ENOMEM, "store");
	}
	dir = secure_getenv("XDG_DATA_HOME");
	if (dir && *dir == '/')
		return asprintf(ret, "%s/mincs", dir) < 0 ? err_set(e, -ENOMEM, "store")
							  : 0;
	dir = secure_getenv("HOME");
	if (!dir || *dir != '/')
		return err_say(e, -ENOENT,
			       "store: neither MINCS_DIR nor HOME says where it is");
	return asprintf(ret, "%s/.local/share/mincs", dir) < 0
		       ? err_set(e, -ENOMEM, "store")
		       : 0;
}
