/* SPDX-License-Identifier: MIT */
/*
 * state-forget - removing a container whose state cannot be read. Whether it runs is
 * known all the same: its monitor has the lease, and says in its command line whose
 * monitor it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "live/state.h"

enum {
	END_WAIT_MS = 10000,
	MONITORS_MAX = 64,
	STATUS_MAX_BYTES = 1 << 20 /* it may be in 65536 groups */
};

/*
 * In how many pid namespaces process @pid ("self": the caller) has a number, by
 * proc_pid_status(5); 0 if it is gone.
 */
static unsigned pid_depth(const char *pid)
{
	cleanup_free char *status = NULL;
	const char *line;
	char path[32];
	unsigned n = 0;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	if (io_read_file(AT_FDCWD, path, STATUS_MAX_BYTES, &status, NULL) < 0)
		return 0;
	line = strstr(status, "\nNSpid:");
	for (line = line ? line + 1 : ""; *line && *line != '\n'; line++)
		n += *line == '\t';
	return n;
}

enum { WORDS = 5, OTHER = 0, MAYBE, SURELY };

/* The first words of a command line in @text, "" where there are no more. */
static void find_words(const char *text, size_t len, const char *ret[WORDS])
{
	const char *p = text, *end = text + len;

	for (int i = 0; i < WORDS; i++) {
		ret[i] = p < end ? p : "";
		p += p < end ? strlen(p) + 1 : 0;
	}
}

/*
 * argv of live/monitor.h: the fourth word is the id, the fifth the directory's numbers,
 * which those of earlier versions do not have: MAYBE. Anybody may have these words, and
 * in a container's processes they may be of the caller's user, too: but those are below
 * pid namespaces of their own.
 */
static int is_monitor_of(int pid, const struct state *s)
{
	char path[32], text[256], numbers[STATE_NUMBERS_LEN];
	const char *words[WORDS];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st) < 0 || st.st_uid != geteuid() ||
	    state_numbers(s, numbers) < 0)
		return OTHER;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	n = io_read_short(AT_FDCWD, path, text, sizeof(text));
	find_words(text, n > 0 ? (size_t)n : 0, words);
	if (!str_equal(words[0], "minc-monitor") || !str_equal(words[3], s->id))
		return OTHER;
	if (*words[4] && *words[4] != '/' && !str_equal(words[4], numbers))
		return OTHER;
	snprintf(path, sizeof(path), "%d", pid);
	if (pid_depth(path) != pid_depth("self"))
		return OTHER;
	return str_equal(words[4], numbers) ? SURELY : MAYBE;
}

int state_monitor(const struct state *s)
{
	DIR *list = opendir("/proc");
	int ret = 0, found = OTHER;
	struct dirent *d;

	while (list && found != SURELY && (d = readdir(list))) {
		const int pid = str_is_number(d->d_name) ? atoi(d->d_name) : 0;
		const int is = pid > 0 ? is_monitor_of(pid, s) : OTHER;

		if (is > found) {
			found = is;
			ret = pid;
		}
	}
	if (list)
		closedir(list);
	return ret;
}

/* A pidfd of @s's monitor, or -ESRCH. */
static int open_monitor(const struct state *s)
{
	const int pid = state_monitor(s);
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -ESRCH;

	if (pid && fd < 0)
		return errno == ENOSYS || errno == EPERM ? -errno : -ESRCH;
	if (pid && is_monitor_of(pid, s) == OTHER) {
		/* it was, and another has its number */
		fd_closep(&fd);
		return -ESRCH;
	}
	return fd;
}

static int kill_and_wait(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return -errno;
	while ((n = poll(&p, 1, END_WAIT_MS)) < 0 && errno == EINTR)
		;
	return n == 1 ? 0 : -ETIMEDOUT;
}

/* Until nobody has the lease: another process of the same user may say the same words. */
static int end_monitor(const struct state *s)
{
	int r = 0;

	for (int i = 0; r == 0 && state_is_kept(s); i++) {
		cleanup_close int fd = i < MONITORS_MAX ? open_monitor(s) : -EBUSY;

		r = fd < 0 ? fd : kill_and_wait(fd);
	}
	return r == -ESRCH && !state_is_kept(s) ? 0 : r;
}

static int forget(struct minc_ctx *c, struct state *s, const char *word, bool force)
{
	struct stat st;
	int r = 0;

	if (state_is_kept(s) && !force)
		return err_say(&c->err, -EBUSY, "%.64s: it is running", word);
	if (state_is_kept(s))
		r = end_monitor(s);
	if (r < 0)
		return err_set(&c->err, r, "%.64s: its monitor", word);
	state_lock(c, s->runtime);
	state_remove(s);
	(void)flock(s->runtime, LOCK_UN); /* cannot fail */
	if (fstatat(s->runtime, s->id, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_say(&c->err, -ENOTEMPTY, "%.64s: %s holds something else",
			       word, s->path);
	return 0;
}

int state_forget(struct minc_ctx *c, const char *word, bool force, char *ret_id)
{
	cleanup_close int runtime = -EBADF;
	char path[PATH_MAX], id[STATE_ID_LEN + 1];
	struct state *s;
	int r = state_runtime(c, false, path, &runtime);

	if (r == 0)
		r = state_resolve(c, runtime, word, id);
	if (r == -ENOENT)
		return err_say(&c->err, r, "%s: no such container", word);
	if (r < 0)
		return err_set(&c->err, r, "%s", word);
	s = state_new(path, id);
	r = s ? state_open(s, runtime) : -ENOMEM;
	r = r < 0 ? err_set(&c->err, r, "%s", word) : forget(c, s, word, force);
	state_free(s);
	if (r == 0 && ret_id)
		memcpy(ret_id, id, sizeof(id));
	return r;
}
