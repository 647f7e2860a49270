/* SPDX-License-Identifier: MIT */
/* attach - see background.h of the public headers, minc_attach(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct minc_container;

struct detach_keys {
	char keys[8];
	size_t len; /* 0: none */
};

/* "ctrl-p,ctrl-q"; NULL for that. -EINVAL if it is anything else, or more than 8 keys. */
int detach_keys_parse(const char *text, struct detach_keys *ret);

/*
 * 0 when the container ended, 1 when the keys were typed, -EINTR: a signal that ends us.
 * @keep_signals: without a terminal they do what they do to the caller.
 */
int attach_serve(struct minc_container *ct, const struct detach_keys *keys,
		 bool keep_signals, int *ret_status);
