#!/bin/sh
# SPDX-License-Identifier: MIT
# nested - a caller that is confined itself: root of somebody's user namespace, inside a
# container, or without the help of set-user-ID programs.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
unshare -r true 2>/dev/null || skip_all "needs user namespaces"

# The tools inside a container; its /tmp is its own, so they may have to be shown there.
set -- -b "$T" -e MINC_MODULE_DIR -e LD_LIBRARY_PATH
IFS=:
shown=:
for dir in "${MINC%/*}" "${MARTEN%/*}" ${MINC_LIBS:-} ${LD_LIBRARY_PATH:-} ${MINC_MODULE_DIR:-}; do
	case $shown in
	*":$dir:"*) continue ;; # a target may be named once
	esac
	[ ! -d "$dir" ] || set -- "$@" -b "$dir"
	shown=$shown$dir:
done
unset IFS
inside() { # OPTION.. -- CMD..
	minc --privileged "$@"
}

within() { # CMD..: with $ran for a message
	ran=$*
	run_tool "$@"
}

within unshare -r "$MINC" echo works
is "root of a user namespace has a container of /" "$out" works
within unshare -r "$MINC" -r "$bb" sh -c 'echo x >/etc/new; cat /etc/new; id -u'
is "root of a user namespace has one of a directory" "$out" "x
0"
ok "and it wrote nothing there" test ! -e "$bb/etc/new"
within unshare -r "$MINC" -r "$bb" --net=none ip link show lo
like "with a network of its own" "$out" "*lo*UP*"
within unshare -rm sh -c 'mount -t tmpfs none /sys && exec "$0" -r "$1" echo works' "$MINC" "$bb"
is "whatever it mounted on /sys" "$out" works

inside "$@" "$MINC" echo deeper
is "a container of / in a container of /" "$out" deeper
inside "$@" "$MINC" -r "$bb" sh -c 'echo $$'
is "a container of a directory in a container" "$out" 1
# shellcheck disable=SC2016 # for the shell inside
inside "$@" sh -c '"$0" -q -B --name "$2" -r "$3" sleep 600 >/dev/null && "$1" exec "$2" echo in &&
	"$1" stop -t 0 "$2" && "$1" rm "$2"' "$MINC" "$MARTEN" "nested-$$" "$bb"
is "one in the background, in a container" "$out" in
minc "$@" "$MINC" true
is "a confined container makes none" "$status" 125
has "and is told why" "$err" "user namespaces"

# A filter of somebody else's, as that of a container engine.
for call in clone3 mount_setattr fsopen pivot_root; do
	printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["%s"],%s}]}' "$call" \
		'"action":"SCMP_ACT_ERRNO","errnoRet":38' >"$T/filter"
	inside --seccomp "$T/filter" "$@" "$MINC" -r "$bb" true
	is "a filter without $call is in the way" "$status" 125
	has "and is suspected" "$err" "seccomp"
done

without_pidfd() { # ERRNO
	printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["pidfd_open"],%s %d}]}' \
		'"action":"SCMP_ACT_ERRNO","errnoRet":' "$1" >"$T/filter"
}
for number in 1 38; do # EPERM, ENOSYS
	without_pidfd "$number"
	inside --seccomp "$T/filter" "$@" "$MINC" -r "$bb" echo works
	is "a container needs no pidfd of its holder where there are none (errno $number)" "$out" works
done
for number in 12 23 24; do # ENOMEM, ENFILE, EMFILE
	without_pidfd "$number"
	inside --seccomp "$T/filter" "$@" "$MINC" -r "$bb" true
	is "but one that fails is missed (errno $number)" "$status" 125
	has "and named" "$err" "pidfd of the caller"
	inside --seccomp "$T/filter" "$@" "$MINC" -q -B -r "$bb" true
	is "by a monitor, too (errno $number)" "$status" 125
	has "and its name told" "$err" "monitor of the container"
done

without_pidfd 38
# shellcheck disable=SC2016 # for the shell inside
inside --seccomp "$T/filter" "$@" sh -c '"$0" -q -B --name "$2" -r "$3" sleep 600 >/dev/null &&
	"$1" stop -t 0 "$2"' "$MINC" "$MARTEN" "nested-$$" "$bb"
is "what cannot be ended is not waited for" "$status" 125
has "but said" "$err" "nested-$$"

within setpriv --no-new-privs "$MINC" -r "$bb" echo works
is "a caller with no_new_privs has a container" "$out" works
within setpriv --no-new-privs "$MINC" --userns range -r "$bb" true
refused "but no range of ids, and hears why" range
if as_root; then
	name=$(awk -F: 'NR == FNR { u[$1] = 1; next } $1 in u && $3 > 60000 { print $1; exit }' \
		/etc/passwd /etc/subuid 2>/dev/null)
	if [ -n "$name" ] && command -v newuidmap >/dev/null; then
		tools_for_others
		within setpriv --reuid "$name" --regid "$name" --init-groups --no-new-privs env -i \
			PATH="$PATH" LD_LIBRARY_PATH="$T/tools" MINC_MODULE_DIR="$T/tools" \
			"$T/tools/minc" -r "$bb" echo works
		is "also one who has subordinate ids" "$out" works
	else
		skip "also one who has subordinate ids" "no user has an entry in subuid(5)"
	fi
fi

# A /tmp of its own hides what is in the host's.
cp "$(command -v busybox)" "$T/prog"
case $T in
/tmp/*)
	minc "$T/prog" true
	is "a command below the host's /tmp is not found" "$status" 127
	has "and why is said" "$err" "a /tmp of its own"
	cd "$T" && minc ./prog true
	has "also for one of the present directory" "$err" "a /tmp of its own"
	cd /
	minc -w "$T" true
	has "and for a directory" "$err" "a /tmp of its own"
	minc /tmp/no-such-program
	hasnt "but not for what is not there either" "$err" "a /tmp of its own"
	;;
*) skip "a command below the host's /tmp is not found" "the test is not in /tmp" ;;
esac
done_testing
