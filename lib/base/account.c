/* SPDX-License-Identifier: MIT */
/* account - see account.h. */
#include "base/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"

enum { FILE_MAX_BYTES = 16 << 20, FIELD_ID = 2, FIELD_GROUP = 3, FIELD_MEMBERS = 3 };

/* Field @n of the line at @line, and its length; "" if there is none. */
static const char *field(const char *line, unsigned n, size_t *ret_len)
{
	for (; n > 0; n--) {
		line += strcspn(line, ":\n");
		line += *line == ':';
	}
	*ret_len = strcspn(line, ":\n");
	return line;
}

/* The number that it is; false if it is none. */
static bool read_number(const char *line, unsigned n, uint64_t *ret)
{
	size_t len;
	const char *text = field(line, n, &len);
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || value > UINT32_MAX)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*ret = value;
	return len > 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* Whether the user called @name is @uid or root. */
static bool is_own_name(const char *passwd, const char *name, size_t len, uid_t uid)
{
	uint64_t id;

	for (const char *line = passwd ? passwd : ""; *line; line = next_line(line))
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			return read_number(line, FIELD_ID, &id) && (id == 0 || id == uid);
	return false;
}

/* The members that a line of the group's file lists. */
static bool are_own_names(const char *passwd, const char *line, uid_t uid)
{
	size_t left, len;

	for (const char *at = field(line, FIELD_MEMBERS, &left); left > 0;
	     at += len, left -= len) {
		len = strcspn(at, ",:\n");
		if (len > 0 && !is_own_name(passwd, at, len, uid))
			return false;
		len += len < left; /* the comma */
	}
	return true;
}

bool account_is_alone_in(const char *passwd, const char *group, uid_t uid, gid_t gid)
{
	bool known = false;
	uint64_t id, of;

	for (const char *line = passwd ? passwd : ""; *line && gid != 0;
	     line = next_line(line))
		if (read_number(line, FIELD_GROUP, &of) && of == gid &&
		    (!read_number(line, FIELD_ID, &id) || (id != 0 && id != uid)))
			return false;
	for (const char *line = group ? group : ""; *line; line = next_line(line)) {
		if (!read_number(line, FIELD_ID, &of) || of != gid)
			continue;
		known = true;
		if (!are_own_names(passwd, line, uid))
			return false;
	}
	return known || gid == uid;
}

bool account_is_alone(uid_t uid, gid_t gid)
{
	cleanup_free char *passwd = NULL, *group = NULL;
	int p = io_read_file(AT_FDCWD, "/etc/passwd", FILE_MAX_BYTES, &passwd, NULL);
	int g = io_read_file(AT_FDCWD, "/etc/group", FILE_MAX_BYTES, &group, NULL);

	if ((p < 0 && p != -ENOENT) || (g < 0 && g != -ENOENT))
		return false;
	return account_is_alone_in(passwd, group, uid, gid);
}
