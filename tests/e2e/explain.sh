#!/bin/sh
# SPDX-License-Identifier: MIT
# explain - the script of --explain and a real run make the same container.
#
# For each set of options the probe runs twice, in a container made by minc and in one
# made by the script; mounts, ids, capabilities, no_new_privs, host name, environment
# and working directory must be equal, also where PATH lacks /usr/sbin. Left out is what differs from run to run (mount
# and device numbers) and the seccomp filter, which no shell can load.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
cp "$PROBE" "$bb/usr/bin/probe"
mkdir -p "$T/src/sub" "$T/store" "$T/empty"
echo data >"$T/src/file"
cp -R "$bb" "$T/direct"
mkdir "$T/rooms" # for the scripts' mount points
cd "$T" || exit 1

# One set per line; @ is the temporary directory. A leading R: root only, U: user only.
sets='
-r @/bb
-r @/bb --hostname box
-r @/bb --name box
-r @/bb --read-only
-r @/bb -b @/src:/opt
-r @/bb -b @/src:/opt:ro -b @/src/file:/etc/single
-r @/bb -b @/src:/a/b/c -b @/src/file:/a/b/c/sub/f
-r @/bb --tmpfs /data --tmpfs /scratch:size=1m,mode=0700
-r @/bb -w /etc
-r @/bb -e A=1 -e B=x=y
-r @/bb --cap-drop all
-r @/bb --cap-drop chown,kill --cap-add net_raw
-r @/bb --privileged
-r @/bb --net=none
-r @/bb --net raw --hostname netless
-r @/bb --seccomp unconfined
-r @/bb -c 1
-D -r @/direct
-D --read-only -r @/direct
-q -t @/store -r @/bb
-r @/empty -b @/bb/usr/bin/probe:/usr/bin/probe
-b @/bb/usr/bin/probe:/mnt/probe
-b @/bb/usr/bin/probe:/mnt/probe --hostname whole --read-only
-r @/bb --init
R -r @/bb --user 1000:1001
R -r @/bb --user bob -w /usr
R -r @/bb --user 1000 --cap-add net_raw
R -r @/bb --usedev
R -r @/bb --debugfs
R -r @/bb -m 64m --pids-limit 50 --cpus 0.5
R -r @/bb --cpuset-cpus 0 --ulimit nofile=64:128 --ulimit core=0
U -r @/bb --userns single
U -r @/bb --ulimit nofile=64:128
U -r @/bb --cap-drop all --net=none
'

essence() {
	grep -vE '^(pid|fds|keyring|Seccomp|SigBlk|SigIgn|umask|env (PWD|SHLVL|OLDPWD|_)=)' |
		sed -E 's/(lowerdir|upperdir|workdir|lowerdir\+)=[^, ]*/\1/g
			s/,?(lowerdir\+?|upperdir|workdir)//g
			s/[0-9a-f]{8,}/N/g; s/(shared|master|propagate_from)//g; s/ root=[^ ]*//
			s/(size|nr_inodes)=[0-9]+[kmg]?/\1/g; s/,(inode64|redirect_dir=[a-z]+|uuid=[a-z]+)//g' |
		LC_ALL=C sort
}

explained=0
while IFS= read -r set; do
	[ -n "$set" ] || continue
	case $set in
	"R "*) as_root || continue; set=${set#R } ;;
	"U "*) as_root && continue; set=${set#U } ;;
	esac
	case $set in
	*--debugfs*) [ -d /sys/kernel/debug ] && grep -q debugfs /proc/filesystems || {
		skip "explained and real container are equal: $set" "no debugfs"
		continue
	} ;;
	esac
	case $set in *"-r @"*) probe=/usr/bin/probe ;; *) probe=/mnt/probe ;; esac
	opts=$(printf '%s' "$set" | sed "s,@,$T,g")
	explained=$((explained + 1))

	for part in state mounts; do
		# shellcheck disable=SC2086 # options without blanks
		timeout 30 "$MINC" $opts -- $probe $part </dev/null
	done >"$T/real" 2>"$T/real.err"
	real=$?
	if [ "$real" = 125 ] && grep -q '(cgroup none)' "$T/real.err"; then
		skip "explained and real container are equal: $set" "no control groups here"
		continue
	fi
	: >"$T/script.out"
	: >"$T/script.err"
	for part in state mounts; do
		# shellcheck disable=SC2086
		"$MINC" --explain $opts -- $probe $part >"$T/script" 2>>"$T/script.err" || break
		# with a PATH as users have it: where pivot_root is not
		PATH=/usr/bin:/bin TMPDIR=$T/rooms timeout 30 sh "$T/script" </dev/null >>"$T/script.out" \
			2>>"$T/script.err"
	done
	script=$?
	essence <"$T/real" >"$T/real.txt"
	essence <"$T/script.out" >"$T/script.txt"
	if [ "$real" = 0 ] && [ "$script" = 0 ] && cmp -s "$T/real.txt" "$T/script.txt"; then
		result ok "explained and real container are equal: $set"
	else
		result not-ok "explained and real container are equal: $set"
		diag "status of the run $real, of the script $script"
		diag "$(head -n 5 "$T/real.err" "$T/script.err")"
		diag "$(diff "$T/real.txt" "$T/script.txt" | head -n 40)"
	fi
done <<END
$sets
END
ok "at least 20 sets were compared" test "$explained" -ge 20
is "no script left its directory" "$(ls "$T/rooms")" ""

minc --explain -r "$bb" -b "$T/src:/opt" --hostname box true
is "--explain starts nothing and gives 0" "$status" 0
like "the script names the option that caused a step" "$out" "*--bind*$T/src*"
printf '%s\n' "$out" >"$T/script"
ok "the script is correct shell" sh -n "$T/script"
# shellcheck disable=SC2016 # a pattern
ok "every step has a sentence" grep -q '^# ' "$T/script"
minc --explain -r "$bb" -- sh -c "echo 'a  b' \"\$0\"; echo \"it's\"" zero
printf '%s\n' "$out" >"$T/script"
is "arguments are quoted in the script" "$(sh "$T/script" 2>/dev/null </dev/null)" "a  b zero
it's"
mkdir "$T/here" # without a directory in PATH a program of this one must not be taken
for name in mktemp unshare mount rmdir; do
	printf '#!/bin/sh\necho "taken" >>"%s"\n' "$T/taken" >"$T/here/$name"
	chmod 755 "$T/here/$name"
done
is "nor is an empty PATH the current directory" "$(cd "$T/here" && PATH='' /bin/sh "$T/script" 2>&1 </dev/null)" \
	"a  b zero
it's"
ok "from which nothing was executed" test ! -e "$T/taken"
json_has() { # FILE FILTER
	jq -e "$2" "$1" >"$T/.null"
}
minc --explain=json -r "$bb" true
if command -v jq >/dev/null; then
	printf '%s\n' "$out" >"$T/json"
	ok "--explain=json is JSON" json_has "$T/json" .steps
	minc --explain=oci -r "$bb" --hostname box sh -c 'exit 7'
	printf '%s\n' "$out" >"$T/config.json"
	ok "--explain=oci is a config.json" json_has "$T/config.json" '.ociVersion and
		.process.args == ["sh", "-c", "exit 7"] and .hostname == "box" and .root.path != null'
else
	skip "--explain=json is JSON" "needs jq"
	skip "--explain=oci is a config.json" "needs jq"
fi
minc --explain -r "$T/none" true
ok "--explain of a missing root does not start anything" test "$status" -eq 125 -o "$status" -eq 0
done_testing
