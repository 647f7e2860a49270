#!/bin/sh
# SPDX-License-Identifier: MIT
# full - a disk without room, or without inodes: one line that says so, nothing torn or left, and all works
# when there is room again.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

as_root || skip_all "needs root, to mount a small file system"
disk=$T/disk
mkdir "$disk" "$T/src" "$T/r2"
mount -t tmpfs -o size=64m,nr_inodes=4096 none "$disk" 2>/dev/null || skip_all "needs a tmpfs"
MINCS_DIR=$disk/store
MINC_STATE_DIR=$disk/state
busybox_image bb
head -c 300000 /dev/urandom >"$T/src/a"
echo b >"$T/src/b"
head -c 200000 /dev/urandom >"$T/r2/big"
echo x >"$T/r2/x"
tar -C "$T/r2" -cf "$T/root.tar" .
MINCS_DIR=$T/other marten import -q "$T/root.tar" new
MINCS_DIR=$T/other marten save -q -o "$T/new.tar" new
marten run --name box bb sh -c 'echo hi >/w; head -c 100000 /dev/urandom >/z; mkdir /d'
is "a container has written something" "$status$err" 0
marten create --name fresh bb sleep 1000
marten volume create before
mkdir "$disk/out"

used() { # what df(1) calls it
	df --output="$1" "$disk" | sed -n '2s/ //gp'
}
leave_kib() {
	mount -o "remount,size=$(($(used used) + $1))k" "$disk"
}
leave_inodes() {
	mount -o "remount,nr_inodes=$(($(used iused) + $1))" "$disk"
}
give_room() {
	mount -o remount,size=64m,nr_inodes=4096 "$disk"
}
# All names but those of blobs and layers, which the next one finds and prune takes. @part: of a copy.
names() {
	(cd "$disk" && find . ! -path './store/blobs/*' ! -path './store/layers/*' ! -path "$part" | LC_ALL=C sort)
}

# tight WHAT SIZES UNDO CMD..: with so much left, until it has room
tight() {
	_what=$1 _sizes=$2 _undo=$3
	shift 3
	_bad='' _full=0 _good=''
	names >"$T/before"
	for _n in $_sizes; do
		"leave_$_what" "$_n"
		marten "$@"
		_status=$status _err=$err
		give_room
		if [ "$_status" = 0 ]; then
			_good=yes
			marten fsck
			[ "$status$out" = 0 ] || _bad="$_bad $_n: fsck: $out"
			eval "$_undo" || _bad="$_bad undo: $err"
			break
		fi
		_full=$((_full + 1))
		case $_status$(printf '%s' "$_err" | grep -v '^marten: hint: ' | grep -c .)$_err in
		1251*"No space left on device"*) ;;
		*) _bad="$_bad $_n: status $_status: $_err" ;;
		esac
		names | cmp -s "$T/before" - || _bad="$_bad $_n: left: $(names | comm -3 "$T/before" -)"
	done
	[ "$_full" != 0 ] || _bad="$_bad there was always some"
	is "$(echo "$*" | sed "s|$T|T|g"), with few $_what: no space, until there is some" "$_bad $_good" " yes"
}

INODES='0 1 2 3 4 6 8 12 16 32 64 1000' # the last is for an image that has to be unpacked
KIB='0 4 8 16 64 256 1024 4096'
part=none every=''
for what in inodes kib; do
	[ "$what" = kib ] && sizes=$KIB || sizes=$INODES
	tight "$what" "$sizes" 'marten rmi new' import -q "$T/root.tar" new
	tight "$what" "$sizes" 'marten rmi new' load -q -i "$T/new.tar"
	tight "$what" "$sizes" 'marten rmi com' commit -q box com
	tight "$what" "$sizes" 'marten rmi two' tag bb two
	tight "$what" "$sizes" 'marten rm made' create --name made bb true
	# each, for with one it is only overlayfs that lacks it, and would be mounted read-only
	[ "$what" = kib ] || every="$(seq 0 40 | tr '\n' ' ') 1000"
	tight "$what" "${every:-$sizes}" true run --rm --name short bb test -w /
	every=''
	tight "$what" "$sizes" 'marten rm -f long' run -d --name long bb sleep 1000
	tight "$what" "$sizes" 'marten rm -f fresh; marten create --name fresh bb sleep 1000' start fresh
	tight "$what" "$sizes" 'marten rename boxx box' rename box boxx
	tight "$what" "$sizes" "rm -r '$disk/out/e'" export -q -o "$disk/out/e" bb
	tight "$what" "$sizes" "rm -r '$disk/out/e'" export -q --format squashfs -o "$disk/out/e" bb
	tight "$what" "$sizes" "rm -r '$disk/out/s'" save -q -o "$disk/out/s" bb
	tight "$what" "$sizes" "rm -r '$disk/out/s'" save -q --format oci -o "$disk/out/s" bb
	part='*/storage/d/*'
	tight "$what" "$sizes" true cp "$T/src" box:/d/src
	part='./out/*'
	tight "$what" "$sizes" "rm '$disk/out/z'" cp box:/z "$disk/out/z"
	part=none
done
tight inodes "$INODES" 'marten volume rm vol' volume create vol # directories of a tmpfs need no more
marten run -d --name last bb sleep 1000
leave_inodes 0
leave_kib 0
bad=''
for words in "stop -t 0 last" "rm last" "rm fresh" "volume rm before" "prune -f"; do
	# shellcheck disable=SC2086 # they are words
	marten $words || bad="$bad $words: $err"
done
give_room
is "where nothing is left all can be removed" "$bad" ''
marten fsck
is "what was begun and never listed is swept" "$(find "$MINCS_DIR/blobs/sha256" -type f | grep -c .)" 3

# Its log has no room: it goes on, and the loss is told.
mkdir "$T/small"
mount -t tmpfs -o size=256k none "$T/small"
MINC_STATE_DIR=$T/small/state
marten run -d --name loud bb sh -c 'seq 1 100000; touch /told; sleep 1000'
await "$MARTEN" exec loud test -e /told
is "one whose log is full goes on" "$?" 0
marten kill loud
marten logs loud
like "and how much was lost is said" "$err" "*[1-9]* bytes of output were lost]*"
marten rm loud
is "it is removed as any other" "$status$err$(find "$T/small/state" -type f)" 0
done_testing
