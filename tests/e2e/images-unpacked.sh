#!/bin/sh
# SPDX-License-Identifier: MIT
# images-unpacked - containers of images where the kernel mounts no layers for the caller, and
# where there is no /dev/fuse, which tests/e2e/run hides from the user:
# Run without /dev/fuse.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

command -v mksquashfs >/dev/null || skip_all "needs mksquashfs (squashfs-tools)"
command -v python3 >/dev/null || skip_all "needs python3"

busybox_root "$T/low"
mkdir -p "$T/low/opt/old" "$T/top/etc" "$T/low/srv"
echo low >"$T/low/etc/low"
echo low >"$T/low/etc/gone"
echo low >"$T/low/etc/both"
echo low >"$T/low/opt/old/file"
echo linked >"$T/low/srv/one"
ln "$T/low/srv/one" "$T/low/srv/two"
mkdir "$T/low/srv/closed"
echo x >"$T/low/srv/closed/file"
chmod 555 "$T/low/srv/closed"
echo top >"$T/top/etc/both"
mksquashfs "$T/low" "$T/low.sqfs" -all-root -noappend -quiet -no-progress >/dev/null
mksquashfs "$T/top" "$T/top.sqfs" -noappend -quiet -no-progress \
	-p "/etc/theirs d 2750 1500 1501" \
	-p "/etc/gone c 644 0 0 0 0" -p "/opt d 755 0 0" -p "/opt/old c 644 0 0 0 0" >/dev/null
python3 "$MINC_TESTS/make-store.py" "$MINCS_DIR" plain '{}' "$T/low.sqfs" "$T/top.sqfs"
unpacked() { ls -d "$MINCS_DIR"/containers/*/unpacked/rootfs 2>/dev/null; }

if as_root; then
	# The same machine without loop devices, then without FUSE.
	mkdir "$T/dev"
	mount -t tmpfs none "$T/dev" || skip_all "needs the right to mount"
	for i in null zero full random urandom tty fuse; do
		: >"$T/dev/$i"
		mount --bind "/dev/$i" "$T/dev/$i" || skip_all "needs /dev/$i"
	done
	ln -s /proc/self/fd "$T/dev/fd"
	mount --rbind "$T/dev" /dev
	minc -q -r plain sh -c 'cat /etc/both; ls /etc/gone'
	is "root without loop devices is served by FUSE" "$out" top
	is "so nothing is unpacked" "$(unpacked)" ""
	is "and nothing is mounted on the host" "$(grep -c fuse.minc /proc/self/mountinfo)" 0
	umount /dev/fuse # what is left is an empty file
fi

minc -r plain sh -c 'cat /etc/both /srv/two; ls /etc/gone /opt/old; stat -c %h /srv/one; echo kept >/etc/kept; rm /etc/low'
has "without /dev/fuse it is unpacked" "$out" "top
linked
2"
hasnt "a small image without a word" "$err" "/dev/fuse"
has "what a layer removed is not there" "$err" "/etc/gone"
has "nor what was in a directory it removed" "$err" "/opt/old"
short=$(printf '%.12s' "$out")
is "the files are in the container's storage" "$(unpacked | wc -l)" 1
: >"$(unpacked)/srv/added"
minc -t "$short" sh -c 'cat /etc/kept; ls /srv /etc/low'
has "a container that is kept is started again" "$out" "kept"
has "with what was unpacked before" "$out" "added"
has "and what it removed is not there" "$err" "/etc/low"
hasnt "without a word" "$err" "/dev/fuse"
is "its storage has only what it wrote" "$(cd "$MINCS_DIR/containers/$short"*/storage/etc &&
	find . -mindepth 1 ! -name hosts ! -name resolv.conf | LC_ALL=C sort | sed 's,^\./,,')" "kept
low"
is "others may not look at it" "$(stat -c %a "$(unpacked)/..")" 700

if has_range; then
	minc -t "$short" sh -c 'stat -c %u:%g:%a /etc/theirs'
	is "owners are the image's where there are subordinate ids" "$out" 1500:1501:2750
fi

# What a start that was killed has left.
mkdir -p "$(unpacked)/../partial/dir"
# what is another id's can only be marked as wanted no more
mv "$(unpacked)" "$(unpacked)/../../was" 2>/dev/null || rm "$(unpacked)/../layers"
minc -t "$short" sh -c 'cat /etc/kept; ls /srv'
has "a part is unpacked again" "$out" "kept"
hasnt "from the beginning" "$out" "added"
is "and removed" "$(ls -d "$MINCS_DIR"/containers/*/unpacked/partial 2>/dev/null)" ""

head -c 100000 /dev/urandom >"$T/noise.sqfs"
python3 "$MINC_TESTS/make-store.py" "$MINCS_DIR" noise '{}' "$T/low.sqfs" "$T/noise.sqfs"
before=$(ls "$MINCS_DIR/containers")
minc -q -r noise true
is "a layer that is none fails the start" "$status" 125
is "which leaves nothing" "$(ls "$MINCS_DIR/containers")" "$before"
minc -q -r plain nosuchcommand
is "a command that is missing is not found" "$status" 127
is "and leaves nothing, too" "$(ls "$MINCS_DIR/containers")" "$before"
marten prune --containers -f
is "a prune removes what was unpacked, whoever owns it" "$status $(ls "$MINCS_DIR/containers")" "0 "

# A large one takes a while each time.
head -c 33M /dev/urandom >"$T/low/srv/large"
mksquashfs "$T/low" "$T/large.sqfs" -all-root -noappend -quiet -no-progress -noD >/dev/null
rm "$T/low/srv/large"
python3 "$MINC_TESTS/make-store.py" "$MINCS_DIR" large '{}' "$T/large.sqfs"
marten run --rm large cat /etc/low
is "a large image runs, too" "$status $out" "0 low"
has "and the reason is said why it takes time" "$err" "/dev/fuse: "
has "and what to do" "$err" "load the fuse module or give access"
done_testing
