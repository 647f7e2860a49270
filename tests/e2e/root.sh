#!/bin/sh
# SPDX-License-Identifier: MIT
# root - what the container sees as /, and that the real one never changes.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
echo original >"$bb/etc/file"
before=$(fingerprint "$bb")

minc -r "$bb" sh -c 'echo changed >/etc/file; cat /etc/file'
is "a write is seen inside" "$out" changed
minc -r "$bb" cat /etc/file
is "the next run does not see it" "$out" original
minc -r "$bb" sh -c 'rm -rf /etc /usr/share /root /home 2>/dev/null; ls /etc/file'
ok "what is removed is gone inside" test "$status" -ne 0
minc -r "$bb" sh -c 'chmod 700 /etc; touch /etc/file; mv /etc/group /etc/g; mkdir /new; ln -s x /link; : >/mnt/new'
is "all kinds of changes can be made inside" "$status" 0
is "the root directory is unchanged, to the last time stamp" "$(fingerprint "$bb")" "$before"

# Only files of the test's own are touched on the host's root, lest a broken minc do harm.
host=$(mktemp -d /var/tmp/minc-e2e.XXXXXX) || exit 1
echo original >"$host/file"
minc sh -c "rm -f $host/file; echo x >$host/new; ls $host"
is "changes to the host's root are seen inside" "$out" new
is "they stay inside" "$(ls "$host"; cat "$host/file")" "file
original"
rm -rf "$host"
echo yes >"$bb/etc/only-here"
before=$(fingerprint "$bb")
minc -r "$bb" busybox sh -c 'test -e /etc/only-here || exit 9
	rm -rf /bin /etc /mnt /root /run /usr 2>/dev/null
	test ! -e /etc/only-here -a ! -e /usr'
is "everything can be removed inside" "$status" 0
is "and nothing is removed outside" "$(fingerprint "$bb")" "$before"

mkdir "$T/direct"
cp -R "$bb/." "$T/direct/"
minc -D -r "$T/direct" sh -c 'echo persists >/etc/new'
is "-D writes into the directory" "$(cat "$T/direct/etc/new" 2>&1)" persists
minc --read-only -r "$bb" sh -c 'echo x >/etc/new'
ok "--read-only refuses writes" test "$status" -ne 0
minc --read-only -r "$bb" sh -c 'echo x >/tmp/new && cat /tmp/new'
is "--read-only leaves /tmp writable" "$out" x
minc -D --read-only -r "$T/direct" sh -c 'echo x >/etc/forbidden'
ok "--read-only with -D refuses writes" test "$status" -ne 0
ok "nothing was written" test ! -e "$T/direct/etc/forbidden"
minc --tmpfs /data -r "$bb" sh -c 'echo x >/data/f && grep " /data tmpfs " /proc/mounts | wc -l'
is "--tmpfs gives an empty writable directory" "$out" 1
minc --read-only --tmpfs /data -r "$bb" sh -c 'echo x >/data/f && cat /data/f'
is "--tmpfs is writable in a read-only root" "$out" x
is "its mount point is not made in the directory" "$(fingerprint "$bb")" "$before"

mkdir "$T/keep"
minc -t "$T/keep" -r "$bb" sh -c 'echo kept >/etc/kept; rm /etc/file'
is "-t keeps what was written" "$status" 0
hasnt "-t, as in MINCS, says nothing: its user knows the directory" "$out" "To reuse"
minc -q -t "$T/keep" -r "$bb" sh -c 'cat /etc/kept; test -e /etc/file || echo gone'
is "-t shows it to the next run" "$out" "kept
gone"
minc -r "$bb" test -e /etc/kept
is "a run without -t does not see it" "$status" 1
minc -q -t "$T/keep" -r "$bb" sleep 0
is "the directory is free again after the run" "$status" 0
minc -t "$T/no-such-dir" -r "$bb" true
refused "a missing -t directory is named" "$T/no-such-dir"

mkfifo "$T/go"
"$MINC" -q -t "$T/keep" -r "$bb" sh -c 'echo up; read -r x' <"$T/go" >"$T/up" 2>"$T/up.err" &
holder=$!
exec 9>"$T/go"
await grep -q up "$T/up"
minc -t "$T/keep" -r "$bb" true
refused "a directory in use by another container is refused" "$T/keep"
(echo end >&9)
exec 9>&-
wait "$holder"
is "the container that used it goes on" "$?" 0

