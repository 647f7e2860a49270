/* SPDX-License-Identifier: MIT */
/*
 * transfer - what brings images into a store or out of it; see minc/image.h. The work is
 * done in module "import", which is loaded with the first use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api-store.h"
#include "base/module.h"
#include "base/str.h"

enum {
	/* of a layer, by default; tar/budget.h has the other bounds */
	MAX_ENTRIES = 10000000,
	MAX_THREADS = 1024,
	MAX_RETRIES = 100,
	DEFAULT_RETRIES = 3
};

/* of a layer: large ones have 20 */
static const uint64_t default_max_bytes = 64ull << 30;

MINC_EXPORT minc_transfer *minc_transfer_new(minc_store *s)
{
	minc_transfer *t = s ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return NULL;
	t->store = s->store;
	t->err = &s->c->err;
	t->owner = s;
	t->number[MINC_TRANSFER_MAX_BYTES] = default_max_bytes;
	t->number[MINC_TRANSFER_MAX_ENTRIES] = MAX_ENTRIES;
	t->number[MINC_TRANSFER_RETRIES] = DEFAULT_RETRIES;
	return t;
}

static void forget_changes(minc_transfer *t)
{
	for (size_t i = 0; t->changes && t->changes[i]; i++)
		free((char *)t->changes[i]);
	free(t->changes);
	t->changes = NULL;
}

MINC_EXPORT minc_transfer *minc_transfer_free(minc_transfer *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < sizeof(t->text) / sizeof(t->text[0]); i++)
		free((char *)t->text[i]);
	forget_changes(t);
	free(t);
	return NULL;
}

static int add_change(minc_transfer *t, const char *value)
{
	const char **more;
	size_t len = 0;

	while (t->changes && t->changes[len])
		len++;
	more = realloc(t->changes, (len + 2) * sizeof(*more));
	if (!more)
		return err_set(t->err, -ENOMEM, "change %s", value);
	t->changes = more;
	more[len] = strdup(value);
	more[len + 1] = NULL;
	return more[len] ? 0 : err_set(t->err, -ENOMEM, "change %s", value);
}

