/* SPDX-License-Identifier: MIT */
/* tty - planning of the terminal; see tty.h. */
#include "tty/tty.h"

#include <minc/container.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tty/tty-rows.h"

void tty_plan(struct plan *p, const struct spec *s, int devpts,
	      const struct tty_user *user)
{
	struct step_terminal *d =
		plan_append(p, &step_terminal, s->flag_origin[MINC_TERMINAL],
			    "a terminal that is not the caller's")
			->data;
	bool size_known = false;

	d->devpts = devpts;
	d->owner = user->same ? UINT32_MAX : user->uid;
	/*
	 * What is redirected stays redirected: only what was a terminal becomes the new
	 * one.
	 */
	for (int fd = 0; fd < 3; fd++) {
		struct winsize size;

		if (!isatty(fd))
			continue;
		d->replace |= 1u << fd;
		if (!size_known && ioctl(fd, TIOCGWINSZ, &size) == 0) {
			d->rows = size.ws_row;
			d->cols = size.ws_col;
			size_known = true;
		}
	}
	/* no terminal here, the caller drives the master; or the monitor does */
	if (d->replace == 0 || spec_flag(s, MINC_BACKGROUND))
		d->replace = 7;
	p->terminal = true;
}
