/* SPDX-License-Identifier: MIT */
/* api - the exported functions: validate, delegate, nothing else. */
#pragma once

#include <minc/minc.h>

#include "run/run.h"

#define MINC_EXPORT __attribute__((visibility("default")))
