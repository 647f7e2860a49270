#!/bin/sh
# SPDX-License-Identifier: MIT
# owners - whose the files of an image and of its container are: as root and with a range of ids
# they are who they are; with one id all are the caller's, and programs that change owners
# are told that they did.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

command -v python3 >/dev/null || skip_all "needs python3"
if as_root; then
	[ -w /dev/loop-control ] || skip_all "needs loop devices"
else
	{ [ -r /dev/fuse ] && [ -w /dev/fuse ]; } || skip_all "needs /dev/fuse for everybody"
fi
real() { [ "$MINC_TEST_AS" != user ]; } # more ids than one
if ! real; then
	one=0
fi

busybox_root "$T/low"
mkdir -p "$T/low/var/mail" "$T/low/srv"
printf 'root:x:0:0::/:/bin/sh\nmail:x:8:8::/:/bin/sh\n' >"$T/low/etc/passwd"
printf 'root:x:0:\nmail:x:8:\n' >"$T/low/etc/group"
for f in low high above; do echo "$f" >"$T/low/etc/$f"; done
python3 -c '
import sys, tarfile
owners = {"var/mail": 8, "etc/high": 65534, "etc/above": 100000}
def own(entry):
    entry.uid = entry.gid = owners.get(entry.name, 0)
    entry.uname = entry.gname = ""
    return entry
with tarfile.open(sys.argv[2], "w") as tar:
    tar.add(sys.argv[1], "", filter=own)
' "$T/low" "$T/low.tar"
marten import -q "$T/low.tar" bb || case $err in
*"module "*missing* | *"built without"*) skip_all "needs images: $err" ;;
esac

# Of the image.
marten run --rm bb stat -c %u:%g /var/mail /etc/low
if real; then
	is "files have the owners of the image" "$out" "8:8
0:0"
else
	is "all files are the only id's" "$out" "0:0
0:0"
fi
if [ "$MINC_TEST_AS" = range ]; then
	marten run --rm bb stat -c %u /etc/high /etc/above
	is "an id above the range is nobody's" "$out" "65534
65534"
	marten run --rm bb cat /proc/self/uid_map
	is "the range is the whole of the caller's" "$(echo "$out" | awk '{ n += $3 } END { print n }')" 65537
fi

# Of the container.
marten run --name writer bb sh -c 'mkdir -m 700 /srv/mail && echo secret >/srv/mail/box &&
	chown -R 8:8 /srv/mail && chown 8 /etc/low && chmod 600 /srv/mail/box &&
	rm /etc/high && stat -c %u:%g /srv/mail/box /etc/low'
if real; then
	is "owners are changed" "$status $out" "0 8:8
8:0"
else
	is "a change of owners answers success, and is none" "$status $out" "0 0:0
0:0"
fi
marten run --rm -u mail bb sh -c 'id -u; touch /tmp/a && stat -c %u /tmp/a'
is "it runs as a user of the image" "$status $out" "0 8
8"
marten commit -q writer made
is "what other users wrote is committed" "$status $err" "0 "
marten run --rm made sh -c 'stat -c %u:%g:%a /srv/mail /srv/mail/box /etc/low; cat /srv/mail/box; ls /etc/high'
if real; then
	is "and has its owners in the new image" "$out" "8:8:700
8:8:600
8:0:644
secret"
else
	is "and belongs to the only id in the new image" "$out" "0:0:700
0:0:600
0:0:644
secret"
fi
marten export -q -o "$T/made.tar" made
has "the exported image says the same" "$(tar tvf "$T/made.tar" --numeric-owner srv/mail/box)" \
	" ${one-8}/${one-8} "
marten fsck
is "nothing is wrong in the store" "$status $out" "0 "

# What is removed is gone, whoever owns it.
marten rm writer
is "a container with files of others is removed" "$status $err" "0 "
is "wholly" "$(ls -A "$MINCS_DIR/containers")" ""
marten run --rm bb sh -c 'mkdir -m 700 /srv/mail && touch /srv/mail/box && chown -R 8:8 /srv/mail'
is "so is one that goes by itself" "$status $(ls -A "$MINCS_DIR/containers")" "0 "
marten run --name again bb sh -c 'mkdir -m 700 /srv/mail && touch /srv/mail/box && chown -R 8:8 /srv/mail'
marten prune -f --only-containers
is "and one that is pruned" "$status $(ls -A "$MINCS_DIR/containers")" "0 "
marten run --name killed bb sh -c 'mkdir -m 700 /srv/mail && touch /srv/mail/box && chown -R 8:8 /srv/mail'
id=$(ls "$MINCS_DIR/containers")
mv "$MINCS_DIR/containers/$id" "$MINCS_DIR/containers/.tmp-1-left"
marten prune -f
is "what a killed removal left goes with the next" "$status $(ls -A "$MINCS_DIR/containers")" "0 "

# Package managers.
marten run --rm bb env
hasnt "where there is no apt nobody is told of it" "$out" APT_CONFIG
marten run --name with bb mkdir /etc/apt
marten commit -q with apt
marten run --rm apt sh -c 'echo "$APT_CONFIG"; cat "$APT_CONFIG"'
if real; then
	is "apt is told nothing" "$(echo "$out" | head -n 1)" ""
else
	is "apt is told that it stays root" "$out" '/dev/.minc-apt.conf
APT::Sandbox::User "root";'
	minc -q --explain -r apt true
	has "which the explanation says" "$out" .minc-apt.conf
	marten run --rm -e APT_CONFIG=/own apt sh -c 'echo "$APT_CONFIG"'
	is "unless the user says otherwise" "$out" /own
	marten run -d --name without bb sleep 100
	marten exec without env
	hasnt "a command that enters is not told without apt, either" "$out" APT_CONFIG
	marten rm -f without
	marten run -d --name behind apt sleep 100
	marten exec behind sh -c 'chown 8 /etc/low && echo "$APT_CONFIG"'
	is "another command in it is answered, too" "$status $out" "0 /dev/.minc-apt.conf"
	marten rm -f behind
	marten run --rm bb sh -c 'mknod /srv/null c 1 3; echo $?; ls /srv'
	is "a device file is said to be made, and is not" "$out" 0
fi

done_testing
