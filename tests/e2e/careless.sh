#!/bin/sh
# SPDX-License-Identifier: MIT
# careless - what the library does by other programs works in a caller that ignores SIGCHLD, or whose
# handler waits for all children.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

careless() { # ignore|reap ARG..
	"$CARELESS" "$@" >"$T/out" 2>"$T/err" </dev/null
	status=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
}

busybox_image bb # or skip

# A pidfd knows how its process has ended, whoever reaped it, since Linux 6.15.
unknown='there
status unknown'
printf '%s\n' 6.15 "$(uname -r)" | sort -CV && unknown='nothing else'

mounts_layers || skip "images that run" "needs loop devices or /dev/fuse"
for how in $(mounts_layers && echo ignore reap); do
	# for a user with subordinate ids by newuidmap(1), for one without by the server of the layers
	careless $how run bb sh -c 'echo there; exit 3'
	is "$how: an image starts" "$status ${out%%
*} $err" "0 there "
	[ "$out" = "$unknown" ] || is "$how: and its status is known" "$out" "there
status 3"
	careless $how run bb /not/there
	is "$how: a command that is missing is told" "$status" 1
	like "$how: and named" "$err" "ENOENT: */not/there*"
done

# a server that ends without a word, and one that complains
if ! as_root && [ -x "${MINC_MODULE_DIR:-}/minc-fuse" ] && mounts_layers; then
	mkdir "$T/modules"
	ln -s "$MINC_MODULE_DIR"/* "$T/modules/"
	for last in 'kill -KILL $$' 'echo broken >&2; exit 1'; do
		rm "$T/modules/minc-fuse"
		printf '#!/bin/sh\n%s\n' "$last" >"$T/modules/minc-fuse"
		chmod 755 "$T/modules/minc-fuse"
		for how in ignore reap; do
			MINC_MODULE_DIR=$T/modules careless $how run bb true
			like "$how: a server of layers whose last is '$last' is told" "$status $err" \
				"1 EBADMSG: step *"
		done
		case $last in *broken*)
			run_tool env MINC_MODULE_DIR="$T/modules" "$MARTEN" run --rm bb true
			like "and what it says, too" "$status $err" "125 *broken*"
			;;
		esac
	done
else
	skip "the server of layers" "it is for ordinary users with /dev/fuse"
fi

if command -v mkfs.erofs >/dev/null && command -v fsck.erofs >/dev/null; then
	mkfs.erofs --quiet "$T/root.erofs" "$T/image-root" >/dev/null
	head -c 3000 "$T/root.erofs" >"$T/cut.erofs"
	for how in ignore reap; do
		careless $how import "$T/root.erofs" "from-erofs-$how"
		is "$how: an erofs image is imported" "$status $err" "0 "
		marten run --rm "from-erofs-$how" sh -c 'echo there'
		is "$how: and runs" "$status $out" "0 there"
		careless $how import "$T/cut.erofs" cut
		is "$how: one that is cut short is not" "$status" 1
		like "$how: and named" "$err" "EBADMSG: */cut.erofs: an erofs image*"
	done
else
	skip "erofs images" "needs mkfs.erofs and fsck.erofs (erofs-utils)"
fi

done_testing
