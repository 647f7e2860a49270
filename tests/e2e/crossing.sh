#!/bin/sh
# SPDX-License-Identifier: MIT
# crossing - cp over what is mounted, and what may not get over the wall: rights of another's root, links
# that another has made, names for a terminal; and who has the files meanwhile.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_image bb
case $err in
*"module "*missing* | *"built without"*) skip_all "needs images: $err" ;;
esac
mkdir "$T/out" "$T/src"
echo early >"$T/early"
echo shown >"$T/shown"
echo closed >"$T/closed"

inside() { # NAME SCRIPT
	marten exec "$1" sh -c "$2"
}

# What is mounted stays so.
marten run -d --name box -v "$T/shown:/bin/shown" -v "$T/closed:/closed:ro" bb sleep 1000
marten cp "$T/early" box:/bin/shown
is "a file that is shown is written over" "$status $(cat "$T/shown")" "0 early"
marten cp "$T/early" box:/etc/hosts
is "and one of ours" "$status" 0
marten cp "$T/early" box:/closed
refused "one that is read-only is not" box:/closed "ead-only"
inside box 'cat /closed /etc/hosts; grep -cE " (/usr/bin/shown|/closed|/etc/hosts) " /proc/self/mountinfo'
is "and all are still mounted" "$out" "closed
early
3"
is "in what is read-only nothing has changed" "$(cat "$T/closed")" closed
tar -C "$T" --transform s,shown,closed, -cf "$T/closed.tar" shown
"$MARTEN" cp - box:/ <"$T/closed.tar" 2>"$T/.err"
is "nor by a tar" "$? $(cat "$T/closed")" "125 closed"
inside box 'ln -s early /tmp/link'
marten cp box:/tmp/link box:/closed
refused "and no link takes its place" box:/closed
marten create --name idle -v "$T/shown:/bin/shown" bb true
echo again >"$T/early"
marten cp "$T/early" idle:/bin/shown
is "of one that does not run it is written over as well" "$status $(cat "$T/shown")" "0 again"
marten cp "$T/early" idle:/etc/hosts
refused "but what is made at each start is not: it would be lost" idle:/etc/hosts memory
tar -C "$T" --transform s,early,etc/hosts, -cf "$T/hosts.tar" early
"$MARTEN" cp - idle:/ <"$T/hosts.tar" 2>"$T/.err"
is "nor by a tar" "$? $(grep -c memory "$T/.err")" "125 1"

# Messages.
python3 - "$T/src" <<'P'
import os, socket, sys
os.chdir(sys.argv[1])
socket.socket(socket.AF_UNIX).bind("sock\x1b[31mred")
P
marten cp "$T/src" box:/tmp
is "a name does not reach the terminal as it is" "$status $(printf '%s' "$err" | grep -c 'sock?.31mred: a socket')" "0 1"
mkdir "$T/sticky"
chmod 1777 "$T/sticky"
if as_root; then
	ln -s "$T/victim" "$T/sticky/link"
	chown -h 4242 "$T/sticky/link"
	marten cp box:/tmp/link "$T/sticky/link"
	refused "a link of another in /tmp is not followed" "$T/sticky/link"
	is "and nothing is where it leads" "$(ls "$T/victim" 2>/dev/null)" ""
	marten exec -u bob box ln -s /root/victim /tmp/trap
	marten cp "$T/early" box:/tmp/trap
	refused "nor inside" box:/tmp/trap
	inside box 'ln -s /root/mine /tmp/mine'
	marten cp "$T/early" box:/tmp/mine
	inside box 'cat /root/mine; ls /root'
	is "root's own is" "$out" "again
mine"
fi

# Who has the files.
mkfifo "$T/fifo"
"$MARTEN" cp - idle:/etc <"$T/fifo" >"$T/held" 2>&1 &
copy=$!
exec 9>"$T/fifo"
# shellcheck disable=SC2016 # for the inner shell
await sh -c 'for mark in "$0"/containers/*/created; do ! flock -n "${mark%/*}" true || exit 1; done' "$MINCS_DIR"
marten start idle
refused "while one copies another cannot start it" idle "in use"
marten rm -f idle
refused "nor remove it" "in use"
exec 9>&-
wait "$copy"
marten rm -f idle
is "then it can" "$status" 0

# Rights.
if command -v setcap >/dev/null && as_root && cp "$T/early" "$T/capped" && setcap cap_net_raw+ep "$T/capped" 2>/dev/null; then
	marten cp -a "$T/capped" box:/capped
	marten cp -a box:/capped "$T/out/capped"
	marten cp box:/capped "$T/out/uncapped"
	is "capabilities go along with -a, only" "$(getcap "$T/out/capped" | sed 's/.* //') $(getcap "$T/out/uncapped")" \
		"cap_net_raw=ep "
