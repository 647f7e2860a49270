/* SPDX-License-Identifier: MIT */
/* background - containers that live on; see minc/background.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/fd.h"
#include "base/lease.h"
#include "base/module.h"
#include "base/name.h"
#include "change/subtree.h"
#include "live/attach.h"
#include "live/background.h"
#include "live/state.h"
#include "oci/config.h"
#include "oci/inspect-container.h"
#include "run/build.h"

void api_forget_failure(minc_ctx *c)
{
	if (c->spec.sticky == 0)
		err_clear(&c->err);
}

int api_check_background(minc_ctx *c, const minc_container *ct)
{
	api_forget_failure(c);
	return ct->state ? 0
			 : err_say(&c->err, -EINVAL, "not a container in the background");
}

/* Probe the host, even if the configuration has failed. */
static int look_around(minc_ctx *c)
{
	int r;

	api_forget_failure(c);
	if (c->probed)
		return 0;
	r = host_probe(&c->host);
	if (r < 0)
		return err_set(&c->err, r, "host");
	c->probed = true;
	return 0;
}

static int begin(minc_ctx *c, state_load_fn **ret)
{
	void *load;
	int r = look_around(c);

	if (r < 0)
		return r;
	r = module_symbol("oci", "oci_state_load", &c->err, &load);
	if (r == 0)
		*ret = (state_load_fn *)load;
	return r;
}

static const char *label(const minc_container *ct)
{
	return *ct->state->name ? ct->state->name : ct->state->id;
}

/* Record the failure of an action on @ct. */
static int fail(minc_ctx *c, const minc_container *ct, int r)
{
	if (r >= 0)
		return r;
	if (r == -ESRCH)
		return err_say(&c->err, r, "%.64s: it has ended", label(ct));
	if (r == -EUSERS)
		return err_say(&c->err, r,
			       "%.64s: too many are attached to it, or wait for its end",
			       label(ct));
	return err_set(&c->err, r, "%.64s", label(ct));
}

static bool is_background(const minc_container *ct)
{
	return ct && ct->state;
}

static int check(minc_ctx *c, const minc_container *ct)
{
	return c && ct ? api_check_background(c, ct) : -EINVAL;
}

MINC_EXPORT const char *minc_container_id(const minc_container *ct)
{
	return is_background(ct) ? ct->state->id : "";
}

MINC_EXPORT const char *minc_container_name(const minc_container *ct)
{
	if (!is_background(ct))
		return "";
	return *ct->state->name ? ct->state->name : ct->state->facts.hostname;
}

MINC_EXPORT const char *minc_container_dir(const minc_container *ct)
{
	return is_background(ct) ? ct->state->path : "";
}

MINC_EXPORT int minc_container_state(const minc_container *ct)
{
	if (is_background(ct))
		return background_state(ct);
	return ct ? (ct->ended ? MINC_STATE_EXITED : MINC_STATE_RUNNING) : -EINVAL;
}

MINC_EXPORT int minc_open(minc_ctx *c, const char *id, minc_container **ret)
{
	state_load_fn *load = NULL;
	struct state *s;
	int r;

	if (!c || !id || !ret)
		return -EINVAL;
	r = begin(c, &load);
	if (r == 0)
		r = state_find(c, load, id, &s);
	if (r == 0)
		r = background_open(s, ret);
	if (r == 0)
		(*ret)->seen = 0; /* it may be looked at much later */
	return r < 0 ? err_set(&c->err, r, "%s", id) : 0;
}

/* @s is used up. */
static int visit(minc_ctx *c, struct state *s, int runtime, minc_container_fn fn,
		 void *userdata)
{
	minc_container *ct;
	int r = state_open(s, runtime);

	if (r < 0) {
		state_free(s);
	} else {
		state_read_name(s);
		r = background_open(s, &ct);
	}
	/* removed meanwhile; not a directory */
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return 0;
	if (r < 0)
		return err_set(&c->err, r, "containers");
	r = fn(ct, userdata);
	minc_container_free(ct);
	return r;
}

MINC_EXPORT int minc_foreach(minc_ctx *c, minc_container_fn fn, void *userdata)
{
	state_load_fn *load = NULL;
	cleanup_close int runtime = -EBADF;
	struct arena texts = { 0 };
	struct state **list = NULL;
	int r;

	if (!c || !fn)
		return -EINVAL;
	r = begin(c, &load);
	if (r == 0)
		r = state_list(c, load, &texts, &list, &runtime);
	for (size_t i = 0; list && list[i]; i++)
		if (r == 0)
			r = visit(c, list[i], runtime, fn, userdata);
		else
			state_free(list[i]);
	free(list);
	arena_done(&texts);
	return r;
}

