#!/bin/sh
# SPDX-License-Identifier: MIT
# logs - what a container in the background has written, then and now.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
start() { # NAME CMD..
	_start=$1
	shift
	minc -B --name "$_start" -r "$bb" "$@" || echo "# $_start does not start: $err"
}
ends() { # NAME
	timeout 30 "$MARTEN" wait "$1" >/dev/null
}
dir_of() { # NAME
	"$MARTEN" inspect "$1" | sed -n 's/^  "state_dir": "\(.*\)",$/\1/p'
}

# Two pipes have no common order: each write waits until the one before is in the log.
mkdir "$T/in"
minc -B --name two -r "$bb" -b "$T/in" sh -c 'echo one
	until [ -e "$1/one" ]; do sleep 0.05; done; echo two >&2
	until [ -e "$1/two" ]; do sleep 0.05; done; printf three' sh "$T/in"
for word in one two; do
	await grep -q "$word" "$(dir_of two)/log"
	touch "$T/in/$word"
done
ends two
marten logs two
is "standard output is on standard output" "$out" "one
three"
is "standard error on standard error" "$err" two
is "and the log is one text" "$(cat "$(dir_of two)/log")" "one
two
three"
marten logs -n 1 two
is "the last line" "$out$err" three
marten logs --tail=2 two
is "the last two lines" "$err $out" "two three"
marten logs --tail all two
has "all lines" "$out" one
marten logs -n 0 two
is "no lines" "$out$err" ""
marten logs -t two
like "each line has its time" "$out" "20[0-9][0-9]-[01][0-9]-[0-3][0-9]T??:??:??.[0-9][0-9][0-9]Z one
20*Z three"
marten logs -f two
is "following what has ended ends" "$status $out" "0 one
three"
marten logs -ft -n1 two
like "options may be joined" "$out" "20*Z three"

# Since. The clock that is asked is the same on both sides.
start old sh -c 'echo old; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo new; sleep 1000'
await grep -q old "$(dir_of old)/log"
await sh -c '"$MARTEN" logs --since 1s old | grep -q old && exit 1 || exit 0'
marten logs --since 1h old
is "what was written within the hour" "$out" old
now=$(date +%s.%N)
marten logs --since "$now" old
is "nothing was written since now" "$status$out" 0
marten logs --since "$(date -u +%Y-%m-%dT%H:%M:%SZ -d '1 hour ago')" old
is "a date" "$out" old
marten logs --since "$(date +%Y-%m-%dT%H:%M:%S -d '1 hour')" old
is "a date to come, local time" "$status$out" 0
marten logs --since "$(TZ=UTC-5 date +%Y-%m-%dT%H:%M:%S+05:00 -d '1 hour ago')" old
is "a date elsewhere" "$out" old
marten kill old

# Following.
minc -B --name follow -r "$bb" -b "$T/in" sh -c 'echo begin
	until [ -e "$1/go" ]; do sleep 0.05; done; echo end; exit 3' sh "$T/in"
timeout 30 "$MARTEN" logs -f follow >"$T/followed" 2>&1 &
reader=$!
await grep -q begin "$T/followed"
is "what is there comes at once" "$(cat "$T/followed")" begin
touch "$T/in/go"
wait "$reader"
is "following ends with the container" "$?" 0
is "and has all of it" "$(cat "$T/followed")" "begin
end"
minc -B --rm --name gone -r "$bb" -b "$T/in" sh -c 'until [ -e "$1/stop" ]; do sleep 0.05; done
	seq 1 1000' sh "$T/in"
timeout 30 "$MARTEN" logs -f gone >"$T/followed" 2>&1 &
reader=$!
await sh -c 'read -r child <"/proc/$1/task/$1/children"; # a line without an end
	grep -q inotify "/proc/$child/fdinfo/"*' sh "$reader"
touch "$T/in/stop"
wait "$reader"
is "a container that forgets itself is followed to the end" \
	"$? $(tail -n 1 "$T/followed") $(wc -l <"$T/followed")" "0 1000 1000"

# Much.
start much sh -c 'seq 1 200000'
ends much
marten logs much
is "much output is all there" "$(printf '%s\n' "$out" | sha256sum)" "$(seq 1 200000 | sha256sum)"
marten logs -n 3 much
is "and its end" "$out" "199998
199999
200000"
timeout 30 "$MARTEN" logs much | head -n 1 >"$T/first"
is "a reader may leave early" "$(cat "$T/first")" 1
"$MARTEN" logs much >/dev/full 2>"$T/.err"
is "a full disk is a failure" "$?" 125

# Rotation.
minc -B --name small --log-size 65536 -r "$bb" seq 1 100000
ends small
marten logs small
total=$(printf '%s\n' "$out" | wc -c)
is "of a small log the end is kept" "$(printf '%s\n' "$out" | tail -n 1)" 100000
ok "not more than twice its size" test "$total" -le 131072
is "without gaps" "$(printf '%s\n' "$out" | sed 1d | sha256sum)" \
	"$(seq "$(printf '%s\n' "$out" | sed -n 2p)" 100000 | sha256sum)"
minc -B --name slow --log-size 65536 -r "$bb" -b "$T/in" sh -c 'until [ -e "$1/run" ]; do sleep 0.05; done
	i=0; while [ $i -lt 60 ]; do seq 1 300; i=$((i + 1)); sleep 0.01; done' sh "$T/in"
timeout 60 "$MARTEN" logs -f slow >"$T/followed" 2>"$T/lost" &
reader=$!
touch "$T/in/run"
wait "$reader"
is "following over rotations" "$? $(cat "$T/lost")" "0 "
is "loses and repeats nothing" "$(sha256sum <"$T/followed")" \
	"$(i=0; while [ $i -lt 60 ]; do seq 1 300; i=$((i + 1)); done | sha256sum)"

# A monitor that is killed takes the container with it, and leaves no status.
start orphan sh -c 'echo before; exec sleep 1000'
await grep -q before "$(dir_of orphan)/log"
pid=$(cat "$(dir_of orphan)/pid")
timeout 30 "$MARTEN" logs -f orphan >"$T/followed" 2>&1 &
reader=$!
await grep -q before "$T/followed"
parent() { sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$1/stat"; }
kill -9 "$(parent "$(parent "$pid")")" # above the keeper
wait "$reader"
is "following ends when the monitor is killed" "$? $(cat "$T/followed")" "0 before"
await test ! -e "/proc/$pid"
ok "the container ends, too" test ! -e "/proc/$pid"
marten ps -a
like "it is lost" "$(printf '%s\n' "$out" | grep orphan)" '*Lost *'
marten wait orphan
is "its status is that of a kill" "$out" 137
marten logs orphan
is "its log is still there" "$out" before
marten rm orphan
is "and it can be forgotten" "$status$err" 0

# Damage.
dir=$(dir_of two)
printf 'what is this, an index?  ' >"$dir/log.index"
marten logs two
refused "a damaged index is refused" index damaged
: >"$dir/log.index"
marten logs two
refused "an empty one, too" index damaged
rm "$dir/log.index"
mkfifo "$dir/log.index"
marten logs two
refused "a pipe in its place does not hang" damaged
rm "$dir/log.index" "$dir/log"
marten logs two
is "no log is an empty log" "$status$out$err" 0
done_testing
