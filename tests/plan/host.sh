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

# 4. open /: the files below the overlay
s1=/

# 5. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s2=$t/2; mkdir "$s2"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s2" # to see its size
files=$(($(stat -fc '%b * %S' "$s2") / 8192 + 1024)); umount "$s2"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s2"

# 6. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s2" until the root changes

# 7. make directory upper: what the container writes
[ -d "$s2"/upper ] || { mkdir -p -m 755 "$s2"/upper; like - "$s2"/upper "$s1"/.; }
s3="$s2"/upper

# 8. make directory work: overlayfs's own work space, on the same file system
[ -d "$s2"/work ] || mkdir -p -m 755 "$s2"/work
s4="$s2"/work

# 9. mount overlay: writes go to the upper layer, never to the directory
s5=$t/5; mkdir "$s5"
mount -t overlay -o nodev,lowerdir="$s1",upperdir="$s3",workdir="$s4" overlay "$s5"

# 10. attach on /: the root to be
# it stays at "$s5" until the root changes

# 11. bind /boot/efi: overlayfs cannot take this one: shown as it is
s6=$t/6; place "$s6" /boot/efi
mount --bind /boot/efi "$s6"

# 12. mount flags: so it must not be written
flags ro,nodev "$s6" -R

# 13. attach on /boot/efi: where the host has it
attach "$s6" "$s5" /boot/efi; s6=$target

# 14. open /home: a mount below the root
s7=/home

# 15. make directory submount3.storage: what the container writes
[ -d "$s2"/submount3.storage ] || { mkdir -p -m 755 "$s2"/submount3.storage; like - "$s2"/submount3.storage "$s7"/.; }
s8="$s2"/submount3.storage

# 16. make directory submount3.work: overlayfs's own work space, on the same file system
[ -d "$s2"/submount3.work ] || mkdir -p -m 755 "$s2"/submount3.work
s9="$s2"/submount3.work

# 17. mount overlay: it is as disposable as the root
s10=$t/10; mkdir "$s10"
mount -t overlay -o nodev,lowerdir="$s7",upperdir="$s8",workdir="$s9" overlay "$s10"

# 18. attach on /home: where the host has it
attach "$s10" "$s5" /home; s10=$target

# 19. open /home/media: a mount below the root
s11=/home/media

# 20. make directory submount4.storage: what the container writes
[ -d "$s2"/submount4.storage ] || { mkdir -p -m 755 "$s2"/submount4.storage; like - "$s2"/submount4.storage "$s11"/.; }
s12="$s2"/submount4.storage

# 21. make directory submount4.work: overlayfs's own work space, on the same file system
[ -d "$s2"/submount4.work ] || mkdir -p -m 755 "$s2"/submount4.work
s13="$s2"/submount4.work

# 22. mount overlay: it is as disposable as the root
s14=$t/14; mkdir "$s14"
mount -t overlay -o nodev,lowerdir="$s11",upperdir="$s12",workdir="$s13" overlay "$s14"

# 23. attach on /home/media: where the host has it
attach "$s14" "$s5" /home/media; s14=$target

# 24. open /run: a mount below the root
s15=/run

# 25. make directory submount6.storage: what the container writes
[ -d "$s2"/submount6.storage ] || { mkdir -p -m 755 "$s2"/submount6.storage; like - "$s2"/submount6.storage "$s15"/.; }
s16="$s2"/submount6.storage

# 26. make directory submount6.work: overlayfs's own work space, on the same file system
[ -d "$s2"/submount6.work ] || mkdir -p -m 755 "$s2"/submount6.work
s17="$s2"/submount6.work

# 27. mount overlay: it is as disposable as the root
s18=$t/18; mkdir "$s18"
mount -t overlay -o nodev,lowerdir="$s15",upperdir="$s16",workdir="$s17" overlay "$s18"

# 28. attach on /run: where the host has it
attach "$s18" "$s5" /run; s18=$target

# 29. bind /run/hostname: overlayfs cannot take this one: shown as it is
s19=$t/19; place "$s19" /run/hostname
mount --bind /run/hostname "$s19"

# 30. mount flags: so it must not be written
flags ro,nodev "$s19" -R

# 31. attach on /run/hostname: where the host has it
attach "$s19" "$s5" /run/hostname; s19=$target

