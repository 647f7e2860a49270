#!/bin/sh
# SPDX-License-Identifier: MIT
# inside - what belongs to our storage is not seen in a container, nor in what leaves it; and what minc
# makes of an image is listed with what is known of it.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

root=$T/image-root
busybox_root "$root"
busybox_image bb || exit 1

# What minc makes of an image.
minc -r bb sh -c 'exit 3'
marten ps -a --format json
has "a container that minc made has its image" "$out" '"image": "bb"'
has "and its command" "$out" '"command": ["sh", "-c", "exit 3"]'
id=$(ls "$MINCS_DIR/containers")
marten start "$id"
refused "marten does not start it" "$id" "not made by marten"
marten inspect "$id"
has "but knows what it is of" "$out" '"image": "bb"'
marten rm "$id"
minc --rm -r bb sh -c 'echo hello; exit 4'
is "with --rm it says what its command says" "$status $out$err" "4 hello"
is "and leaves no container" "$(ls -A "$MINCS_DIR/containers")" ""
minc --rm -r bb /none
is "one that does not start leaves none, either" "$status $(ls -A "$MINCS_DIR/containers")" "127 "
minc -q --rm -k -r bb true
is "with -k it stays" "$status $(find "$MINCS_DIR/containers" -mindepth 1 -maxdepth 1 | wc -l)" "0 1"
marten rm "$(ls "$MINCS_DIR/containers")"
minc -r bb --rm -B --name soon true
marten wait soon
await sh -c '"$MARTEN" ps -a >/dev/null && [ -z "$(ls -A "$MINCS_DIR/containers")" ]'
is "in the background it goes, too" "$(ls -A "$MINCS_DIR/containers")" ""
mkfifo "$T/ready"
"$MINC" --rm -r bb sh -c 'echo; exec sleep 1000' >"$T/ready" 2>/dev/null &
pid=$!
read -r _ <"$T/ready"
marten ps -a --format json
has "in the foreground it is one that runs" "$out" '"state": "running", "pid": 0'
marten ps
like "and is listed with those" "$out" "*bb*sleep*Up*"
kill -9 "$pid"
await sh -c '"$MARTEN" ps -a >/dev/null && [ -z "$(ls -A "$MINCS_DIR/containers")" ]'
is "a killed one is gone when somebody looks" "$(ls -A "$MINCS_DIR/containers")" ""

# Attributes.
getfattr=$(command -v getfattr) && setfattr=$(command -v setfattr) && command -v ldd >/dev/null || {
	skip "attributes" "needs getfattr, setfattr and ldd"
	done_testing
}
for file in "$getfattr" "$setfattr" $(ldd "$getfattr" "$setfattr" | grep -o '/[^ ]*\.so[^ ]*' | sort -u); do
	mkdir -p "$root/${file%/*}"
	cp -L "$file" "$root/$file"
done
mkdir -p "$root/opt/a" "$root/opt/b"
echo low >"$root/opt/a/low"
echo low >"$root/opt/b/low"
marten import -q "$root" one || exit 1
seen='getfattr -h -R -d -m - / 2>/dev/null | grep -a overlay'
write='rm -r /opt/a; mkdir /opt/a; echo new >/opt/a/new; rm /opt/b/low'
marten run --name box one sh -c "$write; setfattr -n user.mine -v yes /opt/a; $seen"
is "what a container writes shows no marks" "$out" ""
marten commit -q box two
is "it is committed" "$status$err" 0
marten run --rm two sh -c "$seen; ls /opt/a; ls /opt/b; getfattr --only-values -n user.mine /opt/a"
is "nor do the layers of an image, which hide what they should" "$out" "new
yes"
mkdir "$T/kept" "$T/host"
minc -r "$root" -t "$T/kept" sh -c "$write; $seen"
is "nor does a directory that is kept" "$out" ""
minc -r "$root" -t "$T/kept" sh -c "$seen; ls /opt/a /opt/b"
is "the next time, too" "$out" "/opt/a:
new

/opt/b:"
minc -t "$T/host" getfattr -h -d -m - / /etc /usr /home /tmp /dev /mnt
hasnt "nor does the root of the machine" "$out" overlay
marten diff box
is "a diff names the user's attributes only" "$out" "C /opt/a (xattrs user.mine)
D /opt/a/low
A /opt/a/new
D /opt/b/low"
overlays() { # FILE..: how often an attribute of overlayfs is in them
	cat "$@" | grep -ac 'xattr\.[a-z]*\.overlay'
}
marten save -q -o "$T/two.tar" two
is "an archive has none" "$(overlays "$T/two.tar")" 0
has "but the user's" "$(grep -a -o 'xattr.user.mine=yes' "$T/two.tar")" user.mine
marten export -q -o "$T/root.tar" two
is "nor a root file system" "$(overlays "$T/root.tar")" 0
marten run --rm -v vol:/opt two sh -c "$seen; ls /opt/a"
is "nor a volume that is filled" "$out" new
marten volume rm vol

# An image that carries such attributes, hostile or of an overlay inside: they say nothing here.
command -v python3 >/dev/null || {
	skip "marks of others" "needs python3"
	done_testing
}
python3 - "$T" <<'END'
import io, sys, tarfile
top = sys.argv[1]
with tarfile.open(top + "/marks.tar", "w", format=tarfile.PAX_FORMAT) as t:
    for form in ("trusted", "user"):
        for name, mark, value in (("opaque", "opaque", "y"), ("redirect", "redirect", "/etc"), ("x", "opaque", "x")):
            i = tarfile.TarInfo("opt/%s-%s" % (form, name))
            i.type, i.mode = tarfile.DIRTYPE, 0o755
            i.pax_headers = {"SCHILY.xattr.%s.overlay.%s" % (form, mark): value}
            t.addfile(i)
        for name, mark in (("meta", "metacopy"), ("x/gone", "whiteout")):
            i = tarfile.TarInfo("opt/%s-%s" % (form, name))
            i.pax_headers = {"SCHILY.xattr.%s.overlay.%s" % (form, mark): ""}
            t.addfile(i)
END
marten import -q "$T/marks.tar" marks
is "an image with such attributes is taken" "$status" 0
marten export -q -o "$T/again.tar" marks
is "and has none of them" "$(overlays "$T/marks.tar") $(overlays "$T/again.tar") $(tar tf "$T/again.tar" | grep -c -)" \
	"10 0 10"
if as_root; then
	marten run --rm --privileged two sh -c 'mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/m &&
		mount -t overlay -o lowerdir=/opt,upperdir=/mnt/u,workdir=/mnt/w none /mnt/m &&
		rm -r /mnt/m/a && mkdir /mnt/m/a && ls /mnt/m /mnt/m/a && getfattr -h -R -d -m - /mnt/m'
	is "an overlay inside works, and shows none" "$out$err" "/mnt/m:
a
b

/mnt/m/a:"
fi
done_testing
