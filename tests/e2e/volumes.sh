#!/bin/sh
# SPDX-License-Identifier: MIT
# volumes - a volume begins as what the image has there, and is its user's; it can be removed.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

root=$T/image-root
busybox_root "$root"
mkdir -p "$root/data/sub/closed" "$root/real" "$T/outside"
echo text >"$root/data/file"
ln "$root/data/file" "$root/data/hard"
ln -s /etc/passwd "$root/data/link"
ln -s ../../../../.. "$root/up"
ln -s "/up$T/outside" "$root/out"
ln -s /real/../data "$root/indirect"
echo secret >"$T/outside/secret"
chmod 755 "$root/data/file"
chmod 4755 "$root/data/hard"
chmod 750 "$root/data"
chmod 500 "$root/data/sub/closed"
# Owners and all are in a tar: an ordinary user has but one id.
tar -C "$root" --owner=0 --group=0 -cf "$T/root.tar" --exclude=./data .
tar -C "$root" --owner=1500 --group=50 -rf "$T/root.tar" ./data
marten import -q -c 'USER bob' -c 'VOLUME /data' "$T/root.tar" bb
case $err in
*"module "*missing* | *"built without"*) skip_all "needs images: $err" ;;
esac
volumes=$MINCS_DIR/volumes
run() {
	marten run --rm "$@"
}
# What a container of bob sees at its volume; one id is all the same.
look='cd $0 && stat -c "%n %a" . file sub/closed && stat -c %h hard && readlink link && touch new && rm new'
seen='. 750
file 4755
sub/closed 500
2
/etc/passwd'

for volume in named:/data /data named:/indirect; do
	run -v $volume bb sh -c "$look" "/${volume##*/}"
	is "a volume has the image's contents and modes, and its user can write ($volume)" "$status $out" "0 $seen"
	marten volume rm -f named
done
run --mount type=volume,source=named,target=/data bb sh -c "$look" /data
is "and one of --mount" "$status $out" "0 $seen"
if as_root || has_range; then
	run -v named:/data bb stat -c %u:%g . /data /data/file /data/sub/closed
	is "and its owners" "$(printf '%s\n' "$out" | tail -n 3 | sort -u)" 1500:50
fi
run --userns single -v single:/data bb sh -c "$look" /data
is "one id has all of it, also where the caller could give it away" "$status $out" "0 $seen"
run -v named:/data bb sh -c 'echo mine >/data/file && rm /data/link && echo more >/data/more'
run -v named:/data bb sh -c 'cat /data/file /data/more; ls /data'
is "only once: what was written stays, what was removed stays away" "$out" "mine
more
file
hard
more
sub"
if as_root || has_range; then
	run -u 0 -v others:/data bb stat -c %u:%g /data
	is "the owner is the image's, whoever runs" "$out" 1500:50
fi
run -v named:/elsewhere bb cat /elsewhere/more
is "wherever it is shown" "$out" more
run --read-only bb sh -c "$look" /data
is "a volume of the image under --read-only" "$status $out" "0 $seen"
run -v empty:/missing bb sh -c 'stat -c %a:%u /missing && touch /missing/new && ls -A /missing'
is "where the image has nothing it is empty, and its user's" "$status $out" "0 755:1500
new"
run -v first:/data --tmpfs /between -v second:/last/data --tmpfs /last/of/all bb sh -c 'cat /data/file; ls -A /last/data'
is "new volumes are made with other mounts between them" "$status $out" "0 text"
run -v plain:/data:nocopy bb ls -A /data
is "with nocopy it is empty" "$status $out" "0 "
run --mount type=volume,source=plain2,target=/data,volume-nocopy bb ls -A /data
is "and with volume-nocopy" "$status $out" "0 "
run -v "$T/outside:/x:nocopy" bb true
refused "which is for volumes" "nocopy is for volumes"
run -v out:/out bb ls -A /out
is "no link leads out of the image" "$status $out$(ls -A "$volumes/out")" "0 "
# A range of root's own, for this start alone.
with_range='mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec "$@"'
echo root:300000:65536 >"$T/subids"
if as_root && command -v newuidmap >/dev/null && unshare -m sh -c "$with_range" "$T/subids" true; then
	unshare -m sh -c "$with_range" "$T/subids" "$MARTEN" run --rm --userns range -u 2000000 -v far:/missing bb true 2>"$T/far"
	is "an id that the container has not is no id of the machine" "$(stat -c %u "$volumes/far")" 65534
	marten volume rm -f far
fi

# One that is made first, as with docker.
marten volume create made
run -v made:/data bb cat /data/file
is "one that was made before is filled at its first use" "$out" text
marten volume create begun
run -v begun:/data:nocopy bb true
run -v begun:/data bb ls -A /data
is "with nocopy, too, its first use is one" "$status $out" "0 "
marten volume create mine
echo mine >"$volumes/mine/own"
run -v mine:/data bb ls /data
is "unless its owner was faster" "$out" own
marten volume create mine
refused "a name is given once" mine

# A kill in the middle, as it leaves things: a part under the other name.
mkdir -p "$volumes/.filling-killed/half/way"
: >"$volumes/.filling-killed/half/file"
run -v killed:/data bb sh -c "$look" /data
is "what a killed one left is never taken for filled" "$status $out" "0 $seen"
is "and is removed" "$(find "$volumes" -maxdepth 1 -name '.?*')" ""

