/* SPDX-License-Identifier: MIT */
#include "image/sign.h"

#include <errno.h>

int sign_keygen(struct minc_transfer *t, const char *key)
{
	return err_say(t->err, -ENOSYS, "%s: no signatures yet", key);
}

int sign_image(struct minc_transfer *t, const char *name, const char *key)
{
	(void)key;
	return err_say(t->err, -ENOSYS, "%s: no signatures yet", name);
}

int sign_verify(struct minc_transfer *t, const char *name, const char *key)
{
	(void)key;
	return err_say(t->err, -ENOSYS, "%s: no signatures yet", name);
}
