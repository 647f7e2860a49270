#!/bin/sh
# What starting this container does, as a script: needs util-linux 2.38, coreutils,
# iproute2 and a merged /usr. Run it as the user who would start the container.
set -eu
PATH=${PATH-/usr/bin:/bin}:/usr/sbin:/sbin # pivot_root and losetup, for users too
export PATH
t=$(mktemp -d) # a mount point, hidden from the container and removed at the end
trap 'rmdir "$t"' EXIT
exec 9</proc/self/ns/net # the host's network, for moving an interface
undo() { rmdir "$t"; rmdir 2>/dev/null /sys/fs/cgroup/user.slice/own/minc-x; }
trap undo EXIT

# 1. make cgroup /sys/fs/cgroup/user.slice/own/minc-x: a group to be born in, stopped and ended by
mkdir /sys/fs/cgroup/user.slice/own/minc-x

# 2. confine devices of /sys/fs/cgroup/user.slice/own/minc-x: it may make device files, but only harmless ones work (--cap-add mknod)
echo 'warning: no shell equivalent of bpf(2): all devices work' >&2
# allowed would be: 'c *:* m' 'b *:* m' 'c 1:3 rwm' 'c 1:5 rwm' 'c 1:7 rwm' 'c 1:8 rwm' 'c 1:9 rwm' 'c 5:0 rwm' 'c 5:2 rwm' 'c 136:* rwm' 'c 1:5 rm'

