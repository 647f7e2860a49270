/* SPDX-License-Identifier: MIT */
/*
 * sec - what the command may do, as steps: its own keyring, its ids, its capabilities,
 * no_new_privs and the system call filter. The order matters: capabilities are needed to
 * change ids, and no_new_privs to install a filter without CAP_SYS_ADMIN.
 *
 * MINC_PRIVILEGED lifts all but keyring and ids. With MINC_BEST_EFFORT a protection that
 * cannot be applied is a warning; a choice of the user (a profile file) never is.
 */
#include "sec/sec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/module.h"
#include "minc/container.h"
#include "sec/profile.h"
#include "sec/seccomp-module.h"

#include "sec/sec-rows.h"
#include "seccomp-filter.h"

static unsigned protection_flags(const struct spec *s)
{
	return spec_flag(s, MINC_BEST_EFFORT) ? STEP_OPTIONAL : 0;
}

int sec_plan_keyring(struct plan *p, const struct spec *s)
{
	struct step *step =
		plan_append(p, &step_keyring, NULL,
			    "an own session keyring, without the caller's keys");

	step->flags |= protection_flags(s);
	return 0;
}

static bool can(const struct host *h, bool in_userns, unsigned cap)
{
	return in_userns || (h->caps_permitted >> cap & 1);
}

static int plan_groups(struct plan *p, struct step *step, const struct identity *id)
{
	struct step_ids *d = step->data;
	size_t size = id->groups_len * sizeof(id->groups[0]);
	uint32_t *groups;

	d->groups_len = id->groups_len;
	if (!size)
		return 0;
	groups = plan_alloc(p, size);
	if (!groups)
		return -ENOMEM;
	memcpy(groups, id->groups, size);
	d->groups = groups;
	return 0;
}

/*
 * Ids that really change make the kernel treat the process as one that has dropped
 * privileges: its memory is no longer dumpable, and a new owner may signal and trace it.
 * Memory that is shared with the caller must not get there.
 */
static bool ids_change(const struct host *h, const struct identity *id, bool in_userns)
{
	if (in_userns) /* the caller is 0 inside */
		return id->uid != 0 || id->gid != 0;
	return id->uid != h->uid || id->gid != h->gid;
}

static int plan_ids(struct plan *p, const struct spec *s, const struct host *h,
		    const struct identity *id, bool in_userns, bool single_id)
{
	bool allowed = can(h, in_userns, CAP_SETUID) && can(h, in_userns, CAP_SETGID) &&
		       (in_userns || !h->groups_denied);
	bool change = !single_id && ids_change(h, id, in_userns);
	const char *origin;
	struct step *step;
	struct step_ids *d;

	if (single_id || (!allowed && !change))
		return 0; /* already there, and the kernel would not let us drop groups */
	(void)spec_user(s, &origin); /* what is to blame is what is wanted */
	step = plan_append(p, &step_ids, origin,
			   id->uid ? "the command's user and groups"
				   : "root, without the caller's groups");
	d = step->data;
	d->uid = id->uid;
	d->gid = id->gid;
	d->set_ids = true;
	d->set_groups = true;
	if (change)
		p->own_memory = true;
	return plan_groups(p, step, id);
}

static void plan_caps(struct plan *p, const struct spec *s, const struct host *h,
		      const struct identity *id, uint64_t keep, uint64_t added)
{
	struct step *step = plan_append(p, &step_caps, s->caps ? s->caps->origin : NULL,
					keep == h->caps_known
						? "all capabilities, none inheritable"
						: "only the capabilities that are left");
	struct step_caps *d = step->data;

	step->flags |= protection_flags(s);
	d->known = h->caps_known;
	d->keep = keep;
	d->ambient = id->uid ? added & keep : 0;
	d->permitted = id->uid ? d->ambient : keep;
}

