#!/bin/sh
# SPDX-License-Identifier: MIT
# others - what is kept for containers is its owner's alone: no other user of the machine searches,
# reads, locks or replaces it, and nobody uses what another user could change.
#
# As root the test has two strangers, numbers that no user has; as an ordinary user it is the
# stranger of root.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
modes() { # PATH..
	stat -L -c %a "$@" | tr '\n' ' '
}

# A set-user-ID program in DIR, as a container would leave it.
plant='cp /bin/busybox $DIR/su && chmod 4755 $DIR/su'

# What is made is closed from the first moment, whatever umask is.
for mask in 000 022 077; do
	kept=$T/kept-$mask
	mkdir "$kept"
	chmod 755 "$kept"
	(umask "$mask" && exec "$MINC" -q -r "$bb" -t "$kept" sh -c true) >"$T/.out" 2>&1
	is "a directory of -t is closed, with umask $mask" "$? $(modes "$kept" "$kept/storage")" "0 700 755 "
	MINCS_DIR=$T/store-$mask
	(umask "$mask" && exec "$MARTEN" import -q "$bb" new) >"$T/.out" 2>&1
	status=$? err=$(cat "$T/.out")
	case $err in *"module "*missing* | *"built without"*) skip_all "needs images: $err" ;; esac
	(umask "$mask" && "$MARTEN" volume create some && "$MARTEN" create --name c new) >"$T/.out" 2>&1
	is "a store is closed, with umask $mask" \
		"$status $(modes "$MINCS_DIR" "$MINCS_DIR/containers" "$MINCS_DIR/volumes" "$MINCS_DIR/containers/"*)" \
		"0 700 700 700 700 "
	is "and so are its locks" "$(cd "$MINCS_DIR" && modes write.lock index.lock)" "600 600 "
done
MINCS_DIR=$T/store
marten import -q "$bb" box

# What earlier versions left is closed when its owner uses it next.
marten volume create old
chmod 755 "$MINCS_DIR" "$MINCS_DIR/containers"
chmod 711 "$MINCS_DIR/volumes"
(umask 022 && : >"$MINCS_DIR/lock")
marten images -q
is "an open store of an earlier version is closed" \
	"$status $(modes "$MINCS_DIR" "$MINCS_DIR/containers" "$MINCS_DIR/volumes")" "0 700 700 700 "
ok "once: its lock goes" test ! -e "$MINCS_DIR/lock"
chmod 755 "$MINCS_DIR"
chmod 711 "$MINCS_DIR/volumes"
marten images -q
is "what its owner opens later stays open to be read, volumes do not" \
	"$status $(modes "$MINCS_DIR" "$MINCS_DIR/volumes")" "0 755 700 "
chmod 700 "$MINCS_DIR"
mkdir "$T/old" "$T/old/storage"
minc -q -r "$bb" -t "$T/old" true
is "and so is an open directory of -t" "$status $(modes "$T/old")" "0 700 "
marten run -v made:/data box true
is "a volume that run makes is closed" "$status $(modes "$MINCS_DIR/volumes" "$MINCS_DIR/volumes/made")" \
	"0 700 755 "

# A directory that serves for something else, too, is not changed.
mkdir "$T/mixed"
echo mine >"$T/mixed/letter"
before=$(fingerprint "$T/mixed")
minc -r "$bb" -t "$T/mixed" true
refused "a directory of -t that also holds other files must be closed already" -t "$T/mixed" letter
has "and the hint says how" "$err" "chmod go-rwx $T/mixed"
is "and is left alone" "$(fingerprint "$T/mixed")" "$before"
chmod 700 "$T/mixed"
minc -q -r "$bb" -t "$T/mixed" true
is "closed it will do" "$status $(cat "$T/mixed/letter")" "0 mine"
mkdir -m 700 "$T/above"
mkdir "$T/above/mixed"
echo mine >"$T/above/mixed/letter"
minc -q -r "$bb" -t "$T/above/mixed" true
is "so does one in a closed directory" "$status $(modes "$T/above/mixed")" "0 755 "
mkdir "$T/away"
ln -s "$T/away" "$T/above/away"
minc -q -r "$bb" -t "$T/above/away" true
is "and a link there closes nothing that it leads to" "$status $(modes "$T/away")" "0 700 "
mkdir "$T/failed"
minc -r "$T/none" -t "$T/failed" true
is "a start that fails leaves it as it was" "$status $(modes "$T/failed")" "125 755 "

