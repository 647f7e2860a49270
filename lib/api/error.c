/* SPDX-License-Identifier: MIT */
/* error - see minc/error.h. */
#include "api/api.h"

#include <errno.h>

MINC_EXPORT const char *minc_error_message(const minc_ctx *c)
{
	return c ? c->err.message : "out of memory";
}

MINC_EXPORT const char *minc_error_hint(const minc_ctx *c)
{
	return c ? c->err.hint : "";
}

MINC_EXPORT const char *minc_error_origin(const minc_ctx *c)
{
	return c ? c->err.origin : "";
}

MINC_EXPORT int minc_error_code(const minc_ctx *c)
{
	return c ? c->err.code : -ENOMEM;
}

MINC_EXPORT int minc_error_step(const minc_ctx *c)
{
	return c ? c->err.step : 0;
}

MINC_EXPORT int minc_error_exit_status(const minc_ctx *c)
{
	if (!c || !c->err.code)
		return c ? 0 : 125;
	if (!c->err.exec)
		return 125;
	return c->err.code == -ENOENT || c->err.code == -ENAMETOOLONG ? 127 : 126;
}

MINC_EXPORT const char *minc_version(void)
{
	return MINC_VERSION;
}
