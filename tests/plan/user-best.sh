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

# 5. open BASE/root: the files below the overlay (-r ROOT)
s1=BASE/root

# 6. mount tmpfs: one private tmpfs for all that is made and forgotten: a quarter of the memory at most
s2=$t/2; mkdir "$s2"
mount -t tmpfs -o size=25%,mode=755 tmpfs "$s2" # to see its size
files=$(($(stat -fc '%b * %S' "$s2") / 8192 + 1024)); umount "$s2"
mount -t tmpfs -o nosuid,nodev,size=25%,mode=755,nr_inodes=$files tmpfs "$s2"

# 7. attach on /sys: somewhere that goes away: an unattached one is slower to tear down
# it stays at "$s2" until the root changes

# 8. make directory upper: what the container writes (-r ROOT)
[ -d "$s2"/upper ] || { mkdir -p -m 755 "$s2"/upper; like 65534 "$s2"/upper "$s1"/.; }
s3="$s2"/upper

# 9. make directory work: overlayfs's own work space, on the same file system (-r ROOT)
[ -d "$s2"/work ] || mkdir -p -m 755 "$s2"/work
s4="$s2"/work

# 10. make directory etc: a mount point, made where the overlay will show it
quiet "$s3"/etc
[ -d "$s3"/etc ] || { mkdir -p -m 755 "$s3"/etc; like 65534 "$s3"/etc BASE/root/etc; }
loud

# 11. write etc/hosts: a mount point, made where the overlay will show it
quiet "$s3"/etc/hosts
[ -e "$s3"/etc/hosts ] || { printf %s ''; } >"$s3"/etc/hosts
loud

# 12. mount overlay: writes go to the upper layer, never to the directory (-r ROOT)
s5=$t/5; mkdir "$s5"
mount -t overlay -o nodev,lowerdir="$s1",upperdir="$s3",workdir="$s4",userxattr overlay "$s5"

# 13. attach on /: the root to be (-r ROOT)
# it stays at "$s5" until the root changes

# 14. make directory dev: a /dev with only harmless devices
[ -d "$s2"/dev ] || mkdir -p -m 755 "$s2"/dev

# 15. bind dev: a /dev with only harmless devices
s6=$t/6; place "$s6" "$s2"/dev
mount --bind "$s2"/dev "$s6"

# 16. mount flags: nothing in it is a program
flags nosuid,noexec "$s6"

# 17. attach on /dev: a /dev with only harmless devices
attach "$s6" "$s5" /dev quiet; s6=$target

# 18. bind /dev/null: a user namespace cannot make device files
s7=$t/7; place "$s7" /dev/null
mount --rbind /dev/null "$s7"

# 19. attach on null: a /dev with only harmless devices
attach "$s7" "$s6" null create; s7=$target

# 20. bind /dev/zero: a user namespace cannot make device files
s8=$t/8; place "$s8" /dev/zero
mount --rbind /dev/zero "$s8"

# 21. attach on zero: a /dev with only harmless devices
attach "$s8" "$s6" zero create; s8=$target

# 22. bind /dev/full: a user namespace cannot make device files
s9=$t/9; place "$s9" /dev/full
mount --rbind /dev/full "$s9"

# 23. attach on full: a /dev with only harmless devices
attach "$s9" "$s6" full create; s9=$target

# 24. bind /dev/random: a user namespace cannot make device files
s10=$t/10; place "$s10" /dev/random
mount --rbind /dev/random "$s10"

# 25. attach on random: a /dev with only harmless devices
attach "$s10" "$s6" random create; s10=$target

# 26. bind /dev/urandom: a user namespace cannot make device files
s11=$t/11; place "$s11" /dev/urandom
mount --rbind /dev/urandom "$s11"

# 27. attach on urandom: a /dev with only harmless devices
attach "$s11" "$s6" urandom create; s11=$target

