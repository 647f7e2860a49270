#!/bin/sh
# SPDX-License-Identifier: MIT
# copies - cp of containers of images: created, running, ended; tars; owners, attributes; and what is
# hostile on either side.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_image bb
case $err in
*"module "*missing* | *"built without"*) skip_all "needs images: $err" ;;
esac
mkdir -p "$T/src/sub" "$T/out" "$T/secret" "$T/bound"
echo content >"$T/src/file"
ln "$T/src/file" "$T/src/sub/hard"
ln -s file "$T/src/link"
ln -s /outside "$T/src/far"
mkfifo "$T/src/pipe"
truncate -s 64M "$T/src/sparse"
printf end >>"$T/src/sparse"
chmod 640 "$T/src/file"
chmod 751 "$T/src/sub"
touch -d '2020-02-02 02:02:02.5 UTC' "$T/src/file" "$T/src/sub"
echo host >"$T/secret/file"
echo early >"$T/early"

# inside NAME WORD..: what a container that runs says
inside() {
	marten exec "$1" sh -c "$2"
}
tar_names() { # FILE
	tar -tf "$1" | LC_ALL=C sort | tr '\n' ' '
}

# Created: before anything has run.
marten create --name early -v "$T/bound:/bound" -v vol:/vol --tmpfs /mem bb sh -c \
	'cat /etc/early /bound/early /vol/early; stat -c %u:%g /etc/early'
is "a container is made" "$status" 0
for dir in etc bound vol; do
	marten cp "$T/early" early:/$dir/
	is "a file gets into /$dir of one that was never started" "$status $err" "0 "
done
is "in what is shown of the host, too" "$(cat "$T/bound/early")" early
marten cp early:/etc/early -
is "and comes out as a tar" "$status" 0
marten cp early:/etc/passwd "$T/out/passwd"
like "as does what is the image's" "$(cat "$T/out/passwd")" "*bob*"
marten cp "$T/early" early:/mem/x
refused "what is in memory is refused: it would be lost" early:/mem
marten cp "$T/early" early:/dev/shm/x
refused "in its /dev as well" early:/dev/shm/x
marten diff early
has "diff knows" "$out" "/etc/early"
marten ps -a
like "it is still created" "$out" "*early*reated*"
marten start -a early
is "its command finds them, and they are its root's" "$out" "early
early
early
0:0"
marten ps -a
unlike "then it is not" "$out" "*early*Created*"
# Ended.
marten cp early:/etc/early "$T/out/late"
is "of one that has ended files come out" "$status $(cat "$T/out/late")" "0 early"
marten cp "$T/src" early:/srv
is "and get in" "$status $err" "0 "
marten cp early:/srv/. "$T/out/back"
is "a directory that is not there is made of what is in it" "$(cd "$T/out/back" && find . | LC_ALL=C sort | tr '\n' ' ')" \
	". ./far ./file ./link ./pipe ./sparse ./sub ./sub/hard "
is "mode and time are kept" "$(stat -c '%a %.2Y' "$T/out/back/file" "$T/out/back/sub")" "640 1580608922.50
751 1580608922.50"
is "a file with two names has two" "$(stat -c %h "$T/out/back/sub/hard")" 2
is "and a hole is one" "$(($(stat -c %b "$T/out/back/sparse") < 1000))" 1
marten create --rm --name once bb cat /late
marten cp "$T/early" once:/late
marten start -a once
is "one of --rm is not removed by a copy" "$out" early
marten create --name shut --read-only bb true
marten cp "$T/early" shut:/x
refused "a root that is read-only stays so" shut:/x "ead-only"
marten rm early shut

# Running.
marten run -d --name box -v "$T/bound:/bound" -v "$T/early:/bin/shown" --tmpfs /mem bb sleep 1000
marten cp "$T/src" box:/srv
for dir in / /mem /bound /dev/shm /tmp; do
	marten cp "$T/early" "box:$dir"
	inside box "cat $dir/early"
	is "one that runs sees what is copied to $dir" "$out" early
done
marten cp "$T/early" box:relative
inside box 'cat /relative'
is "a path without a slash is from the root" "$out" early
marten pause box
marten cp "$T/early" box:/paused
is "a paused one gets files" "$status" 0
marten unpause box

