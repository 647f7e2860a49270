#!/bin/sh
# SPDX-License-Identifier: MIT
# init - the duties of process 1 with --init.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
cp "$PROBE" "$bb/usr/bin/probe"

minc --init -r "$bb" sh -c 'echo $$'
ok "the command is not process 1" test "$out" -gt 1
minc --init -r "$bb" sh -c 'exit 7'
is "the command's status is handed on" "$status" 7
# shellcheck disable=SC2016 # for the inner shell
minc --init -r "$bb" sh -c 'probe orphans 200; i=0
	while [ $i -lt 100 ]; do
		n=$(grep -c "^State:.Z" /proc/[0-9]*/status 2>/dev/null | grep -c ":1$")
		[ "$n" = 0 ] && break
		i=$((i + 1)); sleep 0.05
	done
	echo $n'
is "orphans are reaped" "$out" 0
minc --init -r "$bb" sh -c 'kill -TERM 1; sleep 5'
ok "a signal to init reaches the command" test "$status" -eq 143
minc --init -r "$bb" no-such-command
is "a missing command gives 127" "$status" 127
minc --init -r "$bb" /etc/passwd
is "a file that is not executable gives 126" "$status" 126
minc --init -r "$bb" sh -c 'sleep 4711 & exit 3'
is "init ends with the command, not with what it left" "$status" 3
ok "what it left is gone" sh -c '! grep -lz 471[1] /proc/[0-9]*/cmdline 2>/dev/null | grep -q .'
minc --init -r "$bb" probe state
like "the command has the default protection" "$out" "*NoNewPrivs:	1*Seccomp:	2*"
minc --init -r "$bb" sh -c 'cat /proc/1/status'
like "init itself is confined" "$out" "*NoNewPrivs:	1*Seccomp:	2*"
minc --init -r "$bb" sh -c 'ls /proc/1/fd | wc -l'
ok "init keeps no descriptor of the host" test "${out:-99}" -le 3
mkdir "$T/empty"
minc --init -r "$T/empty" -b "$bb/usr/bin/probe:/probe" /probe argv x
is "init needs nothing in the root" "$out" "[x]"
done_testing
