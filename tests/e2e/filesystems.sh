#!/bin/sh
# SPDX-License-Identifier: MIT
# filesystems - a store on file systems that have no files without a name, and no hard links.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_image bb:1 # or skip
# blanks and colons end a name in LD_PRELOAD
cp "$NO_TMPFILE" "$T/no-tmpfile.so"
NO_TMPFILE=$T/no-tmpfile.so
marten keygen "$T/k"

lacking() { # VARIABLE.. -- ARG..: run marten so
	ran="marten $*"
	run_tool env LD_PRELOAD="$NO_TMPFILE" "$@"
}

round() { # WHAT VARIABLE..
	what=$1
	shift
	lacking "$@" "$MARTEN" --store "$T/s" import -q "$T/image-root" dir:1
	is "$what: a directory is imported" "$status" 0
	"$MARTEN" save bb:1 >"$T/bb.tar"
	env LD_PRELOAD="$NO_TMPFILE" "$@" sh -c 'cat "$1" | "$2" --store "$3" load -q' sh "$T/bb.tar" \
		"$MARTEN" "$T/s" >"$T/loaded" 2>&1
	is "$what: what comes through a pipe is loaded" "$? $(cat "$T/loaded")" "0 Loaded image: bb:1"
	lacking "$@" "$MARTEN" --store "$T/s" tag bb:1 other:1
	is "$what: and tagged" "$status" 0
	lacking "$@" "$MARTEN" --store "$T/s" sign -k "$T/k.key" other:1
	is "$what: and signed" "$status" 0
	lacking "$@" "$MARTEN" --store "$T/s" export --format squashfs -o "$T/out.sqfs" other:1
	is "$what: and exported as squashfs" "$status $(head -c 4 "$T/out.sqfs")" "0 hsqs"
	lacking "$@" "$MARTEN" --store "$T/s" fsck
	is "$what: and whole" "$status $out" "0 "
	is "$what: nothing is left over" "$(find "$T/s" -name '.tmp*' | wc -l)" 0
	rm -rf "$T/s" "$T/out.sqfs"
}

round "no O_TMPFILE" A=1
round "a kernel that takes it for a directory" NO_TMPFILE_ERRNO=21
round "no hard links" NO_LINKS=1
round "nor renames that replace nothing" NO_LINKS=2
round "no /proc" NO_PROC=1

done_testing
