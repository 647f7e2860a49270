/* SPDX-License-Identifier: MIT */
/* name - see name.h. */
#include "base/name.h"

#include <errno.h>
#include <string.h>

enum { CONTAINER_MAX = 64, VOLUME_MAX = 128, ID_LEN = 64 };

static bool is_word(const char *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return *s && !strchr("_.-", *s) && !s[strspn(s, letters)];
}

int name_check_container(const char *name, const char **ret_why)
{
	if (!name || !is_word(name)) {
		*ret_why =
			"a name has letters, digits, _ . and -, and begins with one of the first two";
		return -EINVAL;
	}
	if (strlen(name) > CONTAINER_MAX) {
		*ret_why = "longer than 64 characters";
		return -ENAMETOOLONG;
	}
	if (strspn(name, "0123456789abcdef") == ID_LEN) {
		*ret_why = "64 hexadecimal digits are an id, not a name";
		return -EINVAL;
	}
	return 0;
}

bool name_is_volume(const char *name)
{
	return is_word(name) && strlen(name) <= VOLUME_MAX;
}
