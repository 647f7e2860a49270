#!/bin/sh
# SPDX-License-Identifier: MIT
# bind - host files and directories shown inside, and where their targets may lie.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
mkdir -p "$T/src/sub" "$T/outside" "$T/work"
echo data >"$T/src/file"
echo deep >"$T/src/sub/deep"

minc -r "$bb" -b "$T/src:/opt" cat /opt/file
is "a directory is shown at the target" "$out" data
minc -r "$bb" -b "$T/src:/opt" cat /opt/sub/deep
is "its subdirectories are shown" "$out" deep
minc -r "$bb" -b "$T/src" cat "$T/src/file"
is "without a target the path is the same" "$out" data
minc -r "$bb" -b "$T/src:/a/b/c/d" cat /a/b/c/d/file
is "a missing target is made with its parents" "$out" data
minc -r "$bb" --bind="$T/src:/opt" cat /opt/file
is "--bind= is accepted" "$out" data
minc -r "$bb" -b "$T/src:/one" -b "$T/src/sub:/two" cat /one/file /two/deep
is "several binds are made" "$out" "data
deep"
minc -r "$bb" -b "$T/src:/one" -b "$T/src/file:/one/sub/deep" cat /one/sub/deep
is "a later bind may lie in an earlier one" "$out" data

minc -r "$bb" -b "$T/src/file:/etc/single" cat /etc/single
is "a file is shown at a new path" "$out" data
minc -r "$bb" -b "$T/src/file:/etc/passwd" cat /etc/passwd
is "a file is shown over an existing file" "$out" data
minc -b "$T/src/file:/etc/hosts" cat /etc/hosts
is "a file is shown over a file of the host's root" "$out" data
out=$(cd "$T/src" && "$MINC" -r "$bb" -b ./:/opt cat /opt/file)
is "a relative source is accepted" "$out" data
out=$(cd "$T/src" && "$MINC" -r "$bb" -b file:/opt/f cat /opt/f)
is "a relative file is accepted" "$out" data

minc -r "$bb" -b "$T/src:/opt" sh -c 'echo new >/opt/written'
is "a bind can be written" "$(cat "$T/src/written" 2>&1)" new
minc -r "$bb" -b "$T/src:/opt:ro" sh -c 'echo new >/opt/forbidden'
ok "a read-only bind cannot be written" test "$status" -ne 0
ok "nothing was written through it" test ! -e "$T/src/forbidden"
minc -r "$bb" -b "$T/src:/opt:ro" cat /opt/file
is "a read-only bind can be read" "$out" data
minc -r "$bb" -b "$T/src/file:/etc/f:ro" sh -c 'echo x >/etc/f'
is "a read-only file cannot be written" "$(cat "$T/src/file")" data

ln -s "$T/outside" "$bb/absolute"
ln -s ../../../../../../../../../../../../outside-rel "$bb/dotdot"
ln -s /nowhere/at/all "$bb/dangling"
ln -s /etc "$bb/inside"
ln -s loop "$bb/loop"
linked=$(fingerprint "$bb")
minc -r "$bb" -b "$T/src:/absolute" cat "$T/outside/file"
is "an absolute link as target is followed inside the root" "$out" data
is "nothing was made at the host's path of the link" "$(ls -A "$T/outside")" ""
minc -r "$bb" -b "$T/src:/dotdot" cat /outside-rel/file
is "a link with .. stays in the root" "$out" data
ok "nothing was made outside" test ! -e /outside-rel -a ! -e "$T/outside-rel"
minc -r "$bb" -b "$T/src:/dangling" cat /nowhere/at/all/file
is "a dangling link is completed inside the root" "$out" data
ok "the host has no such path" test ! -e /nowhere
minc -r "$bb" -b "$T/src:/inside/x" cat /etc/x/file
is "a link in the middle is followed inside the root" "$out" data
minc -r "$bb" -b "$T/src:/loop" true
refused "a link to itself is refused and named" /loop
is "no target left a trace in the root directory" "$(fingerprint "$bb")" "$linked"
rm "$bb/absolute" "$bb/dotdot" "$bb/dangling" "$bb/inside" "$bb/loop"
before=$(fingerprint "$bb")

minc -r "$bb" -b "$T/none:/opt" true
refused "a missing source is named" "$T/none"
minc -r "$bb" -b "$T/src:opt" true
refused "a relative target is named" opt
minc -r "$bb" -b "$T/src:/opt:rx" true
refused "an unknown option of a bind is named" rx
minc -r "$bb" -b "$T/src:/../../opt" true
ok "a target with .. is refused or stays inside" test "$status" -eq 125 -o ! -e /opt/file
minc -r "$bb" -b "" true
refused "an empty bind is refused" -b
minc -r "$bb" -b "$T/src/file:/etc/passwd/below" true
refused "a target below a file is named" /etc/passwd/below
minc -r "$bb" -b "$T/src/file:/etc" true
ok "a file over a directory fails" test "$status" -eq 125
minc -r "$bb" -b "$T/src:/etc/passwd" true
ok "a directory over a file fails" test "$status" -eq 125

# A source that vanishes while containers start: the tool works or says what is missing.
mkdir "$T/vanish"
(while [ ! -e "$T/stop" ]; do
	rmdir "$T/vanish" 2>/dev/null
	mkdir "$T/vanish" 2>/dev/null
done) &
racer=$!
verdict=fine
i=0
while [ $i -lt 20 ]; do
	minc -r "$bb" -b "$T/vanish:/opt" true
	case $status in
	0) ;;
	125) case $err in *vanish*) ;; *) verdict="message: $err" ;; esac ;;
	*) verdict="status $status" ;;
	esac
	i=$((i + 1))
done
touch "$T/stop"
wait "$racer"
is "a source that vanishes gives success or a clear error" "$verdict" fine

# What a container left in a kept upper layer does not lead the next start out of it.
mkdir -p "$T/kept"
minc -r "$bb" -t "$T/kept" sh -c "ln -s $T/outside /data; mkdir /top; ln -s $T/outside /top/data"
is "a container may leave links" "$status" 0
minc -r "$bb" -t "$T/kept" -b "$T/src:/data/new" -b "$T/src:/top/data/a/b" -b "$T/src/file:/data/f" \
	cat /data/new/file
is "a bind below such a link is shown where it leads inside" "$out" data
is "and nothing is made outside" "$(ls -A "$T/outside")" ""

mkdir -p "$T/direct"
cp -R "$bb/." "$T/direct/"
minc -D -r "$T/direct" -b "$T/src:/mnt" cat /mnt/file
is "a bind works on a root used directly" "$out" data
is "the root directory is unchanged by all this" "$(fingerprint "$bb")" "$before"
done_testing