static bool is_format(const char *value)
{
	static const char *const formats[] = { "oci", "oci-archive", "docker-archive",
					       "tar", "dir",         "squashfs" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (str_equal(formats[i], value))
			return true;
	return false;
}

/* The first failure stays: what is used afterwards was not set up as it was meant. */
static int stick(minc_transfer *t, int r)
{
	if (r < 0 && !t->failure.code)
		t->failure = *t->err;
	return r;
}

static int set_text(minc_transfer *t, enum minc_transfer_option option, const char *value)
{
	char *copy = NULL;

	if (option < MINC_TRANSFER_NAME || option > MINC_TRANSFER_REALM)
		return err_say(t->err, -EINVAL, "minc_transfer_set: unknown option");
	if (option == MINC_TRANSFER_CHANGE && value)
		return add_change(t, value);
	if (option == MINC_TRANSFER_CHANGE)
		forget_changes(t);
	if (option == MINC_TRANSFER_FORMAT && value && !is_format(value))
		return err_say(
			t->err, -EINVAL,
			"format %s: not one of oci, oci-archive, docker-archive, tar, dir "
			"and squashfs",
			value);
	if (value) {
		copy = strdup(value);
		if (!copy)
			return err_set(t->err, -ENOMEM, "%s", value);
	}
	free((char *)t->text[option]);
	t->text[option] = copy;
	return 0;
}

MINC_EXPORT int minc_transfer_set(minc_transfer *t, enum minc_transfer_option option,
				  const char *value)
{
	int r;

	if (!t)
		return -EINVAL;
	r = api_store_begin(t->owner->c);
	return r < 0 ? r : stick(t, set_text(t, option, value));
}

static int set_number(minc_transfer *t, enum minc_transfer_number option, uint64_t value)
{
	static const uint64_t max[] = {
		[MINC_TRANSFER_INSECURE] = 1,
		[MINC_TRANSFER_FOREIGN] = 1,
		[MINC_TRANSFER_MAX_BYTES] = INT64_MAX,
		[MINC_TRANSFER_MAX_ENTRIES] = INT64_MAX,
		[MINC_TRANSFER_THREADS] = MAX_THREADS,
		[MINC_TRANSFER_RETRIES] = MAX_RETRIES,
	};

	if (option < MINC_TRANSFER_INSECURE || option > MINC_TRANSFER_RETRIES)
		return err_say(t->err, -EINVAL,
			       "minc_transfer_set_number: unknown option");
	if (value > max[option])
		return err_say(t->err, -EINVAL, "number %llu: not 0 to %llu",
			       (unsigned long long)value,
			       (unsigned long long)max[option]);
	t->number[option] = value;
	t->given |= 1U << option;
	return 0;
}

MINC_EXPORT int minc_transfer_set_number(minc_transfer *t,
					 enum minc_transfer_number option, uint64_t value)
{
	int r;

	if (!t)
		return -EINVAL;
	r = api_store_begin(t->owner->c);
	return r < 0 ? r : stick(t, set_number(t, option, value));
}

MINC_EXPORT void minc_transfer_set_progress(minc_transfer *t, minc_progress_fn fn,
					    void *userdata)
{
	if (!t)
		return;
	t->progress = fn;
	t->data = userdata;
}

/* Each use: no failure of before, and the module: 0 or -errno. */
static int begin(minc_transfer *t, const struct import_ops **ret)
{
	void *ops = NULL;
	int r = api_store_begin(t->owner->c);

	if (r == 0 && t->failure.code) {
		*t->err = t->failure;
		r = t->failure.code;
	}
	if (r == 0)
		r = module_symbol("import", "import_ops", t->err, &ops);
	t->store->any_image = spec_flag(&t->owner->c->spec, MINC_INSECURE_POLICY);
	*ret = ops;
	return r;
}

static int found(struct image *img, void *data)
{
	const struct image_visit *v = data;
	int r = api_found(v, img);

	(void)v->ops->free_image(img); /* returns NULL */
	return r;
}

MINC_EXPORT int minc_import(minc_transfer *t, const char *source, minc_image_fn fn,
			    void *userdata)
{
	struct image_visit v = { .fn = fn, .data = userdata };
	const struct import_ops *ops;
	int r;

	if (!t || !source)
		return -EINVAL;
	v.ops = t->owner->ops;
	r = begin(t, &ops);
	return r ? r : api_policy_hint(t->owner->c, ops->import(t, source, found, &v));
}

MINC_EXPORT int minc_export(minc_transfer *t, const char *const *names,
			    const char *target)
{
	const struct import_ops *ops;
	int r;

	if (!t || !names || !names[0] || !target)
		return -EINVAL;
	r = begin(t, &ops);
	return r ? r : ops->export(t, names, target);
}

MINC_EXPORT int minc_pull(minc_transfer *t, const char *name, minc_image_fn fn,
			  void *userdata)
{
	struct image_visit v = { .fn = fn, .data = userdata };
	const struct import_ops *ops;
	int r;

	if (!t || !name)
		return -EINVAL;
	v.ops = t->owner->ops;
	r = begin(t, &ops);
	return r ? r : api_policy_hint(t->owner->c, ops->pull(t, name, found, &v));
}

MINC_EXPORT int minc_push(minc_transfer *t, const char *name, const char *target)
{
	const struct import_ops *ops;
	int r;

	if (!t || !name)
		return -EINVAL;
	r = begin(t, &ops);
	return r ? r : ops->push(t, name, target ? target : name);
}

MINC_EXPORT int minc_login(minc_transfer *t, const char *registry, const char *user,
			   const char *password)
{
	const struct import_ops *ops;
	int r;

	if (!t || !registry || !user || !password)
		return -EINVAL;
	r = begin(t, &ops);
	return r ? r : ops->login(t, registry, user, password);
}

MINC_EXPORT int minc_logout(minc_transfer *t, const char *registry)
{
	const struct import_ops *ops;
	int r;

	if (!t || !registry)
		return -EINVAL;
	r = begin(t, &ops);
	return r ? r : ops->logout(t, registry);
}

MINC_EXPORT int minc_commit(minc_transfer *t, const char *container, minc_image_fn fn,
			    void *userdata)
{
	struct image_visit v = { .fn = fn, .data = userdata };
	const struct import_ops *ops;
	int r;

	if (!t || !container)
		return -EINVAL;
	v.ops = t->owner->ops;
	r = begin(t, &ops);
	return r ? r : api_policy_hint(t->owner->c, ops->commit(t, container, found, &v));
}

MINC_EXPORT int minc_keygen(minc_transfer *t, const char *key)
{
	const struct import_ops *ops;
	int r;

	if (!t || !key)
		return -EINVAL;
	r = begin(t, &ops);
	return r ? r : ops->keygen(t->err, key);
}

MINC_EXPORT int minc_sign(minc_transfer *t, const char *name, const char *key)
{
	const struct import_ops *ops;
	int r;

	if (!t || !name || !key)
		return -EINVAL;
	r = begin(t, &ops);
	return r ? r : ops->sign(t, name, key);
}

MINC_EXPORT int minc_verify(minc_transfer *t, const char *name, const char *key)
{
	const struct import_ops *ops;
	int r;

	if (!t || !name)
		return -EINVAL;
	r = begin(t, &ops);
	return r ? r : ops->verify(t, name, key);
}
