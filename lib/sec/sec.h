/* SPDX-License-Identifier: MIT */
/*
 * sec - what the command may do: keyring, ids, capabilities, no_new_privs, seccomp.
 * Planning functions append steps; the run_ and say_ functions are their two faces.
 */
#pragma once

#include "plan/host.h"
#include "plan/identity.h"
#include "plan/plan.h"
#include "plan/runner.h"
#include "plan/spec.h"

/* Capabilities. Names resolve through libcap-ng; @ret_keep: those of the command. */
int caps_resolve(const struct spec *s, const struct host *h, bool in_userns,
		 uint64_t *ret_keep, uint64_t *ret_added, struct err *e);
/* "cap_chown,cap_kill" for a mask; "" for none. */
void caps_format(uint64_t mask, char *buf, size_t len);

/* Steps in order: KEYRING; IDS and CAPS and NO_NEW_PRIVS. @mapped: @id's uid and gid are
 * already ours because the user namespace maps the caller to them. */
int sec_plan_keyring(struct plan *p, const struct spec *s);
int sec_plan_ids(struct plan *p, const struct spec *s, const struct host *h,
		 const struct identity *id, bool in_userns, bool single_id,
		 struct err *e);
/* SECCOMP; the last step before EXEC. */
int sec_plan_seccomp(struct plan *p, const struct spec *s, const struct host *h,
		     bool in_userns, struct err *e);

/* With MINC_FAKE_ROOT, or by default with an image where there is a single id. */
bool sec_fakes(const struct spec *s, bool single_id);
/* Whether changed ids are remembered, not only answered: for plan.ids. */
bool sec_remembers(const struct spec *s, const struct host *h, bool single_id);
/* After sec_plan_seccomp(). */
void sec_plan_fake(struct plan *p, const struct spec *s, const struct host *h,
		   const struct identity *id, bool single_id);
/* Whether the command gets a filter. */
bool sec_has_filter(const struct plan *p);
/* The command's filter is neither off nor the user's own. */
bool sec_has_default_filter(const struct spec *s);

/*
 * For child code, before it executes the sealed program. All may execute that file and
 * nobody may read it, so the process is not dumpable from the first moment of the
 * program: otherwise processes of a container that it enters could take its
 * descriptors. Some capabilities permit reading the file all the same; so they are
 * taken out of effect, and exec gives them back. A filter may refuse this: from then
 * on the caller believes only a failure that this process reports.
 */
void sec_stay_unreadable(void);