# What SRC and DEST mean.
marten cp "$T/early" box:/new/
refused "a file for a directory that is not there" box:/new/
marten cp "$T/src" box:/new/
inside box 'ls /new; cat /new/file'
is "a directory gets that name" "$out" "far
file
link
pipe
sparse
sub
content"
marten cp "$T/src/" box:/new
inside box 'cat /new/src/file'
is "or goes into one that is there" "$out" content
marten cp "$T/src" box:/new/file
refused "but not over a file" box:/new/file
marten cp "$T/early/" box:/
refused "a file is no directory" "$T/early/"
marten cp "$T/early" box:/new/sub
marten cp "$T/early" box:/new/sub/hard
inside box 'cat /new/sub/early /new/sub/hard /new/file'
is "a file goes into a directory, or takes the place of one name" "$out" "early
early
content"
mkdir -p "$T/clash/sub/hard" "$T/clash2"
echo x >"$T/clash2/sub"
marten cp "$T/clash/." box:/new
refused "a directory over a file" box:/new "/sub/hard"
marten cp "$T/clash2/." box:/new
refused "a file over a directory" box:/new "/sub"
inside box 'mkdir -p /real; ln -s /real /to-dir; ln -s /real/target /to-file; ln -s /dev/null /to-null; echo old >/real/target'
marten cp "$T/early" box:/to-dir
marten cp "$T/early" box:/to-file
inside box 'cat /real/early /real/target; readlink /to-file'
is "a link as DEST is followed, inside" "$out" "early
early
/real/target"
marten cp "$T/early" box:/to-null
refused "no device is replaced" box:/to-null
inside box 'test -c /dev/null'
is "and none was" "$status" 0
marten cp box:/to-file "$T/out"
is "a link as SRC is copied" "$(readlink "$T/out/to-file")" /real/target
marten cp -L box:/to-file "$T/out/followed"
is "with -L what it leads to" "$(cat "$T/out/followed")" early
inside box 'ln -s /nowhere /dangling; mkdir -p /closed/in; echo in >/closed/in/file; chmod 555 /closed/in /closed'
marten cp "$T/early" box:/dangling/
refused "a dangling link is no directory" box:/dangling/
marten cp box:/closed "$T/out"
is "directories that may not be written come out" "$status $(cat "$T/out/closed/in/file") $(stat -c %a "$T/out/closed/in")" "0 in 555"
chmod -R u+w "$T/out/closed"
marten cp -L "$T/src/link" box:/followed
inside box 'cat /followed'
is "from the host as well" "$out" content
marten cp box:/real box:/real/deeper
refused "a directory into itself has no end" box:/real itself
inside box 'cat /etc/hosts >/before'
printf '192.0.2.1 planted\n' >"$T/hosts"
marten cp "$T/hosts" box:/etc/hosts
inside box 'cat /etc/hosts'
is "a file that is a mount point is written over" "$status $out" "0 192.0.2.1 planted"
marten run -d --name box2 bb sleep 1000
marten cp box:/new box2:/copied
inside box2 'cat /copied/file; stat -c %h /copied/src/file'
is "from one container to another" "$out" "content
2"
marten cp box:/none box2:/
refused "the first one is named" box:/none
marten cp box:/new/file box2:/none/x
refused "or the other" box2:/none/x
marten rm -f box2

# Tars.
"$MARTEN" cp box:/new/sub - >"$T/sub.tar"
is "a directory is a tar that begins with its name" "$(tar_names "$T/sub.tar")" "sub/ sub/early sub/hard "
"$MARTEN" cp box:/new/sub/. - >"$T/sub.tar"
is "DIR/. is one without" "$(tar_names "$T/sub.tar")" "./ early hard "
inside box 'busybox mkfifo /new/fifo; ln /new/file /new/file2; touch /new/.wh.x'
"$MARTEN" cp box:/new/. - >"$T/new.tar"
mkdir "$T/unpacked"
tar -C "$T/unpacked" -xf "$T/new.tar"
is "with links, FIFOs and any names" "$(stat -c %h "$T/unpacked/file") $(readlink "$T/unpacked/far") $(stat -c %F "$T/unpacked/fifo") $(find "$T/unpacked" -name "*wh*" | grep -c .)" \
	"2 /outside fifo 1"
