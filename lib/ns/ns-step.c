/* SPDX-License-Identifier: MIT */
/* ns-step - child code of the namespaces: system calls on prepared memory only. */
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "ns/ns-rows.h"

int run_lifeline(struct runner *r, const struct step *s)
{
	const struct step_lifeline *d = s->data;
	struct pollfd fd = { .fd = r->channel, .events = POLLIN };
	struct timespec now = { 0 };

	if (d->die_with_parent) {
		int ret = sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

		if (ret < 0)
			return ret;
	}
	/* If the parent died before the signal was armed, its end is closed. */
	if (sys_call(SYS_ppoll, &fd, 1, &now, NULL, 0) > 0 && fd.revents & POLLHUP)
		sys_exit(125);
	return 0;
}

/*
 * Without CAP_SETGID in the parent namespace gid_map needs the first (5.0: EPERM else).
 */
static int write_maps(int at, const char *const files[3], const char *uid_map,
		      const char *gid_map)
{
	const char *const texts[] = { "deny", uid_map, gid_map };
	int ret = 0;

	for (int i = 0; ret == 0 && i < 3; i++)
		ret = sys_write_file(at, files[i], texts[i], strlen(texts[i]));
	return ret;
}

int run_idmap(struct runner *r, const struct step *s)
{
	const struct step_idmap *d = s->data;
	static const char *const files[] = { "/proc/self/setgroups", "/proc/self/uid_map",
					     "/proc/self/gid_map" };

	return idmap_waits(s) ? runner_wait(r)
			      : write_maps(AT_FDCWD, files, d->uid_map, d->gid_map);
}

int run_join(struct runner *r, const struct step *s)
{
	const struct step_join *d = s->data;
	int owned, owner, ret;

	(void)r; /* the descriptor is the context's own */
	if (!d->owner_of)
		return sys_setns(d->fd, d->type);
	owned = sys_openat(AT_FDCWD, d->owner_of, O_RDONLY, 0);
	if (owned < 0)
		return owned;
	owner = sys_ioctl(owned, NS_GET_USERNS, NULL);
	ret = owner < 0 ? owner : sys_setns(owner, d->type);
	(void)sys_close(owned);
	if (owner >= 0)
		(void)sys_close(owner);
	return ret;
}

/*
 * A user namespace in that of the container, whose one id has another number in it. /proc
 * is the container's by now: what it shows may be anything.
 */
int run_rename(struct runner *r, const struct step *s)
{
	const struct step_rename *d = s->data;
	const int proc = runner_fd(r, d->proc);
	static const char *const files[] = { "setgroups", "uid_map", "gid_map" };
	const int ret = sys_unshare(CLONE_NEWUSER);

	return ret < 0 ? ret : write_maps(proc, files, d->uid_map, d->gid_map);
}

int run_unshare(struct runner *r, const struct step *s)
{
	const struct step_unshare *d = s->data;

	(void)r; /* no slot */
	return sys_unshare(d->flags);
}

int run_hostname(struct runner *r, const struct step *s)
{
	const struct step_hostname *d = s->data;

	(void)r; /* no slot */
	return sys_call(SYS_sethostname, d->name, strlen(d->name), 0, 0, 0);
}

int run_link_up(struct runner *r, const struct step *s)
{
	const struct step_link_up *d = s->data;
	int fd = sys_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0), ret;
	struct ifreq req;

	(void)r; /* no slot */
	if (fd < 0)
		return fd;
	memset(&req, 0, sizeof(req));
	memcpy(req.ifr_name, d->name, strlen(d->name) + 1);
	ret = sys_ioctl(fd, SIOCGIFFLAGS, &req);
	if (ret == 0) {
		req.ifr_flags |= IFF_UP;
		ret = sys_ioctl(fd, SIOCSIFFLAGS, &req);
	}
	(void)sys_close(fd); /* nothing buffered */
	return ret;
}

/* RTM_SETLINK: move @name into the namespace of @netns; see rtnetlink(7). */
static int send_move(int socket, const char *name, int netns)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		struct nlattr ns_attr;
		int ns;
		struct nlattr name_attr;
		char name[IF_NAMESIZE];
	} req;
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} reply;
	long n;

	memset(&req, 0, sizeof(req));
	req.header.nlmsg_len = sizeof(req);
	req.header.nlmsg_type = RTM_NEWLINK;
	req.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	req.ns_attr.nla_len = sizeof(req.ns_attr) + sizeof(req.ns);
	req.ns_attr.nla_type = IFLA_NET_NS_FD;
	req.ns = netns;
	req.name_attr.nla_len = sizeof(req.name_attr) + sizeof(req.name);
	req.name_attr.nla_type = IFLA_IFNAME;
	memcpy(req.name, name, strlen(name)); /* spec: shorter than IF_NAMESIZE */
	n = sys_write(socket, &req, sizeof(req));
	if (n < 0)
		return (int)n;
	n = sys_read(socket, &reply, sizeof(reply));
	if (n < 0)
		return (int)n;
	return reply.header.nlmsg_type == NLMSG_ERROR ? reply.error.error : -EBADMSG;
}

int run_link_move(struct runner *r, const struct step *s)
{
	const struct step_link_move *d = s->data;
	int socket = sys_call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			      NETLINK_ROUTE, 0, 0);
	int netns, ret;

	(void)r; /* no slot */
	if (socket < 0)
		return socket;
	ret = sys_unshare(CLONE_NEWNET); /* the socket stays in the host's */
	if (ret < 0)
		return ret;
	netns = sys_openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0);
	if (netns < 0)
		return netns;
	ret = send_move(socket, d->name, netns);
	(void)sys_close(netns); /* only handles; the process keeps the namespace */
	(void)sys_close(socket);
	return ret;
}

int run_affinity(struct runner *r, const struct step *s)
{
	const struct step_affinity *d = s->data;
	int ret =
		sys_call(SYS_sched_setaffinity, 0, 16 * sizeof(uint64_t), d->mask, 0, 0);

	(void)r; /* no slot */
	return ret < 0 ? ret : 0;
}

int run_session(struct runner *r, const struct step *s)
{
	int ret = sys_call(SYS_setsid, 0, 0, 0, 0, 0);

	(void)r; /* no slot */
	(void)s;
	return ret < 0 ? ret : 0;
}
