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

# 2. move interface minctest0: an own network with one of the host's interfaces (--net raw,minctest0)
nsenter --net=/proc/self/fd/9 ip link set minctest0 netns $$

# 3. bind BASE/root: the files below the overlay (-r ROOT)
s0=$t/0; place "$s0" BASE/root
mount --bind BASE/root "$s0"

# 4. join a nearly empty mount namespace: start where almost nothing is mounted, not with a copy of everything
# no shell equivalent: nothing can be executed in a nearly empty mount namespace

# 5. unshare mount namespace: a copy of it for this container
# unshare, below

# 6. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 7. mount flags: only read from (-r ROOT)
flags ro "$s0"

# 8. attach on /: somewhere that goes away: an unattached one is slower to tear down (-r ROOT)
# it stays at "$s0" until the root changes

# 9. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s1=$t/1; mkdir "$s1"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s1" # to see its size
files=$(($(stat -fc '%b * %S' "$s1") / 8192 + 1024)); umount "$s1"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s1"

# 10. attach on /: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s1" until the root changes

# 11. make directory upper: what the container writes (-r ROOT)
[ -d "$s1"/upper ] || { mkdir -p -m 755 "$s1"/upper; like - "$s1"/upper "$s0"/.; }
s2="$s1"/upper

# 12. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s1"/work ] || mkdir -p -m 755 "$s1"/work
s3="$s1"/work

# 13. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s4=$t/4; mkdir "$s4"
mount -t overlay -o nodev,lowerdir="$s0",upperdir="$s2",workdir="$s3" overlay "$s4"

# 14. attach on /: the root to be (-r ROOT)
# it stays at "$s4" until the root changes

# 15. open /etc/hosts: the names that the root has
{ :
s5=; f=$(inside "$s4" /etc/hosts); [ ! -f "$f" ] || case $(stat -f -c %T "$f") in proc | sysfs) ;; *) s5=$t/5; cat "$f" >"$s5" ;; esac
} 2>/dev/null || : skipped, for it does not exist

# 16. make directory dev: a /dev with only harmless devices
[ -d "$s1"/dev ] || mkdir -p -m 755 "$s1"/dev

# 17. bind dev: a /dev with only harmless devices
s6=$t/6; place "$s6" "$s1"/dev
mount --bind "$s1"/dev "$s6"

# 18. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s6"

# 19. attach on /dev: a /dev with only harmless devices
attach "$s6" "$s4" /dev quiet; s6=$target

# 20. make device null: a /dev with only harmless devices
mknod -m 666 "$s6"/null c 1 3

# 21. make device zero: a /dev with only harmless devices
mknod -m 666 "$s6"/zero c 1 5

# 22. make device full: a /dev with only harmless devices
mknod -m 666 "$s6"/full c 1 7

# 23. make device random: a /dev with only harmless devices
mknod -m 666 "$s6"/random c 1 8

# 24. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s6"/urandom c 1 9

# 25. make device tty: a /dev with only harmless devices
mknod -m 666 "$s6"/tty c 5 0

# 26. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s6"/fd ] || ln -s /proc/self/fd "$s6"/fd

# 27. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s6"/stdin ] || ln -s /proc/self/fd/0 "$s6"/stdin

# 28. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s6"/stdout ] || ln -s /proc/self/fd/1 "$s6"/stdout

# 29. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s6"/stderr ] || ln -s /proc/self/fd/2 "$s6"/stderr

# 30. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s6"/ptmx ] || ln -s pts/ptmx "$s6"/ptmx

# 31. make directory pts: for the terminals
[ -d "$s6"/pts ] || mkdir -p -m 755 "$s6"/pts

# 32. make directory mqueue: for message queues
[ -d "$s6"/mqueue ] || mkdir -p -m 755 "$s6"/mqueue

# 33. make directory shm: POSIX shared memory, of this container only
[ -d "$s6"/shm ] || mkdir -p -m 755 "$s6"/shm

# 34. make directory shm: POSIX shared memory, of this container only
[ -d "$s1"/shm ] || mkdir -p -m 1777 "$s1"/shm

# 35. bind shm: POSIX shared memory, of this container only
s7=$t/7; place "$s7" "$s1"/shm
mount --bind "$s1"/shm "$s7"

# 36. mount flags: data only
flags nosuid,nodev,noexec "$s7"

# 37. attach on shm: POSIX shared memory, of this container only
attach "$s7" "$s6" shm; s7=$target

# 38. mount devpts: terminals of its own
s8=$t/8; mkdir "$s8"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s8"

# 39. attach on pts: terminals of its own
attach "$s8" "$s6" pts; s8=$target

# 40. mount mqueue: message queues of its own
s9=$t/9; mkdir "$s9"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s9"

# 41. attach on mqueue: message queues of its own
attach "$s9" "$s6" mqueue; s9=$target

# 42. mount proc: a /proc that shows only the container's processes
s10=$t/10; mkdir "$s10"
mount -t proc -o nosuid,nodev,noexec proc "$s10"

# 43. attach on /proc: a /proc that shows only the container's processes
attach "$s10" "$s4" /proc quiet; s10=$target

# 44. mount sysfs: a /sys that shows its own network interfaces
s11=$t/11; mkdir "$s11"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$s11"
flags ro "$s11"

# 45. attach on /sys: programs read about the hardware there
attach "$s11" "$s4" /sys quiet; s11=$target

# 46. make directory empty: what hides a directory
[ -d "$s1"/empty ] || mkdir -p -m 555 "$s1"/empty

# 47. make directory tmp: a /tmp of its own
[ -d "$s1"/tmp ] || mkdir -p -m 1777 "$s1"/tmp

# 48. bind tmp: a /tmp of its own
s12=$t/12; place "$s12" "$s1"/tmp
mount --bind "$s1"/tmp "$s12"

# 49. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s12"

# 50. attach on /tmp: a /tmp of its own
attach "$s12" "$s4" /tmp quiet; s12=$target

# 51. write hosts: its own name and localhost can be looked up
[ -e "$s1"/hosts ] || { cat "${s5:-/dev/null}"; printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	box
'; } >"$s1"/hosts

# 52. bind hosts: its own name and localhost can be looked up
s13=$t/13; place "$s13" "$s1"/hosts
mount --bind "$s1"/hosts "$s13"

# 53. mount flags: data only
flags nosuid,nodev,noexec "$s13"

# 54. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s13" "$s4" /etc/hosts quiet; s13=$target

# 55. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
quiet "$s4"/etc/mtab
ln -sfn /proc/mounts "$s4"/etc/mtab
loud

# 56. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 57. set hostname box: the name it has for itself (--name box)
hostname box

# 58. bring up lo: programs expect 127.0.0.1 to answer (--net raw,minctest0)
ip link set lo up

# 59. change root: the tree made above becomes /
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s4" "$s4/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 60. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 61. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 62. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 63. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 64. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 65. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 66. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 67. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 68. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