out=$(TMPDIR=$T XDG_RUNTIME_DIR=$T "$MINC" -k -r "$bb" sh -c 'echo kept >/etc/kept')
# the words are a shell's: the program may lie where a name has blanks
like "-k prints how to reuse its directory" "$out" "To reuse this, run: */minc* -r $bb -t *"
again=$(printf '%s\n' "$out" | sed -n 's/^To reuse this, run: //p')
kept=${again##* -t }
ok "the directory of -k exists" test -d "$kept"
ran="$again cat /etc/kept"
run_tool sh -c "$ran"
is "the directory of -k can be reused" "$out" kept
case $kept in "$T"/*) rm -rf "$kept" ;; esac

ran="minc -k, with XDG_RUNTIME_DIR=$T/none"
run_tool env XDG_RUNTIME_DIR="$T/none" "$MINC" -k -r "$bb" true
refused "-k names the place in which no directory can be made" "-k: a directory in $T/none: "

mkdir -p "$T/empty"
cp "$(command -v busybox)" "$T/busybox"
minc -r "$T/empty" -b "$T/busybox:/bin/sh" /bin/sh -c 'echo runs'
is "an empty directory is a root, with a shell bound into it" "$out" runs
is "the empty directory stays empty" "$(ls -A "$T/empty")" ""
minc -r "$T/empty" -b "$T/busybox:/bin/busybox" /bin/busybox sh -c \
	'test -r /proc/self/status && test -c /dev/null && : >/tmp/x && echo complete'
is "it has /proc, /dev and /tmp all the same" "$out" complete
for missing in proc dev tmp etc sys; do
	rm -rf "$T/less"
	cp -R "$bb" "$T/less"
	rm -rf "${T:?}/less/$missing"
	minc -r "$T/less" /usr/bin/busybox echo starts
	is "a root without /$missing starts" "$out" starts
	ok "/$missing was not made in it" test ! -e "$T/less/$missing"
done
rm -rf "$T/less"
cp -R "$bb" "$T/less"
rm -rf "$T/less/tmp" "$T/less/proc"
ln -s /usr "$T/less/tmp"
ln -s "$T/empty" "$T/less/proc"
minc -r "$T/less" /usr/bin/busybox true
ok "links in place of /proc and /tmp lead nowhere outside" test -z "$(ls -A "$T/empty")"

minc -r "$T/no-such-root" true
refused "a missing root is named" "$T/no-such-root"
echo x >"$T/plain"
minc -r "$T/plain" true
refused "a file as root is named" "$T/plain"

if as_root; then
	mkdir -p "$T/lower/sub" "$T/disk"
	cp -R "$bb/." "$T/lower/"
	mount -t tmpfs none "$T/lower/sub"
	echo below >"$T/lower/sub/file"
	minc -r "$T/lower" ls /sub
	is "mounts below a root directory are not shown" "$out" ""
	mkdir -p "$T/ns/mnt/disk"
	mount -t tmpfs none "$T/disk"
	echo on-disk >"$T/disk/file"
	mkdir -p "/run/minc-e2e.$$"
	mount --bind "$T/disk" "/run/minc-e2e.$$"
	minc sh -c "cat /run/minc-e2e.$$/file"
	is "mounts below the host's root are shown" "$out" on-disk
	minc sh -c "echo changed >/run/minc-e2e.$$/file; rm -f /run/minc-e2e.$$/x; cat /run/minc-e2e.$$/file"
	is "they can be written inside" "$out" changed
	is "and are just as disposable" "$(cat "$T/disk/file")" on-disk
	umount "/run/minc-e2e.$$"
	rmdir "/run/minc-e2e.$$"

	mkdir "$T/shared"
	mount -t tmpfs none "$T/shared"
	mount --make-shared "$T/shared"
	mkdir "$T/shared/sub"
	mounts=$(wc -l </proc/self/mountinfo)
	minc -D -r / --privileged -- mount -t tmpfs none "$T/shared/sub"
	is "a mount made inside does not reach the host" "$(wc -l </proc/self/mountinfo)" "$mounts"
	umount "$T/shared"

	mkdir -p "$T/lib/a" "$T/lib/u" "$T/lib/w" "$T/lib/m"
	if mount -t overlay none -o "lowerdir=$T/lib/a,upperdir=$T/lib/u,workdir=$T/lib/w" \
		"$T/lib/m" 2>/dev/null; then
		cp -R "$bb/." "$T/lib/m/"
		minc -r "$T/lib/m" sh -c 'echo nested >/etc/n; cat /etc/n'
		is "a root on an overlay works" "$out" nested
		umount "$T/lib/m"
	else
		skip "a root on an overlay works" "this kernel refuses an overlay here"
	fi
fi

minc -r "$bb" ls -A /tmp
is "/tmp is empty" "$out" ""
minc -r "$bb" sh -c 'test -k /tmp && echo sticky'
is "/tmp is sticky" "$out" sticky
cp -R "$bb" "$T/old"
echo old >"$T/old/etc/mtab"
minc -r "$T/old" readlink /etc/mtab
like "/etc/mtab leads to /proc" "$out" "*/proc/*mounts"
is "after all of this the root directory is unchanged" "$(fingerprint "$bb")" "$before"
done_testing