int sec_plan_ids(struct plan *p, const struct spec *s, const struct host *h,
		 const struct identity *id, bool in_userns, bool single_id, struct err *e)
{
	uint64_t keep, added;
	struct step *step;
	int r;

	r = caps_resolve(s, h, in_userns, &keep, &added, e);
	if (r < 0)
		return r;
	r = plan_ids(p, s, h, id, in_userns, single_id);
	if (r < 0)
		return err_set(e, r, "plan");
	plan_caps(p, s, h, id, keep, added);
	if (spec_flag(s, MINC_PRIVILEGED))
		return 0;
	step = plan_append(p, &step_no_new_privs, NULL,
			   "no program gives more rights than these (set-user-ID, file "
			   "capabilities)");
	step->flags |= protection_flags(s);
	return 0;
}

static int profile_from_file(struct plan *p, const struct spec *s, const struct host *h,
			     uint64_t caps, struct filter_result *ret, struct err *e)
{
	void *symbol;
	int r;

	r = module_symbol("seccomp", "seccomp_from_file", e, &symbol);
	if (r < 0)
		return r;
	return ((seccomp_from_file_fn *)symbol)(p, s->seccomp, caps, h->kernel, ret, e);
}

static int profile_default(struct plan *p, uint64_t caps, struct filter_result *ret,
			   struct err *e)
{
	void *symbol;
	int r;

	if (!SEC_DEFAULT_FILTER_LEN) {
		r = err_say(e, -ENOSYS,
			    "seccomp: this libminc was built without the option seccomp, "
			    "which needs libseccomp");
		err_hint(e, "--seccomp unconfined runs without a filter, --best-effort "
			    "warns");
		return r;
	}
	if (!((caps ^ PROFILE_DEFAULT_CAPS) & SEC_FILTER_CAPS &
	      ~PROFILE_BIT(PROFILE_ASKED))) {
		ret->filter = p->ids ? sec_asked_filter : sec_default_filter;
		ret->len = p->ids ? SEC_ASKED_FILTER_LEN : SEC_DEFAULT_FILTER_LEN;
		return 0;
	}
	if (p->ids)
		caps |= PROFILE_BIT(PROFILE_ASKED);
	r = module_symbol("seccomp", "seccomp_for_caps", e, &symbol);
	if (r < 0)
		return r;
	return ((seccomp_for_caps_fn *)symbol)(p, caps, ret, e);
}

static const char *profile_name(const struct spec *s)
{
	if (s->seccomp)
		return s->seccomp;
	return spec_flag(s, MINC_PRIVILEGED) ? "unconfined" : "default";
}

bool sec_has_default_filter(const struct spec *s)
{
	return strcmp(profile_name(s), "default") == 0;
}

int sec_plan_seccomp(struct plan *p, const struct spec *s, const struct host *h,
		     bool in_userns, struct err *e)
{
	const char *profile = profile_name(s);
	struct filter_result f = { 0 };
	uint64_t keep, added;
	struct step *step;
	struct step_seccomp *d;
	bool standard;
	int r;

	if (strcmp(profile, "unconfined") == 0)
		return 0;
	standard = sec_has_default_filter(s);
	if (!standard && access(profile, R_OK) < 0)
		return err_set(e, -errno, "%s",
			       s->seccomp_origin ? s->seccomp_origin : profile);
	r = caps_resolve(s, h, in_userns, &keep, &added, e);
	if (r == 0)
		r = standard ? profile_default(p, keep, &f, e)
			     : profile_from_file(p, s, h, keep, &f, e);
	if (r == -ENOSYS && standard && spec_flag(s, MINC_BEST_EFFORT))
		err_clear(e); /* the step without a filter fails, and so warns */
	else if (r < 0)
		return r;
	step = plan_append(p, &step_seccomp, s->seccomp_origin,
			   "only the system calls of the profile");
	d = step->data;
	step->flags |= standard ? protection_flags(s) : 0;
	d->filter = f.filter;
	d->len = f.len;
	d->name = profile;
	return 0;
}

bool sec_has_filter(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->steps[i].ops == &step_seccomp)
			return true;
	return false;
}
