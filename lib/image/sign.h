/* SPDX-License-Identifier: MIT */
#pragma once

#include "image/ops.h"

int sign_keygen(struct minc_transfer *t, const char *key);
int sign_image(struct minc_transfer *t, const char *name, const char *key);
int sign_verify(struct minc_transfer *t, const char *name, const char *key);