mkdir "$T/script-keep"
"$MINC" --explain -r "$bb" -t "$T/script-keep" true >"$T/script"
timeout 30 sh "$T/script" >"$T/.out" 2>"$T/.err" </dev/null
is "the explained script closes it, too" "$? $(modes "$T/script-keep")" "0 700 "

# Where others can write, they can put something else in the place.
mkdir "$T/wide" "$T/wide/in" "$T/sticky" "$T/sticky/in"
chmod 777 "$T/wide"
chmod 1777 "$T/sticky"
minc -r "$bb" -t "$T/wide/in" true
refused "-t below a directory that all may write to is refused" -t "$T/wide"
has "and the hint says how to mend it" "$err" "chmod go-w $T/wide"
minc -q -r "$bb" -t "$T/sticky/in" true
is "unless it is sticky" "$status" 0
MINCS_DIR=$T/wide/store
marten import -q "$bb" box
refused "so is a store there" "store $T/wide/store" "others can write to $T/wide"
ok "and none is made" test ! -e "$T/wide/store"
ln -s "$T/wide/in" "$T/to-wide"
minc -r "$bb" -t "$T/to-wide" true
refused "and a way there by a link" -t "$T/wide"
ln -s ../old "$T/wide/link"
minc -r "$bb" -t "$T/wide/link" true
refused "and a way through a link that others can replace" -t "$T/wide"
MINC_STATE_DIR=$T/wide/state
minc -B -r "$bb" true
refused "so is a state directory there" "state directory $T/wide/state" "others can write to $T/wide"
MINC_STATE_DIR=$T/state
MINCS_DIR=$T/store
chmod 775 "$MINCS_DIR"
as_root && chgrp 12391 "$MINCS_DIR"
as_root || chmod 777 "$MINCS_DIR"
marten images
refused "a store that others can write to is refused" "store $MINCS_DIR" "others can write"
has "and the hint says how" "$err" "chmod go-w $MINCS_DIR"
as_root && chgrp 0 "$MINCS_DIR"
chmod 700 "$MINCS_DIR"
chmod 777 "$MINCS_DIR/layers"
marten images
refused "so is one with such a directory in it" "store $MINCS_DIR" layers "others can write"
chmod 755 "$MINCS_DIR/layers"
acl() { # access|default DIR: user 12391 may do everything in it
	python3 - "$1" "$2" <<'END'
import os, struct, sys
entries = [(1, 7, -1), (2, 7, 12391), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
text = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries)
try:
    os.setxattr(sys.argv[2], f"system.posix_acl_{sys.argv[1]}", text)
except OSError as e:
    sys.exit(str(e))
END
}
mkdir "$T/acl" "$T/acl/in" "$T/acl-in"
if acl access "$T/acl" 2>"$T/acl.err"; then
	minc -r "$bb" -t "$T/acl/in" true
	refused "an access control list counts" -t "$T/acl"
	acl access "$T/acl-in"
	minc -q -r "$bb" -t "$T/acl-in" true
	is "one on a directory of -t gives nothing any more" "$status $(modes "$T/acl-in")" "0 700 "
	acl default "$T/acl"
	chmod g-w "$T/acl"
	MINCS_DIR=$T/acl/store
	marten import -q "$bb" box
	is "nor does a default one open a store" "$status $(modes "$MINCS_DIR" "$MINCS_DIR/containers" \
		"$MINCS_DIR/write.lock")" "0 700 700 600 "
	MINCS_DIR=$T/store
