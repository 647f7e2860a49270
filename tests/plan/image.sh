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

# 4. loop device for BASE/low.sqfs: a layer of the image, where the kernel can mount it (image web)
s1=$(losetup --find --show --read-only -- BASE/low.sqfs)

# 5. mount squashfs of BASE/low.sqfs: its files, read-only and never unpacked (image web)
s2=$t/2; mkdir "$s2"
mount -t squashfs -o nodev,ro "$s1" "$s2"
losetup -d "$s1" # once it is unmounted
flags ro "$s2"

# 6. loop device for BASE/high.sqfs: a layer of the image, where the kernel can mount it (image web)
s3=$(losetup --find --show --read-only -- BASE/high.sqfs)

# 7. mount squashfs of BASE/high.sqfs: its files, read-only and never unpacked (image web)
s4=$t/4; mkdir "$s4"
mount -t squashfs -o nodev,ro "$s3" "$s4"
losetup -d "$s3" # once it is unmounted
flags ro "$s4"

# 8. attach on /sys: somewhere that goes away with the container (image web)
# it stays at "$s2" until the root changes

# 9. attach on /sys: somewhere that goes away with the container (image web)
# it stays at "$s4" until the root changes

# 10. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s5=$t/5; mkdir "$s5"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s5" # to see its size
files=$(($(stat -fc '%b * %S' "$s5") / 8192 + 1024)); umount "$s5"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s5"

# 11. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s5" until the root changes

# 12. make directory upper: what the container writes
[ -d "$s5"/upper ] || { mkdir -p -m 755 "$s5"/upper; like - "$s5"/upper "$s4"/. "$s2"/.; }
s6="$s5"/upper

# 13. make directory work: overlayfs's own work space, on the same file system
[ -d "$s5"/work ] || mkdir -p -m 755 "$s5"/work
s7="$s5"/work

# 14. mount overlay: writes go to the upper layer, never to the image
s8=$t/8; mkdir "$s8"
(cd "$t"; LIBMOUNT_FORCE_MOUNT2=always mount -t overlay -o nodev,lowerdir="${s4#"$t"/}":"${s2#"$t"/}",upperdir="${s6#"$t"/}",workdir="${s7#"$t"/}" overlay "$s8")

# 15. attach on /: the root to be
# it stays at "$s8" until the root changes

# 16. make directory dev: a /dev with only harmless devices
[ -d "$s5"/dev ] || mkdir -p -m 755 "$s5"/dev

# 17. bind dev: a /dev with only harmless devices
s9=$t/9; place "$s9" "$s5"/dev
mount --bind "$s5"/dev "$s9"

# 18. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s9"

# 19. attach on /dev: a /dev with only harmless devices
attach "$s9" "$s8" /dev quiet; s9=$target

# 20. make device null: a /dev with only harmless devices
mknod -m 666 "$s9"/null c 1 3

# 21. make device zero: a /dev with only harmless devices
mknod -m 666 "$s9"/zero c 1 5

# 22. make device full: a /dev with only harmless devices
mknod -m 666 "$s9"/full c 1 7

# 23. make device random: a /dev with only harmless devices
mknod -m 666 "$s9"/random c 1 8

# 24. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s9"/urandom c 1 9

# 25. make device tty: a /dev with only harmless devices
mknod -m 666 "$s9"/tty c 5 0

# 26. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s9"/fd ] || ln -s /proc/self/fd "$s9"/fd

# 27. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s9"/stdin ] || ln -s /proc/self/fd/0 "$s9"/stdin

# 28. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s9"/stdout ] || ln -s /proc/self/fd/1 "$s9"/stdout

# 29. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s9"/stderr ] || ln -s /proc/self/fd/2 "$s9"/stderr

# 30. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s9"/ptmx ] || ln -s pts/ptmx "$s9"/ptmx

# 31. make directory pts: for the terminals
[ -d "$s9"/pts ] || mkdir -p -m 755 "$s9"/pts

# 32. make directory mqueue: for message queues
[ -d "$s9"/mqueue ] || mkdir -p -m 755 "$s9"/mqueue

# 33. make directory shm: POSIX shared memory, of this container only
[ -d "$s9"/shm ] || mkdir -p -m 755 "$s9"/shm

# 34. make directory shm: POSIX shared memory, of this container only
[ -d "$s5"/shm ] || mkdir -p -m 1777 "$s5"/shm

# 35. bind shm: POSIX shared memory, of this container only
s10=$t/10; place "$s10" "$s5"/shm
mount --bind "$s5"/shm "$s10"

# 36. mount flags: data only
flags nosuid,nodev,noexec "$s10"

# 37. attach on shm: POSIX shared memory, of this container only
attach "$s10" "$s9" shm; s10=$target

# 38. mount devpts: terminals of its own
s11=$t/11; mkdir "$s11"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s11"

# 39. attach on pts: terminals of its own
attach "$s11" "$s9" pts; s11=$target

# 40. mount mqueue: message queues of its own
s12=$t/12; mkdir "$s12"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s12"

# 41. attach on mqueue: message queues of its own
attach "$s12" "$s9" mqueue; s12=$target

# 42. mount proc: a /proc that shows only the container's processes
s13=$t/13; mkdir "$s13"
mount -t proc -o nosuid,nodev,noexec proc "$s13"

# 43. attach on /proc: a /proc that shows only the container's processes
attach "$s13" "$s8" /proc quiet; s13=$target

# 44. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 45. attach on /sys: programs read about the hardware there
attach "$s0" "$s8" /sys quiet; s0=$target

# 46. make directory empty: what hides a directory
[ -d "$s5"/empty ] || mkdir -p -m 555 "$s5"/empty

# 47. attach on /tmp: a /tmp of its own, if the image has none
[ -e "$(inside "$s8" /tmp)" ] || {
	mkdir -m 1777 "$s5"/tmp; mkdir "$t/spare"; mount --bind "$s5"/tmp "$t/spare"
	flags nosuid,nodev "$t/spare"
	attach "$t/spare" "$s8" /tmp quiet
}

# 48. write hosts: its own name and localhost can be looked up
[ -e "$s5"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s5"/hosts

# 49. bind hosts: its own name and localhost can be looked up
s14=$t/14; place "$s14" "$s5"/hosts
mount --bind "$s5"/hosts "$s14"

# 50. mount flags: data only
flags nosuid,nodev,noexec "$s14"

# 51. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s14" "$s8" /etc/hosts quiet; s14=$target

# 52. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 53. open /var/lib/web: a volume of the image, made if missing (image web)
s15=$(inside "$s8" /var/lib/web)
quiet "$s15"
mkdir -p "$s15"
loud

# 54. open /srv: where the command starts, made if missing (image web)
s16=$(inside "$s8" /srv)
quiet "$s16"
mkdir -p "$s16"
loud

# 55. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s8" "$s8/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 56. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 57. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 58. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 59. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 60. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 61. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 62. change directory to /srv: the caller's directory if it is there, else /
for dir in /srv /; do if [ -d "$dir" ]; then break; fi; done

# 63. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 64. execute /usr/bin/server: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	'COLOUR=blue' \
	/usr/bin/server --fast
END_OF_PLAN
exit $?
