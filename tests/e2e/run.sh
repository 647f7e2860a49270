#!/bin/sh
# SPDX-License-Identifier: MIT
# run - marten run, create, start, restart: containers of images.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

# What cannot be carried out is refused before anything is made.
marten run
refused "run wants an image" run IMAGE
marten run -p 80:80 bb
refused "ports are refused with the reason" -p bridge
marten run --network bridge bb
refused "a bridge is refused with what there is" --network host none
marten run --restart always bb
refused "a restart policy is refused" --restart
marten run --pid host bb
refused "another's namespace is refused" --pid
marten run --security-opt label=type:t bb
refused "an unknown security option is named" label=type:t
marten run -m 5x bb
refused "a bad size is named" -m 5x
marten run --pull sometimes bb
refused "a bad word is named" --pull sometimes
marten run --fly bb
refused "an unknown option is named" --fly

busybox_image bb -c 'CMD ["sh", "-c", "echo default"]' -c 'ENV COLOUR=blue' \
	-c 'WORKDIR /tmp' -c 'STOPSIGNAL USR1' -c 'VOLUME /var/data' || {
	result not-ok "an image can be made"
	done_testing
}
run() {
	marten run --rm "$@"
}
is_gone() { # NAME
	! "$MARTEN" ps -aq --no-trunc | grep -q . && ! "$MARTEN" inspect --type container "$1" 2>/dev/null
}

# What runs.
run bb
is "without a command the image's runs" "$status $out" "0 default"
run bb echo hello
is "or the one that is given" "$status $out" "0 hello"
run --entrypoint echo bb a b
is "--entrypoint comes before it" "$out" "a b"
run bb sh -c 'exit 7'
is "its exit status is ours" "$status" 7
run --init bb sh -c 'kill -9 $$'
is "128+N if a signal ended it" "$status" 137
run bb no-such-command
is "127 if it was not found" "$status" 127
run bb /etc/passwd
is "126 if it cannot be executed" "$status" 126
run --pull never nothing-there
refused "an image that is not there is named" nothing-there
marten ps -aq
is "and nothing of all this is left" "$out" ""
# shellcheck disable=SC2012 # names are ids
is "nor in the store" "$(ls "$MINCS_DIR/containers" 2>/dev/null | wc -l)" 0
run bb sh -c 'echo out; echo err >&2'
is "standard output and error are two" "$out $err" "out err"
is "all of a long output arrives at a slow reader" \
	"$("$MARTEN" run --rm bb sh -c 'dd if=/dev/zero bs=1024 count=20000 2>/dev/null' | { sleep 1; wc -c; })" 20480000
is "with -i it reads our standard input" "$(echo typed | "$MARTEN" run --rm -i bb cat)" typed
is "and without it nothing" "$(echo typed | "$MARTEN" run --rm bb cat)" ""
run -it bb true
refused "-it wants a terminal" -it

# What it is.
run bb sh -c 'echo $COLOUR; pwd'
is "environment and directory are the image's" "$out" "blue
/tmp"
PASSED=on run -e PASSED -e COLOUR=red bb sh -c 'echo $PASSED $COLOUR'
is "-e adds and replaces" "$out" "on red"
printf '# a comment\n\nA=1 2\nB="x"\n' >"$T/env"
run --env-file "$T/env" -e B=2 bb sh -c 'echo "$A|$B"'
is "--env-file has lines" "$out" "1 2|2"
# shellcheck disable=SC2016 # for the shell inside
out=$(printf 'A=of a pipe\n' | "$MARTEN" run --rm --env-file /dev/fd/3 bb sh -c 'echo "$A"' 3<&0 </dev/null)
is "which may be what a program writes" "$out" "of a pipe"
printf 'no equals sign\n' >"$T/bad-env"
run --env-file "$T/bad-env" bb true
refused "a bad line is named" "$T/bad-env" "line 1"
run -w /etc bb pwd
is "-w" "$out" /etc
run --hostname some.host bb hostname
is "--hostname" "$out" some.host
run --name named bb sh -c 'hostname'
like "the host name is the beginning of the id" "$out" '????????????'
run --network none bb sh -c 'tail -n +3 /proc/net/dev | cut -d : -f 1 | tr -d " "'
is "--network none" "$out" lo
run --read-only bb sh -c 'touch /x 2>/dev/null || echo no; touch /var/data/x && echo yes'
is "--read-only, but for the volumes of the image" "$out" "no
yes"
run --tmpfs /scratch:size=1m bb sh -c 'df -k /scratch | awk "NR == 2 { print \$2 }"'
is "--tmpfs has a size" "$out" 1024
if as_root; then
	run -u 1500 bb id -u
	is "-u" "$out" 1500
	run -u bob bb id -gn
	is "-u knows the image's names" "$out" bob
fi

