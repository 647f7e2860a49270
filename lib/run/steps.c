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

#define NAME(kind, format, ...)                                                          \
	static void name_##kind(char *buf, size_t len, const struct step *s)             \
	{                                                                                \
		snprintf(buf, len, format, __VA_ARGS__);                                 \
	}

NAME(cgroup, "%s", s->cgroup.path)
NAME(cgroup_set, "%s to %s", s->cgroup_set.file, s->cgroup_set.value)
NAME(cgroup_devices, "%s", s->cgroup_devices.path)
NAME(cgroup_join, "%s", s->cgroup_join.path)
NAME(cgroup_scope, "%s", s->cgroup_scope.unit)
NAME(rlimit, "%s", s->rlimit.name)
NAME(join, "%s", s->join.name)
NAME(unshare, "%s namespace", s->unshare.flags & CLONE_NEWCGROUP ? "cgroup" : "mount")
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

// clang-format off
const struct step_ops step_ops[STEP_MAX] = {
	[STEP_CGROUP]       = { "make cgroup",  run_cgroup,       say_cgroup,       name_cgroup,
				.hold = hold_cgroup },
	[STEP_CGROUP_SET]   = { "set",          run_cgroup_set,   say_cgroup_set,   name_cgroup_set },
	[STEP_CGROUP_DEVICES] = { "confine devices of", run_cgroup_devices, say_cgroup_devices, name_cgroup_devices },
	[STEP_CGROUP_JOIN]  = { "join group",   run_cgroup_join,  say_cgroup_join,  name_cgroup_join,
				.clone = clone_cgroup_join },
	[STEP_CGROUP_SCOPE] = { "enter scope",  run_cgroup_scope, say_cgroup_scope, name_cgroup_scope,
				.answer = answer_cgroup_scope },
	[STEP_LIFELINE]     = { "lifeline",     run_lifeline,     say_lifeline,     name_nothing },
	[STEP_IDMAP]        = { "map ids",      run_idmap,        say_idmap,        name_nothing,
				.answer = answer_idmap, .waits = idmap_waits },
	[STEP_JOIN]         = { "join",         run_join,         say_join,         name_join },
	[STEP_RENAME]       = { "rename",       run_rename,       say_rename,       name_nothing },
	[STEP_UNSHARE]      = { "unshare",      run_unshare,      say_unshare,      name_unshare },
	[STEP_PROPAGATION]  = { "private",      run_propagation,  say_propagation,  name_nothing },
	[STEP_OPEN]         = { "open",         run_open,         say_open,         name_open },
	[STEP_TREE]         = { "bind",         run_tree,         say_tree,         name_tree },
	[STEP_LOOP]         = { "loop device for", run_loop,    say_loop,         name_loop },
	[STEP_SERVE]        = { "serve layers", run_serve,        say_serve,        name_serve,
				.hold = hold_serve },
	[STEP_FUSE]         = { "mount layers", run_fuse,         say_fuse,         name_nothing },
	[STEP_FS]           = { "mount",        run_fs,           say_fs,           name_fs },
	[STEP_SETATTR]      = { "mount flags",  run_setattr,      say_setattr,      name_nothing },
	[STEP_ATTACH]       = { "attach on",    run_attach,       say_attach,       name_attach },
	[STEP_MKDIR]        = { "make directory", run_mkdir,      say_mkdir,        name_mkdir },
	[STEP_MKNOD]        = { "make device",  run_mknod,        say_mknod,        name_mknod },
	[STEP_SYMLINK]      = { "make link",    run_symlink,      say_symlink,      name_symlink },
	[STEP_FILE]         = { "write",        run_file,         say_file,         name_file },
	[STEP_ROOT]         = { "change root",  run_root,         say_root,         name_nothing },
	[STEP_HOSTNAME]     = { "set hostname", run_hostname,     say_hostname,     name_hostname },
	[STEP_LINK_UP]      = { "bring up",     run_link_up,      say_link_up,      name_link_up },
	[STEP_LINK_MOVE]    = { "move interface", run_link_move,  say_link_move,    name_link_move },
	[STEP_AFFINITY]     = { "set CPUs",     run_affinity,     say_affinity,     name_nothing },
	[STEP_SESSION]      = { "new session",  run_session,      say_session,      name_nothing },
	[STEP_TERMINAL]     = { "new terminal", run_terminal,     say_terminal,     name_nothing,
				.says = 1u << VERDICT_TERMINAL },
	[STEP_PIPE]         = { "pipe",         run_pipe,         say_pipe,         name_pipe,
				.hold = hold_pipe },
	[STEP_STREAMS]      = { "open streams", run_streams,      say_streams,      name_nothing },
	[STEP_FDS]          = { "descriptors",  run_fds,          say_fds,          name_nothing },
	[STEP_RLIMIT]       = { "limit",        run_rlimit,       say_rlimit,       name_rlimit },
	[STEP_KEYRING]      = { "new keyring",  run_keyring,      say_keyring,      name_nothing },
	[STEP_IDS]          = { "set user",     run_ids,          say_ids,          name_ids },
	[STEP_CAPS]         = { "set capabilities", run_caps,     say_caps,         name_nothing },
	[STEP_NO_NEW_PRIVS] = { "no new privileges", run_no_new_privs, say_no_new_privs, name_nothing },
	[STEP_SECCOMP]      = { "seccomp filter", run_seccomp,    say_seccomp,      name_seccomp },
	[STEP_CWD]          = { "change directory to", run_cwd,   say_cwd,          name_cwd },
	[STEP_EXEC]         = { "execute",      run_exec,         say_exec,         name_exec },
};
// clang-format on
