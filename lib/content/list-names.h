/* SPDX-License-Identifier: MIT */
/* list-names - the names of the files that list the images of an archive. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* Whether a file of this name lists the images, or marks an archive as a layout. */
static inline bool name_is_list(const char *name)
{
	return str_equal(name, "manifest.json") || str_equal(name, "repositories") ||
	       str_equal(name, "oci-layout") || str_equal(name, "index.json");
}
