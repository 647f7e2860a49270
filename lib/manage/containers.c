/* SPDX-License-Identifier: MIT */
/*
 * containers - containers/ID/container.json: what a container of the store is called,
 * runs from, and how its starter wants it started. What it writes is beside it
 * (run/storage.c), and who runs it holds an flock(2) on its directory. One on containers/
 * guards the names.
 */
#include "manage/containers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/lease.h"
#include "base/name.h"
#include "base/str.h"
#include "store/discard.h"
#include "store/find.h"
#include "store/index.h"
#include "store/store-file.h"
#include "json/json.h"

enum { FILE_MAX_BYTES = 16 << 20 };

static int refuse_name(struct store *s, const char *name)
{
	const char *why;
	int r = name_check_container(name, &why);

	return r < 0 ? err_say(s->err, r, "container name '%.80s': %s", name, why) : 0;
}

struct minc_kept *containers_free(struct minc_kept *k)
{
	if (!k)
		return NULL;
	arena_done(&k->arena);
	free(k);
	return NULL;
}

/* The whole file, so that what another version keeps in it survives a rename. */
static int read_file(struct store *s, int dir, const char *id, json_t **ret)
{
	char path[100];
	const struct json_source src = { .e = s->err, .what = path };
	cleanup_free char *text = NULL;
	char name[90];
	size_t len;
	int r;

	snprintf(name, sizeof(name), "%s/container.json", id);
	snprintf(path, sizeof(path), "container %.12s", id);
	r = io_read_own_file(dir, name, FILE_MAX_BYTES, &text, &len);
	return r < 0 ? err_set(s->err, r, "container %.12s: container.json", id)
		     : json_strict(&src, text, len, ret);
}

/* One of which the id is known; NULL without memory. */
static struct minc_kept *make_kept(const struct store *s, const char *id)
{
	struct minc_kept *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	strcpy(k->id, id);
	k->name = k->note = k->image = k->image_name = "";
	k->dir = arena_printf(&k->arena, "%s/containers/%s", s->path, id);
	return k->dir ? k : containers_free(k);
}

static int load(struct store *s, int dir, const char *id, struct minc_kept **ret)
{
	struct minc_kept *k = make_kept(s, id);
	char what[40];
	const struct json_source src = { .e = s->err,
					 .what = what,
					 .a = k ? &k->arena : NULL };
	cleanup_json json_t *o = NULL;
	uint64_t created = 0;
	int r;

	if (!k)
		return err_set(s->err, -ENOMEM, "container %.12s", id);
	snprintf(what, sizeof(what), "container %.12s", id);
	r = read_file(s, dir, id, &o);
	if (r == 0)
		r = json_text(&src, o, "", "name", &k->name);
	if (r == 0)
		r = json_text(&src, o, "", "image", &k->image);
	if (r == 0)
		r = json_text(&src, o, "", "image_name", &k->image_name);
	if (r == 0)
		r = json_text(&src, o, "", "note", &k->note);
	if (r == 0)
		r = json_whole(&src, o, "", "created_ms", INT64_MAX, &created);
	k->created_ms = (int64_t)created;
	if (r < 0)
		(void)containers_free(k); /* returns NULL */
	else
		*ret = k;
	return r;
}

struct list {
	struct minc_kept **v;
	size_t len, room;
	struct err failure; /* of the first that is not damaged, and cannot be read */
};

static void list_done(struct list *l)
{
	for (size_t i = 0; i < l->len; i++)
		(void)containers_free(l->v[i]); /* returns NULL */
	free(l->v);
}

static int list_add(struct list *l, struct minc_kept *k)
{
	struct minc_kept **more =
		array_grow(l->v, &l->room, l->len + 1, sizeof(struct minc_kept *));

	if (!more)
		return -ENOMEM;
	l->v = more;
	l->v[l->len++] = k;
	return 0;
}

