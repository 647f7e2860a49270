/* SPDX-License-Identifier: MIT */
/* tty - planning of the terminal; see tty.h. */
#include "tty/tty.h"

#include <minc/container.h>
#include <sys/ioctl.h>
#include <unistd.h>

void tty_plan(struct plan *p, const struct spec *s, int devpts,
	      const struct tty_user *user)
{
	struct step *step = plan_append(p, STEP_TERMINAL, s->flag_origin[MINC_TERMINAL],
					"a terminal that is not the caller's");
	bool size_known = false;

	step->terminal.devpts = devpts;
	step->terminal.owner = user->same ? UINT32_MAX : user->uid;
	/*
	 * What is redirected stays redirected: only what was a terminal becomes the new
	 * one.
	 */
	for (int fd = 0; fd < 3; fd++) {
		struct winsize size;

		if (!isatty(fd))
			continue;
		step->terminal.replace |= 1u << fd;
		if (!size_known && ioctl(fd, TIOCGWINSZ, &size) == 0) {
			step->terminal.rows = size.ws_row;
			step->terminal.cols = size.ws_col;
			size_known = true;
		}
	}
	/* no terminal here, the caller drives the master; or the monitor does */
	if (step->terminal.replace == 0 || spec_flag(s, MINC_BACKGROUND))
		step->terminal.replace = 7;
	p->terminal = true;
}
