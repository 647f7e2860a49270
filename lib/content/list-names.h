/* SPDX-License-Identifier: MIT */
/* list-names - how the files are called that list the images of an archive. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* The name of a file that lists the images of an archive, or says that it is one. */
static inline bool name_is_list(const char *name)
{
	return str_equal(name, "manifest.json") || str_equal(name, "repositories") ||
	       str_equal(name, "oci-layout") || str_equal(name, "index.json");
}
