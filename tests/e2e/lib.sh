# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# lib.sh - the harness of the shell tests: TAP lines, a temporary directory, a small root.
#
# A test file sources this, calls the functions below, and ends with done_testing.
# One line of TAP is one behaviour, and its name is a sentence.
#
#   minc ARG..        run the tool; sets $status, $out (stdout), $err (stderr)
#   marten ARG..      the same for the other tool; containers in the background are this
#                     test's only, and are killed when it ends
#   ok NAME CMD..     passes if CMD succeeds
#   is NAME GOT WANT  passes if both are equal
#   like NAME TEXT PATTERN   passes if TEXT matches the case pattern; unlike: if not
#   has NAME TEXT PART       passes if TEXT contains PART; hasnt: if not
#   skip NAME REASON
#   busybox_root DIR  a root directory that holds only busybox
#   busybox_image NAME  an image of it, in a store that is this test's only
set -u

count=0
failed=0
T=$(mktemp -d "${TMPDIR:-/tmp}/minc-test.XXXXXX") || exit 1
T=$(cd "$T" && pwd -P)
chmod 755 "$T"

MINC_STATE_DIR=$T/state
MINCS_DIR=$T/store
export MINC_STATE_DIR MINCS_DIR
[ -d "${HOME:-}" ] && [ -w "$HOME" ] || {
	HOME=$T/home
	export HOME
	mkdir "$HOME"
}

forget_containers() {
	[ -d "$MINC_STATE_DIR" ] || return 0
	"$MARTEN" ps -aq | while read -r _id; do "$MARTEN" rm -f "$_id"; done
}

# A mount that is still there would make rm descend into somebody else's files.
clean_up() {
	cd /
	forget_containers
	if grep -q " $T[/ ]" /proc/self/mountinfo; then
		awk -v t="$T" 'index($5, t) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
			while IFS= read -r m; do umount -l "$m"; done
	fi
	if grep -q " $T[/ ]" /proc/self/mountinfo; then
		echo "# mounts are left below $T: it is not removed"
	else
		chmod -R u+rwX "$T" 2>/dev/null
		rm -rf --one-file-system "$T"
	fi
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

result() { # ok|not-ok NAME
	count=$((count + 1))
	if [ "$1" = ok ]; then
		printf 'ok %d - %s\n' "$count" "$2"
		return 0
	fi
	failed=$((failed + 1))
	printf 'not ok %d - %s\n' "$count" "$2"
	return 1
}

ok() { # NAME CMD..
	_name=$1
	shift
	if "$@"; then
		result ok "$_name"
	else
		result not-ok "$_name"
		diag "failed: $*"
		last_run
	fi
}

is() { # NAME GOT WANT
	if [ "$2" = "$3" ]; then
		result ok "$1"
	else
		result not-ok "$1"
		diag "     got: $2"
		diag "expected: $3"
		last_run
	fi
}

like() { # NAME TEXT PATTERN
	# shellcheck disable=SC2254 # it is a pattern
	case $2 in
	$3) result ok "$1" ;;
	*)
		result not-ok "$1"
		diag "     got: $2"
		diag "   match: $3"
		last_run
		;;
	esac
}

has() { # NAME TEXT PART
	like "$1" "$2" "*$(literal "$3")*"
}

hasnt() { # NAME TEXT PART
	unlike "$1" "$2" "*$(literal "$3")*"
}

# A case pattern that matches just this text.
literal() {
	printf '%s' "$1" | sed 's/[][*?\\]/\\&/g'
}

unlike() { # NAME TEXT PATTERN
	# shellcheck disable=SC2254 # it is a pattern
	case $2 in
	$3)
		result not-ok "$1"
		diag "     got: $2"
		diag "against: $3"
		last_run
		;;
	*) result ok "$1" ;;
	esac
}

# A reason is one line: a message may have a hint below.
first_line() { # TEXT
	printf '%s\n' "$1" | sed -n 1p
}

