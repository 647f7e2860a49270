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

# 7. open BASE/root: the files below the overlay (-r ROOT)
s3=BASE/root

# 8. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s4=$t/4; mkdir "$s4"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s4" # to see its size
files=$(($(stat -fc '%b * %S' "$s4") / 8192 + 1024)); umount "$s4"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s4"

# 9. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s4" until the root changes

# 10. make directory upper: what the container writes (-r ROOT)
[ -d "$s4"/upper ] || { mkdir -p -m 755 "$s4"/upper; like 65534 "$s4"/upper "$s3"/.; }
s5="$s4"/upper

# 11. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s4"/work ] || mkdir -p -m 755 "$s4"/work
s6="$s4"/work

# 12. make directory etc: a mount point, made where the overlay will show it
quiet "$s5"/etc
[ -d "$s5"/etc ] || { mkdir -p -m 755 "$s5"/etc; like 65534 "$s5"/etc BASE/root/etc; }
loud

# 13. write etc/hosts: a mount point, made where the overlay will show it
quiet "$s5"/etc/hosts
[ -e "$s5"/etc/hosts ] || { printf %s ''; } >"$s5"/etc/hosts
loud

# 14. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s7=$t/7; mkdir "$s7"
mount -t overlay -o nodev,lowerdir="$s3",upperdir="$s5",workdir="$s6",userxattr overlay "$s7"

# 15. attach on /: the root to be (-r ROOT)
# it stays at "$s7" until the root changes

# 16. make directory dev: a /dev with only harmless devices
[ -d "$s4"/dev ] || mkdir -p -m 755 "$s4"/dev

# 17. bind dev: a /dev with only harmless devices
s8=$t/8; place "$s8" "$s4"/dev
mount --bind "$s4"/dev "$s8"

# 18. mount flags: nothing in it is a program
flags nosuid,noexec "$s8"

# 19. attach on /dev: a /dev with only harmless devices
attach "$s8" "$s7" /dev quiet; s8=$target

# 20. bind /dev/null: a user namespace cannot make device files
s9=$t/9; place "$s9" /dev/null
mount --rbind /dev/null "$s9"

# 21. attach on null: a /dev with only harmless devices
attach "$s9" "$s8" null create; s9=$target

# 22. bind /dev/zero: a user namespace cannot make device files
s10=$t/10; place "$s10" /dev/zero
mount --rbind /dev/zero "$s10"

# 23. attach on zero: a /dev with only harmless devices
attach "$s10" "$s8" zero create; s10=$target

# 24. bind /dev/full: a user namespace cannot make device files
s11=$t/11; place "$s11" /dev/full
mount --rbind /dev/full "$s11"

# 25. attach on full: a /dev with only harmless devices
attach "$s11" "$s8" full create; s11=$target

# 26. bind /dev/random: a user namespace cannot make device files
s12=$t/12; place "$s12" /dev/random
mount --rbind /dev/random "$s12"

# 27. attach on random: a /dev with only harmless devices
attach "$s12" "$s8" random create; s12=$target

# 28. bind /dev/urandom: a user namespace cannot make device files
s13=$t/13; place "$s13" /dev/urandom
mount --rbind /dev/urandom "$s13"

# 29. attach on urandom: a /dev with only harmless devices
attach "$s13" "$s8" urandom create; s13=$target

# 30. bind /dev/tty: a user namespace cannot make device files
s14=$t/14; place "$s14" /dev/tty
mount --rbind /dev/tty "$s14"

# 31. attach on tty: a /dev with only harmless devices
attach "$s14" "$s8" tty create; s14=$target

# 32. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s8"/fd ] || ln -s /proc/self/fd "$s8"/fd

# 33. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s8"/stdin ] || ln -s /proc/self/fd/0 "$s8"/stdin

# 34. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s8"/stdout ] || ln -s /proc/self/fd/1 "$s8"/stdout

# 35. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s8"/stderr ] || ln -s /proc/self/fd/2 "$s8"/stderr

# 36. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s8"/ptmx ] || ln -s pts/ptmx "$s8"/ptmx

# 37. make directory pts: for the terminals
[ -d "$s8"/pts ] || mkdir -p -m 755 "$s8"/pts

# 38. make directory mqueue: for message queues
[ -d "$s8"/mqueue ] || mkdir -p -m 755 "$s8"/mqueue

# 39. make directory shm: POSIX shared memory, of this container only
[ -d "$s8"/shm ] || mkdir -p -m 755 "$s8"/shm

# 40. make directory shm: POSIX shared memory, of this container only
[ -d "$s4"/shm ] || mkdir -p -m 1777 "$s4"/shm

# 41. bind shm: POSIX shared memory, of this container only
s15=$t/15; place "$s15" "$s4"/shm
mount --bind "$s4"/shm "$s15"

