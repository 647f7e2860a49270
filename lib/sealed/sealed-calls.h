/* SPDX-License-Identifier: MIT */
/*
 * sealed-calls - what a call that changes ids (setuid(2) and its kin) asks for, by its
 * number and arguments alone.
 */
#pragma once

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

/* The id that a call of @len arguments sets for good (@now: the present one), or @now. */
uint32_t sealed_id_for_good(const __u64 *args, int len, uint32_t now);
/* Whether a call of @len arguments asks for another id than @now. */
bool sealed_asks_for_others(const __u64 *args, int len, uint32_t now);
/* How many ids a call sets, in *ret_group whether of groups; 0: another call. */
int sealed_ids_of_call(int nr, bool *ret_group);