static int oldest_first(const void *a, const void *b)
{
	const struct minc_kept *x = *(struct minc_kept *const *)a;
	const struct minc_kept *y = *(struct minc_kept *const *)b;

	if (x->created_ms != y->created_ms)
		return x->created_ms < y->created_ms ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* It has an id, so that it can be removed. */
static int add_damaged(struct store *s, const char *id, struct list *l)
{
	struct minc_kept *k = make_kept(s, id);

	if (!k)
		return -ENOMEM;
	k->damaged = true;
	if (list_add(l, k) == 0)
		return 0;
	(void)containers_free(k); /* returns NULL */
	return -ENOMEM;
}

/* What is no container, or a damaged one, and will be so at the next reading. */
static bool is_damage(int r)
{
	return r == -EBADMSG || r == -EFBIG || r == -ENOTDIR;
}

/*
 * A damaged one is warned of. One that cannot be read is a failure, as what it uses is
 * not known. One that has just been deleted is left out.
 */
static int add_one(struct store *s, int dir, const char *id, struct list *l)
{
	struct err *err = s->err, said = { 0 };
	struct minc_kept *k = NULL;
	int r;

	s->err = &said;
	r = load(s, dir, id, &k);
	s->err = err;
	if (r == 0 && list_add(l, k) < 0) {
		k = containers_free(k);
		r = -ENOMEM;
	}
	if (r < 0 && r != -ENOMEM && r != -ENOENT) {
		if (!is_damage(r) && !l->failure.code)
			l->failure = said;
		else if (s->warn)
			s->warn(said.message, s->warn_data);
		r = add_damaged(s, id, l);
	}
	return r == -ENOMEM ? err_set(err, r, "containers") : 0;
}

static int read_all(struct store *s, struct list *ret)
{
	struct dirent *d;
	DIR *list;
	int r = store_look(s);

	*ret = (struct list){ .v = NULL };
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	list = io_open_list(s->dir, "containers");
	if (!list)
		return errno == ENOENT
			       ? 0
			       : err_set(s->err, -errno, "store %s: containers", s->path);
	while (r == 0 && (errno = 0, d = readdir(list)))
		if (str_is_hex(d->d_name, DIGEST_HEX))
			r = add_one(s, dirfd(list), d->d_name, ret);
	if (r == 0 && errno)
		r = err_set(s->err, -errno, "store %s: containers", s->path);
	closedir(list);
	if (r < 0)
		list_done(ret);
	else if (ret->len > 0)
		qsort(ret->v, ret->len, sizeof(struct minc_kept *), oldest_first);
	return r;
}

int containers_foreach(struct store *s, int (*fn)(struct minc_kept *k, void *data),
		       void *data)
{
	struct list l;
	int r = read_all(s, &l);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < l.len; i++)
		if (!l.v[i]->damaged)
			r = fn(l.v[i], data);
	if (r == 0 && l.failure.code) {
		*s->err = l.failure;
		r = l.failure.code;
	}
	list_done(&l);
	return r;
}

static struct minc_kept *take_named(struct list *l, const char *name)
{
	for (size_t i = 0; i < l->len; i++)
		if (*name && str_equal(l->v[i]->name, name)) {
			struct minc_kept *k = l->v[i];

			l->v[i] = NULL;
			return k;
		}
	return NULL;
}

