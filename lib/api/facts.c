/* SPDX-License-Identifier: MIT */
/* facts - what is known of a background container; see minc/background.h. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "api/api.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "oci/config.h"
#include "run/inspect.h"
#include "run/state.h"

enum { NS_PER_MS = 1000000, CONFIG_MAX_BYTES = 4 * 1024 * 1024 };

MINC_EXPORT const char *const *minc_container_command(const minc_container *ct)
{
	static const char *const none[] = { NULL };

	return ct && ct->state ? ct->state->facts.command : none;
}

MINC_EXPORT int64_t minc_container_created(const minc_container *ct)
{
	return ct && ct->state ? (int64_t)(ct->state->facts.created_ns / NS_PER_MS) : 0;
}

MINC_EXPORT int64_t minc_container_ended(const minc_container *ct)
{
	uint64_t ended_ns;
	int status;

	if (!ct || !ct->state || state_status(ct->state, &status, &ended_ns, NULL) < 0)
		return 0;
	return (int64_t)(ended_ns / NS_PER_MS);
}

/* The text becomes part of ours: it has to be what was written, not only to look like it. */
static int check_config(minc_ctx *c, const char *text, size_t len)
{
	cleanup_close int fd = memfd_create("config.json", MFD_CLOEXEC);
	struct err why = { 0 };
	struct spec spec;
	void *load;
	char path[40];
	int r = module_symbol("oci", "oci_config_load", &c->err, &load);

	if (r < 0)
		return r;
	if (fd < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	spec_init(&spec, &why);
	r = io_write_all(fd, text, len);
	if (r == 0)
		r = ((oci_config_load_fn *)load)(&spec, path);
	spec_done(&spec);
	return r == 0 || r == -ENOMEM ? r : -EBADMSG;
}

static int inspect(minc_ctx *c, const minc_container *ct, char **ret)
{
	cleanup_free char *config = NULL;
	size_t len = 0;
	int r = io_read_file(ct->state->dir, "config.json", CONFIG_MAX_BYTES, &config,
			     &len);

	if (r == 0)
		r = check_config(c, config, len);
	return r == 0 ? inspect_json(ct, config, ret) : r == -EFBIG ? -EBADMSG : r;
}

MINC_EXPORT int minc_inspect(minc_ctx *c, minc_container *ct, char **ret)
{
	int r;

	if (!c || !ct || !ret)
		return -EINVAL;
	if (c->spec.sticky == 0)
		err_clear(&c->err);
	if (!ct->state)
		return err_say(&c->err, -EINVAL, "not a container in the background");
	r = inspect(c, ct, ret);
	if (r == -EBADMSG)
		return err_say(&c->err, r, "%s/config.json: damaged", ct->state->path);
	return r < 0 ? err_set(&c->err, r, "%s", ct->state->path) : 0;
}
