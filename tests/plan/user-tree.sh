#!/bin/sh
# What starting this container does, as a script: needs util-linux 2.38, coreutils,
# iproute2 and a merged /usr. Run it as the user who would start the container.
set -eu
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin # pivot_root and losetup, for users too
export PATH
t=$(mktemp -d) # a mount point, hidden from the container and removed at the end
trap 'rmdir "$t"' EXIT
exec 9</proc/self/ns/net # the host's network, for moving an interface
set +e
setsid --wait unshare --mount --propagation unchanged --pid --fork --kill-child --ipc --uts --user --cgroup --map-user=0 --map-group=0 \
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

# 1. lifeline: nothing goes on if the caller dies
# unshare --kill-child, below

# 2. map ids: the caller's own id becomes the container's user (--userns single)
# unshare --map-..., below

# 3. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 4. bind /sys: the kernel's devices and settings
s0=$t/0; place "$s0" /sys
mount --rbind /sys "$s0"

# 5. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s1=$t/1; mkdir "$s1"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s1" # to see its size
files=$(($(stat -fc '%b * %S' "$s1") / 8192 + 1024)); umount "$s1"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s1"

# 6. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s1" until the root changes

# 7. make directory upper: what the container writes (minc_set_root)
[ -d "$s1"/upper ] || { mkdir -p -m 755 "$s1"/upper; like 65534 "$s1"/upper BASE/tree; }
s2="$s1"/upper

# 8. make directory work: overlayfs's own work space, on the same file system (minc_set_root)
[ -d "$s1"/work ] || mkdir -p -m 755 "$s1"/work
s3="$s1"/work

# 9. make directory dev: a mount point, made where the overlay will show it
quiet "$s2"/dev
[ -d "$s2"/dev ] || { mkdir -p -m 755 "$s2"/dev; like 65534 "$s2"/dev BASE/tree/dev; }
loud

# 10. make directory proc: a mount point, made where the overlay will show it
quiet "$s2"/proc
[ -d "$s2"/proc ] || { mkdir -p -m 755 "$s2"/proc; like 65534 "$s2"/proc BASE/tree/proc; }
loud

# 11. make directory sys: a mount point, made where the overlay will show it
quiet "$s2"/sys
[ -d "$s2"/sys ] || { mkdir -p -m 755 "$s2"/sys; like 65534 "$s2"/sys BASE/tree/sys; }
loud

# 12. make directory tmp: a mount point, made where the overlay will show it
quiet "$s2"/tmp
[ -d "$s2"/tmp ] || { mkdir -p -m 755 "$s2"/tmp; like 65534 "$s2"/tmp BASE/tree/tmp; }
loud

# 13. make directory etc: a mount point, made where the overlay will show it
quiet "$s2"/etc
[ -d "$s2"/etc ] || { mkdir -p -m 755 "$s2"/etc; like 65534 "$s2"/etc BASE/tree/etc; }
loud

# 14. write etc/hosts: a mount point, made where the overlay will show it
quiet "$s2"/etc/hosts
[ -e "$s2"/etc/hosts ] || { printf %s ''; } >"$s2"/etc/hosts
loud

# 15. bind upper: the root: what is written at its top (minc_set_root)
s4=$t/4; place "$s4" "$s1"/upper
mount --bind "$s1"/upper "$s4"

# 16. attach on /: the root to be (minc_set_root)
# it stays at "$s4" until the root changes

# 17. make directory srv: as on the host, to hold what is below it (minc_set_root)
quiet "$s2"/srv
[ -d "$s2"/srv ] || { mkdir -p -m 755 "$s2"/srv; like 65534 "$s2"/srv BASE/tree/srv; }
loud

# 18. open BASE/tree/srv/mnt: a directory of the host, disposable; the root as a whole has mounts that are locked to it (minc_set_root)
s5=BASE/tree/srv/mnt

# 19. make directory srv/mnt: what the container writes (minc_set_root)
quiet "$s2"/srv/mnt
[ -d "$s2"/srv/mnt ] || { mkdir -p -m 755 "$s2"/srv/mnt; like 65534 "$s2"/srv/mnt "$s5"/.; }
loud
s6="$s2"/srv/mnt

# 20. make directory 0: overlayfs's own work space, on the same file system (minc_set_root)
[ -d "$s3"/0 ] || mkdir -p -m 755 "$s3"/0
s7="$s3"/0

# 21. mount overlay: a directory of the host, disposable; the root as a whole has mounts that are locked to it (minc_set_root)
s8=$t/8; mkdir "$s8"
mount -t overlay -o nodev,lowerdir="$s5",upperdir="$s6",workdir="$s7",userxattr overlay "$s8"

# 22. attach on /srv/mnt: where the host has it (minc_set_root)
attach "$s8" "$s4" /srv/mnt; s8=$target

# 23. make directory dev: a /dev with only harmless devices
[ -d "$s1"/dev ] || mkdir -p -m 755 "$s1"/dev

# 24. bind dev: a /dev with only harmless devices
s9=$t/9; place "$s9" "$s1"/dev
mount --bind "$s1"/dev "$s9"

# 25. mount flags: nothing in it is a program
flags nosuid,noexec "$s9"

# 26. attach on /dev: a /dev with only harmless devices
attach "$s9" "$s4" /dev quiet; s9=$target