# 32. make directory dev: a /dev with only harmless devices
[ -d "$s2"/dev ] || mkdir -p -m 755 "$s2"/dev

# 33. bind dev: a /dev with only harmless devices
s20=$t/20; place "$s20" "$s2"/dev
mount --bind "$s2"/dev "$s20"

# 34. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s20"

# 35. attach on /dev: a /dev with only harmless devices
attach "$s20" "$s5" /dev quiet; s20=$target

# 36. make device null: a /dev with only harmless devices
mknod -m 666 "$s20"/null c 1 3

# 37. make device zero: a /dev with only harmless devices
mknod -m 666 "$s20"/zero c 1 5

# 38. make device full: a /dev with only harmless devices
mknod -m 666 "$s20"/full c 1 7

# 39. make device random: a /dev with only harmless devices
mknod -m 666 "$s20"/random c 1 8

# 40. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s20"/urandom c 1 9

# 41. make device tty: a /dev with only harmless devices
mknod -m 666 "$s20"/tty c 5 0

# 42. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s20"/fd ] || ln -s /proc/self/fd "$s20"/fd

# 43. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s20"/stdin ] || ln -s /proc/self/fd/0 "$s20"/stdin

# 44. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s20"/stdout ] || ln -s /proc/self/fd/1 "$s20"/stdout

# 45. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s20"/stderr ] || ln -s /proc/self/fd/2 "$s20"/stderr

# 46. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s20"/ptmx ] || ln -s pts/ptmx "$s20"/ptmx

# 47. make directory pts: for the terminals
[ -d "$s20"/pts ] || mkdir -p -m 755 "$s20"/pts

# 48. make directory mqueue: for message queues
[ -d "$s20"/mqueue ] || mkdir -p -m 755 "$s20"/mqueue

# 49. make directory shm: POSIX shared memory, of this container only
[ -d "$s20"/shm ] || mkdir -p -m 755 "$s20"/shm

# 50. make directory shm: POSIX shared memory, of this container only
[ -d "$s2"/shm ] || mkdir -p -m 1777 "$s2"/shm

# 51. bind shm: POSIX shared memory, of this container only
s21=$t/21; place "$s21" "$s2"/shm
mount --bind "$s2"/shm "$s21"

# 52. mount flags: data only
flags nosuid,nodev,noexec "$s21"

# 53. attach on shm: POSIX shared memory, of this container only
attach "$s21" "$s20" shm; s21=$target

# 54. mount devpts: terminals of its own
s22=$t/22; mkdir "$s22"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s22"

# 55. attach on pts: terminals of its own
attach "$s22" "$s20" pts; s22=$target

# 56. mount mqueue: message queues of its own
s23=$t/23; mkdir "$s23"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s23"

# 57. attach on mqueue: message queues of its own
attach "$s23" "$s20" mqueue; s23=$target

# 58. mount proc: a /proc that shows only the container's processes
s24=$t/24; mkdir "$s24"
mount -t proc -o nosuid,nodev,noexec proc "$s24"

# 59. attach on /proc: a /proc that shows only the container's processes
attach "$s24" "$s5" /proc quiet; s24=$target

# 60. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 61. attach on /sys: programs read about the hardware there
attach "$s0" "$s5" /sys quiet; s0=$target

# 62. make directory empty: what hides a directory
[ -d "$s2"/empty ] || mkdir -p -m 555 "$s2"/empty

# 63. make directory tmp: a /tmp of its own
[ -d "$s2"/tmp ] || mkdir -p -m 1777 "$s2"/tmp

# 64. bind tmp: a /tmp of its own
s25=$t/25; place "$s25" "$s2"/tmp
mount --bind "$s2"/tmp "$s25"

# 65. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s25"

# 66. attach on /tmp: a /tmp of its own
attach "$s25" "$s5" /tmp quiet; s25=$target

# 67. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 68. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s5" "$s5/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 69. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 70. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 71. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 72. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 73. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 74. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 75. change directory to /home/alice/it's here: the caller's directory if it is there, else /
for dir in '/home/alice/it'\''s here' /; do if [ -d "$dir" ]; then break; fi; done

# 76. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 77. execute /bin/zsh: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	/bin/zsh
END_OF_PLAN
exit $?
