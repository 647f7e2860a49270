#!/bin/sh
# SPDX-License-Identifier: MIT
# dev - the /dev, /sys and /proc of the container.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"

minc -r "$bb" ls /dev
for node in null zero full random urandom tty ptmx pts shm mqueue fd stdin stdout stderr; do
	like " /dev/$node exists" " $(echo $out) " "* $node *"
done
is "without a terminal there is no console, and nothing else" \
	"$(printf '%s\n' "$out" | sort | tr '\n' ' ')" \
	"fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
for node in null zero full random urandom; do
	minc -r "$bb" sh -c "test -c /dev/$node && test -r /dev/$node && test -w /dev/$node && ls -l /dev/$node"
	is "/dev/$node is a device that all may use" "${out%% *}" crw-rw-rw-
done
minc -r "$bb" sh -c 'head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; echo x >/dev/null'
is "the devices work" "$(echo $out)" "4 4"
minc -r "$bb" sh -c 'echo x >/dev/full'
ok "/dev/full is full" test "$status" -ne 0
# a pipe: opened again, a file would begin anew
minc -r "$bb" sh -c '{ echo x | cat /dev/stdin; echo y >/dev/stdout; readlink /dev/fd; } | cat'
is "/dev/stdin, stdout and fd lead to the process" "$(echo $out)" "x y /proc/self/fd"
minc -r "$bb" sh -c 'grep -E " /dev(/pts|/shm|/mqueue)? " /proc/mounts | cut -d" " -f2,3'
is "each has its file system" "$(printf '%s\n' "$out" | sort | tr '\n' ',')" \
	"/dev tmpfs,/dev/mqueue mqueue,/dev/pts devpts,/dev/shm tmpfs,"
minc -r "$bb" sh -c 'echo x >/dev/shm/f && cat /dev/shm/f; stat -c %a /dev/shm'
is "/dev/shm can be written by all" "$(echo $out)" "x 1777"
minc -r "$bb" ls /dev/pts
is "no terminal of the host is inside" "$out" ptmx
minc -r "$bb" sh -c 'exec 3<>/dev/ptmx && ls /dev/pts'
is "a terminal can be made inside" "$(echo $out)" "0 ptmx"
ls /dev/pts >"$T/pts.before"
minc -r "$bb" sh -c 'exec 3<>/dev/ptmx'
is "it is not one of the host's" "$(ls /dev/pts)" "$(cat "$T/pts.before")"

minc -r "$bb" sh -c 'grep " /sys " /proc/mounts | cut -d" " -f3,4 | cut -d, -f1'
is "/sys is read-only" "$out" "sysfs ro"
minc -r "$bb" sh -c 'grep " /proc/sys " /proc/mounts | cut -d" " -f4 | cut -d, -f1'
is "/proc/sys is read-only" "$out" ro
minc --privileged -r "$bb" sh -c 'grep " /sys " /proc/mounts | cut -d" " -f4 | cut -d, -f1'
is "--privileged makes /sys writable" "$out" rw

if as_root && grep -q devtmpfs /proc/filesystems; then
	minc --usedev -r "$bb" sh -c 'grep " /dev " /proc/mounts | cut -d" " -f3'
	is "--usedev shows the host's devtmpfs" "$out" devtmpfs
	minc --usedev -r "$bb" sh -c 'ls /dev | wc -l'
	ok "--usedev shows its devices" test "$out" -gt 20
	minc --usedev -r "$bb" sh -c 'exec 3<>/dev/ptmx && ls /dev/pts'
	is "--usedev has an own devpts all the same" "$(echo $out)" "0 ptmx"
else
	minc --usedev -r "$bb" true
	ok "--usedev works or is refused with a reason" test "$status" -eq 0 -o -n "$err"
fi
if as_root && grep -q debugfs /proc/filesystems && [ -d /sys/kernel/debug ]; then
	minc --debugfs -r "$bb" sh -c 'grep " /sys/kernel/debug " /proc/mounts | cut -d" " -f3'
	is "--debugfs mounts it" "$out" debugfs
else
	skip "--debugfs mounts it" "needs root and a kernel with debugfs"
fi
done_testing
