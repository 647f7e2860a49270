# SPDX-License-Identifier: MIT
"""make-archive - docker-archives by hand, honest and not: make-archive.py KIND FILE

good    one layer with the file "bin"
lie     its config names another layer than the one that came with it
twins   manifest.json twice, thousands of members apart
large   its config has more than 4 MiB
lists   its manifest.json has
borrow  an OCI archive whose config names the layer of "good", with another blob
"""
import hashlib
import io
import json
import sys
import tarfile


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


kind, path = sys.argv[1:]
layer = tar([("bin", b"x")])
diff_id = "1" * 64 if kind == "lie" else hashlib.sha256(layer).hexdigest()
if kind == "borrow":
    layer = tar([("bin", b"y")])
config = json.dumps({
    "architecture": "amd64", "os": "linux", "config": {},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + diff_id]}}).encode()
too_large = b" " * (4 << 20)
if kind == "large":
    config += too_large
name = hashlib.sha256(config).hexdigest() + ".json"
manifest = json.dumps([{"Config": name, "RepoTags": ["made:1"],
                        "Layers": ["a" * 64 + "/layer.tar"]}]).encode()
if kind == "lists":
    manifest += too_large
files = [(name, config), ("a" * 64 + "/layer.tar", layer), ("manifest.json", manifest)]
if kind == "borrow":
    blobs = {}

    def describe(what, content):
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": "application/vnd.oci.image." + what, "digest": "sha256:" + digest,
                "size": len(content)}

    inner = json.dumps({"schemaVersion": 2, "config": describe("config.v1+json", config),
                        "layers": [describe("layer.v1.tar", layer)]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [describe("manifest.v1+json", inner)]})
    files = [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index.encode())]
    files += [("blobs/sha256/" + digest, content) for digest, content in blobs.items()]
if kind == "twins":
    files += [("%064x/VERSION" % i, b"1") for i in range(4200)]
    files += [("manifest.json", manifest.replace(b"made", b"twin"))]
with open(path, "wb") as f:
    f.write(tar(files))
