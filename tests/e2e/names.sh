#!/bin/sh
# SPDX-License-Identifier: MIT
# names - a container can look up its own name and localhost, in files of its own.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
before=$(fingerprint "$bb")
outside=$(cat /etc/hosts /etc/resolv.conf 2>/dev/null)

for net in host none; do
	minc --net=$net --hostname web.example.com -r "$bb" cat /etc/hosts
	has "network $net: localhost has an address" "$out" "127.0.0.1	localhost"
	has "the container's own name, too" "$out" "127.0.1.1	web.example.com web"
	minc --net=$net --hostname web -r "$bb" sh -c 'echo 10.0.0.1 more >>/etc/hosts && tail -n 1 /etc/hosts'
	is "the file can be written" "$out" "10.0.0.1 more"
	minc --net=$net --read-only -r "$bb" sh -c 'echo x >>/etc/hosts'
	has "not in a read-only root" "$err" "Read-only"
done
minc -r "$bb" cat /etc/hosts
has "without a name of its own it has the machine's" "$out" "127.0.1.1	$(uname -n)"
has "with the host's network the host's names come first" "$out" "$(head -n 1 /etc/hosts)"
minc --hostname elsewhere cat /etc/hosts
has "a new name is known on the host's root, too" "$out" "127.0.1.1	elsewhere"
minc --hostname 'no host' -r "$bb" cat /etc/hosts
hasnt "what is no name of hosts(5) is left out" "$out" "no host"
is "the root is as before" "$(fingerprint "$bb")" "$before"
is "and the host's files" "$(cat /etc/hosts /etc/resolv.conf 2>/dev/null)" "$outside"

minc --add-host db:10.2.3.4 --add-host 'six=[fd00::1]' --add-host here:host-gateway -r "$bb" head -n 3 /etc/hosts
is "names are added before all others" "$out" "10.2.3.4	db
fd00::1	six
127.0.0.1	here"
minc --net=none --add-host db:10.2.3.4 -r "$bb" head -n 1 /etc/hosts
is "in a network of its own, too" "$out" "10.2.3.4	db"
minc --add-host db:10.2.3.4 head -n 1 /etc/hosts
is "and on the host's root" "$out" "10.2.3.4	db"
for wrong in db db: :1.2.3.4 db:1.2.3 'd b:1.2.3.4' db:1.2.3.4:5 'db:[fd00::1'; do
	minc --add-host "$wrong" -r "$bb" true
	refused "what is no name and address is refused: $wrong" --add-host
done
long=$(printf %0253d 0)
minc --add-host "$long:db00::1" -r "$bb" head -n 1 /etc/hosts
is "a name may be as long as one of the DNS" "$out" "db00::1	$long"
minc --add-host "x$long:1.2.3.4" -r "$bb" true
refused "and not longer" --add-host
minc --net=none --add-host here:host-gateway -r "$bb" true
refused "and the host where it is not" "--add-host here:host-gateway"

echo '10.1.1.1 of-the-root' >"$bb/etc/hosts"
minc --net=none -r "$bb" cat /etc/hosts
has "without the host's network the root's names come first" "$out" "10.1.1.1 of-the-root"
rm "$bb/etc/hosts"
mkfifo "$bb/etc/hosts"
minc --net=none -r "$bb" grep -c localhost /etc/hosts
is "what is no file is not waited for" "$status $out" "0 2"
rm "$bb/etc/hosts"

# What /proc says of the processes that make the container is nobody's inside.
no_secret() { # WHAT
	hasnt "$1" "$(printf %s "$out" | tr '\0' '\n')" of-the-caller
	has "there is a file of names all the same" "$out" "127.0.0.1	localhost"
}
export SECRET=of-the-caller
for to in self/environ 1/environ self/cmdline thread-self/environ; do
	ln -s "../proc/$to" "$bb/etc/hosts"
	minc --net=none -r "$bb" cat /etc/hosts of-the-caller
	no_secret "a link of the root to /proc/$to shows nothing"
	"$MINC" --explain --net=none -r "$bb" cat /etc/hosts of-the-caller >"$T/script"
	if as_root; then
		out=$(sh "$T/script" 2>"$T/script.err") # may fail: to whom /proc/self leads differs
		hasnt "nor does the script of --explain" "$(printf %s "$out" | tr '\0' '\n')" of-the-caller
	fi
	rm "$bb/etc/hosts"
done
if as_root; then
	mount --bind /proc "$bb/proc"
	ln -s ../proc/self/environ "$bb/etc/hosts"
	minc --net=none -D --submounts -r "$bb" sh -c 'tr "\0" "\n" </etc/hosts'
	hasnt "nor does one to the host's /proc below a root that is used as it is" "$out" of-the-caller
	"$MINC" --explain --net=none -D --submounts -r "$bb" cat /etc/hosts >"$T/script"
	hasnt "nor does the script" "$(sh "$T/script" 2>&1 | tr '\0' '\n')" of-the-caller
	rm "$bb/etc/hosts"
	umount "$bb/proc"
fi

if [ -s /etc/resolv.conf ]; then
	ln -s ../run/nowhere/resolv.conf "$bb/etc/resolv.conf"
	minc -r "$bb" cat /etc/resolv.conf
	is "name servers are found through a link to nothing" "$out" "$(cat /etc/resolv.conf)"
	minc -r "$bb" sh -c 'echo "# mine" >>/etc/resolv.conf && tail -n 1 /etc/resolv.conf'
	is "in a file that can be written" "$out" "# mine"
	rm "$bb/etc/resolv.conf"
	minc -D -r "$bb" true
	has "-D says that it cannot show them where there is no file" "$err" "$bb/etc/resolv.conf: not there"
	ln -s /etc/hostname "$bb/etc/resolv.conf"
	minc -D -r "$bb" true
	has "nor where there is a link that only the host could follow" "$err" "$bb/etc/resolv.conf: not there"
	rm "$bb/etc/resolv.conf"
	: >"$bb/etc/resolv.conf"
	before=$(fingerprint "$bb")
	minc -D -r "$bb" cat /etc/resolv.conf
	is "and does where there is one" "$out" "$(cat /etc/resolv.conf)"
	is "which stays as it is" "$(fingerprint "$bb")" "$before"
fi

if marten import -q "$bb" bb; then
	marten run --rm --network none --name box bb sh -c 'grep " *$(hostname)" /etc/hosts && grep -c box /etc/hosts'
	like "a container of an image finds its id and its name" "$status $out" "0 127.0.1.1*
1"

	cp -a "$bb" "$T/linked"
	ln -s ../proc/self/environ "$T/linked/etc/hosts"
	marten import -q "$T/linked" linked
	marten run --rm --network none linked cat /etc/hosts
	no_secret "a link of an image shows nothing, either"

	marten run --rm --add-host db:10.2.3.4 bb head -n 1 /etc/hosts
	is "with an added one" "$out" "10.2.3.4	db"
else
	has "without a part of it there are no images" "$err" "module"
fi
done_testing