MINC_EXPORT int minc_attach(minc_ctx *c, minc_container *ct, const char *detach_keys,
			    int *ret_status)
{
	struct detach_keys keys;
	int r = check(c, ct);

	if (r < 0)
		return r;
	if (detach_keys_parse(detach_keys, &keys) < 0)
		return err_say(&c->err, -EINVAL, "%.80s: not keys such as ctrl-p,ctrl-q",
			       detach_keys);
	return fail(c, ct,
		    attach_serve(ct, &keys, spec_flag(&c->spec, MINC_KEEP_SIGNALS),
				 ret_status));
}

MINC_EXPORT int minc_resize(minc_container *ct, unsigned rows, unsigned cols)
{
	if (!is_background(ct) || !rows || !cols || rows > UINT16_MAX ||
	    cols > UINT16_MAX)
		return -EINVAL;
	return background_resize(ct, rows, cols);
}

MINC_EXPORT int minc_stop(minc_ctx *c, minc_container *ct, int sig, int grace_ms,
			  int *ret_status)
{
	int status, r = check(c, ct);

	if (r < 0)
		return r;
	if (sig < 1 || sig > 64)
		return err_say(&c->err, -EINVAL, "%d: no such signal", sig);
	return fail(c, ct,
		    background_stop(c, ct, sig, grace_ms,
				    ret_status ? ret_status : &status));
}

enum { DISCARD_WAIT_MS = 2000, ENDING_MS = 10000 };

/* Remove a storage directory that a start has made; -EBUSY while a container uses it. */
static int discard_storage(const char *path)
{
	cleanup_close int dir =
		open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int parent = -EBADF;
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = lease_try(dir, DISCARD_WAIT_MS); /* the monitor is on its way out */
	if (r < 0)
		return r;
	parent = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return parent < 0 ? -errno : subtree_remove(parent, strrchr(path, '/') + 1);
}

MINC_EXPORT int minc_delete(minc_ctx *c, minc_container *ct, unsigned flags)
{
	int status, state, r = check(c, ct);

	if (r < 0)
		return r;
	if (flags & ~(unsigned)MINC_DELETE_FORCE)
		return err_say(&c->err, -EINVAL, "minc_delete: unknown flag");
	state = background_state(ct);
	if (state == MINC_STATE_RUNNING || state == MINC_STATE_PAUSED) {
		if (flags & MINC_DELETE_FORCE)
			r = background_stop(c, ct, SIGKILL, -1, &status);
		/* as after minc_kill(), which does not wait */
		else if (container_is_ending(ct))
			r = background_await(c, ct, ENDING_MS, &status);
		else
			return err_say(&c->err, -EBUSY, "%.64s: it is running",
				       label(ct));
	} else if (state == MINC_STATE_LOST) {
		/* process 1 may be about to follow its monitor */
		r = background_await(c, ct, ENDING_MS, &status);
	}
	if (r < 0)
		return fail(c, ct, r);
	if (ct->state->facts.storage && ct->state->facts.storage_made) {
		r = discard_storage(ct->state->facts.storage);
		if (r < 0) /* while the container is known, somebody can try again */
			return err_set(&c->err, r, "%s", ct->state->facts.storage);
	}
	state_remove(ct->state);
	return 0;
}

MINC_EXPORT int minc_forget(minc_ctx *c, const char *id, unsigned flags, char ret_id[65])
{
	int r;

	if (!c || !id)
		return -EINVAL;
	r = look_around(c);
	if (r == 0 && flags & ~(unsigned)MINC_DELETE_FORCE)
		return err_say(&c->err, -EINVAL, "minc_forget: unknown flag");
	return r < 0 ? r : state_forget(c, id, flags & MINC_DELETE_FORCE, ret_id);
}

int api_load_description(const minc_container *ct, struct spec *ret, struct err *e)
{
	char path[PATH_MAX + 16];
	void *load;
	int r;

	spec_init(ret, e);
	r = module_symbol("oci", "oci_config_load", e, &load);
	(void)snprintf(path, sizeof(path), "%s/config.json", ct->state->path);
	return r < 0 ? r : ((oci_config_load_fn *)load)(ret, ct->state->dir, path);
}

enum { LIMITS_MAX = 64 };

struct limits {
	struct arena arena;
	struct inspect_limit list[LIMITS_MAX];
	size_t len;
	bool failed; /* no memory */
};

static void note_limit(const char *origin, const char *enforced_by, void *userdata)
{
	struct limits *l = userdata;
	const char *field = strstr(origin, "config.json: "); /* the file is not said */

	if (field)
		origin = field + strlen("config.json: ");
	if (l->len == LIMITS_MAX)
		return; /* more than there are kinds */
	l->list[l->len].limit = arena_strdup(&l->arena, origin);
	l->list[l->len].enforced_by = arena_strdup(&l->arena, enforced_by);
	if (l->list[l->len].limit && l->list[l->len].enforced_by)
		l->len++;
	else
		l->failed = true;
}