skip() { # NAME REASON
	count=$((count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$count" "$1" "$(first_line "$2")"
}

skip_all() { # REASON
	printf '1..0 # SKIP %s\n' "$(first_line "$1")"
	exit 0
}

done_testing() {
	printf '1..%d\n' "$count"
	[ "$failed" = 0 ]
	exit
}

as_root() {
	[ "$MINC_TEST_AS" = root ]
}

# A user who has subordinate ids (tests/e2e/run looks for them).
has_range() {
	[ "$MINC_TEST_AS" = range ]
}

# The tools where every user may execute them, below $T/tools: only this user may be able to
# search the build tree.
tools_for_others() {
	[ ! -d "$T/tools" ] || return 0
	mkdir -m 755 "$T/tools"
	cp "$MINC" "$MARTEN" "$LIVING" "$T/tools/"
	(
		IFS=:
		for _dir in ${MINC_LIBS:-}; do
			find "$_dir" -maxdepth 1 -name '*.so*' ! -type d ! -name '*.symbols' ! -name '*.p' \
				-exec cp -L {} "$T/tools/" \;
		done
	)
	chmod -R a+rX "$T/tools"
}

# Layers are mounted by loop devices of root's, or by FUSE; else they are unpacked.
mounts_layers() {
	{ as_root && [ -e /dev/loop-control ]; } || { [ -r /dev/fuse ] && [ -w /dev/fuse ]; }
}

# Run the tool: $status, $out, $err. A hang is cut, and shows as status 124.
status=0 out='' err='' ran=''
run_tool() { # PROGRAM ARG..
	timeout -k 5 "${LIMIT:-30}" "$@" >"$T/.out" 2>"$T/.err" </dev/null
	status=$?
	out=$(cat "$T/.out")
	err=$(cat "$T/.err")
	return "$status"
}

minc() {
	ran="minc $*"
	run_tool "$MINC" "$@"
}

marten() {
	ran="marten $*"
	run_tool "$MARTEN" "$@"
}

last_run() {
	[ -n "$ran" ] || return 0
	diag "ran: $ran"
	diag "status $status"
	[ -z "$err" ] || diag "stderr: $err"
}

# One line on stderr, exit 125, naming each WORD.
refused() { # NAME WORD..
	_name=$1
	shift
	if [ "$status" != 125 ]; then
		result not-ok "$_name"
		diag "status $status, expected 125"
		last_run
		return
	fi
	# The advice that follows a usage error, or a hint, may be a second line.
	for _word; do
		case $(printf '%s\n' "$err" | sed -n 1p) in
		*"$_word"*) ;;
		*)
			result not-ok "$_name"
			diag "the message does not name $_word"
			last_run
			return
			;;
		esac
	done
	if [ -n "$out" ] || [ "$(printf '%s\n' "$err" | wc -l)" -gt 2 ]; then
		result not-ok "$_name"
		diag "more than one line, or output on stdout: $out"
		last_run
		return
	fi
	result ok "$_name"
}

# A root directory with the directories a system has and busybox in it.
busybox_root() { # DIR
	_busybox=$(command -v busybox) || return 1
	mkdir -p "$1/usr/bin" "$1/dev" "$1/proc" "$1/sys" "$1/tmp" "$1/etc" "$1/root" "$1/run" "$1/mnt"
	chmod 1777 "$1/tmp"
	ln -s usr/bin "$1/bin"
	cp "$_busybox" "$1/usr/bin/busybox"
	for _tool in sh cat echo ls id env ps mount umount readlink sleep true false hostname pwd touch \
		mkdir rm ln stat test printf wc grep sort head kill ip nc tty stty dd mv cp chmod chown find \
		setsid ifconfig nproc sed awk tr seq df basename dirname cut mknod tail ping tty which uname; do
		ln -sf busybox "$1/usr/bin/$_tool"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nbob:x:1500:1501:Bob:/home/bob:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nbob:x:1501:\nextra:x:1777:bob\nstaff:x:50:\n' >"$1/etc/group"
}

# An image of busybox in the store of this test, made offline; or the test is skipped.
busybox_image() { # NAME [IMPORT_OPTION..]
	_name=$1
	shift
	[ -d "$T/image-root" ] || busybox_root "$T/image-root"
	marten import -q "$@" "$T/image-root" "$_name" && return 0
	case $err in
	*"module "*missing* | *"built without"*) skip_all "needs images: $err" ;;
	esac
	echo "# import fails: $err"
	return 1
}

# Everything about a tree that a container must not change.
fingerprint() { # DIR
	(cd "$1" && find . -xdev -printf '%p %y %m %U %G %s %T@ %C@ %l\n' | LC_ALL=C sort)
	(cd "$1" && find . -xdev -type f -size -64k -exec sha256sum {} + 2>/dev/null | LC_ALL=C sort)
}

# Wait until CMD succeeds, at most ten seconds: for events that nobody announces.
await() {
	_tries=0
	until "$@" 2>/dev/null; do
		_tries=$((_tries + 1))
		[ "$_tries" -lt 200 ] || return 1
		sleep 0.05
	done
}

command -v busybox >/dev/null || skip_all "needs busybox (busybox-static)"
