#!/bin/sh
# SPDX-License-Identifier: MIT
# images - the verbs of marten for images: listing, naming, removing, files, upkeep.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

tab=$(printf '\t')

# The grammar.
for verb in images li history tag renamei rmi pull push login logout import load save export \
	commit keygen sign verify prune df fsck volume image container system; do
	marten "$verb" --help
	like "$verb --help" "$status $out" "0 marten $verb* - *Usage: marten $verb*"
done
marten images --fly
refused "an unknown option of images is named" --fly
marten --store
refused "a missing directory of the store is asked for" --store DIR
marten image fly
refused "an unknown verb of a group is named" image fly
marten tag one
refused "a missing name is asked for" tag "IMAGE NAME"
marten save --format oci some
refused "a directory is not written to standard output" --format -o
marten pull --tls-verify=perhaps some
refused "what is neither true nor false is named" --tls-verify perhaps

busybox_image bb -m "from a test" -c 'CMD ["sh", "-c", "echo default"]' -c 'ENV COLOUR=blue'
is "import ends well" "$status" 0
id=$out
like "and prints an id" "$id" '????????????????????????????????????????????????????????????????'
is "of 64 digits" "${#id}" 64
busybox_image bb -m "from a test" -c 'CMD ["sh", "-c", "echo default"]' -c 'ENV COLOUR=blue'
like "importing it again says so" "$out" "*already imported."

# Nothing of another store.
marten --store "$T/other" images
is "a store that is not there is an empty one" "$status $out" \
	"0 REPOSITORY   TAG   IMAGE ID   CREATED   SIZE"
ok "and it is not made by looking" test ! -e "$T/other"

# Listing.
marten images
like "images lists it" "$(printf '%s\n' "$out" | sed -n 2p)" \
	"bb * latest * $(echo "$id" | cut -c 1-12) *iB"
marten li
is "li lists it as MINCS does" "$(printf '%s\n' "$out" | sed 's/[0-9.]*[KMG]	/SIZE	/' | tail -n 1)" \
	"$(echo "$id" | cut -c 1-12)${tab}SIZE${tab}bb"
marten li --long
has "li --long has whole ids" "$out" "$id"
marten images -q
is "images -q is an id" "$out" "$(echo "$id" | cut -c 1-12)"
marten images -q --no-trunc
is "and with --no-trunc a whole one" "$out" "$id"
marten images --digests
has "images --digests has the digest" "$out" sha256:
marten images bb
has "images of a repository" "$out" bb
marten images other
hasnt "and not of another" "$out" bb
marten images --format json
ok "images --format json is JSON" python3 -c 'import json,sys
i = json.loads(sys.argv[1])
assert i["id"] == sys.argv[2] and i["name"] == "bb:latest" and i["size"] > 0' "$out" "$id"
marten image ls
has "image ls is images" "$out" REPOSITORY
marten history bb
has "history shows how it was made" "$out" "from a test"
marten history --format json bb
ok "history --format json is JSON" python3 -c 'import json,sys
[json.loads(line) for line in sys.argv[1].splitlines()]' "$out"
marten inspect bb
ok "inspect of an image is JSON" python3 -c 'import json,sys
i = json.loads(sys.argv[1])
assert i["id"] == sys.argv[2]' "$out" "$id"
marten image inspect "$(echo "$id" | cut -c 1-8)"
has "image inspect takes the beginning of an id" "$out" "$id"
marten inspect --type container bb
refused "inspect --type container does not find an image" bb
marten inspect nothing
refused "inspect of what is not there names it" nothing

# Names.
marten tag bb other:1
is "tag gives one more name" "$status" 0
marten images other:1
has "which is found" "$out" "other        1"
marten renamei other:1 third
is "renamei gives another" "$status" 0
marten images
has "which is there" "$out" third
hasnt "and the old one is not" "$out" other
marten tag bb 'BAD NAME'
refused "a bad name is named" 'BAD NAME'
marten tag nothing some
refused "tag of what is not there names it" nothing

