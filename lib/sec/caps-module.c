/* SPDX-License-Identifier: MIT */
/* caps-module - see caps-module.h. */
#include "sec/caps-module.h"

#include <cap-ng.h>

__attribute__((visibility("default"))) int caps_number(const char *name)
{
	return capng_name_to_capability(name);
}

__attribute__((visibility("default"))) const char *caps_name(unsigned cap)
{
	return capng_capability_to_name(cap);
}
