/* SPDX-License-Identifier: MIT */
/* usage - what takes how much of a store. */
#pragma once

#include "store/handles.h"

int store_usage(struct store *s, minc_report_fn fn, void *data);
