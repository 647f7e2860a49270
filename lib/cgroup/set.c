/* SPDX-License-Identifier: MIT */
/* set - see set.h. Version 2 does with one file what version 1 needs patience for. */
#include "cgroup/set.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "base/sys.h"
#include "cgroup/cgroup-rows.h"

enum {
	FILE_MAX_BYTES = 1 << 20,
	WAIT_MS = 10000,
	REMOVE_WAIT_MS = 1000,
	LINE_MAX_BYTES = 4096
};

struct cgroup_set *cgroup_set_free(struct cgroup_set *set)
{
	for (size_t i = 0; set && i < set->len; i++) {
		fd_closep(&set->dirs[i].fd);
		free(set->dirs[i].path);
	}
	free(set);
	return NULL;
}

static int write_file(const struct cgroup_dir *d, const char *name, const char *value)
{
	cleanup_close int fd = openat(d->fd, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static void pause_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	(void)nanosleep(&t, NULL); /* shorter is fine */
}

/* Whether "NAME VALUE" is a line of @text. */
static bool has_line(const char *text, const char *name, const char *value)
{
	const size_t len = strlen(name), value_len = strlen(value);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, name, len) == 0 && text[len] == ' ' &&
		    strncmp(text + len + 1, value, value_len) == 0 &&
		    strchr("\n", text[len + 1 + value_len]))
			return true;
	return false;
}

/* Wait for a line of cgroup.events; the kernel announces changes as POLLPRI. */
static int await_event(const struct cgroup_dir *d, const char *name, const char *value,
		       int timeout_ms)
{
	cleanup_close int fd = openat(d->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	char text[256];

	for (;;) {
		ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
		int r;

		if (n < 0)
			return errno == ENODEV ? 0
					       : -errno; /* removed: nothing is in it */
		text[n] = '\0';
		if (has_line(text, name, value))
			return 0;
		r = poll(&p, 1, timeout_ms);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
	}
}

/* Send SIGKILL to all listed processes; their number, or -errno. */
static int kill_listed(const struct cgroup_dir *d)
{
	cleanup_free char *text = NULL;
	int n = 0, r = io_read_file(d->fd, "cgroup.procs", FILE_MAX_BYTES, &text, NULL);

	if (r < 0)
		return r == -ENODEV ? 0 : r;
	for (char *p = text; *p >= '0' && *p <= '9';) {
		long pid = strtol(p, &p, 10);

		p += *p == '\n';
		n++;
		if (pid > 0) /* 0: of a pid namespace that cannot be seen from here */
			(void)kill((pid_t)pid, SIGKILL); /* it may have ended */
	}
	return n;
}

static int kill_dir(const struct cgroup_dir *d, int timeout_ms)
{
	int n = -ENOENT;

	/* before 5.14 there is no such file, and v1 never has it */
	if (d->v2 && write_file(d, "cgroup.kill", "1") == 0)
		return await_event(d, "populated", "0", timeout_ms);
	for (int ms = 0; ms < timeout_ms; ms++) {
		n = kill_listed(d);
		if (n <= 0)
			return n;
		pause_ms(1);
	}
	return -ETIMEDOUT;
}

/* One group holds every process: best in v2, where a fork cannot escape. */
static const struct cgroup_dir *best_dir(const struct cgroup_set *set,
					 unsigned v1_controller)
{
	const struct cgroup_dir *ret = NULL;

	for (size_t i = 0; i < set->len; i++) {
		const struct cgroup_dir *d = &set->dirs[i];

		if (d->fd < 0)
			continue;
		if (d->v2)
			return d;
		if (!ret || d->controllers & 1u << v1_controller)
			ret = d;
	}
	return ret;
}

int cgroup_set_kill(const struct cgroup_set *set)
{
	const struct cgroup_dir *d = best_dir(set, CGROUP_FREEZER);

	/* a frozen process of v1 does not die */
	if (d && !d->v2 && d->controllers & 1u << CGROUP_FREEZER)
		(void)write_file(d, "freezer.state", "THAWED"); /* kill_dir() notices */
	return d ? kill_dir(d, WAIT_MS) : -ENOENT;
}

/* freezer.state changes later, without a notification. */
static int freeze_v1(const struct cgroup_dir *d, const char *state)
{
	int r;

	if (!(d->controllers & 1u << CGROUP_FREEZER))
		return -EOPNOTSUPP;
	for (int ms = 0; ms < WAIT_MS; ms++) {
		cleanup_free char *now = NULL;

		r = write_file(d, "freezer.state",
			       state); /* again: forks were too fast */
		if (r == 0)
			r = io_read_file(d->fd, "freezer.state", FILE_MAX_BYTES, &now,
					 NULL);
		if (r < 0 || str_starts_with(now, state))
			return r;
		pause_ms(1);
	}
	return -ETIMEDOUT;
}

static int freeze(const struct cgroup_set *set, bool on)
{
	const struct cgroup_dir *d = best_dir(set, CGROUP_FREEZER);
	int r;

	if (!d)
		return -ENOENT;
	if (!d->v2)
		return freeze_v1(d, on ? "FROZEN" : "THAWED");
	r = write_file(d, "cgroup.freeze", on ? "1" : "0");
	return r < 0 ? r : await_event(d, "frozen", on ? "1" : "0", WAIT_MS);
}

int cgroup_set_freeze(const struct cgroup_set *set)
{
	const int r = freeze(set, true);

	/* all or none: with one that does not freeze the others would stay so */
	if (r < 0)
		(void)freeze(set, false);
	return r;
}

int cgroup_set_thaw(const struct cgroup_set *set)
{
	return freeze(set, false);
}

bool cgroup_set_is_frozen(const struct cgroup_set *set)
{
	const struct cgroup_dir *d = best_dir(set, CGROUP_FREEZER);
	cleanup_free char *text = NULL;

	if (!d || io_read_file(d->fd, d->v2 ? "cgroup.freeze" : "freezer.state",
			       FILE_MAX_BYTES, &text, NULL) < 0)
		return false; /* nothing here could freeze it */
	return str_starts_with(text, d->v2 ? "1" : "FR"); /* FREEZING, FROZEN */
}

int cgroup_set_text(const struct cgroup_set *set, size_t i, char *buf, size_t len)
{
	const struct cgroup_dir *d = &set->dirs[i];
	char names[128] = "v2";
	size_t n = 0;

	for (unsigned c = 0; !d->v2 && c < CGROUP_CONTROLLERS; c++)
		if (d->controllers & 1u << c)
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
					      n ? "," : "",
					      cgroup_controller_name(c, false));
	n = (size_t)snprintf(buf, len, "%s:%s", names, d->path);
	return n < len ? 0 : -ENAMETOOLONG;
}

