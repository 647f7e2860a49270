/* SPDX-License-Identifier: MIT */
/*
 * state-files - what lies in a container's state directory, for those who remove it. The
 * lock comes last: until it is gone, somebody who looks sees a container that is there.
 */
#pragma once

#include "live/log.h"

// clang-format off
#define STATE_FILES                                                                       \
	"config.json", "config.json.new", "state.json", "state.json.new",                 \
	"name", "name.new", "pid", "pid.new", "signal", "signal.new", "auto-remove",      \
	"attach", LOG_NAME, LOG_INDEX_NAME, (LOG_NAME LOG_OLD_SUFFIX),                    \
	(LOG_INDEX_NAME LOG_OLD_SUFFIX), "status", "status.new", "lock"
// clang-format on
