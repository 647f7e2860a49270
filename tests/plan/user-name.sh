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
setsid --wait unshare --mount --propagation unchanged --pid --fork --kill-child --ipc --uts --net --user --cgroup --map-user=0 --map-group=0 \
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
nest="$nest --user --map-user=1234 --map-group=100"

# 3. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 4. bind /sys: the kernel's devices and settings
s0=$t/0; place "$s0" /sys
mount --rbind /sys "$s0"

# 5. open BASE/root: the files below the overlay (-r ROOT)
s1=BASE/root

# 6. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s2=$t/2; mkdir "$s2"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s2" # to see its size
files=$(($(stat -fc '%b * %S' "$s2") / 8192 + 1024)); umount "$s2"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s2"

# 7. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s2" until the root changes

# 8. make directory upper: what the container writes (-r ROOT)
[ -d "$s2"/upper ] || { mkdir -p -m 755 "$s2"/upper; like 65534 "$s2"/upper "$s1"/.; }
s3="$s2"/upper

# 9. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s2"/work ] || mkdir -p -m 755 "$s2"/work
s4="$s2"/work

# 10. make directory etc: a mount point, made where the overlay will show it
quiet "$s3"/etc
[ -d "$s3"/etc ] || { mkdir -p -m 755 "$s3"/etc; like 65534 "$s3"/etc BASE/root/etc; }
loud

# 11. write etc/hosts: a mount point, made where the overlay will show it
quiet "$s3"/etc/hosts
[ -e "$s3"/etc/hosts ] || { printf %s ''; } >"$s3"/etc/hosts
loud

# 12. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s5=$t/5; mkdir "$s5"
mount -t overlay -o nodev,lowerdir="$s1",upperdir="$s3",workdir="$s4",userxattr overlay "$s5"

# 13. attach on /: the root to be (-r ROOT)
# it stays at "$s5" until the root changes

# 14. open /etc/hosts: the names that the root has
{ :
s6=; f=$(inside "$s5" /etc/hosts); [ ! -f "$f" ] || case $(stat -f -c %T "$f") in proc | sysfs) ;; *) s6=$t/6; cat "$f" >"$s6" ;; esac
} 2>/dev/null || : skipped, for it does not exist

# 15. make directory dev: a /dev with only harmless devices
[ -d "$s2"/dev ] || mkdir -p -m 755 "$s2"/dev

# 16. bind dev: a /dev with only harmless devices
s7=$t/7; place "$s7" "$s2"/dev
mount --bind "$s2"/dev "$s7"

# 17. mount flags: nothing in it is a program
flags nosuid,noexec "$s7"

# 18. attach on /dev: a /dev with only harmless devices
attach "$s7" "$s5" /dev quiet; s7=$target

# 19. bind /dev/null: a user namespace cannot make device files
s8=$t/8; place "$s8" /dev/null
mount --rbind /dev/null "$s8"

# 20. attach on null: a /dev with only harmless devices
attach "$s8" "$s7" null create; s8=$target

# 21. bind /dev/zero: a user namespace cannot make device files
s9=$t/9; place "$s9" /dev/zero
mount --rbind /dev/zero "$s9"

# 22. attach on zero: a /dev with only harmless devices
attach "$s9" "$s7" zero create; s9=$target

# 23. bind /dev/full: a user namespace cannot make device files
s10=$t/10; place "$s10" /dev/full
mount --rbind /dev/full "$s10"

# 24. attach on full: a /dev with only harmless devices
attach "$s10" "$s7" full create; s10=$target

# 25. bind /dev/random: a user namespace cannot make device files
s11=$t/11; place "$s11" /dev/random
mount --rbind /dev/random "$s11"

# 26. attach on random: a /dev with only harmless devices
attach "$s11" "$s7" random create; s11=$target

# 27. bind /dev/urandom: a user namespace cannot make device files
s12=$t/12; place "$s12" /dev/urandom
mount --rbind /dev/urandom "$s12"

# 28. attach on urandom: a /dev with only harmless devices
attach "$s12" "$s7" urandom create; s12=$target

# 29. bind /dev/tty: a user namespace cannot make device files
s13=$t/13; place "$s13" /dev/tty
mount --rbind /dev/tty "$s13"

# 30. attach on tty: a /dev with only harmless devices
attach "$s13" "$s7" tty create; s13=$target

