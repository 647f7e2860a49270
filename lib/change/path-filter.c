/* SPDX-License-Identifier: MIT */
/* path-filter - which paths are meant: "only" and "exclude" of minc/change.h. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "change/change.h"

/* @path is @dir or below it; "" is the root. */
static bool covers(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	return strncmp(dir, path, len) == 0 && (path[len] == '/' || !path[len]);
}

static bool any_covers(const struct names *list, const char *path)
{
	for (size_t i = 0; i < list->len; i++)
		if (covers(names_get(list, i), path))
			return true;
	return false;
}

static bool any_is_below(const struct names *list, const char *path)
{
	for (size_t i = 0; i < list->len; i++)
		if (covers(path, names_get(list, i)) &&
		    !str_equal(path, names_get(list, i)))
			return true;
	return false;
}

bool filter_below(const struct minc_changes *chs, const char *path)
{
	if (any_covers(&chs->exclude, path))
		return false;
	return !chs->only.len || any_covers(&chs->only, path) ||
	       any_is_below(&chs->only, path);
}

bool filter_chosen(const struct minc_changes *chs, const char *path, bool is_new_dir)
{
	if (any_covers(&chs->exclude, path))
		return false;
	if (!chs->only.len || any_covers(&chs->only, path))
		return true;
	return is_new_dir && any_is_below(&chs->only, path);
}

bool filter_spares(const struct minc_changes *chs, const char *path)
{
	return any_is_below(&chs->exclude, path);
}

static int choose(struct minc_changes *chs, struct names *list, const char *call,
		  const char *path)
{
	char clean[4096];
	size_t len = 0;
	int r;

	if (!path)
		return err_say(chs->err, -EINVAL, "%s: no path", call);
	if (*path != '/')
		return err_say(chs->err, -EINVAL, "%s: %s: not absolute", call, path);
	while (*path) { /* one name after the other, with one slash before it */
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0)
			break;
		if ((n == 1 && *path == '.') || (n == 2 && strncmp(path, "..", 2) == 0))
			return err_say(chs->err, -EINVAL,
				       "%s: \".\" or \"..\" in the path", call);
		if (len + n + 2 > sizeof(clean))
			return err_set(chs->err, -ENAMETOOLONG, "%s", call);
		clean[len++] = '/';
		memcpy(clean + len, path, n);
		len += n;
		path += n;
	}
	r = names_add(list, clean, len);
	return r < 0 ? err_set(chs->err, r, "%s", call) : 0;
}

int changes_choose(struct minc_changes *chs, bool exclude, const char *path)
{
	changes_begin(chs);
	return changes_stick(chs, exclude ? choose(chs, &chs->exclude,
						   "minc_changes_exclude", path)
					  : choose(chs, &chs->only, "minc_changes_only",
						   path));
}
