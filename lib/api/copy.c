/* SPDX-License-Identifier: MIT */
/*
 * copy - files between the host and containers; see minc/background.h. An ordinary user's
 * container has a user namespace, in which a child does the work: its files belong to ids
 * that only root in there has a right to. Root works by number.
 */
#include "change/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "base/str.h"
#include "import/import-module.h"
#include "live/state.h"
#include "ns/userns.h"
#include "run/threads.h"

enum { MAP_BYTES = END_IDS_MAX * 36 }; /* three numbers of ten digits in columns */

struct work {
	struct copy_end from, to;
	struct copy_how how;
	struct copy_said said;
	const struct import_ops *tar; /* of a stream; or NULL */
};

/*
 * What process 1 sees as "/", also if its first thread has ended. If it is still alive
 * afterwards, its number was not another's.
 */
static int open_root(const minc_container *ct)
{
	cleanup_close int root = -EBADF;
	char path[64];
	int r;

	if (ct->ended || ct->pidfd < 0)
		return -ESRCH;
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/root", ct->pid,
		       process_thread(ct->pid, NULL));
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? -errno : sys_pidfd_send_signal(ct->pidfd, 0);
	if (r == -ENOENT)
		r = -ESRCH;
	return r < 0 ? r : take_fd(&root);
}

