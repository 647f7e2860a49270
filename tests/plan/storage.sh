#!/bin/sh
# What starting this container does, as a script: needs util-linux 2.38, coreutils,
# iproute2 and a merged /usr. Run it as the user who would start the container.
set -eu
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin # pivot_root and losetup, for users too
export PATH
t=$(mktemp -d) # a mount point, hidden from the container and removed at the end
trap 'rmdir "$t"' EXIT
exec 9</proc/self/ns/net # the host's network, for moving an interface
# for nobody else: there may be set-user-ID programs in what the container writes
kept=BASE/kept
[ -d "$kept" ] || mkdir -m 700 "$kept"
[ "$(stat -c %u "$kept")" = "$(id -u)" ] || {
	echo "$kept: belongs to another user" >&2
	exit 125
}
chmod go-rwx "$kept"
set +e
setsid --wait unshare --mount --propagation unchanged --pid --fork --kill-child --ipc --uts --cgroup \
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

# 2. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 3. bind /sys: the kernel's devices and settings
s0=$t/0; place "$s0" /sys
mount --bind /sys "$s0"

# 4. open BASE/root: the files below the overlay (-r ROOT)
s1=BASE/root

# 5. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s2=$t/2; mkdir "$s2"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s2" # to see its size
files=$(($(stat -fc '%b * %S' "$s2") / 8192 + 1024)); umount "$s2"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s2"

# 6. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s2" until the root changes

# 7. open BASE/kept: the directory that is kept (-r ROOT)
s3=BASE/kept

# 8. make directory storage: what the container writes (-r ROOT)
[ -d "$s3"/storage ] || { mkdir -p -m 755 "$s3"/storage; like - "$s3"/storage "$s1"/.; }
s4="$s3"/storage

# 9. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s3"/work ] || mkdir -p -m 755 "$s3"/work
s5="$s3"/work

# 10. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s6=$t/6; mkdir "$s6"
mount -t overlay -o nodev,lowerdir="$s1",upperdir="$s4",workdir="$s5" overlay "$s6"

# 11. attach on /: the root to be (-r ROOT)
# it stays at "$s6" until the root changes

# 12. make directory dev: a /dev with only harmless devices
[ -d "$s2"/dev ] || mkdir -p -m 755 "$s2"/dev

# 13. bind dev: a /dev with only harmless devices
s7=$t/7; place "$s7" "$s2"/dev
mount --bind "$s2"/dev "$s7"

# 14. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s7"

# 15. attach on /dev: a /dev with only harmless devices
attach "$s7" "$s6" /dev quiet; s7=$target

# 16. make device null: a /dev with only harmless devices
mknod -m 666 "$s7"/null c 1 3

# 17. make device zero: a /dev with only harmless devices
mknod -m 666 "$s7"/zero c 1 5

# 18. make device full: a /dev with only harmless devices
mknod -m 666 "$s7"/full c 1 7

# 19. make device random: a /dev with only harmless devices
mknod -m 666 "$s7"/random c 1 8

# 20. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s7"/urandom c 1 9

# 21. make device tty: a /dev with only harmless devices
mknod -m 666 "$s7"/tty c 5 0

# 22. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s7"/fd ] || ln -s /proc/self/fd "$s7"/fd

# 23. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s7"/stdin ] || ln -s /proc/self/fd/0 "$s7"/stdin

# 24. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s7"/stdout ] || ln -s /proc/self/fd/1 "$s7"/stdout

# 25. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s7"/stderr ] || ln -s /proc/self/fd/2 "$s7"/stderr

# 26. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s7"/ptmx ] || ln -s pts/ptmx "$s7"/ptmx

# 27. make directory pts: for the terminals
[ -d "$s7"/pts ] || mkdir -p -m 755 "$s7"/pts

# 28. make directory mqueue: for message queues
[ -d "$s7"/mqueue ] || mkdir -p -m 755 "$s7"/mqueue

# 29. make directory shm: POSIX shared memory, of this container only
[ -d "$s7"/shm ] || mkdir -p -m 755 "$s7"/shm

# 30. make directory shm: POSIX shared memory, of this container only
[ -d "$s2"/shm ] || mkdir -p -m 1777 "$s2"/shm

# 31. bind shm: POSIX shared memory, of this container only
s8=$t/8; place "$s8" "$s2"/shm
mount --bind "$s2"/shm "$s8"

# 32. mount flags: data only
flags nosuid,nodev,noexec "$s8"

# 33. attach on shm: POSIX shared memory, of this container only
attach "$s8" "$s7" shm; s8=$target

# 34. mount devpts: terminals of its own
s9=$t/9; mkdir "$s9"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s9"

# 35. attach on pts: terminals of its own
attach "$s9" "$s7" pts; s9=$target

# 36. mount mqueue: message queues of its own
s10=$t/10; mkdir "$s10"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s10"

# 37. attach on mqueue: message queues of its own
attach "$s10" "$s7" mqueue; s10=$target

# 38. mount proc: a /proc that shows only the container's processes
s11=$t/11; mkdir "$s11"
mount -t proc -o nosuid,nodev,noexec proc "$s11"

# 39. attach on /proc: a /proc that shows only the container's processes
attach "$s11" "$s6" /proc quiet; s11=$target

# 40. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 41. attach on /sys: programs read about the hardware there
attach "$s0" "$s6" /sys quiet; s0=$target

# 42. make directory empty: what hides a directory
[ -d "$s2"/empty ] || mkdir -p -m 555 "$s2"/empty

# 43. make directory tmp: a /tmp of its own
[ -d "$s2"/tmp ] || mkdir -p -m 1777 "$s2"/tmp

# 44. bind tmp: a /tmp of its own
s12=$t/12; place "$s12" "$s2"/tmp
mount --bind "$s2"/tmp "$s12"

# 45. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s12"

# 46. attach on /tmp: a /tmp of its own
attach "$s12" "$s6" /tmp quiet; s12=$target

# 47. write hosts: its own name and localhost can be looked up
[ -e "$s2"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	kept
'; } >"$s2"/hosts

# 48. bind hosts: its own name and localhost can be looked up
s13=$t/13; place "$s13" "$s2"/hosts
mount --bind "$s2"/hosts "$s13"

# 49. mount flags: data only
flags nosuid,nodev,noexec "$s13"

# 50. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s13" "$s6" /etc/hosts quiet; s13=$target

# 51. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
quiet "$s6"/etc/mtab
ln -sfn /proc/mounts "$s6"/etc/mtab
loud

# 52. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 53. set hostname kept: the name it has for itself (-t DIR)
hostname kept

# 54. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s6" "$s6/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 55. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 56. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 57. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 58. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 59. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 60. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 61. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 62. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 63. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
