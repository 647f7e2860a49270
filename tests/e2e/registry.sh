#!/bin/sh
# SPDX-License-Identifier: MIT
# registry - round trips with Debian's docker-registry on loopback: plain, with passwords, with
# tokens, with TLS; skopeo and podman are the other side.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

for tool in docker-registry skopeo openssl htpasswd python3; do
	command -v "$tool" >/dev/null || skip_all "needs $tool"
done

export MINCS_DIR="$T/store" HOME="$T/home" XDG_RUNTIME_DIR="$T/run" REGISTRY_AUTH_FILE="$T/auth.json"
mkdir -p "$T/home" "$T/run"
LIMIT=60
registries=''

# shellcheck disable=SC2317 # called by the trap
end() {
	for pid in $registries; do kill "$pid" 2>/dev/null; done
	clean_up
}
trap end EXIT

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# shellcheck disable=SC2317 # called by await
answers() { # PORT
	python3 -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null
}

serve() { # NAME CONFIG_LINES; sets $at to host:port
	port=$(free_port)
	at=127.0.0.1:$port
	mkdir "$T/$1"
	{
		printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\n' "$T/$1"
		printf 'http:\n  addr: %s\n' "$at"
		printf '%s\n' "$2"
	} >"$T/$1.yml"
	# it takes REGISTRY_* for its own settings
	env -u REGISTRY_AUTH_FILE docker-registry serve "$T/$1.yml" >"$T/$1.log" 2>&1 &
	registries="$registries $!"
	await answers "$port" || { diag "$(cat "$T/$1.log")"; exit 1; }
}

digest_at() { # HOST/NAME SKOPEO_OPTION..
	_where=$1
	shift
	skopeo inspect "$@" --format '{{.Digest}}' "docker://$_where" 2>"$T/skopeo.err"
}

# An image of two layers, made by the tool under test and by skopeo.
busybox_root "$T/bb"
ln "$T/bb/usr/bin/busybox" "$T/bb/usr/bin/hard"
marten import "$T/bb" box:1
is "a root directory is imported" "$status" 0

serve plain ''
plain=$at
marten push box:1 "$plain/dir/box:1"
refused "plain HTTP is not spoken unless asked for" "$plain"
marten push --tls-verify=false box:1 "$plain/dir/box:1"
is "an image is pushed" "$status" 0
pushed=$(digest_at "$plain/dir/box:1" --tls-verify=false)
marten inspect box:1
is "the registry has it by the digest that the store has" \
	"$(printf '%s' "$out" | jq -r 'if type == "array" then .[0] else . end | .digest')" "$pushed"

marten rmi box:1
marten pull --tls-verify=false -q "$plain/dir/box:1"
is "it comes back" "$status" 0
marten inspect "$plain/dir/box:1"
is "with the same digest" "$(printf '%s' "$out" | jq -r 'if type == "array" then .[0] else . end | .digest')" "$pushed"
marten push --tls-verify=false "$plain/dir/box:1" "$plain/other/box:2"
is "and goes to another repository unchanged" \
	"$(digest_at "$plain/other/box:2" --tls-verify=false)" "$pushed"
marten run --rm "$plain/dir/box:1" echo hello
is "it runs" "$out" hello
marten pull --tls-verify=false "$plain/dir/box@$pushed"
is "it is pulled by digest" "$status" 0
marten pull --tls-verify=false "$plain/dir/box@sha256:$(printf '%064d' 0)"
is "a digest that is not there is refused" "$status" 125
marten pull --tls-verify=false "$plain/dir/none:1"
refused "and so is a name" "none"

# skopeo gives and takes: the formats of docker, and a list of platforms
skopeo copy -q --dest-tls-verify=false --format v2s2 "oci:$MINCS_DIR:$plain/dir/box:1" \
	"docker://$plain/docker/box:1" 2>"$T/skopeo.err"
is "skopeo reads the store as it is" "$?" 0
marten pull --tls-verify=false "$plain/docker/box:1"
is "an image in docker's format is pulled" "$status" 0
marten inspect "$plain/docker/box:1"
is "with the digest it has there" "$(printf '%s' "$out" | jq -r 'if type == "array" then .[0] else . end | .digest')" \
	"$(digest_at "$plain/docker/box:1" --tls-verify=false)"
