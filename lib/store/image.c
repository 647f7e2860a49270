/* SPDX-License-Identifier: MIT */
/* image - read an image of the store; see image.h. */
#include "store/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "store/image-config.h"
#include "store/index.h"
#include "store/manifest.h"
#include "store/platform.h"
#include "store/store-file.h"

static const char *const none[] = { NULL };

struct image *image_new(void)
{
	struct image *img = calloc(1, sizeof(*img));

	if (!img)
		return NULL;
	img->store_path = img->name = img->asked = img->media_type =
		img->config_media_type = "";
	img->architecture = img->os = img->variant = img->author = "";
	img->user = img->cwd = img->stop_signal = img->platform = "";
	img->manifest_json = img->config_json = "";
	img->env = img->entrypoint = img->cmd = img->volumes = img->ports = img->labels =
		none;
	return img;
}

struct image *image_free(struct image *img)
{
	if (!img)
		return NULL;
	arena_done(&img->arena);
	free(img);
	return NULL;
}

/* A blob that another one describes: its size first. */
static int read_described(struct store *s, struct arena *a, const char *what,
			  const struct digest *d, uint64_t size, const char **ret,
			  size_t *ret_len)
{
	int r = store_read_blob(s, a, d, ret, ret_len);

	if (r == -ENOENT) /* an image without it is damaged, not unknown */
		r = s->err->code = -EBADMSG;
	if (r < 0)
		return r;
	if (*ret_len != size)
		return err_say(s->err, -EBADMSG, "%s %s: %zu bytes instead of %llu", what,
			       digest_hex(d), *ret_len, (unsigned long long)size);
	return 0;
}

/*
 * What is mounted of it: layers that another tool brought are not there before their
 * first use. One that another user could change while it is mounted is refused.
 */
static int measure_layers(struct store *s, struct image *img)
{
	char path[128];
	struct stat st;
	int r;

	img->mounted_size = 0;
	for (size_t i = 0; i < img->layers_len; i++) {
		struct image_layer *l = &img->layers[i];

		snprintf(path, sizeof(path), "layers/%s.sqfs", digest_hex(&l->diff_id));
		l->mounted_size = 0;
		if (fstatat(s->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode)) {
			r = store_check_file(s, path, &st);
			if (r < 0)
				return r;
			l->mounted_size = (uint64_t)st.st_size;
		}
		img->mounted_size += l->mounted_size;
	}
	return 0;
}

static int load_manifest(struct store *s, struct image *img, const struct digest *d,
			 uint64_t size, const char *media_type)
{
	char what[100];
	const char *text;
	size_t len;
	int r = read_described(s, &img->arena, "manifest", d, size, &text, &len);

	if (r < 0)
		return r;
	snprintf(what, sizeof(what), "manifest %s", digest_hex(d));
	r = image_parse_manifest(img, s->err, what, text, len, media_type);
	if (r < 0)
		return r;
	img->manifest = *d;
	r = read_described(s, &img->arena, "config", &img->config, img->config_size,
			   &text, &len);
	if (r < 0)
		return r;
	snprintf(what, sizeof(what), "config %s", digest_hex(&img->config));
	r = image_parse_config(img, s->err, what, text, len);
	return r < 0 ? r : measure_layers(s, img);
}

/* Which of an index, or of several platforms, is wanted. */
struct wanted {
	const char *platform;          /* NULL: this machine's */
	const struct digest *manifest; /* or NULL; this one, whatever it is for */
};

static int choose_manifest(struct store *s, const struct digest *d,
			   const struct manifest_child *children, size_t len, size_t *ret)
{
	for (size_t i = 0; i < len; i++)
		if (digest_equal(&children[i].digest, d)) {
			*ret = i;
			return 0;
		}
	return err_say(s->err, -ENOENT, "manifest %s: not in the index", digest_hex(d));
}

static int load_index(struct store *s, struct image *img, const struct index_entry *entry,
		      const struct wanted *w)
{
	struct manifest_child *children;
	const char *text;
	char what[100];
	size_t len, n, i = 0;
	int r = read_described(s, &img->arena, "index", &entry->digest, entry->size,
			       &text, &len);

	if (r < 0)
		return r;
	snprintf(what, sizeof(what), "index %s", digest_hex(&entry->digest));
	r = image_parse_index(&img->arena, s->err, what, text, len, &children, &n);
	if (r == 0)
		r = w->manifest ? choose_manifest(s, w->manifest, children, n, &i)
				: image_choose_platform(s->err,
							*entry->name ? entry->name : what,
							children, n, w->platform, &i);
	if (r < 0)
		return r;
	return load_manifest(s, img, &children[i].digest, children[i].size,
			     children[i].media_type);
}

static int set_names(struct store *s, struct image *img, const struct index_entry *entry)
{
	img->listed_digest = entry->digest;
	img->store_path = arena_strdup(&img->arena, s->path);
	img->name = img->asked = arena_strdup(&img->arena, entry->name);
	img->index = media_is_index(entry->media_type) ? entry->digest : entry->index;
	return img->store_path && img->name ? 0 : err_set(s->err, -ENOMEM, "image");
}

static int check_platform(struct store *s, const struct image *img, const char *platform)
{
	int r = platform ? image_fits_platform(s->err, img, platform) : 1;

	if (r != 0)
		return r < 0 ? r : 0;
	return err_say(s->err, -ENOENT, "image %s: it is for %s, not for %s",
		       *img->name ? img->name : digest_hex(&img->config), img->platform,
		       platform);
}