# Removing.
marten rmi third
is "rmi takes a name away" "$status" 0
marten images -q
is "and the image stays, by its other one" "$out" "$(echo "$id" | cut -c 1-12)"
marten rmi nothing
refused "rmi of what is not there names it" nothing
marten create --name user bb
marten tag bb alpha
marten tag bb omega
marten rmi alpha bb omega
is "rmi of an image that a container uses is status 1" "$status" 1
has "and names the container" "$err" user
is "its other names go, as the last one stays" "$(echo "$err" | grep -c 'image omega: used by 1 container')" 1
marten images
hasnt "before it and behind it" "$out" alpha
has "the one that was last is there" "$out" omega
# Between the look at the containers and the change of the list, none is made from what goes: here for want
# of a reader of what is said.
marten import -q -c 'ENV LATE=1' "$T/image-root" late
mkfifo "$T/full"
exec 9<>"$T/full"
dd if=/dev/zero bs=4096 count=16 2>/dev/null >&9
"$MARTEN" rmi omega late 2>&9 9<&- &
removing=$!
await grep -q pipe "/proc/$removing/wchan"
"$MARTEN" create --name tardy late 9<&- 2>"$T/tardy" &
making=$!
inode=$(stat -c %i "$MINCS_DIR/containers")
await sh -c '! kill -0 "$1" || grep -q -- "-> FLOCK .*:$2 " /proc/locks' sh $making "$inode"
dd bs=4096 count=16 <&9 >/dev/null 2>&1
wait $removing
is "of two the one that is not used goes" $? 1
wait $making
is "and no container is made of it meanwhile" "$? $(grep -c 'is gone' "$T/tardy")" "125 1"
exec 9<&-
marten ps -a
hasnt "nor is one there" "$out" tardy
marten tag omega bb
marten tag bb alpha
marten rmi nothing alpha bb omega nothing
is "one that is not there is status 125" "$status" 125
is "and each is told of" "$(echo "$err" | grep -c 'image nothing: not in ')" 2
has "beside the one that is used" "$err" "image omega: used by"
marten tag omega bb
marten rmi omega "$id"
is "an id with one name left is no other" "$status" 1
has "but is used" "$err" "image $id: used by"
marten rm user
is "without it" "$status" 0
marten rmi bb
is "the image can be removed" "$status" 0
marten images -q
is "and is gone" "$out" ""

# Files.
busybox_image bb
for format in docker-archive oci-archive; do
	marten save -q --format "$format" -o "$T/$format" bb
	is "save --format $format" "$status" 0
	marten save -q --format "$format" -o "$T/$format" bb
	refused "what is there is not overwritten by $format" "$T/$format"
	marten --store "$T/$format.store" load -q -i "$T/$format"
	is "load takes $format" "$out" "Loaded image: bb:latest"
done
marten export -q -o "$T/bb.tar" bb
is "export of an image" "$status" 0
has "is a tar of its root" "$(tar tf "$T/bb.tar")" "usr/bin/busybox"
marten save nothing -o "$T/none"
refused "save of what is not there names it" nothing
ok "and makes no file" test ! -e "$T/none"
marten import "$T/nothing-there"
refused "import of a missing file names it" "$T/nothing-there"

# Upkeep.
marten df
has "df has images" "$out" Images
marten df --format json
ok "df --format json is JSON" python3 -c 'import json,sys
assert any(json.loads(line)["type"] == "image" for line in sys.argv[1].splitlines())' "$out"
marten fsck
is "fsck finds nothing" "$status $out" "0 "
layer=$(find "$MINCS_DIR/layers" -name '*.sqfs' | head -n 1)
chmod u+w "$layer"
printf X | dd of="$layer" bs=1 seek=5000 conv=notrunc 2>/dev/null
marten fsck
is "a changed byte is status 1" "$status" 1
has "and the file is named" "$out" "$(basename "$layer")"
marten prune
refused "prune asks, and where nobody can answer wants -f" -f
marten prune --all --dry-run
has "prune --dry-run says what would go" "$out" "would remove image"
marten prune --all -f
has "prune --all -f removes it" "$out" "removed image"
marten images -q
is "and it is gone" "$out" ""

# Volumes.
marten volume create data
is "a volume can be made" "$status $out" "0 data"
marten volume ls
is "and is listed" "$out" data
marten volume rm data
is "and removed" "$status" 0
marten volume rm ../x
refused "a path is no volume" ../x

mkdir "$T/little"
if as_root && mount -t tmpfs -o size=40m,mode=700 none "$T/little" 2>/dev/null; then
	# something without an end, in a store that is small
	ran="marten import of /dev/zero"
	# shellcheck disable=SC2016 # for the shell inside
	run_tool sh -c 'MINCS_DIR=$0 "$1" import -q - zeros </dev/zero' "$T/little" "$MARTEN"
	refused "a stream leaves room in the store's file system" "standard input" "no room"
	is "and goes" "$(df --output=used -k "$T/little" | awk 'NR == 2 { print ($1 < 1000) }')" 1
	umount "$T/little"
else
	skip "a stream leaves room in the store's file system" "needs root"
fi
done_testing