# 42. mount flags: data only
flags nosuid,nodev,noexec "$s15"

# 43. attach on shm: POSIX shared memory, of this container only
attach "$s15" "$s8" shm; s15=$target

# 44. mount devpts: terminals of its own
s16=$t/16; mkdir "$s16"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024 devpts "$s16"

# 45. attach on pts: terminals of its own
attach "$s16" "$s8" pts; s16=$target

# 46. mount mqueue: message queues of its own
s17=$t/17; mkdir "$s17"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s17"

# 47. attach on mqueue: message queues of its own
attach "$s17" "$s8" mqueue; s17=$target

# 48. mount proc: a /proc that shows only the container's processes
s18=$t/18; mkdir "$s18"
mount -t proc -o nosuid,nodev,noexec proc "$s18"

# 49. attach on /proc: a /proc that shows only the container's processes
attach "$s18" "$s7" /proc quiet; s18=$target

# 50. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 51. attach on /sys: programs read about the hardware there
attach "$s0" "$s7" /sys quiet; s0=$target

# 52. make directory empty: what hides a directory
[ -d "$s4"/empty ] || mkdir -p -m 555 "$s4"/empty

# 53. bind sys: settings of the whole machine
s19=$t/19; place "$s19" "$s18"/sys
mount --bind "$s18"/sys "$s19"

# 54. mount flags: nobody writes there
flags ro "$s19"

# 55. attach on sys: settings of the whole machine
attach "$s19" "$s18" sys; s19=$target

# 56. bind sysrq-trigger: settings of the whole machine
s20=$t/20; place "$s20" "$s18"/sysrq-trigger
mount --bind "$s18"/sysrq-trigger "$s20"

# 57. mount flags: nobody writes there
flags ro "$s20"

# 58. attach on sysrq-trigger: settings of the whole machine
attach "$s20" "$s18" sysrq-trigger; s20=$target

# 59. bind irq: settings of the whole machine
s21=$t/21; place "$s21" "$s18"/irq
mount --bind "$s18"/irq "$s21"

# 60. mount flags: nobody writes there
flags ro "$s21"

# 61. attach on irq: settings of the whole machine
attach "$s21" "$s18" irq; s21=$target

# 62. bind bus: settings of the whole machine
s22=$t/22; place "$s22" "$s18"/bus
mount --bind "$s18"/bus "$s22"

# 63. mount flags: nobody writes there
flags ro "$s22"

# 64. attach on bus: settings of the whole machine
attach "$s22" "$s18" bus; s22=$target

# 65. bind fs: settings of the whole machine
s23=$t/23; place "$s23" "$s18"/fs
mount --bind "$s18"/fs "$s23"

# 66. mount flags: nobody writes there
flags ro "$s23"

# 67. attach on fs: settings of the whole machine
attach "$s23" "$s18" fs; s23=$target

# 68. bind asound: settings of the whole machine
s24=$t/24; place "$s24" "$s18"/asound
mount --bind "$s18"/asound "$s24"

# 69. mount flags: nobody writes there
flags ro "$s24"

# 70. attach on asound: settings of the whole machine
attach "$s24" "$s18" asound; s24=$target

# 71. bind empty: tells about, or reaches, the host
s25=$t/25; place "$s25" "$s4"/empty
mount --bind "$s4"/empty "$s25"

# 72. mount flags: nobody writes there
flags ro "$s25"

# 73. attach on acpi: tells about, or reaches, the host
attach "$s25" "$s18" acpi; s25=$target

# 74. bind /dev/null: tells about, or reaches, the host
s26=$t/26; place "$s26" /dev/null
mount --rbind /dev/null "$s26"

# 75. attach on kcore: tells about, or reaches, the host
attach "$s26" "$s18" kcore; s26=$target

# 76. bind /dev/null: tells about, or reaches, the host
s27=$t/27; place "$s27" /dev/null
mount --rbind /dev/null "$s27"

# 77. attach on keys: tells about, or reaches, the host
attach "$s27" "$s18" keys; s27=$target

# 78. bind /dev/null: tells about, or reaches, the host
s28=$t/28; place "$s28" /dev/null
mount --rbind /dev/null "$s28"

# 79. attach on latency_stats: tells about, or reaches, the host
attach "$s28" "$s18" latency_stats; s28=$target

# 80. bind /dev/null: tells about, or reaches, the host
s29=$t/29; place "$s29" /dev/null
mount --rbind /dev/null "$s29"

# 81. attach on sched_debug: tells about, or reaches, the host
attach "$s29" "$s18" sched_debug; s29=$target

# 82. bind empty: tells about, or reaches, the host
s30=$t/30; place "$s30" "$s4"/empty
mount --bind "$s4"/empty "$s30"

