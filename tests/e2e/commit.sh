#!/bin/sh
# SPDX-License-Identifier: MIT
# commit - what a container wrote, as a layer of a new image.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_image bb # or skip
marten run --name writer bb sh -c 'echo new >/new && mkdir /d && echo a >/d/a'
is "a container writes" "$status" 0
marten commit -q -c 'CMD ["cat", "/d/a"]' -m "first" writer made
is "what it wrote is committed" "$status" 0
marten export -q -o "$T/made.tar" made
is "the image is exported" "$status" 0
has "a new file belongs to root in it, whoever that is outside" \
	"$(tar tvf "$T/made.tar" --numeric-owner new)" " 0/0 "
has "what was below is there, too" "$(tar tf "$T/made.tar")" "usr/bin/busybox"
marten run --rm made
is "the changes of its config are kept" "$status $out" "0 a"
marten history made
has "and the message" "$out" first

marten run --name remover made sh -c 'rm /new && rm -r /d && mkdir /d'
is "another one removes" "$status" 0
marten commit -q remover less
is "which is committed" "$status" 0
marten export -q -o "$T/less.tar" less
hasnt "a removed file is gone" "$(tar tf "$T/less.tar")" new
hasnt "and what a directory of the same name had" "$(tar tf "$T/less.tar")" "d/a"
marten commit writer other -c 'ONBUILD RUN true'
refused "ONBUILD is refused" ONBUILD
marten commit nothing other
refused "a container that is not there is named" nothing
marten fsck
is "and nothing is wrong in the store" "$status $out" "0 "

done_testing
