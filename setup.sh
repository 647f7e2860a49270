#!/bin/bash
# SPDX-License-Identifier: MIT
# setup.sh - from a fresh Debian 12 to a running libminc.
#
# usage: ./setup.sh run     install what is missing, build, show a container
#        ./setup.sh show    show a container with what is built
#        ./setup.sh test    install what is missing, build, run all tests
#        ./setup.sh build   install what is missing, build
#        ./setup.sh packages   install what is missing for all of these
#        ./setup.sh asan    all tests with AddressSanitizer and UBSan
#
# Packages come from apt-get, as root or through sudo, and only if they are missing.
# Builds go to build/ and build-asan/ (BUILD and BUILD_ASAN name other places).
# "run" and "build" build no tests.
set -euo pipefail
cd "$(dirname "$0")"

# Who ignores SIGCHLD takes their children's status from the tools below: meson then sees every
# test fail. HUP is left alone, for nohup(1).
if [ -z "${SETUP_SIGNALS:-}" ] && env --default-signal=CHLD,PIPE true 2>/dev/null; then
	SETUP_SIGNALS=default exec env --default-signal=CHLD,PIPE ./setup.sh "$@"
fi

BUILD=${BUILD:-build}
BUILD_ASAN=${BUILD_ASAN:-build-asan}

to_build=(ca-certificates gcc g++ libc6-dev linux-libc-dev meson ninja-build pkg-config python3
	libcap-ng-dev libmount-dev libseccomp-dev libjansson-dev
	libarchive-dev liblzma-dev libsquashfs-dev libssl-dev libcurl4-openssl-dev libisal-dev zlib1g-dev libzstd-dev)
to_test=(check busybox-static clang-format shellcheck mandoc git util-linux iproute2 procps jq uidmap strace
	docker-registry skopeo umoci podman apache2-utils openssl squashfs-tools erofs-utils
	xz-utils zstd bzip2 attr curl libcap2-bin golang-github-containers-common
	bash-completion zsh fish)

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "setup.sh: this needs root, and sudo is not installed: $*" >&2
		return 1
	fi
}

# "meson" may come from elsewhere than a package: what counts is that it can be called.
missing() {
	local p
	for p; do
		case $p in
		gcc | g++ | meson | python3 | jq | git | shellcheck | mandoc | pkg-config)
			command -v "$p" >/dev/null && continue ;;
		ninja-build) command -v ninja >/dev/null && continue ;;
		esac
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q ' installed$' || echo "$p"
	done
}

install_packages() {
	local need
	command -v dpkg-query >/dev/null || return 0 # another distribution: meson says what lacks
	mapfile -t need < <(missing "$@")
	[ "${#need[@]}" -gt 0 ] || return 0
	echo "installing: ${need[*]}"
	as_root apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
		"${need[@]}"
}

build_in() { # DIR MESON_OPTION..
	local dir=$1
	shift
	if [ -f "$dir/build.ninja" ]; then
		meson configure "$dir" "$@"
	else
		meson setup "$dir" "$@"
	fi
	ninja -C "$dir" -j "$(nproc)"
}

show_container() { # BUILD
	local minc=$1/tools/minc
	# Not installed yet: the modules are where they were built.
	export MINC_MODULE_DIR=$PWD/$1/lib/modules
	[ "${1#/}" = "$1" ] || MINC_MODULE_DIR=$1/lib/modules
	echo
	echo "A container on an overlay of /: its processes and its root file system."
	# The command is ps itself, so that ps is process 1.
	"$minc" ps -ef
	"$minc" sh -c "mount | grep ' / '"
}

run_tests() { # DIR; what failed and what was skipped goes to DIR/summary.txt
	local dir=$1 code=0
	rm -f "$dir/meson-logs/testlog.json"
	meson test -C "$dir" --no-rebuild --print-errorlogs --num-processes "$(nproc)" || code=1
	python3 tests/summary "$dir/meson-logs/testlog.json" >"$dir/summary.txt" || code=1
	return "$code"
}

total() { # SUMMARY..
	grep -h '^failed: ' "$@" || :
	grep -h '^skipped: ' "$@" | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 (\1 times)/; s/ (1 times)//'
	awk '$1 == "total" { p += $2; f += $3; s += $4 }
		END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f != 0 || p == 0 }' "$@"
}

run_asan() {
	build_in "$BUILD_ASAN" -Db_sanitize=address,undefined -Dbuildtype=debugoptimized \
		-Db_lundef=false -Db_ndebug=false -Dtests=enabled
	run_tests "$BUILD_ASAN"
}

main() {
	local code=0
	case ${1:-} in
	build)
		install_packages "${to_build[@]}"
		build_in "$BUILD" -Dtests=disabled
		;;
	run)
		install_packages "${to_build[@]}" procps
		build_in "$BUILD" -Dtests=disabled
		show_container "$BUILD"
		;;
	show)
		show_container "$BUILD"
		;;
	packages)
		install_packages "${to_build[@]}" "${to_test[@]}"
		;;
	test)
		install_packages "${to_build[@]}" "${to_test[@]}"
		# what is missing is an error, not a test that is skipped
		build_in "$BUILD" -Dtests=enabled -Dauto_features=enabled
		run_tests "$BUILD" || code=1
		total "$BUILD/summary.txt" || code=1
		;;
	asan)
		install_packages "${to_build[@]}" "${to_test[@]}"
		run_asan || code=1
		total "$BUILD_ASAN/summary.txt" || code=1
		;;
	*)
		sed -n 's/^# \{0,1\}//; 5,10p' "$0" >&2
		code=2
		;;
	esac
	exit "$code"
}

main "$@"
