/* SPDX-License-Identifier: MIT */
/*
 * commit - what a container wrote becomes a layer over those of its image: its upper
 * directory as a tar with whiteouts, packed as any other layer, and a config that says
 * what was changed.
 */
#include "transfer/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/rfc3339.h"
#include "base/str.h"
#include "manage/containers.h"
#include "sign/sign.h"
#include "squash/squash-tree.h"
#include "store/find.h"
#include "store/platform.h"
#include "transfer/change-config.h"
#include "transfer/layer.h"
#include "transfer/listing.h"
#include "transfer/take.h"
#include "json/json.h"

static json_t *now_text(void)
{
	char text[RFC3339_MAX];

	return rfc3339_write(time(NULL), -1, text) < 0 ? NULL : json_string(text);
}

/* Copy of the base's config, or a new one. */
static int base_config(struct minc_transfer *t, const struct image *img, json_t **ret)
{
	struct arena a = { NULL };
	struct json_source src = { t->err, "config", &a };
	struct platform machine;
	int r = 0;

	if (img) {
		r = json_strict(&src, img->config_json, img->config_len, ret);
	} else {
		platform_machine(&machine);
		*ret = json_pack("{s:s, s:s, s:{}, s:{s:s, s:[]}, s:[]}", "architecture",
				 machine.architecture, "os", "linux", "config", "rootfs",
				 "type", "layers", "diff_ids", "history");
		r = *ret ? 0 : err_set(t->err, -ENOMEM, "config");
	}
	arena_done(&a);
	return r;
}

/* @layer NULL: there is none, and its image's are all. */
static int describe(struct minc_transfer *t, json_t *config,
		    const struct layer_made *layer)
{
	const char *author = t->text[MINC_TRANSFER_AUTHOR],
		   *message = t->text[MINC_TRANSFER_MESSAGE];
	json_t *rootfs = json_ensure(config, "rootfs", false), *step = json_object(),
	       *now = now_text();
	json_t *ids = rootfs ? json_ensure(rootfs, "diff_ids", true) : NULL;
	json_t *history = json_ensure(config, "history", true);
	int r = ids && history && step && now ? 0 : -1;

	if (r == 0)
		r = layer ? json_array_append_new(ids, json_string(layer->diff_id.text))
			  : json_object_set_new(step, "empty_layer", json_true());
	if (r == 0)
		r = json_object_set(config, "created", now);
	if (r == 0)
		r = json_object_set(step, "created", now);
	if (r == 0)
		r = json_object_set_new(step, "created_by",
					json_string("commit of a container"));
	if (r == 0 && author)
		r = json_object_set_new(config, "author", json_string(author)) +
		    json_object_set_new(step, "author", json_string(author));
	if (r == 0 && message)
		r = json_object_set_new(step, "comment", json_string(message));
	if (r == 0)
		r = json_array_append(history, step);
	json_decref(step);
	json_decref(now);
	return r < 0 ? err_set(t->err, -ENOMEM, "config") : 0;
}

static int apply_changes(struct minc_transfer *t, json_t *config)
{
	json_t *inner = json_ensure(config, "config", false);

	return inner ? change_config(t->err, inner, t->changes)
		     : err_set(t->err, -ENOMEM, "config");
}

/* Where overlayfs's marks are: a privileged caller's in trusted.*, else in user.*. */
static bool marks_of_user(int dir)
{
	cleanup_free char *text = NULL;

	if (io_read_own_file(dir, "layers", 1 << 20, &text, NULL) < 0)
		return geteuid() != 0;
	return strstr(text, "\nxattr user\n");
}

/*
 * @path with the links of the image on its way, which it may end with; what is missing
 * has been made there.
 */
