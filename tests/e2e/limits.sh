#!/bin/sh
# SPDX-License-Identifier: MIT
# limits - memory, CPU, processes, I/O and files are limited, on whatever control groups
# this host has; what cannot be limited is said; no group stays behind.
#
# As root the test moves itself into groups of its own, so that it sees only what it made.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
kernel=$(uname -r)
hungry='BEGIN { x = "aaaaaaaaaaaaaaaa"; while (1) x = x x }'

# What needs no group.
minc -r "$bb" --ulimit nofile=40:50 sh -c 'ulimit -n; ulimit -H -n'
is "--ulimit sets the soft and the hard limit" "$out" "40
50"
minc -r "$bb" --ulimit nofile=40 --ulimit core=0 --init sh -c 'ulimit -H -n; ulimit -c'
is "one value is both; several are set, also with --init" "$out" "40
0"
minc -r "$bb" --ulimit fsize=1000:1000 sh -c \
	'head -c 5000 /dev/zero 2>/dev/null >/tmp/f; stat -c %s /tmp/f'
is "a limit on the size of files bites the command and not the start" "$out" 1000
minc -r "$bb" --ulimit nofile=3 true
is "with too few open files it does not start" "$status" 126
has "which says how many it needs" "$err" "4 to start"
minc -B --name few --ulimit nofile=4 -r "$bb" sleep 1000
marten exec few true
is "and with those that suffice for it another cannot enter" "$status" 126
has "which says so as well" "$err" "5 to enter"
marten rm -f few
for bad in nofile nofile= nofile=x nofile=1: nofile=2:1 nofile=1:2:3 files=1 =1 NOFILE=1 nofile=-2; do
	minc -r "$bb" --ulimit "$bad" true
	refused "--ulimit '$bad' is refused" --ulimit
done
for bad in 0 -2 x 1x 12mb 99999999999999999999 1.5g ''; do
	minc -r "$bb" -m "$bad" true
	refused "-m '$bad' is refused" -m
done
for bad in '--cpus 0' '--cpus x' '--cpus 1.' '--cpus .5' '--cpus 0.001' '--cpus 1.000001' \
	'--cpu-shares 1' '--cpu-shares 262145' '--cpu-quota 999' '--cpu-period 1000001' \
	'--pids-limit 0' '--pid-max x' '--io-weight 9' '--blkio-weight 1001' '--cpuset-cpus 1-' \
	'--cpuset-cpus ,1' '--cpuset-cpus 3-1' '--cpuset-cpus 2000' '--cpuset-mems x' \
	'--device-read-bps sda:1m' '--device-read-bps /dev/null' '--device-write-iops 8:0:0' \
	'--device-read-bps /dev/null:' '--memory-swap 1x' '--mem-kmem -1'; do
	# shellcheck disable=SC2086 # two words
	minc -r "$bb" $bad true
	refused "'$bad' is refused" "${bad%% *}"
done
minc -r "$bb" --memory-swap 64m true
refused "--memory-swap without --memory is refused" --memory-swap memory
minc -r "$bb" -m 64m --memory-swap 32m true
refused "and so is less than the memory" --memory-swap memory

if ! as_root; then
	# An ordinary user without a delegated group: the test's own group is not its own.
	minc -r "$bb" -m 32m true
	refused "without a group of one's own a limit is an error" "-m 32m" "no "
	has "that says what to do" "$err" "hint: "
	minc -r "$bb" --pids-limit 50 -m 32m --cpus 1 --best-effort echo ran
	is "--best-effort runs the command" "$out" ran
	for option in "--pids-limit 50" "-m 32m" "--cpus 1"; do
		has "and warns that $option is not enforced" "$err" "$option: not enforced: "
	done
	done_testing
fi

