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
	sh -c 'plan=$(cat <&8); exec 8<&-; eval "$plan"' minc "$t" 8<<'END_OF_PLAN_0'
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

# 3. bind BASE/data on /mnt/data: the host's files to show inside (--bind DATA:/mnt/data)
s0=$t/0; place "$s0" BASE/data
mount --rbind BASE/data "$s0"

# 4. bind BASE/data/file on /mnt/it's a file: the host's files to show inside (--bind-ro FILE)
s1=$t/1; place "$s1" BASE/data/file
mount --rbind BASE/data/file "$s1"

# 5. bind /dev/zero on /dev/zero: the host's files to show inside (--bind /dev/zero)
s2=$t/2; place "$s2" /dev/zero
mount --rbind /dev/zero "$s2"

# 6. bind /sys: the kernel's devices and settings
s3=$t/3; place "$s3" /sys
mount --bind /sys "$s3"

# 7. open BASE/root: the files below the overlay (-r ROOT)
s4=BASE/root

# 8. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s5=$t/5; mkdir "$s5"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s5" # to see its size
files=$(($(stat -fc '%b * %S' "$s5") / 8192 + 1024)); umount "$s5"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s5"

# 9. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s5" until the root changes

# 10. make directory upper: what the container writes (-r ROOT)
[ -d "$s5"/upper ] || { mkdir -p -m 755 "$s5"/upper; like - "$s5"/upper "$s4"/.; }
s6="$s5"/upper

# 11. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s5"/work ] || mkdir -p -m 755 "$s5"/work
s7="$s5"/work

# 12. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s8=$t/8; mkdir "$s8"
mount -t overlay -o nodev,lowerdir="$s4",upperdir="$s6",workdir="$s7" overlay "$s8"

# 13. attach on /: the root to be (-r ROOT)
# it stays at "$s8" until the root changes

# 14. make directory dev: a /dev with only harmless devices
[ -d "$s5"/dev ] || mkdir -p -m 755 "$s5"/dev

# 15. bind dev: a /dev with only harmless devices
s9=$t/9; place "$s9" "$s5"/dev
mount --bind "$s5"/dev "$s9"

# 16. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s9"

# 17. attach on /dev: a /dev with only harmless devices
attach "$s9" "$s8" /dev quiet; s9=$target

# 18. make device null: a /dev with only harmless devices
mknod -m 666 "$s9"/null c 1 3

# 19. make device zero: a /dev with only harmless devices
mknod -m 666 "$s9"/zero c 1 5

# 20. make device full: a /dev with only harmless devices
mknod -m 666 "$s9"/full c 1 7

# 21. make device random: a /dev with only harmless devices
mknod -m 666 "$s9"/random c 1 8

# 22. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s9"/urandom c 1 9

# 23. make device tty: a /dev with only harmless devices
mknod -m 666 "$s9"/tty c 5 0

# 24. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s9"/fd ] || ln -s /proc/self/fd "$s9"/fd

# 25. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s9"/stdin ] || ln -s /proc/self/fd/0 "$s9"/stdin

# 26. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s9"/stdout ] || ln -s /proc/self/fd/1 "$s9"/stdout

# 27. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s9"/stderr ] || ln -s /proc/self/fd/2 "$s9"/stderr

# 28. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s9"/ptmx ] || ln -s pts/ptmx "$s9"/ptmx

# 29. make directory pts: for the terminals
[ -d "$s9"/pts ] || mkdir -p -m 755 "$s9"/pts

# 30. make directory mqueue: for message queues
[ -d "$s9"/mqueue ] || mkdir -p -m 755 "$s9"/mqueue

# 31. make directory shm: POSIX shared memory, of this container only
[ -d "$s9"/shm ] || mkdir -p -m 755 "$s9"/shm

# 32. make directory shm: POSIX shared memory, of this container only
[ -d "$s5"/shm ] || mkdir -p -m 1777 "$s5"/shm

