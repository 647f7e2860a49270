#!/bin/sh
# SPDX-License-Identifier: MIT
# overlaid - the directory that an overlay is of keeps its mode, owner, times and attributes: the
# root of -r and of an image, each mount of the host, and what leads to a mount point.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

# Owners of others have no number in a user's container.
facts='%a %u:%g %y'
as_root || facts='%a %y'
can_be_others() { as_root || has_range; }

bb=$T/bb
busybox_root "$bb"
rmdir "$bb/proc" "$bb/sys" "$bb/tmp" "$bb/dev" # mount points that have to be made
for mode in 1777 2751 700; do
	chmod "$mode" "$bb"
	touch -d '2001-02-03 04:05:06.789' "$bb"
	minc -r "$bb" stat -c "$facts" /
	is "the root of a directory $mode is as the directory is" "$out" "$(stat -c "$facts" "$bb")"
done
chmod g-s "$bb"
touch -d '2001-02-03 04:05:06.789' "$bb"
minc --read-only -r "$bb" stat -c "$facts" /
is "a read-only one, too" "$out" "$(stat -c "$facts" "$bb")"
echo secret >"$bb/f"
if can_be_others; then
	minc -r "$bb" -u 1500:1501 cat /f
	is "another user cannot look into a root that is closed" "$status$out" 125
	chmod 755 "$bb"
	mkdir -m 700 "$bb/closed"
	echo secret >"$bb/closed/f"
	minc -r "$bb" -b "$T:/closed/new" -u 1500:1501 cat /closed/f
	is "nor into a closed directory where a mount point is made" "$status$out" 1
else
	skip "another user cannot look into a root that is closed" "there is one user only"
	mkdir -m 700 "$bb/closed"
fi
chmod 755 "$bb"
touch -d '2001-02-03 04:05:06.789' "$bb/closed" "$bb/etc"
minc -r "$bb" -b "$T:/closed/new" -b "$T:/etc/new" stat -c "$facts" /closed /etc /closed/new
is "a directory where a mount point is made keeps what it has" "$out" \
	"$(stat -c "$facts" "$bb/closed" "$bb/etc" "$T")"

if as_root; then
	chown 4:50 "$bb"
	minc -r "$bb" stat -c "$facts" /
	is "the owner of the root is kept" "$out" "$(stat -c "$facts" "$bb")"
	chown 0:0 "$bb"
	host=$(mktemp -d /var/tmp/minc-e2e.XXXXXX) || exit 1 # /tmp is the container's own
	chmod 755 "$host"
	mount -t tmpfs -o mode=700,uid=7,gid=8 minc-test "$host"
	echo secret >"$host/f"
	touch -d '2001-02-03 04:05:06.789' "$host"
	minc stat -c "$facts" "$host"
	is "so are mode, owner and time of a mount of the host" "$out" "$(stat -c "$facts" "$host")"
	minc -u 65534 cat "$host/f"
	is "another user cannot look into one that is closed" "$status$out" 1
	minc -u 7 cat "$host/f"
	is "its owner can" "$out" secret
	chmod 1777 "$host"
	minc -u 65534 touch "$host/new"
	is "and everybody can write where that is so outside" "$status" 0
	umount "$host"
	rmdir "$host"
fi

# What is kept: what a container has changed is not changed back.
mkdir -m 700 "$T/keep"
chmod 1777 "$bb"
minc -r "$bb" true # what changes in the moment of the first start is taken for newer
minc -q -t "$T/keep" -r "$bb" sh -c 'stat -c %a /; touch /etc/x'
is "a kept layer has the mode of the directory" "$out" 1777
marten diff "$T/keep"
is "a root that nobody changed is no change" "$status $out" "0 A /etc/x"
minc -q -t "$T/keep" -r "$bb" chmod 750 /
minc -q -t "$T/keep" -r "$bb" stat -c %a /
is "what was changed in it stays changed" "$out" 750
marten diff "$T/keep"
is "a changed root is a change" "$out" "C / (mode 1777 to 0750)
A /etc/x"
marten diff --only /etc "$T/keep"
is "which can be left out" "$out" "A /etc/x"
marten apply -y "$T/keep"
is "it is applied" "$status $(stat -c %a "$bb")" "0 750"
marten diff "$T/keep"
is "and then no change any more" "$status $out" "0 "
minc -q -t "$T/keep" -r "$bb" chmod 755 /
chmod 711 "$bb"
marten apply -y "$T/keep"
is "one that was changed outside, too, is refused" "$status $(stat -c %a "$bb")" "125 711"
chmod 755 "$bb"

# A start that was killed while it made the layer's root.
mkdir -m 700 "$T/killed"
mkdir -m 0 "$T/killed/storage"
minc -q -t "$T/killed" -r "$bb" stat -c %a /
is "a half-made layer is made whole by the next start" "$out" 755

chmod 700 "$bb"
if as_root && command -v setfacl >/dev/null; then
	setfacl -m u:1500:rx "$bb"
	minc -r "$bb" -u 1500 cat /f
	is "who is in its access control list can look into the root" "$out" secret
	minc -r "$bb" -u 1600 cat /f
	is "and nobody else" "$status$out" 125
	setfacl -b "$bb"
fi
chmod 755 "$bb"

# A user's own directory below one of root's, and one below that.
mkdir -p "$bb/a/b/c"
! as_root || chown -R 1500:1501 "$bb/a/b"
minc -r "$bb" -u 1500:1501 sh -c 'chmod 700 /a/b && chmod 700 /a/b/c && stat -c %a /a /a/b /a/b/c'
if as_root || ! has_range; then
	is "a user changes the mode of its own directories" "$out" "755
700
700"
fi

# Images: what the uppermost layer that has an entry for the root says.
busybox_image bb # or the rest is skipped
chmod 1755 "$T/image-root"
image() { # MODE..
	python3 "$MINC_TESTS/make-roots.py" "$T/roots.tar" roots:1 "$T/image-root" "$@" &&
		marten load -q -i "$T/roots.tar"
}
for modes in "1777" "1777 -" "1777 - -" "711 1700" "- 1700" "- -"; do
	want=$(printf '%s\n' $modes | grep -v '^-$' | tail -n 1)
	# shellcheck disable=SC2086 # several words
	image $modes
	marten run --rm roots:1 stat -c %a /
	is "the root of layers $modes" "$out" "${want:-755}"
	rm -f "$T/flat.tar"
	marten export -q -o "$T/flat.tar" roots:1
	is "and of what is exported from them" \
		"$(tar tvf "$T/flat.tar" ./ | cut -c 1-10)" "$(
		python3 -c 'import stat, sys; print(stat.filemode(0o40000 | int(sys.argv[1], 8)))' "${want:-755}")"
	marten rmi -f roots:1
done
image 1777 -
marten run --rm roots:1 stat -c %Y /
is "with its time" "$out" 1000000000

marten run --name plain roots:1 touch /etc/x
marten diff plain
is "a container of an image that leaves the root alone has no change of it" "$out" "A /etc/x"
marten run --name changed roots:1 chmod 751 /
marten diff changed
is "one that changes it has" "$out" "C / (mode 1777 to 0751)"
marten commit -q changed committed
marten run --rm committed stat -c %a /
is "and it is committed" "$out" 751
marten save -q -o "$T/saved.tar" committed
marten rmi -f committed
marten load -q -i "$T/saved.tar"
marten run --rm committed stat -c %a /
is "saved and loaded" "$out" 751

done_testing
