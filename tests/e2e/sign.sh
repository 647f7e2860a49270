#!/bin/sh
# SPDX-License-Identifier: MIT
# sign - keys, signatures, policies; with a registry and openssl(1) on the other side.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

for tool in openssl jq base64; do
	command -v "$tool" >/dev/null || skip_all "needs $tool"
done
HOME=$T/home
unset COSIGN_PASSWORD
export HOME
mkdir -p "$HOME"
busybox_image app:1
is "import ends well" "$status" 0
digest() {
	marten inspect "$1"
	printf '%s' "$out" | jq -r 'if type == "array" then .[0] else . end | .digest'
}
hex=$(digest app:1 | cut -d: -f2)
kept=$T/store/signatures/$hex

# Keys.
marten keygen "$T/k"
is "keygen names the pair" "$status $out" "0 $T/k.key
$T/k.pub"
is "the private key is its owner's only" "$(stat -c %a "$T/k.key")" 600
ok "openssl reads the private key" openssl pkey -in "$T/k.key" -noout
marten keygen "$T/k"
refused "a key is not overwritten" "$T/k.pub" "File exists"
marten keygen "$T/other"

# Signing and verifying.
marten verify -k "$T/k.pub" app:1
is "an image that nobody signed is not verified" "$status $err" "1 marten: app:1: not signed"
marten sign -k "$T/k.pub" app:1
refused "a public key does not sign" "no private key"
marten sign -k "$T/none.key" app:1
refused "a key that is not there is named" "$T/none.key"
marten sign -k "$T/k.key" app:1
is "an image is signed" "$status" 0
marten sign -k "$T/k.key" app:1
is "twice by one key is once" "$status $(jq '.signatures | length' "$kept")" "0 1"
marten verify -k "$T/k.pub" app:1
is "and verified" "$status" 0
marten verify -k "$T/other.pub" app:1
is "another key did not sign it" "$status $err" \
	"1 marten: app:1: no valid signature by $T/other.pub"
jq -r '.signatures[0].payload' "$kept" | base64 -d >"$T/payload"
jq -r '.signatures[0].signature' "$kept" | base64 -d >"$T/signature"
is "the payload is cosign's" "$(jq -c . "$T/payload")" \
	'{"critical":{"identity":{"docker-reference":"docker.io/library/app"},"image":{"docker-manifest-digest":"sha256:'"$hex"'"},"type":"cosign container image signature"},"optional":null}'
ok "openssl verifies it" sh -c 'openssl "$@" >/dev/null' sh pkeyutl -verify -pubin -inkey "$T/k.pub" -rawin \
	-in "$T/payload" -sigfile "$T/signature"
is "the id of the key is that of its SubjectPublicKeyInfo" "$(jq -r '.signatures[0].keyid' "$kept")" \
	"$(openssl pkey -pubin -in "$T/k.pub" -outform DER | sha256sum | cut -d' ' -f1)"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:word \
	-out "$T/ec.key" 2>/dev/null
openssl pkey -in "$T/ec.key" -passin pass:word -pubout -out "$T/ec.pub"
marten sign -k "$T/ec.key" app:1
refused "an encrypted key needs its password" COSIGN_PASSWORD
COSIGN_PASSWORD=word
export COSIGN_PASSWORD
marten sign -k "$T/ec.key" app:1
unset COSIGN_PASSWORD
marten verify -k "$T/ec.pub" app:1
is "a P-256 key signs and verifies" "$status" 0
jq -r '.signatures[1].payload' "$kept" | base64 -d >"$T/payload"
jq -r '.signatures[1].signature' "$kept" | base64 -d >"$T/signature"
ok "openssl verifies that too" sh -c 'openssl "$@" >/dev/null' sh dgst -sha256 -verify "$T/ec.pub" \
	-signature "$T/signature" "$T/payload"
marten tag app:1 quay.io/some/thing:1
marten verify -k "$T/k.pub" quay.io/some/thing:1
is "a signature is for one repository" "$status $err" \
	"1 marten: quay.io/some/thing:1: signed as docker.io/library/app"
marten rmi quay.io/some/thing:1

