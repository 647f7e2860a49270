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
setsid --wait unshare --pid --fork --kill-child --ipc --uts --cgroup \
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

# 2. bind /sys: the kernel's devices and settings
s0=$t/0; place "$s0" /sys
mount --bind /sys "$s0"

# 3. open /etc/resolv.conf: the host's network: its name servers, too
{ :
s1=; f=/etc/resolv.conf; [ ! -f "$f" ] || s1=$f
} 2>/dev/null || : skipped, for it does not exist

# 4. open /etc/hosts: the host's names, too
{ :
s2=; f=/etc/hosts; [ ! -f "$f" ] || s2=$f
} 2>/dev/null || : skipped, for it does not exist

# 5. loop device for BASE/low.sqfs: a layer of the image, where the kernel can mount it (image web)
s3=$(losetup --find --show --read-only -- BASE/low.sqfs)

# 6. mount squashfs of BASE/low.sqfs: its files, read-only and never unpacked (image web)
s4=$t/4; mkdir "$s4"
mount -t squashfs -o nodev,ro "$s3" "$s4"
losetup -d "$s3" # once it is unmounted
flags ro "$s4"

# 7. loop device for BASE/high.sqfs: a layer of the image, where the kernel can mount it (image web)
s5=$(losetup --find --show --read-only -- BASE/high.sqfs)

# 8. mount squashfs of BASE/high.sqfs: its files, read-only and never unpacked (image web)
s6=$t/6; mkdir "$s6"
mount -t squashfs -o nodev,ro "$s5" "$s6"
losetup -d "$s5" # once it is unmounted
flags ro "$s6"

# 9. join a nearly empty mount namespace: start where almost nothing is mounted, not with a copy of everything
# no shell equivalent: nothing can be executed in a nearly empty mount namespace

# 10. unshare mount namespace: a copy of it for this container
# unshare, below

# 11. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 12. attach on /: somewhere that goes away with the container (image web)
# it stays at "$s4" until the root changes

# 13. attach on /: somewhere that goes away with the container (image web)
# it stays at "$s6" until the root changes

# 14. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s7=$t/7; mkdir "$s7"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s7" # to see its size
files=$(($(stat -fc '%b * %S' "$s7") / 8192 + 1024)); umount "$s7"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s7"

# 15. attach on /: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s7" until the root changes

# 16. make directory upper: what the container writes
[ -d "$s7"/upper ] || { mkdir -p -m 755 "$s7"/upper; like - "$s7"/upper "$s6"/. "$s4"/.; }
s8="$s7"/upper

# 17. make directory work: overlayfs's own work space, on the same file system
[ -d "$s7"/work ] || mkdir -p -m 755 "$s7"/work
s9="$s7"/work

# 18. mount overlay: writes go to the upper layer, never to the image
s10=$t/10; mkdir "$s10"
(cd "$t"; LIBMOUNT_FORCE_MOUNT2=always mount -t overlay -o nodev,lowerdir="${s6#"$t"/}":"${s4#"$t"/}",upperdir="${s8#"$t"/}",workdir="${s9#"$t"/}" overlay "$s10")

# 19. attach on /: the root to be
# it stays at "$s10" until the root changes

# 20. make directory dev: a /dev with only harmless devices
[ -d "$s7"/dev ] || mkdir -p -m 755 "$s7"/dev

# 21. bind dev: a /dev with only harmless devices
s11=$t/11; place "$s11" "$s7"/dev
mount --bind "$s7"/dev "$s11"

# 22. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s11"

# 23. attach on /dev: a /dev with only harmless devices
attach "$s11" "$s10" /dev quiet; s11=$target

# 24. make device null: a /dev with only harmless devices
mknod -m 666 "$s11"/null c 1 3

# 25. make device zero: a /dev with only harmless devices
mknod -m 666 "$s11"/zero c 1 5

# 26. make device full: a /dev with only harmless devices
mknod -m 666 "$s11"/full c 1 7

# 27. make device random: a /dev with only harmless devices
mknod -m 666 "$s11"/random c 1 8

# 28. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s11"/urandom c 1 9

# 29. make device tty: a /dev with only harmless devices
mknod -m 666 "$s11"/tty c 5 0

# 30. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s11"/fd ] || ln -s /proc/self/fd "$s11"/fd

# 31. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s11"/stdin ] || ln -s /proc/self/fd/0 "$s11"/stdin

