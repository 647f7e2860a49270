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

# 4. open /etc/resolv.conf: the host's network: its name servers, too
{ :
s1=; f=/etc/resolv.conf; [ ! -f "$f" ] || s1=$f
} 2>/dev/null || : skipped, for it does not exist

# 5. open /etc/hosts: the host's names, too
{ :
s2=; f=/etc/hosts; [ ! -f "$f" ] || s2=$f
} 2>/dev/null || : skipped, for it does not exist

# 6. bind BASE/root: the directory itself: what is written stays (--direct ROOT)
s3=$t/3; place "$s3" BASE/root
mount --bind BASE/root "$s3"

# 7. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s4=$t/4; mkdir "$s4"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s4" # to see its size
files=$(($(stat -fc '%b * %S' "$s4") / 8192 + 1024)); umount "$s4"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s4"

# 8. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s4" until the root changes

# 9. mount flags: the host's devices are in /dev only (--direct ROOT)
flags nodev "$s3" -R

# 10. attach on /: the root to be (--direct ROOT)
# it stays at "$s3" until the root changes

# 11. make directory dev: a /dev with only harmless devices
[ -d "$s4"/dev ] || mkdir -p -m 755 "$s4"/dev

# 12. bind dev: a /dev with only harmless devices
s5=$t/5; place "$s5" "$s4"/dev
mount --bind "$s4"/dev "$s5"

# 13. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s5"

# 14. attach on /dev: a /dev with only harmless devices
attach "$s5" "$s3" /dev create; s5=$target

# 15. make device null: a /dev with only harmless devices
mknod -m 666 "$s5"/null c 1 3

# 16. make device zero: a /dev with only harmless devices
mknod -m 666 "$s5"/zero c 1 5

# 17. make device full: a /dev with only harmless devices
mknod -m 666 "$s5"/full c 1 7

# 18. make device random: a /dev with only harmless devices
mknod -m 666 "$s5"/random c 1 8

# 19. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s5"/urandom c 1 9

# 20. make device tty: a /dev with only harmless devices
mknod -m 666 "$s5"/tty c 5 0

# 21. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s5"/fd ] || ln -s /proc/self/fd "$s5"/fd

# 22. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s5"/stdin ] || ln -s /proc/self/fd/0 "$s5"/stdin

# 23. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s5"/stdout ] || ln -s /proc/self/fd/1 "$s5"/stdout

# 24. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s5"/stderr ] || ln -s /proc/self/fd/2 "$s5"/stderr

# 25. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s5"/ptmx ] || ln -s pts/ptmx "$s5"/ptmx

# 26. make directory pts: for the terminals
[ -d "$s5"/pts ] || mkdir -p -m 755 "$s5"/pts

# 27. make directory mqueue: for message queues
[ -d "$s5"/mqueue ] || mkdir -p -m 755 "$s5"/mqueue

# 28. make directory shm: POSIX shared memory, of this container only
[ -d "$s5"/shm ] || mkdir -p -m 755 "$s5"/shm

# 29. make directory shm: POSIX shared memory, of this container only
[ -d "$s4"/shm ] || mkdir -p -m 1777 "$s4"/shm

# 30. bind shm: POSIX shared memory, of this container only
s6=$t/6; place "$s6" "$s4"/shm
mount --bind "$s4"/shm "$s6"

# 31. mount flags: data only
flags nosuid,nodev,noexec "$s6"

# 32. attach on shm: POSIX shared memory, of this container only
attach "$s6" "$s5" shm; s6=$target

# 33. mount devpts: terminals of its own
s7=$t/7; mkdir "$s7"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s7"

# 34. attach on pts: terminals of its own
attach "$s7" "$s5" pts; s7=$target

# 35. mount mqueue: message queues of its own
s8=$t/8; mkdir "$s8"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s8"

# 36. attach on mqueue: message queues of its own
attach "$s8" "$s5" mqueue; s8=$target

# 37. mount proc: a /proc that shows only the container's processes
s9=$t/9; mkdir "$s9"
mount -t proc -o nosuid,nodev,noexec proc "$s9"

# 38. attach on /proc: a /proc that shows only the container's processes
attach "$s9" "$s3" /proc create; s9=$target

# 39. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 40. attach on /sys: programs read about the hardware there
attach "$s0" "$s3" /sys create; s0=$target

# 41. make directory empty: what hides a directory
[ -d "$s4"/empty ] || mkdir -p -m 555 "$s4"/empty

# 42. make directory tmp: a /tmp of its own
[ -d "$s4"/tmp ] || mkdir -p -m 1777 "$s4"/tmp

# 43. bind tmp: a /tmp of its own
s10=$t/10; place "$s10" "$s4"/tmp
mount --bind "$s4"/tmp "$s10"

# 44. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s10"

# 45. attach on /tmp: a /tmp of its own
attach "$s10" "$s3" /tmp create; s10=$target

# 46. write resolv.conf: names are looked up as on the host
[ -e "$s4"/resolv.conf ] || { cat "${s1:-/dev/null}"; printf %s ''; } >"$s4"/resolv.conf

# 47. bind resolv.conf: names are looked up as on the host
{ :
s11=$t/11; place "$s11" "$s4"/resolv.conf
mount --bind "$s4"/resolv.conf "$s11"
} 2>/dev/null || : skipped, for it does not exist

# 48. mount flags: data only
{ :
flags nosuid,nodev,noexec "$s11"
} 2>/dev/null || : skipped, for it does not exist

# 49. attach on /etc/resolv.conf: names are looked up as on the host
{ :
attach "$s11" "$s3" /etc/resolv.conf; s11=$target
} 2>/dev/null || : skipped, for it does not exist

# 50. write hosts: its own name and localhost can be looked up
[ -e "$s4"/hosts ] || { cat "${s2:-/dev/null}"; printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s4"/hosts

# 51. bind hosts: its own name and localhost can be looked up
{ :
s12=$t/12; place "$s12" "$s4"/hosts
mount --bind "$s4"/hosts "$s12"
} 2>/dev/null || : skipped, for it does not exist

# 52. mount flags: data only
{ :
flags nosuid,nodev,noexec "$s12"
} 2>/dev/null || : skipped, for it does not exist

# 53. attach on /etc/hosts: its own name and localhost can be looked up
{ :
attach "$s12" "$s3" /etc/hosts; s12=$target
} 2>/dev/null || : skipped, for it does not exist

# 54. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 55. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s3" "$s3/tmp"
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

# 62. change directory to /etc: where the command starts (minc_set_cwd)
for dir in /etc; do if [ -d "$dir" ]; then break; fi; done

# 63. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 64. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