/* Whether there should be a list of devices, as for whoever started it: the same user. */
static int confines_devices(const struct spec *s, const struct host *h, struct err *e,
			    bool *ret)
{
	struct cgroup_devices why;
	int r = build_devices(s, h, spec_own_userns(s, h->privileged), e, &why);

	*ret = r == 0 && (why.mknod || why.rdonly);
	return r;
}

/* By what each limit is enforced, as long as the container's groups are there. */
static int find_limits(minc_ctx *c, minc_container *ct, struct limits *l)
{
	struct cgroup_set now, *set = &now, *old = NULL;
	bool devices = false;
	struct err e;
	struct spec s;
	int r;

	r = c->probed ? 0 : api_begin(c); /* the kernel counts */
	if (r < 0)
		return r;
	err_clear(&e);
	r = api_load_description(ct, &s, &e);
	if (r == 0) {
		if (background_groups(ct, &now) < 0) { /* gone: those it had */
			(void)cgroup_set_recall(ct->state->facts.cgroups, &old);
			set = old;
		}
		r = confines_devices(&s, &c->host, &e, &devices);
	}
	if (r == 0)
		cgroup_report(&s, c->host.kernel, set, devices, note_limit, l);
	if (r == 0 && l->failed)
		r = err_set(&e, -ENOMEM, "limits");
	cgroup_set_free(old);
	spec_done(&s);
	return r < 0 ? err_say(&c->err, r, "%s", e.message) : 0;
}

MINC_EXPORT int minc_limits(minc_ctx *c, minc_container *ct, minc_limit_fn fn,
			    void *userdata)
{
	struct limits l = { 0 };
	int r = check(c, ct);

	if (r < 0 || !fn)
		return r < 0 ? r : -EINVAL;
	r = find_limits(c, ct, &l);
	for (size_t i = 0; i < l.len && r == 0; i++)
		r = fn(l.list[i].limit, l.list[i].enforced_by, userdata);
	arena_done(&l.arena);
	return r;
}

MINC_EXPORT int minc_inspect(minc_ctx *c, minc_container *ct, char **ret)
{
	static const char *const names[] = { [MINC_STATE_RUNNING] = "running",
					     [MINC_STATE_PAUSED] = "paused",
					     [MINC_STATE_EXITED] = "exited",
					     [MINC_STATE_LOST] = "lost" };
	struct inspection i = { 0 };
	struct limits l = { 0 };
	int state, r = check(c, ct);
	void *inspect;

	if (r < 0 || !ret)
		return r < 0 ? r : -EINVAL;
	state = background_state(ct);
	i.state = names[state];
	i.ended = state == MINC_STATE_EXITED || state == MINC_STATE_LOST;
	if (i.ended)
		(void)background_wait(ct, 0, &i.status); /* it has a status by now */
	(void)state_status(ct->state, &i.status, &i.ended_ns, &i.lost); /* or none yet */
	r = find_limits(c, ct, &l);
	i.limits = l.list;
	i.limits_len = l.len;
	if (r == 0)
		r = module_symbol("oci", "oci_inspect", &c->err, &inspect);
	if (r == 0)
		r = fail(c, ct, ((oci_inspect_fn *)inspect)(ct->state, &i, ret));
	arena_done(&l.arena);
	return r;
}

MINC_EXPORT int minc_stats(minc_ctx *c, minc_container *ct, struct minc_stats *ret)
{
	struct minc_stats all;
	uint32_t size;
	int r;

	if (!c || !ct || !ret)
		return -EINVAL;
	api_forget_failure(c);
	if (ret->size < offsetof(struct minc_stats, write_bytes) + sizeof(uint64_t))
		return err_say(&c->err, -EINVAL, "minc_stats: size is not set");
	r = stats_read(ct, &all);
	if (r == -ESRCH)
		return err_say(&c->err, r, "the container has ended");
	if (r < 0)
		return err_set(&c->err, r, "use of the container");
	size = ret->size < sizeof(all) ? ret->size : (uint32_t)sizeof(all);
	all.size = ret->size;
	memcpy(ret, &all, size);
	return 0;
}

MINC_EXPORT int minc_rename(minc_ctx *c, minc_container *ct, const char *name)
{
	const char *why;
	int r = check(c, ct);

	if (r < 0)
		return r;
	r = name_check_container(name, &why);
	if (r < 0)
		return err_say(&c->err, r, "name '%.80s': %s", name ? name : "", why);
	return state_rename(c, ct->state, name);
}
