/* SPDX-License-Identifier: MIT */
/* volume - volumes with a name, for verbs about other things. */
#ifndef VOLUME_H
#define VOLUME_H

#include "marten/call.h"

/*
 * Remove the volumes that no container names, with a line for each; @dry: only say it. 0,
 * or an exit status after a complaint.
 */
int volumes_prune(struct call *call, bool dry);
/* Their names, sorted, for volumes_done(); NULL after a complaint. The store is open. */
char **volumes_list(struct call *call);
void volumes_done(char **names); /* NULL: nothing */
/* upkeep.c: whether the user says yes to @what being removed. */
bool upkeep_agrees(const char *what);

#endif
