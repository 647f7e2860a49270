#!/bin/sh
# SPDX-License-Identifier: MIT
# erofs - a root file system in an erofs image becomes a container's.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

command -v mkfs.erofs >/dev/null || skip_all "needs mkfs.erofs (erofs-utils)"
command -v fsck.erofs >/dev/null || skip_all "needs fsck.erofs (erofs-utils)"
busybox_image bb # or skip
root=$T/image-root
echo there >"$root/srv/file" 2>/dev/null || { mkdir -p "$root/srv" && echo there >"$root/srv/file"; }
chmod 750 "$root/srv/file"
ln "$root/srv/file" "$root/srv/same"
ln -s file "$root/srv/link"
as_root && chown 33:34 "$root/srv/file"
mkfs.erofs --quiet "$T/root.erofs" "$root" >/dev/null

before=$(ls -A "$T")
marten import -q "$T/root.erofs" imported
is "an erofs image is imported" "$status" 0
is "which leaves nothing beside it" "$(ls -A "$T")" "$before"
is "and nothing in the store" "$(find "$MINCS_DIR" -maxdepth 1 -name '.*' ! -name .)" ""
is "and no mount" "$(grep -c "erofs" /proc/self/mountinfo)" 0
marten run --rm imported sh -c 'cat /srv/link && stat -c %a /srv/file'
is "and runs" "$status $out" "0 there
750"
if as_root; then
	marten run --rm imported stat -c %u:%g /srv/file
	is "with its owners" "$out" 33:34
	if mounts_layers; then
		marten run --rm imported test /srv/file -ef /srv/same
		is "and hard links" "$status" 0
	else
		skip "and hard links" "needs loop devices or /dev/fuse: unpacked they are files of their own"
	fi
fi
ok "so it is from a pipe" sh -c "cat '$T/root.erofs' | '$MARTEN' import -q - stream >/dev/null"
head -c 3000 "$T/root.erofs" >"$T/cut.erofs"
marten import -q "$T/cut.erofs" cut
refused "one that is cut short is named" "cut.erofs"
marten images -q cut
is "and no image" "$out" ""

# A program that unpacks without an end, in place of one whose image says so.
mkdir "$T/programs" "$T/empty"
mkfs.erofs --quiet "$T/small.erofs" "$T/empty" >/dev/null
unpacks() { # SHELL COMMANDS, in the directory
	cat >"$T/programs/fsck.erofs" <<-END
		#!/bin/sh
		: >"$T/was.run"
		mkdir "\${1#--extract=}" && cd "\${1#--extract=}" || exit 1
		$1
		exec sleep 600
	END
	chmod 755 "$T/programs/fsck.erofs"
}
unpacks 'dd if=/dev/zero of=zeros bs=1M count=8 2>/dev/null'
PATH=$T/programs:$PATH marten import -q --max-bytes 4m "$T/small.erofs" bomb
if [ -e "$T/was.run" ]; then
	refused "what is unpacked is counted while it is" "small.erofs" "--max-bytes"
	# shellcheck disable=SC2016 # for that program
	unpacks 'for i in 1 2 3 4 5 6; do mkdir -p "$i/a/b/c"; done'
	PATH=$T/programs:$PATH marten import -q --max-entries 20 "$T/small.erofs" bomb
	refused "so are files" "small.erofs" "--max-entries"
	is "and all of it goes" "$(find "$MINCS_DIR" -maxdepth 1 -name '.*' ! -name .)" ""
else
	skip "what is unpacked is counted while it is" "this kernel mounts erofs"
fi

done_testing
