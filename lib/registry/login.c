/* SPDX-License-Identifier: MIT */
/*
 * login - keeping and forgetting credentials. The file is replaced whole, readable by its
 * owner only, and everything in it that is not ours stays.
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
#include "base/owner.h"
#include "registry/auth.h"
#include "registry/helper.h"
#include "registry/registry-module.h"
#include "json/json.h"

#define LOCK_NAME ".minc-login.lock"

static int replace(int dir, const char *name, const char *text, size_t len)
{
	cleanup_close int fd = -EBADF;
	char temporary[NAME_MAX + 1];
	int r;

	if (snprintf(temporary, sizeof(temporary), ".%s.%d", name, (int)getpid()) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	(void)unlinkat(dir, temporary, 0); /* of a killed process that had our number */
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, len);
	if (r == 0 && (fsync(fd) < 0 || renameat(dir, temporary, dir, name) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, temporary, 0); /* @r says what failed */
	else
		(void)fsync(dir); /* what is there is whole in either case */
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

struct login_file {
	struct owner_place place; /* the file itself, where its name is a link to it */
	const char *name;         /* in @dir */
	int dir, lock;
};

static void file_donep(struct login_file *f)
{
	if (f->lock >= 0)
		(void)unlinkat(f->dir, LOCK_NAME, 0); /* the next login makes one */
	fd_closep(&f->lock);
	fd_closep(&f->dir);
}

#define cleanup_file __attribute__((cleanup(file_donep)))

/*
 * A file that another user has made says what that user likes: where the secrets are to
 * go, above all.
 */
static int check_file(struct err *e, const char *path, const struct login_file *f)
{
	struct stat st;

	if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(e, -errno, "%s", path);
	if (owner_is_ours(st.st_uid))
		return 0;
	return err_say(e, -EPERM, "%s: belongs to user %u", path, (unsigned)st.st_uid);
}

/*
 * Nobody else can put another file, or a link, in its place, or has made the one that is
 * there. -ENOENT, without a message: none.
 */
static int open_dir(struct err *e, const char *path, bool make, struct login_file *ret)
{
	char *slash;
	int r = owner_resolve(e, path, path, &ret->place);

	if (r == -ENOENT && make) {
		r = make_parents(ret->place.path);
		if (r < 0)
			return err_set(e, r, "%s", path);
		r = owner_resolve(e, path, path, &ret->place);
		if (r == -ENOENT)
			r = 0;
	}
	if (r < 0)
		return r;
	slash = strrchr(ret->place.path, '/');
	*slash = '\0';
	ret->dir = open(*ret->place.path ? ret->place.path : "/",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	ret->name = slash + 1;
	if (ret->dir < 0)
		return err_set(e, -errno, "directory of %s", path);
	return check_file(e, path, ret);
}

static void say_waiting(void *data)
{
	const struct registry_options *o = data;

	o->say("credentials: waits for another login or logout", o->data);
}

/*
 * Against other logins. A file of its own, that only its owner opens: a lock on the
 * directory, or on a file that others may read, could be held by any of them.
 */
static int lock_file(struct err *e, const struct registry_options *o, const char *path,
		     struct login_file *f)
{
	const int how = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct stat held, named;
	int r;

	for (;;) {
		cleanup_close int fd = openat(f->dir, LOCK_NAME, how, 0600);

		if (fd < 0 || fstat(fd, &held) < 0)
			return err_set(e, -errno, "directory of %s", path);
		if (held.st_uid != geteuid()) /* where all may make files, as in /tmp */
			return err_say(e, -EPERM,
				       "%s: " LOCK_NAME " beside it belongs to user %u",
				       path, (unsigned)held.st_uid);
		r = io_lock(fd, LOCK_EX, o && o->say ? say_waiting : NULL, (void *)o);
		if (r < 0)
			return err_set(e, r, "directory of %s", path);
		if (fstatat(f->dir, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    is_same_file(&held, &named)) {
			f->lock = take_fd(&fd);
			return 0;
		} /* else its holder has just removed it */
	}
}

static int save(struct err *e, const struct login_file *f, const char *path, json_t *file)
{
	char *text = NULL;
	size_t len = 0;
	int r = json_text_write(file, JSON_INDENT(2), &text, &len);

	if (r == 0)
		r = replace(f->dir, f->name, text, len);
	if (text)
		explicit_bzero(text, len);
	free(text);
	return r < 0 ? err_set(e, r, "%s", path) : 0;
}

/* The entry as docker writes it. */
static int set_entry(struct arena *a, json_t *file, const char *registry,
		     const char *user, const char *password)
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
				   json_pack("{s:s}", "auth", basic + strlen("Basic "))) <
			       0
		       ? -ENOMEM
		       : 0;
}

static int keep(struct arena *a, struct err *e, const struct registry_options *o,
		const char *authfile, const char *registry, const char *user,
		const char *password)
{
	const char *path = auth_login_file(a, authfile), *helper;
	cleanup_file struct login_file f = { .dir = -EBADF, .lock = -EBADF };
	cleanup_json json_t *file = NULL;
	int r;

	if (!path)
		return err_say(e, -ENOENT, "login to %s: HOME is not set", registry);
	r = open_dir(e, path, true, &f);
	if (r == 0)
		r = lock_file(e, o, path, &f);
	if (r < 0)
		return r;
	r = auth_load(e, f.place.path, &file);
	if (r == -ENOENT)
		r = (file = json_object()) ? 0 : -ENOMEM;
	if (r < 0)
		return err_set(e, r, "%s", path);
	helper = auth_helper(file, registry);
	if (helper)
		return helper_store(e, o, helper, auth_server(registry), user, password);
	r = set_entry(a, file, registry, user, password);
	return r < 0 ? err_set(e, r, "%s", path) : save(e, &f, path, file);
}

int auth_keep(struct err *e, const struct registry_options *o, const char *authfile,
	      const char *registry, const char *user, const char *password)
{
	struct arena a = { 0 };
	int r = keep(&a, e, o, authfile, registry, user, password);

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

/*
 * Nothing is locked where there is nothing to forget: it may be a file that can only be
 * read.
 */
static int forget_in(struct err *e, const struct registry_options *o, const char *path,
		     const char *registry)
{
	cleanup_file struct login_file f = { .dir = -EBADF, .lock = -EBADF };
	cleanup_json json_t *file = NULL;
	const char *helper;
	int r = open_dir(e, path, false, &f), erased = -ENOENT;

	if (r == 0)
		r = auth_load(e, f.place.path, &file);
	if (r < 0)
		return r;
	helper = auth_helper(file, registry);
	if (helper) {
		erased = helper_erase(e, o, helper, auth_server(registry));
		if (erased < 0 && erased != -ENOENT)
			return erased;
	}
	if (!drop_entries(file, registry))
		return erased;
	r = lock_file(e, o, path, &f);
	if (r == 0) {
		json_decref(file);
		file = NULL;
		r = auth_load(e, f.place.path, &file);
	}
	if (r < 0)
		return r;
	return drop_entries(file, registry) ? save(e, &f, path, file) : erased;
}

int auth_forget(struct err *e, const struct registry_options *o, const char *authfile,
		const char *registry)
{
	struct arena a = { 0 };
	const char **files = auth_files(&a, authfile);
	int r = files ? -ENOENT : -ENOMEM, now;

	for (; files && *files; files++) {
		now = forget_in(e, o, *files, registry);
		if (now != -ENOENT)
			r = now;
		if (now < 0 && now != -ENOENT)
			break;
	}
	arena_done(&a);
	return r == -ENOENT ? err_say(e, r, "%s: not logged in", registry) : r;
}
