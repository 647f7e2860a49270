#!/bin/sh
# SPDX-License-Identifier: MIT
# images-run - containers of images, whose layers are mounted and never unpacked.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

command -v mksquashfs >/dev/null || skip_all "needs mksquashfs (squashfs-tools)"
command -v python3 >/dev/null || skip_all "needs python3"
if as_root; then
	[ -w /dev/loop-control ] || skip_all "needs loop devices"
	grep -q squashfs /proc/filesystems || modprobe squashfs 2>/dev/null ||
		skip_all "needs the kernel's squashfs"
	served() { losetup -a | grep -q "$T/"; }
else
	{ [ -r /dev/fuse ] && [ -w /dev/fuse ]; } || skip_all "needs /dev/fuse for everybody"
	# zombies have no arguments: only process 1 could take them away
	served() { pgrep -f "^minc-fuse .*$T/" >/dev/null; }
fi

gone() { ! served; }

pack() { # DIR OPTION..
	_dir=$1
	shift
	mksquashfs "$_dir" "$_dir.sqfs" -noappend -quiet -no-progress "$@" >/dev/null
}

make_image() { # NAME CONFIG LAYER..
	python3 "$MINC_TESTS/make-store.py" "$MINCS_DIR" "$@"
}

# Three layers: files, what hides some, and what replaces one.
busybox_root "$T/low"
mkdir -p "$T/low/srv/web" "$T/low/opt/old" "$T/middle/etc" "$T/middle/opt" "$T/top/etc"
echo low >"$T/low/etc/low"
echo low >"$T/low/etc/gone"
echo low >"$T/low/etc/both"
echo low >"$T/low/opt/old/file"
printf 'web:x:33:34:Web:/srv/web:/bin/sh\n' >>"$T/low/etc/passwd"
printf 'web:x:34:\nmore:x:35:web\n' >>"$T/low/etc/group"
i=0
while [ $i -lt 300 ]; do
	echo "$i" >"$T/low/srv/file$i"
	i=$((i + 1))
done
dd if=/dev/urandom of="$T/low/srv/large" bs=65536 count=40 2>/dev/null
dd if=/dev/zero bs=65536 count=40 >>"$T/low/srv/large" 2>/dev/null
echo "the end" >>"$T/low/srv/large"
ln "$T/low/srv/large" "$T/low/srv/same"
ln -s large "$T/low/srv/link"
echo middle >"$T/middle/etc/both"
echo top >"$T/top/etc/top"
pack "$T/low" -comp zstd -b 128K
pack "$T/middle" -p "/etc/gone c 644 0 0 0 0" -p "/opt/old c 644 0 0 0 0" -comp gzip
pack "$T/top" -comp xz
settings='{"Env": ["COLOUR=blue", "PATH=/bin"], "User": "web", "WorkingDir": "/srv/new",
	"Entrypoint": ["sh", "-c"], "Cmd": ["echo default; id -u; pwd; echo $COLOUR $HOME"]}'
make_image web "$settings" "$T/low.sqfs" "$T/middle.sqfs" "$T/top.sqfs"
make_image plain '{}' "$T/low.sqfs" "$T/middle.sqfs" "$T/top.sqfs"

# What the image says, and what the user says.
minc -q -r web
is "the command, user, directory and environment are the image's" "$out" "default
33
/srv/new
blue /srv/web"
minc -q -r web -u 0 -w / -e COLOUR=red sh -c 'id -u; pwd; echo $COLOUR'
is "unless the user says otherwise" "$out" "0
/
red"
minc -q -r web -u nosuch true
refused "a name that the image's user database lacks is named" nosuch
if as_root; then
	minc -q -r web id -G
	is "with the groups of the image" "$out" "34 35"
fi

# The files are those of all layers.
minc -q -r plain cat /etc/low /etc/both /etc/top
is "each layer's files are there, the uppermost one's win" "$out" "low
middle
top"
minc -q -r plain sh -c 'ls /etc/gone /opt/old'
is "what a layer removed is not" "$status" 1
minc -q -r plain sh -c 'cd /srv; ls | wc -l; cat file* | sort -n | tail -1; md5sum <large; md5sum <link; tail -1 same'
is "many files, a large one, links" "$out" "304
299
$(md5sum <"$T/low/srv/large")
$(md5sum <"$T/low/srv/large")
the end"
minc -q -r plain sh -c 'stat -c %h /srv/same; dd if=/srv/large bs=1000 skip=2621 count=1 2>/dev/null | md5sum'
is "two names of one file, and a part of it" "$out" "2
$(dd if="$T/low/srv/large" bs=1000 skip=2621 count=1 2>/dev/null | md5sum)"
minc -q -r plain sh -c 'echo new >/etc/low; rm /etc/top; mkdir /etc/dir; mv /srv/file1 /opt/moved; cat /etc/low /opt/moved; ls /etc'
like "all of it can be written" "$status $out" "0 new
1
*dir*"
unlike "and removed" "$out" "*top*"
minc -q -r plain cat /etc/low
is "which changes nothing of the image" "$out" low
minc -q --read-only -r plain sh -c 'echo new >/etc/low'
is "a read-only one cannot be written" "$status" 1
minc -q --direct -r plain true
refused "an image is never written directly" --direct
minc -q -r plain -b "$T/top:/mnt" cat /mnt/etc/top
is "the host's files are bound into it" "$out" top

