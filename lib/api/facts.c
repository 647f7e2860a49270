/* SPDX-License-Identifier: MIT */
/* facts - what is known of a background container; see minc/background.h. */
#include "api/api.h"
#include "live/state.h"

enum { NS_PER_MS = 1000000 };

MINC_EXPORT const char *const *minc_container_command(const minc_container *ct)
{
	static const char *const none[] = { NULL };

	return ct && ct->state ? ct->state->facts.command : none;
}

MINC_EXPORT const char *minc_container_storage(const minc_container *ct)
{
	return ct && ct->state ? ct->state->facts.storage : NULL;
}

MINC_EXPORT int64_t minc_container_created_ms(const minc_container *ct)
{
	return ct && ct->state ? (int64_t)(ct->state->facts.created_ns / NS_PER_MS) : 0;
}

MINC_EXPORT int64_t minc_container_ended_ms(const minc_container *ct)
{
	uint64_t ended_ns;
	int status;

	if (!ct || !ct->state || state_status(ct->state, &status, &ended_ns, NULL) < 0)
		return 0;
	return (int64_t)(ended_ns / NS_PER_MS);
}
