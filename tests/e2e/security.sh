#!/bin/sh
# SPDX-License-Identifier: MIT
# security - the default protection, seen from inside by a probe that tries to break it.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
cp "$PROBE" "$bb/usr/bin/probe"
echo secret >"$T/marker"

# Line of the probe's report.
line() {
	printf '%s\n' "$report" | grep "^$1" | head -n 1
}
fails() { # NAME TRY
	case $(line "try $2 ") in
	"") result not-ok "$1" && diag "no line for $2" ;;
	*" ok") result not-ok "$1"; diag "$(line "try $2 ")"; last_run ;;
	*) result ok "$1" ;;
	esac
}
works() { # NAME TRY
	is "$1" "$(line "try $2 ")" "try $2 ok"
}

minc -r "$bb" probe state
report=$out
is "no new privileges can be gained" "$(line NoNewPrivs)" "NoNewPrivs:	1"
is "a seccomp filter is active" "$(line Seccomp:)" "Seccomp:	2"
is "no signal is blocked" "$(line SigBlk)" "SigBlk:	0000000000000000"
is "no signal is ignored" "$(line SigIgn)" "SigIgn:	0000000000000000"
is "only standard files are open" "$(line fds)" "fds 0 1 2"
is "the umask is the usual one" "$(line umask)" "umask 022"
is "the inheritable set is empty" "$(line CapInh)" "CapInh:	0000000000000000"
is "the ambient set is empty" "$(line CapAmb)" "CapAmb:	0000000000000000"
out=$(exec 7</etc/passwd 9<"$T/marker" 8</; trap '' USR1 PIPE; "$MINC" -r "$bb" probe state)
report=$out
is "descriptors of the caller are not handed on" "$(line fds)" "fds 0 1 2"
is "ignored signals of the caller are not handed on" "$(line SigIgn)" "SigIgn:	0000000000000000"

if [ -e /proc/self/ns/cgroup ]; then # a kernel with control groups
	minc -r "$bb" sh -c "sed 's/^[0-9]*:[^:]*://' /proc/self/cgroup | sort -u"
	is "the host's control groups have no names inside" "$status $out" "0 /"
fi

minc -r "$bb" sh -c 'ls -A /sys/fs/cgroup | grep -v "^[a-z]*[.]"'
is "nor are they in /sys/fs/cgroup" "$out" ""
if as_root && unshare -m true 2>/dev/null && grep -qw cgroup2 /proc/filesystems; then
	out=$(unshare -m sh -c 'mount --make-rprivate / && umount -l -R /sys/fs/cgroup
		mount -t cgroup2 none /sys/fs/cgroup && mkdir "/sys/fs/cgroup/minctest.$$" &&
		echo $$ >"/sys/fs/cgroup/minctest.$$/cgroup.procs" && "$@"
		echo $$ >/sys/fs/cgroup/cgroup.procs; rmdir "/sys/fs/cgroup/minctest.$$"' sh \
		"$MINC" --userns single -r "$bb" sh -c 'ls -d /sys/fs/cgroup/minctest*
			test -e /sys/fs/cgroup/cgroup.events && echo below the top
			mkdir /sys/fs/cgroup/x || echo to be read' 2>/dev/null)
	is "a user namespace shows its own group there, to be read" "$out" "below the top
to be read"
fi

minc --privileged --seccomp unconfined -r "$bb" probe state
outer=$(printf '%s\n' "$out" | grep ^keyring)
unlike "the session keyring is not the caller's" "$outer" \
	"$("$PROBE" state | grep ^keyring)"

minc -r "$bb" probe try "$T/marker"
report=$out
is "the probe runs to its end" "$status" 0
fails "a terminal's input cannot be faked" tiocsti
is "it is the filter that refuses it" "$(line 'try tiocsti ')" "try tiocsti EPERM"
is "upper bits of the request do not fool the filter" \
	"$(line 'try tiocsti-high-bits')" "try tiocsti-high-bits EPERM"
is "TIOCLINUX is refused" "$(line 'try tioclinux')" "try tioclinux EPERM"
fails "unshare cannot make a user namespace" unshare-user
fails "clone cannot make a user namespace" clone-user
is "clone3 does not exist, so that libc falls back to clone" "$(line 'try clone3-user')" \
	"try clone3-user ENOSYS"
fails "unshare cannot make a mount namespace" unshare-mount
fails "keyctl is refused" keyctl
fails "add_key is refused" add-key
fails "request_key is refused" request-key
fails "AF_ALG is refused" socket-alg
fails "AF_VSOCK is refused" socket-vsock
for family in alg vsock; do # the kernel itself says that there are no such pairs
	is "no pair of AF_$family is asked for" "$(line "try socketpair-$family")" \
		"try socketpair-$family EAFNOSUPPORT"
done
fails "raw sockets are refused" socket-raw
works "ordinary sockets work" socket-tcp
works "and pairs of them" socketpair-unix
for call in bpf perf-event init-module kexec open-by-handle swapon reboot settime; do
	fails "$call is refused" $call
done
fails "the host name cannot be set" sethostname
fails "setns is refused" setns
for call in mount-tmpfs mount-proc remount-sys umount-proc-sys pivot-root open-tree fsopen; do
	fails "$call is refused" $call
done
fails "a node of a disk cannot be made" mknod-disk
fails "a node of the memory cannot be made" mknod-mem
fails "core_pattern cannot be written" write-core-pattern
fails "sysrq-trigger cannot be written" write-sysrq-trigger
fails "sysctls cannot be written" write-hostname-sysctl
fails "/proc/irq cannot be written" write-proc-irq
fails "/sys cannot be written" write-sys
fails "uevent_helper cannot be written" write-uevent-helper
fails "a cgroup cannot be made" mkdir-sys-cgroup
is "/sys is read-only" "$(line 'sys ')" "sys ro"
for file in kcore keys timer-list latency-stats kmsg mem; do
	fails "$file cannot be read" read-$file
done
for dir in acpi scsi firmware; do
	fails "the directory $dir shows nothing" list-$dir
done
unlike "chroot does not lead out of the root" "$(line 'try chroot-escape')" "* ok"
fails "a file of the host outside the root cannot be seen" see-host-marker
fails "processes outside cannot be reached" kill-outside

cp "$CALLS" "$bb/usr/bin/calls"
minc -r "$bb" calls new
is "no new call is forbidden: it is there, or it is not" "$status $out" "0 "
minc -r "$bb" calls old
case $out in
*none) skip "calls of the first programs for i386 work" "$out" ;;
*) is "calls of the first programs for i386 work" "$status $(printf '%s\n' "$out" | grep -v ' ok$')" "0 " ;;
esac

