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

# 6. open BASE/root: the files below the overlay (-r ROOT)
s3=BASE/root

# 7. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s4=$t/4; mkdir "$s4"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s4" # to see its size
files=$(($(stat -fc '%b * %S' "$s4") / 8192 + 1024)); umount "$s4"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s4"

# 8. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s4" until the root changes

# 9. make directory upper: what the container writes (-r ROOT)
[ -d "$s4"/upper ] || { mkdir -p -m 755 "$s4"/upper; like - "$s4"/upper "$s3"/.; }
s5="$s4"/upper

# 10. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s4"/work ] || mkdir -p -m 755 "$s4"/work
s6="$s4"/work

# 11. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s7=$t/7; mkdir "$s7"
mount -t overlay -o nodev,lowerdir="$s3",upperdir="$s5",workdir="$s6" overlay "$s7"

# 12. attach on /: the root to be (-r ROOT)
# it stays at "$s7" until the root changes

# 13. make directory dev: a /dev with only harmless devices
[ -d "$s4"/dev ] || mkdir -p -m 755 "$s4"/dev

# 14. bind dev: a /dev with only harmless devices
s8=$t/8; place "$s8" "$s4"/dev
mount --bind "$s4"/dev "$s8"

# 15. mount flags: nothing in it is a program, and here devices work
flags nosuid,noexec,dev "$s8"

# 16. attach on /dev: a /dev with only harmless devices
attach "$s8" "$s7" /dev quiet; s8=$target

# 17. make device null: a /dev with only harmless devices
mknod -m 666 "$s8"/null c 1 3

# 18. make device zero: a /dev with only harmless devices
mknod -m 666 "$s8"/zero c 1 5

# 19. make device full: a /dev with only harmless devices
mknod -m 666 "$s8"/full c 1 7

# 20. make device random: a /dev with only harmless devices
mknod -m 666 "$s8"/random c 1 8

# 21. make device urandom: a /dev with only harmless devices
mknod -m 666 "$s8"/urandom c 1 9

# 22. make device tty: a /dev with only harmless devices
mknod -m 666 "$s8"/tty c 5 0

# 23. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s8"/fd ] || ln -s /proc/self/fd "$s8"/fd

# 24. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s8"/stdin ] || ln -s /proc/self/fd/0 "$s8"/stdin

# 25. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s8"/stdout ] || ln -s /proc/self/fd/1 "$s8"/stdout

# 26. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s8"/stderr ] || ln -s /proc/self/fd/2 "$s8"/stderr

# 27. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s8"/ptmx ] || ln -s pts/ptmx "$s8"/ptmx

# 28. make directory pts: for the terminals
[ -d "$s8"/pts ] || mkdir -p -m 755 "$s8"/pts

# 29. make directory mqueue: for message queues
[ -d "$s8"/mqueue ] || mkdir -p -m 755 "$s8"/mqueue

# 30. make directory shm: POSIX shared memory, of this container only
[ -d "$s8"/shm ] || mkdir -p -m 755 "$s8"/shm

# 31. make directory shm: POSIX shared memory, of this container only
[ -d "$s4"/shm ] || mkdir -p -m 1777 "$s4"/shm

# 32. bind shm: POSIX shared memory, of this container only
s9=$t/9; place "$s9" "$s4"/shm
mount --bind "$s4"/shm "$s9"

# 33. mount flags: data only
flags nosuid,nodev,noexec "$s9"

# 34. attach on shm: POSIX shared memory, of this container only
attach "$s9" "$s8" shm; s9=$target

# 35. mount devpts: terminals of its own
s10=$t/10; mkdir "$s10"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024,gid=5 devpts "$s10"

# 36. attach on pts: terminals of its own
attach "$s10" "$s8" pts; s10=$target

# 37. mount mqueue: message queues of its own
s11=$t/11; mkdir "$s11"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s11"

# 38. attach on mqueue: message queues of its own
attach "$s11" "$s8" mqueue; s11=$target

# 39. mount proc: a /proc that shows only the container's processes
s12=$t/12; mkdir "$s12"
mount -t proc -o nosuid,nodev,noexec proc "$s12"