# A policy.
rule='[{"type":"sigstoreSigned","keyPath":"'$T/k.pub'"}]'
printf '{"default":[{"type":"reject"}],"transports":{"docker":{"docker.io/library":%s}}}' "$rule" \
	>"$T/store/policy.json"
marten verify app:1
is "the policy of the store has its key" "$status" 0
marten tag app:1 quay.io/some/thing:1
refused "no other name is given" quay.io/some/thing:1 "rejected by $T/store/policy.json"
marten tag --insecure-policy app:1 quay.io/some/thing:1
marten verify quay.io/some/thing:1
is "and rejects other names" "$status $err" \
	"1 marten: quay.io/some/thing:1: rejected by $T/store/policy.json"
marten rmi quay.io/some/thing:1
printf '{"default":[{"type":"sigstoreSigned","keyData":"%s"}]}' "$(base64 -w0 "$T/other.pub")" \
	>"$T/policy"
marten verify --policy "$T/policy" app:1
is "a policy that is given counts instead" "$status $err" \
	"1 marten: app:1: no valid signature by the policy's key"
printf '{"default":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"/k"}]}' >"$T/policy"
marten verify --policy "$T/policy" app:1
is "what cannot be checked is refused" "$status $err" \
	"1 marten: app:1: $T/policy asks for signedBy, which cannot be checked"
printf '{"default":[{"type":"sure"}]}' >"$T/policy"
marten verify --policy "$T/policy" app:1
refused "a faulty policy is named" "$T/policy" "type sure: unknown"

# Damaged by hand.
cp "$kept" "$T/good"
chmod u+w "$kept"
jq '.signatures[0].payload = .signatures[0].signature' "$T/good" >"$kept"
marten verify -k "$T/k.pub" app:1
is "a changed payload has no valid signature" "$status" 1
printf '{"signatures":[{"payload":"?"}]}' >"$kept"
marten verify -k "$T/k.pub" app:1
refused "what is no list of signatures is named" "$hex" base64
rm "$kept"
ln -s "$T/good" "$kept"
marten verify -k "$T/k.pub" app:1
refused "a link is not followed" "$hex"
rm "$kept"
cp "$T/good" "$kept"

marten fsck
is "fsck reads signatures" "$status $out" "0 "
before=$(fingerprint "$T/store")
files=3
while [ "$files" -lt 40 ]; do
	prlimit --nofile="$files" "$MARTEN" fsck --repair >"$T/out" 2>"$T/err"
	files=$((files + 1))
done
is "fsck --repair removes nothing for want of descriptors" "$(fingerprint "$T/store")" "$before"
chmod u+w "$kept"
printf '{"signatures":[{"payload":"?"}]}' >"$kept"
marten fsck
is "and names a damaged list" "$status" 1
has "by its file" "$out" "signatures/$hex"
jq '.signatures[0].payload |= (@base64d | sub("sha256:."; "sha256:") | sub("\"},\"type"; "0\"},\"type") | @base64)' \
	"$T/good" >"$kept"
marten fsck
is "fsck finds a payload of another manifest" "$status" 1
has "by its file" "$out" "signatures/$hex: no list of signatures of this manifest"
cp "$T/good" "$kept"

# Encrypted to a recipient, as the manual says.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=recipient -keyout "$T/to.key" \
	-out "$T/to.crt" 2>/dev/null
"$MARTEN" save app:1 | openssl cms -encrypt -binary -stream -outform DER -aes-256-cbc \
	-out "$T/app.cms" "$T/to.crt"
ok "an encrypted image shows nothing of it" sh -c '! grep -aq manifest.json "$1"' sh "$T/app.cms"
openssl cms -decrypt -binary -inform DER -in "$T/app.cms" -inkey "$T/to.key" |
	"$MARTEN" --store "$T/received" load -q >/dev/null
marten --store "$T/received" images -q
is "and arrives whole" "$(printf '%s\n' "$out" | wc -l)" 1
like "with an id" "$out" '????????????*'

