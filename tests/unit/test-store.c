/* SPDX-License-Identifier: MIT */
/*
 * A store on disk: made, filled, named, removed from, by one process and by many; with
 * every allocation and every kind of leftover in its way.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "change/subtree.h"
#include "manage/containers.h"
#include "manage/prune.h"
#include "manage/remove.h"
#include "manage/tag.h"
#include "manage/usage.h"
#include "store/find.h"
#include "store/index.h"
#include "store/store-file.h"
#include "suite.h"

enum { PROCESSES = 8, ROUNDS = 20 };

static char base[32];
static struct err err;
static struct store *s;

static void open_store(void)
{
	ck_assert_int_eq(store_open(&err, base, &s), 0);
}

static void setup(void)
{
	strcpy(base, "/tmp/minc-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	ck_assert_int_eq(rmdir(base), 0); /* it is made when something is to be kept */
	err_clear(&err);
	open_store();
}

static void teardown(void)
{
	int top = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	s = store_free(s);
	ck_assert_int_eq(subtree_remove(top, base + 5), 0);
	close(top);
}

/* Not SHA-256: a store does not hash what it is told the digest of. */
static struct digest digest(unsigned n, char kind)
{
	struct digest ret;

	snprintf(ret.text, sizeof(ret.text), "sha256:%c%063x", kind, n);
	return ret;
}

static void put_layer(const struct digest *diff_id)
{
	struct store_file f;
	char name[80];

	ck_assert_int_eq(store_file_new(s, "layers", &f), 0);
	ck_assert_int_eq(io_write_all(f.fd, "layer", 5), 0);
	snprintf(name, sizeof(name), "%s.sqfs", digest_hex(diff_id));
	ck_assert_int_eq(store_file_commit(s, &f, name, false), 0);
}

/* Image @n has a layer of its own and one that all share; returns its manifest. */
static struct digest put_image(unsigned n, const char *name)
{
	struct digest config = digest(n, 'c'), manifest = digest(n, 'a'),
		      own = digest(n, 'd'), all = digest(0, 'e');
	char text[2000];
	int len;

	ck_assert_int_eq(store_share(s), 0);
	len = snprintf(
		text, sizeof(text),
		"{\"created\":\"2024-01-01T00:00:%02uZ\",\"architecture\":\"amd64\",\"os\":"
		"\"linux\",\"config\":{\"Cmd\":[\"run%u\"]},\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"%s\",\"%s\"]}}",
		n % 60, n, all.text, own.text);
	ck_assert_int_eq(store_write_blob(s, &config, text, (size_t)len), 0);
	len = snprintf(
		text, sizeof(text),
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG
		"\",\"digest\":\"%s\",\"size\":%d},\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER
		"\",\"digest\":\"%s\",\"size\":3},{\"mediaType\":\"" MEDIA_OCI_LAYER
		"\",\"digest\":\"%s\",\"size\":3}]}",
		config.text, len, digest(0, 'b').text, digest(n, 'b').text);
	ck_assert_int_eq(store_write_blob(s, &manifest, text, (size_t)len), 0);
	put_layer(&all);
	put_layer(&own);
	ck_assert_int_eq(store_sync(s), 0);
	ck_assert_int_eq(store_index_add(s, MEDIA_OCI_MANIFEST, &manifest, (uint64_t)len,
					 name, "amd64", "linux", ""),
			 0);
	store_unshare(s);
	return manifest;
}

static bool has(const char *format, const struct digest *d)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s/%s%s", base, format, digest_hex(d),
		 strcmp(format, "layers") == 0 ? ".sqfs" : "");
	return access(path, F_OK) == 0;
}

static int list(struct image *img, void *data)
{
	char *text = data;

	strcat(text, *img->name ? img->name : "-");
	strcat(text, " ");
	return 0;
}

static const char *names(void)
{
	static char text[65536];

	*text = '\0';
	ck_assert_int_eq(image_foreach(s, list, text), 0);
	return text;
}

static int find(const char *name, struct image **ret)
{
	err_clear(&err);
	return image_find(s, name, ret);
}

START_TEST(nothing_is_written_before_something_is_kept)
{
	struct image *img;

	ck_assert_str_eq(names(), "");
	ck_assert_int_eq(find("a", &img), -ENOENT);
	ck_assert_int_eq(image_remove(s, "a", 0, NULL, NULL), -ENOENT);
	ck_assert_int_eq(access(base, F_OK), -1);
	ck_assert_int_eq(store_make(s), 0);
}
END_TEST

