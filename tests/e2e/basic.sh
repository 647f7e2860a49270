#!/bin/sh
# SPDX-License-Identifier: MIT
# basic - the command, its arguments, its exit status, and the command line of minc.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
cp "$PROBE" "$bb/usr/bin/probe"

minc true
is "a command that succeeds gives 0" "$status" 0
# The steps may have as many as the hard limit allows.
# shellcheck disable=SC3045 # dash, bash and busybox have it
status=$( (ulimit -S -n 15; "$MINC" -r "$bb" sh -c 'exit 7') 2>"$T/err"; echo $?)
is "a caller may have no more than 15 open files" "$status" 7 || diag "$(cat "$T/err")"
# before Linux 6.8 overlayfs takes its layers as names in /proc;
# LeakSanitizer ends with 1 what has no /proc, where it reads its own options, too
if as_root && [ -z "${SANITIZED:-}" ] && [ "$(uname -r | cut -d . -f 1)" -ge 5 ]; then
	# shellcheck disable=SC2016 # the inner shell expands
	status=$(unshare -m sh -c 'while umount -l /proc 2>/dev/null; do :; done
		[ ! -e /proc/self ] || exit 1
		"$0" -r "$1" sh -c "exit 7"' "$MINC" "$bb" 2>"$T/err"; echo $?)
	is "the caller needs no /proc" "$status" 7 || diag "$(cat "$T/err")"
fi
minc false
is "a command that fails gives its own status" "$status" 1
minc sh -c 'exit 7'
is "exit 7 gives 7" "$status" 7
minc sh -c 'exit 255'
is "exit 255 gives 255" "$status" 255
minc no-such-command-here
is "a command that is not found gives 127" "$status" 127
like "the message names the missing command" "$err" "minc: *no-such-command-here*"
minc /no/such/path
is "a path that is not found gives 127" "$status" 127
minc /etc/passwd
is "a file that is not executable gives 126" "$status" 126
minc /etc
is "a directory as command gives 126" "$status" 126
minc --no-such-option true
refused "an unknown option is named and gives 125" --no-such-option
minc -r "$bb" -- sh -c 'kill -9 $$; sleep 0.01; exit 3'
is "process 1 cannot kill itself" "$status" 3
minc --init -r "$bb" -- sh -c 'kill -9 $$'
is "a command ended by signal 9 gives 137" "$status" 137
minc --init -r "$bb" -- sh -c 'kill -15 $$'
is "a command ended by signal 15 gives 143" "$status" 143

minc -r "$bb" probe argv 'a  b' '*' '' '$HOME' 'x;y' "q'q" 'd"d' 'b\b' "new
line"
is "arguments arrive as they were given" "$out" "[a  b]
[*]
[]
[\$HOME]
[x;y]
[q'q]
[d\"d]
[b\\b]
[new
line]"
minc -r "$bb" sh -c 'echo one; echo two'
is "a shell command keeps its semicolon" "$out" "one
two"
minc -r "$bb" probe argv -r -- --help
is "options after the command belong to the command" "$out" "[-r]
[--]
[--help]"
minc -r "$bb" -- echo -n x
is "-- ends the options" "$out" x
minc --rootdir="$bb" echo x
is "--option=value is accepted" "$out" x
minc --rootdir "$bb" echo x
is "--option value is accepted" "$out" x
minc -r "$bb" -- probe argv
is "-- is not an argument of the command" "$out" ""

minc -r "$bb" sh -c 'echo $$'
is "the command is process 1" "$out" 1
minc -r "$bb" ps -o pid,args
is "other processes cannot be seen" "$(printf '%s\n' "$out" | wc -l)" 2
SHELL=$(command -v uname) minc
is "without a command the user's shell is run" "$out" Linux
out=$(echo text | "$MINC" -r "$bb" cat)
is "standard input is handed on" "$out" text
minc -r "$bb" sh -c 'echo out; echo err >&2'
is "standard output is separate" "$out" out
is "standard error is separate" "$err" err

minc --help
is "--help gives 0" "$status" 0
like "--help prints the usage on standard output" "$out" "*[Uu]sage*--rootdir*"
is "--help prints nothing on standard error" "$err" ""
long=$out
minc -h
is "-h is --help" "$out" "$long"
minc --version
is "--version gives 0" "$status" 0
like "--version prints one line with the version" "$out" "minc*[0-9].[0-9]*"

host=$(hostname 2>/dev/null || cat /proc/sys/kernel/hostname)
minc -r "$bb" hostname
is "the host name is the host's" "$out" "$host"
minc --name box -r "$bb" hostname
is "--name sets the host name" "$out" box
minc --hostname inner -r "$bb" hostname
is "--hostname sets the host name" "$out" inner
minc --name box --hostname inner -r "$bb" hostname
is "--hostname wins over --name" "$out" inner
minc --hostname inner --name box -r "$bb" hostname
is "--hostname wins over a --name after it" "$out" inner

spaces='mnt pid ipc uts'
minc -r "$bb" sh -c 'for n in mnt pid ipc uts net cgroup; do echo $n $(readlink /proc/self/ns/$n); done'
for n in $spaces; do
	outer="$n $(readlink "/proc/self/ns/$n")"
	hasnt "the $n namespace is its own" "$out" "$outer"
done
has "the network is the host's" "$out" "net $(readlink /proc/self/ns/net)"

minc -i -r "$bb" echo x
is "-i is accepted" "$out" x
minc -it -r "$bb" echo x
is "-it is accepted" "$out" x
minc --pivot -r "$bb" echo x
is "--pivot is accepted" "$out" x
minc -q -r "$bb" echo x
is "-q is accepted" "$out" x
mkdir "$T/kept"
minc -t "$T/kept" -r "$bb" sh -c 'echo kept >/root/file'
is "a run that keeps its writes succeeds" "$status" 0
minc -q -t "$T/kept" -r "$bb" cat /root/file
is "-q prints nothing of its own" "$out$err" kept

# shellcheck disable=SC2016 # for the inner shell
ok "a closed standard input, output and error do no harm" \
	sh -c '"$1" -r "$2" true <&- >&- 2>&-' sh "$MINC" "$bb"
out=$(cd "$T" && "$MINC" -r ./bb pwd)
is "a relative root is accepted" "$out" /
minc -w /etc -r "$bb" pwd
is "-w sets the working directory" "$out" /etc
minc --workdir=/usr/bin -r "$bb" pwd
is "--workdir sets the working directory" "$out" /usr/bin
out=$(cd /usr/lib && "$MINC" pwd)
is "on the host's root the command starts in the caller's directory" "$out" /usr/lib
minc -w /nonexistent -r "$bb" pwd
refused "a working directory that does not exist is named" /nonexistent
done_testing
