#!/bin/sh
# What starting this container does, as a script: needs util-linux 2.38, coreutils,
# iproute2 and a merged /usr. Run it as the user who would start the container.
set -eu
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin # pivot_root and losetup, for users too
export PATH
t=$(mktemp -d) # a mount point, hidden from the container and removed at the end
trap 'rmdir "$t"' EXIT
exec 9</proc/self/ns/net # the host's network, for moving an interface
undo() { rmdir "$t"; rmdir 2>/dev/null /sys/fs/cgroup/cpu,cpuacct/minc-x /sys/fs/cgroup/cpuset/minc-x '/sys/fs/cgroup/memory/it'\''s/own/minc-x' /sys/fs/cgroup/pids/minc-x /sys/fs/cgroup/freezer/minc-x; }
trap undo EXIT

# 1. make cgroup /sys/fs/cgroup/cpu,cpuacct/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/cpu,cpuacct/minc-x

# 2. make cgroup /sys/fs/cgroup/cpuset/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/cpuset/minc-x

# 3. make cgroup /sys/fs/cgroup/memory/it's/own/minc-x: a group for this hierarchy's limits
mkdir '/sys/fs/cgroup/memory/it'\''s/own/minc-x'

# 4. make cgroup /sys/fs/cgroup/pids/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/pids/minc-x

# 5. make cgroup /sys/fs/cgroup/freezer/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/freezer/minc-x

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
setsid --wait unshare --mount --propagation unchanged --pid --fork --kill-child --ipc --uts \
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

# 18. join group /sys/fs/cgroup/freezer/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/freezer/minc-x/cgroup.procs

# 19. lifeline: nothing goes on if the caller dies
# unshare --kill-child, below

# 20. unshare cgroup namespace: its own control group is the top one that it sees
nest="$nest --cgroup"

# 21. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 22. bind /sys: the kernel's devices and settings
s10=$t/10; place "$s10" /sys
mount --bind /sys "$s10"

# 23. open BASE/root: the files below the overlay (-r ROOT)
s11=BASE/root

# 24. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s12=$t/12; mkdir "$s12"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s12" # to see its size
files=$(($(stat -fc '%b * %S' "$s12") / 8192 + 1024)); umount "$s12"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s12"

# 25. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s12" until the root changes

# 26. make directory upper: what the container writes (-r ROOT)
[ -d "$s12"/upper ] || { mkdir -p -m 755 "$s12"/upper; like - "$s12"/upper "$s11"/.; }
s13="$s12"/upper

# 27. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s12"/work ] || mkdir -p -m 755 "$s12"/work
s14="$s12"/work

# 28. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s15=$t/15; mkdir "$s15"
mount -t overlay -o nodev,lowerdir="$s11",upperdir="$s13",workdir="$s14" overlay "$s15"

# 29. attach on /: the root to be (-r ROOT)
# it stays at "$s15" until the root changes

# 30. make directory dev: a /dev with only harmless devices
[ -d "$s12"/dev ] || mkdir -p -m 755 "$s12"/dev

# 31. bind dev: a /dev with only harmless devices
s16=$t/16; place "$s16" "$s12"/dev
mount --bind "$s12"/dev "$s16"

# 32. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s16"

# 33. attach on /dev: a /dev with only harmless devices
attach "$s16" "$s15" /dev quiet; s16=$target

# 34. make device null: a /dev with only harmless devices
mknod -m 666 "$s16"/null c 1 3

# 35. make device zero: a /dev with only harmless devices
mknod -m 666 "$s16"/zero c 1 5

# 36. make device full: a /dev with only harmless devices
mknod -m 666 "$s16"/full c 1 7

# 37. make device random: a /dev with only harmless devices
mknod -m 666 "$s16"/random c 1 8

# 38. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s16"/urandom c 1 9

# 39. make device tty: a /dev with only harmless devices
mknod -m 666 "$s16"/tty c 5 0

# 40. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s16"/fd ] || ln -s /proc/self/fd "$s16"/fd

# 41. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s16"/stdin ] || ln -s /proc/self/fd/0 "$s16"/stdin

# 42. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s16"/stdout ] || ln -s /proc/self/fd/1 "$s16"/stdout

# 43. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s16"/stderr ] || ln -s /proc/self/fd/2 "$s16"/stderr

# 44. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s16"/ptmx ] || ln -s pts/ptmx "$s16"/ptmx

# 45. make directory pts: for the terminals
[ -d "$s16"/pts ] || mkdir -p -m 755 "$s16"/pts

# 46. make directory mqueue: for message queues
[ -d "$s16"/mqueue ] || mkdir -p -m 755 "$s16"/mqueue

# 47. make directory shm: POSIX shared memory, of this container only
[ -d "$s16"/shm ] || mkdir -p -m 755 "$s16"/shm

# 48. make directory shm: POSIX shared memory, of this container only
[ -d "$s12"/shm ] || mkdir -p -m 1777 "$s12"/shm

# 49. bind shm: POSIX shared memory, of this container only
s17=$t/17; place "$s17" "$s12"/shm
mount --bind "$s12"/shm "$s17"

# 50. mount flags: data only
flags nosuid,nodev,noexec "$s17"

# 51. attach on shm: POSIX shared memory, of this container only
attach "$s17" "$s16" shm; s17=$target

# 52. mount devpts: terminals of its own
s18=$t/18; mkdir "$s18"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s18"

# 53. attach on pts: terminals of its own
attach "$s18" "$s16" pts; s18=$target

# 54. mount mqueue: message queues of its own
s19=$t/19; mkdir "$s19"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s19"

# 55. attach on mqueue: message queues of its own
attach "$s19" "$s16" mqueue; s19=$target

# 56. mount proc: a /proc that shows only the container's processes
s20=$t/20; mkdir "$s20"
mount -t proc -o nosuid,nodev,noexec proc "$s20"

# 57. attach on /proc: a /proc that shows only the container's processes
attach "$s20" "$s15" /proc quiet; s20=$target

# 58. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s10" -R

# 59. attach on /sys: programs read about the hardware there
attach "$s10" "$s15" /sys quiet; s10=$target

# 60. make directory empty: what hides a directory
[ -d "$s12"/empty ] || mkdir -p -m 555 "$s12"/empty

# 61. make directory tmp: a /tmp of its own
[ -d "$s12"/tmp ] || mkdir -p -m 1777 "$s12"/tmp

# 62. bind tmp: a /tmp of its own
s21=$t/21; place "$s21" "$s12"/tmp
mount --bind "$s12"/tmp "$s21"

# 63. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s21"

# 64. attach on /tmp: a /tmp of its own
attach "$s21" "$s15" /tmp quiet; s21=$target

# 65. write hosts: its own name and localhost can be looked up
[ -e "$s12"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s12"/hosts

# 66. bind hosts: its own name and localhost can be looked up
s22=$t/22; place "$s22" "$s12"/hosts
mount --bind "$s12"/hosts "$s22"

# 67. mount flags: data only
flags nosuid,nodev,noexec "$s22"

# 68. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s22" "$s15" /etc/hosts quiet; s22=$target

# 69. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
quiet "$s15"/etc/mtab
ln -sfn /proc/mounts "$s15"/etc/mtab
loud

# 70. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 71. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s15" "$s15/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 72. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 73. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 74. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 75. limit nofile: each process of the command on its own (--ulimit nofile=64:128)
ulimit -n 128
ulimit -S -n 64

# 76. limit core: each process of the command on its own (--ulimit core=0)
ulimit -c 0

# 77. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 78. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 79. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 80. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 81. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 82. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