# 40. attach on /proc: a /proc that shows only the container's processes
attach "$s12" "$s7" /proc quiet; s12=$target

# 41. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 42. attach on /sys: programs read about the hardware there
attach "$s0" "$s7" /sys quiet; s0=$target

# 43. make directory empty: what hides a directory
[ -d "$s4"/empty ] || mkdir -p -m 555 "$s4"/empty

# 44. bind sys: settings of the whole machine
s13=$t/13; place "$s13" "$s12"/sys
mount --bind "$s12"/sys "$s13"

# 45. mount flags: nobody writes there
flags ro "$s13"

# 46. attach on sys: settings of the whole machine
attach "$s13" "$s12" sys; s13=$target

# 47. bind sysrq-trigger: settings of the whole machine
s14=$t/14; place "$s14" "$s12"/sysrq-trigger
mount --bind "$s12"/sysrq-trigger "$s14"

# 48. mount flags: nobody writes there
flags ro "$s14"

# 49. attach on sysrq-trigger: settings of the whole machine
attach "$s14" "$s12" sysrq-trigger; s14=$target

# 50. bind irq: settings of the whole machine
s15=$t/15; place "$s15" "$s12"/irq
mount --bind "$s12"/irq "$s15"

# 51. mount flags: nobody writes there
flags ro "$s15"

# 52. attach on irq: settings of the whole machine
attach "$s15" "$s12" irq; s15=$target

# 53. bind bus: settings of the whole machine
s16=$t/16; place "$s16" "$s12"/bus
mount --bind "$s12"/bus "$s16"

# 54. mount flags: nobody writes there
flags ro "$s16"

# 55. attach on bus: settings of the whole machine
attach "$s16" "$s12" bus; s16=$target

# 56. bind fs: settings of the whole machine
s17=$t/17; place "$s17" "$s12"/fs
mount --bind "$s12"/fs "$s17"

# 57. mount flags: nobody writes there
flags ro "$s17"

# 58. attach on fs: settings of the whole machine
attach "$s17" "$s12" fs; s17=$target

# 59. bind asound: settings of the whole machine
s18=$t/18; place "$s18" "$s12"/asound
mount --bind "$s12"/asound "$s18"

# 60. mount flags: nobody writes there
flags ro "$s18"

# 61. attach on asound: settings of the whole machine
attach "$s18" "$s12" asound; s18=$target

# 62. bind empty: tells about, or reaches, the host
s19=$t/19; place "$s19" "$s4"/empty
mount --bind "$s4"/empty "$s19"

# 63. mount flags: nobody writes there
flags ro "$s19"

# 64. attach on acpi: tells about, or reaches, the host
attach "$s19" "$s12" acpi; s19=$target

# 65. bind null: tells about, or reaches, the host
s20=$t/20; place "$s20" "$s8"/null
mount --bind "$s8"/null "$s20"

# 66. attach on kcore: tells about, or reaches, the host
attach "$s20" "$s12" kcore; s20=$target

# 67. bind null: tells about, or reaches, the host
s21=$t/21; place "$s21" "$s8"/null
mount --bind "$s8"/null "$s21"

# 68. attach on keys: tells about, or reaches, the host
attach "$s21" "$s12" keys; s21=$target

# 69. bind null: tells about, or reaches, the host
s22=$t/22; place "$s22" "$s8"/null
mount --bind "$s8"/null "$s22"

# 70. attach on latency_stats: tells about, or reaches, the host
attach "$s22" "$s12" latency_stats; s22=$target

# 71. bind null: tells about, or reaches, the host
s23=$t/23; place "$s23" "$s8"/null
mount --bind "$s8"/null "$s23"

# 72. attach on sched_debug: tells about, or reaches, the host
attach "$s23" "$s12" sched_debug; s23=$target

# 73. bind empty: tells about, or reaches, the host
s24=$t/24; place "$s24" "$s4"/empty
mount --bind "$s4"/empty "$s24"

# 74. mount flags: nobody writes there
flags ro "$s24"

# 75. attach on scsi: tells about, or reaches, the host
attach "$s24" "$s12" scsi; s24=$target

