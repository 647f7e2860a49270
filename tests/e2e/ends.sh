#!/bin/sh
# SPDX-License-Identifier: MIT
# ends - kill, stop, wait and rm return when what they promise is true, and say what they wait for;
# cases.md says who met what.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_image bb
TWENTY='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20'
bb=$T/image-root
[ -d "$bb" ] || busybox_root "$bb"
first() { # NAME: the number of its process 1, for us
	"$MARTEN" inspect "$1" | jq -r 'if type == "array" then .[0] else . end | .pid // .State.Pid'
}

# The end is waited for: nothing is told twice, nobody sleeps in between.
bad=''
for i in $TWENTY; do
	marten run -d --name k bb sleep 1000
	[ "$status" = 0 ] || bad="$bad run-$i:$err"
	pid=$(first k)
	marten kill k
	[ "$status$err" = 0 ] || bad="$bad kill-$i:$err"
	[ ! -e "/proc/$pid" ] || bad="$bad $i:there" # rm would wait for it
	marten rm k
	[ "$status$err" = 0 ] || bad="$bad rm-$i:$err"
done
is "kill, then rm: twenty times" "$bad" ''
bad=''
for i in $TWENTY; do
	marten run -d --name k bb sleep 1000
	marten kill -s TERM k # which process 1 does not hear, so that it is killed in its place
	[ "$status$err" = 0 ] || bad="$bad kill-$i:$err"
	marten rm k
	[ "$status$err" = 0 ] || bad="$bad rm-$i:$err"