/* As the kernel says, not a file that may be old. */
static unsigned v2_controllers(const struct cgroup_dir *d)
{
	cleanup_free char *text = NULL;

	if (io_read_file(d->fd, "cgroup.controllers", LINE_MAX_BYTES, &text, NULL) < 0)
		return 0;
	return cgroup_controllers_parse(text, ' ', true);
}

/* All that it could have had: which of them is not kept. */
static const unsigned any_controller = ~0u;

static int open_dir(struct cgroup_dir *d, const char *line, bool recall)
{
	const char *colon = strchr(line, ':');
	char names[128];

	if (!colon || colon[1] != '/' || colon - line >= (long)sizeof(names))
		return -EINVAL;
	snprintf(names, sizeof(names), "%.*s", (int)(colon - line), line);
	d->v2 = str_equal(names, "v2");
	d->controllers = d->v2 ? 0 : cgroup_controllers_parse(names, ',', false);
	if (!d->v2 && !d->controllers)
		return -EINVAL;
	if (recall) {
		d->controllers = d->v2 ? any_controller : d->controllers;
		return 0;
	}
	d->path = strdup(colon + 1);
	if (!d->path)
		return -ENOMEM;
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->fd < 0)
		return -errno;
	if (d->v2)
		d->controllers = v2_controllers(d);
	return 0;
}

static int read_lines(const char *const *lines, bool recall, struct cgroup_set **ret)
{
	struct cgroup_set *set = calloc(1, sizeof(*set));
	int r = set ? 0 : -ENOMEM;

	for (; r == 0 && *lines; lines++) {
		if (set->len == CGROUP_HIERARCHIES_MAX) {
			r = -EINVAL;
			break;
		}
		set->dirs[set->len].fd = -EBADF;
		r = open_dir(&set->dirs[set->len++], *lines, recall);
	}
	if (r < 0) {
		cgroup_set_free(set);
		return r;
	}
	*ret = set;
	return 0;
}

int cgroup_set_open(const char *const *lines, struct cgroup_set **ret)
{
	return read_lines(lines, false, ret);
}

