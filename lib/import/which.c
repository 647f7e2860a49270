/* SPDX-License-Identifier: MIT */
/* which - see which.h. */
#include "import/which.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "import/layout.h"
#include "import/members.h"
#include "store/store-file.h"
#include "json/json.h"

/* NULL in *ret if it is no JSON. */
static int parse(const char *text, size_t len, json_t **ret)
{
	int r = json_text_read(text, len, ret, NULL);

	if (r == -EBADMSG)
		*ret = NULL;
	return r == -EBADMSG ? 0 : r;
}

static bool is_docker(json_t *list)
{
	json_t *first = json_array_get(list, 0);

	return json_is_string(json_object_get(first, "Config")) &&
	       json_is_array(json_object_get(first, "Layers"));
}

/* One of a registry, which skopeo's "dir:" keeps beside the blobs that it names. */
static bool is_manifest(json_t *o)
{
	return json_is_integer(json_object_get(o, "schemaVersion")) &&
	       (json_is_array(json_object_get(o, "layers")) ||
		json_is_array(json_object_get(o, "fsLayers")) ||
		json_is_array(json_object_get(o, "manifests")));
}

/* "repositories", of the time before there was a manifest.json. */
static bool is_old_list(json_t *o)
{
	json_t *tags = json_object_iter_value(json_object_iter(o));
	const char *id =
		json_string_value(json_object_iter_value(json_object_iter(tags)));

	return id && str_is_hex(id, DIGEST_HEX);
}

static bool is_layout_mark(json_t *o)
{
	return json_is_string(json_object_get(o, "imageLayoutVersion"));
}

int which_is_docker(const char *text, size_t len)
{
	cleanup_json json_t *list = NULL;
	int r = parse(text, len, &list);

	return r < 0 ? r : is_docker(list);
}

int which_has_name(const char *text, size_t len)
{
	cleanup_json json_t *o = NULL;
	json_t *item;
	size_t i;
	int r = parse(text, len, &o);

	if (r < 0)
		return r;
	json_array_foreach(json_object_get(o, "manifests"), i, item) if (
		layout_name(json_object_get(item, "annotations"))) return 1;
	return 0;
}

/* Whether a file called as a list is one. */
static int lists_images(const struct member *m, const char *name)
{
	cleanup_json json_t *o = NULL;
	int r = parse(m->content, m->size, &o);

	if (r < 0)
		return r;
	if (str_equal(name, "manifest.json"))
		return is_docker(o) || is_manifest(o);
	if (str_equal(name, "repositories"))
		return is_old_list(o);
	return str_equal(name, "oci-layout") && is_layout_mark(o);
}

int which_archive(struct minc_transfer *t, const char *source, int fd)
{
	struct members m;
	int ret = members_read(&m, t, source, fd, MEMBERS_LISTS);

	if (ret < 0)
		return ret;
	for (size_t i = 0; ret == 0 && i < m.len; i++) {
		const char *name = m.v[i].name, *slash = strchr(name, '/');

		if (!m.v[i].content || (slash && (m.has_root || m.known)))
			continue;
		ret = lists_images(&m.v[i], slash ? slash + 1 : name);
		if (ret > 0 && slash)
			ret = err_say(
				t->err, -EBADMSG,
				"%s: an archive of images in a directory, %.80s: pack what is in that",
				source, name);
		else if (ret == -ENOMEM)
			ret = err_set(t->err, ret, "%s", source);
	}
	/*
	 * what is called so, and comes with nothing else, is damaged and no root file
	 * system
	 */
	if (ret == 0 && !m.has_root && m.known)
		ret = 1;
	members_done(&m);
	return ret;
}

/* A small file of a directory that is JSON; NULL in *ret if there is none. */
static int read_list(struct minc_transfer *t, const char *source, int dir,
		     const char *name, json_t **ret)
{
	cleanup_close int fd =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct stat st;
	size_t len;
	int r;

	*ret = NULL;
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO
			       ? 0
			       : err_set(t->err, -errno, "%s/%s", source, name);
	if (fstat(fd, &st) < 0)
		return err_set(t->err, -errno, "%s/%s", source, name);
	if (!S_ISREG(st.st_mode) || st.st_size > CONTENT_JSON_MAX)
		return 0;
	r = io_read_all(fd, CONTENT_JSON_MAX, &text, &len);
	if (r == 0)
		r = parse(text, len, ret);
	return r < 0 ? err_set(t->err, r, "%s/%s", source, name) : 0;
}

static bool has(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int which_directory(struct minc_transfer *t, const char *source, int dir)
{
	cleanup_json json_t *manifest = NULL, *mark = NULL;
	int r;

	if (has(dir, "index.json") && (has(dir, "oci-layout") || has(dir, STORE_BLOBS)))
		return 1;
	r = read_list(t, source, dir, "oci-layout", &mark);
	if (r == 0)
		r = read_list(t, source, dir, "manifest.json", &manifest);
	if (r < 0)
		return r;
	if (is_layout_mark(mark))
		return err_say(t->err, -EBADMSG,
			       "%s: an OCI image layout without index.json", source);
	if (is_docker(manifest))
		return err_say(
			t->err, -EBADMSG,
			"%s: an archive of images that is unpacked: pack it with tar(1)",
			source);
	if (is_manifest(manifest))
		return err_say(
			t->err, -EBADMSG,
			"%s: an image as skopeo's dir: has it: copy it to an OCI layout with skopeo(1)",
			source);
	return 0;
}