# And a real one, when the first file is there or one of the middle.
mkdir -p "$T/big/data" && cp "$(command -v busybox)" "$T/big"
seq 500 | split -l 1 -a 4 - "$T/big/data/f"
marten import -q -c 'ENTRYPOINT ["/busybox"]' "$T/big" big
whole=$(cat "$T"/big/data/* | md5sum)
try=0 caught=0
while [ $caught -lt 2 ] && [ $try -lt 40 ]; do
	try=$((try + 1))
	case $((try % 2)) in
	0) awaited=faaaa ;;
	*) awaited=faajz ;;
	esac
	"$MARTEN" run --rm -v cut$try:/data big true >/dev/null 2>&1 &
	killed=$!
	until [ -e "$volumes/.filling-cut$try/$awaited" ] || [ -e "$volumes/cut$try" ]; do
		kill -0 $killed 2>/dev/null || break
	done
	kill -KILL $killed
	wait $killed 2>/dev/null
	[ -e "$volumes/cut$try" ] && continue # it was faster
	caught=$((caught + 1))
	run -v cut$try:/data big sh -c '/busybox cat /data/* | /busybox md5sum'
	is "a start that is killed in the middle of filling leaves it to the next one, which does it whole" "$status $out" "0 $whole"
	is "and nothing else is there" "$(find "$volumes" -maxdepth 1 -name '.?*')" ""
done
is "it was caught so often" "$caught" 2
i=0
while [ $i -lt 8 ]; do
	"$MARTEN" run --rm -v many:/data bb cat /data/file >"$T/many.$i" 2>&1 &
	i=$((i + 1))
done
wait
is "eight at once make one" "$(cat "$T"/many.* | sort -u)" text
chmod 711 "$volumes"
run -v other:/data bb true
is "the directory of volumes is closed to others" "$status $(stat -c %a "$volumes")" "0 700"

# Looking and removing.
marten volume inspect named nothing
is "inspect ends with an error where one is missing" "$status" 125
has "which is named" "$err" nothing
has "and shows the others" "$out" "\"Mountpoint\": \"$volumes/named\""
marten create --name user -v named:/data bb true
marten volume rm named
refused "one that a container uses is not removed" named
for option in -itvnamed:/data -vnamed:/data --volume=named:/data '--mount="source=named",target=/data'; do
	marten rm -f user
	marten create --name user "$option" bb true
	marten volume rm named
	refused "however that is said ($option)" named
	[ -d "$volumes/named" ] || marten volume create named
done
marten create --name other -v x1:/x bb true
marten volume create x
marten volume rm x
is "another's name is no use of it" "$status" 0
marten rm other
marten create --name strange bb true
strange=$(grep -l '"name": "strange"' "$MINCS_DIR"/containers/*/container.json) # see mincs-store(5)
cp "$strange" "$T/known"
for damage in 's/"marten 1/"marten 99/' '1d'; do
	sed "$damage" "$T/known" >"$strange"
	for verb in 'rm made' 'prune -a -f'; do
		# shellcheck disable=SC2086 # words
		marten volume $verb
		refused "while it is unknown what a container uses volumes stay ($verb, $damage)" "$(basename "${strange%/*}" | cut -c 1-12)"
	done
done
cp "$T/known" "$strange"
marten rm strange
marten volume prune --dry-run
has "prune --dry-run says what would go" "$out" "would remove volume made"
ok "and removes nothing" test -d "$volumes/made"
marten volume prune
refused "prune asks, and where nobody can answer wants -f" -f
marten volume prune -a -f
has "prune removes what no container uses, whoever owns the files" "$out" "removed volume many"
is "and nothing else" "$(ls -A "$volumes")" named
marten rm -v user
is "rm takes -v" "$status" 0
marten system prune --dry-run --volumes
has "system prune takes --volumes" "$out" "would remove volume named"
marten prune -f
is "without it volumes stay" "$(ls "$volumes")" named
marten system prune -f --volumes
is "with it they go" "$status $(ls -A "$volumes")" "0 "
marten volume rm named
refused "what is not there is named" named
marten volume rm -f named
is "or with -f is no matter" "$status" 0
marten volume rm -q named
refused "an option of another word is refused" -q
# Who uses them is asked for each of several: to remove the one before it may have taken its time.
if command -v flock >/dev/null; then
	marten volume create one
	marten volume create two
	for words in "rm one two" "prune -f"; do
		mkfifo "$T/hold"
		flock "$volumes" sh -c 'echo held; cat' <"$T/hold" >"$T/held" &
		holder=$!
		exec 9>"$T/hold"
		await grep -q held "$T/held"
		# shellcheck disable=SC2086 # words
		"$MARTEN" volume $words 9<&- >"$T/removed" 2>&1 &
		removing=$!
		await grep -q -- "-> FLOCK .*:$(stat -c %i "$volumes") " /proc/locks
		marten create --name late -v two:/two bb true
		exec 9>&-
		wait $holder
		wait $removing
		is "a volume that a container has named since is kept by $words" "$(find "$volumes" -name one -o -name two)" "$volumes/two"
		rm "$T/hold"
		marten rm late
		marten volume create one
	done
	marten volume rm one two
fi
# Each is made and closed again: no number of them needs descriptors.
words=$(seq 600 | sed 's|.*|"/many/&"|' | paste -s -d ,)
marten import -q -c "VOLUME [$words]" "$T/root.tar" hundreds
run_tool sh -c 'ulimit -n 200; exec "$MARTEN" run --rm hundreds sh -c "ls /many | wc -l"'
is "600 volumes of an image are there, with 200 descriptors" "$status$err $out" "0 600"
marten rmi hundreds
run -v /data --name anonymous bb true
is "volumes without a name go with their container" "$(find "$MINCS_DIR/containers" -name volumes)" ""
done_testing
