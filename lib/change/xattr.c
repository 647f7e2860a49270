/* SPDX-License-Identifier: MIT */
/* xattr - see xattr.h, xattr(7). */
#include "change/xattr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/str.h"
#include "change/lower.h"
#include "change/object.h"

static bool is_left_out(const char *name)
{
	static const char *const labels[] = { "security.selinux", "security.ima",
					      "security.evm" };

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (str_equal(name, labels[i]))
			return true;
	return str_starts_with(name, "trusted.overlay.") ||
	       str_starts_with(name, "user.overlay.");
}

/* All names; an empty list where the file system has none. */
static int list(int fd, struct name_list *ret)
{
	struct object_path p = object_path(fd);

	*ret = (struct name_list){ 0 };
	for (;;) {
		ssize_t n = listxattr(p.text, NULL, 0);
		char *text;

		if (n < 0)
			return errno == EOPNOTSUPP ? 0 : -errno;
		if (n == 0)
			return 0;
		text = malloc((size_t)n);
		if (!text)
			return -ENOMEM;
		n = listxattr(p.text, text, (size_t)n);
		if (n >= 0) {
			*ret = (struct name_list){ text, (size_t)n };
			return 0;
		}
		free(text);
		if (errno != ERANGE) /* else one was added meanwhile */
			return -errno;
	}
}

/* The value; -ENODATA if there is none. */
static int get(int fd, const char *name, char **ret, size_t *ret_len)
{
	struct object_path p = object_path(fd);

	for (;;) {
		ssize_t n = getxattr(p.text, name, NULL, 0);
		char *value;

		if (n < 0)
			return errno == EOPNOTSUPP ? -ENODATA : -errno;
		value = malloc((size_t)n + 1);
		if (!value)
			return -ENOMEM;
		n = getxattr(p.text, name, value, (size_t)n + 1);
		if (n >= 0) {
			*ret = value;
			*ret_len = (size_t)n;
			return 0;
		}
		free(value);
		if (errno != ERANGE)
			return -errno;
	}
}

/* 1 if both have @name with the same value, 0 if not. */
static int same_value(int a, int b, const char *name)
{
	cleanup_free char *va = NULL, *vb = NULL;
	size_t la = 0, lb = 0;
	int r = get(a, name, &va, &la);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	r = get(b, name, &vb, &lb);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	return la == lb && memcmp(va, vb, la) == 0;
}

static int append(struct name_list *names, const char *name)
{
	size_t len = strlen(name) + 1;
	char *text = realloc(names->text, names->len + len);

	if (!text)
		return -ENOMEM;
	memcpy(text + names->len, name, len);
	names->text = text;
	names->len += len;
	return 0;
}

static bool contains(const struct name_list *names, const char *name)
{
	for (size_t i = 0; i < names->len; i += strlen(names->text + i) + 1)
		if (strcmp(names->text + i, name) == 0)
			return true;
	return false;
}

int xattr_compare(int a, int b, struct name_list *differ)
{
	struct name_list la, lb = { 0 };
	int r = list(a, &la);

	if (r == 0)
		r = list(b, &lb);
	for (size_t i = 0; r == 0 && i < la.len; i += strlen(la.text + i) + 1) {
		const char *name = la.text + i;

		if (is_left_out(name))
			continue;
		r = same_value(a, b, name);
		r = r == 0 ? append(differ, name) : r > 0 ? 0 : r;
	}
	for (size_t i = 0; r == 0 && i < lb.len; i += strlen(lb.text + i) + 1)
		if (!is_left_out(lb.text + i) && !contains(&la, lb.text + i))
			r = append(differ, lb.text + i);
	free(la.text);
	free(lb.text);
	return r;
}

static bool is_listed(const struct lower_xattr *list, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(list[i].name, name) == 0)
			return true;
	return false;
}

static int differs_from(int fd, const struct lower_xattr *want)
{
	cleanup_free char *value = NULL;
	size_t len = 0;
	int r = get(fd, want->name, &value, &len);

	if (r < 0)
		return r == -ENODATA ? 1 : r;
	return len != want->len || memcmp(value, want->value, len) != 0;
}

int xattr_compare_list(int fd, const struct lower_xattr *want, size_t len, bool mapped,
		       struct name_list *differ)
{
	struct name_list names;
	int r = list(fd, &names);

	for (const struct lower_xattr *x = want; r == 0 && x < want + len; x++) {
		if (is_left_out(x->name) ||
		    (mapped && (str_equal(x->name, "security.capability") ||
				str_starts_with(x->name, "trusted."))))
			continue;
		r = differs_from(fd, x);
		if (r > 0)
			r = append(differ, x->name);
	}
	for (size_t i = 0; r == 0 && i < names.len; i += strlen(names.text + i) + 1)
		if (!is_left_out(names.text + i) && !is_listed(want, len, names.text + i))
			r = append(differ, names.text + i);
	free(names.text);
	return r;
}

static int copy_value(int from, int to, const char *name)
{
	cleanup_free char *value = NULL;
	size_t len = 0;
	int r = get(from, name, &value, &len);

	return r < 0 ? r : xattr_set(to, name, value, len);
}

int xattr_copy(int from, int to)
{
	struct object_path p = object_path(to);
	struct name_list differ = { 0 };
	int r = xattr_compare(from, to, &differ);

	for (size_t i = 0; r == 0 && i < differ.len; i += strlen(differ.text + i) + 1) {
		const char *name = differ.text + i;

		r = copy_value(from, to, name);
		if (r == -ENODATA)
			r = removexattr(p.text, name) < 0 && errno != ENODATA ? -errno
									      : 0;
	}
	free(differ.text);
	return r;
}

bool xattr_is_of(const char *name, unsigned kinds)
{
	if (is_left_out(name))
		return false;
	return (kinds & XATTR_USER && str_starts_with(name, "user.")) ||
	       (kinds & XATTR_CAPABILITY && str_equal(name, "security.capability")) ||
	       (kinds & XATTR_ACL && str_starts_with(name, "system.posix_acl_"));
}

int xattr_each(int fd, unsigned kinds, xattr_fn *fn, void *data)
{
	struct name_list names;
	int r = list(fd, &names);

	for (size_t i = 0; r == 0 && i < names.len; i += strlen(names.text + i) + 1) {
		cleanup_free char *value = NULL;
		size_t len = 0;

		if (!xattr_is_of(names.text + i, kinds))
			continue;
		r = get(fd, names.text + i, &value, &len);
		if (r == 0)
			r = fn(names.text + i, value, len, data);
		else if (r == -ENODATA) /* gone meanwhile */
			r = 0;
	}
	free(names.text);
	return r;
}

int xattr_set(int fd, const char *name, const void *value, size_t len)
{
	struct object_path p = object_path(fd);

	return setxattr(p.text, name, value, len, 0) < 0 ? -errno : 0;
}

int xattr_overlay(int fd, bool user, const char *name, char *buf, size_t size)
{
	struct object_path p = object_path(fd);
	char full[64];
	ssize_t n;

	snprintf(full, sizeof(full), "%s.overlay.%s", user ? "user" : "trusted", name);
	n = getxattr(p.text, full, buf, size);
	if (n < 0)
		return errno == EOPNOTSUPP ? -ENODATA
		       : errno == ERANGE   ? (int)size
					   : -errno;
	return (int)n;
}
