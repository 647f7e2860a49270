#!/bin/sh
# SPDX-License-Identifier: MIT
# policy - what a policy rejects gets no name and no container, whichever way it comes.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

for tool in jq base64 openssl python3; do
	command -v "$tool" >/dev/null || skip_all "needs $tool"
done
HOME=$T/home
export HOME
mkdir -p "$HOME/.config/containers"
busybox_image app:1
marten keygen "$T/k"
marten sign -k "$T/k.key" app:1
marten save --format oci-archive -o "$T/oci.tar" app:1
marten save --format oci -o "$T/layout" app:1
marten save -o "$T/docker.tar" app:1
marten create --name before app:1
marten run -d --name running app:1 sleep 600
is "a container runs" "$status" 0
HOME=/dev/null marten run --rm app:1 true
is "a home that is no directory has no policy" "$status $err" "0 "
policy=$T/store/policy.json
rejected="rejected by $policy"
says() { # JSON
	printf '%s' "$1" >"$policy"
}
no_name() { # NAME
	marten images -q "$1"
	is "$1 is no name afterwards" "$status $out" "0 "
}

says '{"default":[{"type":"reject"}]}'
marten import -q "$T/image-root" new:1
refused "import" new:1 "$rejected"
no_name new:1
marten import -q "$T/layout" new:2
refused "import of a layout under a name" new:2 "$rejected"
marten import -q "$T/layout"
refused "a name in a layout" app:1 "$rejected"
marten load -q -i "$T/oci.tar"
refused "a name in an archive" app:1 "$rejected"
marten load -q -i "$T/docker.tar"
refused "a name in a docker-archive" app:1 "$rejected"
marten tag app:1 other:1
refused "tag" other:1 "$rejected"
no_name other:1
marten renamei app:1 other:1
refused "renamei" other:1 "$rejected"
marten run --rm app:1 true
refused "run" app:1 "$rejected"
marten run --rm --pull never app:1 true
refused "run of what is there" app:1 "$rejected"
marten create --name c app:1
refused "create" app:1 "$rejected"
marten start before
refused "start of a container that was made before" app:1 "$rejected"
marten restart running
refused "restart" app:1 "$rejected"
marten ps -q
is "what runs goes on" "$(printf '%s\n' "$out" | wc -w)" 1
minc -r app:1 true
refused "minc -r IMAGE" app:1 "$rejected"
minc --explain -r app:1 true
refused "minc --explain -r IMAGE" app:1 "$rejected"
marten pull -q --tls-verify=false 127.0.0.1:1/x
refused "pull, before anybody is asked" 127.0.0.1:1/x "$rejected"
id=$("$MARTEN" images -q app:1)
marten run --rm "$id" true
refused "run by id" "$rejected"
marten ps -aq
is "nothing was made" "$(printf '%s\n' "$out" | wc -l)" 2

# One option lifts it, everywhere.
marten import -q --insecure-policy "$T/image-root" new:1
is "--insecure-policy: import" "$status" 0
marten load -q --insecure-policy -i "$T/docker.tar"
is "--insecure-policy: load" "$status" 0
marten tag --insecure-policy app:1 other:1
is "--insecure-policy: tag" "$status" 0
marten run --rm --insecure-policy app:1 echo runs
is "--insecure-policy: run" "$status $out" "0 runs"
marten create --insecure-policy --name lifted app:1 echo again
is "--insecure-policy: create" "$status" 0
marten start -a lifted
is "which start remembers" "$status $out" "0 again"
minc -q --insecure-policy -r app:1 echo runs
like "--insecure-policy: minc -r" "$status $out" "0 *runs"

# What may be called localhost/..., and nothing else.
says '{"default":[{"type":"reject"}],"transports":{"docker":{"localhost":[{"type":"insecureAcceptAnything"}]}}}'
echo mine >"$T/image-root/mine"
marten import -q "$T/image-root" localhost/mine:1
is "a scope for what is made here" "$status" 0
marten run --rm localhost/mine:1 echo mine
is "and it runs" "$status $out" "0 mine"
marten tag localhost/mine:1 app:1
refused "it gets no other name" app:1 "$rejected"

# Spellings of one server.
says '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"docker":{
	"registry.example.com":[{"type":"reject"}],"*.example.org":[{"type":"reject"}],
	"docker.io/library/bad":[{"type":"reject"}],"[::1]":[{"type":"reject"}]}}}'
