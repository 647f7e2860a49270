#!/bin/sh
# SPDX-License-Identifier: MIT
# devices - a container that may make device files reaches none of the host's with them.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"

minc --cap-add mknod --userns single -r "$bb" sh -c 'mknod /dev/d c 1 11 2>/dev/null; echo $?'
is "in a user namespace there are no device files" "$status $out" "0 1"
minc -b /dev/null:/nothing:ro -r "$bb" sh -c 'echo x >/nothing && cat /nothing'
is "what every container may write is shown read-only without more" "$status $out$err" "0 "

# A terminal of the host's has the number of one of the container's own, which every list allows.
cat >"$T/terminal.py" <<'END'
import os, subprocess, sys
ours, theirs = os.openpty()
args = [a.replace("TERMINAL", os.ttyname(theirs)) for a in sys.argv[1:]]
sys.exit(subprocess.call(args, stdin=subprocess.DEVNULL))
END
with_terminal() {
	ran="minc $* (with a terminal)"
	run_tool python3 "$T/terminal.py" "$MINC" "$@"
}
with_terminal -b TERMINAL:/it:ro -r "$bb" sh -c 'echo x >/it && echo written'
refused "no terminal is shown read-only" "-b /dev/pts/" terminal
has "with what to do" "$err" "leave out ro"
with_terminal --best-effort -b TERMINAL:/it:ro -r "$bb" echo ran
is "--best-effort does show it" "$status $out" "0 ran"
has "with a warning" "$err" ":/it:ro: not enforced"
with_terminal -b TERMINAL:/it -r "$bb" sh -c 'echo x >/it && echo written'
is "without ro it is shown, and written" "$status $out" "0 written"

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

# A device that is shown read-only can be read, and written in no way.
read_only() { # NAME RUN..
	_version=$1
	shift
	"$@" sh -c 'head -c 6 /dev/it' >"$T/out" 2>"$T/err"
	is "$_version: a disk that is shown read-only can be read" "$(cat "$T/out")" secret
	"$@" sh -c 'echo hello >/dev/it' >"$T/out" 2>"$T/err"
	has "$_version: but not written" "$(cat "$T/err")" "ot permitted"
	"$@" sh -c 'chmod 666 /dev/it; exec 3</dev/it; echo hello >/proc/self/fd/3
		echo hello 1<>/dev/it; dd if=/dev/zero of=/dev/it conv=notrunc
		cp -a /dev/it /dev/copy && echo hello >/dev/copy
		ln /dev/it /dev/link && echo hello >/dev/link; true' >"$T/out" 2>"$T/err"
	is "$_version: not by another name or descriptor either" "$(head -c 6 "$T/disk")" secret
	"$@" sh -c 'exec 3<>/dev/ptmx && ls /dev/pts; echo x >/dev/null; head -c 3 /dev/zero | wc -c' \
		>"$T/out" 2>"$T/err"
	is "$_version: what every container has works" "$(tr '\n' ' ' <"$T/out")" "0 ptmx 3 "
}

# For somebody who has no list of devices to give; a device file of our own that all may write.
read_only_for_others() {
	tools_for_others
	# shellcheck disable=SC2086 # two words
	mknod -m 666 "$T/open" b $number && mknod -m 644 "$T/closed" b $number
	chmod -R a+rX "$bb"
	user() {
		ran="minc $* (as another user)"
		run_tool setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps=-all \
			env LD_LIBRARY_PATH="$T/tools" MINC_MODULE_DIR="$T/tools" "$T/tools/minc" "$@"
	}
	user -b "$T/open:/dev/it:ro" -r "$bb" true
	refused "a user may not have a device read-only that he may write" "-b $T/open" "read-only"
	has "with what to do" "$err" "leave out ro"
	user --best-effort -b "$T/open:/dev/it:ro" -r "$bb" echo ran
	is "--best-effort does" "$out" ran
	has "with a warning" "$err" "/dev/it:ro: not enforced"
	user -b "$T/closed:/dev/it:ro" -r "$bb" sh -c 'head -c 6 /dev/it; chmod 666 /dev/it
		echo hello >/dev/it'
	is "one that he may only read needs nothing" "$out $(head -c 6 "$T/disk")" "secret secret"
	# shellcheck disable=SC2086 # two words
	mknod -m 600 "$T/sub" b $number && chown 700005 "$T/sub"
	# shellcheck disable=SC2086 # two words
	mknod -m 660 "$T/subgroup" b $number && chown :700005 "$T/subgroup"
	# shellcheck disable=SC2086 # two words
	mknod -m 640 "$T/readers" b $number && chown :700005 "$T/readers"
	echo 12345:700000:65536 >"$T/ranges"
	for file in sub subgroup readers; do
		# shellcheck disable=SC2016 # the shell in the namespace expands it
		run_tool unshare -m sh -c 'for i in /etc/subuid /etc/subgid; do mount --bind "$1" "$i" || exit 1; done
			shift; exec "$@"' sh "$T/ranges" setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps=-all \
			env LD_LIBRARY_PATH="$T/tools" MINC_MODULE_DIR="$T/tools" "$T/tools/minc" --explain \
			--userns range -b "$T/$file:/dev/it:ro" -r "$bb" true
		case $status:$err in
		*subordinate*) skip "an id that the container has may not write it: $file" "$err" ;;
		*)
			if [ "$file" = readers ]; then
				is "a group that only reads it may be the container's" "$status" 0
			else
				refused "an id that the container has may not write it: $file" "-b $T/$file" "read-only"
			fi
			;;
		esac
	done
}