# 33. bind shm: POSIX shared memory, of this container only
s10=$t/10; place "$s10" "$s5"/shm
mount --bind "$s5"/shm "$s10"

# 34. mount flags: data only
flags nosuid,nodev,noexec "$s10"

# 35. attach on shm: POSIX shared memory, of this container only
attach "$s10" "$s9" shm; s10=$target

# 36. mount devpts: terminals of its own
s11=$t/11; mkdir "$s11"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s11"

# 37. attach on pts: terminals of its own
attach "$s11" "$s9" pts; s11=$target

# 38. mount mqueue: message queues of its own
s12=$t/12; mkdir "$s12"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s12"

# 39. attach on mqueue: message queues of its own
attach "$s12" "$s9" mqueue; s12=$target

# 40. mount proc: a /proc that shows only the container's processes
s13=$t/13; mkdir "$s13"
mount -t proc -o nosuid,nodev,noexec proc "$s13"

# 41. attach on /proc: a /proc that shows only the container's processes
attach "$s13" "$s8" /proc quiet; s13=$target

# 42. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s3" -R

# 43. attach on /sys: programs read about the hardware there
attach "$s3" "$s8" /sys quiet; s3=$target

# 44. make directory empty: what hides a directory
[ -d "$s5"/empty ] || mkdir -p -m 555 "$s5"/empty

# 45. make directory tmp: a /tmp of its own
[ -d "$s5"/tmp ] || mkdir -p -m 1777 "$s5"/tmp

# 46. bind tmp: a /tmp of its own
s14=$t/14; place "$s14" "$s5"/tmp
mount --bind "$s5"/tmp "$s14"

# 47. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s14"

# 48. attach on /tmp: a /tmp of its own
attach "$s14" "$s8" /tmp quiet; s14=$target

# 49. write hosts: its own name and localhost can be looked up
[ -e "$s5"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s5"/hosts

# 50. bind hosts: its own name and localhost can be looked up
s15=$t/15; place "$s15" "$s5"/hosts
mount --bind "$s5"/hosts "$s15"

# 51. mount flags: data only
flags nosuid,nodev,noexec "$s15"

# 52. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s15" "$s8" /etc/hosts quiet; s15=$target

# 53. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
quiet "$s8"/etc/mtab
ln -sfn /proc/mounts "$s8"/etc/mtab
loud

# 54. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 55. mount flags: no more than was asked for (--bind DATA:/mnt/data)
flags nosuid,nodev "$s0" -R

# 56. attach on /mnt/data: shown where it was asked for (--bind DATA:/mnt/data)
attach "$s0" "$s8" /mnt/data quiet; s0=$target

# 57. mount flags: no more than was asked for (--bind-ro FILE)
flags ro,nosuid,nodev "$s1" -R

# 58. attach on /mnt/it's a file: shown where it was asked for (--bind-ro FILE)
attach "$s1" "$s8" '/mnt/it'\''s a file' quiet; s1=$target

# 59. attach on /dev/zero: shown where it was asked for (--bind /dev/zero)
attach "$s2" "$s8" /dev/zero quiet; s2=$target

# 60. mount tmpfs: an empty directory (--tmpfs /srv/t)
s16=$t/16; mkdir "$s16"
mount -t tmpfs -o nosuid,nodev,size=1048576,nr_inodes=1152,mode=1755 tmpfs "$s16"

# 61. attach on /srv/t: shown where it was asked for (--tmpfs /srv/t)
attach "$s16" "$s8" /srv/t quiet; s16=$target

# 62. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s8" "$s8/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 63. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 64. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 65. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 66. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 67. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 68. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 69. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 70. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 71. execute /bin/printf: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/it'\''s $HOME' \
	'A=1' \
	'MINCTEST_CALLER=from the caller' \
	/bin/printf '%s
' 'it'\''s' 'a b' END_OF_PLAN
END_OF_PLAN_0
exit $?
