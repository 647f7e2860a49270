/* SPDX-License-Identifier: MIT */
/*
 * passwd - users and groups of the container's own /etc/passwd and /etc/group. Read
 * directly, not through NSS: the container's names are not the host's, and a lookup must
 * not load the container's libraries. See passwd(5), group(5).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "base/str.h"
#include "base/sys.h"
#include "ns/ns.h"
#include "ns/userns.h"
#include "plan/image-file.h"

enum { DATABASE_MAX_BYTES = 16 * 1024 * 1024, FIELDS = 7 };

static bool parse_id(const char *s, uint32_t *ret)
{
	uint64_t n;

	if (str_to_u64(s, UINT32_MAX - 1, &n) < 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* Find a user by @name, or by id->uid if @name is NULL, and fill in the rest. */
static bool find_user(const char *passwd, const char *name, struct identity *id)
{
	char buf[1024], *f[FIELDS];
	size_t n;

	while ((n = passwd_next(&passwd, buf, sizeof(buf), f, FIELDS)) > 0) {
		uint32_t uid, gid;

		if (n < 6 || !parse_id(f[2], &uid) || !parse_id(f[3], &gid))
			continue;
		if (name ? strcmp(f[0], name) != 0 : uid != id->uid)
			continue;
		id->uid = uid;
		id->gid = gid;
		if (strlen(f[0]) < sizeof(id->name)) /* half a name may be another's */
			memcpy(id->name, f[0], strlen(f[0]) + 1);
		if (f[5][0] == '/' && strlen(f[5]) < sizeof(id->home))
			snprintf(id->home, sizeof(id->home), "%s", f[5]);
		return true;
	}
	return false;
}

static bool find_group(const char *group, const char *name, uint32_t *ret)
{
	char buf[4096], *f[FIELDS];
	size_t n;

	while ((n = passwd_next(&group, buf, sizeof(buf), f, FIELDS)) > 0)
		if (n >= 3 && strcmp(f[0], name) == 0 && parse_id(f[2], ret))
			return true;
	return false;
}

static bool has_member(const char *members, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = members; *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, name, len) == 0 && (p[len] == ',' || p[len] == '\0'))
			return true;
	return false;
}

/* Supplementary groups of id->name. */
static void find_groups(const char *group, struct identity *id)
{
	const size_t max = sizeof(id->groups) / sizeof(id->groups[0]);
	char buf[4096], *f[FIELDS];
	size_t n;

	while (id->groups_len < max &&
	       (n = passwd_next(&group, buf, sizeof(buf), f, FIELDS)) > 0) {
		uint32_t gid;

		if (n >= 4 && parse_id(f[2], &gid) && gid != id->gid &&
		    has_member(f[3], id->name))
			id->groups[id->groups_len++] = gid;
	}
}

/* Out of the layers, which are not mounted yet. */
static int read_layers(const struct spec_image *image, const char *path, struct err *e,
		       char **ret)
{
	void *read;
	int r = module_symbol("import", "image_file_read", e, &read);

	if (r == 0)
		r = ((image_file_read_fn *)read)(image->layers, image->layers_len, path,
						 DATABASE_MAX_BYTES, e, ret);
	if (r == -ENOENT)
		err_clear(e);
	return r == -ENOENT ? 0 : r;
}

/* Read a database of the container; NULL, which is empty, if it does not exist. */
static int read_database(const struct spec *s, int root, int upper, const char *path,
			 struct err *e, char **ret)
{
	const int dirs[] = { upper, root };

	for (size_t i = 0; i < 2; i++) {
		cleanup_close int fd = -EBADF;

		if (dirs[i] < 0)
			continue;
		/* O_NONBLOCK: a FIFO in its place must not hold us up */
		fd = sys_openat2(dirs[i], path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
				 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (fd >= 0)
			return io_read_all(fd, DATABASE_MAX_BYTES, ret, NULL);
	}
	*ret = NULL;
	return s->image.layers_len && root < 0 ? read_layers(&s->image, path, e, ret) : 0;
}

static bool are_numbers(const char *user)
{
	return !user[strspn(user, "0123456789:")];
}

/*
 * Both halves of "USER:GROUP", either of which may be empty; @ret_group NULL where there
 * is none, as with docker(1), which takes "1000:" and ":50". -ENAMETOOLONG: half a name
 * may be another's.
 */
static int split(const char *text, char user[64], const char **ret_group)
{
	const size_t len = strcspn(text, ":");

	if (len >= 64)
		return -ENAMETOOLONG;
	memcpy(user, text, len);
	user[len] = '\0';
	*ret_group = text[len] && text[len + 1] ? text + len + 1 : NULL;
	return 0;
}

static int find_identity(const char *passwd, const char *group, const char *text,
			 const char *origin, struct identity *ret, struct err *e)
{
	const char *name_of_group;
	char user[64];
	uint64_t n = 0;
	int r = split(text, user, &name_of_group);

	if (r < 0)
		return err_set(e, r, "%s: user", origin);
	if (!*user || str_to_u64(user, UINT32_MAX - 1, &n) == 0) {
		ret->uid = *user ? (uint32_t)n : 0;
		(void)find_user(passwd, NULL, ret); /* a number needs no entry */
	} else if (!find_user(passwd, user, ret)) {
		return err_say(e, -ENOENT,
			       "%s: no user %s in the container's /etc/passwd", origin,
			       user);
	}
	if (!name_of_group) {
		if (ret->name[0])
			find_groups(group, ret);
		return 0;
	}
	if (str_to_u64(name_of_group, UINT32_MAX - 1, &n) == 0)
		ret->gid = (uint32_t)n;
	else if (!find_group(group, name_of_group, &ret->gid))
		return err_say(e, -ENOENT,
			       "%s: no group %s in the container's /etc/group", origin,
			       name_of_group);
	return 0;
}

int passwd_resolve(const struct spec *s, int root, int upper, struct identity *ret,
		   struct err *e)
{
	cleanup_free char *passwd = NULL, *group = NULL;
	const char *origin, *text = spec_user(s, &origin);
	int r;

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->home, sizeof(ret->home), "%s", text ? "/" : "/root");
	if (!text)
		return 0;
	r = read_database(s, root, upper, "etc/passwd", e, &passwd);
	if (r == 0)
		r = read_database(s, root, upper, "etc/group", e, &group);
	if (r == -ENOSYS && are_numbers(text))
		err_clear(e); /* no reader of layers: then only the home is not known */
	else if (r < 0)
		return err_set(e, r, "user database of the container");
	return find_identity(passwd, group, text, origin, ret, e);
}