static int resolve(struct minc_transfer *t, struct arena *a, struct tree *tree,
		   const char *path, const char **ret)
{
	/* so that a last one is on the way, too */
	const char *text = arena_printf(a, "%s/", path), *wrong;
	struct tree_name *n = NULL;
	char place[PATH_MAX];
	int r = text ? 0 : -ENOMEM;

	if (r == 0)
		r = tree_walk(tree, text, TREE_FOLLOW | TREE_MAKE, &n, &wrong);
	if (r == 0)
		r = tree_path(n, place, sizeof(place));
	*ret = r == 0 ? arena_printf(a, "/%s", place) : NULL;
	if (r == -EBADMSG || r == -ENAMETOOLONG) /* no directory was there either */
		return 0;
	if (r < 0 || !*ret)
		return err_set(t->err, r < 0 ? r : -ENOMEM, "volume %s", path);
	return 0;
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

/* Where the volumes of @img are, by its layers, and as it calls them; NULL at the end. */
static int find_volumes(struct minc_transfer *t, struct arena *a, const struct image *img,
			const char *const **ret)
{
	const char **list = arena_alloc(a, (2 * count(img->volumes) + 1) * sizeof(*list));
	struct squash_reader *reader = NULL;
	int fds[CONTENT_LAYERS_MAX], r = list ? 0 : err_set(t->err, -ENOMEM, "volumes");
	size_t len = 0, n = 0;

	*ret = list;
	if (r < 0 || !img->volumes[0])
		return r;
	r = take_open_layers(t, img, fds, &len);
	if (r == 0)
		r = squash_reader_open(t->err, img->name, fds, len, true, &reader);
	for (const char *const *v = img->volumes; r == 0 && *v; v++) {
		list[n++] = *v;
		r = resolve(t, a, squash_reader_tree(reader), *v, &list[n]);
		n += list[n] != NULL;
	}
	squash_reader_close(reader);
	while (len > 0)
		(void)close(fds[--len]); /* only read */
	return r;
}

/*
 * Without what is in the volumes of @img: as with docker(1) that is data, not a part of
 * an image. 1: it was not started, and has written nothing.
 */
static int make_layer(struct minc_transfer *t, const struct minc_kept *k,
		      const struct image *img, struct layer_made *ret)
{
	cleanup_close int dir =
		open(k->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int upper =
		dir < 0 ? -EBADF
			: openat(dir, "storage",
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *const *volumes = NULL;
	struct arena a = { NULL };
	char what[80];
	int r = 0;

	snprintf(what, sizeof(what), "container %.12s", k->id);
	if (upper < 0)
		return dir >= 0 && errno == ENOENT ? 1
						   : err_set(t->err, -errno, "%s", what);
	if (img)
		r = find_volumes(t, &a, img, &volumes);
	if (r == 0)
		r = layer_from_dir(t, what, upper, true, marks_of_user(dir), NULL, 0,
				   volumes, ret);
	arena_done(&a);
	return r;
}

static int commit(struct minc_transfer *t, const struct minc_kept *k,
		  const struct image *img)
{
	const size_t below = img ? img->layers_len : 0;
	struct layer_made *layers = calloc(below + 1, sizeof(*layers));
	cleanup_json json_t *config = NULL;
	bool wrote = true;
	char name[REF_MAX];
	int r = layers ? base_config(t, img, &config)
		       : err_set(t->err, -ENOMEM, "config");

	if (r == 0)
		r = take_name(t, "", name); /* one that is refused before the work */
	if (r == 0 && below >= CONTENT_LAYERS_MAX)
		r = err_say(t->err, -E2BIG, "%s: it has %d layers already", k->name,
			    CONTENT_LAYERS_MAX);
	for (size_t i = 0; r == 0 && i < below; i++)
		layers[i] =
			(struct layer_made){ .blob = img->layers[i].digest,
					     .diff_id = img->layers[i].diff_id,
					     .blob_bytes = img->layers[i].size,
					     .media_type = img->layers[i].media_type };
	if (r == 0)
		/* the words first: they are the cheap part */
		r = apply_changes(t, config);
	if (r == 0) {
		r = make_layer(t, k, img, &layers[below]);
		wrote = r != 1;
		if (!wrote)
			r = below ? 0
				  : err_say(t->err, -ENOENT,
					    "container %.12s: it has no image and has "
					    "not run: there is nothing to commit",
					    k->id);
	}
	if (r == 0)
		r = describe(t, config, wrote ? &layers[below] : NULL);
	if (r == 0)
		r = take_built(t, config, layers, below + wrote, "");
	free(layers);
	return r;
}

/* A key that cannot sign is refused before anything is made. */
static int commit_signed(struct minc_transfer *t, const struct minc_kept *k,
			 const struct image *img)
{
	const char *key = t->text[MINC_TRANSFER_SIGN_KEY],
		   *name = t->text[MINC_TRANSFER_NAME];
	cleanup_key struct key *kept = NULL;
	struct ref ref;
	int r;

	if (!key)
		return commit(t, k, img);
	if (!name || ref_parse(name, &ref) < 0)
		return err_say(t->err, -EINVAL, "%s: what is signed needs a name",
			       name ? name : k->name);
	r = key_private(t->err, key, &kept);
	return r < 0 ? r : commit(t, k, img);
}

int commit_container(struct minc_transfer *t, const char *container, image_found_fn *fn,
		     void *data)
{
	struct minc_kept *k;
	struct image *img = NULL;
	int r = store_share(t->store);

	if (r < 0)
		return r;
	r = containers_find(t->store, container, &k);
	if (r == 0) {
		if (*k->image)
			r = image_find_manifest(t->store, k->image, &img);
		if (r == 0)
			r = listing_begin(t);
		if (r == 0)
			r = listing_end(t, commit_signed(t, k, img), fn, data);
		image_free(img);
		containers_free(k);
	}
	store_unshare(t->store);
	return r;
}
