/* SPDX-License-Identifier: MIT */
/* Steps of the namespaces and of the process itself (lib/ns/ns-step.c), one at a time. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "step.h"

extern char **environ;

/* lifeline */

static int death_signal(void)
{
	int sig;

	must(prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0));
	return sig;
}

STEP_TEST(lifeline_ends_the_process_with_its_parent)
{
	equal(death_signal(), 0);
	works(r, STEP(lifeline, .die_with_parent = true));
	equal(death_signal(), SIGKILL);
}

STEP_TEST(lifeline_is_not_armed_unasked)
{
	works(r, STEP(lifeline, .die_with_parent = false));
	equal(death_signal(), 0);
}

static void lifeline_is_last(struct runner *r)
{
	works(r, STEP(lifeline, .die_with_parent = true));
}

/* It died before the signal was armed: nothing must go on. */
STEP_TEST(lifeline_notices_a_caller_that_is_gone)
{
	hang_up();
	equal(in_child(r, lifeline_is_last), 125);
}

/* idmap */

static void is_map(const char *path, unsigned inside, unsigned outside, unsigned count)
{
	unsigned got[3];
	char text[256];

	read_text(path, text, sizeof(text));
	equal(sscanf(text, "%u %u %u", &got[0], &got[1], &got[2]), 3);
	equal(got[0], inside);
	equal(got[1], outside);
	equal(got[2], count);
}

STEP_TEST(idmap_maps_the_caller)
{
	char text[16];

	must(unshare(CLONE_NEWUSER));
	equal(getuid(), 65534);
	works(r, STEP(idmap, .uid_map = "7 0 1", .gid_map = "8 0 1"));
	equal(getuid(), 7);
	equal(getgid(), 8);
	is_map("/proc/self/uid_map", 7, 0, 1);
	is_map("/proc/self/gid_map", 8, 0, 1);
	read_text("/proc/self/setgroups", text, sizeof(text));
	same(text, "deny\n");
}

STEP_TEST(idmap_is_written_once)
{
	must(unshare(CLONE_NEWUSER));
	works(r, STEP(idmap, .uid_map = "0 0 1", .gid_map = "0 0 1"));
	fails(r, -EPERM, STEP(idmap, .uid_map = "0 0 1", .gid_map = "0 0 1"));
}

STEP_TEST(idmap_refuses_what_is_no_map)
{
	must(unshare(CLONE_NEWUSER));
	fails(r, -EINVAL, STEP(idmap, .uid_map = "x", .gid_map = "0 0 1"));
}

static const char *const helper_args[] = { "0", "0", "1", NULL };

/* newuidmap(1) is the caller's to run: the child tells it, and waits. */
STEP_TEST(idmap_by_a_helper_waits_for_the_caller)
{
	struct verdict v;

	equal(write(caller_end(), "\1", 1), 1); /* "go on", in time */
	works(r, STEP(idmap, .uid_args = helper_args, .gid_args = helper_args));
	equal(read(caller_end(), &v, sizeof(v)), sizeof(v));
	equal(v.kind, VERDICT_WAIT);
}

STEP_TEST(idmap_by_a_helper_fails_without_the_caller)
{
	must(shutdown(caller_end(), SHUT_WR));
	fails(r, -ECANCELED,
	      STEP(idmap, .uid_args = helper_args, .gid_args = helper_args));
}

STEP_TEST(idmap_by_a_helper_fails_when_the_caller_is_gone)
{
	hang_up();
	fails(r, -EPIPE, STEP(idmap, .uid_args = helper_args, .gid_args = helper_args));
}

/* join, unshare */

static void namespace_name(const char *which, char *buf, size_t len)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", which);
	n = must(readlink(path, buf, len - 1));
	buf[n] = '\0';
}

STEP_TEST(unshare_makes_new_namespaces_and_join_goes_back)
{
	char uts[64], ipc[64], now[64];
	int fd = must(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));

	namespace_name("uts", uts, sizeof(uts));
	namespace_name("ipc", ipc, sizeof(ipc));
	works(r, STEP(unshare, .flags = CLONE_NEWUTS));
	namespace_name("uts", now, sizeof(now));
	expect(strcmp(uts, now) != 0);
	namespace_name("ipc", now, sizeof(now));
	same(now, ipc);
	works(r, STEP(join, .fd = fd, .type = CLONE_NEWUTS));
	namespace_name("uts", now, sizeof(now));
	same(now, uts);
}

STEP_TEST(unshare_refuses_unknown_flags)
{
	fails(r, -EINVAL, STEP(unshare, .flags = CLONE_VFORK));
}

STEP_TEST(join_refuses_what_is_another_namespace_or_none)
{
	int uts = must(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
	int file = must(open("/dev/null", O_RDONLY | O_CLOEXEC));

	fails(r, -EINVAL, STEP(join, .fd = uts, .type = CLONE_NEWNS));
	fails(r, -EINVAL, STEP(join, .fd = file, .type = CLONE_NEWNS));
	fails(r, -EBADF, STEP(join, .fd = -EBADF, .type = CLONE_NEWNS));
}

/* hostname */

STEP_TEST(hostname_is_what_was_asked_for)
{
	char name[128];

	works(r, STEP(hostname, .name = "vessel.example"));
	must(gethostname(name, sizeof(name)));
	same(name, "vessel.example");
}

STEP_TEST(hostname_of_more_than_64_bytes_is_refused)
{
	char before[128], after[128], name[66];

	must(gethostname(before, sizeof(before)));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fails(r, -EINVAL, STEP(hostname, .name = name));
	must(gethostname(after, sizeof(after)));
	same(after, before);
}

/* link_up, link_move */

static bool has_link(const char *name, short *ret_flags)
{
	struct ifreq req = { 0 };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), r;

	strncpy(req.ifr_name, name, sizeof(req.ifr_name) - 1);
	r = ioctl(fd, SIOCGIFFLAGS, &req);
	must(close(fd));
	if (r == 0 && ret_flags)
		*ret_flags = req.ifr_flags;
	return r == 0;
}