# What it sees.
mkdir "$T/shared"
echo content >"$T/shared/file"
run -v "$T/shared:/s" bb sh -c 'cat /s/file; echo new >/s/new'
is "-v shows a directory of the host" "$out $(cat "$T/shared/new")" "content new"
run -v "$T/shared:/s:ro" bb touch /s/x
is "and with ro cannot be written" "$status" 1
run -v "$T/missing:/s" bb true
refused "a missing one is named" "$T/missing"
run -v vol:/v bb sh -c 'echo kept >/v/f'
run --mount type=volume,source=vol,target=/v,readonly bb cat /v/f
is "a volume with a name is kept" "$out" kept
marten volume rm vol
is "until it is removed" "$status" 0
run -v 'bad/name:/v' bb true
refused "a name that is none is named" bad/name
run --mount type=bind,target=/v bb true
refused "a mount without source is named" source=
(cd "$T" && "$MARTEN" run --rm -v ./shared:/s bb cat /s/file) >"$T/out"
is "a path may be relative" "$(cat "$T/out")" content

# Containers that stay.
marten run --name one bb sh -c 'echo one >/kept'
is "without --rm" "$status" 0
marten ps -a
like "it stays" "$(printf '%s\n' "$out" | sed -n 2p)" '????????????   bb * Exited (0) * ago *one'
marten start -a one
is "start -a starts it again" "$status" 0
marten export -q one -o "$T/one.tar"
has "with what it wrote" "$(tar tf "$T/one.tar")" kept
marten commit -q -m "more" one bb:more
is "commit makes an image of it" "$status" 0
run bb:more cat /kept
is "which has what it wrote" "$out" one
marten run --name one bb true
refused "a name that is taken is named" one
marten rename one two
is "rename renames both" "$status $("$MARTEN" ps -a --format json | grep -c '"two"')" "0 1"
marten rm two
is "rm removes both" "$status" 0
marten ps -aq
is "and nothing is left" "$out" ""

# In the background.
marten run -d --name web --label role=web bb sh -c 'trap "echo bye; exit 3" USR1; echo up; while :; do sleep 0.1; done'
is "run -d prints an id" "$status ${#out}" "0 64"
id=$out
marten ps
has "which is that of ps" "$out" "$(echo "$id" | cut -c 1-12)"
marten ps --format json
has "with its image" "$out" '"image": "bb"'
has "and labels" "$out" 'role=web'
marten inspect web
ok "inspect is JSON" python3 -c 'import json,sys
i = json.loads(sys.argv[1])
assert i["id"] == sys.argv[2] and i["image"] == "bb" and i["state"] == "running"' "$out" "$id"
marten exec web echo inside
is "exec works on it" "$out" inside
await sh -c '"$MARTEN" logs web | grep -q up'
marten logs web
is "logs works on it" "$out" up
marten rm web
refused "rm of what runs is refused" web
marten start web
is "start of what runs does nothing" "$status" 0
marten stop web
is "stop" "$status" 0
marten logs web
has "sends the signal of the image" "$out" bye
marten ps -a
has "and its status is known" "$out" "Exited (3)"
marten restart web
is "restart starts it again" "$status $("$MARTEN" ps -q | wc -l)" "0 1"
mkdir "$T/heard"
marten run -d --name heard -v "$T/heard:/h" bb sh -c 'trap "echo usr1 >/h/got; exit" USR1
	trap "echo term >/h/got; exit" TERM; echo >/h/up; while :; do sleep 0.1; done'
await test -e "$T/heard/up"
marten restart heard
is "what runs is sent the signal of its image first" "$status $(cat "$T/heard/got")" "0 usr1"
marten rm -f heard
marten rmi bb
is "an image that is used is not removed" "$status" 1
marten rm -f web
is "rm -f ends it" "$status" 0
marten run -d --rm --name gone bb true
await is_gone gone
ok "run -d --rm leaves nothing" is_gone gone

# create
marten create --name later -v "$T/shared:/s" -e A=1 bb sh -c 'echo "$A"; cat /s/file'
is "create prints an id" "$status ${#out}" "0 64"
marten ps -a
has "it is created" "$out" Created
marten exec later true
refused "exec before its start says so" later "not running"
marten start -a later
is "start -a is as it was made" "$out" "1
content"
mkdir "$T/here"
(cd "$T/here" && "$MARTEN" run -d --name stays bb sleep 600 >/dev/null)
pid_of() { # NAME, of one that runs
	"$MARTEN" ps --format json | grep "\"name\": \"$1\"" | grep -o '"pid": [1-9][0-9]*'
}
first=$(pid_of stays)
like "it runs" "$first" '"pid": *'
rmdir "$T/here"
marten restart stays
refused "restart names what is missing by now" "$T/here"
is "and has stopped nothing" "$(pid_of stays)" "$first"
mkdir "$T/here"
marten restart -t 0 stays
is "when it is there again" "$status" 0
unlike "another process is started" "$(pid_of stays)" "$first"
marten rm -f stays
rm -r "$T/shared"
marten start later
refused "what is missing by now is named" "$T/shared"
marten rm later

# Files for scripts.
run --cidfile "$T/cid" --pidfile "$T/pid" bb true
is "--cidfile has the id" "$(wc -c <"$T/cid")" 64
like "--pidfile a number" "$(cat "$T/pid")" '[1-9]*'
run --cidfile "$T/cid" bb true
refused "what is there is not overwritten" "$T/cid"

done_testing
