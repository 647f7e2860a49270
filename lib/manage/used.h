/* SPDX-License-Identifier: MIT */
/* used - the manifests that containers of the store run from. */
#pragma once

#include "store/needed.h"

int used_by_containers(struct store *s, struct needed *ret);
