#!/bin/sh
# SPDX-License-Identifier: MIT
# config - what an image says of its command means what docker makes of it.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

busybox_root "$T/image-root"
chmod 1775 "$T/image-root/tmp" # not what one of the container's own has
printf '#!/bin/sh\necho from-tmp\n' >"$T/image-root/tmp/entry.sh"
chmod 755 "$T/image-root/tmp/entry.sh"
busybox_image bb # or skip
marten run --name k bb true
# An image like bb with changes: $1, $2, ...; its name is "changed".
changed() { # CHANGE..
	for _change; do
		set -- "$@" -c "$_change"
		shift
	done
	marten commit -q "$@" k changed
}
run() {
	marten run --rm "$@"
}

# What belongs to bob in the image: an ordinary user has but one id.
mkdir -p "$T/had/srv/had" && cp "$(command -v busybox)" "$T/had"
tar -C "$T/had" --owner=0 --group=0 -cf "$T/had.tar" busybox
tar -C "$T/had" --owner=1500 --group=1501 -rf "$T/had.tar" srv/had
marten import -q -c 'ENTRYPOINT ["/busybox"]' "$T/had.tar" had
had=1500:1501
as_root || has_range || had=0:0 # then all is the caller's

# commit -c, import -c
# shellcheck disable=SC2016 # the image's variables
changed 'ENV A=1 B="x y" C=$NONE' 'ENV PATH=/bin' 'ENV PATH=$PATH:/x' 'LABEL a=1 "b c"=2' 'VOLUME /v /w' 'EXPOSE 80 81/udp'
run changed sh -c 'echo "$A|$B|$C|$PATH"; ls -d /v /w'
is "several variables and volumes of one instruction are set" "$out" "1|x y||/bin:/x
/v
/w"
marten inspect --type image changed
has "and several labels" "$out" '"b c": "2"'
has "and several ports" "$out" '"81/udp"'
marten commit -q -c 'ENV A="x' k other
refused "a quotation mark that is missing is named" 'ENV A="x' "a quotation mark is missing"
marten commit -q -c 'EXPOSE 2-1' k other
refused "and a port that is none" 'EXPOSE 2-1'
changed 'CMD echo "$A" one' 'ENV A=two'
run changed
is "a command in words is for a shell" "$out" "two one"
changed 'CMD ["old"]' 'ENTRYPOINT ["echo", "new"]'
run changed
is "a command that was said before its entry point stays" "$out" "new old"
marten commit -q -c 'CMD ["old"]' k base
marten run --name k2 base true
marten commit -q -c 'ENTRYPOINT ["echo", "new"]' k2 changed
run changed
is "one that was inherited does not" "$out" new
changed 'WORKDIR a' 'WORKDIR b/../c'
run changed pwd
is "a relative directory goes on from the one before" "$out" /a/c

# USER
for user in 1500 1500: bob bob:; do
	changed "USER $user"
	run changed sh -c 'id -u; id -g; echo "$HOME"'
	is "USER $user is bob, with his group and home" "$out" "1500
1501
/home/bob"
done
for user in :50 :staff; do
	changed "USER $user"
	run changed sh -c 'id -u; id -g; echo "$HOME"'
	is "USER $user is root with that group" "$out" "0
50
/root"
done
run -u 1500: bb id -g
is "and --user takes the same" "$out" 1501
run -u : bb true
refused "but not nothing" -u
changed 'USER nobody-here'
run changed true
refused "a user that the image lacks is named, and the image" nobody-here changed

# WORKDIR and VOLUME
changed 'USER bob' 'WORKDIR /srv/bob/work' 'VOLUME /made/volume'
for option in --init --read-only; do # --init does not matter here
	run $option changed sh -c 'pwd; stat -c %u:%g . /made/volume; touch /made/volume/x && echo written'
	is "directories that the image names are made, for its user ($option)" "$status $out" "0 /srv/bob/work
1500:1501
1500:1501
written"
done
minc -q -r changed sh -c 'pwd; stat -c %u /made/volume'
is "and by minc, too" "$(printf '%s\n' "$out" | tail -n 2)" "/srv/bob/work
1500"
marten run --rm -u 0 -w /srv/had had stat -c %u:%g .
is "one that the image has keeps its owner" "$out" "$had"
run -w /not/there changed sh -c 'pwd; stat -c %u:%g .'
is "and so is the one of --workdir" "$out" "/not/there
1500:1501"