START_TEST(a_directory_of_something_else_is_left_alone)
{
	struct store *other;

	ck_assert_int_eq(store_make(s), 0);
	ck_assert_int_eq(unlinkat(s->dir, "oci-layout", 0), 0);
	ck_assert_int_eq(mkdirat(s->dir, "images", 0700), 0);
	ck_assert_int_eq(store_open(&err, base, &other), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.message, "holds something else: images"));
}
END_TEST

START_TEST(a_newer_layout_is_refused)
{
	struct store *other;

	ck_assert_int_eq(store_make(s), 0);
	ck_assert_int_eq(io_replace_file(s->dir, "oci-layout",
					 "{\"imageLayoutVersion\":\"2.0.0\"}", 30),
			 0);
	ck_assert_int_eq(store_open(&err, base, &other), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.message, "version 2.0.0 is not known"));
}
END_TEST

START_TEST(an_image_is_found_by_all_it_is_called)
{
	static const char *const ways[] = { "one", "one:latest", "docker.io/library/one",
					    NULL,  NULL,         NULL };
	struct digest d = put_image(1, "one");
	struct image *img;

	put_image(2, "two:2");
	for (size_t i = 0; ways[i]; i++) {
		ck_assert_int_eq(find(ways[i], &img), 0);
		ck_assert_str_eq(img->manifest.text, d.text);
		ck_assert_str_eq(img->cmd[0], "run1");
		ck_assert_str_eq(img->name, "one:latest");
		ck_assert_uint_eq(img->mounted_size, 10);
		img = image_free(img);
	}
	ck_assert_int_eq(find(d.text, &img), 0);
	img = image_free(img);
	ck_assert_int_eq(find(digest(2, 'c').text + 7, &img), 0);
	ck_assert_str_eq(img->name, "two:2");
	img = image_free(img);
	ck_assert_int_eq(
		find("one@sha256:a000000000000000000000000000000000000000000000000000000000000001",
		     &img),
		0);
	img = image_free(img);
	ck_assert_int_eq(find("c000", &img), -ENOTUNIQ);
	ck_assert_int_eq(find("two", &img), -ENOENT);
	ck_assert_int_eq(find("c1", &img), -ENOENT);
	ck_assert_int_eq(find("no name", &img), -EINVAL);
}
END_TEST

START_TEST(a_name_is_preferred_to_an_id)
{
	struct image *img;

	put_image(1, "c0");
	put_image(2, "two");
	ck_assert_int_eq(find("c0", &img), 0);
	ck_assert_str_eq(img->cmd[0], "run1");
	img = image_free(img);
}
END_TEST

START_TEST(images_are_listed_newest_first_without_reading_them)
{
	struct digest d = put_image(1, "one");
	char path[200];

	put_image(3, "three");
	put_image(2, "two");
	snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(&d));
	ck_assert_int_eq(unlinkat(s->dir, path, 0), 0);
	ck_assert_str_eq(names(), "three:latest two:latest one:latest ");
}
END_TEST

START_TEST(a_name_moves_and_the_old_image_stays)
{
	struct image *img;

	put_image(1, "a:1");
	put_image(2, "a:1");
	ck_assert_str_eq(names(), "a:1 - ");
	ck_assert_int_eq(find("a:1", &img), 0);
	ck_assert_int_eq(image_tag(s, img, "b"), 0);
	ck_assert_int_eq(image_tag(s, img, "b"), 0);
	img = image_free(img);
	ck_assert_str_eq(names(), "b:latest a:1 - ");
	put_image(3, "b");
	ck_assert_str_eq(names(), "b:latest a:1 - ");
	put_image(2, "");
	ck_assert_str_eq(names(), "b:latest a:1 - ");
	put_image(1, "c");
	ck_assert_str_eq(names(), "b:latest a:1 c:latest ");
}
END_TEST

START_TEST(names_for_images_are_names)
{
	struct image *img;

	put_image(1, "a");
	ck_assert_int_eq(find("a", &img), 0);
	ck_assert_int_eq(image_tag(s, img, "../x"), -EINVAL);
	ck_assert_int_eq(
		image_tag(
			s, img,
			"x@sha256:a000000000000000000000000000000000000000000000000000000000000001"),
		-EINVAL);
	err_clear(&err);
	ck_assert_int_eq(image_remove(s, "a", 0, NULL, NULL), 0);
	ck_assert_int_eq(image_tag(s, img, "x"), -ENOENT);
	img = image_free(img);
}
END_TEST

