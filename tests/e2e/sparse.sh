#!/bin/sh
# SPDX-License-Identifier: MIT
# sparse - a file with holes has them in every copy: what is copied up, applied, filled, committed and
# exported. Blocks are counted, for the length says nothing.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

size=134217728
root=$T/image-root
busybox_root "$root"
mkdir "$root/srv"
truncate -s $size "$root/srv/sparse"
printf first | dd of="$root/srv/sparse" conv=notrunc status=none
printf middle | dd of="$root/srv/sparse" bs=1M seek=64 conv=notrunc status=none
printf last | dd of="$root/srv/sparse" bs=4 seek=$((size / 4 - 1)) conv=notrunc status=none
printf begun >"$root/srv/ends"
truncate -s 60M "$root/srv/ends"
[ "$(du -k "$root/srv/sparse" | cut -f 1)" -lt 1000 ] || skip_all "needs a file system with holes"
LIMIT=120

# overlayfs copies a MiB at once; that of the last data is read from the file system below.
thin() { # FILE
	[ "$(stat -c %s "$1")" = $size ] && [ "$(du -k "$1" | cut -f 1)" -lt 6000 ]
}

same() { # FILE: what was written, and a part of what was not
	[ "$(head -c 5 "$1")$(dd if="$1" bs=1M skip=64 count=1 status=none | head -c 6)$(tail -c 4 "$1")" = firstmiddlelast ] &&
		[ -z "$(dd if="$1" bs=1M skip=30 count=4 status=none | tr -d '\0')" ]
}

mkdir "$T/kept" "$T/base"
minc -r "$root" -t "$T/kept" chmod 600 /srv/sparse
ok "a file of a directory is copied up with its holes" thin "$T/kept/storage/srv/sparse"
cp -a "$root/." "$T/base"
rm "$T/base/srv/sparse"
marten apply -y --force --base "$T/base" "$T/kept"
is "it is applied" "$status" 0
ok "with its holes" thin "$T/base/srv/sparse"
ok "and its bytes" same "$T/base/srv/sparse"

minc -B -q --name holes -r "$root" sleep 1000
"$MARTEN" cp holes:/srv/sparse - >"$T/sparse.tar"
ok "a tar that cp writes has its holes" [ "$(stat -c %s "$T/sparse.tar")" -lt 6000000 ]
mkdir "$T/tar" "$T/in"
tar -C "$T/tar" -xf "$T/sparse.tar"
ok "tar(1) makes holes of them" thin "$T/tar/sparse"
ok "and reads its bytes" same "$T/tar/sparse"
"$MARTEN" cp - holes:/mnt <"$T/sparse.tar"
marten cp holes:/mnt/sparse "$T/in"
ok "cp as well" thin "$T/in/sparse"
ok "in both directions" same "$T/in/sparse"
"$MARTEN" cp holes:/srv/ends - | tar -C "$T/tar" -xf -
ok "few zeros are bytes" cmp -s "$root/srv/ends" "$T/tar/ends"
marten rm -f holes

busybox_image bb || exit 1
small() { # DIR: the store is smaller than one file without holes
	[ "$(du -sk "$1" | cut -f 1)" -lt 40000 ]
}
ok "the archive of an image that is kept has them" small "$MINCS_DIR/blobs"
mounts_layers || skip "the rest" "needs loop devices or /dev/fuse"
mounts_layers || done_testing
marten run --rm bb sh -c "test \$(stat -c %b /srv/sparse) -lt 8192"
is "they are seen in a container" "$status$err" 0
marten run --rm -v vol:/srv bb true
ok "a volume that is filled has them" thin "$MINCS_DIR/volumes/vol/sparse"
if as_root && [ "$(printf '6.17\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.17 ]; then
	skip "a file of an image is copied up with its holes" "squashfs tells of them since 6.17"
else
	marten run --name work bb chmod 604 /srv/sparse
	up=$(echo "$MINCS_DIR"/containers/*/storage/srv/sparse)
	ok "a file of an image is copied up with its holes" thin "$up"
	marten commit -q work made
	is "and committed" "$status$err" 0
	ok "in an archive with holes" small "$MINCS_DIR/blobs"
	marten rm work
fi
marten run -d --name box bb sleep 1000
marten cp box:/srv/sparse "$T/out"
ok "it is copied out with them" thin "$T/out"
ok "and its bytes" same "$T/out"
marten cp box:/srv/ends "$T/ends"
is "one that ends with a hole is, too" "$status $(stat -c %s "$T/ends") $(head -c 5 "$T/ends")" "0 62914560 begun"
ok "and still does" small "$T/ends"
marten rm -f box
marten export -q --format dir -o "$T/dir" bb
ok "exported to a directory it has them" thin "$T/dir/srv/sparse"
ok "and its bytes" same "$T/dir/srv/sparse"
marten export -q -o "$T/root.tar" bb
is "a tar says all bytes" "$(tar tvf "$T/root.tar" srv/sparse 2>/dev/null | awk '{ print $3 }')" $size
ok "and has holes as a file" small "$T/root.tar"
marten save -q -o "$T/image.tar" bb
ok "as has a saved image" small "$T/image.tar"
echo before >"$T/long.tar"
"$MARTEN" export -q bb >>"$T/long.tar"
ok "what is appended is whole" cmp -s -i 7:0 "$T/long.tar" "$T/root.tar"
rm "$T/long.tar"
marten volume rm vol
MINCS_DIR=$T/again
marten load -q -i "$T/image.tar"
is "what was saved is loaded" "$status$err" 0
ok "with holes" small "$T/again/blobs"
marten run --rm bb sh -c 'head -c 5 /srv/sparse; tail -c 4 /srv/sparse'
is "and right" "$status$out" 0firstlast
done_testing
