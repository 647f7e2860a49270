#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make-store.py STORE NAME CONFIG-JSON LAYER.. - an image of squashfs files, lowest first.

What an import leaves behind, but of layers that any program may have written: hostile ones, many,
or with ids that the caller does not have. The digests of the tars, which nobody made, are those
of the squashfs files.
"""
import hashlib
import json
import os
import shutil
import sys

store, name, settings, *layers = sys.argv[1:]


def blob(data):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{store}/blobs/sha256/{digest}", "wb") as out:
        out.write(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


for directory in ["blobs/sha256", "layers", "signatures", "containers"]:
    os.makedirs(f"{store}/{directory}", exist_ok=True)
with open(f"{store}/oci-layout", "w", encoding="ascii") as out:
    out.write('{"imageLayoutVersion":"1.0.0"}')
descriptors, diff_ids = [], []
for number, layer in enumerate(layers):
    with open(layer, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(
            hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
    shutil.copyfile(layer, f"{store}/layers/{digest}.sqfs")
    diff_ids.append(f"sha256:{digest}")
    descriptors.append({"mediaType": "application/vnd.oci.image.layer.v1.tar",
                        "digest": f"sha256:{digest}", "size": os.path.getsize(layer)})
config = {"architecture": "amd64", "os": "linux", "config": json.loads(settings),
          "rootfs": {"type": "layers", "diff_ids": diff_ids}}
manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       **blob(json.dumps(config).encode())},
            "layers": descriptors}
entry = {"mediaType": manifest["mediaType"], **blob(json.dumps(manifest).encode()),
         "annotations": {"org.opencontainers.image.ref.name": name}}
index = {"schemaVersion": 2, "manifests": []}
if os.path.exists(f"{store}/index.json"):
    with open(f"{store}/index.json", encoding="utf-8") as file:
        index = json.load(file)
index["manifests"].append(entry)
with open(f"{store}/index.json", "w", encoding="utf-8") as out:
    json.dump(index, out)
