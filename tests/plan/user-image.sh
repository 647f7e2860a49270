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

# 5. serve layers BASE/low.sqfs: an ordinary user cannot mount them: a process reads them (image web)
s1=$t/1; mkdir "$s1"
mkdir "$s1/0"; squashfuse_ll BASE/low.sqfs "$s1/0"
mkdir "$s1/1"; squashfuse_ll BASE/high.sqfs "$s1/1"

# 6. mount layers: what that process serves (image web)
s2=$s1

# 7. attach on /sys: somewhere that goes away with the container (image web)
# it stays at "$s2" until the root changes

# 8. open 1: its files, read-only and never unpacked (image web)
s3="$s2"/1

# 9. open 0: its files, read-only and never unpacked (image web)
s4="$s2"/0

# 10. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s5=$t/5; mkdir "$s5"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s5" # to see its size
files=$(($(stat -fc '%b * %S' "$s5") / 8192 + 1024)); umount "$s5"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s5"

# 11. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s5" until the root changes

# 12. make directory upper: what the container writes
[ -d "$s5"/upper ] || { mkdir -p -m 755 "$s5"/upper; like 65534 "$s5"/upper "$s3"/. "$s4"/.; }
s6="$s5"/upper

# 13. make directory work: overlayfs's own work space, on the same file system
[ -d "$s5"/work ] || mkdir -p -m 755 "$s5"/work
s7="$s5"/work

# 14. mount overlay: writes go to the upper layer, never to the image
s8=$t/8; mkdir "$s8"
(cd "$t"; LIBMOUNT_FORCE_MOUNT2=always mount -t overlay -o nodev,lowerdir="${s3#"$t"/}":"${s4#"$t"/}",upperdir="${s6#"$t"/}",workdir="${s7#"$t"/}",userxattr overlay "$s8")

# 15. attach on /: the root to be
# it stays at "$s8" until the root changes

# 16. make directory dev: a /dev with only harmless devices
[ -d "$s5"/dev ] || mkdir -p -m 755 "$s5"/dev

# 17. bind dev: a /dev with only harmless devices
s9=$t/9; place "$s9" "$s5"/dev
mount --bind "$s5"/dev "$s9"

# 18. mount flags: nothing in it is a program
flags nosuid,noexec "$s9"

# 19. attach on /dev: a /dev with only harmless devices
attach "$s9" "$s8" /dev quiet; s9=$target

# 20. bind /dev/null: a user namespace cannot make device files
s10=$t/10; place "$s10" /dev/null
mount --rbind /dev/null "$s10"

# 21. attach on null: a /dev with only harmless devices
attach "$s10" "$s9" null create; s10=$target

# 22. bind /dev/zero: a user namespace cannot make device files
s11=$t/11; place "$s11" /dev/zero
mount --rbind /dev/zero "$s11"

# 23. attach on zero: a /dev with only harmless devices
attach "$s11" "$s9" zero create; s11=$target

# 24. bind /dev/full: a user namespace cannot make device files
s12=$t/12; place "$s12" /dev/full
mount --rbind /dev/full "$s12"

# 25. attach on full: a /dev with only harmless devices
attach "$s12" "$s9" full create; s12=$target

# 26. bind /dev/random: a user namespace cannot make device files
s13=$t/13; place "$s13" /dev/random
mount --rbind /dev/random "$s13"

# 27. attach on random: a /dev with only harmless devices
attach "$s13" "$s9" random create; s13=$target

# 28. bind /dev/urandom: a user namespace cannot make device files
s14=$t/14; place "$s14" /dev/urandom
mount --rbind /dev/urandom "$s14"

# 29. attach on urandom: a /dev with only harmless devices
attach "$s14" "$s9" urandom create; s14=$target

# 30. bind /dev/tty: a user namespace cannot make device files
s15=$t/15; place "$s15" /dev/tty
mount --rbind /dev/tty "$s15"

# 31. attach on tty: a /dev with only harmless devices
attach "$s15" "$s9" tty create; s15=$target

# 32. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s9"/fd ] || ln -s /proc/self/fd "$s9"/fd

# 33. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s9"/stdin ] || ln -s /proc/self/fd/0 "$s9"/stdin

# 34. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s9"/stdout ] || ln -s /proc/self/fd/1 "$s9"/stdout

# 35. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s9"/stderr ] || ln -s /proc/self/fd/2 "$s9"/stderr

