/* SPDX-License-Identifier: MIT */
/*
 * layer - one layer on its way into the store: its blob as it came, and
 * layers/DIFFID.sqfs. Behind the squashfs, where no kernel looks, lies one block that
 * says what all before it has to be.
 */
#include "transfer/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/hash.h"
#include "ns/userns.h"
#include "squash/squash-dir.h"
#include "squash/squash-tar.h"
#include "store/store-file.h"
#include "tar/decompress.h"
#include "tar/fd-source.h"
#include "tar/holes.h"

enum { SEAL_BYTES = 4096, DRAIN_BYTES = 64 << 10 };

/* What passes is written to a file and hashed. */
struct tee {
	struct byte_source source, *from;
	int fd;
	struct hash *hash;
	uint64_t bytes;
	unsigned char magic[DECOMPRESS_MAGIC];
};

static ssize_t read_tee(struct byte_source *s, void *buf, size_t len)
{
	struct tee *t = (struct tee *)s;
	const ssize_t n = t->from->read(t->from, buf, len);
	int r;

	if (n <= 0) {
		s->why = t->from->why;
		return n;
	}
	for (ssize_t i = 0; i < n && t->bytes + (uint64_t)i < DECOMPRESS_MAGIC; i++)
		t->magic[t->bytes + (uint64_t)i] = ((unsigned char *)buf)[i];
	r = holes_write(t->fd, buf, (size_t)n);
	if (r < 0)
		return r;
	hash_update(t->hash, buf, (size_t)n);
	t->bytes += (uint64_t)n;
	return n;
}

/* NULL: compressed in a way that is not OCI's, and inside of another one. */
static const char *media_of(const struct tee *t)
{
	switch (decompress_kind(t->magic)) {
	case 0:
		return MEDIA_OCI_LAYER;
	case DECOMPRESS_GZIP:
		return MEDIA_OCI_LAYER_GZIP;
	case DECOMPRESS_ZSTD:
		return MEDIA_OCI_LAYER_ZSTD;
	default:
		return NULL;
	}
}

static void seal_text(char block[SEAL_BYTES], const struct digest *content,
		      const struct digest *diff_id)
{
	memset(block, 0, SEAL_BYTES);
	snprintf(block, SEAL_BYTES, "minc-layer 1\ncontent %s\ndiff-id %s\n",
		 content->text, diff_id->text);
}

static int seal(struct err *e, const char *what, int fd, const struct digest *diff_id)
{
	char block[SEAL_BYTES];
	struct digest content;
	int r = hash_fd(fd, &content);

	if (r == 0) {
		seal_text(block, &content, diff_id);
		r = lseek(fd, 0, SEEK_END) < 0 ? -errno
					       : io_write_all(fd, block, sizeof(block));
	}
	return r < 0 ? err_set(e, r, "%s: writing the layer", what) : 0;
}

int layer_check(int fd, const struct digest *diff_id)
{
	char block[SEAL_BYTES], found[SEAL_BYTES];
	struct digest content;
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= SEAL_BYTES)
		return -EBADMSG;
	r = hash_part(fd, (uint64_t)st.st_size - SEAL_BYTES, &content);
	if (r < 0)
		return r;
	n = io_read_at(fd, found, sizeof(found), st.st_size - SEAL_BYTES);
	if (n < 0)
		return (int)n;
	seal_text(block, &content, diff_id);
	return n == SEAL_BYTES && memcmp(block, found, sizeof(block)) == 0 ? 0 : -EBADMSG;
}

static void limits_of(const struct minc_transfer *t, struct squash_limits *ret)
{
	*ret = (struct squash_limits){ .max_bytes = t->number[MINC_TRANSFER_MAX_BYTES],
				       .max_entries =
					       t->number[MINC_TRANSFER_MAX_ENTRIES],
				       .threads =
					       (unsigned)t->number[MINC_TRANSFER_THREADS],
				       .budget = t->budget };
}

struct watched {
	struct minc_transfer *t;
	const char *what;
	uint64_t total;
};

static int tell(uint64_t bytes, void *data)
{
	const struct watched *w = data;

	return w->t->progress ? w->t->progress(w->what, bytes, w->total, w->t->data) : 0;
}

/* The layer's file gets its seal and its name. */
static int commit_layer(struct minc_transfer *t, const char *what, struct store_file *f,
			const struct digest *diff_id)
{
	char name[DIGEST_HEX + 8];
	int r = seal(t->err, what, f->fd, diff_id);

	snprintf(name, sizeof(name), "%s.sqfs", digest_hex(diff_id));
	return r < 0 ? r : store_file_commit(t->store, f, name, false);
}