"$MARTEN" cp box:/proc/version - | tar -xO >"$T/out/version"
has "files of /proc have their content" "$(cat "$T/out/version")" Linux
"$MARTEN" cp box:/new/sparse - 2>"$T/quiet" | head -c 100 >"$T/out/head"
is "who has read enough hears nothing" "$(cat "$T/quiet")" ""
inside box 'mkdir /in'
tar -C "$T/src" -cSf - . | "$MARTEN" cp - box:/in
inside box 'cd /in; cat file; stat -c "%a %Y %h %u:%g" file; stat -c %a sub; readlink far; test -p pipe && echo pipe; busybox cmp sparse /srv/sparse && test $(stat -c %b sparse) -lt 1000 && echo hole'
is "a tar goes below a directory, and is its root's" "$out" "content
640 1580608922 2 0:0
751
/outside
pipe
hole"
gzip -c "$T/new.tar" | "$MARTEN" cp - box:/in
is "compressed, too" "$?" 0
marten cp - box:/new/file </dev/null
refused "a tar for what is no directory" box:/new/file
head -c 3000 "$T/new.tar" | "$MARTEN" cp - box:/in 2>"$T/.err"
is "half a tar is an error" "$?" 125
"$MARTEN" cp - "$T/out" </dev/null 2>"$T/.err"
is "the host needs no help with tars" "$?" 125
python3 - "$T" <<'EOF'
import io, sys, tarfile
T = sys.argv[1]
def make(name, *entries):
    with tarfile.open(f"{T}/{name}.tar", "w", format=tarfile.PAX_FORMAT) as t:
        for path, kind, link, pax in entries:
            i = tarfile.TarInfo(path)
            i.type, i.linkname, i.mode, i.uid, i.gid, i.pax_headers = kind, link, 0o4755, 7, 8, pax
            data = pax.pop("data", "evil").encode() if kind == tarfile.REGTYPE else b""
            i.size = len(data)
            i.devmajor, i.devminor = 1, 3
            t.addfile(i, io.BytesIO(data))
F, L, H, D, C = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE
make("dots", ("../evil", F, "", {}))
make("inner", ("a/../../evil", F, "", {}))
make("absolute", ("/abs/evil", F, "", {}))
make("link", ("up", L, T + "/secret", {}), ("up/file", F, "", {}))
make("links", ("up", L, "../" * 30 + T + "/secret", {}), ("up/file", F, "", {}))
make("hard", ("h", H, "../" * 30 + T + "/secret/file", {}))
make("far", ("h", H, T + "/secret/file", {}))
make("node", ("null", C, "", {}), ("after", F, "", {}))
make("xattr", ("x", F, "", {"SCHILY.xattr.user.good": "1", "SCHILY.xattr.user.overlay.opaque": "y",
     "SCHILY.xattr.trusted.overlay.opaque": "y"}))
make("long", ("x/" * 3000 + "y", F, "", {}))
make("name", ("n" * 300, F, "", {}))
for name, parts in ("twice", "2\n0\n4\n2\n4\n"), ("back", "2\n8\n4\n0\n4\n"):
    make(name, ("parts", F, "", {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "parts",
         "GNU.sparse.realsize": "4096", "data": parts.ljust(512, "\0") + "evilevil"}))
EOF
inside box 'mkdir -p /way/in'
for name in dots inner; do
	"$MARTEN" cp - box:/way/in <"$T/$name.tar" 2>"$T/.err"
	is "a name that leads out is refused ($name)" "$? $(grep -c 'leads out' "$T/.err")" "125 1"
done
inside box 'ls /way'
is "and made nothing" "$out" in
"$MARTEN" cp - box:/way/in <"$T/absolute.tar"
inside box 'cat /way/in/abs/evil; echo; stat -c %a /way/in/abs/evil'
is "an absolute one is below, without set-ID bits" "$out" "evil
755"
for name in link links hard far; do
	"$MARTEN" cp - box:/way/in <"$T/$name.tar" >/dev/null 2>&1
	is "no link leads to the host ($name)" "$(cat "$T/secret/file") $(ls "$T/secret")" "host file"
done
marten cp - box:/way/in <"$T/node.tar"
"$MARTEN" cp - box:/way/in <"$T/node.tar" 2>"$T/.err"
is "a device is left out, and that is said" "$? $(grep -c 'box:/way/in/null: a device' "$T/.err")" "0 1"
inside box 'ls /way/in/after /way/in/null 2>/dev/null'
is "the rest is not" "$out" /way/in/after
for name in twice back; do
	"$MARTEN" cp - box:/way/in <"$T/$name.tar" 2>"$T/.err"
	is "parts of a file that overlap are refused ($name)" "$? $(cat "$T/.err")" \
		"125 marten: box:/way/in/parts: a sparse file whose parts overlap"
done
for name in long name; do
	"$MARTEN" cp - box:/way/in <"$T/$name.tar" 2>"$T/.err"
	is "a path too long is an error ($name)" "$?" 125
done