for name in registry.example.com/a Registry.Example.COM/a registry.example.com:443/a/b \
	registry.example.com:80/a x.example.org/a x.example.org:5000/a X.EXAMPLE.org/a bad docker.io/bad \
	index.docker.io/library/bad registry-1.docker.io/library/bad bad:2 Index.docker.io/library/bad \
	index.docker.io:443/library/bad REGISTRY-1.docker.io/library/bad Registry.Hub.Docker.com/library/bad \
	'[::1]/a' '[::1]:443/a' '[::1]:80/a'; do
	marten tag new:1 "$name"
	refused "$name is in its scope" "rejected by"
done
for name in registry.example.com:0443/a other.example.com:05000/a; do
	marten tag new:1 "$name"
	refused "$name is no name: the port would have two" "$name"
done
mv "$policy" "$policy.real"
ln -s "$T/nowhere" "$policy"
marten tag new:1 registry.example.com.evil.com/b
refused "a policy that is a link to nothing accepts nothing" "$policy"
mv "$policy.real" "$policy"
marten tag new:1 registry.example.com.evil.com/a
is "another server is not" "$status" 0

# Signatures: of the name and the image, whatever way they come together.
says '{"default":[{"type":"reject"}],"transports":{"docker":{"docker.io/library":[
	{"type":"sigstoreSigned","keyPath":"'"$T/k.pub"'"}]}}}'
marten run --rm app:1 echo signed
is "what is signed runs" "$status $out" "0 signed"
marten load -q -i "$T/oci.tar"
is "and is loaded again" "$status" 0
marten tag app:1 app:2
is "a signature is for a repository: its tags are free" "$status" 0
marten tag localhost/mine:1 app:1
refused "an image that is not signed gets no signed one's name" app:1 "not signed"
marten tag app:1 thing:1
refused "nor a signed one another's" thing:1 "signed as docker.io/library/app"
marten --store "$T/fresh" load -q -i "$T/oci.tar"
is "another store has another policy" "$status" 0
cp "$policy" "$T/fresh/policy.json"
marten --store "$T/fresh" run --rm app:1 true
refused "where it has no signature it does not run" app:1 "not signed"

# A newer image takes the name away: the container goes on with its own.
says '{"default":[{"type":"reject"}],"transports":{"docker":{"docker.io/library/app":[
	{"type":"insecureAcceptAnything"}]}}}'
marten create --name old app:1 echo old
echo more >"$T/image-root/more"
marten import -q "$T/image-root" app:1
marten import -q "$T/image-root" app:2
marten start -a old
is "a container whose image lost its name starts" "$status $out" "0 old"

# Names with a digest are that image's.
rm "$policy"
d=$(printf '%064d' 0)
jq '.manifests[0].annotations."org.opencontainers.image.ref.name" = "app@sha256:'"$d"'"' "$T/layout/index.json" \
	>"$T/index" && cp "$T/index" "$T/layout/index.json"
marten import -q "$T/layout"
refused "a digest in a name is checked" "app@sha256:$d" "digest"
cp "$T/store/index.json" "$T/index"
jq '.manifests[0].annotations."org.opencontainers.image.ref.name" = "app@sha256:'"$d"'"' "$T/index" >"$T/store/index.json"
marten run --rm --pull never "app@sha256:$d" true
refused "also where another tool wrote it" "app@sha256:$d" "not in"
cp "$T/index" "$T/store/index.json"

# The user's policy counts, where the store has none, and a broken one accepts nothing.
printf '{"default":[{"type":"reject"}]}' >"$HOME/.config/containers/policy.json"
marten run --rm app:1 true
refused "the user's policy" app:1 "rejected by $HOME"
printf '{"default":[' >"$HOME/.config/containers/policy.json"
marten run --rm app:1 true
refused "a damaged policy" "$HOME/.config/containers/policy.json"
marten tag app:1 app:3
refused "for a name, too" "$HOME/.config/containers/policy.json"
rm "$HOME/.config/containers/policy.json"

# What is no file is no policy, and is not waited for.
LIMIT=5
for place in "$HOME/.config/containers/policy.json" "$policy"; do
	mkfifo "$place"
	marten run --rm app:1 true
	refused "a FIFO as ${place#"$T"/}" "$place" "not a regular file"
	rm "$place"
	mkdir "$place"
	minc -r app:1 true
	refused "a directory as ${place#"$T"/}" "$place" "not a regular file"
	rmdir "$place"
done
ln -s /dev/zero "$policy"
marten tag app:1 app:3
refused "a device" "$policy" "not a regular file"
rm "$policy"
LIMIT=30
marten run --rm app:1 echo free
is "without any, everything runs" "$status $out" "0 free"

