/* SPDX-License-Identifier: MIT */
/* fsck - a store is checked, and repaired. */
#pragma once

#include "store/handles.h"

int fsck_store(struct store *s, unsigned flags, minc_report_fn fn, void *data);
