#!/bin/sh
# SPDX-License-Identifier: MIT
# caps - the capabilities of the command and the options that change them.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
cp "$PROBE" "$bb/usr/bin/probe"
cap() { # SET OPTION..
	set=$1
	shift
	minc "$@" -r "$bb" probe state
	value=$(printf '%s\n' "$out" | awk -v k="Cap$set:" '$1 == k { print $2 }')
}
# chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot setfcap
default=00000000800405fb

for set in Prm Eff Bnd; do
	cap $set
	is "the $set set holds the eleven default capabilities" "$value" $default
done
for set in Inh Amb; do
	cap $set
	is "the $set set is empty" "$value" 0000000000000000
done
cap Eff --cap-drop all
is "--cap-drop all leaves none" "$value" 0000000000000000
cap Bnd --cap-drop all
is "--cap-drop all empties the bounding set" "$value" 0000000000000000
cap Eff --cap-drop chown
is "--cap-drop chown removes one" "$value" 00000000800405fa
cap Eff --nocaps CAP_CHOWN
is "--nocaps is --cap-drop, with the prefix" "$value" 00000000800405fa
cap Eff --cap-drop Cap_Chown,kill
is "a list in any case" "$value" 00000000800405da
cap Eff --cap-drop all --cap-add chown
is "options apply in order" "$value" 0000000000000001
cap Eff --cap-add chown --cap-drop all
is "options apply in order, the other way round" "$value" 0000000000000000
cap Eff --cap-add net_raw
is "--cap-add net_raw adds one" "$value" 00000000800425fb
cap Bnd --cap-add=sys_ptrace
is "--cap-add= sets the bounding set too" "$value" 00000000800c05fb
cap Eff --privileged
ok "--privileged has more than the default" test "$value" != $default -a "$status" -eq 0
if as_root; then
	is "--privileged has all of the caller's" "$value" \
		"$(awk '/^CapBnd/ { print $2 }' /proc/self/status)"
	minc --user 1500 --cap-add net_raw -r "$bb" probe state
	is "an added capability reaches a command that is not root" "$status" 0
fi
cap Eff --best-effort --cap-add all # mknod asks for a control group
ok "--cap-add all adds every capability" test "$value" != $default -a "$status" -eq 0

for bad in nonsense cap_nonsense '' 'chown,' ',chown' 'chown,,kill' 'chown kill' 64 cap_; do
	for option in --cap-add --cap-drop --nocaps; do
		minc $option "$bad" -r "$bb" true
		refused "$option '$bad' is refused" "$option"
	done
done
minc -r "$bb" sh -c 'touch /etc/f && chown 1:1 /etc/f' >/dev/null 2>&1
as_root && is "chown works by default" "$status" 0
minc --cap-drop chown -r "$bb" sh -c 'touch /etc/f && chown 1:1 /etc/f'
ok "chown fails without its capability" test "$status" -ne 0
minc -r "$bb" hostname other
ok "the host name cannot be changed" test "$status" -ne 0
minc --cap-add sys_admin --seccomp unconfined -r "$bb" hostname other
is "the host name can be changed with sys_admin" "$status" 0
done_testing
