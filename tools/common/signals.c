/* SPDX-License-Identifier: MIT */
/* signals - see signals.h. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

void signals_block(void)
{
	static const int forwarded[] = { SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
					 SIGUSR1, SIGUSR2, SIGTSTP };
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	for (i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		(void)sigaddset(&set, forwarded[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}
