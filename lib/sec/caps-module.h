/* SPDX-License-Identifier: MIT */
/*
 * caps-module - names of capabilities by libcap-ng, in the module "caps": a start with
 * the default set needs none of them, and the library would cost every start its mapping
 * and its constructor.
 */
#pragma once

/* Number of @name ("chown"), in any case; negative if unknown. */
typedef int caps_number_fn(const char *name);
/* Name of @cap without "cap_", or NULL. */
typedef const char *caps_name_fn(unsigned cap);

caps_number_fn caps_number;
caps_name_fn caps_name;
