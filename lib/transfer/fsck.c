/* SPDX-License-Identifier: MIT */
/*
 * fsck - read everything and compare it with what it has to be: blobs with their names,
 * layers with their seals, images with what they refer to. A fault is reported by the
 * file's path in the store.
 */
#include "transfer/fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/hash.h"
#include "sign/sign.h"
#include "store/contents.h"
#include "store/index.h"
#include "store/store-file.h"
#include "transfer/layer.h"

struct fsck {
	struct store *store;
	unsigned flags;
	minc_report_fn fn;
	void *data;
	int faults;
	int stopped; /* what fn returned */
};

static int report(struct fsck *f, const char *what, const char *path, uint64_t bytes,
		  const char *reason)
{
	f->faults++;
	if (f->fn)
		f->stopped = f->fn(what, path, bytes, reason, f->data);
	return f->stopped;
}

static bool repairs(const struct fsck *f)
{
	return f->flags & MINC_FSCK_REPAIR;
}

/*
 * Whether it is a list of this manifest; whose signatures they are only a key can tell.
 */
static int check_signatures(struct fsck *f, const struct digest *manifest)
{
	struct signatures list;
	struct arena a = { NULL };
	int r = signatures_read(f->store, &a, manifest, &list);

	for (size_t i = 0; r == 0 && i < list.len; i++)
		r = payload_check(f->store->err, "payload", list.v[i].payload,
				  list.v[i].payload_len, NULL, manifest);
	err_clear(f->store->err);
	arena_done(&a);
	return (r == 0 && list.len == 0) || r == -EKEYREJECTED ? -EBADMSG : r;
}