# Groups of this test: $groups, one directory a line.
groups=
own() { # CONTROLLER ("" for v2): the path of this shell in its hierarchy
	awk -F: -v c="$1" '{ n = split($2, list, ","); if (c == "" && $2 == "") print $3
		for (i = 1; i <= n; i++) if (list[i] == c) print $3 }' "/proc/$$/cgroup"
}
mounted() { # CONTROLLER ("" for v2): the directory of this shell in its hierarchy
	awk -v c="$1" '{ for (i = 7; $i != "-"; i++); type = $(i + 1); n = split($(i + 3), list, ",")
		if (c == "" && type == "cgroup2") { print $5; exit }
		if (type == "cgroup") for (j = 1; j <= n; j++) if (list[j] == c) { print $5; exit } }' \
		/proc/self/mountinfo
}
enter_v1() { # CONTROLLER
	_at=$(mounted "$1")
	[ -n "$_at" ] || return 0
	_group=$_at$(own "$1")/minctest.$$
	[ -d "$_group" ] || mkdir "$_group" 2>/dev/null || return 0
	if [ "$1" = cpuset ]; then
		cat "${_group%/*}/cpuset.cpus" >"$_group/cpuset.cpus"
		cat "${_group%/*}/cpuset.mems" >"$_group/cpuset.mems"
	fi
	echo $$ >"$_group/cgroup.procs"
	groups="$groups $_group"
}
enter_v2() { # only v2: a group with the controllers, and this shell in a leaf of it
	_group=$(mounted "")/minctest.$$
	mkdir "$_group" 2>/dev/null || return 0
	for _c in cpu memory pids io cpuset; do
		echo "+$_c" >"${_group%/*}/cgroup.subtree_control"
		echo "+$_c" >"$_group/cgroup.subtree_control"
	done 2>/dev/null
	mkdir "$_group/leaf"
	echo $$ >"$_group/leaf/cgroup.procs"
	groups=$_group
}
leave_groups() {
	for _group in $groups; do
		find "$_group" -depth -type d | while IFS= read -r _dir; do
			while IFS= read -r _pid; do
				[ "$_pid" = $$ ] || [ "$_pid" = 0 ] || kill -9 "$_pid"
			done <"$_dir/cgroup.procs" 2>/dev/null
		done
		echo $$ >"${_group%/*}/cgroup.procs"
		await eval "find '$_group' -depth -type d -exec rmdir {} + ; ! [ -d '$_group' ]"
	done 2>/dev/null
	clean_up
}
trap leave_groups EXIT

v2=$(mounted "")
if [ -n "$(mounted memory)" ]; then
	for controller in cpu cpuset memory pids blkio freezer; do enter_v1 "$controller"; done
	if [ -n "$v2" ]; then
		mkdir "$v2$(own "")/minctest.$$" && {
			groups="$groups $v2$(own "")/minctest.$$"
			echo $$ >"$v2$(own "")/minctest.$$/cgroup.procs"
		}
	fi
	v2=
elif [ -n "$v2" ]; then
	enter_v2
fi
[ -n "$groups" ] || {
	skip "limits of groups" "no control groups can be made here"
	done_testing
}
# shellcheck disable=SC2086 # a list
left() { find $groups -type d -name 'minc-*'; }
# What is in a file of the one container, in v1 or in v2.
value() { # V1 V2
	if [ -n "$v2" ]; then _name=$2; else _name=$1; fi
	# shellcheck disable=SC2086 # a list
	find $groups -path "*/minc-*/$_name" -exec cat {} +
}

if [ -e /proc/self/ns/cgroup ]; then
	minc -r "$bb" -m 32m sh -c "sed 's/^[0-9]*:[^:]*://' /proc/self/cgroup | sort -u"
	is "the groups of the container are the top ones that it sees" "$status $out" "0 /"
	minc -B --name top -r "$bb" -m 32m sleep 1000
	marten exec top sh -c "sed 's/^[0-9]*:[^:]*://' /proc/self/cgroup | sort -u"
	is "so they are for what enters it" "$status $out" "0 /"
	marten rm -f top
fi
minc -r "$bb" -m 32m awk "$hungry"
is "who needs more memory than -m is killed: 137" "$status" 137
minc -r "$bb" -m 32m --mem-swap 32m dd if=/dev/zero of=/tmp/f bs=64k count=1024
is "what is written to memory counts, too" "$status" 137
minc -r "$bb" --mem-limit 32m --mem-swap 32m --init awk "$hungry"
is "the same with --init, in MINCS's spelling" "$status" 137
minc -r "$bb" -m 256m --memory-swap -1 awk 'BEGIN { print 1 }'
is "who does not, is not" "$status $out" "0 1"
minc -r "$bb" -m 4k true
ok "a limit too small for a start is a failure with a reason, or kills" \
	test "$status" = 137 -o -n "$err"
