/* SPDX-License-Identifier: MIT */
/* tag - give an image one more name. */
#include "manage/tag.h"

#include <errno.h>

#include "base/str.h"
#include "content/ref.h"
#include "store/index.h"
#include "store/roster.h"

/* A copy of the image's entry, with all that is known of it; -ENOENT, -ENOMEM. */
static int named_copy(const struct index_edit *edit, const struct digest *d,
		      const char *name, json_t **ret)
{
	cleanup_json json_t *copy = NULL;
	size_t i = 0;
	json_t *item;

	while ((item = json_array_get(edit->manifests, i)) &&
	       !str_equal(index_digest(item), d->text))
		i++;
	if (!item)
		return -ENOENT;
	copy = json_deep_copy(item);
	if (!copy || index_annotate(copy, REF_NAME_ANNOTATION, name) < 0)
		return -ENOMEM;
	*ret = take_json(&copy);
	return 0;
}

/* Add an entry with @name; it replaces one of the image without a name. */
static int set_name(struct index_edit *edit, const struct digest *d, const char *name)
{
	cleanup_json json_t *entry = NULL;
	struct roster roster;
	int r = named_copy(edit, d, name, &entry);

	if (r < 0)
		return r;
	r = roster_read(&roster, edit);
	if (r == 0)
		r = roster_put(&roster, entry);
	if (r == 0)
		r = roster_write(&roster);
	roster_done(&roster);
	return r;
}

int image_tag(struct store *s, struct image *img, const char *name)
{
	struct index_edit edit;
	char text[REF_MAX];
	struct ref ref;
	int r;

	if (ref_parse(name, &ref) < 0 || *ref.digest.text)
		return err_say(s->err, -EINVAL, "name %s: not a name for an image", name);
	ref_short(&ref, text);
	r = index_begin(s, &edit);
	if (r == 0) {
		r = set_name(&edit, &img->listed_digest, text);
		if (r == -ENOENT)
			r = err_say(s->err, r, "image %s: is gone",
				    digest_hex(&img->config));
		else if (r < 0)
			r = err_set(s->err, r, "image %s", digest_hex(&img->config));
		else
			r = index_write(s, &edit);
		index_end(s, &edit);
	}
	return r;
}