static int read_map(int pid, const char *name, struct end_ids ret[END_IDS_MAX],
		    size_t *ret_len)
{
	char path[40], text[MAP_BYTES];
	const char *p = text;
	int used = 0;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	n = io_read_short(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	*ret_len = 0;
	while (*ret_len < END_IDS_MAX &&
	       sscanf(p, " %10u %10u %10u%n", &ret[*ret_len].inside,
		      &ret[*ret_len].outside, &ret[*ret_len].count, &used) == 3) {
		p += used;
		(*ret_len)++;
	}
	return !*ret_len ? -EBADMSG : p[strspn(p, " \n")] ? -E2BIG : 0;
}

static bool is_identity(const struct end_ids *ids, size_t len)
{
	return len == 1 && ids->inside == 0 && ids->outside == 0 &&
	       ids->count == UINT32_MAX;
}

static int take_maps(const minc_container *ct, struct copy_end *end)
{
	int r = read_map(ct->pid, "uid_map", end->uids, &end->uids_len);

	if (r == 0)
		r = read_map(ct->pid, "gid_map", end->gids, &end->gids_len);
	end->one_owner = r == 0 && end->uids_len == 1 && end->uids->count == 1;
	end->numbered = !is_identity(end->uids, end->uids_len) ||
			!is_identity(end->gids, end->gids_len);
	return r;
}

/*
 * The file system of what the library makes anew at each start, and does not keep: that
 * of /dev.
 */
static int take_memory(struct copy_end *end)
{
	cleanup_close int dev = end_open(end, "dev", O_PATH | O_DIRECTORY);
	struct stat st;

	if (dev < 0 || fstat(dev, &st) < 0)
		return dev < 0 ? dev : -errno;
	end->memory = st.st_dev;
	return 0;
}

static void name_end(const minc_container *ct, struct copy_end *end)
{
	const char *name = ct->state ? minc_container_name(ct) : ct->label;

	(void)snprintf(end->label, sizeof(end->label),
		       "%.64s:", *name ? name : "container");
}

/* @ct NULL: the host. 0 or -errno with a message. */
static int open_end(minc_ctx *c, const minc_container *ct, const char *path,
		    struct copy_end *ret)
{
	int r = 0;

	*ret = (struct copy_end){ .root = -EBADF, .path = path };
	if (!ct) {
		ret->one_owner = c->host.uid != 0; /* only root gives files away */
		return 0;
	}
	name_end(ct, ret);
	r = ret->root = open_root(ct);
	if (r == -ESRCH)
		return err_say(&c->err, r, "%.64s it has ended", ret->label);
	if (r >= 0)
		r = take_maps(ct, ret);
	ret->idle = ct->idle;
	if (r >= 0 && ct->idle)
		r = take_memory(ret);
	return r < 0 ? err_set(&c->err, r, "%sroot of the container", ret->label) : 0;
}

/* Whether process 1 of @ct is in another user namespace than we. */
static bool has_own_userns(const minc_container *ct)
{
	struct stat ours, theirs;
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", ct->pid);
	return stat("/proc/self/ns/user", &ours) == 0 && stat(path, &theirs) == 0 &&
	       !is_same_file(&ours, &theirs);
}

static bool is_stream(const struct copy_end *end)
{
	return end->root < 0 && str_equal(end->path, "-");
}

static int do_work(struct err *e, void *data)
{
	struct work *w = data;

	if (!w->tar)
		return copy_files(&w->from, &w->to, &w->how, &w->said, e);
	if (is_stream(&w->from))
		return w->tar->copy_in(e, STDIN_FILENO, &w->to, &w->how, &w->said);
	return w->tar->copy_out(e, &w->from, STDOUT_FILENO, &w->how, &w->said);
}

/* A closed pipe is an error, not a signal: the parent could not tell what ended us. */
static int do_work_inside(struct err *e, void *data)
{
	(void)signal(SIGPIPE, SIG_IGN);
	return do_work(e, data);
}

/* In there, owners have the numbers that the container knows. */
static int work_inside(minc_ctx *c, const minc_container *ct, struct work *w)
{
	cleanup_close int userns = -EBADF;
	char path[40];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", ct->pid);
	userns = open(path, O_RDONLY | O_CLOEXEC);
	/* it is alive: the number was not another's */
	r = userns < 0 ? -errno : sys_pidfd_send_signal(ct->pidfd, 0);
	if (r < 0)
		return err_set(&c->err, r, "user namespace of the container");
	w->from.numbered = w->to.numbered = false;
	return userns_run_in(&c->err, userns, do_work_inside, w, sizeof(*w));
}

static void tell(const minc_ctx *c, const struct copy_said *said)
{
	char line[64];

	for (size_t i = 0; c->log && i < said->used; i += strlen(said->text + i) + 1)
		c->log(said->text + i, c->log_data);
	if (!c->log || !said->more)
		return;
	(void)snprintf(line, sizeof(line),
		       "and %u more files are left out, or a part of them", said->more);
	c->log(line, c->log_data);
}

static int work(minc_ctx *c, minc_container *from, minc_container *to, struct work *w)
{
	minc_container *ct = to ? to : from;
	void *ops = NULL;
	int r = 0;

	if (is_stream(&w->from) || is_stream(&w->to))
		r = module_symbol("import", "import_ops", &c->err, &ops);
	w->tar = ops;
	if (r == 0)
		r = c->host.uid != 0 && has_own_userns(ct) ? work_inside(c, ct, w)
							   : do_work(&c->err, w);
	tell(c, &w->said);
	return r;
}

MINC_EXPORT int minc_copy(minc_ctx *c, minc_container *from, const char *source,
			  minc_container *to, const char *target)
{
	struct work w = { .how = { 0 } };
	int r;

	if (!c || !source || !target || (!from && !to))
		return -EINVAL;
	r = api_begin(c);
	if (r < 0)
		return r;
	w.how = (struct copy_how){ .archive = c->copy_flags & MINC_COPY_ARCHIVE,
				   .follow = c->copy_flags & MINC_COPY_FOLLOW };
	w.to.root = -EBADF;
	r = open_end(c, from, source, &w.from);
	if (r == 0)
		r = open_end(c, to, target, &w.to);
	if (r == 0)
		r = work(c, from, to, &w);
	fd_closep(&w.from.root);
	fd_closep(&w.to.root);
	return r;
}

MINC_EXPORT int minc_copy_out(minc_ctx *c, minc_container *ct, const char *inside,
			      const char *host)
{
	return ct ? minc_copy(c, ct, inside, NULL, host) : -EINVAL;
}

MINC_EXPORT int minc_copy_in(minc_ctx *c, minc_container *ct, const char *host,
			     const char *inside)
{
	return ct ? minc_copy(c, NULL, host, ct, inside) : -EINVAL;
}

MINC_EXPORT int minc_set_copy(minc_ctx *c, unsigned flags)
{
	if (!c)
		return -EINVAL;
	if (flags & ~(unsigned)(MINC_COPY_ARCHIVE | MINC_COPY_FOLLOW))
		return spec_refuse(&c->spec, -EINVAL, "minc_set_copy", "unknown flag");
	c->copy_flags = flags;
	return 0;
}
