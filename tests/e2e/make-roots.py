# SPDX-License-Identifier: MIT
"""make-roots - a docker-archive whose layers say something of their root, or nothing

make-roots.py FILE NAME DIRECTORY MODE..    one layer for each MODE, the lowest first, with
"./" of that mode in it, or with "-" without. The first has the files of DIRECTORY, too.
"""
import hashlib
import io
import json
import os
import sys
import tarfile

path, image, directory, modes = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]


def ours(info):
    info.uid = info.gid = 0
    return info


def entry(name, kind, mode, mtime):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = kind, mode, mtime
    return info


def layer(n, mode):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        if mode != "-":
            t.addfile(entry("./", tarfile.DIRTYPE, int(mode, 8), 1000000000 + n))
        for name in sorted(os.listdir(directory)) if n == 0 else []:
            t.add(os.path.join(directory, name), name, filter=ours)
        t.addfile(entry("layer%d" % n, tarfile.REGTYPE, 0o644, 1000000000))
    return out.getvalue()


layers = [layer(n, mode) for n, mode in enumerate(modes)]
config = json.dumps({
    "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin:/usr/bin"]},
    "rootfs": {"type": "layers",
               "diff_ids": ["sha256:" + hashlib.sha256(x).hexdigest() for x in layers]}}).encode()
manifest = json.dumps([{"Config": "config.json", "RepoTags": [image],
                        "Layers": ["%d/layer.tar" % n for n in range(len(layers))]}]).encode()
files = [("manifest.json", manifest), ("config.json", config)]
files += [("%d/layer.tar" % n, content) for n, content in enumerate(layers)]
with tarfile.open(path, mode="w") as t:
    for name, content in files:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        t.addfile(info, io.BytesIO(content))