else
	skip "an access control list counts" "no lists here: $(cat "$T/acl.err")"
fi

# What was there when the container started is not what a link leads to afterwards.
mkdir "$T/tree" "$T/else" "$T/else/in"
cp -R "$bb" "$T/tree/in"
echo old | tee "$T/tree/in/file" >"$T/else/in/file"
mkdir "$T/over"
minc -q -r "$T/tree/in" -t "$T/over" sh -c 'echo new >/file'
mv "$T/tree" "$T/moved"
ln -s else "$T/tree"
for cmd in "diff" "apply -y"; do
	# shellcheck disable=SC2086 # words
	marten $cmd "$T/over"
	refused "$cmd takes no link for the root that a container had" "$T/tree/in" link
	has "and the hint says what to do" "$err" "--base"
done
rm "$T/tree"
mkdir "$T/tree"
ln -s ../else/in "$T/tree/in"
marten apply -y "$T/over"
refused "nor if it is the last name" "$T/tree/in" link
is "so nothing is written there" "$(cat "$T/else/in/file")" old
marten apply -y --base "$T/moved/in" "$T/over"
is "unless it is named" "$status $(cat "$T/moved/in/file")" "0 new"

# Two names are exchanged all the time; the first is a directory, or leads to one that must stay whole.
exchange() { # NAME NAME
	python3 - "$1" "$2" >"$T/exchanging" <<'END' &
import ctypes, os, sys
libc = ctypes.CDLL(None)
a, b = map(os.fsencode, sys.argv[1:])
print("now", flush=True)
while os.getppid() != 1:
    for i in range(100):
        libc.renameat2(-100, a, -100, b, 2)
END
	exchanger=$!
	await grep -q now "$T/exchanging"
}
exchange_no_more() {
	kill "$exchanger"
	wait "$exchanger" 2>/dev/null
}

# Who has a volume in a container changes it while it is removed.
mkdir "$T/whole" "$T/whole/d"
(cd "$T/whole/d" && seq -f f%g 2000 | xargs touch)
try=0
while [ "$try" -lt 5 ]; do
	try=$((try + 1))
	mkdir -p "$MINCS_DIR/volumes/racing/a"
	(cd "$MINCS_DIR/volumes/racing/a" && seq -f f%g 2000 | xargs touch)
	ln -s "$T/whole/d" "$MINCS_DIR/volumes/racing/b"
	exchange "$MINCS_DIR/volumes/racing/a" "$MINCS_DIR/volumes/racing/b"
	marten volume rm racing
	exchange_no_more
	rm -rf "$MINCS_DIR/volumes/racing"
done
is "a volume is removed, not what a link leads to that is put there meanwhile" \
	"$(find "$T/whole/d" -type f | wc -l)" 2000

# What an export could not complete is removed where it was made.
mkdir "$T/out" "$T/out-else"
ln -s "$T/out-else" "$T/out-link"
head -c 600000 /dev/urandom >"$bb/big"
marten import -q "$bb" bigger
rm "$bb/big"
: >"$T/out-else/it.sqfs"
try=0
exchange "$T/out" "$T/out-link"
while [ "$try" -lt 30 ] && [ -e "$T/out-else/it.sqfs" ]; do
	try=$((try + 1))
	(trap '' XFSZ && ulimit -f 400 && exec "$MARTEN" export --format squashfs -o "$T/out/it.sqfs" bigger) \
		>"$T/.out" 2>"$T/.err"
done
exchange_no_more
marten rmi bigger
ok "an export that fails removes nothing that it did not make" test -e "$T/out-else/it.sqfs"
is "and leaves nothing" "$(find "$T/out/" "$T/out-link/" -name 'it.sqfs' | wc -l)" 1

if ! as_root; then
	minc -r "$bb" -t / true
	refused "a directory of root's is no storage of a user's" -t "user 0"
	done_testing
fi