# 76. bind null: tells about, or reaches, the host
s25=$t/25; place "$s25" "$s8"/null
mount --bind "$s8"/null "$s25"

# 77. attach on timer_list: tells about, or reaches, the host
attach "$s25" "$s12" timer_list; s25=$target

# 78. bind null: tells about, or reaches, the host
s26=$t/26; place "$s26" "$s8"/null
mount --bind "$s8"/null "$s26"

# 79. attach on timer_stats: tells about, or reaches, the host
attach "$s26" "$s12" timer_stats; s26=$target

# 80. bind empty: tells about, or reaches, the host
s27=$t/27; place "$s27" "$s4"/empty
mount --bind "$s4"/empty "$s27"

# 81. mount flags: nobody writes there
flags ro "$s27"

# 82. attach on firmware: tells about, or reaches, the host
attach "$s27" "$s0" firmware; s27=$target

# 83. bind empty: tells about, or reaches, the host
s28=$t/28; place "$s28" "$s4"/empty
mount --bind "$s4"/empty "$s28"

# 84. mount flags: nobody writes there
flags ro "$s28"

# 85. attach on fs/selinux: tells about, or reaches, the host
attach "$s28" "$s0" fs/selinux; s28=$target

# 86. bind empty: tells about, or reaches, the host
s29=$t/29; place "$s29" "$s4"/empty
mount --bind "$s4"/empty "$s29"

# 87. mount flags: nobody writes there
flags ro "$s29"

# 88. attach on dev/block: tells about, or reaches, the host
attach "$s29" "$s0" dev/block; s29=$target

# 89. bind empty: tells about, or reaches, the host
s30=$t/30; place "$s30" "$s4"/empty
mount --bind "$s4"/empty "$s30"

# 90. mount flags: nobody writes there
flags ro "$s30"

# 91. attach on devices/virtual/powercap: tells about, or reaches, the host
attach "$s30" "$s0" devices/virtual/powercap; s30=$target

# 92. make directory tmp: a /tmp of its own
[ -d "$s4"/tmp ] || mkdir -p -m 1777 "$s4"/tmp

# 93. bind tmp: a /tmp of its own
s31=$t/31; place "$s31" "$s4"/tmp
mount --bind "$s4"/tmp "$s31"

# 94. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s31"

# 95. attach on /tmp: a /tmp of its own
attach "$s31" "$s7" /tmp quiet; s31=$target

# 96. write resolv.conf: names are looked up as on the host
[ -e "$s4"/resolv.conf ] || { cat "${s1:-/dev/null}"; printf %s ''; } >"$s4"/resolv.conf

# 97. bind resolv.conf: names are looked up as on the host
s32=$t/32; place "$s32" "$s4"/resolv.conf
mount --bind "$s4"/resolv.conf "$s32"

# 98. mount flags: data only
flags nosuid,nodev,noexec "$s32"

# 99. attach on /etc/resolv.conf: names are looked up as on the host
attach "$s32" "$s7" /etc/resolv.conf quiet; s32=$target

# 100. write hosts: its own name and localhost can be looked up
[ -e "$s4"/hosts ] || { cat "${s2:-/dev/null}"; printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s4"/hosts

# 101. bind hosts: its own name and localhost can be looked up
s33=$t/33; place "$s33" "$s4"/hosts
mount --bind "$s4"/hosts "$s33"

# 102. mount flags: data only
flags nosuid,nodev,noexec "$s33"

# 103. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s33" "$s7" /etc/hosts quiet; s33=$target

# 104. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
quiet "$s7"/etc/mtab
ln -sfn /proc/mounts "$s7"/etc/mtab
loud

# 105. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 106. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s7" "$s7/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 107. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 108. open streams: pipes that every user inside can open by name: /dev/stdout
for n in 0 1 2; do
	case $(eval "readlink /proc/self/fd/9 9>&$n") in
	pipe:*) chmod "$([ $n = 0 ] && echo go+r || echo go+w)" /proc/self/fd/$n || : ;;
	esac
done

# 109. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 110. set user 0:0: root, without the caller's groups
priv="$priv --reuid=0 --regid=0 --clear-groups"

# 111. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 112. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 113. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 114. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 115. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
