#!/bin/bash
# SPDX-License-Identifier: MIT
# background.sh - what a container in the background costs: its start beside one in the
# foreground, the memory of its monitor, the speed of its log, and a thousand of them.
# Prints; judges nothing.
#
# usage: background.sh MINC LIVING
#   LIVING is the test program of tests/e2e/living.c
# environment: ROUNDS (200), CONTAINERS (1000; 0: leave it out), MIB (2048: how much is
#   logged), STATES ("/dev/shm": where the state lies, as /run is elsewhere; several are
#   compared), PRIORITY ("nice -n -10"), PODMAN=1 to look at a conmon beside
set -eu
here=$(cd "$(dirname "$0")" && pwd)
minc=$(realpath "$1")
living=$(realpath "$2")
rounds=${ROUNDS:-200} containers=${CONTAINERS:-1000} mib=${MIB:-2048}

work=$(mktemp -d)
states=()

finish() {
	local state one
	for state in "${states[@]}"; do
		export MINC_STATE_DIR=$state
		for one in "$state"/[0-9a-f]*; do
			[ ! -d "$one" ] || "$living" delete "${one##*/}" 1 >/dev/null || true
		done
	done
	rm -rf --one-file-system "$work" "${states[@]}"
}
trap finish EXIT
chmod 755 "$work"
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/timer" "$here/timer.c"
for place in ${STATES:-/dev/shm}; do
	states+=("$(mktemp -d "$place/minc-bench.XXXXXX")")
done

root=$work/root
mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,mnt}
cp "$(command -v busybox)" "$root/bin/busybox"
for tool in true sh sleep dd; do ln -s busybox "$root/bin/$tool"; done

now() { date +%s%N; }
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

echo "# $(uname -sr), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg)"

for state in "${states[@]}"; do
	export MINC_STATE_DIR=$state
	echo "# start, state in ${state%/*} ($(stat -f -c %T "$state"))"
	printf 'foreground\t%s\nbackground\t%s\n' "$minc -r $root true" \
		"$minc -B -q --rm -r $root true" |
		${PRIORITY-nice -n -10} "$work/timer" -n "$rounds"
done

MINC_STATE_DIR=${states[0]}
pss() { # PID
	awk '/^(Rss|Pss|Private_Dirty)/ { printf "%s %d KiB  ", $1, $2 }' "/proc/$1/smaps_rollup"
	echo
}
id=$("$minc" -B -q -r "$root" sleep 100000)
monitor=$(awk '/^PPid/ { print $2 }' "/proc/$(cat "$MINC_STATE_DIR/$id/pid")/status")
echo "# memory of a monitor"
echo "minc: $(pss "$monitor")"
"$living" delete "$id" 1
if [ -n "${PODMAN:-}" ]; then
	if podman run -d --rm --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none \
		--name "bench-$$" --rootfs "$root" /bin/sleep 100000 >/dev/null; then
		conmon=$(podman inspect -f '{{.State.ConmonPid}}' "bench-$$")
		echo "conmon: $(pss "$conmon")"
		podman rm -f "bench-$$" >/dev/null
	fi
fi

echo "# log, $mib MiB"
for _ in 1 2 3; do
	id=$("$minc" -B -q --log-size 64m -r "$root" dd if=/dev/zero bs=64k count=$((mib * 16)))
	begin=$(now)
	"$living" wait "$id" -1 >/dev/null
	end=$(now)
	echo "$((mib * 1048576 * 1000 / (end - begin))) MB/s, lost $(cut -d' ' -f3 "$MINC_STATE_DIR/$id/status")"
	"$living" delete "$id"
done

[ "$containers" -gt 0 ] || exit 0
start_times() { # N: nanoseconds of N starts
	local begin id
	for ((n = 0; n < $1; n++)); do
		begin=$(now)
		id=$("$minc" -B -q -r "$root" sleep 100000)
		echo $(($(now) - begin))
		"$living" delete "$id" 1 >&2
	done
}
echo "# start of one, and of one more beside $containers that run (median of 50)"
first=$(start_times 50 | median)
for ((i = 0; i < containers; i++)); do "$minc" -B -q -r "$root" sleep 100000 >/dev/null; done
last=$(start_times 50 | median)
echo "$((first / 1000)) us, $((last / 1000)) us: $((last * 100 / first)) %"
echo "# visit of all"
for _ in 1 2 3 4 5; do
	begin=$(now)
	seen=$("$living" list | wc -l)
	echo "$((($(now) - begin) / 1000)) us, $seen containers"
done