minc -r "$bb" --pids-limit 6 sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 9 & done; wait'
has "--pids-limit bites" "$err" "fork"
minc -r "$bb" --pid-max 60 sh -c 'for i in 1 2 3 4 5 6 7 8; do true & done; wait'
is "but not below it" "$status $err" "0 "
is "no group is left" "$(left)" ""
first=$(awk '/^Cpus_allowed_list/ { sub(/[-,].*/, "", $2); print $2 }' /proc/self/status)
minc -r "$bb" --cpuset-cpus "$first" grep Cpus_allowed_list /proc/self/status
like "--cpuset-cpus confines" "$out" "*	$first"
minc -r "$bb" --cpuset-cpus 1000 true
refused "CPUs that are not there are refused" --cpuset-cpus 1000 "not among"
minc -r "$bb" -m 32m /nonexistent
is "a start that fails leaves no group" "$status $(left)" "127 "
minc -r "$bb" -m 32m --pids-limit 99 --device-read-bps 0:1:1m true
refused "nor one that fails at a limit" --device-read-bps
is "there is none" "$(left)" ""
case $kernel in
[0-4].* | 5.[0-9].* | 5.1[0-5].*) ;;
*)
	minc -r "$bb" -m 64m --mem-kmem 32m true
	refused "a limit that the kernel has no more is refused" --mem-kmem kernel
	minc -r "$bb" -m 64m --mem-kmem 32m --best-effort true
	is "or left out by --best-effort" "$status" 0
	has "with a warning" "$err" "--mem-kmem 32m: not enforced"
	;;
esac

# One that runs, seen from outside.
mkfifo "$T/started"
background() { # ARG..: in $pid, once it runs
	"$MINC" "$@" >"$T/started" 2>"$T/.err" </dev/null &
	pid=$!
	read -r _ <"$T/started"
}
background -r "$bb" -m 48m --cpu-shares 512 --cpus 0.1 --pids-limit 40 \
	sh -c 'echo; while :; do :; done'
is "the limit on memory is set" "$(value memory.limit_in_bytes memory.max)" 50331648
is "and on processes" "$(value pids.max pids.max)" 40
if [ -n "$v2" ]; then
	is "the shares are a weight" "$(value '' cpu.weight)" 20
	is "and the quota has its period" "$(value '' cpu.max)" "10000 100000"
else
	is "and the shares" "$(value cpu.shares '')" 512
	is "and the quota" "$(value cpu.cfs_quota_us '')" 10000
fi
throttled() { value cpu.stat cpu.stat | grep -q '^nr_throttled [1-9]'; }
ok "a command that wants more than --cpus is made to wait" await throttled
kill -TERM "$pid"
wait "$pid"
is "its end is its own" "$?" 143
is "and no group is left" "$(left)" ""

# The lease.
background -r "$bb" -m 48m sh -c 'echo; read x </dev/tty; sleep 60'
inside=$(pgrep -P "$pid")
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ended() { ! kill -0 "$inside"; }
ok "SIGKILL of minc ends the container" await ended
unlike "its groups stay" "$(left)" ""
minc -r "$bb" -m 48m true
is "until the next start" "$status $(left)" "0 "
background -r "$bb" -m 48m sh -c 'echo; sleep 60'
before=$(left)
minc -r "$bb" -m 48m true
is "which leaves those of running containers alone" "$(left)" "$before"
kill -TERM "$pid"
wait "$pid" 2>/dev/null
is "and these go in the end" "$(left)" ""

if [ -n "$v2" ]; then
	# A user with a delegated group; the shell joins as root, as a session manager would.
	mkdir "$groups/user" "$groups/user/leaf"
	for c in memory pids; do echo "+$c" >"$groups/user/cgroup.subtree_control"; done
	chown -R 12345:12345 "$groups/user"
	minc_as_user() {
		sh -c 'echo $$ >"$1" && shift && exec setpriv --reuid 12345 --regid 12345 \
			--clear-groups --inh-caps=-all "$@"' sh "$groups/user/leaf/cgroup.procs" \
			"$MINC" "$@"
	}
	minc_as_user -r "$bb" -m 32m --pids-limit 20 awk "$hungry" 2>"$T/.err"
	is "a user with a delegated group has limits" "$?" 137
	is "without a trace, too" "$(left)" ""
fi
done_testing