skopeo copy -q --src-tls-verify=false "docker://$plain/dir/box:1" "oci:$T/layout:box" &&
	skopeo copy -q --dest-tls-verify=false --dest-compress-format zstd "oci:$T/layout:box" \
		"docker://$plain/zstd/box:1" 2>"$T/skopeo.err"
marten pull --tls-verify=false "$plain/zstd/box:1"
is "layers compressed with zstd are pulled" "$status" 0

if as_root && command -v podman >/dev/null; then
	pm() {
		env -u REGISTRY_AUTH_FILE podman --log-level error --root "$T/pm" --runroot "$T/pmrun" --storage-driver vfs "$@"
	}
	pm pull -q --tls-verify=false "$plain/dir/box:1" >/dev/null 2>"$T/podman.err"
	is "podman takes what was pushed" "$?:$(cat "$T/podman.err")" "0:"
	pm push -q --tls-verify=false "$plain/dir/box:1" "$plain/podman/box:1" 2>"$T/podman.err"
	marten pull --tls-verify=false "$plain/podman/box:1"
	is "and gives it back" "$status" 0
	pm rmi -af >/dev/null 2>&1
else
	skip "podman takes what was pushed, and gives it back" "needs root and podman"
fi

# Docker Hub's short names, by a mirror
mkdir -p "$HOME/.config/containers"
cat >"$HOME/.config/containers/registries.conf" <<-END
	[[registry]]
	prefix = "docker.io"
	location = "docker.io"
	[[registry.mirror]]
	location = "$plain"
	insecure = true
END
skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$plain/dir/box:1" \
	"docker://$plain/library/alpine:latest" 2>"$T/skopeo.err"
marten pull alpine
is "a short name is one of Docker Hub, of which there may be a mirror" "$status" 0
marten li
ok "it is listed as MINCS does" grep -q '	alpine$' "$T/.out"
rm "$HOME/.config/containers/registries.conf"

# passwords
htpasswd -Bbn bob secret >"$T/htpasswd"
serve basic "auth: {htpasswd: {realm: basic, path: $T/htpasswd}}"
basic=$at
marten pull --tls-verify=false "$basic/box:1"
refused "who says nothing is refused by a registry with passwords" "$basic"
printf 'wrong' >"$T/password"
timeout 30 "$MARTEN" login --tls-verify=false -u bob --password-stdin "$basic" <"$T/password" 2>"$T/err"
is "a wrong password is not kept" "$?:$(grep -c "$basic" "$T/auth.json" 2>/dev/null)" "125:"
printf 'secret\n' >"$T/password"
timeout 30 "$MARTEN" login --tls-verify=false -u bob --password-stdin "$basic" <"$T/password" >"$T/out" 2>"$T/err"
is "the right one is" "$?" 0
is "where others find it, and nobody else reads it" "$(stat -c %a "$T/auth.json")" 600
mkfifo "$T/auth.fifo"
marten pull -q --tls-verify=false --authfile "$T/auth.fifo" "$basic/box:1"
refused "a FIFO has no passwords" "$T/auth.fifo" "not a regular file"
mkdir "$T/open"
ran="login, while somebody holds a lock on the directory of the file"
REGISTRY_AUTH_FILE=$T/open/auth.json run_tool flock "$T/open" "$MARTEN" login --tls-verify=false -u bob -p secret "$basic"
is "a lock on its directory, which anybody can hold, is none" "$status" 0
is "and what is locked instead goes" "$(ls -A "$T/open")" auth.json
if as_root; then
	mkdir -p "$T/others/.docker"
	chown -R 12391 "$T/others"
	for file in .docker/config.json auth.json; do
		ran="login into a file of another user's directory"
		REGISTRY_AUTH_FILE=$T/others/$file run_tool "$MARTEN" login --tls-verify=false -u bob -p secret "$basic"
		refused "root keeps no password where another user could replace it: $file" "$T/others" "user 12391"
	done
	mkdir -m 1777 "$T/sticky"
	setpriv --reuid 12391 --clear-groups sh -c ': >"$1" && chmod 666 "$1"' sh "$T/sticky/.minc-login.lock"
	ran="login, while somebody has made the lock and holds it"
	REGISTRY_AUTH_FILE=$T/sticky/auth.json run_tool flock "$T/sticky/.minc-login.lock" \
		timeout 10 "$MARTEN" login --tls-verify=false -u bob -p secret "$basic"
	refused "nor waits for a lock that another user could hold" "$T/sticky/auth.json"
	is "and his file stays" "$(ls -A "$T/sticky")" .minc-login.lock
	rm "$T/sticky/.minc-login.lock"
	setpriv --reuid 12391 --clear-groups sh -c 'echo "{\"credsStore\": \"anybody\"}" >"$1"' sh "$T/sticky/auth.json"
	ran="login into a file that another user has made"
	REGISTRY_AUTH_FILE=$T/sticky/auth.json run_tool "$MARTEN" login --tls-verify=false -u bob -p secret "$basic"
	refused "nor gives it where a file of another user's says" "$T/sticky/auth.json" "belongs to user 12391"
	rm "$T/sticky/auth.json"
	ran="login with the HOME of another user"
	run_tool env -u REGISTRY_AUTH_FILE HOME="$T/others" "$MARTEN" login --tls-verify=false -u bob -p secret "$basic"
	refused "nor in a home that the environment still names" "$T/others" "user 12391"
	is "and nothing is there" "$(find "$T/others" -type f)" ""
