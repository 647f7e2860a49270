#!/bin/sh
# SPDX-License-Identifier: MIT
# badinput - what cannot be used is refused in one line that names option and value.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
before=$(fingerprint "$bb")
nl=$(printf 'a\nb')
tab=$(printf 'a\tb')
latin=$(printf 'caf\351')
long=$(printf '%0300d' 0)
huge=$(printf '%05000d' 0)

try() { # OPTION VALUE
	minc "$1" "$2" -r "$bb" true
	shown=$(printf '%s' "$2" | tr '\n\t' '  ' | cut -c 1-20)
	refused "$1 '$shown' is refused" "$1"
}

for value in '' relative "/x/../../y/$nl" "$nl"; do
	try -w "$value"
done
for value in '' "$nl" "$tab" "$long"; do
	try --hostname "$value"
	try --name "$value"
done
try --hostname "$latin"
minc --hostname "$(printf '%064d' 0)" -r "$bb" hostname
is "a host name of 64 bytes is accepted" "$out" "$(printf '%064d' 0)"
try --hostname "$(printf '%065d' 0)"
for value in '' relative /x:size=0x /x:nonsense "/$nl" /../x:mode=99999 /x:size=-1 \
	/x:size=99999999999999999999 /x:mode=8; do
	try --tmpfs "$value"
done
for value in '' nonsense "$nl" HOST 'host '; do
	minc --net="$value" -r "$bb" true
	refused "--net='$(printf '%s' "$value" | tr '\n' ' ')' is refused" --net
	try --userns "$value"
done
for value in '' "$nl" "$huge" "$T/none"; do
	try --seccomp "$value"
done
for value in '' : :/x "$T/none:/x" "$T:/x:rw:ro" "$T:/$nl" "/$huge:/x" "$T:relative"; do
	try --bind "$value"
	try -b "$value"
done
for value in '' = =x; do
	try --env "$value"
done
for value in '' x 65536 -1 99999999999999999999 200; do
	minc --json-status-fd "$value" -r "$bb" true
	refused "--json-status-fd '$value' is refused" --json-status-fd
done
for value in '' nonsense SHELL "$nl"; do
	minc --explain="$value" -r "$bb" true
	refused "--explain='$(printf '%s' "$value" | tr '\n' ' ')' is refused" --explain
done
for root in '' "$T/none" "$bb/etc/passwd" "$T/$huge" "$bb/usr/bin/busybox/x"; do
	minc -r "$root" true
	refused "a root '$(printf '%s' "$root" | cut -c 1-40)' is refused" \
		"$(printf '%s' "${root:--r}" | cut -c 1-30)"
done
if ! as_root; then
	mkdir -m 000 "$T/locked"
	minc -r "$T/locked" true
	refused "an unreadable root is named" "$T/locked"
fi
minc -r "$(printf '%s\nx' "$T/none")" true
refused "a newline in a root does not break the line" none
for name in ../x .. a/b 'a b' -x _x "$(printf '%064d' 0)" "$(printf '%065d' 0 | tr 0 x)"; do
	try --name "$name" -r "$bb" true
	refused "what is no name of a container is none in the foreground: $(printf '%.20s' "$name")" --name
done
minc -r "$(printf '%s/caf\351' "$T")" true
refused "invalid UTF-8 in a root is one line" caf
minc -r "$(printf '%s/\033[31mred' "$T")" true
unlike "control characters are not sent to the terminal" "$err" "*$(printf '\033')*"

for option in --nonsense --bin -Z -rx --rootdir-x; do
	minc $option "$bb" true
	refused "the unknown option $option is named" "$option"
done
minc --bind
refused "a missing value is reported with its option" --bind
minc -r
refused "a missing value is reported with its short option" -r
minc --read-only=yes -r "$bb" true
refused "a value for an option that takes none is refused" --read-only
minc --rootdir -r "$bb" true
ok "an option in place of a value does not start a container" test "$status" -ne 0
minc -r "$bb" "$huge"
is "an over-long command name is not found" "$status" 127
minc -r "$bb" ''
is "an empty command name is not found" "$status" 127
printf 'neither ELF nor script' >"$bb/usr/bin/garbage"
chmod 755 "$bb/usr/bin/garbage"
minc -r "$bb" garbage
is "a file of unknown format cannot be executed" "$status" 126
rm "$bb/usr/bin/garbage"
chmod 000 "$bb/etc/group"
minc -r "$bb" true
is "an unreadable file in the root does no harm" "$status" 0
chmod 644 "$bb/etc/group"
printf 'root:x:0:0:root:/root' >"$bb/etc/passwd.bad"
minc -b "$bb/etc/passwd.bad:/etc/passwd" -r "$bb" true
is "a truncated passwd does no harm" "$status" 0
rm "$bb/etc/passwd.bad"
XDG_RUNTIME_DIR=$T minc -D -D -r "$bb" --read-only -k true
ok "contradicting options are refused or work" test "$status" -eq 125 -o "$status" -eq 0
is "the root directory holds what it held" \
	"$(cd "$bb" && find . | sort | sha256sum)" "$(printf '%s\n' "$before" | sed -n 's/^\(\.[^ ]*\) .*/\1/p' | LC_ALL=C sort -u | sha256sum)"

# A kernel or a policy that forbids something: the message names the knob.
if as_root && [ -w /proc/sys/user/max_user_namespaces ] && [ -z "${SANITIZED:-}" ]; then
	# The limit belongs to a user namespace of the test's own.
	# shellcheck disable=SC2016 # for the inner shell
	err=$(unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces &&
		exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$1" -r "$2" true' \
		sh "$MINC" "$bb" 2>&1)
	like "forbidden user namespaces: the message names the sysctl" "$err" "*max_user_namespaces*"
fi
done_testing
