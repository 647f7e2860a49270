#!/bin/sh
# SPDX-License-Identifier: MIT
# background - containers that go on without the tool: their files, names, logs and end.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
MINC_STATE_DIR=$T/state
export MINC_STATE_DIR

living() { # WORD ARG..; sets $said
	said=$(timeout -k 5 30 "$LIVING" "$@" </dev/null 2>&1)
}

# Whatever a test that failed has left running.
end_all() {
	for dir in "$T"/state*/[0-9a-f]*; do
		[ -d "$dir" ] || continue
		MINC_STATE_DIR=${dir%/*} timeout 10 "$LIVING" delete "${dir##*/}" 1 >/dev/null 2>&1
	done
	clean_up
}
trap end_all EXIT

start() { # ARG..: quietly in the background; sets $id
	minc -B -q -r "$bb" "$@"
	id=$out
}

files() { # DIR
	(cd "$1" 2>/dev/null && ls -A) | tr '\n' ' '
}

# What is below the state directory, apart from the list of names.
left() {
	find "$T/state" -mindepth 1 ! -path "$T/state/names"
}

minc -B -r "$bb" sh -c 'echo hello; exit 3'
is "the start succeeds whatever the command's end" "$status" 0
like "it says where the log is" "$out" "Run container in background. See $T/state/????????????????????????????????????????????????????????????????/log for output."
dir=${out#*See }
dir=${dir%/log for*}
living wait "${dir##*/}" -1
is "the exit status is known afterwards" "$said" "status 3"
is "and once more" "$(living wait "${dir##*/}" -1; echo "$said")" "status 3"
is "the log has the output" "$(cat "$dir/log")" hello
is "the state directory is the owner's alone" "$(stat -c %a "$T/state" "$dir" | tr '\n' ' ')" "700 700 "
is "and so are its files" "$(find "$dir" -type f -perm /077)" ""
living delete "${dir##*/}"
is "deleting removes all of it" "$(left)" ""

# Who reads what an attached program writes goes: that is an error for it, not its end.
start sh -c 'while :; do echo said; sleep 0.01; done'
{
	timeout -k 5 30 "$LIVING" attach "$id" "" </dev/null 2>"$T/unread"
	echo "$?" >"$T/status"
} | head -n 1 >/dev/null
is "output of attach that nobody reads is an error" "$(cat "$T/status") $(cut -d ' ' -f 1,2 "$T/unread")" "1 error 32"
living delete "$id" 1

start sleep 100
is "with -q the id is printed" "$(printf %s "$id" | tr -d 0-9a-f | wc -c) ${#id}" "0 64"
living show "$id"
is "it is running under its id" "${said% *}" "$id $(uname -n) $(cat "$T/state/$id/pid") running"
living show "$(printf %.6s "$id")"
like "the beginning of the id finds it" "$said" "$id *"
living delete "$id"
like "deleting what runs is refused" "$said" "error 16 *: it is running"
ok "and it goes on" test -d "/proc/$(cat "$T/state/$id/pid")"
pid=$(cat "$T/state/$id/pid")
living delete "$id" 1
is "unless it is forced" "$said$(left)" ""
ok "the process is gone" sh -c "! test -d /proc/$pid"
living delete "$id" 2
like "it is not found then" "$said" "error 2 $id: no such container"
living show ../names
like "a path is neither a name nor an id" "$said" "error 22 ../names: neither a name nor an id"
living show ''
like "nothing is neither" "$said" "error 22 : neither*"

# Names
start --name web sh -c 'hostname; exec sleep 100'
web=$id
await grep -q . "$T/state/$id/log"
is "the name is the host name" "$(cat "$T/state/$web/log")" web
living show web
like "the name finds it" "$said" "$web web *"
living show we
like "a part of the name does not" "$said" "error 2 we: no such container"
minc -B -q -r "$bb" --name web true
refused "a name is unique" --name web "$(printf %.12s "$web")"
is "nothing is left of the second" "$(ls "$T/state" | wc -l)" 2
living rename web 'a b'
like "a bad name is refused" "$said" "error 22 *"
living rename web "$(printf %065d 0)"
like "a long one, too" "$said" "error 36 *"
start --name other sleep 100
living rename web other
like "a name in use is refused" "$said" "error 17 *other*"
living show web
like "and changes nothing" "$said" "$web web *"
living rename web db
is "a container is renamed" "$said" db
living show db
like "the new name finds it" "$said" "$web db *"
living show web
like "the old one does not" "$said" "error 2 *"
living rename "$id" web
is "the old name is free" "$said" web
living rename db db
is "its own name is no change" "$said" db
minc -r "$bb" --name fore hostname
is "in the foreground the name is just the host name" "$out" fore
living delete web 1
living delete db 1
is "the names go, too" "$(left)" ""
for name in -x .x 'a/b' '' "$(printf %065d 0)" 'ä'; do
	minc -B -q -r "$bb" --name "$name" true
	refused "the name '$(printf %.8s "$name")' is refused" --name
done
is "no state was made for them" "$(left)" ""

# Ambiguous beginnings: seventeen of them share a digit.
i=0
while [ $i -lt 17 ]; do
	start true
	i=$((i + 1))
done
digit=$(cd "$T/state" && ls -d [0-9a-f]* | cut -c1 | sort | uniq -d | head -n 1)
living show "$digit"
like "an ambiguous beginning is refused" "$said" "error 76 $digit: ambiguous: $digit???????????, $digit???????????*"
living list
is "all are listed" "$(printf '%s\n' "$said" | wc -l)" 17
living list 3
is "a visit can be stopped" "$(printf '%s\n' "$said" | sed -n '$p') $(printf '%s\n' "$said" | wc -l)" "stopped 4"
oldest=$(living list; printf '%s\n' "$said" | head -n 1)
like "the newest is the last one" "$(living list; printf '%s\n' "$said" | tail -n 1)" "$(printf %.12s "$id")*"
for one in "$T"/state/[0-9a-f]*; do
	living wait "${one##*/}" -1
	living delete "${one##*/}"
done
is "nothing is left of them" "$(left)${oldest:+}" ""

# Files for scripts
start --cidfile "$T/cid" --pidfile "$T/pid" sleep 100
is "--cidfile has the id" "$(cat "$T/cid")" "$id"
is "--pidfile has process 1" "$(cat "$T/pid")" "$(cat "$T/state/$id/pid")"
living delete "$id" 1
for option in cidfile pidfile; do
	echo mine >"$T/there"
	minc -B -q -r "$bb" --$option "$T/there" sleep 100
	refused "an existing --$option is refused" --$option there exists
	is "and left alone" "$(cat "$T/there")" mine
	is "nothing runs then" "$(left)" ""
done
rm -f "$T/cid"
minc -B -q -r "$bb" --cidfile "$T/cid" --pidfile "$T/none/pid" sleep 100
refused "a --pidfile that cannot be made is refused" --pidfile none
is "nothing is left then, nor the other file" "$(left)$(find "$T" -maxdepth 1 -name "*cid*")" ""
rm "$T/there"
minc -r "$bb" --pidfile "$T/there" sh -c 'echo x'
is "--pidfile works in the foreground" "$out $(wc -l <"$T/there")" "x 1"
rm -f "$T/cid"
minc -r "$bb" --cidfile "$T/cid" true
refused "--cidfile is refused where there is no id" --cidfile
is "no file is made for it" "$(find "$T" -maxdepth 1 -name "*cid*")" ""

# --rm
start --rm --name gone sh -c 'echo x; exit 4'
ok "--rm leaves nothing" await sh -c "[ -z \"\$(find '$T/state' -mindepth 1 ! -path '$T/state/names')\" ]"
mkfifo "$T/go"
start --rm sh -c 'sleep 100; exit 5'
"$LIVING" hold "$id" <"$T/go" >"$T/held" &
holder=$!
exec 7>"$T/go"
await grep -q open "$T/held"
living kill "$id" 9
await sh -c "! test -d '$T/state/$id'"
exec 7>&-
wait "$holder"
is "who has it open learns the status of what was removed" "$(sed -n '$p' "$T/held")" "status 137"

# Failures of the start
minc -B -q -r "$bb" no-such-command
is "a missing command gives 127" "$status" 127
minc -B -q -r "$bb" /etc/passwd
is "what is no program gives 126" "$status" 126
minc -B -q -r "$bb" -b /nonexistent true
is "a missing bind gives 125" "$status" 125
minc -B -q -r "$bb" --log-size 4095 true
refused "a log below 4096 bytes is refused" --log-size
minc --log-size 1m -r "$bb" true
refused "--log-size needs --background" --log-size
is "nothing is left of a failed start" "$(left)" ""

# Ends
start sh -c 'trap "" TERM; echo up; while :; do sleep 0.1; done'
await grep -q up "$T/state/$id/log"
living wait "$id" 50
like "waiting ends in time" "$said" "error 110 *"
living stop "$id" 15 200
is "who ignores TERM is killed after the grace" "$said" "status 137"
living stop "$id" 15 200
is "stopping it again says the same" "$said" "status 137"
living kill "$id" 15
like "a signal for what has ended is refused" "$said" "error 3 *"
living delete "$id"
for signal in 15 1 2 10; do
	start sleep 100
	living kill "$id" $signal
	living wait "$id" -1
	is "signal $signal gives $((128 + signal))" "$said" "status $((128 + signal))"
	living delete "$id"
done
start --init sleep 100
living stop "$id" 15 -1
is "with --init, too" "$said" "status 143"
living delete "$id"
start sh -c 'trap "echo caught; exit 6" TERM; echo up; while :; do sleep 0.05; done'
await grep -q up "$T/state/$id/log"
living stop "$id" 15 -1
is "who hears TERM ends as it likes" "$said $(tail -n 1 "$T/state/$id/log")" "status 6 caught"
living stop "$id" 99 1
like "an unknown signal is refused" "$said" "error 22 99: no such signal"
living delete "$id"

# The log
start sh -c 'echo one; echo two >&2; echo three'
living wait "$id" -1
is "both streams are in the log" "$(sort <"$T/state/$id/log" | tr '\n' ' ')" "one three two "
streams=$(od -An -v -t u4 -w24 "$T/state/$id/log.index" | awk '{ printf "%s", $5 }')
like "the index knows them apart" "$streams" "*2*"
like "and names the first one, too" "$streams" "*1*"
living delete "$id"
start sh -c 'cat /proc/self/fd/0; readlink /proc/self/fd/0'
living wait "$id" -1
is "standard input is /dev/null" "$(cat "$T/state/$id/log")" /dev/null
living delete "$id"
start --log-size 8k sh -c 'seq 1 20000'
living wait "$id" -1
last=$(tail -n 1 "$T/state/$id/log")
is "the newest output is kept" "$last" 20000
ok "the log is as long as wanted" test "$(wc -c <"$T/state/$id/log")" -le 8192
ok "and so is the old one" test "$(wc -c <"$T/state/$id/log.1")" -le 8192
is "the old one ends where the new one begins" "$(cat "$T/state/$id/log.1" "$T/state/$id/log" | grep -c .)" \
	"$(seq 1 20000 | tail -c "$(cat "$T/state/$id/log.1" "$T/state/$id/log" | wc -c)" | grep -c .)"
is "nothing was lost" "$(cut -d' ' -f3 "$T/state/$id/status")" 0
living delete "$id"
start --log-size 4k sh -c 'i=0; while [ $i -lt 400 ]; do echo x; echo y >&2; i=$((i + 1)); done'
living wait "$id" -1
ok "an index is bounded, too" test "$(wc -c <"$T/state/$id/log.index")" -le 4152
living delete "$id"
is "the old files are removed, too" "$(left)" ""

# Damage
break_one() { # NAME TEXT
	start sleep 100
	cp "$T/state/$id/state.json" "$T/good.json"
	printf '%s' "$2" >"$T/state/$id/state.json"
	living show "$id"
	like "state.json that is $1 is refused" "$said" "error 74 *damaged*$id/state.json"
	living list
	like "and passed over with a warning" "$said" "warning container $(printf %.12s "$id"): its state is damaged"
	cp "$T/good.json" "$T/state/$id/state.json"
	living delete "$id" 1
	is "mended it is deleted" "$said$(left)" ""
}
break_one empty ''
break_one text 'hello'
break_one "an array" '[]'
break_one truncated '{ "version": 1, "pid":'
break_one "of another version" '{ "version": 2 }'
break_one "of a wrong process" '{ "version": 1, "pid": -1, "start_time": "1", "created_ns": "1", "hostname": "x", "storage": null, "terminal": false, "init": false, "auto_remove": false, "command": [], "cgroups": [] }'
start true
living wait "$id" -1
for text in '' 'x' '256 1 0
' '0 1' '-1 1 0
' '0 1 0'; do
	printf '%s' "$text" >"$T/state/$id/status"
	living wait "$id" -1
	like "a damaged status ('$(printf %.5s "$text" | tr '\n' ' ')') is an error" "$said" "error *"
done
printf '7 1 0\n' >"$T/state/$id/status"
printf '../../etc' >"$T/state/$id/name"
living show "$id"
like "a name that is a path is none" "$said" "$id $(uname -n) * exited *"
living delete "$id"
is "and leads nowhere" "$(left)" ""
start sleep 100
sed 's/"start_time": "[0-9]*"/"start_time": "1"/' "$T/state/$id/state.json" >"$T/other.json"
cp "$T/state/$id/state.json" "$T/good.json"
cp "$T/other.json" "$T/state/$id/state.json"
living kill "$id" 9
like "another process with the number is never meant" "$said" "error 3 *"
cp "$T/good.json" "$T/state/$id/state.json"
living delete "$id" 1
printf x >"$T/state/0000"
mkdir "$T/state/$(printf %064d 1)"
ln -s /etc "$T/state/$(printf %064d 2)"
ln -s nowhere "$T/state/names/loose"
ln -s "$(printf %064d 3)" "$T/state/names/dead"
start --rm true
ok "a directory that is nobody's is swept" test ! -d "$T/state/$(printf %064d 1)"
ok "a name that leads nowhere is swept" test ! -L "$T/state/names/dead"
ok "what is not ours is left" test -L "$T/state/$(printf %064d 2)" -a -f "$T/state/0000" -a -L "$T/state/names/loose"
rm "$T/state/0000" "$T/state/$(printf %064d 2)" "$T/state/names/loose"
await sh -c "! test -d '$T/state/$id'"

# The state directory
state() { # DIR
	MINC_STATE_DIR=$1
}
mkdir "$T/state-open"
chmod 755 "$T/state-open"
state "$T/state-open"
minc -B -q -r "$bb" true
refused "a state directory that others may read is refused" "$T/state-open" alone
chmod 700 "$T/state-open"
if as_root; then
	chown 12345 "$T/state-open"
	minc -B -q -r "$bb" true
	refused "a state directory of somebody else is refused" "$T/state-open" 12345
	living list
	like "nor is it looked into" "$said" "error 1 *"
else
	state /root/nothing
	minc -B -q -r "$bb" true
	refused "a state directory of somebody else is refused" /root/nothing
fi
ln -s "$T/state" "$T/state-link"
state "$T/state-link"
minc -B -q -r "$bb" true
refused "a state directory that is a link is refused" "$T/state-link"
state "$T/none/deeper"
minc -B -q -r "$bb" true
refused "a state directory without a parent is refused" "$T/none/deeper"
living list
is "without a state directory there are no containers" "$said" ""
state relative
MINC_STATE_DIR='' XDG_RUNTIME_DIR=$T/xdg
mkdir -m 700 "$T/xdg"
if ! as_root; then
	export XDG_RUNTIME_DIR
	start --rm true
	ok "a user's state lies in XDG_RUNTIME_DIR" test -d "$T/xdg/minc"
	unset XDG_RUNTIME_DIR
fi
state "$T/state"

# Disks
if as_root && unshare -m true 2>/dev/null; then
	mkdir "$T/state-small"
	mount -t tmpfs -o size=1m,mode=700 none "$T/state-small"
	state "$T/state-small"
	start sh -c 'dd if=/dev/zero bs=64k count=64 2>/dev/null; echo end; exit 7'
	living wait "$id" -1
	is "a container goes on when the disk of its log is full" "$said" "status 7"
	ok "what was lost is counted" test "$(cut -d' ' -f3 "$T/state-small/$id/status")" -gt 1000000
	total=$(($(wc -c <"$T/state-small/$id/log") + $(cut -d' ' -f3 "$T/state-small/$id/status")))
	is "exactly" "$total" $((64 * 65536 + 4))
	living delete "$id"
	start sh -c 'dd if=/dev/zero bs=64k count=64 2>/dev/null; touch /tmp/up; while ! test -e /tmp/go; do sleep 0.05; done; echo again'
	# what is still in the pipe then fits into the room that is made
	await test -e "/proc/$(cat "$T/state-small/$id/pid")/root/tmp/up"
	: >"$T/state-small/$id/log"
	nsenter -t "$(cat "$T/state-small/$id/pid")" -m touch /tmp/go
	living wait "$id" -1
	has "it logs again when there is room" "$(tr -d '\0' <"$T/state-small/$id/log")" again
	lost=$(od -An -v -t u4 -w24 "$T/state-small/$id/log.index" | awk '$6 { n += $6 } END { print n + 0 }')
	is "the index says how much is missing" "$lost" "$(cut -d' ' -f3 "$T/state-small/$id/status")"
	living delete "$id"
	dd if=/dev/zero of="$T/state-small/filler" bs=4k 2>/dev/null
	minc -B -q -r "$bb" true
	refused "a start without room for its state fails" "No space"
	is "and leaves nothing" "$(find "$T/state-small" -mindepth 1 -maxdepth 1 ! -name names -printf "%f")" filler
	rm "$T/state-small/filler"
	mount -o remount,ro "$T/state-small"
	minc -B -q -r "$bb" true
	refused "a state directory that cannot be written is refused" "Read-only"
	living list
	is "but it can be read" "$said" ""
	umount "$T/state-small"
	state "$T/state"
else
	skip "a full disk" "needs root"
fi

# Storage
mkdir "$T/keep"
minc -B -q -r "$bb" -t "$T/keep" sh -c 'echo kept >/root/file; sleep 100'
id=$out
minc -r "$bb" -t "$T/keep" true
refused "a storage directory stays locked without the starter" -t "in use"
living delete "$id" 1
minc -r "$bb" -t "$T/keep" cat /root/file
is "afterwards it can be used again" "$out" kept

# A range of ids: the monitor and the container have memory of their own.
range() { # SCRIPT: run by a user that only this mount namespace knows
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m --propagation private sh -c '
		for f in passwd group subuid subgid; do
			mount --bind "$1/$f" "/etc/$f" || exit 125
		done
		exec setpriv --reuid 12399 --regid 12399 --clear-groups env \
			LD_LIBRARY_PATH="$2" MINC_MODULE_DIR="$2" MINC="$2/minc" LIVING="$2/living" \
			sh -c "$3"' sh "$T/range" "$T/tools" "$1"
}
if as_root && [ -u /usr/bin/newuidmap ] && [ -f /etc/subuid ] && [ -f /etc/subgid ]; then
	tools_for_others
	mkdir "$T/range"
	mkdir -m 700 "$T/state-range"
	chown 12399:12399 "$T/state-range"
	for f in passwd group subuid subgid; do cp "/etc/$f" "$T/range/$f"; done
	echo "minctest:x:12399:12399::/:/bin/sh" >>"$T/range/passwd"
	echo "minctest:x:12399:" >>"$T/range/group"
	echo "minctest:700000:65536" | tee -a "$T/range/subuid" >>"$T/range/subgid"
	export bb
	state "$T/state-range"
	# shellcheck disable=SC2016 # for the inner shell
	said=$(range 'cd / && id=$("$MINC" -B -q --userns range -r "$bb" sh -c "wc -l </proc/self/uid_map; exit 3") &&
		"$LIVING" wait "$id" -1 && cat "$MINC_STATE_DIR/$id/log" && "$LIVING" delete "$id"' 2>&1)
	is "with a range of ids it runs in the background, too" "$said" "status 3
2"
	is "and leaves nothing" "$(find "$T/state-range" -mindepth 1)" ""
	state "$T/state"
else
	skip "a range of ids in the background" "needs root, newuidmap(1), subuid(5)"
fi

# Orphans
cp "$PROBE" "$bb/usr/bin/probe"
start --init sh -c 'probe orphans 1000; i=0
	while [ $i -lt 200 ]; do
		n=$(grep -c "^State:.Z" /proc/[0-9]*/status 2>/dev/null | grep -c ":1$")
		[ "$n" = 0 ] && break
		i=$((i + 1)); sleep 0.05
	done
	echo $n'
living wait "$id" -1
is "a thousand orphans leave no zombie" "$(tail -n 1 "$T/state/$id/log")" 0
living delete "$id"
is "nothing is left at the end" "$(left)" ""
done_testing
