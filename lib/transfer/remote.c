/* SPDX-License-Identifier: MIT */
/* remote - see remote.h. */
#include "transfer/remote.h"

#include "base/module.h"

static int tell(const char *what, uint64_t done, uint64_t total, void *data)
{
	const struct minc_transfer *t = data;

	return t->progress ? t->progress(what, done, total, t->data) : 0;
}

static void say(const char *line, void *data)
{
	const struct minc_transfer *t = data;

	if (t->store->warn)
		t->store->warn(line, t->store->warn_data);
}

void remote_options(struct minc_transfer *t, struct registry_options *ret)
{
	*ret = (struct registry_options){
		.user = t->text[MINC_TRANSFER_USER],
		.authfile = t->text[MINC_TRANSFER_AUTHFILE],
		.cert_dir = t->text[MINC_TRANSFER_CERT_DIR],
		.realm = t->text[MINC_TRANSFER_REALM],
		.insecure = t->number[MINC_TRANSFER_INSECURE] != 0,
		.retries = (unsigned)t->number[MINC_TRANSFER_RETRIES],
		.progress = tell,
		.say = say,
		.data = t
	};
}

int remote_ops(struct minc_transfer *t, const struct registry_ops **ret)
{
	void *ops = NULL;
	int r = module_symbol("registry", "registry_ops", t->err, &ops);

	*ret = ops;
	return r;
}

int remote_name(struct minc_transfer *t, const char *name, struct ref *ret)
{
	int r = ref_parse(name, ret);

	return r < 0 ? err_say(t->err, r, "%s: not a name of an image", name) : 0;
}

int registry_login(struct minc_transfer *t, const char *registry, const char *user,
		   const char *password)
{
	struct registry_options options;
	const struct registry_ops *ops = NULL;
	int r = remote_ops(t, &ops);

	remote_options(t, &options);
	return r < 0 ? r : ops->login(t->err, registry, user, password, &options);
}

int registry_logout(struct minc_transfer *t, const char *registry)
{
	struct registry_options options;
	const struct registry_ops *ops = NULL;
	int r = remote_ops(t, &ops);

	remote_options(t, &options);
	return r < 0 ? r : ops->logout(t->err, registry, &options);
}
