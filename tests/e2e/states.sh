#!/bin/sh
# SPDX-License-Identifier: MIT
# states - a container can be dealt with whatever happened to it; cases.md says who met what.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_image bb -c 'CMD ["sh", "-c", "echo default"]' # or skip
bb=$T/bb
[ -d "$bb" ] || busybox_root "$bb"
store() { # what is in containers/ of the store
	# shellcheck disable=SC2012 # names are ids
	ls "$MINCS_DIR/containers" | wc -l
}

# The name of one that was to be removed.
free_again() { # NAME
	marten run --rm --name "$1" bb echo again
	is "$1: its name is free" "$status $out" "0 again"
}
marten run -d --rm --name waited bb sleep 0.1
marten wait waited
free_again waited
marten run -d --rm --name stopped bb sleep 1000
marten stop -t 0 stopped
free_again stopped
marten run -d --rm --name followed bb sh -c 'echo said'
marten logs -f followed
free_again followed
marten create --rm --name made bb true
marten start -a made
free_again made
marten run -d --rm --name gone bb true
await sh -c '! "$MARTEN" top gone >/dev/null 2>&1'
marten start gone
refused "one that has ended cannot be started" gone "no such container"
marten run -d --rm --name left bb sleep 1000
marten run --name other bb true
await sh -c '"$MARTEN" stop -t 0 left'
marten rename other left
is "nor does it keep its name from another" "$status$err" 0
marten rm left
is "and nothing of them is left" "$(store)" 0

# A start that was killed: its record says who made it, and that one is gone.
marten create --rm --name killed bb true
sed -i 's/remove\\n/remove\\nstarting start-0123456789abcdef\\n/' "$MINCS_DIR/containers/$out/container.json"
marten ps -aq
is "a start that was killed is not listed" "$status $out" "0 "
is "and has left nothing" "$(store)" 0
marten create --rm --name killed bb true
sed -i 's/remove\\n/remove\\nstarting start-0123456789abcdef\\n/' "$MINCS_DIR/containers/$out/container.json"
: >"$MINCS_DIR/containers/start-0123456789abcdef"
marten run --rm --name killed bb echo free
is "its name is free" "$status $out" "0 free"
marten ps -aq
is "its mark is swept" "$(store)" 0
if command -v flock >/dev/null; then
	marten create --rm --name busy bb true
	sed -i 's/remove\\n/remove\\nstarting start-0123456789abcdef\\n/' "$MINCS_DIR/containers/$out/container.json"
	out=$(flock "$MINCS_DIR/containers/start-0123456789abcdef" "$MARTEN" ps -a)
	has "while its starter lives it is there" "$out" busy
else
	skip "while its starter lives it is there" "needs flock(1)"
fi
marten ps -aq
marten create --rm --name patient bb true
marten ps -a
has "one that waits to be started is no such" "$out" patient
marten start -a patient
is "and starts" "$status" 0
is "then nothing is left" "$(store)" 0

# One that was made and not started.
marten create --name made -e A=1 -m 64m bb echo typed
made=$out
for verb in logs "logs -f" diff "apply --yes"; do
	# shellcheck disable=SC2086 # with its option
	marten $verb made
	is "$verb of it is empty" "$status$out$err" 0
done
marten wait made
is "it has no end to be waited for" "$status $out" "0 0"
marten stop made
is "nor to be stopped" "$status$err" 0
marten kill made
refused "but it hears no signal" made "not running"
marten inspect made
for part in "\"$made\"" '"created"' '"echo", "typed"' '"A=1"' '"-m", "64m"'; do
	has "inspect shows $part" "$out" "$part"
done
marten export -o "$T/made.tar" made
is "it can be exported" "$status" 0
has "with what its image has" "$(tar tf "$T/made.tar")" usr/bin/busybox
marten commit -q -c 'ENV B=2' made image:1
is "and committed" "$status" 0
marten run --rm image:1 sh -c 'echo $B'
is "with changes, and without a layer" "$status $out" "0 2"
marten history image:1
has "its history has the commit" "$out" "commit of a container"
marten fsck
is "the store is whole" "$status $out" "0 "
marten rename made named
marten rm named
is "it can be renamed and removed" "$status$err$("$MARTEN" ps -aq)" 0