# Owners.
inside box 'touch /owned; chown 1000:50 /owned 2>/dev/null; chmod 4755 /owned; mkdir -p /etc; touch /shut; chmod 000 /shut'
marten cp box:/owned "$T/out"
is "what comes out is the caller's, without set-ID bits" "$(stat -c '%u %a' "$T/out/owned")" "$(id -u) 755"
marten cp box:/shut "$T/out"
is "also what only root could read" "$status $(stat -c %a "$T/out/shut")" "0 0"
"$MARTEN" cp box:/owned - >"$T/owned.tar"
if as_root || has_range; then
	is "in a tar it has the owner that the container knows" "$(tar --numeric-owner -tvf "$T/owned.tar" | awk '{print $1, $2}')" "-rwsr-xr-x 1000/50"
	inside box 'mkdir /a'
	"$MARTEN" cp -a - box:/a <"$T/owned.tar"
	inside box 'stat -c "%u:%g %a" /a/owned'
	is "and with -a there as well, with set-ID bits" "$out" "1000:50 4755"
fi
if as_root; then
	marten cp -a box:/owned "$T/out/kept"
	is "root keeps owners with -a" "$(stat -c '%u:%g %a' "$T/out/kept")" "1000:50 4755"
	marten cp -a "$T/out/kept" box:/kept
	marten cp "$T/out/kept" box:/not-kept
	inside box 'stat -c "%u:%g %a" /kept /not-kept'
	is "in both directions, and without it they are root's" "$out" "1000:50 4755
0:0 755"
fi
marten cp -a "$T/src" box:/archived
inside box 'stat -c "%a %h" /archived/file'
is "-a works for all" "$status $out" "0 640 2"
if setfattr -n user.note -v hello "$T/early" 2>/dev/null; then
	marten cp "$T/early" box:/noted
	marten cp box:/noted "$T/out/noted"
	is "attributes of users go in and out" "$(getfattr --only-values -n user.note "$T/out/noted" 2>/dev/null)" hello
	"$MARTEN" cp - box:/way/in <"$T/xattr.tar"
	marten cp box:/way/in/x "$T/out/x"
	is "overlayfs's own do not" "$(getfattr -d "$T/out/x" 2>/dev/null | grep -c overlay) $(getfattr --only-values -n user.good "$T/out/x" 2>/dev/null)" "0 1"
fi

# Hostile: directories and links change places all the time.
inside box "mkdir /race /race/d /race/out; echo good >/race/d/file; ln -s $T/secret /race/l"
marten exec -d box sh -c 'cd /race; while :; do mv d e; mv l d; mv d l; mv e d; done'
i=0 leaked=0
while [ $i -lt 60 ]; do
	rm -rf "$T/out/race"
	"$MARTEN" cp box:/race/d/file "$T/out/race" >/dev/null 2>&1
	case $(cat "$T/out/race" 2>/dev/null) in
	'' | good | early) ;;
	*) leaked=1 ;;
	esac
	rm -rf "$T/out/race"
	"$MARTEN" cp -L box:/race/d "$T/out/race" >/dev/null 2>&1
	grep -rq host "$T/out/race" 2>/dev/null && leaked=1
	"$MARTEN" cp "$T/early" box:/race/d/file >/dev/null 2>&1
	"$MARTEN" cp "$T/early" box:/race/d >/dev/null 2>&1
	"$MARTEN" cp - box:/race/d <"$T/absolute.tar" >/dev/null 2>&1
	i=$((i + 1))
done
is "nothing of the host is read through what is swapped" "$leaked" 0
is "nor written" "$(cat "$T/secret/file") $(ls "$T/secret")" "host file"
inside box 'mkdir /traps; cd /traps; busybox mkfifo fifo; ln -s /proc/self/fd/0 magic; ln -s /proc/1/root/etc root'
marten cp box:/traps "$T/out"
is "a FIFO does not block, and is one" "$status $(stat -c %F "$T/out/traps/fifo")" "0 fifo"
marten cp -L box:/traps/magic "$T/out/magic"
is "magic links lead nowhere" "$status" 125
marten rm -f box
marten cp box:/etc/passwd "$T/out"
refused "a removed container is named" box
is "no temporary name is left" "$(find "$T/out" "$T/bound" -name '.minc-cp-*')" ""

# Those of minc.
busybox_root "$T/bb"
mkdir -m 700 "$T/kept"
minc -B -q --name memo -r "$T/bb" true
marten wait memo
marten cp memo:/etc/passwd "$T/out"
refused "what was in memory is gone" memo memory
marten rm memo
minc -B -q --name held -t "$T/kept" -r "$T/bb" sh -c 'echo mine >/etc/mine'
marten wait held
marten cp held:/etc/mine "$T/out"
is "what was kept is not" "$status $(cat "$T/out/mine")" "0 mine"
marten cp "$T/early" held:/etc/early
is "and can be added to" "$status $(cat "$T/kept/storage/etc/early")" "0 early"
marten rm held
done_testing
