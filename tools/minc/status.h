/* SPDX-License-Identifier: MIT */
/*
 * status - what --json-status-fd reports, one JSON object per line. Only a command that
 * ran has a "child-pid" and an "exit-code", so that its 125, 126 and 127 are not ours.
 */
#ifndef STATUS_H
#define STATUS_H

/* All do nothing if @fd is negative; a reader that went away is not an error. */
void status_started(int fd, int pid);
void status_ended(int fd, int code);
/* @step, @origin: 0 and "" if unknown. */
void status_failed(int fd, int status, const char *error, int step, const char *origin);

#endif