# What was there is nobody's to give away, on whatever way the image leads to it.
mkdir -p "$T/around/srv" "$T/bound/key" && cp "$(command -v busybox)" "$T/around"
ln -s /data/new/../key "$T/around/srv/key"
ln -s /data/new/.. "$T/around/srv/source"
marten import -q -c 'ENTRYPOINT ["/busybox"]' "$T/around" around
ids=$(stat -c %u:%g "$T/bound" "$T/bound/key")
for cwd in /srv/key /srv/source; do
	as_root || break # another has nothing to give away
	rm -rf "$T/bound/new"
	run -u 1000 -v "$T/bound:/data" -w $cwd around true
	is "what is there keeps its owner ($cwd)" "$status $(stat -c %u:%g "$T/bound" "$T/bound/key")" "0 $ids"
done

marten run --name data -u 0 changed sh -c 'echo x >/made/volume/x; echo x >/made/beside'
marten commit -q data without
run without ls -A /made /made/volume
is "what is in a volume is not committed" "$out" "/made:
beside
volume

/made/volume:"

# Wherever links of the image lead to: one on the way, one that is it, one to what is missing.
mkdir -p "$T/linked/srv/real" && cp "$(command -v busybox)" "$T/linked"
ln -s srv "$T/linked/on"
ln -s ../srv/real "$T/linked/srv/is"
ln -s /srv/later "$T/linked/missing"
marten import -q -c 'ENTRYPOINT ["/busybox"]' -c 'VOLUME /on/new /srv/is /missing/deep /srv/real/' "$T/linked" linked
marten run --name linked linked sh -c 'for d in /on/new /srv/is /missing/deep; do echo x >$d/file || /busybox echo $d; done; echo x >/srv/file'
is "a volume may be behind links of the image" "$status $out" "0 "
marten commit -q linked without
run without find /srv -type f
is "nor is what is in one that links of the image lead to" "$out" /srv/file

# /tmp
changed 'ENTRYPOINT ["/tmp/entry.sh"]'
run changed
is "what an image has in /tmp is there" "$status $out" "0 from-tmp"
is "with its mode" "$("$MARTEN" run --rm bb stat -c %a /tmp)" 1775
marten run --name writer bb sh -c 'echo kept >/tmp/kept'
marten start -a writer
marten diff writer
has "what is written there is listed" "$out" /tmp/kept
marten commit -q writer written
run written cat /tmp/kept
is "and committed" "$out" kept
run --tmpfs /tmp written sh -c 'ls -A /tmp; grep -c " /tmp tmpfs " /proc/mounts'
is "--tmpfs covers it" "$out" 1
run --read-only written sh -c 'cat /tmp/kept; touch /tmp/x 2>/dev/null || echo no'
is "and --read-only is for it, too" "$out" "kept
no"
mkdir "$T/tiny"
cp "$(command -v busybox)" "$T/tiny/busybox"
marten import -q "$T/tiny" tiny
run tiny /busybox sh -c '/busybox stat -c %a /tmp; /busybox touch /tmp/x && echo written'
is "an image without one has one of the container's own" "$out" "1777
written"
run --read-only tiny /busybox touch /tmp/x
is "which can be written in any case" "$status" 0
marten run --name nothing tiny /busybox touch /tmp/x
marten diff nothing
is "and is not kept" "$out" ""
ln -s var/tmp "$T/tiny/tmp"
mkdir -p "$T/tiny/var/tmp"
marten import -q "$T/tiny" tiny
run tiny /busybox sh -c 'echo x >/tmp/x; /busybox cat /var/tmp/x; /busybox grep -c tmp.tmpfs /proc/mounts'
is "a link is one, too" "$out" "x
0"

# --platform
case $(uname -m) in
x86_64) here=linux/amd64 other=linux/arm64 ;;
aarch64) here=linux/arm64 other=linux/amd64 ;;
*) here='' other=linux/amd64 ;;
esac
for pull in '' '--pull missing' '--pull never'; do
	[ -n "$here" ] || break
	# shellcheck disable=SC2086 # two words, or none
	run $pull --platform $here bb true
	is "a local image of that platform is used, and nobody is asked for another ($pull)" "$status$err" 0
done
run --pull never --platform $other bb true
refused "another one's is refused, and both are named" bb "$other"
marten create --pull never --platform $other bb true
refused "also by create" bb "$other"
run --pull never --platform vms bb true
refused "a platform that is none is named" vms
done_testing
