#!/bin/bash
# SPDX-License-Identifier: MIT
# bench.sh - start-to-exit time of a small command in minc and in other runtimes, in turn
# in one run. Prints; judges nothing.
#
# usage: bench.sh MINC [MINC_STATIC]
# environment: ROUNDS (100), CMD (/bin/true), LAUNCHERS (0: latency; N: starts per second),
#   MOUNTS (0: how many bind mounts the host gets first, in a mount namespace of its own),
#   ONLY (regular expression of names), PRIORITY ("nice -n -10")
# Needs root for crun and runc. What is not installed is left out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
minc=$(realpath "$1")
static=${2:+$(realpath "$2")}
rounds=${ROUNDS:-100} cmd=${CMD:-/bin/true} launchers=${LAUNCHERS:-0} mounts=${MOUNTS:-0}

# crun refuses to start where cgroup2 has controllers beside those of version 1. So nobody sees that.
both=
if [ "$(id -u)" = 0 ] && grep -qs . /sys/fs/cgroup/unified/cgroup.controllers; then
	both=/sys/fs/cgroup/unified
fi

if [ -z "${BENCH_INSIDE:-}" ] && { [ "$mounts" -gt 0 ] || [ -n "$both" ]; }; then
	# shellcheck disable=SC2016 # for the inner shell
	BENCH_INSIDE=1 exec unshare -m --propagation private bash -c '
		[ -z "$2" ] || umount "$2"
		[ "$1" = 0 ] || { mount -t tmpfs none /mnt && mkdir /mnt/m; }
		for ((i = 0; i < $1; i++)); do mkdir /mnt/m/$i && mount --bind /mnt/m/$i /mnt/m/$i; done
		shift 2
		exec "$@"' bash "$mounts" "$both" "$0" "$@"
fi

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/timer" "$here/timer.c"

root=$work/root
mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,mnt}
cp "$(command -v busybox)" "$root/bin/busybox"
for tool in true sh ls cat; do ln -s busybox "$root/bin/$tool"; done
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"

list=$work/list
add() { # NAME COMMAND..
	local name=$1 path
	shift
	[[ $name =~ ${ONLY:-.} ]] || return 0
	path=$(command -v "$1") || return 0
	shift
	printf '%s\t%s\n' "$name" "$path $*" >>"$list"
}

bundle() { # DIR: the nearest to what minc does: no network namespace, no cgroup limits
	mkdir -p "$1"
	(cd "$1" && "$2" spec && jq --arg root "$root" --arg cmd "$cmd" '
		.process.terminal = false | .process.args = [$cmd] | .root.path = $root |
		.root.readonly = false | del(.linux.resources, .process.rlimits) |
		.linux.namespaces |= map(select(.type != "network"))' config.json >c &&
		mv c config.json)
}

: >"$list"
add minc "$minc" -r "$root" -- "$cmd"
[ -z "$static" ] || add minc-static "$static" -r "$root" -- "$cmd"
add minc-init "$minc" --init -r "$root" -- "$cmd"
add minc-host-root "$minc" -- "$cmd"
add minc-version "$minc" --version
add exec-only "$cmd"
add unshare-chroot unshare -m -p -i -u -f chroot "$root" "$cmd"
add bwrap bwrap --unshare-pid --unshare-ipc --unshare-uts --bind "$root" / --proc /proc \
	--dev /dev --tmpfs /tmp "$cmd"
if command -v jq >/dev/null && [ "$(id -u)" = 0 ]; then
	for runtime in crun runc; do
		command -v $runtime >/dev/null || continue
		bundle "$work/$runtime" $runtime
		manager=()
		# the nearest to the others, which make no control group
		[ $runtime = runc ] || manager=(--cgroup-manager=disabled)
		add $runtime $runtime "${manager[@]}" --root "$work/$runtime-state" run -b "$work/$runtime" "bench-$$-$runtime"
	done
fi

echo "# $(uname -sr), $(nproc) processors, $(wc -l </proc/self/mountinfo) mounts, command $cmd"
options=(-n "$rounds")
[ "$launchers" = 0 ] || options=(-j "$launchers")
${PRIORITY-nice -n -10} "$work/timer" "${options[@]}" <"$list"