static void tell_acls(const struct minc_transfer *t, const char *what,
		      const struct squash_result *result)
{
	char line[256];

	if (!result->acls_dropped || !t->store->warn)
		return;
	snprintf(line, sizeof(line), "%s: %u POSIX ACLs are left out", what,
		 result->acls_dropped);
	t->store->warn(line, t->store->warn_data);
}

static int squash_tee(struct minc_transfer *t, const char *what, struct tee *tee,
		      layer_lists_fn *lists, void *data, struct store_file *blob,
		      struct store_file *image, struct layer_made *ret)
{
	struct watched w = { t, what, 0 };
	struct squash_limits limits;
	struct squash_result result;
	char rest[DRAIN_BYTES];
	ssize_t n;
	int r;

	limits_of(t, &limits);
	r = squash_tar(t->err, what, &tee->source, image->fd, !lists, &limits, tell, &w,
		       &result);
	if (r == 0 && lists && result.lists)
		r = lists(data);
	if (r != 0)
		return r;
	n = read_tee(&tee->source, rest, sizeof(rest));
	if (n != 0)
		return n < 0 ? err_set(t->err, (int)n, "%s", what)
			     : err_say(t->err, -EBADMSG,
				       "%s: something follows the end of the tar", what);
	tell_acls(t, what, &result);
	ret->media_type = media_of(tee);
	if (!ret->media_type)
		return err_say(t->err, -EBADMSG, "%s: compressed more than once", what);
	ret->blob_bytes = tee->bytes;
	ret->diff_id = result.diff_id;
	ret->layer_bytes = result.image_bytes;
	hash_end(tee->hash, &ret->blob);
	tee->hash = NULL;
	r = holes_end(blob->fd);
	if (r < 0)
		return err_set(t->err, r, "%s: writing the archive", what);
	r = store_blob_commit(t->store, blob, &ret->blob);
	return r < 0 ? r : commit_layer(t, what, image, &ret->diff_id);
}

/* gzip and zstd stay as they are; OCI has no word for the others. */
int layer_from_stream(struct minc_transfer *t, const char *what,
		      struct byte_source *source, layer_lists_fn *lists, void *data,
		      struct layer_made *ret)
{
	struct store_file blob = { .fd = -EBADF }, image = { .fd = -EBADF };
	struct layer_made made = { .layer_bytes = 0 };
	struct byte_source *plain =
		decompress_new(source, DECOMPRESS_XZ | DECOMPRESS_BZIP2, t->budget);
	struct tee tee = { .source = { .read = read_tee, .packed = source->packed },
			   .from = plain,
			   .hash = hash_new() };
	int r = plain && tee.hash ? 0 : err_set(t->err, -ENOMEM, "%s", what);

	if (r == 0)
		r = store_file_new(t->store, STORE_BLOBS, &blob);
	if (r == 0)
		r = store_file_new(t->store, "layers", &image);
	if (r == 0) {
		tee.fd = blob.fd;
		r = squash_tee(t, what, &tee, lists, data, &blob, &image, &made);
	}
	store_file_abandon(&blob);
	store_file_abandon(&image);
	hash_free(tee.hash);
	decompress_free(plain);
	if (r == 0)
		*ret = made;
	return r;
}

struct packing {
	const char *what;
	int dir, image, blob;
	bool upper, userxattr;
	const struct squash_limits *limits;
	const struct squash_owners *owners;
	squash_progress_fn *progress;
	void *watched; /* for the former; not called in another process */
	struct squash_result result;
};

static int pack(struct err *e, void *data)
{
	struct packing *p = data;

	return squash_dir(e, p->what, p->dir, p->upper, p->userxattr, p->owners, p->image,
			  p->blob, p->limits, p->progress, p->watched, &p->result);
}

/*
 * A caller with subordinate ids reads as root of a namespace that has them, where files
 * have the owners that the container saw. One with a single id is root in its container:
 * who else owns a file is refused, not guessed.
 */
static int pack_as_inside(struct err *e, struct packing *p)
{
	struct squash_ids uids = { .outside = geteuid(), .count = 1 };
	struct squash_ids gids = { .outside = getegid(), .count = 1 };
	const struct squash_owners self = {
		.uids = &uids, .gids = &gids, .uids_len = 1, .gids_len = 1
	};
	int r = userns_run(e, pack, p, sizeof(*p));

	if (r != -ENOTSUP)
		return r;
	p->owners = geteuid() == 0 ? NULL : &self;
	p->progress = tell;
	return pack(e, p);
}

