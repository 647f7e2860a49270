#!/bin/sh
# SPDX-License-Identifier: MIT
# sizes - what is written and not kept has an end, and no device file in it works.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
cp "$PROBE" "$bb/usr/bin/probe"

# of the file system at PATH: in KiB
blocks() { # PATH ARG..
	_at=$1
	shift
	minc -r "$bb" "$@" sh -c "df -P -k $_at | awk 'NR == 2 { print \$2 }'"
	printf '%s\n' "$out"
}
memory=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
for at in /tmp /dev/shm /dev /; do
	size=$(blocks $at)
	ok "$at has a quarter of the memory by default" \
		test "$((size * 4))" -ge "$((memory - 16))" -a "$((size * 4))" -le "$((memory + 16))"
done
minc -r "$bb" sh -c "df -P -i /tmp | awk 'NR == 2 { print \$2 }'"
ok "and an end of files, one for 8 KiB" \
	test "$out" -gt $((memory / 32)) -a "$out" -le $((memory / 32 + 1025))

# $out is the size of a file that took what was left of 2 MiB; some pages are the container's own.
full() { # NAME
	ok "$1" test "$out" -gt $((2097152 - 65536)) -a "$out" -le 2097152
}

is "--scratch-size says another size" "$(blocks /tmp --scratch-size 2m)" 2048
for place in / /tmp /dev/shm /var/lib; do
	minc -r "$bb" --scratch-size 2m sh -c \
		"mkdir -p $place && dd if=/dev/zero of=$place/f bs=64k count=64; stat -c %s $place/f"
	full "no more than that can be written to $place"
	has "which is said" "$err" "No space left"
done
minc -r "$bb" --scratch-size 1m sh -c \
	'head -c 600k /dev/zero >/tmp/f && head -c 600k /dev/zero >/g; stat -c %s /g'
ok "nor to all of them together" test "$out" -lt 460000
minc -r "$bb" --scratch-size 64k sh -c \
	'cd /tmp; i=0; while [ $i -lt 2000 ] && true >$i; do i=$((i + 1)); done; echo $i'
ok "nor more empty files than it may have" test "$out" -gt 500 -a "$out" -lt 1100
minc -r "$bb" --scratch-size 64k sh -c \
	'cd /tmp; : >f; i=0; while [ $i -lt 2000 ] && ln f $i; do i=$((i + 1)); done; echo $i'
ok "links count as files" test "$out" -gt 500 -a "$out" -lt 1100
minc -r "$bb" --scratch-size 64k true
is "the least one is enough for a start" "$status$err" 0

# Access control lists are counted by nobody: a page each, and an end of files.
lists() { # NAME
	case $out in
	*"list 36 "*)
		skip "$1: access control lists" "CONFIG_TMPFS_POSIX_ACL"
		return
		;;
	esac
	has "$1: an access control list is a page at most" "$out" "longest 4060"
	has "$1: not 128 KiB" "$out" "list 65532 ENOSPC"
	ok "$1: and there are not more of them than files for 4 MiB" \
		test "${out##*directories }" -gt 400 -a "${out##*directories }" -le 1536
}
for place in /tmp /dev/shm /dev /root /; do
	minc -r "$bb" --scratch-size 4m probe lists $place
	lists "in $place"
done
minc -r "$bb" --scratch-size 4m sh -c 'probe lists /root; probe lists /tmp; probe lists /dev/shm'
n=$(printf '%s\n' "$out" | awk '/^directories/ { n += $2 } END { print n + 0 }')
ok "nor in all places together" test "$n" -gt 400 -a "$n" -le 1536
minc -r "$bb" --tmpfs /srv:size=4m probe lists /srv
lists "in a tmpfs of its own"
minc -r "$bb" --shm-size 4m probe lists /dev/shm
lists "in a /dev/shm of its own"
minc -B --name listed -r "$bb" --scratch-size 4m sleep 1000
marten exec listed probe lists /tmp
lists "for a command that enters"
marten rm -f listed

minc -r "$bb" --scratch-size 1g sh -c 'head -c 3m /dev/zero >/tmp/f; stat -c %s /tmp/f'
is "more is more" "$out" 3145728
for bad in 0 1 63k x -2 1m2 ''; do
	minc -r "$bb" --scratch-size "$bad" true
	refused "--scratch-size '$bad' is refused" --scratch-size
done
for bad in 0 x -1 ''; do
	minc -r "$bb" --shm-size "$bad" true
	refused "--shm-size '$bad' is refused" --shm-size
done

is "--shm-size gives /dev/shm a size of its own" "$(blocks /dev/shm --shm-size 1m)" 1024
is "and nothing else" "$(blocks /tmp --shm-size 1m)" "$size"
minc -r "$bb" --shm-size 1m sh -c 'dd if=/dev/zero of=/dev/shm/f bs=64k count=64 2>/dev/null
	stat -c "%s %a" /dev/shm/f /dev/shm; grep " /dev/shm " /proc/mounts'
like "which holds; everybody may write there, and execute nothing" "$out" \
	"1048576 644*1777*nosuid,nodev,noexec*"
is "--tmpfs without a size has the usual one" "$(blocks /srv --tmpfs /srv)" "$size"
is "and else its own" "$(blocks /srv --tmpfs /srv:size=1m)" 1024
minc -r "$bb" --tmpfs /srv:size=1m sh -c "df -P -i /srv | awk 'NR == 2 { print \$2 }'"
is "with files to match" "$out" 1152
is "/tmp can have a size of its own, too" "$(blocks /tmp --tmpfs /tmp:size=1m)" 1024

minc --explain -r "$bb" true
like "--explain shows the size" "$out" "*a quarter of the memory at most*size=25%*"
minc --explain -r "$bb" --scratch-size 2m true
has "and which option changed it" "$out" "--scratch-size 2m)"
has "to what" "$out" "size=2097152"
minc -B --name sized -r "$bb" --scratch-size 2m sleep 1000
marten inspect sized
like "marten inspect says what enforces it" "$out" "*scratch-size*tmpfs*"
marten exec sized sh -c 'dd if=/dev/zero of=/tmp/f bs=64k count=64; stat -c %s /tmp/f'
full "a command that enters has the same"
marten rm -f sized

minc -r "$bb" cat /proc/mounts
like "terminals have an end as well" "$out" "*devpts /dev/pts *,max=1024 *"

# No device file works but in /dev.
minc -r "$bb" cat /proc/mounts
for at in / /tmp /dev/shm /proc /sys /dev/mqueue; do
	like "$at is nodev" "$(printf '%s\n' "$out" | grep " $at " | tail -n 1)" "*nodev*"
done
done_testing