START_TEST(the_last_name_takes_the_files_along_that_nothing_else_needs)
{
	struct digest own = digest(1, 'd'), all = digest(0, 'e'), config = digest(1, 'c');
	struct digest m = put_image(1, "a");
	struct image *img;

	put_image(2, "b");
	ck_assert_int_eq(find("a", &img), 0);
	ck_assert_int_eq(image_tag(s, img, "aa"), 0);
	img = image_free(img);
	ck_assert_int_eq(image_remove(s, "a", 0, NULL, NULL), 0);
	ck_assert(has("layers", &own));
	ck_assert_int_eq(image_remove(s, "aa", 0, NULL, NULL), 0);
	ck_assert(!has("layers", &own) && !has("blobs/sha256", &config) &&
		  !has("blobs/sha256", &m));
	ck_assert(has("layers", &all));
	ck_assert_str_eq(names(), "b:latest ");
	ck_assert_int_eq(find("b", &img), 0);
	img = image_free(img);
	ck_assert_int_eq(image_remove(s, "b", 0, NULL, NULL), 0);
	ck_assert(!has("layers", &all));
}
END_TEST

START_TEST(an_image_without_its_name_stays_if_only_that_shall_go)
{
	struct digest own = digest(1, 'd');

	put_image(1, "a");
	ck_assert_int_eq(image_remove(s, "a", MINC_REMOVE_UNTAG, NULL, NULL), 0);
	ck_assert_str_eq(names(), "- ");
	ck_assert(has("layers", &own));
	ck_assert_int_eq(image_remove(s, digest(1, 'c').text + 7, 0, NULL, NULL), 0);
	ck_assert_str_eq(names(), "");
}
END_TEST

static int note(const char *kind, const char *id, const char *name, void *data)
{
	strcat(data, kind);
	strcat(data, " ");
	strcat(data, name);
	strcat(data, " ");
	return id ? 0 : 1;
}

START_TEST(what_depends_on_an_image_is_named)
{
	struct image *img;
	char text[200] = "", *id;

	put_image(1, "a");
	ck_assert_int_eq(find("a", &img), 0);
	ck_assert_int_eq(containers_create(s, img, "box", "how", &id), 0);
	free(id);
	ck_assert_int_eq(image_remove(s, "a", 0, note, text), -EBUSY);
	ck_assert_str_eq(text, "container box ");
	ck_assert_str_eq(err.message, "image a: used by 1 container");
	err_clear(&err);
	*text = '\0';
	ck_assert_int_eq(image_tag(s, img, "b"), 0);
	ck_assert_int_eq(image_remove(s, digest_hex(&img->config), 0, note, text),
			 -EBUSY);
	ck_assert_str_eq(text, "image a:latest image b:latest ");
	ck_assert_int_eq(image_remove(s, digest_hex(&img->config), MINC_REMOVE_FORCE,
				      NULL, NULL),
			 0);
	ck_assert_str_eq(names(), "");
	img = image_free(img);
}
END_TEST

static int count(const char *what, const char *name, uint64_t bytes, const char *reason,
		 void *data)
{
	strcat(data, what);
	strcat(data, *reason ? "! " : " ");
	return name && bytes == UINT64_MAX ? 1 : 0;
}

START_TEST(files_stay_while_somebody_writes)
{
	struct digest own = digest(1, 'd');
	struct store *other;
	struct err theirs = { 0 };

	put_image(1, "a");
	ck_assert_int_eq(store_open(&theirs, base, &other), 0);
	ck_assert_int_eq(store_share(other), 0);
	ck_assert_int_eq(image_remove(s, "a", 0, NULL, NULL), 0);
	ck_assert_str_eq(names(), "");
	ck_assert(has("layers", &own));
	other = store_free(other);
	ck_assert_int_eq(store_prune(s, 0, count, (char[200]){ "" }), 0);
	ck_assert(!has("layers", &own));
}
END_TEST

