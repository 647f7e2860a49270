#!/bin/sh
# SPDX-License-Identifier: MIT
# cpu - the processors the command may use.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
first=$(awk '/^Cpus_allowed_list/ { sub(/[-,].*/, "", $2); print $2 }' /proc/self/status)
mask=$(printf '%x' $((1 << first)))
list() { minc "$@" -r "$bb" sh -c "grep Cpus_allowed_list /proc/self/status | tr -cd '0-9,-'"; }

list -c "$mask"
is "-c MASK binds to one processor" "$out" "$first"
list --cpu "$mask"
is "--cpu MASK is the same" "$out" "$first"
list --cpu="0x$mask"
is "a mask may begin with 0x" "$out" "$first"
minc -c "$mask" -r "$bb" nproc
is "nproc sees it" "$out" 1
list
is "without it all processors are allowed" "$out" \
	"$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)"
for bad in 0 0x0 '' g 0xg -1 '1 ' '3;' 0x '1,2' 1-2; do
	minc -c "$bad" -r "$bb" true
	refused "-c '$bad' is refused" -c
done
minc -c "$(printf '1%0300d' 0)" -r "$bb" true
refused "a mask beyond 1024 processors is refused" -c
minc -c 800000000000000000000000000000000000 -r "$bb" true
ok "a mask without any processor of this machine fails" test "$status" -eq 125
done_testing