elif command -v setcap >/dev/null && has_range && cp "$T/early" "$T/capped" && unshare -r setcap cap_net_raw+ep "$T/capped" 2>/dev/null; then
	marten cp -a "$T/capped" box:/capped
	marten cp -a box:/capped box:/capped2
	marten cp box:/capped box:/uncapped
	is "capabilities of a container are those of its root" \
		"$(cd "$MINCS_DIR"/containers/*/storage && getfattr --absolute-names -e hex -n security.capability capped capped2 uncapped 2>/dev/null | grep -c '^security.capability=0x01000003.*39300000$')" 2
fi
# Owner rw-, user 7 rw-, group r--, mask rw-, others r--; see acl(5).
acl=0x0200000001000600ffffffff020006000700000004000400ffffffff10000600ffffffff20000400ffffffff
acl_of() {
	getfattr --absolute-names --only-values -e hex -n "system.posix_acl_$1" "$2" 2>/dev/null | od -An -tx1 | tr -d ' \n'
}
mkdir "$T/lists"
cp "$T/early" "$T/lists/listed"
if as_root && setfattr -n system.posix_acl_access -v "$acl" "$T/lists/listed" 2>/dev/null &&
	setfattr -n system.posix_acl_default -v "$acl" "$T/lists" 2>/dev/null; then
	marten cp -a "$T/lists" box:/lists
	marten cp -a box:/lists "$T/out"
	marten cp box:/lists/listed "$T/out/unlisted"
	is "access control lists as well" \
		"$(acl_of access "$T/out/lists/listed") $(acl_of default "$T/out/lists") $(acl_of access "$T/out/unlisted")" \
		"${acl#0x} ${acl#0x} "
fi
# A range of root's own, for this start alone.
echo root:300000:65536 >"$T/subids"
# shellcheck disable=SC2016 # for the inner shell
with_range='mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"'
if as_root && command -v newuidmap >/dev/null && unshare -m sh -c "$with_range" "$T/subids" true; then
	run_tool unshare -m sh -c "$with_range" "$T/subids" "$MARTEN" run -d --userns range --name far bb sleep 1000
	inside far 'touch /owned; chown 5:6 /owned; chmod 6755 /owned'
	marten cp -a far:/owned "$T/out/far"
	is "with ids of its own numbers are kept, and set-ID bits are not: they were of another" \
		"$(stat -c '%u:%g %a' "$T/out/far")" "5:6 755"
	marten cp -a far:/owned box:/far
	inside box 'stat -c "%u:%g %a" /far'
	is "nor to a container that counts otherwise" "$out" "5:6 755"
	marten cp -a far:/owned far:/same
	inside far 'stat -c "%u:%g %a" /same'
	is "inside of it they are" "$out" "5:6 6755"
	cp "$T/early" "$T/near"
	chown 5:6 "$T/near"
	chmod 6755 "$T/near"
	marten cp -a "$T/near" far:/near
	marten cp "$T/near" far:/plain
	inside far 'stat -c "%u:%g %a" /near /plain'
	is "as they are of what comes in, whose owner has less there" "$out" "5:6 6755
0:0 755"
	chown 100000 "$T/near"
	marten cp -a "$T/near" far:/none
	refused "an owner that it lacks is named" "100000" far:
	"$MARTEN" cp far:/owned - | tar --numeric-owner -tvf - | awk '{print $2}' >"$T/numbers"
	is "a tar has the numbers that it knows" "$(cat "$T/numbers")" 5/6
	"$MARTEN" cp far:/owned - | "$MARTEN" cp -a - far:/tmp
	inside far 'stat -c "%u:%g %a" /tmp/owned'
	is "in both directions" "$out" "5:6 6755"
	# many ranges: of no map a part is passed over
	i=0
	while [ $i -lt 30 ]; do echo "root:$((400000 + 1000 * i)):10"; i=$((i + 1)); done >"$T/many"
	run_tool unshare -m sh -c "$with_range" "$T/many" "$MARTEN" run -d --userns range --name many bb sleep 1000
	inside many 'touch /owned; chown 290:286 /owned'
	marten cp -a many:/owned "$T/out/many"
	is "owners of the last of thirty ranges come out" "$status $(stat -c '%u:%g' "$T/out/many")" "0 290:286"
	marten cp -a "$T/out/many" many:/back
	inside many 'stat -c %u:%g /back'
	is "and go in" "$out" "290:286"
fi
done_testing