# A container is kept.
minc -r plain sh -c 'echo kept >/etc/kept'
id=$(printf '%s\n' "$out" | sed -n 1p)
is "the id of the container comes first, whole" "${#id}" 64
short=$(printf '%.12s' "$id")
like "the last line says how to go on" "$out" "*To reuse this, run: */minc -t $short"
minc -t "$short" cat /etc/kept /etc/top
is "and with that its files are there again" "$out" "kept
top"
minc -t "$short" --cidfile "$T/cid" true
is "--cidfile has the id of a container of the store" "$(cat "$T/cid")" "$id"
rm -f "$T/cid"
minc -q -r plain --rm --cidfile "$T/cid" true
is "and of one that is made of an image" "$(tr -d 0-9a-f <"$T/cid" | wc -c) $(wc -c <"$T/cid")" "0 64"
ls "$MINCS_DIR/containers" >"$T/before"
minc -q -r plain nosuchcommand
is "a command that is missing is not found" "$status" 127
is "and leaves no container" "$(ls "$MINCS_DIR/containers")" "$(cat "$T/before")"
mkdir "$T/plain"
cd "$T" || exit 1
minc -q -r plain true
is "a directory of that name comes first" "$status" 127
cd / || exit 1
minc -q -r nosuchimage true
refused "what is neither is named" nosuchimage

# One id.
if [ "$MINC_TEST_AS" = user ]; then
	minc -q -r plain sh -c 'chown 33:34 /etc/low && mknod /etc/null c 1 3 && stat -c %u:%g /etc/low'
	is "a change of owners answers success, and is none" "$status $out" "0 0:0"
	minc -q -r plain sh -c 'mknod /tmp/fifo p && test -p /tmp/fifo'
	is "a FIFO is made" "$status" 0
	minc -q -r "$T/low" sh -c 'chown 33:34 /etc/low'
	is "a directory is no image: there it fails" "$status" 1
	minc -q --fake-root -r "$T/low" sh -c 'chown 33:34 /etc/low'
	is "unless it is asked for" "$status" 0
fi

# Others enter it, and it is described.
marten run -d --name front web "sleep 100"
marten exec front sh -c 'id -u; pwd; echo $COLOUR'
is "who enters has the image's user, directory and environment, too" "$out" "33
/srv/new
blue"
[ "$MINC_TEST_AS" != user ] || { # who has a single id
	marten exec front sh -c 'chown 7:7 /srv/new'
	is "and there changes of owners answer success, too" "$status" 0
}
marten rm -f front
ok "layers go with a container in the background" await gone
"$MINC" -r web --explain=oci >"$T/config.json"
minc -q --config "$T/config.json"
is "its config.json starts the same" "$out" "default
33
/srv/new
blue /srv/web"

# Nothing is left behind, however it ends.
"$MINC" -q -r plain sleep 100 &
pid=$!
ok "layers are mounted while it runs" await served
kill -9 "$pid"
wait "$pid" 2>/dev/null
ok "and gone when its starter is killed" await gone

# As many layers as people make.
layers=
i=1
while [ $i -le 100 ]; do
	mkdir -p "$T/many/$i/n"
	echo "$i" >"$T/many/$i/n/$i"
	echo "$i" >"$T/many/$i/last"
	pack "$T/many/$i"
	layers="$layers $T/many/$i.sqfs"
	i=$((i + 1))
done
# shellcheck disable=SC2086 # one word each
make_image many '{}' "$T/low.sqfs" $layers
minc -q -r many sh -c 'ls /n | wc -l; cat /last'
is "a hundred layers are one tree" "$out" "100
100"
# shellcheck disable=SC2086 # one word each
make_image most "{}" "$T/low.sqfs" $layers $layers $layers $layers ${layers#" $T/many/1.sqfs"}
minc -q -r most sh -c 'ls /n | wc -l; cat /last; echo x >/n/new; ls /n/new'
is "five hundred, which are all that overlayfs takes, too" "$out" "100
100
/n/new"
if as_root; then
	# shellcheck disable=SC2086 # one word each
	make_image more '{}' "$T/low.sqfs" $layers $layers
	minc --explain -r more sh -c 'ls /n | wc -l; cat /last; echo x >/n/new; ls /n/new'
	printf '%s\n' "$out" >"$T/script"
	mkdir "$T/rooms"
	is "a script of two hundred does the same" "$(TMPDIR=$T/rooms sh "$T/script" 2>&1 </dev/null)" "100
100
/n/new"
	is "and leaves no directory" "$(ls "$T/rooms")" ""
	is "and no device" "$(losetup -a | grep -c "$T/")" 0
fi

# Damage.
head -c 100000 /dev/urandom >"$T/noise.sqfs"
make_image noise '{}' "$T/low.sqfs" "$T/noise.sqfs"
minc -q -r noise true
is "a layer that is none fails the start" "$status" 125
like "and is named" "$err" "*layers/*.sqfs*"
size=$(stat -c %s "$T/low.sqfs")
head -c $((size / 2)) "$T/low.sqfs" >"$T/half.sqfs"
make_image half '{}' "$T/half.sqfs"
minc -q -r half true
is "half a layer fails it, too" "$status" 125
ok "nothing is left of them" await gone

done_testing
