#!/bin/sh
# SPDX-License-Identifier: MIT
# image-diff - what a container of an image wrote, compared with the image's layers.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_root "$T/image-root"
root=$T/image-root
mkdir -p "$root/srv/dir/deep" "$root/srv/hidden" "$root/srv/gone"
for i in same content mode gone/a hidden/a hidden/b dir/a; do
	echo "$i" >"$root/srv/$i"
done
ln -s same "$root/srv/link"
busybox_image bb # or skip

marten run --name writer bb sh -c 'cd /srv && echo new >new && echo CONTENT >content &&
	chmod 755 mode && rm -r gone && ln -sf mode link && mkdir newdir && echo x >newdir/x &&
	rm -r hidden && mkdir hidden && echo more >hidden/b && echo more >>dir/a &&
	touch -d @1000000 same'
is "a container writes" "$status $out" "0 "
marten diff writer
is "what it wrote is compared with the image" "$status" 0
lines=$(printf '%s\n' "$out" | LC_ALL=C sort | sed 's/, time)/)/; s/(time, /(/')
is "each change is there, and nothing else" "$lines" "$(
	cat <<-END
		A /srv/new
		A /srv/newdir
		A /srv/newdir/x
		C /srv/content (content)
		C /srv/dir/a (content)
		C /srv/hidden/b (content)
		C /srv/link (target)
		C /srv/mode (mode 0644 to 0755)
		C /srv/same (time)
		D /srv/gone
		D /srv/hidden/a
	END
)"
marten diff --only /srv/hidden writer
is "only what is asked for" "$(printf '%s\n' "$out" | LC_ALL=C sort | cut -c 1-15)" "C /srv/hidden/b
D /srv/hidden/a"
marten apply -y writer
refused "an image is not changed, and nothing is listed" "over an image" commit
has "and how it is done is said" "$err" "--base DIR"
mkdir -p "$T/named/srv/hidden"
echo there >"$T/named/srv/gone"
echo old >"$T/named/srv/hidden/a"
marten apply -y --base "$T/named" --only /srv/gone --only /srv/hidden writer
is "a directory that is named gets the changes" "$status $err $(find "$T/named" -type f)" \
	"0  $T/named/srv/hidden/b"
marten apply -y --base "$T/named" --only /srv/gone --only /srv/hidden writer
is "once" "$status$out$err" 0

if has_range; then
	marten run --name another bb sh -c 'cd /srv && chown 7 same && chmod 600 same && chown 7 content &&
		rm -r gone && mkdir gone && echo a >gone/a && chown 7 gone && chmod 700 gone'
	marten diff another
	is "what only another id may read is refused, and the rest is compared" "$status $out" \
		"0 C /srv/gone (mode 0755 to 0700)
C /srv/gone [refused: Permission denied]
C /srv/same [refused: Permission denied]"
fi

marten run --name reader bb cat /srv/same
marten diff reader
is "a container that wrote nothing changed nothing" "$status $out" "0 "

# A layer that is not there: of the image that the container still needs.
for i in "$MINCS_DIR"/layers/*.sqfs; do mv "$i" "$i.away"; done
marten diff writer
refused "a missing layer is named" ".sqfs: No such file"
for i in "$MINCS_DIR"/layers/*.away; do mv "$i" "${i%.away}"; done

marten commit -q writer made
is "it is committed" "$status" 0
marten run --name next made sh -c 'rm /srv/new && echo again >/srv/hidden/b'
is "another one writes over it" "$status $out" "0 "
marten diff next
is "over several layers it is the same" "$(printf '%s\n' "$out" | LC_ALL=C sort | cut -c 1-15)" \
	"C /srv/hidden/b
D /srv/new"

done_testing
