#!/bin/sh
# SPDX-License-Identifier: MIT
# archives - images in files that say one thing and hold another, and the repair of a store.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

command -v python3 >/dev/null || skip_all "needs python3"
busybox_image bb # or skip

load() { # KIND
	python3 "$MINC_TESTS/make-archive.py" "$1" "$T/$1.tar"
	marten --store "$T/$1.store" load -q -i "$T/$1.tar"
}

load good
is "an archive made by hand is loaded" "$status $out" "0 Loaded image: made:1"
load lie
refused "a config that names another layer than came with it is refused" "diff_ids[0]"
marten --store "$T/lie.store" images -q
is "and no image is listed" "$out" ""
load large
refused "a config that is too large is said to be" ".json: larger than 4194304 bytes"
load lists
refused "so is a manifest.json" "manifest.json: larger than 4194304 bytes"
load twins
refused "manifest.json twice is refused, however far apart" "manifest.json is in it twice"
marten --store "$T/twins.store" images -q
is "and no image is listed then, either" "$out" ""

# What comes again replaces a blob that is cut short, as after a disk was full.
marten --store "$T/good.store" save -q --format oci -o "$T/layout" made:1
for source in "$T/good.tar" "$T/layout"; do
	for file in $(cd "$T/good.store/blobs/sha256" && ls); do
		truncate -s 7 "$T/good.store/blobs/sha256/$file"
	done
	rm -f "$T/good.store/layers/"*
	marten --store "$T/good.store" import -q "$source" made:1
	is "an image whose blobs are cut short is taken from a ${source##*[./]} again" "$status" 0 || diag "$err"
	marten --store "$T/good.store" fsck
	is "and is whole then" "$status $out" "0 "
done

python3 "$MINC_TESTS/make-archive.py" borrow "$T/borrow.tar"
marten --store "$T/good.store" load -q -i "$T/borrow.tar"
refused "a blob cannot pass for a layer that is there already" "layer"

# Repair: what still runs is kept.
blob=$(cd "$T/good.store/blobs/sha256" && grep -l ustar ./* | head -n 1)
ok "the layer's blob is found" test -f "$T/good.store/blobs/sha256/$blob"
rm -f "$T/good.store/blobs/sha256/$blob"
marten --store "$T/good.store" fsck --repair
is "a blob that is missing stays a fault" "$status" 1
has "and is named" "$out" "$(basename "$blob"): missing"
marten --store "$T/good.store" images -q
unlike "an image whose layers are there is not dropped" "$out" ""
rm -f "$T/good.store"/layers/*.sqfs
marten --store "$T/good.store" fsck --repair
has "without its layer it is lost" "$out" "lost"
marten --store "$T/good.store" images -q
is "and dropped" "$out" ""
marten --store "$T/good.store" fsck
is "and then nothing is wrong" "$status $out" "0 "

done_testing
