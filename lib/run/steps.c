/* SPDX-License-Identifier: MIT */
/*
 * steps - the one table of everything a container start can consist of. A row has a
 * step's two faces, the system calls and the shell that means the same, and what is
 * particular about it. It is a list, not a language: no row jumps, decides or calls back.
 */
#include <string.h>

#include "cgroup/cgroup.h"
#include "cgroup/set.h"
#include "mount/mount.h"
#include "ns/ns.h"
#include "run/run.h"
#include "sec/sec.h"
#include "tty/outputs.h"
#include "tty/tty.h"

static void name_nothing(char *buf, size_t len, const struct step *s)
{
	(void)s;
	if (len)
		buf[0] = '\0';
}

#define NAME(kind, format, ...)                                              \
	static void name_##kind(char *buf, size_t len, const struct step *s) \
	{                                                                    \
		snprintf(buf, len, format, __VA_ARGS__);                     \
	}

NAME(cgroup, "%s", s->cgroup.path)
NAME(cgroup_set, "%s to %s", s->cgroup_set.file, s->cgroup_set.value)
NAME(cgroup_devices, "%s", s->cgroup_devices.path)
NAME(cgroup_join, "%s", s->cgroup_join.path)
NAME(cgroup_scope, "%s", s->cgroup_scope.unit)
NAME(rlimit, "%s", s->rlimit.name)
NAME(join, "%s", s->join.name)
NAME(unshare, "%s namespace", s->unshare.flags &CLONE_NEWCGROUP ? "cgroup" : "mount")
NAME(open, "%s", s->open.path)
NAME(tree, "%s%s%s", s->tree.path, s->tree.target ? " on " : "",
     s->tree.target ? s->tree.target : "")
NAME(fs, "%s%s%s", s->fs.type, s->fs.shown ? " of " : "", s->fs.shown ? s->fs.shown : "")
NAME(loop, "%s", s->loop.path)
NAME(serve, "%s", s->serve.argv ? s->serve.argv[2] : "")
NAME(attach, "%s", s->attach.path)
NAME(mkdir, "%s", s->mkdir.path)
NAME(mknod, "%s", s->mknod.path)
NAME(symlink, "%s -> %s", s->symlink.path, s->symlink.target)
NAME(file, "%s", s->file.path)
NAME(hostname, "%s", s->hostname.name)
NAME(link_up, "%s", s->link_up.name)
NAME(link_move, "%s", s->link_move.name)
NAME(seccomp, "%s", s->seccomp.name)
NAME(cwd, "%s", s->cwd.candidates ? s->cwd.candidates[0] : "")
NAME(exec, "%s", s->exec.argv ? s->exec.argv[0] : "")
NAME(pipe, "in place of %d", s->pipe.fd)
NAME(ids, "%u:%u", s->ids.uid, s->ids.gid)

/* What every row has. */
#define FACES(title, what, object) \
	.name = title, .run = run_##what, .say = say_##what, .name_object = name_##object

// clang-format off
const struct step_ops step_ops[STEP_MAX] = {
	[STEP_CGROUP]       = { FACES("make cgroup", cgroup, cgroup), .hold = hold_cgroup },
	[STEP_CGROUP_SET]   = { FACES("set", cgroup_set, cgroup_set) },
	[STEP_CGROUP_DEVICES] = { FACES("confine devices of", cgroup_devices, cgroup_devices) },
	[STEP_CGROUP_JOIN]  = { FACES("join group", cgroup_join, cgroup_join), .clone = clone_cgroup_join },
	[STEP_CGROUP_SCOPE] = { FACES("enter scope", cgroup_scope, cgroup_scope), .answer = answer_cgroup_scope },
	[STEP_LIFELINE]     = { FACES("lifeline", lifeline, nothing) },
	[STEP_IDMAP]        = { FACES("map ids", idmap, nothing), .answer = answer_idmap, .waits = idmap_waits },
	[STEP_JOIN]         = { FACES("join", join, join) },
	[STEP_RENAME]       = { FACES("rename", rename, nothing) },
	[STEP_UNSHARE]      = { FACES("unshare", unshare, unshare) },
	[STEP_PROPAGATION]  = { FACES("private", propagation, nothing) },
	[STEP_OPEN]         = { FACES("open", open, open) },
	[STEP_TREE]         = { FACES("bind", tree, tree) },
	[STEP_LOOP]         = { FACES("loop device for", loop, loop) },
	[STEP_SERVE]        = { FACES("serve layers", serve, serve), .hold = hold_serve },
	[STEP_FUSE]         = { FACES("mount layers", fuse, nothing) },
	[STEP_FS]           = { FACES("mount", fs, fs) },
	[STEP_SETATTR]      = { FACES("mount flags", setattr, nothing) },
	[STEP_ATTACH]       = { FACES("attach on", attach, attach) },
	[STEP_MKDIR]        = { FACES("make directory", mkdir, mkdir) },
	[STEP_MKNOD]        = { FACES("make device", mknod, mknod) },
	[STEP_SYMLINK]      = { FACES("make link", symlink, symlink) },
	[STEP_FILE]         = { FACES("write", file, file) },
	[STEP_ROOT]         = { FACES("change root", root, nothing) },
	[STEP_HOSTNAME]     = { FACES("set hostname", hostname, hostname) },
	[STEP_LINK_UP]      = { FACES("bring up", link_up, link_up) },
	[STEP_LINK_MOVE]    = { FACES("move interface", link_move, link_move) },
	[STEP_AFFINITY]     = { FACES("set CPUs", affinity, nothing) },
	[STEP_SESSION]      = { FACES("new session", session, nothing) },
	[STEP_TERMINAL]     = { FACES("new terminal", terminal, nothing), .says = 1u << VERDICT_TERMINAL },
	[STEP_PIPE]         = { FACES("pipe", pipe, pipe), .hold = hold_pipe },
	[STEP_STREAMS]      = { FACES("open streams", streams, nothing) },
	[STEP_FDS]          = { FACES("descriptors", fds, nothing) },
	[STEP_RLIMIT]       = { FACES("limit", rlimit, rlimit) },
	[STEP_KEYRING]      = { FACES("new keyring", keyring, nothing) },
	[STEP_IDS]          = { FACES("set user", ids, ids) },
	[STEP_CAPS]         = { FACES("set capabilities", caps, nothing) },
	[STEP_NO_NEW_PRIVS] = { FACES("no new privileges", no_new_privs, nothing) },
	[STEP_SECCOMP]      = { FACES("seccomp filter", seccomp, seccomp) },
	[STEP_CWD]          = { FACES("change directory to", cwd, cwd) },
	[STEP_EXEC]         = { FACES("execute", exec, exec) },
};
// clang-format on
