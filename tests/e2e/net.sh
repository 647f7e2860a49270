#!/bin/sh
# SPDX-License-Identifier: MIT
# net - the network of the container: the host's, none, or a given interface.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"

minc -r "$bb" readlink /proc/self/ns/net
is "the network is the host's by default" "$out" "$(readlink /proc/self/ns/net)"
minc --net=host -r "$bb" readlink /proc/self/ns/net
is "--net host is the host's" "$out" "$(readlink /proc/self/ns/net)"
for mode in none raw; do
	minc --net=$mode -r "$bb" sh -c 'tail -n +3 /proc/net/dev | sed "s/:.*//;s/ //g"'
	is "--net $mode has the loopback interface only" "$out" lo
	minc --net=$mode -r "$bb" ip link show lo
	like "--net $mode has it up" "$out" "*<LOOPBACK,UP,*"
	minc --net=$mode -r "$bb" sh -c 'ip addr show lo | grep -c 127.0.0.1/8'
	is "--net $mode has its address" "$out" 1
done
minc -n -r "$bb" readlink /proc/self/ns/net
hasnt "-n alone is an own network" "$out" "$(readlink /proc/self/ns/net)"
minc -r "$bb" -n nonexist
is "after -n another word is the command" "$status" 127
minc -r "$bb" -n raw echo x
is "after -n raw is the mode" "$out" x
# The input of the first nc never ends: it would end the connection before a word is said.
minc --net=none -r "$bb" sh -c 'mknod /tmp/in p; nc -l -p 7777 <>/tmp/in >/tmp/got & n=0
	until grep -q :1E61 /proc/net/tcp /proc/net/tcp6 || [ $((n += 1)) -gt 3000 ]; do :; done
	echo hello | nc -w 1 127.0.0.1 7777; wait; cat /tmp/got'
is "a connection over the loopback works" "$out" hello

minc --net=nonsense -r "$bb" true
refused "an unknown mode is named" --net nonsense
minc --net=raw,no-such-if -r "$bb" true
refused "a missing interface is named" no-such-if
for bad in 'raw,' raw,a/b raw,. raw,.. raw,1234567890123456 'raw,a b' raw,a:b; do
	minc --net="$bad" -r "$bb" true
	refused "--net '$bad' is refused" --net
done

# A network namespace of the test's own holds the interface that is given away.
if as_root && command -v ip >/dev/null && unshare -n ip link add v0 type veth peer name v1 2>/dev/null; then
	# shellcheck disable=SC2016 # for the inner shell
	out=$(unshare -n sh -c '
		ip link add d0 type veth peer name d1
		"$1" --net=raw,d0 -r "$2" sh -c "ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d \" \n\""
		ip -o link show d0 >/dev/null 2>&1 && echo " still here"' sh "$MINC" "$bb" 2>&1)
	is "raw,IF moves an interface in" "$out" lod0
	# shellcheck disable=SC2016
	out=$(unshare -n sh -c '
		ip link add v0 type veth peer name v1
		ip addr add 10.99.0.1/24 dev v1
		ip link set v1 up
		"$1" --net=raw,v0 --cap-add net_admin,net_raw -r "$2" sh -c "
			ip addr add 10.99.0.2/24 dev v0
			ip link set v0 up
			for i in 1 2 3 4 5 6 7 8 9 10; do
				ping -c 1 -W 1 10.99.0.1 >/dev/null && { echo reached; exit; }
			done"' sh "$MINC" "$bb" 2>&1)
	is "an interface that was moved in reaches its peer" "$out" reached
else
	skip "raw,IF moves an interface in" "needs root and veth interfaces"
	skip "an interface that was moved in reaches its peer" "needs root and veth interfaces"
fi
done_testing