# 28. bind /dev/tty: a user namespace cannot make device files
s12=$t/12; place "$s12" /dev/tty
mount --rbind /dev/tty "$s12"

# 29. attach on tty: a /dev with only harmless devices
attach "$s12" "$s6" tty create; s12=$target

# 30. make link fd -> /proc/self/fd: a /dev with only harmless devices
[ -L "$s6"/fd ] || ln -s /proc/self/fd "$s6"/fd

# 31. make link stdin -> /proc/self/fd/0: a /dev with only harmless devices
[ -L "$s6"/stdin ] || ln -s /proc/self/fd/0 "$s6"/stdin

# 32. make link stdout -> /proc/self/fd/1: a /dev with only harmless devices
[ -L "$s6"/stdout ] || ln -s /proc/self/fd/1 "$s6"/stdout

# 33. make link stderr -> /proc/self/fd/2: a /dev with only harmless devices
[ -L "$s6"/stderr ] || ln -s /proc/self/fd/2 "$s6"/stderr

# 34. make link ptmx -> pts/ptmx: a /dev with only harmless devices
[ -L "$s6"/ptmx ] || ln -s pts/ptmx "$s6"/ptmx

# 35. make directory pts: for the terminals
[ -d "$s6"/pts ] || mkdir -p -m 755 "$s6"/pts

# 36. make directory mqueue: for message queues
[ -d "$s6"/mqueue ] || mkdir -p -m 755 "$s6"/mqueue

# 37. make directory shm: POSIX shared memory, of this container only
[ -d "$s6"/shm ] || mkdir -p -m 755 "$s6"/shm

# 38. make directory shm: POSIX shared memory, of this container only
[ -d "$s2"/shm ] || mkdir -p -m 1777 "$s2"/shm

# 39. bind shm: POSIX shared memory, of this container only
s13=$t/13; place "$s13" "$s2"/shm
mount --bind "$s2"/shm "$s13"

# 40. mount flags: data only
flags nosuid,nodev,noexec "$s13"

# 41. attach on shm: POSIX shared memory, of this container only
attach "$s13" "$s6" shm; s13=$target

# 42. mount devpts: terminals of its own
s14=$t/14; mkdir "$s14"
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=1024 devpts "$s14"

# 43. attach on pts: terminals of its own
attach "$s14" "$s6" pts; s14=$target

# 44. mount mqueue: message queues of its own
s15=$t/15; mkdir "$s15"
mount -t mqueue -o nosuid,nodev,noexec mqueue "$s15"

# 45. attach on mqueue: message queues of its own
attach "$s15" "$s6" mqueue; s15=$target

# 46. mount proc: a /proc that shows only the container's processes
s16=$t/16; mkdir "$s16"
mount -t proc -o nosuid,nodev,noexec proc "$s16"

# 47. attach on /proc: a /proc that shows only the container's processes
attach "$s16" "$s5" /proc quiet; s16=$target

# 48. mount flags: to be read, not written
flags ro,nosuid,nodev,noexec "$s0" -R

# 49. attach on /sys: programs read about the hardware there
attach "$s0" "$s5" /sys quiet; s0=$target

# 50. make directory empty: what hides a directory
[ -d "$s2"/empty ] || mkdir -p -m 555 "$s2"/empty

# 51. bind sys: settings of the whole machine
{ :
s17=$t/17; place "$s17" "$s16"/sys
mount --bind "$s16"/sys "$s17"
} || echo 'warning: this step failed' >&2

# 52. mount flags: nobody writes there
{ :
flags ro "$s17"
} || echo 'warning: this step failed' >&2

# 53. attach on sys: settings of the whole machine
{ :
attach "$s17" "$s16" sys; s17=$target
} || echo 'warning: this step failed' >&2

# 54. bind sysrq-trigger: settings of the whole machine
{ :
s18=$t/18; place "$s18" "$s16"/sysrq-trigger
mount --bind "$s16"/sysrq-trigger "$s18"
} || echo 'warning: this step failed' >&2

