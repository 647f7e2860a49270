#!/bin/sh
# SPDX-License-Identifier: MIT
# filled - a store that another tool filled, and layers that are made anew from their blobs.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

command -v skopeo >/dev/null || skip_all "needs skopeo"
busybox_image bb # or skip
marten save -q --format oci -o "$T/layout" bb
is "an image is saved as an OCI layout" "$status" 0
MINCS_DIR=$T/other
ok "skopeo makes a store of it" skopeo --insecure-policy copy -q "oci:$T/layout:bb:latest" \
	"oci:$MINCS_DIR:theirs"
marten run --rm theirs echo works
is "an image in it runs: its layers are made at first use" "$status $out" "0 works"
set -- "$MINCS_DIR"/layers/*.sqfs
ok "and stay" test -s "$1"
rm "$1"
minc -q -r theirs echo again
is "so they do for minc" "$status $out" "0 again"
marten fsck
is "and nothing is wrong" "$status $out" "0 "

# A layer that is no longer what was written.
printf x | dd of="$1" bs=1 seek=5000 conv=notrunc 2>/dev/null
marten fsck
is "a damaged layer is a fault" "$status" 1
has "and named" "$out" "$(basename "$1")"
marten fsck --repair
is "it is repaired" "$status" 0
ok "which makes it anew at once" test -s "$1"
marten fsck
is "and then nothing is wrong" "$status $out" "0 "

rm "$MINCS_DIR/oci-layout"
marten fsck
is "a missing oci-layout is no fault" "$status $out" "0 "
ok "as whoever uses the store makes it" test -s "$MINCS_DIR/oci-layout"

done_testing
