/* SPDX-License-Identifier: MIT */
/*
 * streams - standard streams that can be opened by name: /dev/stdout is a link to
 * /proc/self/fd/1, and opening that asks for the same permission as opening the file
 * behind it. A pipe has mode 0600 and belongs to its maker, a terminal to the user who
 * logged in, a file to the user who wrote "> file": a command that runs as another user
 * can write to them, but not open them. nginx and others log in this way.
 *
 * A pipe gets a mode with which everybody may open it: its only names are the links in
 * /proc of a process that has it, and those are open only to processes that may look into
 * that process. Its owner stays, because another program of the caller may open it by
 * name, too. Nothing else of the caller's is changed: if a file or a terminal could not
 * be opened, the command gets a pipe and the caller copies (outputs.c), if it has asked
 * for that. A FIFO that has a name is such a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <minc/container.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "tty/tty-rows.h"
#include "tty/tty.h"

/* A FIFO of a file system is somebody's file. */
static bool is_pipe(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISFIFO(st->st_mode) && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == PIPEFS_MAGIC;
}

/*
 * Whether the command's user can open @fd for writing; a pipe, once it has been opened to
 * all.
 */
static bool opens(int fd, const struct stat *st, const struct tty_user *user)
{
	if (S_ISSOCK(st->st_mode))
		return true; /* nobody ever can, and who has one counts on it */
	if (st->st_mode & S_IWOTH)
		return true;
	if (is_pipe(fd, st) && (user->privileged || st->st_uid == geteuid()))
		return true;
	return !user->own_userns && st->st_uid == user->uid && st->st_mode & S_IWUSR;
}

/* Whether descriptor @fd is taken by another that is passed in its place. */
static bool is_passed(const struct spec *s, int fd)
{
	for (const struct spec_fd *i = s->fds; i; i = i->next)
		if (i->target == fd)
			return true;
	return false;
}

/* Which of the standard files an own terminal takes the place of. */
static unsigned taken_by_terminal(const struct plan *p)
{
	for (size_t i = 0; p->terminal && i < p->len; i++)
		if (p->steps[i].ops == &step_terminal)
			return STEP_DATA(&p->steps[i], terminal)->replace;
	return 0;
}

static bool needs_copy(const struct spec *s, const struct tty_user *user, int fd,
		       struct stat *ret)
{
	const int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && !is_passed(s, fd) &&
	       fstat(fd, ret) == 0 && !opens(fd, ret, user);
}

static int plan_pipe(struct plan *p, const char *origin, int fd)
{
	struct step *s =
		plan_append(p, &step_pipe, origin,
			    "the command's user could not open the caller's by name");
	struct step_pipe *d = s->data;

	s->flags |= STEP_HOST;
	d->fd = fd;
	d->ret_read = plan_slot(p);
	d->ret_write = plan_slot(p);
	return d->ret_write;
}

/* One pipe for both where both are one file: what is written stays in its order. */
static void plan_copies(struct plan *p, const struct spec *s, const struct tty_user *user,
			int replace[3])
{
	const unsigned terminal = taken_by_terminal(p);
	const char *origin;
	struct stat st[3];
	bool needed[3] = { false };

	(void)spec_user(s, &origin);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		needed[fd] = !(terminal >> fd & 1) && needs_copy(s, user, fd, &st[fd]);
		if (!needed[fd])
			continue;
		if (fd == STDERR_FILENO && needed[STDOUT_FILENO] &&
		    is_same_file(&st[1], &st[2]))
			replace[fd] = replace[STDOUT_FILENO];
		else
			replace[fd] = plan_pipe(p, origin, fd);
	}
}

void tty_plan_streams(struct plan *p, const struct spec *s, const struct tty_user *user)
{
	int replace[3] = { SLOT_NONE, SLOT_NONE, SLOT_NONE };
	struct step_streams *d;

	if (spec_flag(s, MINC_COPY_OUTPUT) && !spec_flag(s, MINC_BACKGROUND) &&
	    !user->same)
		plan_copies(p, s, user, replace);
	d = plan_append(p, &step_streams, NULL,
			"pipes that every user inside can open by name: /dev/stdout")
		    ->data;
	for (int fd = 0; fd < 3; fd++)
		d->replace[fd] = replace[fd];
}