minc --cap-add mknod -r "$bb" true
groups=$status
if [ "$groups" != 0 ]; then
	has "without control groups it is refused" "$err" "--cap-add mknod: no control group"
	skip "a list of devices" "no control groups here"
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
		read_only "as it is" "$MINC" -b "$disk:/dev/it:ro" -r "$bb"
		read_only "in a user namespace" "$MINC" --userns single -b "$disk:/dev/it:ro" -r "$bb"
		if grep -q ' - cgroup2 ' /proc/self/mountinfo; then
			read_only "by bpf(2)" without v1 "$MINC" -b "$disk:/dev/it:ro" -r "$bb"
			read_only "in a user namespace, by bpf(2)" without v1 "$MINC" --userns single \
				-b "$disk:/dev/it:ro" -r "$bb"
		fi
		minc -B --name shown -b "$disk:/dev/it:ro" -r "$bb" sleep 1000
		read_only "entered" "$MARTEN" exec shown
		marten inspect shown
		like "marten inspect says what keeps it from being written" "$out" \
			"*\"devices\"*\"cgroup v? devices\"*"
		marten rm -f shown
		minc -b "$disk:/dev/it:ro" -b "$disk:/dev/that" -r "$bb" sh -c 'echo SECRET >/dev/it'
		is "what is shown to be written as well can be" "$(head -c 6 "$T/disk")" SECRET
		minc -b "$disk:/dev/it" -r "$bb" sh -c 'echo secret >/dev/it'
		is "as is what is not shown read-only" "$(head -c 6 "$T/disk")" secret
		minc --explain -b "$disk:/dev/it:ro" -r "$bb" true
		like "--explain shows by what" "$out" "*confine devices of*this does*"
		read_only_for_others
		mkdir "$T/nodes"
		minc --cap-add mknod -b "$T/nodes:/nodes:dev" -r "$bb" sh -c "mknod /nodes/it b $number
			mknod /it b $number; mknod /nodes/console c 5 1
			mknod /nodes/null c 1 3 && echo x >/nodes/null; rm /bin/dd; ls /nodes"
		is "in a directory shown with devices only harmless ones are made" "$out" null
		has "the others are not permitted" "$err" "ot permitted"
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
if [ "$groups" != 0 ]; then
	skip "an image with a list of devices" "no control groups here"
elif marten import -q "$bb" box; then
	try_image "as it is" "$MARTEN"
	if [ -n "$disk" ]; then
		marten run --rm --device "$disk:/dev/it:r" box sh -c 'head -c 6 /dev/it; echo hello >/dev/it'
		is "marten run --device with r is to be read" "$out $(head -c 6 "$T/disk")" "secret secret"
		has "and not to be written" "$err" "ot permitted"
		marten run --rm --device "$disk:/dev/it:rw" box sh -c 'echo SECRET >/dev/it'
		is "with rw to be written as well" "$(head -c 6 "$T/disk")" SECRET
		marten run --rm --device "$disk:/dev/it:w" box true
		refused "only to be written is refused" --device rwm
	fi
	if [ -e /dev/loop-control ] && [ -e /dev/fuse ]; then
		try_image "without loop devices" no_loops "$MARTEN"
	fi
else
	has "without a part of it there are no images" "$err" "module"
fi

minc --explain --cap-add mknod -r "$bb" true
if [ "$groups" = 0 ]; then
	like "--explain shows the list" "$out" "*confine devices of*1:3 rwm*"
else
	has "--explain says why there is none" "$err" "no control group"
fi
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
	if [ -n "$disk" ]; then
		without all "$MINC" -b "$disk:/dev/it:ro" -r "$bb" true >"$T/out" 2>"$T/err"
		status=$? out=$(cat "$T/out") err=$(cat "$T/err")
		refused "nor is a device shown read-only" "-b $disk:/dev/it:ro" "devices"
		without all "$MINC" --best-effort -b "$disk:/dev/it:ro" -r "$bb" echo ran \
			>"$T/out" 2>"$T/err"
		is "with --best-effort it is" "$(cat "$T/out")" ran
		has "and a warning" "$(cat "$T/err")" ":ro: not enforced"
	fi
	without all "$MINC" -b /dev/null:/nothing:ro -r "$bb" cat /nothing 2>"$T/err"
	is "what every container may write needs no group" "$? $(cat "$T/err")" "0 "
	without all "$MINC" --cap-add chown -r "$bb" true 2>"$T/err"
	is "another capability needs none" "$? $(cat "$T/err")" "0 "
fi
done_testing
