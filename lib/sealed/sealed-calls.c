/* SPDX-License-Identifier: MIT */
/* sealed-calls - see sealed-calls.h. */
#include "sealed/sealed-calls.h"

#include "base/sys.h"

uint32_t sealed_id_for_good(const __u64 *args, int len, uint32_t now)
{
	uint32_t first = now;

	for (int i = 0; i < len; i++) {
		const uint32_t id =
			(uint32_t)args[i] == UINT32_MAX ? now : (uint32_t)args[i];

		if (i > 0 && id != first)
			return now;
		first = id;
	}
	return first;
}

bool sealed_asks_for_others(const __u64 *args, int len, uint32_t now)
{
	for (int i = 0; i < len; i++)
		if ((uint32_t)args[i] != now &&
		    ((uint32_t)args[i] != UINT32_MAX || len == 1))
			return true;
	return false;
}

int sealed_ids_of_call(int nr, bool *ret_group)
{
	*ret_group = nr == SYS_setgid || nr == SYS_setregid || nr == SYS_setresgid;
	if (nr == SYS_setuid || nr == SYS_setgid)
		return 1;
	if (nr == SYS_setreuid || nr == SYS_setregid)
		return 2;
	return nr == SYS_setresuid || nr == SYS_setresgid ? 3 : 0;
}