# Two strangers, and the tools where they can reach them.
A=12391 B=12392
mkdir "$T/bin" "$T/lib" "$T/a" "$T/b"
chown "$A" "$T/a"
chown "$B" "$T/b"
cp "$MINC" "$MARTEN" "$T/bin"
IFS=:
for dir in ${MINC_LIBS:-}; do
	find "$dir" -maxdepth 1 \( -name "*.so*" -o -name minc-fuse \) ! -type d ! -name "*.symbols" ! -name "*.p" \
		-exec cp -L {} "$T/lib/" \;
done
unset IFS
chmod -R a+rX "$T/bin" "$T/lib"
as() { # ID CMD..
	_id=$1
	shift
	setpriv --reuid "$_id" --regid "$_id" --clear-groups --inh-caps=-all env LD_LIBRARY_PATH="$T/lib" \
		MINC_MODULE_DIR="$T/lib" HOME="$T/none" "$@"
}
run_as() { # ID PROGRAM ARG..
	_id=$1
	shift
	ran="as $_id: $*"
	as "$_id" timeout -k 5 30 "$@" >"$T/.out" 2>"$T/.err" </dev/null
	status=$?
	out=$(cat "$T/.out")
	err=$(cat "$T/.err")
}
# What can be opened for reading can be locked, for ever.
opens() { # FILE
	run_as "$A" sh -c ': <"$1"' sh "$1"
	return "$status"
}
# A stranger opens FILE, and holds a lock on it until release.
hold() { # FILE
	rm -f "$T/go"
	mkfifo "$T/go"
	: >"$T/held"
	as "$A" flock "$1" sh -c 'echo held; cat' <"$T/go" >"$T/held" &
	holder=$!
	exec 8>"$T/go"
	await grep -q held "$T/held"
}
release() {
	exec 8>&-
	wait "$holder"
}

