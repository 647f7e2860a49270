#!/bin/sh
# SPDX-License-Identifier: MIT
# status - --json-status-fd tells our failures from the command's.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
events() {
	timeout 30 "$MINC" --json-status-fd 3 "$@" 3>"$T/json" >/dev/null 2>"$T/.err" </dev/null
	status=$?
	json=$(cat "$T/json")
	err=$(cat "$T/.err")
	ran="minc --json-status-fd 3 $*"
}

events -r "$bb" sh -c 'exit 7'
is "the command's status is minc's" "$status" 7
like "the process id is reported" "$json" '*"child-pid":*[0-9]*'
like "the exit status is reported" "$json" '*"exit-code":*7*'
events -r "$bb" sh -c 'exit 125'
like "a command's own 125 is reported as its status" "$json" '*"child-pid"*"exit-code"*125*'
events -r "$bb" no-such-command
is "a missing command gives 127" "$status" 127
unlike "a missing command never had a process" "$json" '*child-pid*'
events -r "$T/none" true
is "our own failure gives 125" "$status" 125
unlike "our own failure has no process" "$json" '*child-pid*'
unlike "our own failure has no exit code of a command" "$json" '*exit-code*'
events -r "$bb" sh -c 'exit 0'
if command -v jq >/dev/null; then
	ok "every line is JSON" sh -c 'jq -e . "$1" >/dev/null' sh "$T/json"
else
	skip "every line is JSON" "needs jq"
fi
out=$(timeout 30 "$MINC" --json-status-fd 3 -r "$bb" ls /proc/self/fd 3>/dev/null </dev/null)
unlike "the descriptor is not handed on to the command" " $(echo $out) " "* 3 *4 *"
done_testing