set +e
setsid --wait unshare --mount --propagation unchanged --pid --fork --kill-child --ipc --uts \
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
# attach MOUNT ROOT PATH [create]: move a mount to PATH inside ROOT
attach() {
	target=$(inside "$2" "$3")
	if [ -n "${4-}" ] && ! [ -e "$target" ]; then
		if [ -d "$1" ]; then mkdir -p "$target"
		else mkdir -p "${target%/*}"; : >"$target"; fi
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

# 3. join group /sys/fs/cgroup/user.slice/own/minc-x/cgroup.procs: every process of the container is in the group
echo 0 >/sys/fs/cgroup/user.slice/own/minc-x/cgroup.procs

# 4. lifeline: nothing goes on if the caller dies
# unshare --kill-child, below

# 5. unshare cgroup namespace: its own control group is the top one that it sees
nest="$nest --cgroup"

# 6. private: mounts made inside stay inside
mount --make-rprivate /
mount -t tmpfs minc "$t" # room for what the steps below mount

# 7. bind /dev/zero on /dev/nothing: the host's files to show inside (--bind-ro /dev/zero)
s1=$t/1; place "$s1" /dev/zero
mount --rbind /dev/zero "$s1"

# 8. bind /sys: the kernel's devices and settings
s2=$t/2; place "$s2" /sys
mount --bind /sys "$s2"

# 9. open BASE/root: the files below the overlay (-r ROOT)
s3=BASE/root

# 10. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s4=$t/4; mkdir "$s4"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755 tmpfs "$s4"

# 11. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s4" until the root changes

# 12. make directory upper: what the container writes (-r ROOT)
[ -d "$s4"/upper ] || mkdir -p -m 755 "$s4"/upper
s5="$s4"/upper

# 13. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s4"/work ] || mkdir -p -m 755 "$s4"/work
s6="$s4"/work

# 14. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s7=$t/7; mkdir "$s7"
mount -t overlay -o nodev,lowerdir="$s3",upperdir="$s5",workdir="$s6" overlay "$s7"

# 15. attach on /: the root to be (-r ROOT)
# it stays at "$s7" until the root changes

# 16. make directory dev: a /dev with only harmless devices
[ -d "$s4"/dev ] || mkdir -p -m 755 "$s4"/dev

# 17. bind dev: a /dev with only harmless devices
s8=$t/8; place "$s8" "$s4"/dev
mount --bind "$s4"/dev "$s8"

# 18. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s8"

# 19. attach on /dev: a /dev with only harmless devices
attach "$s8" "$s7" /dev create; s8=$target

# 20. make device null: a /dev with only harmless devices
mknod -m 666 "$s8"/null c 1 3

# 21. make device zero: a /dev with only harmless devices
mknod -m 666 "$s8"/zero c 1 5

# 22. make device full: a /dev with only harmless devices
mknod -m 666 "$s8"/full c 1 7

# 23. make device random: a /dev with only harmless devices
mknod -m 666 "$s8"/random c 1 8

# 24. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s8"/urandom c 1 9

# 25. make device tty: a /dev with only harmless devices
mknod -m 666 "$s8"/tty c 5 0

# 26. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s8"/fd ] || ln -s /proc/self/fd "$s8"/fd

# 27. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s8"/stdin ] || ln -s /proc/self/fd/0 "$s8"/stdin

# 28. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s8"/stdout ] || ln -s /proc/self/fd/1 "$s8"/stdout

# 29. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s8"/stderr ] || ln -s /proc/self/fd/2 "$s8"/stderr

# 30. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s8"/ptmx ] || ln -s pts/ptmx "$s8"/ptmx

# 31. make directory pts: for the terminals
[ -d "$s8"/pts ] || mkdir -p -m 755 "$s8"/pts

# 32. make directory mqueue: for message queues
[ -d "$s8"/mqueue ] || mkdir -p -m 755 "$s8"/mqueue

# 33. make directory shm: POSIX shared memory, of this container only
[ -d "$s8"/shm ] || mkdir -p -m 755 "$s8"/shm

# 34. make directory shm: POSIX shared memory, of this container only
[ -d "$s4"/shm ] || mkdir -p -m 1777 "$s4"/shm

# 35. bind shm: POSIX shared memory, of this container only
s9=$t/9; place "$s9" "$s4"/shm
mount --bind "$s4"/shm "$s9"

# 36. mount flags: data only
flags nosuid,nodev,noexec "$s9"

# 37. attach on shm: POSIX shared memory, of this container only
attach "$s9" "$s8" shm; s9=$target

# 38. mount devpts: terminals of its own
s10=$t/10; mkdir "$s10"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$s10"

# 39. attach on pts: terminals of its own
attach "$s10" "$s8" pts; s10=$target

# 40. mount mqueue: message queues of its own
s11=$t/11; mkdir "$s11"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s11"

# 41. attach on mqueue: message queues of its own
attach "$s11" "$s8" mqueue; s11=$target

# 42. mount proc: a /proc that shows only the container's processes
s12=$t/12; mkdir "$s12"
mount -t proc -o nosuid,nodev,noexec proc "$s12"

# 43. attach on /proc: a /proc that shows only the container's processes
attach "$s12" "$s7" /proc create; s12=$target

# 44. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s2" -R

# 45. attach on /sys: programs read about the hardware there
attach "$s2" "$s7" /sys create; s2=$target

# 46. make directory empty: what hides a directory
[ -d "$s4"/empty ] || mkdir -p -m 555 "$s4"/empty

# 47. make directory tmp: a /tmp of its own
[ -d "$s4"/tmp ] || mkdir -p -m 1777 "$s4"/tmp

# 48. bind tmp: a /tmp of its own
s13=$t/13; place "$s13" "$s4"/tmp
mount --bind "$s4"/tmp "$s13"

# 49. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s13"

# 50. attach on /tmp: a /tmp of its own
attach "$s13" "$s7" /tmp create; s13=$target

# 51. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
ln -sfn /proc/mounts "$s7"/etc/mtab

# 52. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 53. mount flags: no more than was asked for (--bind-ro /dev/zero)
flags ro,nosuid "$s1" -R

# 54. attach on /dev/nothing: shown where it was asked for (--bind-ro /dev/zero)
attach "$s1" "$s7" /dev/nothing create; s1=$target

# 55. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s7" "$s7/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 56. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 57. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 58. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 59. set capabilities: only the capabilities that are left (--cap-add mknod)
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+mknod,+setfcap --inh-caps=-all --ambient-caps=-all"

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