# 55. mount flags: nobody writes there
{ :
flags ro "$s18"
} || echo 'warning: this step failed' >&2

# 56. attach on sysrq-trigger: settings of the whole machine
{ :
attach "$s18" "$s16" sysrq-trigger; s18=$target
} || echo 'warning: this step failed' >&2

# 57. bind irq: settings of the whole machine
{ :
s19=$t/19; place "$s19" "$s16"/irq
mount --bind "$s16"/irq "$s19"
} || echo 'warning: this step failed' >&2

# 58. mount flags: nobody writes there
{ :
flags ro "$s19"
} || echo 'warning: this step failed' >&2

# 59. attach on irq: settings of the whole machine
{ :
attach "$s19" "$s16" irq; s19=$target
} || echo 'warning: this step failed' >&2

# 60. bind bus: settings of the whole machine
{ :
s20=$t/20; place "$s20" "$s16"/bus
mount --bind "$s16"/bus "$s20"
} || echo 'warning: this step failed' >&2

# 61. mount flags: nobody writes there
{ :
flags ro "$s20"
} || echo 'warning: this step failed' >&2

# 62. attach on bus: settings of the whole machine
{ :
attach "$s20" "$s16" bus; s20=$target
} || echo 'warning: this step failed' >&2

# 63. bind fs: settings of the whole machine
{ :
s21=$t/21; place "$s21" "$s16"/fs
mount --bind "$s16"/fs "$s21"
} || echo 'warning: this step failed' >&2

# 64. mount flags: nobody writes there
{ :
flags ro "$s21"
} || echo 'warning: this step failed' >&2

# 65. attach on fs: settings of the whole machine
{ :
attach "$s21" "$s16" fs; s21=$target
} || echo 'warning: this step failed' >&2

# 66. bind asound: settings of the whole machine
{ :
s22=$t/22; place "$s22" "$s16"/asound
mount --bind "$s16"/asound "$s22"
} || echo 'warning: this step failed' >&2

# 67. mount flags: nobody writes there
{ :
flags ro "$s22"
} || echo 'warning: this step failed' >&2

# 68. attach on asound: settings of the whole machine
{ :
attach "$s22" "$s16" asound; s22=$target
} || echo 'warning: this step failed' >&2

# 69. bind empty: tells about, or reaches, the host
{ :
s23=$t/23; place "$s23" "$s2"/empty
mount --bind "$s2"/empty "$s23"
} || echo 'warning: this step failed' >&2

# 70. mount flags: nobody writes there
{ :
flags ro "$s23"
} || echo 'warning: this step failed' >&2

# 71. attach on acpi: tells about, or reaches, the host
{ :
attach "$s23" "$s16" acpi; s23=$target
} || echo 'warning: this step failed' >&2

# 72. bind /dev/null: tells about, or reaches, the host
{ :
s24=$t/24; place "$s24" /dev/null
mount --rbind /dev/null "$s24"
} || echo 'warning: this step failed' >&2

# 73. attach on kcore: tells about, or reaches, the host
{ :
attach "$s24" "$s16" kcore; s24=$target
} || echo 'warning: this step failed' >&2

# 74. bind /dev/null: tells about, or reaches, the host
{ :
s25=$t/25; place "$s25" /dev/null
mount --rbind /dev/null "$s25"
} || echo 'warning: this step failed' >&2

# 75. attach on keys: tells about, or reaches, the host
{ :
attach "$s25" "$s16" keys; s25=$target
} || echo 'warning: this step failed' >&2

# 76. bind /dev/null: tells about, or reaches, the host
{ :
s26=$t/26; place "$s26" /dev/null
mount --rbind /dev/null "$s26"
} || echo 'warning: this step failed' >&2

# 77. attach on latency_stats: tells about, or reaches, the host
{ :
attach "$s26" "$s16" latency_stats; s26=$target
} || echo 'warning: this step failed' >&2