static int load(struct store *s, struct image *img, const struct index_entry *entry,
		const struct wanted *w)
{
	int r = set_names(s, img, entry);

	if (r < 0)
		return r;
	if (media_is_index(entry->media_type))
		return load_index(s, img, entry, w);
	if (w->manifest && !digest_equal(w->manifest, &entry->digest))
		return err_say(s->err, -ENOENT, "manifest %s: is gone",
			       digest_hex(w->manifest));
	r = load_manifest(s, img, &entry->digest, entry->size, entry->media_type);
	return r < 0 ? r : check_platform(s, img, w->platform);
}

static int load_wanted(struct store *s, const struct index_entry *entry,
		       const struct wanted *w, struct image **ret)
{
	struct image *img = image_new();
	int r = img ? load(s, img, entry, w) : err_set(s->err, -ENOMEM, "image");

	if (r < 0)
		(void)image_free(img); /* returns NULL */
	else
		*ret = img;
	return r;
}

int image_load(struct store *s, const struct index_entry *entry, struct image **ret)
{
	const struct wanted any = { .platform = NULL };

	return load_wanted(s, entry, &any, ret);
}

int image_load_platform(struct store *s, const struct index_entry *entry,
			const char *platform, struct image **ret)
{
	const struct wanted w = { .platform = platform };

	return load_wanted(s, entry, &w, ret);
}

int image_load_manifest(struct store *s, const struct index_entry *entry,
			const struct digest *manifest, struct image **ret)
{
	const struct wanted w = { .manifest = manifest };

	return load_wanted(s, entry, &w, ret);
}

/* Only what its entry says of it. */
static int list_image(struct store *s, const struct index_entry *entry,
		      struct image **ret)
{
	struct image *img = image_new();

	if (!img || set_names(s, img, entry) < 0) {
		(void)image_free(img); /* returns NULL */
		return err_set(s->err, -ENOMEM, "image");
	}
	img->manifest = entry->digest;
	img->config = entry->config;
	img->mounted_size = entry->mounted_size;
	img->created_ms = entry->created_ms;
	img->listed = true;
	*ret = img;
	return 0;
}

/* Into the same arena: strings that were handed out stay valid. */
static int load_rest(struct store *s, struct image *img)
{
	const struct wanted any = { .platform = NULL };
	const struct image before = *img;
	struct arena a = { NULL };
	struct index_entry *e = NULL;
	struct index index;
	int r = store_index(s, &a, &index);

	if (r == 0)
		e = index_find(&index, &img->listed_digest);
	if (r == 0 && !e)
		r = err_say(s->err, -ENOENT, "image %s: is gone",
			    digest_hex(&img->config));
	if (r == 0) {
		e->name = img->name;
		img->listed = false;
		r = load(s, img, e, &any);
	}
	if (r < 0) {
		struct arena all = img->arena;

		*img = before;
		img->arena = all;
	}
	arena_done(&a);
	return r;
}

int image_whole(struct image *img, struct err *e)
{
	struct err ignored = { 0 };
	struct store *s;
	int r;

	if (!img->listed)
		return 0;
	r = store_open(e ? e : &ignored, img->store_path, &s);
	if (r < 0)
		return r;
	r = load_rest(s, img);
	(void)store_free(s); /* returns NULL */
	return r;
}

/*
 * One to be shown: a pointer into the index, and what it was loaded as if that was
 * needed.
 */
struct row {
	const struct index_entry *entry;
	struct image *img;
	size_t place;
};

static int64_t created(const struct row *row)
{
	return row->img ? row->img->created_ms : row->entry->created_ms;
}

static int newest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (created(x) != created(y))
		return created(x) < created(y) ? 1 : -1;
	return x->place < y->place ? 1 : -1;
}

/* -EBADMSG is only warned of. */
static int load_row(struct store *s, struct row *row)
{
	struct err *err = s->err, said = { 0 };
	int r;

	if (*row->entry->config.text)
		return 0;
	s->err = &said;
	r = image_load(s, row->entry, &row->img);
	s->err = err;
	if (r == -ENOMEM)
		return err_set(err, r, "image");
	if (r < 0 && s->warn)
		s->warn(said.message, s->warn_data);
	return r < 0 ? 1 : 0;
}

static int show(struct store *s, struct row *row,
		int (*fn)(struct image *img, void *data), void *data)
{
	int r = row->img ? 0 : list_image(s, row->entry, &row->img);

	if (r == 0)
		r = fn(row->img, data);
	row->img = image_free(row->img);
	return r;
}

int image_foreach(struct store *s, int (*fn)(struct image *img, void *data), void *data)
{
	struct arena a = { NULL };
	struct row *rows = NULL;
	struct index index;
	size_t len = 0;
	int r = store_index(s, &a, &index);

	if (r >= 0 && index.len > 0) {
		rows = arena_alloc(&a, index.len * sizeof(*rows));
		if (!rows)
			r = err_set(s->err, -ENOMEM, "image");
	}
	for (size_t i = 0; r >= 0 && i < index.len; i++) {
		rows[len] = (struct row){ .entry = &index.entries[i], .place = i };
		r = load_row(s, &rows[len]);
		len += r == 0;
	}
	if (r >= 0 && rows) {
		r = 0;
		qsort(rows, len, sizeof(*rows), newest_first);
	}
	for (size_t i = 0; i < len; i++) {
		if (r == 0)
			r = show(s, &rows[i], fn, data);
		rows[i].img = image_free(rows[i].img);
	}
	arena_done(&a);
	return r;
}
