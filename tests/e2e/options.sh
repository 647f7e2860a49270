#!/bin/sh
# SPDX-License-Identifier: MIT
# options - as users of docker(1) and podman(1) type them; cases.md says who met what.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_image bb -c 'VOLUME /var/data' # or skip
bb=$T/bb
[ -d "$bb" ] || busybox_root "$bb"
run() {
	marten run --rm "$@"
}

# Switches.
for word in true True 1 t TRUE; do
	run --read-only="$word" bb touch /x
	has "--read-only=$word turns it on" "$err" "Read-only"
done
for word in false False 0 f FALSE; do
	run --read-only --read-only="$word" bb touch /x
	is "--read-only=$word turns it off again" "$status" 0
done
run --init=false --privileged=false --best-effort=0 -i=false bb true
is "switches of the library, and short ones, take a value" "$status" 0
marten run --rm=true --name shortly bb true
is "--rm=true removes" "$status$("$MARTEN" ps -aq)" 0
marten run --rm=false --name kept bb true
has "--rm=false keeps" "$("$MARTEN" ps -a)" kept
marten rm -f=true kept
is "of every verb" "$status$("$MARTEN" ps -aq)" 0
# What was given before is freed: a sanitizer has 99.
marten run -e A=1 -v /a:/b -l c --tmpfs /d --rm=maybe bb true
refused "a wrong option after others is refused, of run" --rm=maybe
for words in "exec -e A=1 --nonsense x true" "diff --only /a --nonsense x" "commit -c USER=1 --nonsense x" "import -c USER=1 --nonsense x"; do
	# shellcheck disable=SC2086 # a list of words
	marten $words
	refused "and of ${words%% *}" --nonsense
done
run --rm=maybe bb true
refused "what is neither is refused by name" --rm=maybe "neither true nor false"
run -e=A=1 -u=0 -w=/tmp bb sh -c 'echo $A $PWD'
is "a short option may have = before its value" "$out" "1 /tmp"
minc --read-only=true -r "$bb" touch /x
has "minc's switches take true" "$err" "Read-only"
minc --read-only --init -q=1 --read-only=false -r "$bb" touch /x
is "and false, which takes back what was before" "$status" 0
minc --init=false -r "$bb" sh -c 'echo $$'
is "or nothing" "$out" 1
minc --init=perhaps -r "$bb" true
refused "and what is neither is refused" --init=perhaps

# Names.
run -h box bb hostname
is "-h is the host name" "$status $out" "0 box"
run -h=box bb hostname
is "also with =" "$out" box
run bb -h
hasnt "after the image it is the command's" "$out$err" "Usage: marten run"
marten run --help
has "--help is help" "$out" "-h or --hostname"

# Files with variables.
printf '\357\273\277FIRST=1\r\n  INDENTED=2 \r\n\r\n \t\n\t# remark\r\nLAST=3' >"$T/windows"
run --env-file "$T/windows" bb sh -c 'echo "[$FIRST][$INDENTED][$LAST]"'
is "marks, carriage returns and blanks of editors are no part of a variable" "$out" "[1][2 ][3]"
printf 'A=1\n\357\273\277B=2\n' >"$T/mark"
run --env-file "$T/mark" bb sh -c 'echo "$A[$B]"'
is "a mark elsewhere belongs to the name" "$out" "1[]"
printf 'A=1\nB C=2\n' >"$T/blank"
run --env-file "$T/blank" bb true
refused "a name with a blank is refused, with its line" "$T/blank" "line 2"

# Order of mounts.
mkdir -p "$T/inner" "$T/outer/b" "$T/outermost/a/b"
echo inner >"$T/inner/file"
shown() { # NAME OPTION..
	_what=$1
	shift
	run "$@" bb cat /m/a/b/file
	is "$_what: the inner one is seen" "$status $out" "0 inner"
}
shown "outer first" -v "$T/outer:/m/a" -v "$T/inner:/m/a/b"
shown "inner first" -v "$T/inner:/m/a/b" -v "$T/outer:/m/a"
shown "of three" -v "$T/inner:/m/a/b" -v "$T/outer:/m/a" -v "$T/outermost:/m"
shown "a tmpfs" -v "$T/inner:/m/a/b" --tmpfs /m/a
shown "--mount" --mount "type=bind,source=$T/inner,target=/m/a/b" -v "$T/outer:/m//a/"
shown "a volume" -v "$T/inner:/m/a/b" -v vol:/m/a
minc -r "$bb" -b "$T/inner:/m/a/b" --tmpfs /m/a -b "$T/outermost:/m" cat /m/a/b/file
is "so it is with minc" "$status $out" "0 inner"
before=$(ls "$MINCS_DIR/containers")
for again in "-v $T/outer:/x" "-v vol:/x/" "--tmpfs //x" "--mount type=tmpfs,dst=/./x" "-v /x"; do
	# shellcheck disable=SC2086 # two words
	run -v "$T/inner:/x" $again bb true
	refused "$again on a target that is taken is refused" "$T/inner:/x" "${again#* }"
