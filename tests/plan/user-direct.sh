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

# 5. open /etc/resolv.conf: the host's network: its name servers, too
{ :
s1=; f=/etc/resolv.conf; [ ! -f "$f" ] || s1=$f
} 2>/dev/null || : skipped, for it does not exist

# 6. open /etc/hosts: the host's names, too
{ :
s2=; f=/etc/hosts; [ ! -f "$f" ] || s2=$f
} 2>/dev/null || : skipped, for it does not exist

# 7. bind BASE/root: the directory itself: what is written stays (minc_set_root)
s3=$t/3; place "$s3" BASE/root
mount --rbind BASE/root "$s3"

# 8. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s4=$t/4; mkdir "$s4"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s4" # to see its size
files=$(($(stat -fc '%b * %S' "$s4") / 8192 + 1024)); umount "$s4"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s4"

# 9. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s4" until the root changes

# 10. mount flags: the host's devices are in /dev only (minc_set_root)
flags nodev "$s3" -R

# 11. attach on /: the root to be (minc_set_root)
# it stays at "$s3" until the root changes

# 12. make directory dev: a /dev with only harmless devices
[ -d "$s4"/dev ] || mkdir -p -m 755 "$s4"/dev

# 13. bind dev: a /dev with only harmless devices
s5=$t/5; place "$s5" "$s4"/dev
mount --bind "$s4"/dev "$s5"

# 14. mount flags: nothing in it is a program
flags nosuid,noexec "$s5"

# 15. attach on /dev: a /dev with only harmless devices
attach "$s5" "$s3" /dev create; s5=$target

# 16. bind /dev/null: a user namespace cannot make device files
s6=$t/6; place "$s6" /dev/null
mount --rbind /dev/null "$s6"

# 17. attach on null: a /dev with only harmless devices
attach "$s6" "$s5" null create; s6=$target

# 18. bind /dev/zero: a user namespace cannot make device files
s7=$t/7; place "$s7" /dev/zero
mount --rbind /dev/zero "$s7"

# 19. attach on zero: a /dev with only harmless devices
attach "$s7" "$s5" zero create; s7=$target

# 20. bind /dev/full: a user namespace cannot make device files
s8=$t/8; place "$s8" /dev/full
mount --rbind /dev/full "$s8"

# 21. attach on full: a /dev with only harmless devices
attach "$s8" "$s5" full create; s8=$target

# 22. bind /dev/random: a user namespace cannot make device files
s9=$t/9; place "$s9" /dev/random
mount --rbind /dev/random "$s9"

# 23. attach on random: a /dev with only harmless devices
attach "$s9" "$s5" random create; s9=$target

# 24. bind /dev/urandom: a user namespace cannot make device files
s10=$t/10; place "$s10" /dev/urandom
mount --rbind /dev/urandom "$s10"

# 25. attach on urandom: a /dev with only harmless devices
attach "$s10" "$s5" urandom create; s10=$target

# 26. bind /dev/tty: a user namespace cannot make device files
s11=$t/11; place "$s11" /dev/tty
mount --rbind /dev/tty "$s11"

# 27. attach on tty: a /dev with only harmless devices
attach "$s11" "$s5" tty create; s11=$target

# 28. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s5"/fd ] || ln -s /proc/self/fd "$s5"/fd

# 29. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s5"/stdin ] || ln -s /proc/self/fd/0 "$s5"/stdin

# 30. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s5"/stdout ] || ln -s /proc/self/fd/1 "$s5"/stdout

# 31. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s5"/stderr ] || ln -s /proc/self/fd/2 "$s5"/stderr

# 32. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s5"/ptmx ] || ln -s pts/ptmx "$s5"/ptmx

# 33. make directory pts: for the terminals
[ -d "$s5"/pts ] || mkdir -p -m 755 "$s5"/pts

# 34. make directory mqueue: for message queues
[ -d "$s5"/mqueue ] || mkdir -p -m 755 "$s5"/mqueue

# 35. make directory shm: POSIX shared memory, of this container only
[ -d "$s5"/shm ] || mkdir -p -m 755 "$s5"/shm