# 78. bind /dev/null: tells about, or reaches, the host
{ :
s27=$t/27; place "$s27" /dev/null
mount --rbind /dev/null "$s27"
} || echo 'warning: this step failed' >&2

# 79. attach on sched_debug: tells about, or reaches, the host
{ :
attach "$s27" "$s16" sched_debug; s27=$target
} || echo 'warning: this step failed' >&2

# 80. bind empty: tells about, or reaches, the host
{ :
s28=$t/28; place "$s28" "$s2"/empty
mount --bind "$s2"/empty "$s28"
} || echo 'warning: this step failed' >&2

# 81. mount flags: nobody writes there
{ :
flags ro "$s28"
} || echo 'warning: this step failed' >&2

# 82. attach on scsi: tells about, or reaches, the host
{ :
attach "$s28" "$s16" scsi; s28=$target
} || echo 'warning: this step failed' >&2

# 83. bind /dev/null: tells about, or reaches, the host
{ :
s29=$t/29; place "$s29" /dev/null
mount --rbind /dev/null "$s29"
} || echo 'warning: this step failed' >&2

# 84. attach on timer_list: tells about, or reaches, the host
{ :
attach "$s29" "$s16" timer_list; s29=$target
} || echo 'warning: this step failed' >&2

# 85. bind /dev/null: tells about, or reaches, the host
{ :
s30=$t/30; place "$s30" /dev/null
mount --rbind /dev/null "$s30"
} || echo 'warning: this step failed' >&2

# 86. attach on timer_stats: tells about, or reaches, the host
{ :
attach "$s30" "$s16" timer_stats; s30=$target
} || echo 'warning: this step failed' >&2

# 87. bind empty: tells about, or reaches, the host
{ :
s31=$t/31; place "$s31" "$s2"/empty
mount --bind "$s2"/empty "$s31"
} || echo 'warning: this step failed' >&2

# 88. mount flags: nobody writes there
{ :
flags ro "$s31"
} || echo 'warning: this step failed' >&2

# 89. attach on firmware: tells about, or reaches, the host
{ :
attach "$s31" "$s0" firmware; s31=$target
} || echo 'warning: this step failed' >&2

# 90. bind empty: tells about, or reaches, the host
{ :
s32=$t/32; place "$s32" "$s2"/empty
mount --bind "$s2"/empty "$s32"
} || echo 'warning: this step failed' >&2

# 91. mount flags: nobody writes there
{ :
flags ro "$s32"
} || echo 'warning: this step failed' >&2

# 92. attach on fs/selinux: tells about, or reaches, the host
{ :
attach "$s32" "$s0" fs/selinux; s32=$target
} || echo 'warning: this step failed' >&2

# 93. bind empty: tells about, or reaches, the host
{ :
s33=$t/33; place "$s33" "$s2"/empty
mount --bind "$s2"/empty "$s33"
} || echo 'warning: this step failed' >&2

# 94. mount flags: nobody writes there
{ :
flags ro "$s33"
} || echo 'warning: this step failed' >&2

# 95. attach on dev/block: tells about, or reaches, the host
{ :
attach "$s33" "$s0" dev/block; s33=$target
} || echo 'warning: this step failed' >&2

# 96. bind empty: tells about, or reaches, the host
{ :
s34=$t/34; place "$s34" "$s2"/empty
mount --bind "$s2"/empty "$s34"
} || echo 'warning: this step failed' >&2

# 97. mount flags: nobody writes there
{ :
flags ro "$s34"
} || echo 'warning: this step failed' >&2

# 98. attach on devices/virtual/powercap: tells about, or reaches, the host
{ :
attach "$s34" "$s0" devices/virtual/powercap; s34=$target
} || echo 'warning: this step failed' >&2

# 99. mount cgroup2: its own control groups, not those of the machine
{ :
s35=$t/35; mkdir "$s35"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$s35"
flags ro "$s35"
} || echo 'warning: this step failed' >&2