done
is "and no container is left of them" "$(ls "$MINCS_DIR/containers")" "$before"
minc -r "$bb" -b "$T/inner:/x" -b "$T/outer:/x" true
refused "by minc, too" "$T/inner:/x" "$T/outer:/x"
run -v "$T/inner:/x" -v "$T/inner:/x" bb cat /x/file
is "the same one twice is there once" "$status $out" "0 inner"
mkdir -p "$T/linked/real"
busybox_root "$T/linked"
ln -s real "$T/linked/link"
minc -r "$T/linked" -b "$T/outer:/link" -b "$T/inner:/real" cat /link/file
is "by a link it is another name: the later one is seen, as with docker" "$status $out" "0 inner"
for option in "-v $T/inner:/var/data/" "--mount type=bind,source=$T/inner,target=/var//data"; do
	# shellcheck disable=SC2086 # two words
	run --read-only $option bb cat /var/data/file
	is "$option takes the place of the image's volume" "$status $out" "0 inner"
done

# What is mounted.
options_of() { # DIR
	printf '%s\n' "$out" | sed -n "s,^[^ ]* on $1 type [^ ]* (\\(.*\\)).*,\\1,p"
}
run --tmpfs /t:rw,noexec,nosuid,nodev,size=64m,mode=750,uid=0,gid=0 bb sh -c 'mount; stat -c "%a %u %g" /t'
has "a tmpfs as docker writes it: noexec" "$(options_of /t)" noexec
has "and its size" "$(options_of /t)" size=65536k
has "and its mode" "$out" "750 0 0"
run --tmpfs /t bb sh -c 'cp /usr/bin/busybox /t && /t/busybox echo executed'
is "without noexec its programs run" "$out" executed
run --tmpfs /t:ro bb touch /t/x
has "ro is read-only" "$err" "Read-only"
run --mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=0700,readonly=true bb touch /t/x
has "also of --mount" "$err" "Read-only"
run --tmpfs /t:size=1%,exec,defaults bb true
is "a size may be a percentage" "$status" 0
run --tmpfs /t:flying bb true
refused "an unknown word is refused" flying
minc -r "$bb" --tmpfs /t:noexec,size=1m mount
has "minc takes the same words" "$(options_of /t)" noexec
run -v "$T/inner:/x:ro,noexec,z,rprivate,delegated" bb mount
has "a bind may be noexec" "$(options_of /x)" noexec
run -v "$T/inner:/x:ro,rw" bb true
refused "contradicting words are refused" ro,rw

# Paths.
mkdir "$T/a:b" "$T/c,d" "$T/back\\slash"
echo colon >"$T/a:b/file"
echo comma >"$T/c,d/file"
echo back >"$T/back\\slash/file"
run --mount "type=bind,source=$T/a:b,target=/x" bb cat /x/file
is "--mount takes a source with a colon" "$status $out" "0 colon"
run --mount "type=bind,\"source=$T/c,d\",target=/x" bb cat /x/file
is "and in quotation marks one with a comma" "$status $out" "0 comma"
run -v "$T/a\\:b:/x:ro" bb cat /x/file
is "-v takes a colon with a backslash" "$status $out" "0 colon"
run -v "$T/back\\slash:/x" bb cat /x/file
is "and a backslash as it is" "$status $out" "0 back"
run -v "$T/a:b:/x" bb true
refused "without one it says how it is written" '\:'
minc -r "$bb" -b "$T/a\\:b:/x\\:y" cat /x:y/file
is "so it is with minc's binds" "$status $out" "0 colon"
odd=$T/$(printf 'f\351t\351\377')
mkdir "$odd"
echo odd >"$odd/file"
run -v "$odd:/x" -w "/x" -e "A=$(printf '\377')" bb sh -c 'cat file; printf %s "$A" | od -An -tx1 | tr -d " "'
is "names and values need not be UTF-8" "$status $out" "0 odd
ff"
minc -r "$bb" -b "$odd:$odd" -w "$odd" cat file
is "nor with minc" "$status $out" "0 odd"
marten run -d --name odd -v "$odd:/x" bb sleep 1000
marten exec odd cat /x/file
is "nor for who enters later" "$status $out" "0 odd"
marten rm -f odd
minc -r "$bb" -b "$T/inner:/x$(printf '\n')y" true
is "a name that ends is no name" "$status" 0
minc -r "$bb" -b "$T/inner:/x
y" true
refused "control characters are refused" "control character"
for pair in "$T/inner/file:/etc" "/etc:/etc/passwd" "$T/inner:/etc/passwd/x"; do
	run -v "$pair" bb true
	refused "$pair is refused with the reason" "$pair" irectory
	has "and a hint" "$err" "hint: the container has a"