# 36. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s9"/ptmx ] || ln -s pts/ptmx "$s9"/ptmx

# 37. write .minc-apt.conf: apt would check that it became another user: there is one id
[ -e "$s9"/.minc-apt.conf ] || { printf %s 'APT::Sandbox::User "root";
'; } >"$s9"/.minc-apt.conf

# 38. make directory pts: for the terminals
[ -d "$s9"/pts ] || mkdir -p -m 755 "$s9"/pts

# 39. make directory mqueue: for message queues
[ -d "$s9"/mqueue ] || mkdir -p -m 755 "$s9"/mqueue

# 40. make directory shm: POSIX shared memory, of this container only
[ -d "$s9"/shm ] || mkdir -p -m 755 "$s9"/shm

# 41. make directory shm: POSIX shared memory, of this container only
[ -d "$s5"/shm ] || mkdir -p -m 1777 "$s5"/shm

# 42. bind shm: POSIX shared memory, of this container only
s16=$t/16; place "$s16" "$s5"/shm
mount --bind "$s5"/shm "$s16"

# 43. mount flags: data only
flags nosuid,nodev,noexec "$s16"

# 44. attach on shm: POSIX shared memory, of this container only
attach "$s16" "$s9" shm; s16=$target

# 45. mount devpts: terminals of its own
s17=$t/17; mkdir "$s17"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024 devpts "$s17"

# 46. attach on pts: terminals of its own
attach "$s17" "$s9" pts; s17=$target

# 47. mount mqueue: message queues of its own
s18=$t/18; mkdir "$s18"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s18"

# 48. attach on mqueue: message queues of its own
attach "$s18" "$s9" mqueue; s18=$target

# 49. mount proc: a /proc that shows only the container's processes
s19=$t/19; mkdir "$s19"
mount -t proc -o nosuid,nodev,noexec proc "$s19"

# 50. attach on /proc: a /proc that shows only the container's processes
attach "$s19" "$s8" /proc quiet; s19=$target

# 51. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 52. attach on /sys: programs read about the hardware there
attach "$s0" "$s8" /sys quiet; s0=$target

# 53. make directory empty: what hides a directory
[ -d "$s5"/empty ] || mkdir -p -m 555 "$s5"/empty

# 54. mount cgroup2: its own control groups, not those of the machine
{ :
s20=$t/20; mkdir "$s20"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$s20"
flags ro "$s20"
} || echo 'warning: this step failed' >&2

# 55. attach on fs/cgroup: its own control groups, not those of the machine
{ :
attach "$s20" "$s0" fs/cgroup; s20=$target
} 2>/dev/null || : skipped, for it does not exist

# 56. attach on /tmp: a /tmp of its own, if the image has none
[ -e "$(inside "$s8" /tmp)" ] || {
	mkdir -m 1777 "$s5"/tmp; mkdir "$t/spare"; mount --bind "$s5"/tmp "$t/spare"
	flags nosuid,nodev "$t/spare"
	attach "$t/spare" "$s8" /tmp quiet
}

# 57. write hosts: its own name and localhost can be looked up
[ -e "$s5"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s5"/hosts

# 58. bind hosts: its own name and localhost can be looked up
s21=$t/21; place "$s21" "$s5"/hosts
mount --bind "$s5"/hosts "$s21"

# 59. mount flags: data only
flags nosuid,nodev,noexec "$s21"

# 60. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s21" "$s8" /etc/hosts quiet; s21=$target

# 61. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 62. open /var/lib/web: a volume of the image, made if missing (image web)
s22=$(inside "$s8" /var/lib/web)
quiet "$s22"
mkdir -p "$s22"
loud

# 63. open /srv: where the command starts, made if missing (image web)
s23=$(inside "$s8" /srv)
quiet "$s23"
mkdir -p "$s23"
loud

# 64. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s8" "$s8/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 65. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 66. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 67. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 68. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 69. change directory to /srv: the caller's directory if it is there, else /
for dir in /srv /; do if [ -d "$dir" ]; then break; fi; done

# 70. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 71. seccomp filter fake root: there is one id: changes of owners answer success, and who gives up root has it under another number
# no equivalent in shell: seccomp(2) with the profile "fake root", N instructions

# 72. execute /usr/bin/server: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	$([ ! -e /etc/apt ] || echo 'APT_CONFIG=/dev/.minc-apt.conf') \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	'COLOUR=blue' \
	/usr/bin/server --fast
END_OF_PLAN
exit $?
