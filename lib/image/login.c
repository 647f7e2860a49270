/* SPDX-License-Identifier: MIT */
/*
 * login - keeping and forgetting credentials. The file is replaced whole, readable by its owner
 * only, and everything in it that is not ours stays.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "image/auth.h"

static void jsonp(json_t **object)
{
	json_decref(*object);
}

#define cleanup_json __attribute__((cleanup(jsonp)))

static int replace(int dir, const char *name, const char *text, size_t len)
{
	cleanup_close int fd = -EBADF;
	char temporary[NAME_MAX + 1];
	int r;

	if (snprintf(temporary, sizeof(temporary), ".%s.%d", name, (int)getpid()) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	(void)unlinkat(dir, temporary, 0); /* of a killed process that had our number */
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, len);
	if (r == 0 && (fsync(fd) < 0 || renameat(dir, temporary, dir, name) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, temporary, 0); /* @r says what failed */
	return r;
}

/* Make the directories above the file; only ours to look into. */
static int make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* The file itself, where @path is a link to it; its directory, locked against other logins. */
static int open_dir(struct err *e, const char *path, bool make, char **ret_path, int *ret_dir)
{
	cleanup_free char *real = realpath(path, NULL);
	cleanup_close int dir = -EBADF;
	const char *slash;
	int r = 0;

	if (!real && errno != ENOENT && errno != ENOTDIR)
		return err_set(e, -errno, "%s", path);
	if (!real && !make)
		return -ENOENT;
	if (!real) {
		real = strdup(path);
		r = real ? make_parents(real) : -ENOMEM;
	}
	if (r < 0)
		return err_set(e, r, "%s", path);
	slash = strrchr(real, '/');
	if (slash) {
		char *parent = strndup(real, (size_t)(slash - real) + 1);

		dir = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		free(parent);
	} else {
		dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		return err_set(e, -errno, "directory of %s", path);
	*ret_path = take_ptr(&real);
	*ret_dir = take_fd(&dir);
	return 0;
}

static int save(struct err *e, int dir, const char *path, json_t *file)
{
	const char *slash = strrchr(path, '/');
	char *text = json_dumps(file, JSON_INDENT(2));
	size_t len = text ? strlen(text) : 0;
	int r = text ? replace(dir, slash ? slash + 1 : path, text, len) : -ENOMEM;

	if (text)
		explicit_bzero(text, len);
	free(text);
	return r < 0 ? err_set(e, r, "%s", path) : 0;
}

/* The entry as docker writes it. */
static int set_entry(struct arena *a, json_t *file, const char *registry, const char *user,
		     const char *password)
{
	const struct credentials c = { .user = user, .password = password };
	const char *basic = auth_basic(a, &c);
	json_t *auths = json_object_get(file, "auths");

	if (!basic)
		return -ENOMEM;
	if (!json_is_object(auths)) {
		auths = json_object();
		if (json_object_set_new(file, "auths", auths) < 0)
			return -ENOMEM;
	}
	return json_object_set_new(auths, auth_server(registry),
				   json_pack("{s:s}", "auth", basic + strlen("Basic "))) < 0 ?
		       -ENOMEM :
		       0;
}

static int keep(struct arena *a, struct err *e, const char *authfile, const char *registry,
		const char *user, const char *password)
{
	const char *path = auth_login_file(a, authfile), *helper;
	cleanup_free char *real = NULL;
	cleanup_close int dir = -EBADF;
	cleanup_json json_t *file = NULL;
	int r;

	if (!path)
		return err_say(e, -ENOENT, "login to %s: HOME is not set", registry);
	r = open_dir(e, path, true, &real, &dir);
	if (r < 0)
		return r;
	r = auth_load(e, real, &file);
	if (r == -ENOENT)
		r = (file = json_object()) ? 0 : -ENOMEM;
	if (r < 0)
		return err_set(e, r, "%s", path);
	helper = auth_helper(file, registry);
	if (helper)
		return helper_store(e, helper, auth_server(registry), user, password);
	r = set_entry(a, file, registry, user, password);
	return r < 0 ? err_set(e, r, "%s", path) : save(e, dir, real, file);
}

int auth_keep(struct err *e, const char *authfile, const char *registry, const char *user,
	      const char *password)
{
	struct arena a = { 0 };
	int r = keep(&a, e, authfile, registry, user, password);

	arena_done(&a);
	return r;
}

/* Whether any key of "auths" meant it; they are gone then. */
static bool drop_entries(json_t *file, const char *registry)
{
	json_t *auths = json_object_get(file, "auths"), *value;
	bool dropped = false;
	const char *key;
	void *next;

	json_object_foreach_safe(auths, next, key, value)
	{
		if (!auth_key_means(key, registry))
			continue;
		(void)json_object_del(auths, key); /* it is there */
		dropped = true;
	}
	return dropped;
}

static int forget_in(struct err *e, const char *path, const char *registry)
{
	cleanup_free char *real = NULL;
	cleanup_close int dir = -EBADF;
	cleanup_json json_t *file = NULL;
	const char *helper;
	int r = open_dir(e, path, false, &real, &dir), erased = -ENOENT;

	if (r < 0 || !real)
		return r;
	r = auth_load(e, real, &file);
	if (r < 0)
		return r;
	helper = auth_helper(file, registry);
	if (helper) {
		erased = helper_erase(e, helper, auth_server(registry));
		if (erased < 0 && erased != -ENOENT)
			return erased;
	}
	return drop_entries(file, registry) ? save(e, dir, real, file) : erased;
}

int auth_forget(struct err *e, const char *authfile, const char *registry)
{
	struct arena a = { 0 };
	const char **files = auth_files(&a, authfile);
	int r = files ? -ENOENT : -ENOMEM, now;

	for (; files && *files; files++) {
		now = forget_in(e, *files, registry);
		if (now != -ENOENT)
			r = now;
		if (now < 0 && now != -ENOENT)
			break;
	}
	arena_done(&a);
	return r == -ENOENT ? err_say(e, r, "%s: not logged in", registry) : r;
}