# 31. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s7"/fd ] || ln -s /proc/self/fd "$s7"/fd

# 32. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s7"/stdin ] || ln -s /proc/self/fd/0 "$s7"/stdin

# 33. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s7"/stdout ] || ln -s /proc/self/fd/1 "$s7"/stdout

# 34. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s7"/stderr ] || ln -s /proc/self/fd/2 "$s7"/stderr

# 35. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s7"/ptmx ] || ln -s pts/ptmx "$s7"/ptmx

# 36. make directory pts: for the terminals
[ -d "$s7"/pts ] || mkdir -p -m 755 "$s7"/pts

# 37. make directory mqueue: for message queues
[ -d "$s7"/mqueue ] || mkdir -p -m 755 "$s7"/mqueue

# 38. make directory shm: POSIX shared memory, of this container only
[ -d "$s7"/shm ] || mkdir -p -m 755 "$s7"/shm

# 39. make directory shm: POSIX shared memory, of this container only
[ -d "$s2"/shm ] || mkdir -p -m 1777 "$s2"/shm

# 40. bind shm: POSIX shared memory, of this container only
s14=$t/14; place "$s14" "$s2"/shm
mount --bind "$s2"/shm "$s14"

# 41. mount flags: data only
flags nosuid,nodev,noexec "$s14"

# 42. attach on shm: POSIX shared memory, of this container only
attach "$s14" "$s7" shm; s14=$target

# 43. mount devpts: terminals of its own
s15=$t/15; mkdir "$s15"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024 devpts "$s15"

# 44. attach on pts: terminals of its own
attach "$s15" "$s7" pts; s15=$target

# 45. mount mqueue: message queues of its own
s16=$t/16; mkdir "$s16"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s16"

# 46. attach on mqueue: message queues of its own
attach "$s16" "$s7" mqueue; s16=$target

# 47. mount proc: a /proc that shows only the container's processes
s17=$t/17; mkdir "$s17"
mount -t proc -o nosuid,nodev,noexec proc "$s17"

# 48. attach on /proc: a /proc that shows only the container's processes
attach "$s17" "$s5" /proc quiet; s17=$target

# 49. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 50. attach on /sys: programs read about the hardware there
attach "$s0" "$s5" /sys quiet; s0=$target

# 51. make directory empty: what hides a directory
[ -d "$s2"/empty ] || mkdir -p -m 555 "$s2"/empty

# 52. mount cgroup2: its own control groups, not those of the machine
{ :
s18=$t/18; mkdir "$s18"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$s18"
flags ro "$s18"
} || echo 'warning: this step failed' >&2

# 53. attach on fs/cgroup: its own control groups, not those of the machine
{ :
attach "$s18" "$s0" fs/cgroup; s18=$target
} 2>/dev/null || : skipped, for it does not exist

# 54. make directory tmp: a /tmp of its own
[ -d "$s2"/tmp ] || mkdir -p -m 1777 "$s2"/tmp

# 55. bind tmp: a /tmp of its own
s19=$t/19; place "$s19" "$s2"/tmp
mount --bind "$s2"/tmp "$s19"

# 56. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s19"

# 57. attach on /tmp: a /tmp of its own
attach "$s19" "$s5" /tmp quiet; s19=$target

# 58. write hosts: its own name and localhost can be looked up
[ -e "$s2"/hosts ] || { cat "${s6:-/dev/null}"; printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	box
'; } >"$s2"/hosts

# 59. bind hosts: its own name and localhost can be looked up
s20=$t/20; place "$s20" "$s2"/hosts
mount --bind "$s2"/hosts "$s20"

# 60. mount flags: data only
flags nosuid,nodev,noexec "$s20"

# 61. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s20" "$s5" /etc/hosts quiet; s20=$target

# 62. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
{ :
quiet "$s5"/etc/mtab
ln -sfn /proc/mounts "$s5"/etc/mtab
loud
} || echo 'warning: this step failed' >&2

# 63. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 64. set hostname box: the name it has for itself (minc_set_hostname)
hostname box

# 65. bring up lo: programs expect 127.0.0.1 to answer (minc_set_network)
ip link set lo up

# 66. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s5" "$s5/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 67. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 68. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 69. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 70. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 71. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 72. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 73. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/home/alice' \
	true
END_OF_PLAN
exit $?