minc -b "$PROBE:/mnt/probe" /mnt/probe try "$T/no-marker"
report=$out
is "the probe runs on the host's root too" "$status" 0
for call in unshare-user mount-tmpfs write-core-pattern write-sys mknod-disk tiocsti read-kcore; do
	fails "$call is refused on the host's root too" $call
done

# What was masked is masked whatever the container does to its own /dev/null.
minc -r "$bb" sh -c 'rm -f /dev/null; ln -s /proc/kcore /dev/null; cat /proc/keys /proc/timer_list; ls /sys/firmware' 2>/dev/null
is "masks do not depend on the container's /dev/null" "$out" ""
minc --seccomp unconfined -r "$bb" probe state
report=$out
is "--seccomp unconfined sets no filter" "$(line Seccomp:)" "Seccomp:	0"
is "and leaves no_new_privs on" "$(line NoNewPrivs)" "NoNewPrivs:	1"
minc --seccomp default -r "$bb" probe state
report=$out
is "--seccomp default sets the filter" "$(line Seccomp:)" "Seccomp:	2"
minc --privileged -r "$bb" probe state
report=$out
is "--privileged sets no filter" "$(line Seccomp:)" "Seccomp:	0"
minc --privileged --seccomp default -r "$bb" probe state
report=$out
is "--privileged --seccomp default sets it" "$(line Seccomp:)" "Seccomp:	2"

cat >"$T/profile.json" <<END
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95 } ] }
END
minc --seccomp "$T/profile.json" -r "$bb" probe try
report=$out
if [ "$status" = 125 ] && printf '%s' "$err" | grep -q 'module'; then
	skip "a profile from a file is applied" "built without libseccomp"
else
	is "a profile from a file is applied" "$(line 'try chroot-escape')" "try chroot-escape impossible"
fi
cat >"$T/narrow.json" <<END
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": ["execveat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 } ] }
END
minc --seccomp "$T/narrow.json" -r "$bb" true
is "one that forbids what a start needs is told" "$status" 126
has "and what it must allow" "$err" "execveat(2)"
echo '{ "defaultAction": ' >"$T/broken.json"
minc --seccomp "$T/broken.json" -r "$bb" true
refused "a broken profile is named" "$T/broken.json"
minc --seccomp "$T/none.json" -r "$bb" true
refused "a missing profile is named" "$T/none.json"

# What the caller or the setup has open is no way out (CVE-2024-21626).
mkdir "$T/outside"
cp "$bb/usr/bin/busybox" "$T/outside/busybox"
timeout 30 "$MINC" -r "$bb" -w /proc/self/fd/0 pwd <"$T/outside" >"$T/.out" 2>"$T/.err"
is "a directory outside of the root is refused" $? 125
has "and the message says where" "$(cat "$T/.err")" "change directory to /proc/self/fd/0 (-w"
found=
n=3
while [ $n -lt 48 ]; do
	minc -r "$bb" -w "/proc/self/fd/$n" -- ./usr/bin/busybox true 9<"$bb" && found="$found -w:$n"
	minc -r "$bb" -- "/proc/self/fd/$n/usr/bin/busybox" true 9<"$bb" && found="$found exec:$n"
	n=$((n + 1))
done
is "no descriptor leads to a directory or a command" "$found" ""

# A set-user-ID program gains nothing.
if as_root; then
	cp "$PROBE" "$bb/usr/bin/suid"
	chmod 4755 "$bb/usr/bin/suid"
	minc --user 1500:1501 -r "$bb" suid state
	like "a set-user-ID program gains nothing" "$out" "uid 1500 gid 1501 euid 1500 *"
fi
done_testing
