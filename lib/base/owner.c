/* SPDX-License-Identifier: MIT */
/* owner - see owner.h. */
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/account.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"

enum {
	LINKS_MAX = 40,
	OTHERS_WRITE = 2,
	OTHERS_SEARCH = 1,
	MOUNTINFO_MAX_BYTES = 16 << 20,
	FDINFO_MAX_BYTES = 4096
};

struct walk {
	struct err *e;
	const char *what;
	struct owner_place *ret; /* path "": "/" */
	char rest[PATH_MAX];     /* names to come */
	unsigned links;
	uid_t root, asker; /* the latter may replace what is named; or NOBODY */
	gid_t asker_group;
};

static const uid_t NOBODY = (uid_t)-1;

static uid_t owner_of_root(void)
{
	struct stat st;

	return stat("/", &st) == 0 ? st.st_uid : 0;
}

bool owner_is_ours(uid_t uid)
{
	return uid == 0 || uid == geteuid() || uid == owner_of_root();
}

/* Where there is a list, the bits of the group are a bound for all whom it names. */
static bool lists_others(const char *path)
{
	return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

bool owner_lets_others(const char *path, const struct stat *st, unsigned bits)
{
	if (st->st_mode & bits)
		return true;
	if (!(st->st_mode & bits << 3))
		return false;
	if (st->st_gid != 0 && (geteuid() == 0 || st->st_gid != getegid()))
		return true;
	return lists_others(path) || !account_is_alone(geteuid(), st->st_gid);
}

static const char *shown(const struct walk *w)
{
	return *w->ret->path ? w->ret->path : "/";
}

static bool is_own(const struct walk *w, uid_t uid)
{
	return uid == w->root || uid == 0 || uid == geteuid();
}

static bool others_write(const struct walk *w, const char *path, const struct stat *st)
{
	const bool askers = w->asker != NOBODY && st->st_gid == w->asker_group &&
			    !(st->st_mode & OTHERS_WRITE) && !lists_others(path) &&
			    account_is_alone(w->asker, w->asker_group);

	return !askers && owner_lets_others(path, st, OTHERS_WRITE);
}

static int blame_owner(const struct walk *w, const char *path, const struct stat *st)
{
	return err_say(
		w->e, -EPERM,
		"%s: %s belongs to user %u, who could put something else in its place",
		w->what, path, (unsigned)st->st_uid);
}

/*
 * Its last field says how it is served; those before have names that its user chose,
 * without spaces.
 */
static int server_of_line(const char *line, const char *type, uid_t *ret)
{
	const char *word = strrchr(line, ' ') + 1;
	uint64_t uid;
	char text[16];

	if (strncmp(type, "fuse", 4) != 0) {
		/* virtiofs: the machine below, whose word all is */
		*ret = 0;
		return 0;
	}
	for (; word; word = strchr(word, ',')) {
		word += *word == ',';
		if (!str_starts_with(word, "user_id="))
			continue;
		(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(word + 8, ","),
			       word + 8);
		if (str_to_u64(text, UINT32_MAX - 1, &uid) < 0)
			return -EINVAL; /* or not mapped here */
		*ret = (uid_t)uid;
		return 0;
	}
	return -ENOENT;
}

/*
 * Lines of proc(5) mountinfo are read here and not by the room of that name, which is
 * above this one: of one line the number and the last field are all that counts.
 */
int owner_find_server(char *mounts, uint64_t id, uid_t *ret)
{
	char *save = NULL;

	for (char *line = strtok_r(mounts, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *rest = strstr(line, " - ");

		if (rest && strtoull(line, NULL, 10) == id)
			return server_of_line(line, rest + strlen(" - "), ret);
	}
	return -ENOENT;
}

/* The mount that @fd is on, by proc(5): a server is asked for what statx(2) says. */
static int mount_of(int fd, uint64_t *ret)
{
	cleanup_free char *info = NULL;
	char path[64];
	const char *line;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	r = io_read_file(AT_FDCWD, path, FDINFO_MAX_BYTES, &info, NULL);
	if (r < 0)
		return r;
	line = strstr(info, "mnt_id:");
	*ret = line ? strtoull(line + strlen("mnt_id:"), NULL, 10) : 0;
	return line ? 0 : -ENOENT;
}

/* The files of FUSE, and their owners, are the word of its server. */
static int check_server(const struct walk *w, int fd)
{
	cleanup_free char *mounts = NULL;
	struct statfs fs;
	uint64_t id = 0;
	uid_t uid = (uid_t)-1;
	int r;

	if (fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type != FUSE_SUPER_MAGIC)
		return 0; /* only a server says that it cannot tell */
	r = mount_of(fd, &id);
	if (r == 0)
		r = io_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX_BYTES,
				 &mounts, NULL);
	if (r == 0)
		r = owner_find_server(mounts, id, &uid);
	if (r < 0) {
		err_say(w->e, -EPERM,
			"%s: %s is on a FUSE file system, and /proc does not tell whose%s%s",
			w->what, shown(w), r == -ENOENT ? "" : ": ",
			r == -ENOENT ? "" : strerror(-r));
		err_hint(
			w->e,
			"/proc/self/mountinfo does not show it below a chroot in it, or without /proc: "
			"another place");
		return -EPERM;
	}
	if (is_own(w, uid))
		return 0;
	return err_say(w->e, -EPERM,
		       "%s: %s is on a file system that user %u serves, who could show "
		       "anything there",
		       w->what, shown(w), (unsigned)uid);
}

/* The directory that the next name is looked up in. */
static int check_dir(struct walk *w, int fd)
{
	struct stat st;
	int r = check_server(w, fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_set(w->e, -errno, "%s", w->what);
	if (!is_own(w, st.st_uid) && st.st_uid != w->asker)
		return blame_owner(w, shown(w), &st);
	w->ret->shared = others_write(w, shown(w), &st);
	if (!(st.st_mode & S_ISVTX) && w->ret->shared) {
		err_say(w->e, -EPERM,
			"%s: others can write to %s, and put something else in its place",
			w->what, shown(w));
		err_hint(w->e, "chmod go-w %s, or another place", shown(w));
		return -EPERM;
	}
	if (is_own(w, st.st_uid) && !owner_lets_others(shown(w), &st, OTHERS_SEARCH))
		w->ret->closed = true;
	return 0;
}

/* @text before the names to come. */
static int prepend(struct walk *w, const char *text)
{
	char whole[PATH_MAX];
	int n = snprintf(whole, sizeof(whole), "%s/%s", text, w->rest);

	if (n >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	memcpy(w->rest, whole, (size_t)n + 1);
	return 0;
}

static int append(struct walk *w, const char *name)
{
	char *path = w->ret->path;
	size_t len = strlen(path);

	return snprintf(path + len, PATH_MAX - len, "/%s", name) >= (int)(PATH_MAX - len)
		       ? -ENAMETOOLONG
		       : 0;
}

/* The first of the names to come, in @name; false: there is none. */
static bool next_name(struct walk *w, char name[NAME_MAX + 1], int *ret_error)
{
	const char *from = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(from, "/");

	*ret_error = len > NAME_MAX ? -ENAMETOOLONG : 0;
	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	memmove(w->rest, from + len, strlen(from + len) + 1);
	return true;
}

/* @fd is the link @name: its text comes next. 1: it begins at "/". */
static int follow(struct walk *w, int fd, const char *name, const struct stat *st)
{
	char text[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	ssize_t n;
	int r;

	if (!is_own(w, st->st_uid) && st->st_uid != w->asker) {
		(void)snprintf(path, sizeof(path), "%s/%s", w->ret->path, name);
		return blame_owner(w, path, st);
	}
	n = readlinkat(fd, "", text, sizeof(text) - 1);
	if (n < 0)
		return err_set(w->e, -errno, "%s", w->what);
	text[n] = '\0';
	r = ++w->links > LINKS_MAX ? -ELOOP : prepend(w, text);
	if (r < 0)
		return err_set(w->e, r, "%s", w->what);
	return *text == '/';
}

static int begin(struct walk *w, int *fd)
{
	fd_closep(fd);
	w->ret->path[0] = '\0';
	w->ret->closed = false; /* what is above a link is not above what it leads to */
	*fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? err_set(w->e, -errno, "%s", w->what) : 0;
}

/* One name further: *@fd becomes the object of that name. */
static int step(struct walk *w, int *fd, const char *name)
{
	cleanup_close int next = -EBADF;
	char *slash = strrchr(w->ret->path, '/');
	struct stat st;
	int r = check_dir(w, *fd);

	if (r < 0 || strcmp(name, ".") == 0)
		return r;
	next = openat(*fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 && errno == ENOENT) {
		r = append(w, name);
		if (r == 0 && w->rest[strspn(w->rest, "/")])
			r = append(w, w->rest + strspn(w->rest, "/"));
		return r < 0 ? err_set(w->e, r, "%s", w->what) : -ENOENT;
	}
	if (next < 0 || fstat(next, &st) < 0)
		return err_set(w->e, -errno, "%s", w->what);
	if (S_ISLNK(st.st_mode)) {
		r = follow(w, next, name, &st);
		return r > 0 ? begin(w, fd) : r;
	}
	if (strcmp(name, "..") == 0) {
		if (slash)
			*slash = '\0';
		w->ret->closed = false; /* it may have been that directory */
	} else {
		r = append(w, name);
		if (r < 0)
			return err_set(w->e, r, "%s", w->what);
	}
	fd_closep(fd);
	*fd = take_fd(&next);
	return 0;
}

/* The path as given, and the directory at which a relative one begins. */
static int take_path(struct walk *w, const char *path)
{
	char cwd[PATH_MAX];
	const size_t len = strlen(path);

	if (len >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memcpy(w->rest, path, len + 1);
	if (!*path)
		return -EINVAL;
	if (*path == '/')
		return 0;
	return getcwd(cwd, sizeof(cwd)) ? prepend(w, cwd) : -errno;
}

static int resolve(struct walk *w, const char *path)
{
	cleanup_close int fd = -EBADF;
	char name[NAME_MAX + 1];
	int r = take_path(w, path);

	w->ret->closed = w->ret->shared = false;
	w->root = owner_of_root();
	if (r < 0)
		return err_set(w->e, r, "%s", w->what);
	r = begin(w, &fd);
	while (r == 0 && next_name(w, name, &r))
		r = step(w, &fd, name);
	if (r == -ENAMETOOLONG)
		return err_set(w->e, r, "%s", w->what);
	if (r == 0 && !*w->ret->path)
		strcpy(w->ret->path, "/");
	return r < 0 ? r : check_server(w, fd);
}

int owner_resolve(struct err *e, const char *what, const char *path,
		  struct owner_place *ret)
{
	struct walk w = { .e = e, .what = what, .ret = ret, .asker = NOBODY };

	return resolve(&w, path);
}

/* A number that sudo(8) gave; not in a set-user-ID program, whose caller could have. */
static bool number_of(const char *name, uint64_t *ret)
{
	const char *value = secure_getenv(name);

	return value && str_to_u64(value, UINT32_MAX - 1, ret) == 0;
}

int owner_resolve_given(struct err *e, const char *what, const char *path,
			struct owner_place *ret)
{
	struct walk w = { .e = e, .what = what, .ret = ret, .asker = NOBODY };
	uint64_t uid, gid;

	if (geteuid() == 0 && number_of("SUDO_UID", &uid) &&
	    number_of("SUDO_GID", &gid)) {
		w.asker = (uid_t)uid;
		w.asker_group = (gid_t)gid;
	}
	return resolve(&w, path);
}

const char *owner_env_dir(const char *name)
{
	const char *dir = secure_getenv(name);
	struct owner_place place;
	struct stat st;
	int r;

	if (!dir || !*dir)
		return NULL;
	r = owner_resolve(NULL, name, dir, &place);
	if (r == -ENOENT)
		return place.shared ? NULL : dir;
	if (r < 0 || stat(place.path, &st) < 0)
		return NULL;
	if (!owner_is_ours(st.st_uid))
		return NULL;
	return owner_lets_others(place.path, &st, OTHERS_WRITE) ? NULL : dir;
}
