/* SPDX-License-Identifier: MIT */
/*
 * threads - of a process whose first thread has ended. /proc/PID speaks of that one, so
 * such a process looks like a zombie there, and lives on in its others: as a pidfd says,
 * that tells the end of the last one. See pthread_exit(3), proc_pid_stat(5).
 */
#include "run/threads.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"

enum {
	STAT_BYTES = 1024,
	STATE_WORD = 3,
	FLAGS_WORD = 9,
	EXITING = 0x4 /* PF_EXITING */
};

const char *process_word(const char *stat, int n)
{
	const char *p = strrchr(stat, ')'); /* the name, the second word, is anything */

	for (int word = 2; p && word < n; word++)
		p = strchr(p + 1, ' ');
	return p ? p + 1 : NULL;
}

/* Whether the thread of this stat(5) has begun to end; its letter. */
static bool is_exiting(const char *stat, char *ret_state)
{
	const char *state = process_word(stat, STATE_WORD),
		   *flags = process_word(stat, FLAGS_WORD);

	if (state)
		*ret_state = *state;
	return !flags || strtoul(flags, NULL, 10) & EXITING;
}

static int find_one(DIR *threads, char *ret_state)
{
	char path[32], text[STAT_BYTES];
	struct dirent *d;

	while ((d = readdir(threads))) {
		char state = 0;

		if (!str_is_number(d->d_name))
			continue;
		snprintf(path, sizeof(path), "%.16s/stat", d->d_name);
		if (io_read_short(dirfd(threads), path, text, sizeof(text)) < 0 ||
		    is_exiting(text, &state))
			continue;
		if (ret_state)
			*ret_state = state;
		return atoi(d->d_name);
	}
	return 0;
}

int process_thread(int pid, char *ret_state)
{
	char path[32], text[STAT_BYTES], state = 0;
	DIR *threads;
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (io_read_short(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	if (!is_exiting(text, &state)) {
		if (ret_state)
			*ret_state = state;
		return pid;
	}
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (threads)
		ret = find_one(threads, ret_state);
	if (threads)
		closedir(threads);
	return ret;
}