done
minc -r "$bb" --tmpfs /etc/passwd true
refused "a tmpfs on a file, too" /etc/passwd "Not a directory"

# What is so anyhow may be said.
run --restart=no --sig-proxy=true --security-opt label=disable --security-opt apparmor=unconfined bb true
is "what is so anyhow is accepted" "$status$err" 0
for other in --restart=always "--mount type=bind,src=$T/inner,dst=/x,bind-propagation=rshared"; do
	# shellcheck disable=SC2086 # two words
	run $other bb true
	refused "$other is refused with the reason" "${other%%[= ]*}"
done

# Signals are the command's, or with --sig-proxy=false end who shows its output.
marten create --name proxy bb sh -c 'trap "echo got" TERM; echo ready; while :; do sleep 0.1; done'
# PROXY WORD..: ends with a signal, or not, and what the command has said then
signalled() {
	_proxy=$1
	shift
	: >"$T/shown"
	"$MARTEN" "$@" >"$T/shown" 2>&1 &
	shower=$!
	await grep -q ready "$T/shown"
	kill -TERM $shower
	if [ "$_proxy" = true ]; then
		await grep -q got "$T/shown"
		kill -KILL $shower
	fi
	wait $shower 2>/dev/null
	status=$? out=$("$MARTEN" logs proxy)
	running=$("$MARTEN" ps --format json | grep -c '"proxy"')
}
for proxy in true false; do
	[ $proxy = true ] && want="137 ready
got 1" || want="143 ready 1"
	signalled $proxy start -a --sig-proxy=$proxy proxy
	is "start -a --sig-proxy=$proxy" "$status $out $running" "$want"
	marten rm -f proxy
	signalled $proxy run --sig-proxy=$proxy --name proxy bb sh -c 'trap "echo got" TERM; echo ready; while :; do sleep 0.1; done'
	is "run --sig-proxy=$proxy" "$status $out $running" "$want"
	marten stop -t 0 proxy
done
marten start proxy
await sh -c '"$MARTEN" logs proxy | grep -q ready'
"$MARTEN" attach --sig-proxy=false proxy >/dev/null 2>&1 &
shower=$!
# it is attached as soon as it has the socket of the monitor
await sh -c "ls -l /proc/$shower/fd 2>/dev/null | grep -q socket"
kill -TERM $shower
wait $shower 2>/dev/null
is "attach --sig-proxy=false ends" "$?" 143
is "and the command has heard nothing" "$("$MARTEN" logs proxy)" ready
marten rm -f proxy

# One that can be written in one that cannot.
mkdir -p "$T/shelf/drawer" "$T/bare"
run -v "$T/shelf/drawer:/w/drawer" -v "$T/shelf:/w:ro" bb sh -c 'touch /w/drawer/f; touch /w/f 2>/dev/null || echo no'
is "a mount in a read-only one can be written" "$out$(ls "$T/shelf/drawer")" nof
run -v "$T/bare:/w:ro" -v "$T/inner:/w/drawer" bb true
refused "a mount point that cannot be made is named" /w/drawer "Read-only"
has "with the reason" "$err" "mount point is missing"
is "and nothing is made" "$(ls "$T/bare")" ""
run --tmpfs /dev/shm:rw,nosuid,nodev,size=8m bb mount
has "/dev/shm takes another size" "$(options_of /dev/shm)" size=8192k
run --pull --rm bb true
refused "a value that is an option is no value" --pull

# Permissions of new files.
modes='umask; touch /tmp/f; stat -c %a /tmp/f'
out=$(umask 077; "$MARTEN" run --rm bb sh -c "$modes")
is "files have the usual permissions, whatever the caller's umask is" "$out" "0022
644"
out=$(umask 0; "$MINC" -r "$bb" sh -c "$modes")
is "also with minc" "$out" "0022
644"
out=$(umask 027; "$MINC" --umask host -r "$bb" sh -c "$modes")
is "--umask host is the caller's" "$out" "0027
640"
run --umask 0077 bb sh -c "$modes"
is "or another" "$out" "0077
600"
run --umask 8 bb true
refused "which is octal" --umask 8
marten run -d --name masked --umask 007 bb sleep 1000
marten exec masked sh -c umask
is "who enters has that of the container" "$out" 0007
marten rm -f masked
out=$(umask 077; "$MARTEN" volume create private >&2; "$MARTEN" run --rm -v private:/v bb stat -c %a /v)
is "a volume is for the container's users, whatever the umask was" "$out" 755
marten ps -aq
is "nothing is left" "$out" ""
done_testing
