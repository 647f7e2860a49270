/* SPDX-License-Identifier: MIT */
/* prune - what nothing needs is removed. */
#pragma once

#include "store/handles.h"

int store_prune(struct store *s, unsigned flags, minc_report_fn fn, void *data);
