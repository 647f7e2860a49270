/* SPDX-License-Identifier: MIT */
/*
 * lease - who keeps a directory or a file says so by an flock(2) on it, as long as it
 * lives or has handed the descriptor on: the kernel gives the lock back, however it ends.
 * What nobody keeps was left by somebody who was killed, and is removed by the next who
 * comes by. No number and no time is compared, so nothing is mistaken for another's.
 */
#pragma once

/*
 * Take the lease of @fd, which was opened as @name of directory @at: 0, or -errno. Waited
 * for, as a look of another's holds it for a moment. -ESTALE: it was swept meanwhile, and
 * is another's or nobody's.
 */
int lease_take(int fd, int at, const char *name);

/*
 * Take the lease of @fd, unless somebody else keeps it: -EBUSY. A look, which may hold it
 * at this moment, is waited for, and a keeper for @wait_ms.
 */
int lease_try(int fd, int wait_ms);

/*
 * Whether anybody keeps @name: 1; 0 if not; -ENOENT or another -errno where that cannot
 * be said. The look is shared, so that it does not pass for a keeper to others who look.
 */
int lease_look(int at, const char *name);

/*
 * Remove @name, with the flags of unlinkat(2), if nobody keeps it. Who takes its lease at
 * this moment hears -ESTALE. The kernel refuses a directory that is not empty.
 */
void lease_sweep(int at, const char *name, int flags);