STEP_TEST(link_up_brings_up_loopback)
{
	short flags;

	must(unshare(CLONE_NEWNET));
	expect(has_link("lo", &flags) && !(flags & IFF_UP));
	works(r, STEP(link_up, .name = "lo"));
	expect(has_link("lo", &flags) && flags & IFF_UP);
}

STEP_TEST(link_up_of_a_missing_interface_is_refused)
{
	must(unshare(CLONE_NEWNET));
	fails(r, -ENODEV, STEP(link_up, .name = "none0"));
}

/* Of any kind that this kernel can make. */
static void make_link(const char *name)
{
	const char *const kinds[] = { "dummy", "veth", "ifb" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *const argv[] = { (char *)"ip", (char *)"link", (char *)"add",
				       (char *)name, (char *)"type", (char *)kinds[i],
				       NULL };
		posix_spawn_file_actions_t quiet;
		int status = -1;
		pid_t pid;

		posix_spawn_file_actions_init(&quiet);
		posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
		if (posix_spawnp(&pid, "ip", &quiet, NULL, argv, environ) == 0)
			must(waitpid(pid, &status, 0));
		posix_spawn_file_actions_destroy(&quiet);
		if (status == 0)
			return;
	}
	skip("this kernel makes no interfaces that could be moved, or ip(8) is missing");
}

STEP_TEST(link_move_takes_the_interface_along)
{
	char before[64], after[64];
	int old;

	must(unshare(CLONE_NEWNET));
	make_link("stage0");
	old = must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	namespace_name("net", before, sizeof(before));
	works(r, STEP(link_move, .name = "stage0"));
	namespace_name("net", after, sizeof(after));
	expect(strcmp(before, after) != 0);
	expect(has_link("stage0", NULL));
	must(setns(old, CLONE_NEWNET));
	expect(!has_link("stage0", NULL));
}

STEP_TEST(link_move_of_a_missing_interface_is_refused)
{
	must(unshare(CLONE_NEWNET));
	fails(r, -ENODEV, STEP(link_move, .name = "none0"));
}

STEP_TEST(link_move_of_what_cannot_move_is_refused)
{
	must(unshare(CLONE_NEWNET));
	fails(r, -EINVAL, STEP(link_move, .name = "lo"));
}

/* affinity */

STEP_TEST(affinity_is_one_cpu)
{
	uint64_t mask[16] = { 0 };
	cpu_set_t set;
	int cpu = 0;

	must(sched_getaffinity(0, sizeof(set), &set));
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	mask[cpu / 64] = 1ull << cpu % 64;
	works(r, STEP(affinity, .mask = mask));
	must(sched_getaffinity(0, sizeof(set), &set));
	equal(CPU_COUNT(&set), 1);
	expect(CPU_ISSET(cpu, &set));
}

STEP_TEST(affinity_without_any_cpu_is_refused)
{
	uint64_t mask[16] = { 0 };

	fails(r, -EINVAL, STEP(affinity, .mask = mask));
	mask[15] = 1ull << 63;
	fails(r, -EINVAL, STEP(affinity, .mask = mask));
}

/* session */

STEP_TEST(session_is_its_own)
{
	expect(getsid(0) != getpid());
	works(r, .ops = &step_session);
	equal(getsid(0), getpid());
	equal(getpgrp(), getpid());
}

STEP_TEST(session_leader_gets_no_second_session)
{
	works(r, .ops = &step_session);
	fails(r, -EPERM, .ops = &step_session);
}

int main(void)
{
	const TTest *const tests[] = {
		lifeline_ends_the_process_with_its_parent,
		lifeline_is_not_armed_unasked,
		lifeline_notices_a_caller_that_is_gone,
		idmap_maps_the_caller,
		idmap_is_written_once,
		idmap_refuses_what_is_no_map,
		idmap_by_a_helper_waits_for_the_caller,
		idmap_by_a_helper_fails_without_the_caller,
		idmap_by_a_helper_fails_when_the_caller_is_gone,
		unshare_makes_new_namespaces_and_join_goes_back,
		unshare_refuses_unknown_flags,
		join_refuses_what_is_another_namespace_or_none,
		hostname_is_what_was_asked_for,
		hostname_of_more_than_64_bytes_is_refused,
		link_up_brings_up_loopback,
		link_up_of_a_missing_interface_is_refused,
		link_move_takes_the_interface_along,
		link_move_of_a_missing_interface_is_refused,
		link_move_of_what_cannot_move_is_refused,
		affinity_is_one_cpu,
		affinity_without_any_cpu_is_refused,
		session_is_its_own,
		session_leader_gets_no_second_session,
	};

	return stage_main("ns-step", tests, sizeof(tests) / sizeof(tests[0]));
}