int layer_from_dir(struct minc_transfer *t, const char *what, int dir, bool upper,
		   bool userxattr, const struct squash_owners *owners, uint64_t packed,
		   const char *const *without, struct layer_made *ret)
{
	struct store_file blob = { .fd = -EBADF }, image = { .fd = -EBADF };
	struct watched w = { t, what, 0 };
	struct squash_limits limits;
	struct packing p = { .what = what,
			     .dir = dir,
			     .upper = upper,
			     .userxattr = userxattr,
			     .limits = &limits,
			     .watched = &w,
			     .owners = owners,
			     .progress = upper ? NULL : tell };
	const struct squash_result *const made = &p.result;
	int r = store_file_new(t->store, STORE_BLOBS, &blob);

	limits_of(t, &limits);
	limits.packed = packed;
	limits.without = without;
	if (r == 0)
		r = store_file_new(t->store, "layers", &image);
	p.blob = blob.fd;
	p.image = image.fd;
	if (r == 0)
		r = upper ? pack_as_inside(t->err, &p) : pack(t->err, &p);
	if (r == 0) {
		tell_acls(t, what, made);
		r = store_blob_commit(t->store, &blob, &made->diff_id);
	}
	if (r == 0)
		r = commit_layer(t, what, &image, &made->diff_id);
	store_file_abandon(&blob);
	store_file_abandon(&image);
	if (r == 0)
		/* it is not compressed */
		*ret = (struct layer_made){ .blob = made->diff_id,
					    .diff_id = made->diff_id,
					    .blob_bytes = made->tar_bytes,
					    .layer_bytes = made->image_bytes,
					    .media_type = MEDIA_OCI_LAYER };
	return r;
}

int layer_from_blob(struct minc_transfer *t, const struct digest *blob,
		    const struct digest *diff_id, unsigned threads)
{
	struct store_file image = { .fd = -EBADF };
	cleanup_close int fd = -EBADF;
	struct squash_limits limits;
	struct squash_result result;
	struct fd_source source;
	struct watched w = { t, NULL, 0 };
	char what[64];
	int r;

	snprintf(what, sizeof(what), "layer %.12s", digest_hex(blob));
	w.what = what;
	fd = store_open_blob(t->store, blob, &w.total);
	if (fd < 0)
		return err_set(t->err, fd, "%s: its blob", what);
	fd_source_init(&source, fd);
	limits_of(t, &limits);
	limits.threads = threads;
	r = store_file_new(t->store, "layers", &image);
	if (r == 0)
		r = squash_tar(t->err, what, &source.source, image.fd, true, &limits,
			       tell, &w, &result);
	if (r == 0 && !digest_equal(&result.diff_id, diff_id))
		r = err_say(t->err, -EBADMSG,
			    "%s: its content is %.19s..., the config says %.19s...", what,
			    result.diff_id.text, diff_id->text);
	if (r == 0)
		r = commit_layer(t, what, &image, diff_id);
	store_file_abandon(&image);
	return r;
}

static int copy_checked(struct minc_transfer *t, const char *what,
			struct byte_source *source, int fd, const struct digest *d,
			uint64_t size)
{
	struct tee tee = { .source = { .read = read_tee },
			   .from = source,
			   .fd = fd,
			   .hash = hash_new() };
	struct watched w = { t, what, size };
	cleanup_free char *buf = malloc(1 << 20);
	struct digest found;
	ssize_t n = buf && tee.hash ? 1 : -ENOMEM;
	int stop = 0;

	while (n > 0 && tee.bytes <= size && !stop) {
		n = read_tee(&tee.source, buf, 1 << 20);
		stop = tell(tee.bytes, &w);
	}
	if (n < 0 || stop) {
		hash_free(tee.hash);
		return err_set(t->err, stop ? -ECANCELED : (int)n, "%s", what);
	}
	hash_end(tee.hash, &found);
	if (tee.bytes != size)
		return err_say(t->err, -EBADMSG, "%s: %s%llu bytes instead of %llu", what,
			       tee.bytes > size ? "more than " : "",
			       (unsigned long long)(tee.bytes > size ? size : tee.bytes),
			       (unsigned long long)size);
	if (!digest_equal(&found, d))
		return err_say(t->err, -EBADMSG, "%s: its digest is %.19s...", what,
			       found.text);
	return 0;
}

int blob_from_stream(struct minc_transfer *t, const char *what,
		     struct byte_source *source, const struct digest *d, uint64_t size)
{
	struct store_file f;
	int r = store_file_new(t->store, STORE_BLOBS, &f);

	if (r < 0)
		return r;
	r = copy_checked(t, what, source, f.fd, d, size);
	if (r == 0)
		r = store_blob_commit(t->store, &f, d);
	store_file_abandon(&f);
	return r;
}
