#!/bin/sh
# SPDX-License-Identifier: MIT
# cp - files between the host and a container, whatever lies in the way.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
mkdir -p "$T/src/sub/empty" "$T/out" "$T/secret"
echo content >"$T/src/sub/file"
chmod 4751 "$T/src/sub/file"
touch -d '2020-02-02 02:02:02 UTC' "$T/src/sub/file"
ln -s /etc/passwd "$T/src/link"
mkfifo "$T/src/pipe"
truncate -s 1G "$T/src/sparse"
echo host >"$T/secret/file"
minc -B -q --name box -r "$bb" sleep 1000
is "a container runs" "$status" 0

marten() { # the same as minc(), of lib.sh
	ran="marten $*"
	timeout -k 5 30 "$MARTEN" "$@" >"$T/.out" 2>"$T/.err" </dev/null
	status=$?
	out=$(cat "$T/.out")
	err=$(cat "$T/.err")
}

marten cp "$T/src" box:/root
is "a directory is copied into one that is there" "$status" 0
marten exec box sh -c 'cat /root/src/sub/file; stat -c "%a %Y" /root/src/sub/file; readlink /root/src/link
	test -p /root/src/pipe && test -d /root/src/sub/empty && echo all; stat -c "%s" /root/src/sparse
	stat -c %u:%g /root/src/sub/file'
is "with content, mode without set-ID bits, time, links and FIFOs, of the container's root" "$out" "content
751 1580608922
/etc/passwd
all
1073741824
0:0"
marten exec box sh -c 'test "$(du -k /root/src/sparse | cut -f1)" -lt 1000'
is "holes stay holes" "$status" 0
marten cp "$T/src/sub/file" box:/root/other-name
marten exec box cat /root/other-name
is "a file gets the name that is not there yet" "$out" content
echo second >"$T/second"
marten cp "$T/second" box:/root/other-name
marten exec box cat /root/other-name
is "or takes the place of one that is" "$out" second
marten cp "$T/src/." box:/mnt
marten exec box ls /mnt/sub
is "DIR/. is what is in it" "$out" "empty
file"

marten cp box:/root/src "$T/out"
is "a directory comes back" "$status" 0
is "with what is in it" "$(cd "$T/out/src" && find . | LC_ALL=C sort | tr '\n' ' ')" \
	". ./link ./pipe ./sparse ./sub ./sub/empty ./sub/file "
is "and its content" "$(cat "$T/out/src/sub/file")" content
is "a link stays a link" "$(readlink "$T/out/src/link")" /etc/passwd
marten cp box:/proc/self/status "$T/out/status"
marten cp box:/proc/version "$T/out/version"
ok "files of /proc have their content" grep -q Linux "$T/out/version"

# Links inside lead nowhere outside, on either side.
marten exec box sh -c "ln -s $T/secret /up; ln -s ../../../../../../$T/secret /up2; ln -s $T/secret/file /etc/alias"
marten cp box:/up/file "$T/out/stolen"
ok "a link to the host's directory is none inside" test "$status" -eq 125 -a ! -e "$T/out/stolen"
marten cp box:/up2/file "$T/out/stolen"
ok "nor one with .." test "$status" -eq 125 -a ! -e "$T/out/stolen"
marten cp "$T/second" box:/up/file
is "nothing is written through it" "$(cat "$T/secret/file")" host
marten cp "$T/second" box:/etc/alias
refused "a link in the place of the target is followed inside, where it leads nowhere" box:/etc/alias
is "and not outside" "$(cat "$T/secret/file")" host
marten cp box:/../../../../etc/passwd "$T/out/passwd"
like "no .. leads out of the root" "$(cat "$T/out/passwd")" "*bob*"

marten exec box sh -c 'cd /root; i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i + 1)); done'
marten cp box:/root/d "$T/out"
refused "a nest without end is refused" /root/d "200"
marten cp box:/no/such "$T/out"
refused "what is not there is named" /no/such
marten cp "$T/none" box:/
refused "on the host, too" "$T/none"
marten cp "$T/second" box:/none/x
refused "and so is a target's missing directory" /none/x
marten cp "$T/src" box:/etc/passwd
refused "a directory does not replace a file" box:/etc/passwd
marten cp box:/etc/passwd "$T/out/none/"
refused "a name with / at its end is a directory" "$T/out/none/"
marten cp nobody:/x "$T/out"
refused "an unknown container is named" nobody
marten cp "$T/second" "$T/out"
refused "one of the two is a container's" CONTAINER
marten cp box:/etc/passwd box:/b
is "or both are" "$status" 0
marten cp box: "$T/out"
refused "an empty path is refused" box:
cp "$T/second" "$T/out/a:b"
cd "$T/out" || exit 1
marten cp ./a:b box:/root/colon
marten exec box cat /root/colon
is "a path with / before the colon is the host's" "$out" second
cd "$T" || exit 1
ok "no temporary file is left" test -z "$(find "$T/out" -name '.minc-cp-*')"
marten exec box sh -c 'find / -name ".minc-cp-*" 2>/dev/null'
is "inside, too" "$out" ""

# Where no file can be made without a name, what a killed copy leaves is removed by the next to that place.
if [ -n "${NO_TMPFILE:-}" ]; then
	cp "$NO_TMPFILE" "$T/no-tmpfile.so" # blanks and colons end a name in LD_PRELOAD
	head -c 3000000 /dev/zero >"$T/big"
	tar -C "$T" -cf "$T/big.tar" big
	mkfifo "$T/stalls"
	left() { "$MARTEN" exec box sh -c 'ls -A /mnt | grep -q "^.minc-cp-"'; }
	copied() { LD_PRELOAD=$T/no-tmpfile.so "$MARTEN" cp "$T/big" box:/mnt && ! left; }
	LD_PRELOAD=$T/no-tmpfile.so "$MARTEN" cp - box:/mnt <"$T/stalls" &
	pid=$!
	exec 3>"$T/stalls"
	head -c 2500000 "$T/big.tar" >&3
	ok "a copy has a name meanwhile" await left
	LD_PRELOAD=$T/no-tmpfile.so "$MARTEN" cp "$T/big" box:/mnt
	ok "which another copy to the same place does not take for left" left
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	ok "if it is killed the next copy removes it" await copied
	exec 3>&-
fi
marten rm -f box
marten cp box:/etc/passwd "$T/out"
refused "a removed container is named" box
done_testing
