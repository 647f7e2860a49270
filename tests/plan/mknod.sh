#!/bin/sh
# What starting this container does, as a script: needs util-linux 2.38, coreutils,
# iproute2 and a merged /usr. Run it as the user who would start the container.
set -eu
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin # pivot_root and losetup, for users too
export PATH
t=$(mktemp -d) # a mount point, hidden from the container and removed at the end
trap 'rmdir "$t"' EXIT
exec 9</proc/self/ns/net # the host's network, for moving an interface
undo() { rmdir "$t"; rmdir 2>/dev/null /sys/fs/cgroup/devices/minc-x /sys/fs/cgroup/unified/own/minc-x; }
trap undo EXIT

# 1. make cgroup /sys/fs/cgroup/devices/minc-x: a group for this hierarchy's limits
mkdir /sys/fs/cgroup/devices/minc-x

# 2. make cgroup /sys/fs/cgroup/unified/own/minc-x: a group to be born in, stopped and ended by
mkdir /sys/fs/cgroup/unified/own/minc-x

# 3. confine devices of /sys/fs/cgroup/devices/minc-x: it may make device files, but only harmless ones work (--cap-add mknod)
echo a >/sys/fs/cgroup/devices/minc-x/devices.deny
for rule in 'c *:* m' 'b *:* m' 'c 1:3 rwm' 'c 1:5 rwm' 'c 1:7 rwm' 'c 1:8 rwm' 'c 1:9 rwm' 'c 5:0 rwm' 'c 5:2 rwm' 'c 136:* rwm' 'c 1:5 rm'; do echo "$rule" >/sys/fs/cgroup/devices/minc-x/devices.allow; done

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

# 4. join group /sys/fs/cgroup/unified/own/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/unified/own/minc-x/cgroup.procs

# 5. lifeline: nothing goes on if the caller dies
# unshare --kill-child, below

# 6. bind /dev/zero on /dev/nothing: the host's files to show inside (--bind-ro /dev/zero)
s3=$t/3; place "$s3" /dev/zero
mount --rbind /dev/zero "$s3"

# 7. bind /sys: the kernel's devices and settings
s4=$t/4; place "$s4" /sys
mount --bind /sys "$s4"

# 8. bind BASE/root: the files below the overlay (-r ROOT)
s5=$t/5; place "$s5" BASE/root
mount --bind BASE/root "$s5"

# 9. join a nearly empty mount namespace: start where almost nothing is mounted, not with a copy of everything
# no shell equivalent: nothing can be executed in a nearly empty mount namespace

# 10. unshare mount namespace: a copy of it for this container
# unshare, below

# 11. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 12. mount flags: only read from (-r ROOT)
flags ro "$s5"

# 13. attach on /: somewhere that goes away: an unattached one is slower to tear down (-r ROOT)
# it stays at "$s5" until the root changes

# 14. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s6=$t/6; mkdir "$s6"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s6" # to see its size
files=$(($(stat -fc '%b * %S' "$s6") / 8192 + 1024)); umount "$s6"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s6"

# 15. attach on /: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s6" until the root changes

# 16. make directory upper: what the container writes (-r ROOT)
[ -d "$s6"/upper ] || { mkdir -p -m 755 "$s6"/upper; like - "$s6"/upper "$s5"/.; }
s7="$s6"/upper

# 17. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s6"/work ] || mkdir -p -m 755 "$s6"/work
s8="$s6"/work

# 18. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s9=$t/9; mkdir "$s9"
mount -t overlay -o nodev,lowerdir="$s5",upperdir="$s7",workdir="$s8" overlay "$s9"

# 19. attach on /: the root to be (-r ROOT)
# it stays at "$s9" until the root changes

# 20. make directory dev: a /dev with only harmless devices
[ -d "$s6"/dev ] || mkdir -p -m 755 "$s6"/dev

# 21. bind dev: a /dev with only harmless devices
s10=$t/10; place "$s10" "$s6"/dev
mount --bind "$s6"/dev "$s10"

# 22. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s10"

# 23. attach on /dev: a /dev with only harmless devices
attach "$s10" "$s9" /dev quiet; s10=$target

# 24. make device null: a /dev with only harmless devices
mknod -m 666 "$s10"/null c 1 3

# 25. make device zero: a /dev with only harmless devices
mknod -m 666 "$s10"/zero c 1 5

# 26. make device full: a /dev with only harmless devices
mknod -m 666 "$s10"/full c 1 7

