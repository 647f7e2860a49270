#!/bin/sh
# SPDX-License-Identifier: MIT
# apply - what a container wrote is looked at, and taken over or not. What a change is, and
# that it is applied whole, change.py tests; this is the tool.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

base=$T/base
fresh() { # a base, and a container that has changed it
	rm -rf "$base"
	kept=$T/kept-$1
	mkdir "$base" "$kept"
	busybox_root "$base"
	echo old >"$base/etc/changed"
	echo gone >"$base/etc/deleted"
	echo mode >"$base/etc/mode"
	chmod 644 "$base/etc/mode"
	# What has the same time as the start may have changed after it.
	await sh -c 'touch "$1" && find "$1" -newermc "$2" | grep -q .' sh "$T/tick" "$base/etc/mode"
	minc -r "$base" -t "$kept" sh -c 'echo new >/etc/changed; rm /etc/deleted
		chmod 600 /etc/mode; mkdir /etc/dir; echo added >/etc/dir/file; printf x >"/etc/odd
name"'
}

fresh one
marten diff "$kept"
is "what was written is listed" "$out" 'C /etc/changed (content, time)
D /etc/deleted
A /etc/dir
A /etc/dir/file
C /etc/mode (mode 0644 to 0600)
A /etc/odd\012name'
marten diff --only /etc/dir "$kept"
is "only some of it" "$out" 'A /etc/dir
A /etc/dir/file'
marten diff --exclude=/etc/dir --exclude=/etc/mode "$kept"
is "or all but some" "$out" 'C /etc/changed (content, time)
D /etc/deleted
A /etc/odd\012name'
if command -v jq >/dev/null; then
	marten diff --format json "$kept"
	is "as JSON" "$(printf '%s\n' "$out" | jq -c 'select(.path == "/etc/mode") |
		[.kind, .what, .before.mode, .after.mode, .after.size]')" '["C",["mode"],"0100644","0100600",5]'
	is "a path is a string" "$(printf '%s\n' "$out" | jq -r 'select(.path | startswith("/etc/odd")) | .path')" \
		"/etc/odd
name"
else
	skip "as JSON" "needs jq"
fi
before=$(fingerprint "$base")
marten apply "$kept"
refused "without a terminal it wants to be told" --yes
is "and has done nothing" "$(fingerprint "$base")" "$before"
marten apply --yes --only /etc/changed "$kept"
is "one path is taken over" "$status $(cat "$base/etc/changed") $(cat "$base/etc/deleted")" "0 new gone"
marten diff "$kept"
hasnt "and is no change any more" "$out" /etc/changed
marten apply -y "$kept"
is "so is the rest" "$status $(cat "$base/etc/dir/file") $(stat -c %a "$base/etc/mode")" "0 added 600"
ok "what was deleted is" test ! -e "$base/etc/deleted"
has "what is applied is shown" "$out" "D /etc/deleted"
marten diff "$kept"
is "nothing is left" "$status$out" 0

fresh two
echo newer >"$base/etc/changed"
marten diff "$kept"
like "what changed in the base meanwhile is marked" "$out" "*C /etc/changed * \[refused: *\]*"
marten apply -y "$kept"
is "and refused" "$status $(cat "$base/etc/changed") $(cat "$base/etc/dir/file")" "125 newer added"
has "by name" "$err" "/etc/changed"
marten apply -y --force "$kept"
is "unless it does not matter" "$status $(cat "$base/etc/changed")" "0 new"

fresh half
etc=$(stat -c '%d %i' "$base/etc")
mode=$(stat -c %a "$base/etc")
printf 'minc-applied 1 %s\nown %s 0 0\nmode %s 0\n' 0123456789abcdef0123456789abcdef "$etc" "$etc" >"$kept/applied"
marten apply -y "$kept"
is "half a line of one that was killed is no mode of a directory" "$status $(stat -c %a "$base/etc")" "0 $mode"

fresh three
mkdir "$T/other"
cp -R "$base/." "$T/other"
before=$(fingerprint "$base")
marten apply -y --keep --force --base "$T/other" "$kept"
is "another base is written instead" "$status $(cat "$T/other/etc/changed")" "0 new"
is "not the first" "$(fingerprint "$base")" "$before"

minc -B --name box -k -r "$base" sh -c 'echo here >/etc/here; sleep 1000'
await grep -qs here "$("$MARTEN" inspect box | sed -n 's/^ *"storage": "\(.*\)",$/\1/p')/storage/etc/here"
marten diff box
refused "what is being written is not looked at" use
marten kill box
marten wait box
await marten diff box # its monitor may hold the directory a moment longer
is "a container in the background has a name" "$out" "A /etc/here"
marten apply -y box
is "which apply knows, too" "$status $(cat "$base/etc/here")" "0 here"
rm -rf "$("$MARTEN" inspect box | sed -n 's/^ *"storage": "\(.*\)",$/\1/p')"
marten diff box
refused "a directory that is gone is named" /
minc -B --name plain -r "$base" true
marten wait plain
marten diff plain
refused "one that keeps nothing says so" plain kept
marten diff ./none
refused "a directory that is none is named" none
marten diff "$base/etc"
refused "another directory is refused" "$base/etc"
# What is in a directory that its mode closes to its owner: root in the container could write there.
if ! as_root; then
	mkdir "$T/closed-base" "$T/closed"
	busybox_root "$T/closed-base"
	minc -r "$T/closed-base" -t "$T/closed" sh -c 'mkdir /srv /srv/shut; echo x >/srv/shut/in; echo y >/srv/rest; chmod 0 /srv/shut'
	marten diff "$T/closed"
	has "what is in a closed directory is refused, and why is said" "$out" \
		"C /srv/shut [refused: its mode closes it to its owner: what is in it only root can read]"
	marten apply -y "$T/closed"
	is "the rest is applied" "$status $(cat "$T/closed-base/srv/rest")" "125 y"
	has "and the directory is named" "$err" "/srv/shut: its mode closes it to its owner"
	minc -r "$T/closed-base" -t "$T/closed" chmod 755 /srv/shut
	marten apply -y "$T/closed"
	is "opened in the container it is applied, too" "$status $(cat "$T/closed-base/srv/shut/in")" "0 x"
	chmod -R u+rwx "$T/closed-base/srv" "$T/closed"
fi
done_testing