# A program of root's in a container is none for others.
umask 022
marten run --rm -v shared:/data -e DIR=/data box sh -c "$plant"
mkdir "$T/keep"
minc -q -r "$bb" -e DIR=/etc -t "$T/keep" sh -c "$plant"
marten create --name kept -e DIR=/etc box sh -c "$plant"
marten start kept
await test -e "$(echo "$MINCS_DIR"/containers/*/storage/etc/su)"
for su in "$MINCS_DIR/volumes/shared/su" "$T/keep/storage/etc/su" "$MINCS_DIR"/containers/*/storage/etc/su; do
	what=${su#"$T/"}
	ok "a container has left a set-user-ID program in ${what%%/*}" test -u "$su"
	run_as "$A" "$su" id -u
	is "a set-user-ID program in ${what%%/*} is out of reach" "$status" 126
	run_as "$A" ln "$su" "$T/a/su"
	ok "and cannot be linked to" test "$status" -ne 0 -a ! -e "$T/a/su"
	run_as "$A" sh -c 'cd "$1"' sh "${su%/*}"
	ok "or gone to" test "$status" -ne 0
done
for path in "$MINCS_DIR" "$MINCS_DIR/volumes" "$MINCS_DIR/index.json" "$MINCS_DIR/write.lock" "$T/keep" \
	"$MINC_STATE_DIR"; do
	run_as "$A" sh -c 'ls "$1" || cat "$1"' sh "$path"
	ok "${path#"$T/"} cannot be read" test "$status" -ne 0 -a -e "$path"
done

# Locks.
for file in . write.lock index.lock oci-layout containers; do
	# shellcheck disable=SC2016 # evaluated when it is tried
	ok "a stranger cannot lock $file of a store" eval 'test -e "$MINCS_DIR/$file" && ! opens "$MINCS_DIR/$file"'
done
chmod 755 "$MINCS_DIR"
(umask 022 && : >"$MINCS_DIR/lock")
for file in lock oci-layout .; do
	ok "a stranger has opened $file of an old store" hold "$MINCS_DIR/$file"
	LIMIT=10 marten import -q "$bb" again
	is "and holds nobody up after it was closed" "$status" 0
	LIMIT=10 marten rmi again
	is "nor a removal" "$status" 0
	release
	chmod 755 "$MINCS_DIR"
	(umask 022 && : >"$MINCS_DIR/lock")
done
marten images -q
groups() { # the directories of running groups with limits, in all hierarchies
	find /sys/fs/cgroup -maxdepth 6 -type d -name 'minc-????????????????' 2>/dev/null
}
groups >"$T/groups"
mkfifo "$T/wait"
"$MINC" -q -r "$bb" --pids-limit 50 sh -c 'echo up; read -r x' <"$T/wait" >"$T/up" 2>"$T/up.err" &
limited=$!
exec 7>"$T/wait"
await sh -c 'grep -q up "$1" || ! kill -0 "$2"' sh "$T/up" "$limited"
new=$(groups | grep -vxFf "$T/groups" | head -n 1)
if grep -q up "$T/up" && [ -n "$new" ]; then
	# shellcheck disable=SC2016 # evaluated when it is tried
	ok "nor a control group" eval '! opens "$new"'
	run_as "$A" cat "$new/cgroup.procs"
	is "whose limits can be read all the same" "$status $(modes "$new")" "0 711 "
else
	skip "nor a control group" "no limits here: $(cat "$T/up.err")"
fi
exec 7>&-
wait "$limited"

# What belongs to another user is not used, by root least of all.
mkdir "$T/a/store" "$T/a/keep" "$T/a/run" "$T/a/home" "$T/a/root"
cp -R "$MINCS_DIR" "$T/a/full"
chown -R "$A" "$T/a/store" "$T/a/keep" "$T/a/run" "$T/a/full" "$T/a/home"
for store in "$T/a/store" "$T/a/full"; do
	for cmd in images "import -q $bb x" "run --rm box true" "volume create v" prune; do
		# shellcheck disable=SC2086 # words
		marten --store "$store" $cmd
		refused "root leaves another user's store alone: ${store##*/}, ${cmd%% *}" "store $store" "user $A"
	done
	MINCS_DIR=$store minc -q -r box true
	refused "and runs nothing from it: ${store##*/}" "store $store" "user $A"
done
mv "$T/a/full" "$T/full" # to where its owner cannot replace it, which is not enough
marten --store "$T/full" images
refused "wherever it lies" "store $T/full" "belongs to user $A"
ls "$T/full/volumes" >"$T/.out" 2>&1
is "and is as it was" "$(cat "$T/.out" | wc -l)" "$(ls "$MINCS_DIR/volumes" | wc -l)"
chown 0 "$T/full"
marten --store "$T/full" images
refused "its owner's directories in root's are not used" "store $T/full" "belongs to user $A"
chown -R 0 "$T/full"
marten --store "$T/full" images -q
is "what root owns is" "$status" 0
chown "$A" "$T/full/layers/"*
marten --store "$T/full" run --rm box true
refused "but no layer that another user owns" layers/ "user $A"
minc -r "$bb" -t "$T/a/keep" true
refused "nor a directory of -t" -t "user $A"
"$MINC" --explain -r "$bb" -t "$T/a/keep" true >"$T/script"
timeout 30 sh "$T/script" >"$T/.out" 2>"$T/.err" </dev/null
is "nor does the explained script" "$? $(cat "$T/.err")" "125 $T/a/keep: belongs to another user"
minc -r "$bb" -t "$T/a/root" true
refused "nor one of root's in a place of another user's" -t "$T/a belongs to user $A"
for asker in "$A 0" "$B 64001"; do
	export SUDO_UID="${asker% *}" SUDO_GID="${asker% *}"
	minc -q -r "$bb" -e DIR=/etc -t "$T/a/root" sh -c "$plant"
	if [ "$SUDO_UID" = "$A" ]; then
		is "unless that user asks root for it by sudo" "$status $(modes "$T/a/root")" "0 700 "
		run_as "$A" "$T/a/root/storage/etc/su" id -u
		is "who does not reach a set-user-ID program there either" "$status" 126
		minc -r "$bb" -t "$T/a/keep" true
		refused "and whose own directory does not become root's storage" -t "user $A"
		has "and the hint says how" "$err" "chown root $T/a/keep"
		marten --store "$T/a/full" images
		refused "nor his store root's" "store $T/a/full" "user $A"
	else
		refused "nor if another user does" -t "$T/a belongs to user $A"
	fi