# 83. mount flags: nobody writes there
flags ro "$s30"

# 84. attach on scsi: tells about, or reaches, the host
attach "$s30" "$s18" scsi; s30=$target

# 85. bind /dev/null: tells about, or reaches, the host
s31=$t/31; place "$s31" /dev/null
mount --rbind /dev/null "$s31"

# 86. attach on timer_list: tells about, or reaches, the host
attach "$s31" "$s18" timer_list; s31=$target

# 87. bind /dev/null: tells about, or reaches, the host
s32=$t/32; place "$s32" /dev/null
mount --rbind /dev/null "$s32"

# 88. attach on timer_stats: tells about, or reaches, the host
attach "$s32" "$s18" timer_stats; s32=$target

# 89. bind empty: tells about, or reaches, the host
s33=$t/33; place "$s33" "$s4"/empty
mount --bind "$s4"/empty "$s33"

# 90. mount flags: nobody writes there
flags ro "$s33"

# 91. attach on firmware: tells about, or reaches, the host
attach "$s33" "$s0" firmware; s33=$target

# 92. bind empty: tells about, or reaches, the host
s34=$t/34; place "$s34" "$s4"/empty
mount --bind "$s4"/empty "$s34"

# 93. mount flags: nobody writes there
flags ro "$s34"

# 94. attach on fs/selinux: tells about, or reaches, the host
attach "$s34" "$s0" fs/selinux; s34=$target

# 95. bind empty: tells about, or reaches, the host
s35=$t/35; place "$s35" "$s4"/empty
mount --bind "$s4"/empty "$s35"

# 96. mount flags: nobody writes there
flags ro "$s35"

# 97. attach on dev/block: tells about, or reaches, the host
attach "$s35" "$s0" dev/block; s35=$target

# 98. bind empty: tells about, or reaches, the host
s36=$t/36; place "$s36" "$s4"/empty
mount --bind "$s4"/empty "$s36"

# 99. mount flags: nobody writes there
flags ro "$s36"

# 100. attach on devices/virtual/powercap: tells about, or reaches, the host
attach "$s36" "$s0" devices/virtual/powercap; s36=$target

# 101. mount cgroup2: its own control groups, not those of the machine
{ :
s37=$t/37; mkdir "$s37"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$s37"
flags ro "$s37"
} || echo 'warning: this step failed' >&2

# 102. attach on fs/cgroup: its own control groups, not those of the machine
{ :
attach "$s37" "$s0" fs/cgroup; s37=$target
} 2>/dev/null || : skipped, for it does not exist

# 103. make directory tmp: a /tmp of its own
[ -d "$s4"/tmp ] || mkdir -p -m 1777 "$s4"/tmp

# 104. bind tmp: a /tmp of its own
s38=$t/38; place "$s38" "$s4"/tmp
mount --bind "$s4"/tmp "$s38"

# 105. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s38"

# 106. attach on /tmp: a /tmp of its own
attach "$s38" "$s7" /tmp quiet; s38=$target

# 107. write resolv.conf: names are looked up as on the host
[ -e "$s4"/resolv.conf ] || { cat "${s1:-/dev/null}"; printf %s ''; } >"$s4"/resolv.conf

# 108. bind resolv.conf: names are looked up as on the host
s39=$t/39; place "$s39" "$s4"/resolv.conf
mount --bind "$s4"/resolv.conf "$s39"

# 109. mount flags: data only
flags nosuid,nodev,noexec "$s39"

# 110. attach on /etc/resolv.conf: names are looked up as on the host
attach "$s39" "$s7" /etc/resolv.conf quiet; s39=$target

# 111. write hosts: its own name and localhost can be looked up
[ -e "$s4"/hosts ] || { cat "${s2:-/dev/null}"; printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s4"/hosts

# 112. bind hosts: its own name and localhost can be looked up
s40=$t/40; place "$s40" "$s4"/hosts
mount --bind "$s4"/hosts "$s40"

# 113. mount flags: data only
flags nosuid,nodev,noexec "$s40"

# 114. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s40" "$s7" /etc/hosts quiet; s40=$target

# 115. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
{ :
quiet "$s7"/etc/mtab
ln -sfn /proc/mounts "$s7"/etc/mtab
loud
} || echo 'warning: this step failed' >&2

# 116. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 117. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s7" "$s7/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 118. new keyring: an own session keyring, without the caller's keys
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed

# 119. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 120. set capabilities: only the capabilities that are left
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"

# 121. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
priv="$priv --no-new-privs"

# 122. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 123. seccomp filter default: only the system calls of the profile
# no equivalent in shell: seccomp(2) with the profile "default", N instructions

# 124. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	true
END_OF_PLAN
exit $?