done
is "kill by a signal that ends it, then rm: twenty times" "$bad" ''
bad=''
for i in 1 2 3 4 5; do
	marten run -d --name k bb sleep 1000
	kill -KILL "$(first k)" # by somebody else
	marten rm k
	[ "$status$err" = 0 ] || bad="$bad rm-$i:$err"
	marten run -d --name k bb sleep 1000
	marten kill k
	marten run -d --name l bb true
	marten wait k l
	[ "$status$out" = "0137
0" ] || bad="$bad wait-$i:$out"
	marten rm k l
	[ "$status$err" = 0 ] || bad="$bad rm2-$i:$err"
done
is "killed by somebody; kill, wait, rm" "$bad" ''
minc -B --name k -r "$bb" sleep 1000
pid=$(first k)
marten kill k
is "kill waits for one that has no image" "$([ ! -e "/proc/$pid" ] || echo there)" ''
marten rm k
is "and rm removes it" "$status$err" 0
marten run -d --name k bb sleep 1000
marten rm k
refused "what runs is not removed" k "it is running"
marten kill k
marten kill k
refused "what has ended is not killed" k "it has ended"
marten rm k

# What does not listen, what is stopped, and what is stopped twice.
marten run -d --name deaf bb sh -c 'trap "" TERM; while :; do sleep 1000; done'
marten stop -t 1 deaf
is "stop ends what does not listen" "$status$err" 0
is "and it has ended when stop returns" "$(marten ps -q >/dev/null; printf '%s' "$out")" ''
marten rm deaf
marten run -d --name held bb sleep 1000
marten pause held
marten stop -t 0 held
is "stop ends what is paused" "$status$err" 0
marten rm held
marten run -d --name held bb sleep 1000
marten pause held
marten kill held
is "kill does" "$status$err" 0
marten rm held
marten run -d --name held bb sleep 1000
marten pause held
marten rm -f held
is "rm -f does" "$status$err" 0
marten create --name held bb sleep 1000
marten wait held
is "one that was not started is not waited for" "$status $out" "0 0"
marten rm -f held
is "nor is there anything to end" "$status$err" 0
marten run -d --name old bb true
marten wait old
rm -rf "$T"/state/*/ # as after the machine was started again
marten stop old
is "what ran before the machine was started is stopped" "$status$err" 0
marten wait old
refused "its status is not known" old "it is not running"
marten rm old
marten run -d --name long bb sh -c 'trap "" TERM; echo deaf; while :; do sleep 1000; done'
await sh -c '"$MARTEN" logs long | grep -q deaf'
"$MARTEN" stop -t 3600 long >"$T/long" 2>&1 &
other=$!
marten ps
has "beside a stop that takes long others go on: ps" "$out" long
marten inspect long
is "and inspect" "$status" 0
marten exec long true
is "and exec" "$status" 0
marten kill long
wait "$other"
is "it ends with the container" "$?$(cat "$T/long")" 0
marten rm long
marten run -d --name twice bb sh -c 'trap "" TERM; while :; do sleep 1000; done'
"$MARTEN" stop -t 1 twice >"$T/twice" 2>&1 &
other=$!
marten stop -t 1 twice
is "two stops at the same time: one" "$status$err" 0
wait "$other"
is "and the other" "$?$(cat "$T/twice")" 0
marten rm twice

# Of several to be stopped all are asked before the first is waited for: there is one time of grace.
mkdir "$T/together"
marten run -d --name patient -v "$T/together:/t" bb sh -c 'trap "" TERM; touch /t/deaf; until test -e /t/asked; do sleep 0.05; done; exit 7'
marten run -d --name polite -v "$T/together:/t" bb sh -c 'trap "touch /t/asked; exit 8" TERM; touch /t/ready; while :; do sleep 0.05; done'
marten run -d --rm --name leaves bb sleep 1000
marten run -d --name held bb sleep 1000
marten run -d --name deaf --stop-timeout 0 bb sh -c 'trap "" TERM; touch /tmp/deaf; while :; do sleep 1000; done'
marten create --name idle bb true
await sh -c 'test -e "$1/deaf" && test -e "$1/ready"' sh "$T/together"
await sh -c '"$MARTEN" exec deaf test -e /tmp/deaf'
marten pause held
marten stop patient nobody deaf polite idle leaves held
is "one that is not there does not keep the others of a stop" "$status $err" "125 marten: nobody: no such container"
is "who ends only when the next was asked ends by itself" "$("$MARTEN" wait patient)" 7
is "as the next does" "$("$MARTEN" wait polite)" 8
is "what is paused ends, and what does not listen when its own time is over" "$("$MARTEN" wait held) $("$MARTEN" wait deaf)" "143 137"
marten ps -a --format json
hasnt "and what was to be removed is" "$out" leaves
marten rm patient polite held deaf idle
is "all of them have ended" "$status$err" 0
mkdir "$T/once"
marten run -d --name doubled -v "$T/once:/t" bb sh -c 'trap "echo term >>/t/heard" TERM; trap "exit 9" USR1; touch /t/ready; while :; do sleep 0.05; done'
await test -e "$T/once/ready"
# Time between them: a signal that is still to be heard is not there twice.
# shellcheck disable=SC2046 # words
"$MARTEN" stop doubled $(seq 300 | sed s/^/nobody/) "$("$MARTEN" ps -q --no-trunc)" 2>"$T/doubled" &
other=$!
await grep -q nobody300 "$T/doubled"
await test -e "$T/once/heard"
marten kill -s USR1 doubled
wait "$other"
is "who is named twice is asked once" "$? $(cat "$T/once/heard")" "125 term"
marten rm doubled
marten run -d --rm --name shown bb sleep 1000
"$MARTEN" wait shown >"$T/shown" 2>&1 &
other=$!
await sh -c 'ls -l "/proc/$1/fd" | grep -q socket:' sh "$other" # to the monitor
marten kill -s KILL shown
wait "$other"
is "wait of one that is removed says its status" "$(cat "$T/shown")" 137
marten ps -aq
is "which leaves nothing" "$out" ''

# exec beside rm -f.
marten run -d --name busy bb sleep 1000
"$MARTEN" exec busy sleep 1000 >"$T/exec" 2>&1 &
other=$!
await sh -c '"$MARTEN" top busy | grep -c "sleep 1000" | grep -q 2'
marten rm -f busy
is "rm -f ends what was entered, too" "$status$err" 0
wait "$other"
is "whoever waits for that hears of it" "$?" 137

# Its monitor is killed meanwhile, or does not go on.
parent() { # PID
	sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status"
}
monitor_of() { # NAME: process 1 has a keeper as its parent, and that the monitor
	parent "$(parent "$(first "$1")")"
}
marten run -d --name lost bb sleep 1000
kill -KILL "$(monitor_of lost)"
marten wait lost
is "a monitor that was killed: wait ends" "$status $out" "0 137"
marten rm lost
is "and so does rm" "$status$err" 0
marten run -d --name lost bb sleep 1000
"$MARTEN" wait lost >"$T/lost" 2>&1 &
other=$!
"$MARTEN" logs -f lost >"$T/lost.log" 2>&1 &
another=$!
kill -KILL "$(monitor_of lost)"
marten stop lost
like "stop beside its death" "$status" "[01]*"
wait "$other" "$another"
is "those who waited hear of it" "$(cat "$T/lost")" 137
marten rm lost
marten run -d --name still bb sleep 1000
monitor=$(monitor_of still)
kill -STOP "$monitor"
"$MARTEN" rm -f still >"$T/still" 2>&1 &
other=$!
await grep -q "waits for its monitor" "$T/still"
has "a monitor that was stopped is what is waited for" "$(cat "$T/still")" "process $monitor, which is stopped"
kill -CONT "$monitor"
wait "$other"
is "and only until it goes on" "$?" 0
marten run -d --name still bb sleep 1000
marten run -d --name next bb sleep 1000
monitor=$(monitor_of still)
kill -STOP "$monitor"
"$MARTEN" kill nobody still next >"$T/still" 2>&1 &
other=$!
await grep -q "waits for its monitor" "$T/still"
"$MARTEN" wait next >"$T/next" &
another=$!
await test -s "$T/next"
is "one that is waited for does not keep the others of a kill alive" "$(cat "$T/next")" 137
kill -CONT "$monitor"
wait "$other"
is "all of them are waited for, and a failure is told" "$?$(grep -c 'nobody: no such container' "$T/still")" 1251
marten rm still next
is "and have ended" "$status$err" 0
wait "$another"
marten run -d --name still bb sleep 1000
marten run -d --name next bb sleep 1000
monitor=$(monitor_of still)
kill -STOP "$monitor"
"$MARTEN" rm -f nobody still next >"$T/removed" 2>&1 &
other=$!
await grep -q "waits for its monitor" "$T/removed"
"$MARTEN" wait next >"$T/ended" &
another=$!
await test -s "$T/ended"
is "nor those of an rm -f" "$(cat "$T/ended")" 137
kill -CONT "$monitor"
wait "$other"
is "which removes all of them, and tells a failure" "$?$(grep -c 'nobody: no such container' "$T/removed")" 1251
wait "$another"
marten ps -a --format json
hasnt "and they are gone" "$out" still
done_testing
