/* SPDX-License-Identifier: MIT */
/* sec-rows - see sec-rows.h. */
#include "sec/sec-rows.h"

#include <errno.h>

static const struct step_hint keyring_hints[] = {
	{ -EDQUOT,
	  "every container has a key: /proc/sys/kernel/keys/maxkeys limits an ordinary "
	  "user" },
	{ 0 },
};

STEP_NAMED(ids, "%u:%u", d->uid, d->gid)
STEP_NAMED(seccomp, "%s", d->name)

static const struct step_hint seccomp_hints[] = {
	{ -EINVAL, "this kernel may lack CONFIG_SECCOMP_FILTER" },
	{ 0 },
};

const struct step_ops step_keyring = {
	STEP_FACES_BARE("new keyring", keyring),
	.hints = keyring_hints,
};

const struct step_ops step_ids = {
	STEP_FACES("set user", ids),
	.name_object = name_ids,
};

const struct step_ops step_caps = {
	STEP_FACES("set capabilities", caps),
};

const struct step_ops step_no_new_privs = {
	STEP_FACES_BARE("no new privileges", no_new_privs),
};

const struct step_ops step_seccomp = {
	STEP_FACES("seccomp filter", seccomp),
	.name_object = name_seccomp,
	.hints = seccomp_hints,
};

static const struct step_ops *const rows[] = { &step_keyring, &step_ids,
					       &step_caps,    &step_no_new_privs,
					       &step_seccomp, NULL };

const struct mechanism sec_steps = { "sec", rows, NULL };
