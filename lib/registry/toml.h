/* SPDX-License-Identifier: MIT */
/*
 * toml - as much of TOML 1.0 as registries.conf(5) needs: tables, arrays of tables,
 * strings and booleans are given out; other values are read over, strictly. Multi-line
 * strings are refused.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

enum toml_kind { TOML_TABLE, TOML_TABLES, TOML_STRING, TOML_BOOL, TOML_OTHER };

struct toml_item {
	enum toml_kind kind;
	const char *name; /* of the table, or key; dotted parts joined by '.' */
	const char *text; /* of a string */
	bool truth;       /* of a boolean */
};

struct toml {
	struct arena *arena;
	const char *p;   /* what is left */
	unsigned line;   /* of it, from 1 */
	const char *why; /* of a failure */
};

/* 1: an item; 0: the end; -EBADMSG with @why, -ENOMEM. */
int toml_next(struct toml *t, struct toml_item *ret);