fi
marten push --tls-verify=false box:1 "$basic/box:1"
[ "$status" = 0 ] || marten push --tls-verify=false "$plain/dir/box:1" "$basic/box:1"
is "then it may push" "$status" 0
if as_root; then
	cp "$T/open/auth.json" "$T/others/.docker/config.json"
	chown 12391 "$T/others/.docker/config.json"
	ran="pull with the HOME of another user"
	run_tool env -u REGISTRY_AUTH_FILE -u XDG_RUNTIME_DIR HOME="$T/others" \
		"$MARTEN" pull -q --tls-verify=false "$basic/box:1"
	refused "the passwords of a home that another user owns are not root's" "$basic"
fi
is "and skopeo finds the same" "$(digest_at "$basic/box:1" --tls-verify=false)" "$pushed"
marten logout "$basic"
is "what was kept is forgotten" "$status:$(grep -c "$basic" "$T/auth.json")" "0:0"
marten pull -q --tls-verify=false --creds bob:secret "$basic/box:1"
is "a password on the command line serves once" "$status" 0

# TLS by an own authority
mkdir -p "$T/certs"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext 'subjectAltName=IP:127.0.0.1' \
	-keyout "$T/certs/server.key" -out "$T/certs/ca.crt" 2>/dev/null
serve tls "  tls: {certificate: $T/certs/ca.crt, key: $T/certs/server.key}"
tls=$at
marten push "$plain/dir/box:1" "$tls/box:1"
refused "a certificate of nobody known is refused" "$tls"
mkdir "$T/ca"
cp "$T/certs/ca.crt" "$T/ca/"
marten push --cert-dir "$T/ca" "$plain/dir/box:1" "$tls/box:1"
is "unless its authority is named" "$status" 0
marten pull -q --cert-dir "$T/ca" "$tls/box:1"
is "which is good for pulling, too" "$status" 0
for name in a.crt a.cert a.key token-realm; do # nobody writes to them
	mkdir "$T/wait"
	: >"$T/wait/a.cert"
	: >"$T/wait/a.key"
	rm -f "$T/wait/$name"
	mkfifo "$T/wait/$name"
	marten pull -q --cert-dir "$T/wait" "$tls/box:1"
	refused "a FIFO as $name is not waited for" "$T/wait/$name" "not a regular file"
	rm -r "$T/wait"
done
mkfifo "$HOME/.config/containers/registries.conf"
marten pull -q --cert-dir "$T/ca" "$tls/box:1"
refused "nor one as registries.conf" "$HOME/.config/containers/registries.conf" "not a regular file"
rm "$HOME/.config/containers/registries.conf"

marten fsck
is "the store is whole after all that" "$status" 0
done_testing