START_TEST(prune_removes_what_is_asked_for)
{
	char text[1000] = "", *id;
	struct image *img;

	put_image(1, "a");
	put_image(2, "a");
	put_image(3, "c");
	ck_assert_int_eq(find("c", &img), 0);
	ck_assert_int_eq(containers_create(s, img, NULL, NULL, &id), 0);
	free(id);
	img = image_free(img);
	ck_assert_int_eq(store_prune(s, 0, count, text), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(store_prune(s, MINC_PRUNE_UNNAMED | MINC_PRUNE_DRY, count, text),
			 0);
	ck_assert_str_eq(text, "image layer blob blob ");
	ck_assert_str_eq(names(), "c:latest a:latest - ");
	ck_assert_int_eq(store_prune(s, MINC_PRUNE_UNUSED, count, text), 0);
	ck_assert_str_eq(names(), "c:latest ");
	*text = '\0';
	ck_assert_int_eq(store_prune(s, MINC_PRUNE_UNUSED | MINC_PRUNE_CONTAINERS, count,
				     text),
			 0);
	ck_assert_str_eq(text, "container image layer layer blob blob ");
	ck_assert_str_eq(names(), "");
}
END_TEST

START_TEST(usage_tells_what_nothing_needs)
{
	char text[1000] = "";

	put_image(1, "a");
	ck_assert_int_eq(store_share(s), 0);
	put_layer(&(struct digest){
		"sha256:f000000000000000000000000000000000000000000000000000000000000001" });
	store_unshare(s);
	ck_assert_int_eq(store_usage(s, count, text), 0);
	ck_assert_ptr_nonnull(strstr(text, "layer! "));
	ck_assert_int_eq(strncmp(text, "image ", 6), 0);
}
END_TEST

/* One without an image, one whose description is no JSON, one without a description. */
START_TEST(broken_containers_neither_stop_nor_hide_others)
{
	struct minc_kept *k;
	char text[4000] = "", path[100], *id;
	struct image *img;

	put_image(1, "a");
	put_image(2, "b");
	ck_assert_int_eq(image_find(s, "a", &img), 0);
	ck_assert_int_eq(containers_create(s, NULL, "bare", NULL, &id), 0);
	free(id);
	ck_assert_int_eq(containers_create(s, NULL, "broken", NULL, &id), 0);
	snprintf(path, sizeof(path), "containers/%s", id);
	close(openat(s->dir, "x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_eq(renameat(s->dir, "x", s->dir, strcat(path, "/container.json")),
			 0);
	free(id);
	ck_assert_int_eq(containers_create(s, NULL, "empty", NULL, &id), 0);
	snprintf(path, sizeof(path), "containers/%s/container.json", id);
	ck_assert_int_eq(unlinkat(s->dir, path, 0), 0);
	free(id);
	memset(text, 'f', DIGEST_HEX); /* no directory at all */
	snprintf(path, sizeof(path), "containers/%.64s", text);
	close(openat(s->dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	*text = '\0';
	ck_assert_int_eq(containers_create(s, img, "good", NULL, &id), 0);
	image_free(img);
	ck_assert_int_eq(store_usage(s, count, text), 0);
	ck_assert_ptr_nonnull(strstr(strstr(text, "container! "), "container! "));
	*text = '\0';
	ck_assert_int_eq(store_prune(s, MINC_PRUNE_UNUSED, count, text), 0);
	ck_assert_int_eq(image_find(s, "a", &img), 0);
	image_free(img);
	ck_assert_int_eq(image_find(s, "b", &img), -ENOENT);
	err_clear(&err);
	ck_assert_int_eq(store_prune(s, MINC_PRUNE_CONTAINERS, count, text), 0);
	ck_assert_int_eq(containers_find(s, "bare", &k), -ENOENT);
	ck_assert_int_eq(containers_find(s, id, &k), -ENOENT);
	free(id);
}
END_TEST

START_TEST(what_a_killed_process_left_is_swept_by_the_next)
{
	put_image(1, "a");
	close(openat(s->dir, "layers/.tmp-1-0", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_eq(mkdirat(s->dir, "containers/.tmp-1-0", 0700), 0);
	ck_assert_int_eq(mkdirat(s->dir, "containers/.tmp-1-0/storage", 0000), 0);
	ck_assert_int_eq(store_share(s), 0);
	store_unshare(s);
	ck_assert_int_eq(faccessat(s->dir, "layers/.tmp-1-0", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(s->dir, "containers/.tmp-1-0", F_OK, 0), -1);
}
END_TEST

START_TEST(what_another_tool_keeps_in_the_index_is_kept)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"x\":{\"y\":1},\"manifests\":[{\"mediaType\":\"text/plain\","
		"\"digest\":\"sha512:00\",\"size\":1,\"z\":[7]}]}";
	char *now;

	ck_assert_int_eq(store_make(s), 0);
	ck_assert_int_eq(io_replace_file(s->dir, "index.json", text, sizeof(text) - 1),
			 0);
	put_image(1, "a");
	ck_assert_int_eq(image_remove(s, "a", 0, NULL, NULL), 0);
	ck_assert_int_eq(io_read_file(s->dir, "index.json", 10000, &now, NULL), 0);
	/* and our checksum follows */
	ck_assert_int_eq(strncmp(now, text, sizeof(text) - 2), 0);
	ck_assert(str_starts_with(now + sizeof(text) - 2,
				  ",\"annotations\":{\"org.libminc.sum\":\""));
	free(now);
}
END_TEST

START_TEST(a_damaged_image_is_left_out_and_can_be_removed)
{
	struct digest d = put_image(1, "a");
	struct image *img;
	char path[200];

	put_image(2, "b");
	snprintf(path, sizeof(path), "%s/blobs/sha256/%s", base, digest_hex(&d));
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert_int_eq(find("a", &img), -EBADMSG);
	ck_assert_int_eq(find("b", &img), 0);
	img = image_free(img);
	err_clear(&err);
	ck_assert_int_eq(image_remove(s, "a", 0, NULL, NULL), 0);
	ck_assert_str_eq(names(), "b:latest ");
}
END_TEST

START_TEST(a_blob_of_another_length_is_written_again)
{
	const struct digest d = digest(1, 'a');
	struct arena a = { NULL };
	char path[DIGEST_LEN + 64];
	const char *text;
	size_t len;

	ck_assert_int_eq(store_share(s), 0);
	ck_assert_int_eq(store_write_blob(s, &d, "{\"a\":1}", 7), 0);
	snprintf(path, sizeof(path), "%s/blobs/sha256/%s", base, digest_hex(&d));
	ck_assert_int_eq(truncate(path, 3), 0);
	ck_assert_int_eq(store_write_blob(s, &d, "{\"a\":1}", 7), 0);
	ck_assert_int_eq(store_read_blob(s, &a, &d, &text, &len), 0);
	ck_assert_uint_eq(len, 7);
	arena_done(&a);
	store_unshare(s);
}
END_TEST

START_TEST(a_link_or_a_fifo_is_no_blob)
{
	struct digest d = put_image(1, "a");
	struct image *img;
	char path[200];

	snprintf(path, sizeof(path), "%s/blobs/sha256/%s", base, digest_hex(&d));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_eq(find("a", &img), -EBADMSG);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(find("a", &img), -EBADMSG);
}
END_TEST

START_TEST(containers_have_unique_names_and_go_as_a_whole)
{
	struct minc_kept *k;
	char *a, *b;

	ck_assert_int_eq(containers_create(s, NULL, "one", "text", &a), 0);
	ck_assert_int_eq(containers_create(s, NULL, "one", NULL, &b), -EEXIST);
	ck_assert_int_eq(containers_create(s, NULL, "../x", NULL, &b), -EINVAL);
	err_clear(&err);
	ck_assert_int_eq(containers_create(s, NULL, NULL, NULL, &b), 0);
	ck_assert_int_eq(containers_find(s, "one", &k), 0);
	ck_assert_str_eq(k->id, a);
	ck_assert_str_eq(k->note, "text");
	ck_assert_int_eq(containers_rename(s, k, "two"), 0);
	ck_assert_str_eq(k->name, "two");
	k = containers_free(k);
	a[40] = '\0';
	ck_assert_int_eq(containers_find(s, a, &k), 0);
	ck_assert_str_eq(k->name, "two");
	ck_assert_int_eq(containers_delete(s, k), 0);
	k = containers_free(k);
	ck_assert_int_eq(containers_find(s, a, &k), -ENOENT);
	free(a);
	free(b);
}
END_TEST

START_TEST(a_container_that_runs_is_not_removed)
{
	struct minc_kept *k;
	char *id, text[200] = "";
	int fd;

	ck_assert_int_eq(containers_create(s, NULL, NULL, NULL, &id), 0);
	ck_assert_int_eq(containers_find(s, id, &k), 0);
	fd = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(containers_delete(s, k), -EBUSY);
	err_clear(&err);
	ck_assert_int_eq(store_prune(s, MINC_PRUNE_CONTAINERS, count, text), 0);
	ck_assert_str_eq(text, "");
	close(fd);
	ck_assert_int_eq(containers_delete(s, k), 0);
	k = containers_free(k);
	free(id);
}
END_TEST

/* Who owns the store removes temporary names, and an index has one on its way. */
START_TEST(nobody_owns_a_store_whose_index_changes)
{
	struct index_edit edit;
	int status;

	put_image(1, "one");
	ck_assert_int_eq(index_begin(s, &edit), 0);
	if (fork() == 0) {
		s = store_free(s);
		open_store();
		_exit(store_own_now(s) == -EWOULDBLOCK ? 0 : 1);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	index_end(s, &edit);
	ck_assert_int_eq(store_own_now(s), 0);
	store_disown(s);
}
END_TEST

/* One of many: images of its own come and go, a name all want moves. */
static void work(unsigned me)
{
	struct image *img;
	char name[32];

	s = store_free(s);
	open_store();
	for (unsigned i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "p%u:%u", me, i);
		put_image(100 * me + i + 1, name);
		ck_assert_int_eq(find(name, &img), 0);
		ck_assert_int_eq(image_tag(s, img, "wanted"), 0);
		img = image_free(img);
		if (i % 2)
			ck_assert_int_eq(image_remove(s, name, 0, NULL, NULL), 0);
		else if (i % 4 == 0)
			ck_assert_int_eq(store_prune(s, MINC_PRUNE_UNNAMED, count,
						     (char[65536]){ "" }),
					 0);
	}
	_exit(0);
}

static int check_whole(struct image *img, void *data)
{
	ck_assert_int_eq(image_whole(img, &err), 0);
	for (size_t i = 0; i < img->layers_len; i++)
		ck_assert_uint_eq(img->layers[i].mounted_size, 5);
	*(int *)data += 1;
	return 0;
}

START_TEST(processes_do_not_disturb_each_other)
{
	int status, images = 0;

	for (unsigned i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			work(i);
	for (unsigned i = 0; i < PROCESSES; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(image_foreach(s, check_whole, &images), 0);
	ck_assert_int_ge(images, PROCESSES * ROUNDS / 2);
	ck_assert_int_eq(store_prune(s, MINC_PRUNE_UNNAMED, count, (char[65536]){ "" }),
			 0);
	images = 0;
	ck_assert_int_eq(image_foreach(s, check_whole, &images), 0);
	ck_assert_int_ge(images, PROCESSES * ROUNDS / 2);
}
END_TEST

#define RUN(name) tcase_add_test(t, name)

int main(void)
{
	TCase *t = tcase_create("store");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	RUN(nothing_is_written_before_something_is_kept);
	RUN(a_directory_of_something_else_is_left_alone);
	RUN(a_newer_layout_is_refused);
	RUN(an_image_is_found_by_all_it_is_called);
	RUN(a_name_is_preferred_to_an_id);
	RUN(images_are_listed_newest_first_without_reading_them);
	RUN(a_name_moves_and_the_old_image_stays);
	RUN(names_for_images_are_names);
	RUN(the_last_name_takes_the_files_along_that_nothing_else_needs);
	RUN(an_image_without_its_name_stays_if_only_that_shall_go);
	RUN(what_depends_on_an_image_is_named);
	RUN(files_stay_while_somebody_writes);
	RUN(prune_removes_what_is_asked_for);
	RUN(usage_tells_what_nothing_needs);
	RUN(broken_containers_neither_stop_nor_hide_others);
	RUN(what_a_killed_process_left_is_swept_by_the_next);
	RUN(what_another_tool_keeps_in_the_index_is_kept);
	RUN(a_damaged_image_is_left_out_and_can_be_removed);
	RUN(a_blob_of_another_length_is_written_again);
	RUN(a_link_or_a_fifo_is_no_blob);
	RUN(containers_have_unique_names_and_go_as_a_whole);
	RUN(a_container_that_runs_is_not_removed);
	RUN(nobody_owns_a_store_whose_index_changes);
	RUN(processes_do_not_disturb_each_other);
	return run_case("store", t);
}
