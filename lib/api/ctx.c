/* SPDX-License-Identifier: MIT */
/* ctx - configuration of a context; see minc/container.h. The work is spec.c's. */
#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/module.h"
#include "oci/config.h"

MINC_EXPORT minc_ctx *minc_ctx_new(void)
{
	minc_ctx *c = calloc(1, sizeof(*c));

	if (c) {
		spec_init(&c->spec, &c->err);
		c->host.template_fd = -EBADF;
	}
	return c;
}

MINC_EXPORT minc_ctx *minc_ctx_free(minc_ctx *c)
{
	if (!c)
		return NULL;
	plan_done(&c->plan);
	spec_done(&c->spec);
	host_done(&c->host);
	free(c->storage);
	free(c);
	return NULL;
}

/* Every setter: not NULL, then spec.c; the plan made before no longer fits. */
static struct spec *changing(minc_ctx *c)
{
	c->changed = true;
	return &c->spec;
}

MINC_EXPORT int minc_set_origin(minc_ctx *c, const char *text)
{
	return c ? spec_set_origin(&c->spec, text) : -EINVAL;
}

MINC_EXPORT int minc_set_root(minc_ctx *c, const char *dir, unsigned flags)
{
	return c ? spec_set_root(changing(c), dir, flags) : -EINVAL;
}

MINC_EXPORT int minc_set_storage(minc_ctx *c, const char *dir)
{
	if (!c)
		return -EINVAL;
	free(c->storage);
	c->storage = NULL;
	return spec_set_storage(changing(c), dir);
}

MINC_EXPORT const char *minc_storage(const minc_ctx *c)
{
	return c ? c->storage : NULL;
}

MINC_EXPORT int minc_add_bind(minc_ctx *c, const char *src, const char *dst,
			      unsigned flags)
{
	return c ? spec_add_bind(changing(c), src, dst, flags) : -EINVAL;
}

MINC_EXPORT int minc_add_tmpfs(minc_ctx *c, const char *dst, uint64_t size_bytes,
			       unsigned mode)
{
	return c ? spec_add_tmpfs(changing(c), dst, size_bytes, mode) : -EINVAL;
}

MINC_EXPORT int minc_set_tmpfs_owner(minc_ctx *c, uint32_t uid, uint32_t gid)
{
	return c ? spec_set_tmpfs_owner(changing(c), uid, gid) : -EINVAL;
}

MINC_EXPORT int minc_set_umask(minc_ctx *c, int mask)
{
	return c ? spec_set_umask(changing(c), mask) : -EINVAL;
}

MINC_EXPORT int minc_set_hostname(minc_ctx *c, const char *name)
{
	return c ? spec_set_hostname(changing(c), name) : -EINVAL;
}

MINC_EXPORT int minc_add_host(minc_ctx *c, const char *name_address)
{
	return c ? spec_add_host(changing(c), name_address) : -EINVAL;
}

MINC_EXPORT int minc_set_name(minc_ctx *c, const char *name)
{
	return c ? spec_set_name(changing(c), name) : -EINVAL;
}

MINC_EXPORT int minc_set_id(minc_ctx *c, const char *id)
{
	return c ? spec_set_id(changing(c), id) : -EINVAL;
}

MINC_EXPORT int minc_set_log_size(minc_ctx *c, uint64_t bytes)
{
	return c ? spec_set_log_size(changing(c), bytes) : -EINVAL;
}

MINC_EXPORT int minc_set_user(minc_ctx *c, const char *user)
{
	return c ? spec_set_user(changing(c), user) : -EINVAL;
}

MINC_EXPORT int minc_add_env(minc_ctx *c, const char *name, const char *value)
{
	return c ? spec_add_env(changing(c), name, value) : -EINVAL;
}

MINC_EXPORT int minc_set_cwd(minc_ctx *c, const char *dir)
{
	return c ? spec_set_cwd(changing(c), dir) : -EINVAL;
}

MINC_EXPORT int minc_add_cap(minc_ctx *c, const char *names)
{
	return c ? spec_change_caps(changing(c), true, names) : -EINVAL;
}

MINC_EXPORT int minc_drop_cap(minc_ctx *c, const char *names)
{
	return c ? spec_change_caps(changing(c), false, names) : -EINVAL;
}

MINC_EXPORT int minc_set_seccomp(minc_ctx *c, const char *profile)
{
	return c ? spec_set_seccomp(changing(c), profile) : -EINVAL;
}

MINC_EXPORT int minc_set_network(minc_ctx *c, const char *mode)
{
	return c ? spec_set_network(changing(c), mode) : -EINVAL;
}

MINC_EXPORT int minc_set_userns(minc_ctx *c, const char *mode)
{
	return c ? spec_set_userns(changing(c), mode) : -EINVAL;
}

MINC_EXPORT int minc_set_cpus(minc_ctx *c, const char *mask)
{
	return c ? spec_set_cpus(changing(c), mask) : -EINVAL;
}

MINC_EXPORT int minc_set_limit(minc_ctx *c, enum minc_limit limit, int64_t value)
{
	return c ? spec_set_limit(changing(c), limit, value) : -EINVAL;
}

MINC_EXPORT int minc_set_cpuset(minc_ctx *c, const char *cpus, const char *mems)
{
	return c ? spec_set_cpuset(changing(c), cpus, mems) : -EINVAL;
}

MINC_EXPORT int minc_set_io_limit(minc_ctx *c, const char *device,
				  enum minc_io_limit which, uint64_t value)
{
	return c ? spec_set_io_limit(changing(c), device, which, value) : -EINVAL;
}

MINC_EXPORT int minc_set_rlimit(minc_ctx *c, const char *name, uint64_t soft,
				uint64_t hard)
{
	return c ? spec_set_rlimit(changing(c), name, soft, hard) : -EINVAL;
}

MINC_EXPORT int minc_set_stdio(minc_ctx *c, int in, int out, int err)
{
	return c ? spec_set_stdio(changing(c), (const int[]){ in, out, err }) : -EINVAL;
}

MINC_EXPORT void minc_ctx_clear_error(minc_ctx *c)
{
	if (c)
		spec_clear_failure(&c->spec);
}

MINC_EXPORT int minc_pass_fd(minc_ctx *c, int fd, int target)
{
	return c ? spec_pass_fd(changing(c), fd, target) : -EINVAL;
}

MINC_EXPORT int minc_set_flag(minc_ctx *c, enum minc_flag flag, int on)
{
	return c ? spec_set_flag(changing(c), flag, on) : -EINVAL;
}

MINC_EXPORT void minc_set_log(minc_ctx *c, minc_log_fn fn, void *userdata)
{
	if (!c)
		return;
	c->log = fn;
	c->log_data = userdata;
}

MINC_EXPORT int minc_load_config(minc_ctx *c, const char *path)
{
	void *load;
	int r;

	if (!c)
		return -EINVAL;
	if (!path)
		return spec_refuse(changing(c), -EINVAL, "minc_load_config", "no path");
	spec_begin(&c->spec);
	r = module_symbol("oci", "oci_config_load", &c->err, &load);
	if (r == 0)
		r = ((oci_config_load_fn *)load)(changing(c), -EBADF, path);
	return spec_stick(&c->spec, r);
}