# 27. make device random: a /dev with only harmless devices
mknod -m 666 "$s10"/random c 1 8

# 28. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s10"/urandom c 1 9

# 29. make device tty: a /dev with only harmless devices
mknod -m 666 "$s10"/tty c 5 0

# 30. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s10"/fd ] || ln -s /proc/self/fd "$s10"/fd

# 31. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s10"/stdin ] || ln -s /proc/self/fd/0 "$s10"/stdin

# 32. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s10"/stdout ] || ln -s /proc/self/fd/1 "$s10"/stdout

# 33. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s10"/stderr ] || ln -s /proc/self/fd/2 "$s10"/stderr

# 34. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s10"/ptmx ] || ln -s pts/ptmx "$s10"/ptmx

# 35. make directory pts: for the terminals
[ -d "$s10"/pts ] || mkdir -p -m 755 "$s10"/pts

# 36. make directory mqueue: for message queues
[ -d "$s10"/mqueue ] || mkdir -p -m 755 "$s10"/mqueue

# 37. make directory shm: POSIX shared memory, of this container only
[ -d "$s10"/shm ] || mkdir -p -m 755 "$s10"/shm

# 38. make directory shm: POSIX shared memory, of this container only
[ -d "$s6"/shm ] || mkdir -p -m 1777 "$s6"/shm

# 39. bind shm: POSIX shared memory, of this container only
s11=$t/11; place "$s11" "$s6"/shm
mount --bind "$s6"/shm "$s11"

# 40. mount flags: data only
flags nosuid,nodev,noexec "$s11"

# 41. attach on shm: POSIX shared memory, of this container only
attach "$s11" "$s10" shm; s11=$target

# 42. mount devpts: terminals of its own
s12=$t/12; mkdir "$s12"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s12"

# 43. attach on pts: terminals of its own
attach "$s12" "$s10" pts; s12=$target

# 44. mount mqueue: message queues of its own
s13=$t/13; mkdir "$s13"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s13"

# 45. attach on mqueue: message queues of its own
attach "$s13" "$s10" mqueue; s13=$target

# 46. mount proc: a /proc that shows only the container's processes
s14=$t/14; mkdir "$s14"
mount -t proc -o nosuid,nodev,noexec proc "$s14"

# 47. attach on /proc: a /proc that shows only the container's processes
attach "$s14" "$s9" /proc quiet; s14=$target

# 48. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s4" -R

# 49. attach on /sys: programs read about the hardware there
attach "$s4" "$s9" /sys quiet; s4=$target

# 50. make directory empty: what hides a directory
[ -d "$s6"/empty ] || mkdir -p -m 555 "$s6"/empty

# 51. make directory tmp: a /tmp of its own
[ -d "$s6"/tmp ] || mkdir -p -m 1777 "$s6"/tmp

# 52. bind tmp: a /tmp of its own
s15=$t/15; place "$s15" "$s6"/tmp
mount --bind "$s6"/tmp "$s15"

# 53. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s15"

# 54. attach on /tmp: a /tmp of its own
attach "$s15" "$s9" /tmp quiet; s15=$target

# 55. write hosts: its own name and localhost can be looked up
[ -e "$s6"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s6"/hosts

# 56. bind hosts: its own name and localhost can be looked up
s16=$t/16; place "$s16" "$s6"/hosts
mount --bind "$s6"/hosts "$s16"

# 57. mount flags: data only
flags nosuid,nodev,noexec "$s16"

# 58. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s16" "$s9" /etc/hosts quiet; s16=$target

# 59. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
quiet "$s9"/etc/mtab
ln -sfn /proc/mounts "$s9"/etc/mtab
loud

# 60. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 61. mount flags: no more than was asked for (--bind-ro /dev/zero)
flags ro,nosuid "$s3" -R

# 62. attach on /dev/nothing: shown where it was asked for (--bind-ro /dev/zero)
attach "$s3" "$s9" /dev/nothing quiet; s3=$target

# 63. join group /sys/fs/cgroup/devices/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/devices/minc-x/cgroup.procs

# 64. unshare cgroup namespace: its own control group is the top one that it sees
nest="$nest --cgroup"

# 65. change root: the tree made above becomes /
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s9" "$s9/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 66. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 67. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 68. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 69. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 70. set capabilities: only the capabilities that are left (--cap-add mknod)
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+mknod,+setfcap --inh-caps=-all --ambient-caps=-all"

# 71. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 72. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 73. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 74. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
