/* SPDX-License-Identifier: MIT */
/*
 * lease - a process that keeps a directory or a file holds an flock(2) on it. The kernel
 * drops the lock when all processes with the descriptor have ended, however they end. A
 * directory or file without a lock was left by a killed process, and a later process
 * removes it. No number and no time is compared, so nothing is mistaken for another's.
 */
#pragma once

/*
 * Take the lease of @fd, which was opened as @name of directory @at: 0, or -errno. It
 * waits, because the look of another process holds the lock for a moment. -ESTALE: it was
 * swept meanwhile, and @name is missing or another file.
 */
int lease_take(int fd, int at, const char *name);

/*
 * Take the lease of @fd: 0; -EBUSY if another process still keeps it after @wait_ms. It
 * also waits for a look, which holds the lock for a moment.
 */
int lease_try(int fd, int wait_ms);

/*
 * Whether a process keeps @name: 1; 0 if not; -ENOENT or another -errno if that is not
 * known. The look takes a shared lock, so that other looks do not count it as a keeper.
 */
int lease_look(int at, const char *name);

/*
 * Remove @name, with the flags of unlinkat(2), if no process keeps it. lease_take()
 * at this moment returns -ESTALE. The kernel refuses a directory that is not empty.
 */
void lease_sweep(int at, const char *name, int flags);