# What is known is damaged.
marten run -d --name damaged bb sleep 1000
damaged=$out
pid=$(cat "$MINC_STATE_DIR/$damaged/pid")
echo garbage >"$MINC_STATE_DIR/$damaged/state.json"
marten stop damaged
refused "damage is told" damaged
has "with the way out" "$err" "marten rm -f"
marten rm damaged
refused "what still runs is not removed" damaged running
marten rm -f damaged
is "rm -f removes it" "$status$err" 0
await test ! -e "/proc/$pid"
ok "it has ended" test ! -e "/proc/$pid"
free_again damaged
marten create --name damaged bb sleep 1000
damaged=$out
# Another process says that it is the monitor, as one in the container could, and is found first.
cp "$(command -v tail)" "$T/minc-monitor"
PATH=$T:$PATH minc-monitor -f /dev/null "$damaged" >/dev/null 2>&1 &
decoy=$!
PATH=$T:$PATH minc-monitor -f /dev/null "$damaged" 1:1 >/dev/null 2>&1 & # of another state directory
other=$!
await grep -q minc-monitor "/proc/$other/cmdline"
marten start damaged
pid=$(cat "$MINC_STATE_DIR/$damaged/pid")
echo garbage >"$MINC_STATE_DIR/$damaged/state.json"
marten rm -f damaged
kill $decoy 2>/dev/null
ok "the monitor of the same id in another state directory is left alone" kill -0 "$other"
kill $other
is "who says that it is the monitor does not save it" "$status$err" 0
await test ! -e "/proc/$pid"
ok "it has ended" test ! -e "/proc/$pid"
marten run --name damaged bb true
rm "$MINC_STATE_DIR"/[0-9a-f]*/state.json
mkdir "$(echo "$MINC_STATE_DIR"/[0-9a-f]*)/state.json"
marten rm damaged
refused "what is not ours is not removed, and named" damaged "something else"
rmdir "$MINC_STATE_DIR"/[0-9a-f]*/state.json
marten rm damaged
is "without it, it is" "$status$err" 0
minc -B --name plain -r "$bb" true
await sh -c '"$MARTEN" wait plain >/dev/null'
for file in "$MINC_STATE_DIR"/[0-9a-f]*/state.json; do : >"$file"; done
marten rm plain
is "one of minc's, that has ended, goes without force" "$status$err" 0
marten create --name same bb true
other=$out
minc -B --name same -r "$bb" sleep 1000
for file in "$MINC_STATE_DIR"/[0-9a-f]*/state.json; do : >"$file"; done
marten rm -f same
is "one of minc's, that is damaged, goes" "$status$err" 0
ok "another of that name in the store stays" test -d "$MINCS_DIR/containers/$other"
marten rm same
is "and is the one that has the name" "$status$err" 0
# A process of another container has the words of its monitor, and a lower number.
cp "$PROBE" "$bb/usr/bin/probe"
mkdir "$T/words" && mkfifo "$T/words/id" "$T/words/never"
minc -B --name decoy --pidfile "$T/decoy" -b "$T/words:/words" -r "$bb" sh -c 'read -r id </words/id
	exec -a minc-monitor /usr/bin/probe offer 0 "$id" 0<>/words/never'
minc -B --name marked --cidfile "$T/cid" --pidfile "$T/marked" -r "$bb" sleep 1000
read -r id <"$T/cid"
read -r pid <"$T/marked"
read -r decoy <"$T/decoy"
echo "$id" >"$T/words/id"
await grep -q minc-monitor "/proc/$decoy/cmdline"
echo garbage >"$MINC_STATE_DIR/$id/state.json"
marten rm -f marked
is "one whose monitor's words somebody else has goes" "$status$err" 0
await test ! -e "/proc/$pid"
ok "with its processes" test ! -e "/proc/$pid"
ok "and not who has the words" grep -q minc-monitor "/proc/$decoy/cmdline"
marten rm -f decoy
marten create --name record bb true
record=$out
echo '{' >"$MINCS_DIR/containers/$record/container.json"
marten ps -a
has "a damaged record is told" "$err" "$(printf %.12s "$record")"
marten rm "$(printf %.12s "$record")"
is "and can be removed by its id" "$status" 0
is "nothing is left of them" "$(store)" 0

# Nobody hears that it runs.
runs() { # NAME: it does, and is ended
	case $("$MARTEN" ps) in
	*"$1"*) "$MARTEN" rm -f "$1" ;;
	*) return 1 ;;
	esac
}
for where in '>&-' '>/dev/full' '| true'; do
	rm -f "$T/status"
	sh -c "{ sleep 0.1; \"\$MARTEN\" run -d --name unheard bb sleep 1000 2>\"$T/err\"; echo \$? >\"$T/status\"; } $where"
	is "run -d $where is no failure" "$(cat "$T/status")" 0
	like "standard error says that it runs" "$(cat "$T/err")" "*standard output: *running: [0-9a-f]*"
	ok "and it does" runs unheard
	sh -c "{ sleep 0.1; \"\$MINC\" -B --name unheard -r $bb sleep 1000 2>\"$T/err\"; echo \$? >\"$T/status\"; } $where"
	is "minc -B $where is no failure" "$(cat "$T/status")" 0
	like "standard error says that it runs" "$(cat "$T/err")" "*standard output: *running: *"
	ok "and it does" runs unheard
done
"$MARTEN" create --name unheard bb true >/dev/full 2>"$T/err"
is "create, too" "$?" 0
"$MARTEN" start unheard >/dev/full 2>"$T/err"
is "and start" "$?" 0
marten rm -f unheard

# Limits of one that has ended.
if marten run -d --name limited --memory 64m --ulimit nofile=100 bb true && [ "$status" = 0 ]; then
	marten wait limited
	marten inspect limited
	like "limits of one that has ended are shown with what enforced them" "$out" \
		'*"linux.resources.memory.limit",*"enforced_by": "cgroup v[12] memory"*'
	hasnt "as they did" "$out" '"nothing"'
	marten rm -f limited
else
	marten rm -f limited
	skip "limits of one that has ended" "no control group may be made here"
fi

# Process 1 whose first thread has ended: to /proc it is a zombie, but it runs.
cp "$DROPS" "$bb/bin/drops"
minc -B -q --name headless -r "$bb" drops left
pid=$("$MARTEN" inspect headless | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
await grep -q ') Z ' "/proc/$pid/stat"
marten rm headless
refused "one whose first thread has ended runs" headless "it is running"
marten cp headless:/bin/drops "$T/copied"
is "files are copied from it" "$status $(cmp "$DROPS" "$T/copied")" "0 "
marten cp "$T/copied" headless:/copied
"$MARTEN" cp headless:/copied - | tar -C "$T" -xf - -O copied | cmp - "$DROPS"
status=$?
is "and to it" "$status" 0
marten exec headless true
is "it is said why nothing can enter it" "$status $err" \
	"125 marten: exec: the first thread of process 1 has ended: the container cannot be entered"
marten pause headless
marten ps
like "it can be paused" "$out" "*aused*headless*"
marten unpause headless
marten stop -t 0 headless
is "and stopped" "$status" 0
marten rm headless
is "and removed" "$status" 0

marten ps -aq
is "nothing is left" "$out" ""
done_testing
