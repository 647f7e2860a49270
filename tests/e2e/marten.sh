#!/bin/sh
# SPDX-License-Identifier: MIT
# marten - finding containers that live in the background, and ending them.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
start() { # NAME CMD..
	_start=$1
	shift
	minc -B --name "$_start" -r "$bb" "$@" || echo "# $_start does not start: $err"
}
fields() { # of one container, without the head
	printf '%s\n' "$out" | sed -n "/$1/p"
}
ends() { # NAME
	timeout 20 "$MARTEN" wait "$1" >/dev/null
}
is_name() { # a name of a container that does not run
	"$MARTEN" lc | grep -q "	-	$1\$"
}

# The grammar.
marten
is "without a verb marten fails" "$status" 125
has "and shows how to use it on stderr" "$err" "Usage: marten [--store DIR] verb"
is "and nothing on stdout" "$out" ""
marten --help
is "help was asked for: no failure" "$status" 0
has "and it is on stdout" "$out" "Usage: marten [--store DIR] verb"
marten -h
has "-h is help" "$out" "Usage: marten [--store DIR] verb"
for verb in ps lc exec attach logs wait stop kill pause unpause rm rename inspect top; do
	marten "$verb" --help
	like "$verb --help" "$status $out" "0 marten *$verb* - *Usage: marten $verb*"
done
marten --version
is "version" "$out" "marten $("$MINC" --version | cut -d ' ' -f 2)"
marten fly
refused "an unknown verb is named" fly verb
marten --fly
refused "an unknown option is named" --fly
marten ps --fly
refused "an unknown option of a verb is named" --fly
marten ps -aX
refused "an unknown letter in a cluster is named" -X
marten stop
refused "a missing container is asked for" stop CONTAINER
marten ps too many
refused "what is too much is named" too
marten stop --time
refused "a missing value is named" --time SECONDS
marten stop -t 1x web
refused "a bad number is named" -t 1x
marten kill -s FLY web
refused "a bad signal is named" FLY
marten ps --all=yes
refused "a switch is true or false" --all=yes "neither true nor false"
marten ps --format yaml
refused "an unknown format is named" --format yaml
marten logs --since yesterday web
refused "a time that is none is named" --since yesterday
marten stop "$(printf 'a\nb')"
refused "a message is one line" 'a'
marten rename unknown other
refused "renaming an unknown container says so" unknown
for verb in exec attach logs wait stop kill pause unpause rm inspect top; do
	case $verb in
	exec) marten exec no-such-one true ;;
	*) marten "$verb" no-such-one ;;
	esac
	refused "$verb of an unknown container says so" no-such-one
done

# Nothing there.
marten ps
is "ps of nothing is a head" "$status $out" \
	"0 CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   NAMES"
marten lc
is "lc of nothing is a head" "$status $out" "0 ID	PID	NAME"
marten ps -q
is "ps -q of nothing is nothing" "$status$out" 0

# Listing.
start web sleep 1000
start over sh -c 'exit 7'
ends over
marten ps
like "ps shows what runs" "$(fields web)" '????????????   -       "sleep 1000"   * ago   Up * seconds   web'
hasnt "and not what has ended" "$out" over
marten ps -a
like "ps -a shows what has ended, too" "$(fields over)" '*"sh -c exit 7" * Exited (7) * ago *over'
marten ps -q
id=$out
like "ps -q gives short ids" "$id" '[0-9a-f]???????????'
marten ps -q --no-trunc
long=$out
is "whole ids have 64 digits" "${#long}" 64
has "and begin with the short one" "$long" "$id"
marten ps -aq
is "options may be joined" "$(printf '%s\n' "$out" | wc -l)" 2
marten lc
pid=$(printf '%s\n' "$out" | sed -n 's/^'"$id"'	\([0-9]*\)	web$/\1/p')
is "lc gives ID, PID and NAME" "$(cat "/proc/$pid/comm" 2>/dev/null)" sleep
like "of what has ended, no process" "$(fields over)" '????????????	-	over'
marten list -l
has "list is the same; -l gives whole ids" "$out" "$long	$pid	web"
if command -v jq >/dev/null; then
	marten ps -a --format json
	is "JSON, one object per line" \
		"$(printf '%s\n' "$out" | jq -c '[.name, .state, .exit_status, .command]')" \
		'["web","running",null,["sleep","1000"]]
["over","exited",7,["sh","-c","exit 7"]]'
	marten inspect web
	is "inspect is JSON" "$(printf '%s\n' "$out" | jq -r '.id, .name, .state, .pid, .config.process.args[0]')" \
		"$long