# A signed index of several platforms: it stays with the image, and so does its signature.
index=$(python3 - "$T/layout" <<'END'
import hashlib, json, sys
top = json.load(open(sys.argv[1] + "/index.json"))
one = {key: top["manifests"][0][key] for key in ("mediaType", "digest", "size")}
one["platform"] = {"architecture": "ARCH", "os": "linux"}
config = json.load(open(sys.argv[1] + "/blobs/sha256/" + one["digest"][7:]))["config"]["digest"][7:]
one["platform"]["architecture"] = json.load(open(sys.argv[1] + "/blobs/sha256/" + config))["architecture"]
kind = "application/vnd.oci.image.index.v1+json"
text = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [one]}).encode()
digest = hashlib.sha256(text).hexdigest()
open(sys.argv[1] + "/blobs/sha256/" + digest, "wb").write(text)
top["manifests"] = [{"mediaType": kind, "digest": "sha256:" + digest, "size": len(text),
                     "annotations": {"org.opencontainers.image.ref.name": "multi:1"}}]
json.dump(top, open(sys.argv[1] + "/index.json", "w"))
print(digest)
END
)
marten --store "$T/many" import -q "$T/layout"
is "an index is imported" "$status" 0
printf '{"default":[{"type":"sigstoreSigned","keyPath":"%s"}]}' "$T/k.pub" >"$T/many/policy.json"
marten --store "$T/many" run --rm --pull never multi:1 true
refused "nobody signed it" multi:1 "not signed"
sign_index() { # DIGEST NAME
	printf '{"critical":{"identity":{"docker-reference":"docker.io/library/%s"},"image":{"docker-manifest-digest":"sha256:%s"},"type":"cosign container image signature"},"optional":null}' \
		"$2" "$1" >"$T/payload"
	openssl pkeyutl -sign -inkey "$T/k.key" -rawin -in "$T/payload" -out "$T/signature"
	jq -n --arg p "$(base64 -w0 "$T/payload")" --arg s "$(base64 -w0 "$T/signature")" \
		'{signatures:[{payload:$p,signature:$s,keyid:""}]}' >"$T/many/signatures/$1"
}
sign_index "$index" multi
marten --store "$T/many" run --rm --pull never multi:1 echo signed
is "an image of a signed index runs" "$status $out" "0 signed"
mv "$T/k.pub" "$T/k.moved"
mkfifo "$T/k.pub"
LIMIT=5 marten --store "$T/many" run --rm --pull never multi:1 true
refused "a FIFO in place of the key is not waited for" "$T/k.pub" "not a regular file"
mv "$T/k.moved" "$T/k.pub"
marten --store "$T/many" tag multi:1 other:1
refused "not under another name" other:1 "signed as docker.io/library/multi"
marten --store "$T/many" prune -f
marten --store "$T/many" run --rm --pull never multi:1 echo still
is "also after a prune" "$status $out" "0 still"
outer=$(python3 - "$T/layout" <<'END'
import hashlib, json, sys
top = json.load(open(sys.argv[1] + "/index.json"))
one = {key: top["manifests"][0][key] for key in ("mediaType", "digest", "size")}
text = json.dumps({"schemaVersion": 2, "mediaType": one["mediaType"], "manifests": [one]}).encode()
digest = hashlib.sha256(text).hexdigest()
open(sys.argv[1] + "/blobs/sha256/" + digest, "wb").write(text)
top["manifests"] = [{**one, "digest": "sha256:" + digest, "size": len(text),
                     "annotations": {"org.opencontainers.image.ref.name": "nested:1"}}]
json.dump(top, open(sys.argv[1] + "/index.json", "w"))
print(digest)
END
)
marten --store "$T/many" import -q "$T/layout"
refused "an index that has a signed one, and is not" nested:1 "not signed"
sign_index "$outer" nested
marten --store "$T/many" import -q "$T/layout"
is "with a signature of its own it is taken" "$status$err" 0
marten --store "$T/many" prune -f
marten --store "$T/many" run --rm --pull never nested:1 echo deep
is "and its image runs, also after a prune" "$status $out" "0 deep"
cp "$T/many/blobs/sha256/$index" "$T/index"
rm "$T/many/blobs/sha256/$index"
marten --store "$T/many" run --rm --pull never nested:1 true
refused "not without the one in the middle, which says that they belong together" nested:1 "not signed"
cp "$T/index" "$T/many/blobs/sha256/$index"
echo '{}' >"$T/many/blobs/sha256/$index"
marten --store "$T/many" run --rm --pull never multi:1 true
refused "an index that was changed proves nothing" "$index" damaged

done_testing
