#!/bin/sh
# SPDX-License-Identifier: MIT
# exec - other commands in a running container; top, pause and unpause.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
mkdir "$T/in"
chmod 777 "$T/in"
minc -B --name box -e COLOUR=blue -w /mnt -r "$bb" -b "$T/in:/in" sleep 1000

marten exec box sh -c 'exit 9'
is "the status is the command's" "$status" 9
marten exec box sh -c 'kill -TERM $$'
is "or 128 and the signal" "$status" 143
description=$(echo "$MINC_STATE_DIR"/[0-9a-f]*/config.json)
mv "$description" "$T/description"
mkfifo "$description"
LIMIT=10 marten exec box true
is "what is no file in place of its description is not waited for" "$status" 125
has "but named" "$err" "config.json: not a regular file"
mv "$T/description" "$description"
marten exec box no-such-command
is "127 if it is not there" "$status" 127
has "which is named" "$err" no-such-command
marten exec box /etc/passwd
is "126 if it is not executable" "$status" 126
marten exec box printf '%s|' 'a  b' '*' '' "it's" -x --help
is "arguments arrive as they are" "$out" "a  b|*||it's|-x|--help|"
marten exec -- box echo -- x
is "what follows the container is the command's" "$out" "-- x"
marten exec box sh -c 'echo out; echo err >&2'
is "the streams are apart" "$out $err" "out err"
is "with -i the command reads our input" "$(echo word | "$MARTEN" exec -i box cat)" word
is "without it nothing" "$(echo word | "$MARTEN" exec box cat)" ""
marten exec box sh -c 'echo $COLOUR; pwd; cat /proc/1/comm; hostname'
is "it has the environment, directory and namespaces of the container" "$out" "blue
/mnt
sleep
box"
marten exec -e COLOUR=red --env SHAPE=round box sh -c 'echo $COLOUR $SHAPE'
is "variables can be set" "$out" "red round"
SHAPE=square marten exec -e SHAPE -e COLOUR=a=b box sh -c 'echo $SHAPE $COLOUR'
is "and handed on" "$out" "square a=b"
marten exec -w /etc box pwd
is "another directory" "$out" /etc
marten exec --workdir=/nowhere box pwd
refused "one that is not there is named" /nowhere
marten exec -u 4294967295 box id
refused "an impossible user is named with its option" "--user 4294967295"
marten exec -w etc box pwd
refused "so is a relative directory" "--workdir etc"
marten exec -e =x box true
refused "and a variable without a name" "--env =x"
if as_root; then
	marten exec -u 1500:1501 box id -u
	is "another user" "$out" 1500
	marten exec -u bob box sh -c 'id -u; id -g'
	is "by the container's name" "$out" "1500
1501"
	marten exec -u nobody-there box id
	refused "a user that is not there is named" nobody-there
	marten exec box grep CapEff /proc/self/status
	few=$out
	marten exec --privileged box grep CapEff /proc/self/status
	unlike "the protections can be lifted" "$out" "$few"
else
	marten exec -u 1500:1501 box sh -c 'id -u; id -g'
	is "another user, who may have the caller's one id under another number" "$out" "1500
1501"
	marten exec -u bob box sh -c 'id -u; id -g; grep CapEff /proc/self/status'
	is "by the container's name, without capabilities" "$out" "1500
1501
CapEff:	0000000000000000"
	marten exec -u nobody-there box id
	refused "a user that is not there is named" nobody-there
	marten exec -u bob box sh -c 'echo mine >/tmp/of-bob'
	marten exec box stat -c %u /tmp/of-bob
	if has_range; then
		is "what it makes is its own" "$out" 1500
	else
		is "what it makes is the container's one user's" "$out" 0
	fi
	marten exec box id -u
	is "and the others keep their number" "$out" 0
fi
marten exec -i -t box tty
refused "a terminal from no terminal is refused" terminal
marten exec -t box tty
has "but a terminal alone is given" "$out" /dev/
marten exec box
refused "a command is asked for" COMMAND

marten exec -d box sh -c 'echo begun >/in/begun; exec sleep 999'
is "detached it returns" "$status$out" 0
await grep -q begun "$T/in/begun"
ok "and goes on" grep -q begun "$T/in/begun"
await sh -c '"$MARTEN" top box | grep -q "sleep 999"'
marten top box
like "top has a head" "$out" "PID*INSIDE*UID*TIME*COMMAND*"
pid=$(printf '%s\n' "$out" | awk '/sleep 999/ { print $1 }')
is "the process outside" "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 999 "
is "and inside" "$(printf '%s\n' "$out" | awk '/sleep 1000/ { print $2 }')" 1

# A profile may refuse what entering needs: it is said, and by all that it needs.
for call in clone sendmsg read setsid; do
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO",
		"names": ["'$call'"]}]}' >"$T/$call.json"
	minc -B --name narrow --seccomp "$T/$call.json" -r "$bb" sleep 1000
	marten exec narrow true
	is "a profile without $call keeps a command out" "$status" 126
	has "which says what is needed" "$err" "$call(2)"
	marten rm -f narrow
done

# The box has no limits, so its processes are counted: two of them.
marten stats --no-stream box
like "stats has a head" "$out" "CONTAINER ID*NAME*CPU %*MEMORY*LIMIT*PIDS*READ*WRITTEN*"
like "and a line for the container" "$(printf '%s\n' "$out" | sed 1d)" '* box *% *B  *-  *2  *'
marten stats --no-stream --format json
if command -v jq >/dev/null; then
	is "JSON" "$(printf '%s\n' "$out" | jq -c '[.name, .pids, .oom_kills, .memory_limit_bytes, .in_groups, .memory_bytes > 4096]')" \
		'["box",2,null,null,false,true]'
else
	skip "JSON" "needs jq"
fi
timeout 30 "$MARTEN" stats box >"$T/stats" &
stats=$!
await sh -c 'test "$(grep -c box "$1")" -ge 2' sh "$T/stats"
ok "without --no-stream it looks again" kill "$stats"
marten stats none
refused "an unknown container is named" none
if as_root && minc -B --name few --pids-limit 77 -m 64m -r "$bb" sleep 1000; then
	marten stats --no-stream few
	like "the last column says what enforces the limits" "$out" "*LIMITS BY*cgroup v[12] memory*cgroup v[12] pids*"
	marten stats --no-stream --format json few
	like "and so does JSON" "$out" '*"linux.resources.pids.limit": "cgroup v[12] pids"*'
	like "control groups count the peak, too" "$out" '*"memory_limit_bytes": 67108864*"memory_peak_bytes": [0-9]*"pids": 1,*"in_groups": true*'
	marten rm -f few
else
	skip "control groups count the peak, too" "no limits here"
fi

state() {
	"$MARTEN" ps --format json | sed -n 's/.*"state": "\([a-z]*\)".*/\1/p'
}
marten pause box
is "pause" "$status$err$(state)" 0paused
marten ps
has "ps says so" "$out" "(paused)"
marten unpause box
is "unpause" "$status$err$(state)" 0running
marten pause box
marten resume box
is "resume is the same" "$status$err$(state)" 0running
marten pause box
marten stop -t 1 box
is "a paused container can be stopped" "$status$err" 0
marten exec box true
refused "nothing runs in what has ended" box
marten top box
refused "nor is there anything to list" box
marten pause box
refused "nor to pause" box
ok "what was detached ended with it" test ! -e "/proc/$pid"
done_testing