int cgroup_set_recall(const char *const *lines, struct cgroup_set **ret)
{
	return read_lines(lines, true, ret);
}

/*
 * What is held: a place has one group, the path behind it. The descriptor is the place's.
 */

static int put_group(struct held *h, const struct cgroup_dir *d)
{
	const size_t len = strlen(d->path) + 1;
	struct cgroup_dir *copy = malloc(sizeof(*copy) + len);

	if (!copy)
		return -ENOMEM;
	*copy = *d;
	copy->path = memcpy(copy + 1, d->path, len);
	h->data = copy;
	return 0;
}

static struct cgroup_dir group_of(const struct held *h)
{
	struct cgroup_dir ret = *(const struct cgroup_dir *)h->data;

	ret.fd = h->fd;
	return ret;
}

static void end_group(struct held *h)
{
	const struct cgroup_dir d = group_of(h);

	/*
	 * who entered from outside ends with the container; or the next start's sweep
	 * removes it
	 */
	if (rmdir(d.path) < 0 && errno == EBUSY && kill_dir(&d, REMOVE_WAIT_MS) == 0)
		(void)rmdir(d.path);
	held_close(h);
}

static void release_group(struct held *h)
{
	(void)rmdir(group_of(h).path); /* the kernel refuses what is in use */
	held_close(h);
}

/*
 * In the background the handle has neither: it opens all by their lines when it needs
 * them.
 */
static const struct held_ops own_group = { .end = end_group,
					   .release = release_group,
					   .leased = true },
			     others_group = { .end = held_close,
					      .release = held_close,
					      .leased = true };

struct held *hold_cgroup(struct held_list *l, const struct step *s)
{
	const struct step_cgroup *group = s->data;
	const struct cgroup_dir d = { .v2 = group->v2,
				      .controllers = group->controllers,
				      .path = (char *)group->path };
	struct held *h = held_add(l, &own_group, group->ret);

	if (h && put_group(h, &d) < 0) {
		held_close(h);
		h = NULL;
	}
	return h;
}

/* Takes the descriptor over. */
static int hold_others(struct held_list *l, struct cgroup_dir *d)
{
	struct held *h = held_add(l, &others_group, SLOT_NONE);
	int r = h ? put_group(h, d) : -E2BIG;

	if (h && r < 0)
		held_close(h);
	if (r < 0)
		return r;
	h->fd = take_fd(&d->fd);
	h->made = true;
	return 0;
}

int cgroup_hold_foreign(struct held_list *l, const char *mount, int pid, unsigned *ret)
{
	cleanup_free char *text = NULL, *line = NULL;
	struct cgroup_dir d = { .fd = -EBADF };
	char name[32];
	const char *own;
	int r;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	r = io_read_file(AT_FDCWD, name, FILE_MAX_BYTES, &text, NULL);
	if (r < 0)
		return r;
	own = str_starts_with(text, "0::") ? text : strstr(text, "\n0::");
	own = own ? strchr(own, '/') : NULL;
	if (!own)
		return -ENOENT;
	if (asprintf(&line, "v2:%s%.*s", mount, (int)strcspn(own, "\n"), own) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	r = open_dir(&d, line, false);
	if (r == 0)
		r = hold_others(l, &d);
	*ret = d.controllers;
	fd_closep(&d.fd);
	free(d.path);
	return r;
}

int cgroup_hold_opened(struct held_list *l, const char *const *lines)
{
	struct cgroup_set *set;
	int r = cgroup_set_open(lines, &set);

	if (r < 0)
		return r;
	for (size_t i = 0; i < set->len && r == 0; i++)
		r = hold_others(l, &set->dirs[i]);
	cgroup_set_free(set);
	return r;
}

struct cgroup_set *cgroup_set_of(const struct held_list *l, struct cgroup_set *ret)
{
	*ret = (struct cgroup_set){ 0 };
	for (size_t i = 0; i < l->len && ret->len < CGROUP_HIERARCHIES_MAX; i++) {
		const struct held *h = &l->list[i];

		if ((h->ops == &own_group || h->ops == &others_group) && h->fd >= 0)
			ret->dirs[ret->len++] = group_of(h);
	}
	return ret;
}

size_t cgroup_paths(const struct plan *p, const char *ret[CGROUP_HIERARCHIES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < p->len && n < CGROUP_HIERARCHIES_MAX; i++)
		if (p->steps[i].ops == &step_cgroup)
			ret[n++] = STEP_DATA(&p->steps[i], cgroup)->path;
	return n;
}