web
running
$pid
sleep"
	marten inspect web over
	is "inspect of two is an array" "$(printf '%s\n' "$out" | jq -r '.[].exit_status')" 'null
7'
	marten inspect web none over
	is "what is there is shown, the rest is a failure" \
		"$status $(printf '%s\n' "$out" | jq -r 'length') $(printf '%s\n' "$err" | grep -c none)" "125 2 1"
else
	skip "JSON" "needs jq"
fi

# Names and ids.
for word in web "$id" "$long" "$(printf %.5s "$id")"; do
	marten inspect "$word"
	has "a container is found as $word" "$out" "$long"
done
marten rename web shop
marten lc
has "rename gives another name" "$out" "$id	$pid	shop"
marten inspect web
refused "the old name is free" web
marten rename shop over
refused "a name that another has is refused" over
marten rename shop -- -x
refused "a bad name is refused" -x
marten rename shop ../x
refused "a path is no name" ../x
marten rename shop 'a b'
refused "what a name is made of is said" "'a b'" "letters, digits"

# The end.
marten kill -s 0 "$id"
is "signal 0 only looks" "$status$err" 0
marten kill -s USR1 over
refused "what has ended hears no signal" over
start trap sh -c 'trap "exit 9" USR1; echo ready; while :; do sleep 0.05; done'
await grep -q ready "$MINC_STATE_DIR"/*/log
marten kill -s sigusr1 trap
is "kill sends a signal" "$status$out" 0
marten wait trap
is "wait prints the exit status" "$status $out" "0 9"
start one sleep 1000
start two sh -c 'exit 3'
ends two
marten kill one none two
is "several are killed; one failure is a failure" "$status" 125
like "which names each" "$err" "*none*two*"
marten wait one two
is "wait for several" "$status $out" "0 137
3"
start polite sh -c 'trap "exit 4" TERM; echo up; while :; do sleep 0.05; done'
await sh -c 'grep -q "^up" "$MINC_STATE_DIR"/*/log'
marten stop polite
is "stop asks first" "$status$out$("$MARTEN" wait polite)" 04
start deaf sh -c 'trap "" TERM; echo deaf; while :; do sleep 0.05; done'
await sh -c 'grep -q "^deaf" "$MINC_STATE_DIR"/*/log'
marten stop --time=0 deaf
is "and then kills" "$status$("$MARTEN" wait deaf)" 0137
marten stop deaf
is "what has ended is left as it is" "$status$err" 0
start signal sh -c 'trap "exit 5" INT; echo int; while :; do sleep 0.05; done'
await sh -c 'grep -q "^int" "$MINC_STATE_DIR"/*/log'
marten stop -s INT -t -1 signal
is "with another signal" "$status$("$MARTEN" wait signal)" 05

# Forgetting.
marten rm shop
refused "what runs is not removed" shop
marten rm one none two
is "those that can be removed are" "$status $err" "125 marten: none: no such container"
marten lc
hasnt "and are gone" "$out" "	two"
marten rm -f shop
is "rm -f kills first" "$status$out" 0
await test ! -e "/proc/$pid"
ok "its process is gone" test ! -e "/proc/$pid"
minc -B --rm --name self -r "$bb" true
await sh -c '! "$MARTEN" lc | grep -q self'
marten inspect self
refused "with --rm it is forgotten at its end" self
minc -B --name twin -r "$bb" sleep 1000
minc -B --name twin -r "$bb" true
refused "a name is had by one container only" twin
marten rm -f twin

# Standard output that cannot be written is a failure.
"$MARTEN" ps >/dev/full 2>"$T/.err"
is "a full disk is a failure" "$?" 125
has "which is named" "$(cat "$T/.err")" "standard output"

# Completion.
if command -v bash >/dev/null; then
	completions() {
		bash -c 'eval "$("$MARTEN" --completion bash)"
			marten() { "$MARTEN" "$@"; }
			COMP_WORDS=(marten "$@") COMP_CWORD=$#
			_marten
			printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort | tr '\n' ' '
	}
	start completed sleep 1000
	is "verbs are completed" "$(completions re)" "rename renamei restart resume "
	is "options are completed" "$(completions stop --)" "--help --signal --time "
	is "containers are completed" "$(completions stop -t 3 comp)" "completed "
	is "but not after the last" "$(completions rename completed co)" " "
	marten rm -f completed
else
	skip "completion" "needs bash"
fi

for name in over trap polite deaf signal; do
	ok "$name has ended" is_name "$name"
done
marten ps -q
is "nothing runs" "$out" ""
done_testing