/* By a whole id, which no name is; 0 and an empty list: there is none. */
static int read_one(struct store *s, const char *id, struct list *ret)
{
	cleanup_close int dir = -EBADF;
	struct stat st;
	int r = store_look(s);

	*ret = (struct list){ .v = NULL };
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	dir = openat(s->dir, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstatat(dir, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			       ? 0
			       : err_set(s->err, -errno, "store %s: containers", s->path);
	r = add_one(s, dir, id, ret);
	if (r < 0)
		list_done(ret);
	return r;
}

int containers_find(struct store *s, const char *name, struct minc_kept **ret)
{
	struct minc_kept *found = NULL;
	size_t place = 0, matches = 0;
	struct list l = { .v = NULL };
	int r = str_is_hex(name, DIGEST_HEX) ? read_one(s, name, &l) : read_all(s, &l);

	if (r < 0)
		return r;
	found = take_named(&l, name);
	for (size_t i = 0; !found && *name && i < l.len; i++)
		if (str_starts_with(l.v[i]->id, name)) {
			place = i;
			matches++;
		}
	if (matches == 1) {
		found = l.v[place];
		l.v[place] = NULL;
	}
	list_done(&l);
	if (found)
		*ret = found;
	else if (matches > 1)
		r = err_say(s->err, -ENOTUNIQ, "container %s: several begin with it",
			    name);
	else
		r = err_say(s->err, -ENOENT, "container %s: not in %s", name, s->path);
	return r;
}

int containers_hold(struct store *s)
{
	int fd, r = store_share(s);

	if (r < 0)
		return r;
	if (mkdirat(s->dir, "containers", 0700) < 0 && errno != EEXIST)
		r = -errno;
	fd = r < 0 ? r : openat(s->dir, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0)
		r = fd < 0 ? -errno : store_lock_names(s, fd);
	if (r == 0)
		return fd;
	(void)err_set(s->err, r, "store %s: containers", s->path); /* returns @r */
	fd_closep(&fd);
	store_unshare(s);
	return r;
}

void containers_release(struct store *s, int fd)
{
	(void)close(fd); /* nothing was buffered */
	store_unshare(s);
}

/* @but: the container that may have it already, or "". */
static int check_name(struct store *s, const char *name, const char *but)
{
	struct list l;
	int r = read_all(s, &l);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < l.len; i++)
		if (str_equal(l.v[i]->name, name) && !str_equal(l.v[i]->id, but))
			r = err_say(s->err, -EEXIST,
				    "container name %s: container %.12s has it", name,
				    l.v[i]->id);
	list_done(&l);
	return r;
}

static int check_image(struct store *s, const struct image *img)
{
	struct arena a = { NULL };
	struct index index;
	int r = store_index(s, &a, &index);

	if (r == 0 && !index_find(&index, &img->listed_digest))
		r = err_say(s->err, -ENOENT, "image %s: is gone",
			    digest_hex(&img->config));
	arena_done(&a);
	return r;
}

static int write_file(int dir, const char *folder, json_t *o)
{
	cleanup_close int fd =
		openat(dir, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *text;
	int r;

	if (fd < 0)
		return -errno;
	r = json_text_write(o, JSON_INDENT(2), &text, NULL);
	if (r < 0)
		return r;
	r = io_replace_file(fd, "container.json", text, strlen(text));
	free(text);
	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

static json_t *describe(const char *id, const struct image *img, const char *name,
			const char *note)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "id", id, "name",
			 name ? name : "", "image", img ? img->manifest.text : "",
			 "image_name", img ? img->asked : "", "note", note ? note : "",
			 "created_ms",
			 (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* Appear whole: made under a name that a sweep removes. */
static int make(struct store *s, int room, const char *id, json_t *o)
{
	char temporary[64];
	int r;

	if (!o)
		return err_set(s->err, -ENOMEM, "container %.12s", id);
	store_temporary(temporary);
	r = mkdirat(room, temporary, 0700) < 0 ? -errno : write_file(room, temporary, o);
	if (r == 0 && renameat(room, temporary, room, id) < 0)
		r = -errno;
	if (r < 0)
		(void)discard(NULL, room, temporary); /* the next sweep tries again */
	else if (fsync(room) < 0)
		r = -errno;
	return r < 0 ? err_set(s->err, r, "store %s: container %.12s", s->path, id) : 0;
}

int containers_create(struct store *s, const struct image *img, const char *name,
		      const char *note, char **ret_id)
{
	unsigned char random[DIGEST_BYTES];
	cleanup_json json_t *o = NULL;
	struct digest id;
	char *copy;
	int room, r;

	r = name && *name ? refuse_name(s, name) : 0;
	if (r < 0)
		return r;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_set(s->err, -errno, "container");
	digest_from_bytes(random, &id);
	copy = strdup(digest_hex(&id));
	if (!copy)
		return err_set(s->err, -ENOMEM, "container");
	room = containers_hold(s);
	r = room < 0 ? room : name && *name ? check_name(s, name, "") : 0;
	if (r == 0 && img)
		r = check_image(s, img);
	if (r == 0) {
		o = describe(copy, img, name, note);
		r = make(s, room, copy, o);
	}
	if (room >= 0)
		containers_release(s, room);
	if (r < 0)
		free(copy);
	else
		*ret_id = copy;
	return r;
}

int containers_rename(struct store *s, struct minc_kept *k, const char *name)
{
	cleanup_json json_t *o = NULL;
	char *copy = NULL;
	int room, r;

	r = refuse_name(s, name);
	if (r < 0)
		return r;
	room = containers_hold(s);
	if (room < 0)
		return room;
	r = check_name(s, name, k->id);
	if (r == 0)
		r = read_file(s, room, k->id, &o);
	if (r == 0) {
		copy = arena_strdup(&k->arena, name);
		r = !copy || json_object_set_new(o, "name", json_string(name)) < 0
			    ? -ENOMEM
			    : write_file(room, k->id, o);
		if (r < 0)
			/* returns @r */
			(void)err_set(s->err, r, "container %.12s", k->id);
	}
	containers_release(s, room);
	if (r == 0)
		k->name = copy;
	return r;
}

/* Its directory, locked as one that runs it would; -EBUSY: one does. */
static int lock_container(int room, const char *id)
{
	cleanup_close int fd =
		openat(room, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = lease_try(fd, 0);
	return r < 0 ? r : take_fd(&fd);
}

bool containers_in_use(const struct minc_kept *k)
{
	return lease_look(AT_FDCWD, k->dir) == 1;
}

static int delete_in(struct store *s, int room, const struct minc_kept *k)
{
	cleanup_close int mine = lock_container(room, k->id);
	char temporary[64];
	int r = mine < 0 ? mine : 0;

	if (r == -EBUSY)
		return err_say(s->err, r, "container %.12s: in use", k->id);
	store_temporary(temporary);
	if (r == 0 && renameat(room, k->id, room, temporary) < 0)
		r = -errno;
	if (r == 0) /* from here on it is not there, whatever happens */
		r = discard(s->err, room, temporary);
	if (r == 0)
		return 0;
	err_set(s->err, r, "container %.12s", k->id);
	if (r == -EACCES || r == -EPERM)
		err_hint(s->err,
			 "its files belong to other ids: with newuidmap(1), or as root, "
			 "the next prune removes what is left");
	return r;
}

int containers_delete(struct store *s, struct minc_kept *k)
{
	int r, room = containers_hold(s);

	if (room < 0)
		return room;
	r = delete_in(s, room, k);
	containers_release(s, room);
	return r;
}

int containers_delete_owned(struct store *s, struct minc_kept *k)
{
	cleanup_close int room =
		openat(s->dir, "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return room < 0 ? err_set(s->err, -errno, "store %s: containers", s->path)
			: delete_in(s, room, k);
}

int containers_image(struct store *s, const struct minc_kept *k, struct image **ret)
{
	struct image *img;
	const char *asked;
	int r;

	if (!*k->image)
		return err_say(s->err, -ENOENT, "container %.12s: it has no image",
			       k->id);
	r = image_find_manifest(s, k->image, &img);
	if (r < 0)
		return r;
	/*
	 * a newer image may have the name now: it is the one that was accepted under it
	 */
	asked = *k->image_name ? arena_strdup(&img->arena, k->image_name) : img->asked;
	if (!asked) {
		image_free(img);
		return err_set(s->err, -ENOMEM, "container %.12s", k->id);
	}
	img->asked = asked;
	*ret = img;
	return 0;
}
