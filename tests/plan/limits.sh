#!/bin/sh
# What starting this container does, as a script: needs util-linux 2.38, coreutils,
# iproute2 and a merged /usr. Run it as the user who would start the container.
set -eu
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin # pivot_root and losetup, for users too
export PATH
t=$(mktemp -d) # a mount point, hidden from the container and removed at the end
trap 'rmdir "$t"' EXIT
exec 9</proc/self/ns/net # the host's network, for moving an interface
undo() { rmdir "$t"; rmdir 2>/dev/null /sys/fs/cgroup/cpu,cpuacct/minc-x /sys/fs/cgroup/cpuset/minc-x '/sys/fs/cgroup/memory/it'\''s/own/minc-x' /sys/fs/cgroup/pids/minc-x /sys/fs/cgroup/unified/own/minc-x; }
trap undo EXIT

# 1. make cgroup /sys/fs/cgroup/cpu,cpuacct/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/cpu,cpuacct/minc-x

# 2. make cgroup /sys/fs/cgroup/cpuset/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/cpuset/minc-x

# 3. make cgroup /sys/fs/cgroup/memory/it's/own/minc-x: a group for this hierarchy's limits
mkdir '/sys/fs/cgroup/memory/it'\''s/own/minc-x'

# 4. make cgroup /sys/fs/cgroup/pids/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/pids/minc-x

# 5. make cgroup /sys/fs/cgroup/unified/own/minc-x: a group to be born in, stopped and ended by
mkdir /sys/fs/cgroup/unified/own/minc-x

# 6. set cpu.shares to 512: its part of the CPUs when they are short (--cpu-shares 512)
echo 512 >/sys/fs/cgroup/cpu,cpuacct/minc-x/cpu.shares

# 7. set cpu.cfs_period_us to 100000: no more CPU time than the quota in each period (--cpus 0.5)
echo 100000 >/sys/fs/cgroup/cpu,cpuacct/minc-x/cpu.cfs_period_us

# 8. set cpu.cfs_quota_us to 50000: no more CPU time than the quota in each period (--cpus 0.5)
echo 50000 >/sys/fs/cgroup/cpu,cpuacct/minc-x/cpu.cfs_quota_us

# 9. set cpuset.cpus to 0: only these CPUs (--cpuset-cpus 0)
echo 0 >/sys/fs/cgroup/cpuset/minc-x/cpuset.cpus

# 10. set cpuset.mems to 0: only these memory nodes (--cpuset-cpus 0)
echo 0 >/sys/fs/cgroup/cpuset/minc-x/cpuset.mems

# 11. set memory.limit_in_bytes to 67108864: who needs more memory is killed (--memory 64m)
echo 67108864 >'/sys/fs/cgroup/memory/it'\''s/own/minc-x/memory.limit_in_bytes'

# 12. set memory.memsw.limit_in_bytes to 100663296: memory and swap together (--memory-swap 96m)
echo 100663296 >'/sys/fs/cgroup/memory/it'\''s/own/minc-x/memory.memsw.limit_in_bytes'

# 13. set pids.max to 30: no more processes and threads (--pids-limit 30)
echo 30 >/sys/fs/cgroup/pids/minc-x/pids.max

set +e
setsid --wait unshare --pid --fork --kill-child --ipc --uts \
	sh -c 'plan=$(cat <&8); exec 8<&-; eval "$plan"' minc "$t" 8<<'END_OF_PLAN'
set -eu
t=$1
umask 022
priv= nest=

# inside ROOT PATH: PATH with every symbolic link and ".." resolved inside ROOT
inside() {
	left=$2 seen=
	while [ -n "$left" ]; do
		left=${left#/}
		name=${left%%/*}
		case $left in */*) left=${left#*/} ;; *) left= ;; esac
		case $name in
		'' | .) continue ;;
		..) seen=${seen%/*}; continue ;;
		esac
		if [ -L "$1$seen/$name" ]; then
			link=$(readlink "$1$seen/$name")
			case $link in /*) seen= ;; esac
			left=$link/$left
		else
			seen=$seen/$name
		fi
	done
	printf '%s\n' "$1$seen"
}
# place NAME SOURCE: a mount point of SOURCE's type
place() { if [ -d "$2" ]; then mkdir "$1"; else : >"$1"; fi; }
# like NOBODY DIR BELOW..: DIR is new over the first that is not as a layer without an entry
# for its root; an owner NOBODY has no id here. Not in shell: lists and attributes.
like() {
	nobody=$1 dir=$2 from=$3
	shift 2
	for below; do
		[ -d "$below" ] || return 0
		[ "$(stat -c '%a %Y' "$below")" = '755 0' ] || { from=$below; break; }
	done
	uid=$(stat -c %u "$from") gid=$(stat -c %g "$from")
	[ "$uid" = "$nobody" ] || chown "$uid" "$dir"
	[ "$gid" = "$nobody" ] || chgrp "$gid" "$dir"
	chmod "$(stat -c %a "$from")" "$dir"
	touch -r "$from" "$dir"
}
# quiet DIR, loud: what is made in DIR in between does not show in its time
quiet() {
	up=$1
	while ! [ -d "$up" ]; do up=${up%/*}; done
	time=$(stat -c %y "$up")
}
loud() { touch -d "$time" "$up" 2>/dev/null || :; }
# attach MOUNT ROOT PATH [create|quiet]: move a mount to PATH inside ROOT, made if missing
attach() {
	target=$(inside "$2" "$3")
	if [ -n "${4-}" ] && ! [ -e "$target" ]; then
		quiet "$target"
		if [ -d "$1" ]; then mkdir -p "$target"
		else mkdir -p "${target%/*}"; : >"$target"; fi
		[ "$4" = create ] || loud
	fi
	mount -n --move "$1" "$target"
}
# flags OPTIONS MOUNT: change a mount's flags; with -R as $3 also of all below it
flags() {
	findmnt ${3-} -rno TARGET "$2" | while IFS= read -r m; do
		mount -o "remount,bind,$1" "$(printf '%b' "$m")"
	done
}
# The host's programs for after the root has changed; see host().
ld=$(ldd /bin/sh | sed -n 's,^[ \t]*\(/[^ ]*ld[^ ]*\) .*,\1,p')
ld=$(readlink -f "$ld") ld=${ld#/usr/} libs=${ld%/*}
umount=$(readlink -f "$(command -v umount)") umount=${umount#/usr/}
setpriv=$(readlink -f "$(command -v setpriv)") setpriv=${setpriv#/usr/}
unshare=$(readlink -f "$(command -v unshare)") unshare=${unshare#/usr/}
env=$(readlink -f "$(command -v env)") env=${env#/usr/}

# 14. join group /sys/fs/cgroup/cpu,cpuacct/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/cpu,cpuacct/minc-x/cgroup.procs

# 15. join group /sys/fs/cgroup/cpuset/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/cpuset/minc-x/cgroup.procs

# 16. join group /sys/fs/cgroup/memory/it's/own/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >'/sys/fs/cgroup/memory/it'\''s/own/minc-x/cgroup.procs'

# 17. join group /sys/fs/cgroup/pids/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/pids/minc-x/cgroup.procs

# 18. join group /sys/fs/cgroup/unified/own/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/unified/own/minc-x/cgroup.procs

# 19. lifeline: nothing goes on if the caller dies
# unshare --kill-child, below

# 20. unshare cgroup namespace: its own control group is the top one that it sees
nest="$nest --cgroup"

# 21. bind /sys: the kernel's devices and settings
s9=$t/9; place "$s9" /sys
mount --bind /sys "$s9"

# 22. bind BASE/root: the files below the overlay (-r ROOT)
s10=$t/10; place "$s10" BASE/root
mount --bind BASE/root "$s10"

# 23. join a nearly empty mount namespace: start where almost nothing is mounted, not with a copy of everything
# no shell equivalent: nothing can be executed in a nearly empty mount namespace

# 24. unshare mount namespace: a copy of it for this container
# unshare, below

# 25. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 26. mount flags: only read from (-r ROOT)
flags ro "$s10"

# 27. attach on /: somewhere that goes away: an unattached one is slower to tear down (-r ROOT)
# it stays at "$s10" until the root changes

# 28. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s11=$t/11; mkdir "$s11"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s11" # to see its size
files=$(($(stat -fc '%b * %S' "$s11") / 8192 + 1024)); umount "$s11"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s11"

# 29. attach on /: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s11" until the root changes

# 30. make directory upper: what the container writes (-r ROOT)
[ -d "$s11"/upper ] || { mkdir -p -m 755 "$s11"/upper; like - "$s11"/upper "$s10"/.; }
s12="$s11"/upper

# 31. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s11"/work ] || mkdir -p -m 755 "$s11"/work
s13="$s11"/work

# 32. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s14=$t/14; mkdir "$s14"
mount -t overlay -o nodev,lowerdir="$s10",upperdir="$s12",workdir="$s13" overlay "$s14"

# 33. attach on /: the root to be (-r ROOT)
# it stays at "$s14" until the root changes

# 34. make directory dev: a /dev with only harmless devices
[ -d "$s11"/dev ] || mkdir -p -m 755 "$s11"/dev

# 35. bind dev: a /dev with only harmless devices
s15=$t/15; place "$s15" "$s11"/dev
mount --bind "$s11"/dev "$s15"

# 36. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s15"

# 37. attach on /dev: a /dev with only harmless devices
attach "$s15" "$s14" /dev quiet; s15=$target

# 38. make device null: a /dev with only harmless devices
mknod -m 666 "$s15"/null c 1 3

# 39. make device zero: a /dev with only harmless devices
mknod -m 666 "$s15"/zero c 1 5

# 40. make device full: a /dev with only harmless devices
mknod -m 666 "$s15"/full c 1 7

# 41. make device random: a /dev with only harmless devices
mknod -m 666 "$s15"/random c 1 8

# 42. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s15"/urandom c 1 9

# 43. make device tty: a /dev with only harmless devices
mknod -m 666 "$s15"/tty c 5 0

# 44. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s15"/fd ] || ln -s /proc/self/fd "$s15"/fd

# 45. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s15"/stdin ] || ln -s /proc/self/fd/0 "$s15"/stdin

# 46. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s15"/stdout ] || ln -s /proc/self/fd/1 "$s15"/stdout

# 47. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s15"/stderr ] || ln -s /proc/self/fd/2 "$s15"/stderr

# 48. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s15"/ptmx ] || ln -s pts/ptmx "$s15"/ptmx

# 49. make directory pts: for the terminals
[ -d "$s15"/pts ] || mkdir -p -m 755 "$s15"/pts

# 50. make directory mqueue: for message queues
[ -d "$s15"/mqueue ] || mkdir -p -m 755 "$s15"/mqueue

# 51. make directory shm: POSIX shared memory, of this container only
[ -d "$s15"/shm ] || mkdir -p -m 755 "$s15"/shm

# 52. make directory shm: POSIX shared memory, of this container only
[ -d "$s11"/shm ] || mkdir -p -m 1777 "$s11"/shm

# 53. bind shm: POSIX shared memory, of this container only
s16=$t/16; place "$s16" "$s11"/shm
mount --bind "$s11"/shm "$s16"

# 54. mount flags: data only
flags nosuid,nodev,noexec "$s16"

# 55. attach on shm: POSIX shared memory, of this container only
attach "$s16" "$s15" shm; s16=$target

# 56. mount devpts: terminals of its own
s17=$t/17; mkdir "$s17"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s17"

# 57. attach on pts: terminals of its own
attach "$s17" "$s15" pts; s17=$target

# 58. mount mqueue: message queues of its own
s18=$t/18; mkdir "$s18"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s18"

# 59. attach on mqueue: message queues of its own
attach "$s18" "$s15" mqueue; s18=$target

# 60. mount proc: a /proc that shows only the container's processes
s19=$t/19; mkdir "$s19"
mount -t proc -o nosuid,nodev,noexec proc "$s19"

# 61. attach on /proc: a /proc that shows only the container's processes
attach "$s19" "$s14" /proc quiet; s19=$target

# 62. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s9" -R

# 63. attach on /sys: programs read about the hardware there
attach "$s9" "$s14" /sys quiet; s9=$target

# 64. make directory empty: what hides a directory
[ -d "$s11"/empty ] || mkdir -p -m 555 "$s11"/empty

# 65. make directory tmp: a /tmp of its own
[ -d "$s11"/tmp ] || mkdir -p -m 1777 "$s11"/tmp

# 66. bind tmp: a /tmp of its own
s20=$t/20; place "$s20" "$s11"/tmp
mount --bind "$s11"/tmp "$s20"

# 67. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s20"

# 68. attach on /tmp: a /tmp of its own
attach "$s20" "$s14" /tmp quiet; s20=$target

# 69. write hosts: its own name and localhost can be looked up
[ -e "$s11"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s11"/hosts

# 70. bind hosts: its own name and localhost can be looked up
s21=$t/21; place "$s21" "$s11"/hosts
mount --bind "$s11"/hosts "$s21"

# 71. mount flags: data only
flags nosuid,nodev,noexec "$s21"

# 72. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s21" "$s14" /etc/hosts quiet; s21=$target

# 73. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
quiet "$s14"/etc/mtab
ln -sfn /proc/mounts "$s14"/etc/mtab
loud

# 74. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 75. change root: the tree made above becomes /
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s14" "$s14/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 76. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 77. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 78. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 79. limit nofile: each process of the command on its own (--ulimit nofile=64:128)
ulimit -n 128
ulimit -S -n 64

# 80. limit core: each process of the command on its own (--ulimit core=0)
ulimit -c 0

# 81. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 82. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 83. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 84. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 85. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 86. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