# 100. attach on fs/cgroup: its own control groups, not those of the machine
{ :
attach "$s35" "$s0" fs/cgroup; s35=$target
} 2>/dev/null || : skipped, for it does not exist

# 101. make directory tmp: a /tmp of its own
[ -d "$s2"/tmp ] || mkdir -p -m 1777 "$s2"/tmp

# 102. bind tmp: a /tmp of its own
s36=$t/36; place "$s36" "$s2"/tmp
mount --bind "$s2"/tmp "$s36"

# 103. mount flags: no devices, no set-user-ID programs
flags nosuid,nodev "$s36"

# 104. attach on /tmp: a /tmp of its own
attach "$s36" "$s5" /tmp quiet; s36=$target

# 105. write hosts: its own name and localhost can be looked up
[ -e "$s2"/hosts ] || { printf %s '
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.1.1	here
'; } >"$s2"/hosts

# 106. bind hosts: its own name and localhost can be looked up
s37=$t/37; place "$s37" "$s2"/hosts
mount --bind "$s2"/hosts "$s37"

# 107. mount flags: data only
flags nosuid,nodev,noexec "$s37"

# 108. attach on /etc/hosts: its own name and localhost can be looked up
attach "$s37" "$s5" /etc/hosts quiet; s37=$target

# 109. make link etc/mtab -> /proc/mounts: the mounts that there are, not a list of old ones
{ :
quiet "$s5"/etc/mtab
ln -sfn /proc/mounts "$s5"/etc/mtab
loud
} || echo 'warning: this step failed' >&2

# 110. new session: a session of its own: it cannot type into the caller's terminal
# setsid, below

# 111. new terminal: a terminal that is not the caller's (minc_set_flag)
# no shell equivalent: script(1) comes near

# 112. bind 0: the first terminal of the new instance
{ :
s38=$t/38; place "$s38" "$s14"/0
mount --bind "$s14"/0 "$s38"
} 2>/dev/null || : skipped, for it does not exist

# 113. attach on console: what speaks to the console speaks to this terminal
{ :
attach "$s38" "$s6" console create; s38=$target
} 2>/dev/null || : skipped, for it does not exist

# 114. change root: the tree made above becomes /, the host's is detached
cd /usr # stays in the host's tree, where host() finds its programs
host() { prog=$1; shift; "./$ld" --library-path "$libs" "./$prog" "$@"; }
pivot_root "$s5" "$s5/tmp"
host "$umount" -l /tmp # what is there now is the old root

# 115. new keyring: an own session keyring, without the caller's keys
{ :
# no equivalent in shell: keyctl(1) "session" starts a command with a
# new keyring, if it is installed
} || echo 'warning: this step failed' >&2

# 116. descriptors: nothing that the caller has open leaks inside
exec 9<&- # a shell hands on 0, 1 and 2

# 117. set capabilities: only the capabilities that are left
{ :
priv="$priv --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap --inh-caps=-all --ambient-caps=-all"
} || echo 'warning: this step failed' >&2

# 118. no new privileges: no program gives more rights than these (set-user-ID, file capabilities)
{ :
priv="$priv --no-new-privs"
} || echo 'warning: this step failed' >&2

# 119. change directory to /: the caller's directory if it is there, else /
for dir in /; do if [ -d "$dir" ]; then break; fi; done

# 120. seccomp filter default: only the system calls of the profile
{ :
# no equivalent in shell: seccomp(2) with the profile "default", N instructions
} || echo 'warning: this step failed' >&2

# 121. execute true: no shell in between: arguments arrive as given
exec ${nest:+"./$ld" --library-path "$libs" "./$unshare" $nest --} \
	"./$ld" --library-path "$libs" "./$setpriv" $priv -- \
	"./$ld" --library-path "$libs" "./$env" -i -C "$dir" \
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
	'HOME=/root' \
	'TERM=xterm-test' \
	true
END_OF_PLAN
exit $?