# 32. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s11"/stdout ] || ln -s /proc/self/fd/1 "$s11"/stdout

# 33. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s11"/stderr ] || ln -s /proc/self/fd/2 "$s11"/stderr

# 34. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s11"/ptmx ] || ln -s pts/ptmx "$s11"/ptmx

# 35. make directory pts: for the terminals
[ -d "$s11"/pts ] || mkdir -p -m 755 "$s11"/pts

# 36. make directory mqueue: for message queues
[ -d "$s11"/mqueue ] || mkdir -p -m 755 "$s11"/mqueue

# 37. make directory shm: POSIX shared memory, of this container only
[ -d "$s11"/shm ] || mkdir -p -m 755 "$s11"/shm

# 38. make directory shm: POSIX shared memory, of this container only
[ -d "$s7"/shm ] || mkdir -p -m 1777 "$s7"/shm

# 39. bind shm: POSIX shared memory, of this container only
s12=$t/12; place "$s12" "$s7"/shm
mount --bind "$s7"/shm "$s12"

# 40. mount flags: data only
flags nosuid,nodev,noexec "$s12"

# 41. attach on shm: POSIX shared memory, of this container only
attach "$s12" "$s11" shm; s12=$target

# 42. mount devpts: terminals of its own
s13=$t/13; mkdir "$s13"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s13"

# 43. attach on pts: terminals of its own
attach "$s13" "$s11" pts; s13=$target

# 44. mount mqueue: message queues of its own
s14=$t/14; mkdir "$s14"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s14"

# 45. attach on mqueue: message queues of its own
attach "$s14" "$s11" mqueue; s14=$target

# 46. mount proc: a /proc that shows only the container's processes
s15=$t/15; mkdir "$s15"
mount -t proc -o nosuid,nodev,noexec proc "$s15"

# 47. attach on /proc: a /proc that shows only the container's processes
attach "$s15" "$s10" /proc quiet; s15=$target

# 48. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 49. attach on /sys: programs read about the hardware there
attach "$s0" "$s10" /sys quiet; s0=$target

# 50. make directory empty: what hides a directory
[ -d "$s7"/empty ] || mkdir -p -m 555 "$s7"/empty

# 51. attach on /tmp: a /tmp of its own, if the image has none
[ -e "$(inside "$s10" /tmp)" ] || {
	mkdir -m 1777 "$s7"/tmp; mkdir "$t/spare"; mount --bind "$s7"/tmp "$t/spare"
	flags nosuid,nodev "$t/spare"
	attach "$t/spare" "$s10" /tmp quiet
}

# 52. write resolv.conf: names are looked up as on the host
[ -e "$s7"/resolv.conf ] || { cat "${s1:-/dev/null}"; printf %s ''; } >"$s7"/resolv.conf

# 53. bind resolv.conf: names are looked up as on the host
s16=$t/16; place "$s16" "$s7"/resolv.conf
mount --bind "$s7"/resolv.conf "$s16"

# 54. mount flags: data only
flags nosuid,nodev,noexec "$s16"

# 55. attach on /etc/resolv.conf: names are looked up as on the host
attach "$s16" "$s10" /etc/resolv.conf quiet; s16=$target

# 56. write hosts: its own name and localhost can be looked up
[ -e "$s7"/hosts ] || { cat "${s2:-/dev/null}"; printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s7"/hosts

# 57. bind hosts: its own name and localhost can be looked up
s17=$t/17; place "$s17" "$s7"/hosts
mount --bind "$s7"/hosts "$s17"

# 58. mount flags: data only
flags nosuid,nodev,noexec "$s17"

# 59. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s17" "$s10" /etc/hosts quiet; s17=$target

# 60. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 61. open /var/lib/web: a volume of the image, made if missing (image web)
s18=$(inside "$s10" /var/lib/web)
quiet "$s18"
mkdir -p "$s18"
loud

# 62. open /srv: where the command starts, made if missing (image web)
s19=$(inside "$s10" /srv)
quiet "$s19"
mkdir -p "$s19"
loud

# 63. change root: the tree made above becomes /
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s10" "$s10/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 64. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 65. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 66. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 67. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 68. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 69. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 70. change directory to /srv: the caller's directory if it is there, else /
for dir in /srv /; do if [ -d "$dir" ]; then break; fi; done

# 71. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 72. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	'COLOUR=blue' \
	true
END_OF_PLAN
exit $?