/* Then it is us who cannot go on, and nothing is known about the file. */
static bool lacks_means(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

static int check_file(const struct contents_file *one, void *data)
{
	struct fsck *f = data;
	struct digest found, want;
	const char *wrong = NULL;
	cleanup_close int fd = -EBADF;
	char path[256];
	int r;

	if (!one->hex[0])
		return 0;
	snprintf(path, sizeof(path), "%s/%s", one->where, one->name);
	snprintf(want.text, sizeof(want.text), "sha256:%s", one->hex);
	fd = openat(f->store->dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(f->store->err, -errno, "store %s: %s", f->store->path,
			       path);
	if (str_equal(one->where, "signatures")) {
		r = check_signatures(f, &want);
		if (r == -EBADMSG)
			wrong = "no list of signatures of this manifest";
	} else if (str_equal(one->what, "layer")) {
		r = layer_check(fd, &want);
		if (r == -EBADMSG)
			wrong = "not what was written";
	} else {
		r = hash_fd(fd, &found);
		if (r == 0 && !digest_equal(&found, &want))
			wrong = "its digest is another one";
	}
	if (lacks_means(r))
		return err_set(f->store->err, r, "store %s: %s", f->store->path, path);
	if (r < 0 && r != -EBADMSG)
		wrong = strerror(-r);
	if (!wrong)
		return 0;
	if (repairs(f) && unlinkat(f->store->dir, path, 0) == 0) {
		/* what needs it is looked at later: a layer is made anew from its blob */
		f->faults--;
		(void)report(f, one->what, path, one->bytes, "removed: it was damaged");
		return f->stopped;
	}
	return report(f, one->what, path, one->bytes, wrong);
}

static int check_layout(struct fsck *f)
{
	cleanup_free char *text = NULL;
	int r = io_read_own_file(f->store->dir, "oci-layout", 4096, &text, NULL);

	if (r == 0 && strstr(text, "\"imageLayoutVersion\"") && strstr(text, "\"1.0.0\""))
		return 0;
	return report(f, "file", "oci-layout", 0, r == -ENOENT ? "missing" : "damaged");
}

static int drop_entry(struct fsck *f, const struct index_entry *entry)
{
	struct index_edit edit;
	json_t *item;
	size_t i;
	int r = index_begin(f->store, &edit);

	if (r < 0)
		return r;
	json_array_foreach(edit.manifests, i,
			   item) if (str_equal(index_digest(item), entry->digest.text))
	{
		(void)json_array_remove(edit.manifests, i);
		i--;
	}
	r = index_write(f->store, &edit);
	index_end(f->store, &edit);
	return r;
}

/*
 * One that was damaged or never there, from its blob; what fails will be told by its
 * first use.
 */
static void remake_layer(struct fsck *f, const struct image_layer *l)
{
	struct minc_transfer t = { .store = f->store, .err = f->store->err };

	if (!repairs(f) || store_has_layer(f->store, &l->diff_id))
		return;
	if (layer_from_blob(&t, &l->digest, &l->diff_id, 0) < 0)
		err_clear(f->store->err);
}

/*
 * A layer that is missing is no fault: it is made at its first use. A blob is. @ret_lost:
 * neither is there, so that the image cannot run any more.
 */
static int check_layers(struct fsck *f, const struct image *img, bool *ret_lost)
{
	char path[STORE_PATH_LEN];

	for (size_t i = 0; i < img->layers_len; i++) {
		const struct image_layer *l = &img->layers[i];

		if (store_has_blob(f->store, &l->digest, l->size)) {
			remake_layer(f, l);
			continue;
		}
		store_blob_path(digest_hex(&l->digest), path);
		if (!store_has_layer(f->store, &l->diff_id)) {
			*ret_lost = true;
			return report(f, "image",
				      *img->name ? img->name : img->manifest.text, 0,
				      "a layer of it is lost");
		}
		/* it runs, but cannot be pushed */
		if (report(f, "blob", path, l->size, "missing"))
			return f->stopped;
	}
	return 0;
}

/*
 * What a listing shows without looking further; entries of other tools say less, or other
 * things.
 */
static int check_listing(struct fsck *f, const struct index_entry *e,
			 const struct image *img)
{
	char reason[700];
	int r;

	if (!*e->config.text ||
	    (digest_equal(&e->config, &img->config) && e->created_ms == img->created_ms &&
	     (e->mounted_size == img->mounted_size || !img->mounted_size) &&
	     str_equal(e->architecture, img->architecture) && str_equal(e->os, img->os) &&
	     str_equal(e->variant, img->variant)))
		return 0;
	snprintf(reason, sizeof(reason), "what it says of %.511s is not so",
		 *e->name ? e->name : e->digest.text);
	if (repairs(f)) {
		r = store_index_add(f->store, e->media_type, &e->digest, e->size, e->name,
				    img->architecture, img->os, img->variant);
		if (r < 0)
			return r;
		f->faults--;
	}
	return report(f, "file", "index.json", 0, reason);
}

static int check_image(struct fsck *f, const struct index_entry *entry)
{
	const char *name = *entry->name ? entry->name : entry->digest.text;
	const int before = f->faults;
	char reason[256];
	struct image *img = NULL;
	bool lost = false;
	int r = image_load(f->store, entry, &img);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		/*
		 * a disk that cannot be read now may be read later: nothing is dropped
		 * for that
		 */
		lost = r == -EBADMSG || r == -ENOENT;
		snprintf(reason, sizeof(reason), "%.200s", f->store->err->message);
		err_clear(f->store->err);
		r = report(f, "image", name, 0, reason);
	} else {
		r = check_layers(f, img, &lost);
	}
	if (r == 0 && lost && repairs(f)) {
		r = drop_entry(f, entry);
		if (r == 0)
			f->faults = before;
	} else if (r == 0 && img) {
		r = check_listing(f, entry, img);
	}
	image_free(img);
	return r;
}

/*
 * A name that is another one now, or what another program has listed: nobody can tell
 * which, but what is listed is looked at like all else, and accepted with that.
 */
static int check_index(struct fsck *f)
{
	struct index_edit edit;
	int r = index_begin(f->store, &edit);

	if (r < 0) { /* check_images() says it */
		err_clear(f->store->err);
		return r == -EBADMSG ? 0 : r;
	}
	if (!edit.differs) {
		index_end(f->store, &edit);
		return 0;
	}
	if (repairs(f)) {
		index_accept(&edit);
		r = index_write(f->store, &edit);
	}
	index_end(f->store, &edit);
	if (r < 0)
		return r;
	f->faults -= repairs(f);
	return report(
		f, "file", "index.json", 0,
		repairs(f)
			? "accepted as it is: it was damaged, or changed by another program"
			: "damaged, or changed by another program: where its names are "
			  "right, --repair accepts it");
}

static int check_images(struct fsck *f)
{
	struct arena a = { NULL };
	struct index index;
	int r = store_index(f->store, &a, &index);

	if (r == -EBADMSG) {
		char reason[256];

		snprintf(reason, sizeof(reason), "%.200s", f->store->err->message);
		err_clear(f->store->err);
		r = report(f, "file", "index.json", 0, reason);
		arena_done(&a);
		return r;
	}
	for (size_t i = 0; r == 0 && i < index.len; i++)
		r = check_image(f, &index.entries[i]);
	arena_done(&a);
	return r;
}

int fsck_store(struct store *s, unsigned flags, minc_report_fn fn, void *data)
{
	struct fsck f = { .store = s, .flags = flags, .fn = fn, .data = data };
	int r = store_look(s);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* nothing there, nothing wrong */
	r = repairs(&f) ? store_own(s) : store_share(s);
	if (r < 0)
		return r;
	r = check_layout(&f);
	if (r == 0)
		r = contents_foreach(s, check_file, &f);
	if (r == 0)
		r = check_index(&f);
	if (r == 0)
		r = check_images(&f);
	if (repairs(&f))
		store_disown(s);
	else
		store_unshare(s);
	if (f.stopped)
		return f.stopped;
	return r < 0 ? r : f.faults;
}
