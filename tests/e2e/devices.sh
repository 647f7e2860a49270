#!/bin/sh
# SPDX-License-Identifier: MIT
# devices - a container that may make device files reaches none of the host's with them.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"

minc --cap-add mknod --userns single -r "$bb" sh -c 'mknod /dev/d c 1 11 2>/dev/null; echo $?'
is "in a user namespace there are no device files" "$status $out" "0 1"
if ! as_root; then
	minc --explain --cap-add mknod -r "$bb" true
	hasnt "nor is there a list of them" "$out" "confine devices"
	done_testing
fi

disk=
undo() {
	[ -z "$disk" ] || losetup -d "$disk"
	clean_up
}
trap undo EXIT
echo "secret of the host" | dd of="$T/disk" bs=64k count=1 conv=sync 2>/dev/null
disk=$(losetup -f --show "$T/disk" 2>/dev/null) || disk=
[ -z "$disk" ] || number=$(printf '%d %d' "$(stat -c 0x%t "$disk")" "$(stat -c 0x%T "$disk")")

# The last two words of a command line in a mount namespace of its own, without some groups.
without() { # v1|all ARG..
	_what=$1
	shift
	unshare -m sh -c 'mount --make-rprivate /
		awk -v what="$1" "{ for (i = 7; \$i != \"-\"; i++); n = split(\$(i + 3), list, \",\")
			for (j = 1; j <= n; j++) if (list[j] == \"devices\" && \$(i + 1) == \"cgroup\") v1 = 1
			if (\$(i + 1) ~ /^cgroup/ && (what == \"all\" || v1)) print \$5; v1 = 0 }" \
			/proc/self/mountinfo | sort -r | while IFS= read -r m; do umount -l "$m"; done
		shift; exec "$@"' sh "$_what" "$@"
}

attack() { # NAME RUN..: what a container that may make device files cannot do
	_version=$1
	shift
	"$@" sh -c 'mknod /dev/null2 c 1 3 && echo x >/dev/null2 && echo made; ls -l /dev/null2' \
		>"$T/out" 2>"$T/err"
	has "$_version: mknod makes harmless devices, which work" "$(cat "$T/out")" made
	"$@" sh -c 'mknod /dev/kernel c 1 11 && echo made; exec 3>/dev/kernel && echo opened' \
		>"$T/out" 2>"$T/err"
	is "$_version: of others only the file" "$(cat "$T/out")" made
	has "$_version: to open it is not permitted" "$(cat "$T/err")" "ot permitted"
	"$@" sh -c 'mknod /kernel c 1 11; mknod /tmp/kernel c 1 11; mknod /dev/shm/kernel c 1 11
		for i in / /tmp/ /dev/shm/; do (exec 3>${i}kernel) && echo opened; done; true' \
		>"$T/out" 2>"$T/err"
	is "$_version: in no other place either" "$(cat "$T/out")" ""
	"$@" sh -c 'exec 3<>/dev/ptmx && ls /dev/pts; head -c 3 /dev/zero | wc -c; test -c /dev/tty
		echo x >/dev/full; head -c 3 /dev/urandom | wc -c' >"$T/out" 2>"$T/err"
	is "$_version: what every container has works" "$(tr '\n' ' ' <"$T/out")" "0 ptmx 3 3 "
	if [ -z "$disk" ]; then
		skip "$_version: no disk can be read" "no loop device can be made here"
		return
	fi
	"$@" sh -c "mknod /dev/disk b $number && head -c 6 /dev/disk" \
		>"$T/out" 2>"$T/err"
	is "$_version: no disk can be read" "$(cat "$T/out")" ""
	"$@" sh -c "mknod /dev/disk b $number && echo hello >/dev/disk" \
		>"$T/out" 2>"$T/err"
	is "$_version: or written" "$(head -c 6 "$T/disk")" secret
}

minc --cap-add mknod -r "$bb" true
if [ "$status" != 0 ]; then
	has "without control groups it is refused" "$err" "--cap-add mknod: no control group"
else
	attack "as it is" "$MINC" --cap-add mknod -r "$bb"
	attack "all capabilities" "$MINC" --cap-add all -r "$bb"
	if grep -q ' - cgroup2 ' /proc/self/mountinfo; then
		attack "by bpf(2)" without v1 "$MINC" --cap-add mknod -r "$bb"
		without v1 "$MINC" -B --name two --cap-add mknod -r "$bb" sleep 1000 >/dev/null
		marten inspect two
		like "marten inspect says so" "$out" "*\"devices\"*\"cgroup v2 devices\"*"
		attack "entered, by bpf(2)" "$MARTEN" exec two
		marten rm -f two
	fi
	minc -B --name one --cap-add mknod -r "$bb" sleep 1000
	attack "entered" "$MARTEN" exec one
	marten exec one sh -c 'mknod /dev/later c 1 11'
	marten exec one sh -c 'exec 3>/dev/later'
	ok "what another command has made does not work either" test "$status" -ne 0
	marten inspect one
	like "marten inspect says what confines it" "$out" "*\"devices\"*\"cgroup v? devices\"*"
	marten rm -f one
	if [ -n "$disk" ]; then
		minc --cap-add mknod -b "$disk" -r "$bb" head -c 6 "$disk"
		is "a disk that is shown can be read" "$out" secret
		minc --cap-add mknod -b "$disk:/dev/it:ro" -r "$bb" sh -c 'echo hello >/dev/it'
		is "and not written, if it is shown so" "$(head -c 6 "$T/disk")" secret
		mkdir "$T/nodes"
		# shellcheck disable=SC2086 # two words
		mknod "$T/nodes/it" b $number
		minc --cap-add mknod -b "$T/nodes:/nodes:dev" -r "$bb" head -c 6 /nodes/it
		is "so can those in a directory" "$out" secret
		minc --cap-add mknod -b "$T/nodes:/nodes" -r "$bb" head -c 6 /nodes/it
		is "that is shown with devices" "$out" ""
		minc --privileged -r "$bb" \
			sh -c "mknod /dev/d b $number; head -c 6 /dev/d"
		is "--privileged allows all" "$out" secret
	fi
fi

# The layers of an image are loop devices, or come through /dev/fuse, which is not on the list.
try_image() { # NAME RUN..
	_version=$1
	shift
	"$@" run --rm --cap-add mknod box sh -c 'mknod /dev/kernel c 1 11 && echo made
		exec 3>/dev/kernel && echo opened' >"$T/out" 2>"$T/err"
	is "an image starts with a list of devices, $_version" "$(cat "$T/out")" made
}
no_loops() {
	: >"$T/none"
	unshare -m sh -c 'mount --make-rprivate / && mount --bind "$1" /dev/loop-control
		shift; exec "$@"' sh "$T/none" "$@"
}
if marten import -q "$bb" box; then
	try_image "as it is" "$MARTEN"
	if [ -e /dev/loop-control ] && [ -e /dev/fuse ]; then
		try_image "without loop devices" no_loops "$MARTEN"
	fi
else
	has "without a part of it there are no images" "$err" "module"
fi

minc --explain --cap-add mknod -r "$bb" true
like "--explain shows the list" "$out" "*confine devices of*1:3 rwm*" ||
	has "or why there is none" "$err" "no control group"
minc --explain -r "$bb" true
hasnt "without mknod there is none" "$out" "confine devices"
hasnt "and no group" "$out" "cgroup/"

if unshare -m true 2>/dev/null; then
	without all "$MINC" --cap-add mknod -r "$bb" true >"$T/out" 2>"$T/err"
	status=$? out=$(cat "$T/out") err=$(cat "$T/err")
	refused "without control groups mknod is refused" "--cap-add mknod" "devices"
	has "with what to do" "$err" "--best-effort"
	without all "$MINC" --best-effort --cap-add mknod -r "$bb" echo ran >"$T/out" 2>"$T/err"
	is "--best-effort runs it" "$(cat "$T/out")" ran
	has "and warns" "$(cat "$T/err")" "--cap-add mknod: not enforced"
	without all "$MINC" --cap-add chown -r "$bb" true 2>"$T/err"
	is "another capability needs none" "$? $(cat "$T/err")" "0 "
fi
done_testing