done
# He owns what is above it, and so do his other programs.
mkdir -p "$T/a/x/keep" "$T/a/y/keep/storage" "$T/a/y/keep/work"
chown "$A" "$T/a/x"
chown -R "$A" "$T/a/y"
exchange "$T/a/x" "$T/a/y"
try=0 ran=0 named=0 # until each has been seen, of which chance decides
while [ "$try" -lt 20 ] || { [ "$try" -lt 500 ] && { [ "$ran" = 0 ] || [ "$named" = 0 ]; }; }; do
	try=$((try + 1))
	SUDO_UID=$A SUDO_GID=$A "$MINC" -q -r "$bb" -e DIR=/ -t "$T/a/x/keep" sh -c "$plant" >"$T/.out" 2>&1
	case $?:$(cat "$T/.out") in
	0:*) ran=$((ran + 1)) ;;
	125:*"$T/a/x/keep"*"user $A"*) named=$((named + 1)) ;;
	*) cp "$T/.out" "$T/exchanged" ;; # between the two
	esac
done
exchange_no_more
echo "# of $try tries $ran ran and $named were refused by name"
ok "of two directories that a user exchanges, root's is used" test "$ran" -gt 0
ok "and that user's is refused by name" test "$named" -gt 0
is "nor does root write into another directory that he puts there meanwhile" \
	"$(find "$T/a" -path '*/keep/storage/*' -prune -o -path '*/keep/storage' -user "$A" -exec ls -A {} +)" ""
unset SUDO_UID SUDO_GID
ln -s "$T/keep" "$T/a/link"
minc -r "$bb" -t "$T/a/link" true
refused "nor a way there by a link of another user" -t "user $A"
as "$A" ln -s "$T/keep" "$T/sticky/link"
minc -r "$bb" -t "$T/sticky/link" true
refused "also where root is at home" -t "user $A"
as "$A" mkdir "$T/sticky/squat"
MINC_STATE_DIR=$T/sticky/squat minc -B -r "$bb" true
refused "a state directory that somebody made first is refused" "state directory $T/sticky/squat" "owner $A"
MINC_STATE_DIR=$T/a/state minc -B -r "$bb" true
refused "and one in another user's directory" "state directory $T/a/state" "user $A"
MINCS_DIR=$T/sticky/squat/store marten import -q "$bb" x
refused "and a store" "store $T/sticky/squat/store" "user $A"
ok "and nothing is made there" test -z "$(find "$T/sticky/squat" "$T/a/store" "$T/a/keep" -mindepth 1)"
kept=$(XDG_RUNTIME_DIR=$T/a/run "$MINC" -k -r "$bb" true 2>&1 | sed -n 's/^To reuse this, run: .* -t //p')
like "-k does not follow XDG_RUNTIME_DIR to another user" "$kept" "/run/minc*"
case $kept in /run/minc?*-??????) rm -rf "$kept" ;; esac
is "who finds nothing there" "$(ls -A "$T/a/run")" ""
mkdir "$T/bare"
tar -C "$bb" -cf "$T/a/bb.tar" .
chown -R "$A" "$T/a/keep"
printf 'minc-layers 1\nstarted 0.0\nxattr user\nimage %s\n' "$T/a/bb.tar" >"$T/a/keep/layers"
mkdir -p "$T/a/keep/storage"
chown -R "$A" "$T/a/keep"
marten diff "$T/a/keep"
refused "no layers are read because another user's record names them" "$T/a/keep" "another user"

