/* SPDX-License-Identifier: MIT */
/* squash-to-dir - layers become files. */
#pragma once

#include "squash/squash.h"

/*
 * What layers show, as files below @dir, which is empty; ids that cannot be set are an
 * error unless @any_owner.
 */
int squash_to_dir(struct err *e, const char *what, const int *layers, size_t len, int dir,
		  bool any_owner, squash_progress_fn *progress, void *data);

/* How a part of an image becomes files. */
struct squash_part {
	const char *path; /* of the directory in the image; links in it stay inside */
	/* all is the caller's; devices and attributes that it may not set are left out */
	bool one_owner;
	bool any_owner; /* owners that it may not set are left out, too */
	/* devices and attributes are; an owner that has no number there is nobody */
	bool in_userns;
	/* NULL: the image's numbers; one that is in none is nobody */
	const struct squash_owners *owners;
};

/*
 * What is in a directory of the image, and its owner, mode, attributes and times, to
 * @dir, which is empty. PART_ABSENT: the image has no such directory, @dir is as it was;
 * PART_EMPTY: there was no file that has to reach the disk; or PART_FILES.
 */
enum { PART_ABSENT, PART_EMPTY, PART_FILES };

int squash_part_to_dir(struct err *e, const char *what, const int *layers, size_t len,
		       const struct squash_part *part, int dir);
