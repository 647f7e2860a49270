/* SPDX-License-Identifier: MIT */
/*
 * sec-step - keyring, ids, capabilities, no_new_privs and seccomp in the child. Child
 * code (docs/architecture.md, "The child"): raw system calls, because libc's wrappers for
 * ids signal every thread of the caller (nptl(7)). Each acts on the credentials of this
 * process alone, which a vfork-style child does not share.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>

#include "plan/hand-over.h"
#include "sec/sec-rows.h"
#include "sec/sec.h"

int run_keyring(struct runner *r, const struct step *s)
{
	int ret = sys_call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);

	/*
	 * A user may have 200 (keyrings(7)): then one for all of the user's containers.
	 */
	if (ret == -EDQUOT)
		ret = sys_call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "minc", 0, 0, 0);
	if (ret == -ENOSYS)
		/* a kernel without keys, or an outer container: nothing to hide */
		return 0;
	return ret < 0 ? ret : 0;
}

int run_ids(struct runner *r, const struct step *s)
{
	const struct step_ids *d = s->data;
	int ret;

	/* Else the capabilities are gone before the CAPS step can choose among them. */
	ret = d->uid ? sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) : 0;
	if (ret == 0 && d->set_groups)
		ret = sys_call(SYS_setgroups, d->groups_len, d->groups, 0, 0, 0);
	if (ret < 0 || !d->set_ids)
		return ret;
	ret = sys_call(SYS_setresgid, d->gid, d->gid, d->gid, 0, 0);
	if (ret < 0)
		return ret;
	return sys_call(SYS_setresuid, d->uid, d->uid, d->uid, 0, 0);
}

struct caps {
	uint64_t effective, permitted, inheritable;
};

static int set_caps(const struct caps *c)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(c->effective >> 32 * i);
		data[i].permitted = (uint32_t)(c->permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(c->inheritable >> 32 * i);
	}
	return sys_call(SYS_capset, &header, data, 0, 0, 0);
}

static int get_caps(struct caps *c)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int r = sys_call(SYS_capget, &header, data, 0, 0, 0);

	if (r < 0)
		return r;
	c->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	c->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	c->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	return 0;
}

static int drop_bounding(uint64_t known, uint64_t keep)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		int r;

		if (!(known >> cap & 1) || keep >> cap & 1)
			continue;
		r = sys_prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
		/* without the right to drop there may be nothing to drop */
		if (r < 0 && sys_prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0)
			return r;
	}
	return 0;
}

static int raise_ambient(uint64_t ambient)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		int r;

		if (!(ambient >> cap & 1))
			continue;
		r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

int run_caps(struct runner *r, const struct step *s)
{
	const struct step_caps *d = s->data;
	struct caps c;
	int ret = get_caps(&c);

	/*
	 * After setresuid the permitted ones are no longer in effect; CAP_SETPCAP must
	 * be.
	 */
	if (ret == 0 && c.effective != c.permitted) {
		c.effective = c.permitted;
		ret = set_caps(&c);
	}
	if (ret == 0)
		ret = drop_bounding(d->known, d->keep);
	if (ret == 0)
		ret = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (ret < 0)
		return ret;
	c.effective = c.permitted = d->permitted;
	c.inheritable = d->ambient;
	ret = set_caps(&c);
	return ret < 0 ? ret : raise_ambient(d->ambient);
}

int run_no_new_privs(struct runner *r, const struct step *s)
{
	return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void sec_stay_unreadable(void)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (sys_call(SYS_capget, &header, data, 0, 0, 0) < 0)
		return;
	data[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
	(void)sys_call(SYS_capset, &header, data, 0, 0, 0);
}

/* Send the listener to the keeper or the watcher, which answers. */
static int hand_over_listener(const struct runner *r, const struct step *s, int listener)
{
	const struct step_seccomp *d = s->data;
	struct ids_begin begin = { .uid = d->uid, .gid = d->gid };
	int ret = hand_over_fd(r->ids, &begin, sizeof(begin), listener);

	(void)sys_close(listener);
	return ret;
}

int run_seccomp(struct runner *r, const struct step *s)
{
	const struct step_seccomp *d = s->data;
	struct sock_fprog program = {
		.len = d->len,
		.filter = (struct sock_filter *)d->filter,
	};

	int ret;

	if (!program.len)
		return -ENOSYS;
	if (!d->asks)
		return sys_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program, 0, 0);
	sec_stay_unreadable();
	ret = sys_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER, &program, 0, 0);
	if (ret >= 0)
		return hand_over_listener(r, s, ret);
	program.len = d->spare_len;
	program.filter = (struct sock_filter *)d->spare;
	if (ret == -EBUSY) /* an outer filter has a listener, and there can be one */
		return sys_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program, 0, 0);
	return ret;
}