# Of a file system that another user serves all is that user's word, owners too.
mkdir "$T/served"
cat >"$T/serve.py" <<'END'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
options = b"fd=%d,rootmode=40000,user_id=12391,group_id=12391,allow_other" % fd
# the names of the source and of the type are that user's choice
if libc.mount(b"user_id=0 - user_id=0", os.fsencode(sys.argv[1]), b"fuse.user_id=0", 6, options):
    sys.exit(os.strerror(ctypes.get_errno()))
print("served", flush=True)
while True:
    try:
        request = os.read(fd, 1 << 17)
    except OSError: # unmounted
        break
    length, opcode, unique, node, uid, gid, pid, _ = struct.unpack_from("<IIQQIIII", request)
    if opcode == 26: # INIT
        answer = struct.pack("<IIIIHHIIHHI", 7, 31, 65536, 0, 12, 9, 4096, 1, 0, 0, 0) + bytes(28)
    elif opcode == 3: # GETATTR: root's, 0700
        answer = struct.pack("<QII", 0, 0, 0) + struct.pack("<QQQQQQIIIIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0,
                                                          0o40700, 2, 0, 0, 0, 4096, 0)
    elif opcode in (2, 42): # FORGET: no answer
        continue
    else:
        answer = None
    error = -2 if answer is None else 0
    answer = answer or b""
    try:
        os.write(fd, struct.pack("<IiQ", 16 + len(answer), error, unique) + answer)
    except OSError:
        pass
END
: >"$T/serve.err"
if [ -e /dev/fuse ]; then
	python3 "$T/serve.py" "$T/served" >"$T/serving" 2>"$T/serve.err" &
	server=$!
	await sh -c 'grep -q served "$1" || ! kill -0 "$2"' sh "$T/serving" "$server"
fi
if [ -e /dev/fuse ] && grep -q served "$T/serving"; then
	is "a file system of another user's says that all is root's" "$(stat -c %u:%a "$T/served")" 0:700
	marten --store "$T/served" images
	refused "and is no store of root's" "store $T/served" "user $A serves"
	minc -r "$bb" -t "$T/served/keep" true
	refused "nor is a directory of -t in it" -t "user $A serves"
	MINC_STATE_DIR=$T/served/state minc -B -r "$bb" true
	refused "nor a state directory" "state directory" "user $A serves"
	umount -l "$T/served"
	wait "$server"
else
	skip "a file system of another user's says that all is root's" "no FUSE: $(cat "$T/serve.err")"
fi