# A registry: signatures go with the image.
registry=''
# shellcheck disable=SC2317 # called by the trap
end() {
	[ -z "$registry" ] || kill "$registry" 2>/dev/null
	clean_up
}
trap end EXIT
# shellcheck disable=SC2317 # called by await
answers() {
	python3 -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null
}
with_registry() {
	port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	at=127.0.0.1:$port
	mkdir "$T/registry"
	printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "%s"}\n' \
		"$T/registry" "$at" >"$T/registry.yml"
	docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
	registry=$!
	await answers "$port" || { diag "$(cat "$T/registry.log")"; return; }

	marten push --tls-verify=false --sign-by "$T/k.key" app:1 "$at/a/app:1"
	is "an image is pushed and signed" "$status" 0
	curl -s "http://$at/v2/a/app/manifests/sha256-$hex.sig" \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json' >"$T/manifest"
	is "its signatures are where cosign looks" "$(jq -r '.layers[].mediaType' "$T/manifest" | sort -u)" \
		application/vnd.dev.cosign.simplesigning.v1+json
	printf '{"default":[{"type":"reject"}],"transports":{"docker":{"%s/a":%s}}}' "$at" "$rule" \
		>"$T/policy"
	set -- --store "$T/puller" pull --tls-verify=false --policy "$T/policy"
	marten "$@" "$at/a/app:1"
	is "what the policy asks for is pulled" "$status" 0
	marten --store "$T/puller" verify -k "$T/k.pub" "$at/a/app:1"
	is "and its signature with it" "$status" 0
	marten push --tls-verify=false app:1 "$at/b/app:1"
	is "signatures for other names stay at home" "$(curl -s -o "$T/answer" -w '%{http_code}' \
		"http://$at/v2/b/app/manifests/sha256-$hex.sig")" 404
	marten --store "$T/other-puller" pull --tls-verify=false --policy "$T/policy" "$at/b/app:1"
	refused "a name that the policy rejects is not pulled" "rejected by $T/policy"
	printf '{"default":[{"type":"sigstoreSigned","keyPath":"%s"}]}' "$T/other.pub" >"$T/policy"
	marten --store "$T/other-puller" pull --tls-verify=false --policy "$T/policy" "$at/a/app:1"
	refused "neither is what another key signed" "no valid signature by $T/other.pub"
	is "and no blob of it stays" "$(find "$T/other-puller/blobs" -type f | wc -l)" 0
	mkdir "$HOME/registries.d"
	printf 'docker:\n  %s:\n    use-sigstore-attachments: true\n' "$at" >"$HOME/registries.d/a.yaml"
	printf '{"default":[{"type":"reject"}],"transports":{"docker":{"%s":[{"type":"sigstoreSigned","keyPath":"%s","signedIdentity":{"type":"matchRepository"}}]}}}' \
		"$at" "$T/ec.pub" >"$T/podman-policy"
	COSIGN_PASSWORD=word "$MARTEN" push --tls-verify=false --sign-by "$T/ec.key" app:1 "$at/a/app:1"
	skopeo --policy "$T/podman-policy" --registries.d "$HOME/registries.d" copy \
		--src-tls-verify=false "docker://$at/a/app:1" "dir:$T/copied" >"$T/skopeo" 2>&1
	copied=$?
	# Debian 12 builds it without, and it says so of each signature that it finds
	if grep -q "sigstore disabled" "$T/skopeo"; then
		is "skopeo finds both signatures" "$(grep -o "sigstore disabled" "$T/skopeo" | wc -l)" 2
	else
		is "skopeo verifies a signature of a P-256 key" "$copied" 0
	fi
}
if command -v docker-registry >/dev/null && command -v python3 >/dev/null &&
	command -v curl >/dev/null && command -v skopeo >/dev/null; then
	with_registry
else
	skip "signatures go with the image" "needs docker-registry, python3, curl and skopeo"
fi

# Nothing is left.
marten rmi app:1
is "an image that is removed takes its signatures along" "$status $(find "$T/store/signatures" -type f | wc -l)" "0 0"
cp "$T/good" "$kept"
marten prune -f
is "and prune removes those of no image" "$status $(find "$T/store/signatures" -type f | wc -l)" "0 0"

done_testing