# 27. bind /dev/null: a user namespace cannot make device files
s10=$t/10; place "$s10" /dev/null
mount --rbind /dev/null "$s10"

# 28. attach on null: a /dev with only harmless devices
attach "$s10" "$s9" null create; s10=$target

# 29. bind /dev/zero: a user namespace cannot make device files
s11=$t/11; place "$s11" /dev/zero
mount --rbind /dev/zero "$s11"

# 30. attach on zero: a /dev with only harmless devices
attach "$s11" "$s9" zero create; s11=$target

# 31. bind /dev/full: a user namespace cannot make device files
s12=$t/12; place "$s12" /dev/full
mount --rbind /dev/full "$s12"

# 32. attach on full: a /dev with only harmless devices
attach "$s12" "$s9" full create; s12=$target

# 33. bind /dev/random: a user namespace cannot make device files
s13=$t/13; place "$s13" /dev/random
mount --rbind /dev/random "$s13"

# 34. attach on random: a /dev with only harmless devices
attach "$s13" "$s9" random create; s13=$target

# 35. bind /dev/urandom: a user namespace cannot make device files
s14=$t/14; place "$s14" /dev/urandom
mount --rbind /dev/urandom "$s14"

# 36. attach on urandom: a /dev with only harmless devices
attach "$s14" "$s9" urandom create; s14=$target

# 37. bind /dev/tty: a user namespace cannot make device files
s15=$t/15; place "$s15" /dev/tty
mount --rbind /dev/tty "$s15"

# 38. attach on tty: a /dev with only harmless devices
attach "$s15" "$s9" tty create; s15=$target

# 39. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s9"/fd ] || ln -s /proc/self/fd "$s9"/fd

# 40. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s9"/stdin ] || ln -s /proc/self/fd/0 "$s9"/stdin

# 41. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s9"/stdout ] || ln -s /proc/self/fd/1 "$s9"/stdout

# 42. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s9"/stderr ] || ln -s /proc/self/fd/2 "$s9"/stderr

# 43. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s9"/ptmx ] || ln -s pts/ptmx "$s9"/ptmx

# 44. make directory pts: for the terminals
[ -d "$s9"/pts ] || mkdir -p -m 755 "$s9"/pts

# 45. make directory mqueue: for message queues
[ -d "$s9"/mqueue ] || mkdir -p -m 755 "$s9"/mqueue

# 46. make directory shm: POSIX shared memory, of this container only
[ -d "$s9"/shm ] || mkdir -p -m 755 "$s9"/shm

# 47. make directory shm: POSIX shared memory, of this container only
[ -d "$s1"/shm ] || mkdir -p -m 1777 "$s1"/shm

# 48. bind shm: POSIX shared memory, of this container only
s16=$t/16; place "$s16" "$s1"/shm
mount --bind "$s1"/shm "$s16"

# 49. mount flags: data only
flags nosuid,nodev,noexec "$s16"

# 50. attach on shm: POSIX shared memory, of this container only
attach "$s16" "$s9" shm; s16=$target

# 51. mount devpts: terminals of its own
s17=$t/17; mkdir "$s17"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024 devpts "$s17"

# 52. attach on pts: terminals of its own
attach "$s17" "$s9" pts; s17=$target

# 53. mount mqueue: message queues of its own
s18=$t/18; mkdir "$s18"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s18"

# 54. attach on mqueue: message queues of its own
attach "$s18" "$s9" mqueue; s18=$target

# 55. mount proc: a /proc that shows only the container's processes
s19=$t/19; mkdir "$s19"
mount -t proc -o nosuid,nodev,noexec proc "$s19"

# 56. attach on /proc: a /proc that shows only the container's processes
attach "$s19" "$s4" /proc quiet; s19=$target

# 57. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 58. attach on /sys: programs read about the hardware there
attach "$s0" "$s4" /sys quiet; s0=$target

# 59. make directory empty: what hides a directory
[ -d "$s1"/empty ] || mkdir -p -m 555 "$s1"/empty

# 60. mount cgroup2: its own control groups, not those of the machine
{ :
s20=$t/20; mkdir "$s20"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$s20"
flags ro "$s20"
} || echo 'warning: this step failed' >&2

# 61. attach on fs/cgroup: its own control groups, not those of the machine
{ :
attach "$s20" "$s0" fs/cgroup; s20=$target
} 2>/dev/null || : skipped, for it does not exist

# 62. make directory tmp: a /tmp of its own
[ -d "$s1"/tmp ] || mkdir -p -m 1777 "$s1"/tmp

# 63. bind tmp: a /tmp of its own
s21=$t/21; place "$s21" "$s1"/tmp
mount --bind "$s1"/tmp "$s21"

# 64. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s21"

# 65. attach on /tmp: a /tmp of its own
attach "$s21" "$s4" /tmp quiet; s21=$target

# 66. write hosts: its own name and localhost can be looked up
[ -e "$s1"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s1"/hosts

# 67. bind hosts: its own name and localhost can be looked up
s22=$t/22; place "$s22" "$s1"/hosts
mount --bind "$s1"/hosts "$s22"

# 68. mount flags: data only
flags nosuid,nodev,noexec "$s22"

# 69. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s22" "$s4" /etc/hosts quiet; s22=$target

# 70. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 71. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s4" "$s4/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 72. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 73. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 74. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 75. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 76. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 77. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 78. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