# A group of another user's: that user could move processes out of it.
v2=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
own=$v2$(sed -n 's/^0:://p' /proc/self/cgroup)
delegated=${own%/}/minc-test-$$
if [ -n "$v2" ] && mkdir -p "$delegated/session" 2>"$T/group.err" &&
	chown "$A" "$delegated" "$delegated/session" "$delegated/cgroup.procs" "$delegated/session/cgroup.procs" &&
	sh -c 'echo $$ >"$1/session/cgroup.procs"' sh "$delegated" 2>"$T/group.err"; then
	# shellcheck disable=SC2016 # the shell in the group expands it
	run_tool sh -c 'echo $$ >"$1/session/cgroup.procs" && shift && exec "$@"' sh "$delegated" \
		"$MINC" -q -B --name placed --pids-limit 50 -r "$bb" sleep 1000
	if [ "$status" = 0 ]; then
		pid=$(cat "$MINC_STATE_DIR/$out/pid")
		unlike "a container of root's has no group below one of another user's" \
			"$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "*/minc-test-$$/*"
		run_as "$A" sh -c 'echo "$1" >"$2/session/cgroup.procs"' sh "$pid" "$delegated"
		ok "who cannot move its processes" test "$status" -ne 0
	else
		skip "a container of root's has no group below one of another user's" "no limits here: $err"
	fi
	"$MARTEN" rm -f placed >"$T/.out" 2>&1
else
	skip "a container of root's has no group below one of another user's" "no group to give: $(cat "$T/group.err")"
fi
[ -z "$v2" ] || rmdir "$delegated/session" "$delegated" 2>"$T/.err"

# An ordinary user.
chmod 755 "$MINCS_DIR"
cp -R "$bb" "$T/b/bb"
chown -R "$B" "$T/b/bb"
run_as "$B" env MINCS_DIR="$MINCS_DIR" "$T/bin/marten" images -q
is "root's store can be read where root has opened it" "$status $(printf '%s\n' "$out" | grep -c .)" "0 1"
run_as "$B" env MINCS_DIR="$MINCS_DIR" "$T/bin/marten" import -q "$T/b/bb" x
refused "and not written to" "store $MINCS_DIR" root
run_as "$B" env MINCS_DIR="$MINCS_DIR" "$T/bin/marten" run --rm box true
refused "no container is kept in it" "store $MINCS_DIR" root
for file in write.lock index.lock; do
	# shellcheck disable=SC2016 # evaluated when it is tried
	ok "nor is $file locked" eval 'test -e "$MINCS_DIR/$file" && ! opens "$MINCS_DIR/$file"'
done
mkdir "$T/dev"
# as udev has it, whatever this machine says
if [ -e /dev/fuse ] && mount -t tmpfs -o mode=755 none "$T/dev" 2>"$T/fuse.err" &&
	mknod -m 666 "$T/dev/fuse" c 10 229 && mount --bind "$T/dev/fuse" /dev/fuse; then
	mkdir "$T/b/own"
	chown "$B" "$T/b/own"
	run_as "$B" env MINCS_DIR="$MINCS_DIR" "$T/bin/minc" -q -r box -t "$T/b/own" echo ran
	is "but run from" "$status $out" "0 ran"
else
	skip "but run from" "no /dev/fuse: $(cat "$T/fuse.err")"
fi
chmod 700 "$MINCS_DIR"
run_as "$B" env MINCS_DIR="$MINCS_DIR" "$T/bin/marten" images -q
refused "a closed one is refused" "store $MINCS_DIR"
mkdir "$T/b/store"
chown "$B" "$T/b/store"
run_as "$B" env MINCS_DIR="$T/b/store" "$T/bin/marten" import -q "$T/b/bb" box
is "a user has a store" "$status $(modes "$T/b/store")" "0 700 "
chmod 755 "$T/b/store"
run_as "$A" env MINCS_DIR="$T/b/store" "$T/bin/marten" images -q
refused "which another one does not use" "store $T/b/store" "user $B"
marten --store "$T/b/store" images
refused "nor root" "store $T/b/store" "user $B"
run_as "$A" "$T/bin/minc" -r "$bb" -t "$T/keep" true
refused "nor a directory of -t" -t
run_as "$A" env MINC_STATE_DIR="$T/b/state" "$T/bin/minc" -B -r "$bb" true
refused "nor a state directory" "state directory" "user $B"
mkdir "$T/b/auth"
echo '{"auths":{"example.org":{"auth":"Ym9iOnNlY3JldA=="}}}' >"$T/b/auth/auth.json"
chown "$B" "$T/b/auth"
if as "$B" unshare -r true 2>"$T/.err"; then
	run_as "$B" env MINCS_DIR="$T/b/store" REGISTRY_AUTH_FILE="$T/b/auth/auth.json" \
		unshare -r "$T/bin/marten" logout example.org
	is "root's file is root's in a user namespace, too" "$status $(grep -c example.org "$T/b/auth/auth.json")" "0 0"
else
	skip "root's file is root's in a user namespace, too" "$(cat "$T/.err")"
fi
run_as "$B" env XDG_RUNTIME_DIR="$T/a/run" TMPDIR="$T/sticky" "$T/bin/minc" -k -r "$bb" true
like "a runtime directory that su(1) left is passed over" "$status $out" "0 *-t $T/sticky/minc*"
done_testing