# 36. make directory shm: POSIX shared memory, of this container only
[ -d "$s4"/shm ] || mkdir -p -m 1777 "$s4"/shm

# 37. bind shm: POSIX shared memory, of this container only
s12=$t/12; place "$s12" "$s4"/shm
mount --bind "$s4"/shm "$s12"

# 38. mount flags: data only
flags nosuid,nodev,noexec "$s12"

# 39. attach on shm: POSIX shared memory, of this container only
attach "$s12" "$s5" shm; s12=$target

# 40. mount devpts: terminals of its own
s13=$t/13; mkdir "$s13"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024 devpts "$s13"

# 41. attach on pts: terminals of its own
attach "$s13" "$s5" pts; s13=$target

# 42. mount mqueue: message queues of its own
s14=$t/14; mkdir "$s14"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s14"

# 43. attach on mqueue: message queues of its own
attach "$s14" "$s5" mqueue; s14=$target

# 44. mount proc: a /proc that shows only the container's processes
s15=$t/15; mkdir "$s15"
mount -t proc -o nosuid,nodev,noexec proc "$s15"

# 45. attach on /proc: a /proc that shows only the container's processes
attach "$s15" "$s3" /proc create; s15=$target

# 46. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 47. attach on /sys: programs read about the hardware there
attach "$s0" "$s3" /sys create; s0=$target

# 48. make directory empty: what hides a directory
[ -d "$s4"/empty ] || mkdir -p -m 555 "$s4"/empty

# 49. mount cgroup2: its own control groups, not those of the machine
{ :
s16=$t/16; mkdir "$s16"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$s16"
flags ro "$s16"
} || echo 'warning: this step failed' >&2

# 50. attach on fs/cgroup: its own control groups, not those of the machine
{ :
attach "$s16" "$s0" fs/cgroup; s16=$target
} 2>/dev/null || : skipped, for it does not exist

# 51. make directory tmp: a /tmp of its own
[ -d "$s4"/tmp ] || mkdir -p -m 1777 "$s4"/tmp

# 52. bind tmp: a /tmp of its own
s17=$t/17; place "$s17" "$s4"/tmp
mount --bind "$s4"/tmp "$s17"

# 53. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s17"

# 54. attach on /tmp: a /tmp of its own
attach "$s17" "$s3" /tmp create; s17=$target

# 55. write resolv.conf: names are looked up as on the host
[ -e "$s4"/resolv.conf ] || { cat "${s1:-/dev/null}"; printf %s ''; } >"$s4"/resolv.conf

# 56. bind resolv.conf: names are looked up as on the host
{ :
s18=$t/18; place "$s18" "$s4"/resolv.conf
mount --bind "$s4"/resolv.conf "$s18"
} 2>/dev/null || : skipped, for it does not exist

# 57. mount flags: data only
{ :
flags ro,nosuid,nodev,noexec "$s18"
} 2>/dev/null || : skipped, for it does not exist

# 58. attach on /etc/resolv.conf: names are looked up as on the host
{ :
attach "$s18" "$s3" /etc/resolv.conf; s18=$target
} 2>/dev/null || : skipped, for it does not exist

# 59. write hosts: its own name and localhost can be looked up
[ -e "$s4"/hosts ] || { cat "${s2:-/dev/null}"; printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s4"/hosts

# 60. bind hosts: its own name and localhost can be looked up
{ :
s19=$t/19; place "$s19" "$s4"/hosts
mount --bind "$s4"/hosts "$s19"
} 2>/dev/null || : skipped, for it does not exist

# 61. mount flags: data only
{ :
flags ro,nosuid,nodev,noexec "$s19"
} 2>/dev/null || : skipped, for it does not exist

# 62. attach on /etc/hosts: its own name and localhost can be looked up
{ :
attach "$s19" "$s3" /etc/hosts; s19=$target
} 2>/dev/null || : skipped, for it does not exist

# 63. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 64. mount flags: the root cannot be written (minc_set_root)
flags ro "$s3"

# 65. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s3" "$s3/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 66. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 67. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 68. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 69. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 70. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 71. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 72. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
