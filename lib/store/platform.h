/* SPDX-License-Identifier: MIT */
/* platform - the machines that images are for, with Go's names. */
#pragma once

#include "store/manifest.h"

struct platform {
	char os[32], architecture[32], variant[32];
};

/* What this machine is. */
void platform_machine(struct platform *ret);

/*
 * The child for @platform "os/arch[/variant]" (NULL: this machine's): exact variant, else
 * the nearest lower one. -ENOENT with a message that lists what there is.
 */
int image_choose_platform(struct err *e, const char *what,
			  const struct manifest_child *children, size_t len,
			  const char *platform, size_t *ret);
/* Whether @img is for @platform: 1 or 0; -EINVAL with a message: that is no platform. */
int image_fits_platform(struct err *e, const struct image *img, const char *platform);
