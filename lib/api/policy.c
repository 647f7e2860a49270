/* SPDX-License-Identifier: MIT */
/* policy - whether an image may be called and used so; see mincs-policy(5). */
#include <errno.h>

#include "api/api-store.h"
#include "base/module.h"
#include "plan/spec.h"

/* With keys: the module that has them is loaded only for this. */
static int check_signatures(minc_store *s, const char *name, const struct image *img)
{
	minc_transfer *t = minc_transfer_new(s);
	void *ops;
	int r = t ? module_symbol("import", "import_ops", &s->c->err, &ops)
		  : err_set(&s->c->err, -ENOMEM, "policy");

	if (r == 0)
		r = ((const struct import_ops *)ops)
			    ->allows(t, name, &img->manifest, &img->index);
	minc_transfer_free(t);
	return r;
}

int api_policy_hint(minc_ctx *c, int r)
{
	if ((r == -EKEYREJECTED || r == -ENOKEY) && !*c->err.hint)
		err_hint(
			&c->err,
			"--insecure-policy (MINC_INSECURE_POLICY) takes it nevertheless");
	return r;
}

int api_policy(minc_store *s, const char *name, const struct image *img)
{
	int r;

	s->store->any_image = spec_flag(&s->c->spec, MINC_INSECURE_POLICY);
	if (s->store->any_image)
		return 0;
	r = s->ops->policy(&s->c->err, s->store->path, name);
	return api_policy_hint(s->c, r > 0 ? check_signatures(s, name, img) : r);
}
