# SPDX-License-Identifier: MIT
"""many - thousands of images, names, layers and files: work grows with their number, not with its square,
and what a command brings is listed together or not at all."""
import json
import os
import random
import shutil
import sys
import tarfile

sys.path.insert(0, os.environ["MINC_TESTS"])
from evil import (GIB, IN, STORE, Image, archive, bounded, config_of, descriptor, digest, docker, entry, gz,  # noqa: E402
                  marten, padded, put, refused, run_tests, taken, tar)
from tap import result, same, skip  # noqa: E402

NAMES = 3000


def names():
    """Of all images but the good one."""
    return sorted(one["name"] for one in map(json.loads, marten("images", "--format", "json")[1].splitlines())
                  if one["name"] != "good:1")


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def works(name, *words):
    status, _, err, kib, seconds = marten(*words)
    result(status == 0, f"{name}: succeeds", f"status {status}", err[-300:])
    bounded(name, kib, seconds)


def images_of(layers, count, tag="many{}:1", zipped=False):
    """A docker archive of images that have all layers in common."""
    configs = [config_of(layers, config={"Env": [f"N={i}"]}) for i in range(count)]
    files = [f"l{i}/layer.tar" for i in range(len(layers))]
    data = tar(entry("manifest.json", json.dumps([{"Config": f"{digest(c)[7:]}.json", "Layers": files,
                                                   "RepoTags": [tag.format(i)]} for i, c in enumerate(configs)]).encode()),
               *[entry(f"{digest(c)[7:]}.json", c) for c in configs],
               *[entry(f, d) for f, d in zip(files, layers)])
    return archive("many.tar", gz(data) if zipped else data)


def layout_of(image, count, name="many:{}"):
    """An OCI archive of one image with many names."""
    image.index = {"schemaVersion": 2, "manifests": [
        descriptor("manifest.v1+json", image.manifest_text(),
                   annotations={"org.opencontainers.image.ref.name": name.format(i)}) for i in range(count)]}
    return archive("many.tar", image.tar())


def drop():
    """All but the good one, each by its id, which takes all names."""
    lines = map(json.loads, marten("images", "--format", "json")[1].splitlines())
    works("rmi of them", "rmi", "-f", *sorted({one["id"] for one in lines if one["name"] != "good:1"}))
    same("rmi of them: they are gone", names(), [])


def test_names():
    one = [tar(entry("a", b"many"))]
    want = sorted(f"many:{i}" for i in range(NAMES))
    taken("an image of 3,000 tags", "import", archive("many.tar", docker(one, tags=[f"many:{i}" for i in range(NAMES)])))
    same("an image of 3,000 tags: each is there", names(), want)
    taken("the same once more", "import", os.path.join(IN, "many.tar"))
    same("the same once more: each is there once", names(), want)
    other = Image(tar(entry("a", b"another")))
    taken("3,000 names of an OCI archive, which were another's", "import", layout_of(other, NAMES))
    same("3,000 names of an OCI archive: each has moved", names(), sorted(["", *want]))
    works("images", "images")
    works("fsck", "fsck")
    works("df", "df")
    drop()


def files():
    return {os.path.join(d, f) for top in ("blobs", "layers") for d, _, some in os.walk(f"{STORE}/{top}") for f in some}


def test_removals():
    """Half of them by name, half by id; what is wrong in between does not keep the others."""
    before = files()
    taken("3,000 images", "import", images_of([tar(entry("a", b"many"))], NAMES))
    some = [f"many{i}:1" for i in range(0, NAMES, 2)]
    status, out, err, kib, seconds = marten("rmi", "missing:1", *some, some[0])
    same("1,500 of them by name, one twice, and one that is not there", (status, out), (125, ""))
    same("each of the two is told of", [line.split()[2] for line in err.splitlines()], ["missing:1:", f"{some[0]}:"])
    bounded("1,500 by name", kib, seconds)
    works("the others by their ids", "rmi", *[line[:12] for line in sorted(
        {json.loads(line)["id"] for line in marten("images", "--format", "json")[1].splitlines()
         if json.loads(line)["name"] != "good:1"})])
    same("none is there any more", names(), [])
    same("and no file of theirs", files(), before)


def test_containers():
    """Of one image, each with a volume of its own, as create makes them."""
    top = f"{STORE}/containers"
    count = NAMES // 2
    works("one container", "create", "--name", "first", "-v", "vol:/v", "good:1", "/a")
    with open(f"{top}/{os.listdir(top)[0]}/container.json", encoding="utf-8") as f:
        text = f.read()
    like = json.loads(text)
    for i in range(count):
        own = {**like, "id": digest(b"%d" % i)[7:], "name": f"box{i}", "note": like["note"].replace("vol:/v", f"vol{i}:/v")}
        put(f"{top}/{own['id']}/container.json", json.dumps(own).encode())
        os.makedirs(f"{STORE}/volumes/free{i}")
    os.chmod(f"{STORE}/volumes", 0o700)
    status, _, err, kib, seconds = marten("volume", "rm", "vol7", *[f"free{i}" for i in range(count)])
    result(status == 125 and err.count("\n") == 1 and "uses it" in err, "volume rm of 1,500 and one that is used",
           f"status {status}", err[:300])
    bounded("volume rm of 1,500", kib, seconds)
    same("volume rm of 1,500: they are gone", os.listdir(f"{STORE}/volumes"), [])
    works("rm of half of them by name", "rm", *[f"box{i}" for i in range(0, count, 2)])
    works("rm of the others by the beginning of their ids", "rm", *[
        digest(b"%d" % i)[7:27] for i in range(1, count, 2)])
    status, _, err, _, _ = marten("rm", "box1", "first", "first")
    result(status == 125 and err.count("no such container") == 2, "rm of what is not there any more, and of one that is",
           f"status {status}", err)
    same("rm: all are gone", [name for name in os.listdir(top) if not name.startswith(".")], [])


def test_volumes():
    """What an image may ask for: more than nobody has is said at once, before anything is made."""
    layer = tar(entry("a", b"many"))
    config = config_of([layer], config={"Cmd": ["/a"], "Volumes": {f"/v{i}": {} for i in range(200000)}})
    taken("an image of 200,000 volumes", "import", archive("many.tar", tar(
        entry("manifest.json", json.dumps([{"Config": "c.json", "RepoTags": ["many:v"], "Layers": ["l.tar"]}]).encode()),
        entry("c.json", config), entry("l.tar", layer))))
    for words in (), ("--read-only",), ("-d",):
        status, out, err, kib, seconds = marten("run", *words, "many:v")
        same(f"200,000 volumes: run {' '.join(words)} says that", (status, out, err),
             (125, "", "marten: image many:v: it names more than 10000 volumes\n"))
        bounded("200,000 volumes", kib, seconds)
        same("200,000 volumes: nothing is left", os.listdir(f"{STORE}/containers"), [])
    marten("rmi", "many:v")


def test_prune():
    taken("3,000 names", "import", layout_of(Image(tar(entry("a", b"many"))), NAMES))
    works("an image is removed", "rmi", "-f", "many:0")
    works("prune of 3,000 names", "prune", "-a", "--force")
    same("prune of 3,000 names: all are gone", names(), [])
    taken("the good image again", "import", os.path.join(IN, "good.tar"), "good:1")


def test_index():
    top = os.path.join(IN, "layout")
    image = Image(tar(entry("a", b"many")))
    layout_of(image, 10000 - 50)
    image.write("layout")
    put(f"{top}/index.json", image.index_text())
    taken("a layout whose index has ten thousand entries", "import", top)
    same("ten thousand entries: each is there", len(names()), 10000 - 50)
    drop()
    shutil.rmtree(top)


def test_shared():
    """A layer of 4 MiB: 20 times it are beyond the bound."""
    layers = [tar(entry("a", b"low")), tar(entry("b", noise(4 << 20)))]
    for zipped in (False, True):
        for ways in ("each has its name", "all want one name"):
            what = f"20 images that share a layer, {ways}{', in gzip' if zipped else ''}"
            tag = "many{}:1" if ways.startswith("each") else "many0:1"
            taken(what, "import", "--max-bytes", "12m" if zipped else "6m", images_of(layers, 20, tag, zipped))
            want = [f"many{i}:1" for i in range(20)] if ways.startswith("each") else ["many0:1"] + 19 * [""]
            same(f"{what}: with their names", names(), sorted(want))
            drop()
    taken("200 images of an archive", "import", images_of(layers[:1], 200))
    same("200 images: each has its name", len(names()), 200)
    works("200 images: they go", "prune", "-a", "--force")
    taken("the good image again", "import", os.path.join(IN, "good.tar"), "good:1")


def test_together():
    """An archive whose last image is wrong: none of it is listed."""
    good, bad = tar(entry("a", b"good")), tar(entry("a", b"bad"))
    configs = [config_of([good]), config_of([good], ids=[digest(bad)])]
    items = [{"Config": digest(c)[7:] + ".json", "RepoTags": [f"together:{i}"], "Layers": ["l.tar"]}
             for i, c in enumerate(configs)]
    refused("a docker archive whose second image is wrong", "diff_ids", "import", archive("two.tar", tar(
        entry("manifest.json", json.dumps(items).encode()), entry("l.tar", good),
        *[entry(digest(c)[7:] + ".json", c) for c in configs])), stays=True)
    first, second = Image(gz(good)), Image(gz(bad))
    first.index = {"schemaVersion": 2, "manifests": [
        descriptor("manifest.v1+json", i.manifest_text(), annotations={"org.opencontainers.image.ref.name": f"together:{n}"})
        for n, i in enumerate((first, second))]}
    refused("an OCI archive whose second image is missing", "missing", "import",
            archive("two.tar", first.tar()), stays=True)
    first.blobs = second.all()
    missing = digest(second.layers[0])
    del first.blobs[missing]
    refused("an OCI archive whose second image lacks a layer", missing[7:20], "import",
            archive("two.tar", first.tar()), stays=True)
    same("the first ones are not there", names(), [])
    taken("both of them, whole", "import", archive("two.tar", (first.blobs.update(second.all()), first.tar())[1]))
    same("both have their names", names(), ["together:0", "together:1"])
    marten("rmi", "together:0", "together:1")


def blocks(top):
    """Bytes that files take on the disk."""
    return sum(os.lstat(os.path.join(d, f)).st_blocks * 512 for d, _, files in os.walk(top) for f in files)


def holes_in(path, size, parts):
    """A file of @size with some data here and there."""
    with open(put(path), "r+b") as f:
        f.truncate(size)
        for at, data in parts.items():
            f.seek(at)
            f.write(data)


def holes_of(name, words, want):
    """What an export has, as it should be: contents, a second name, and holes that take no room."""
    out = os.path.join(IN, "out.tar")
    works(f"{name}: export", "export", "-q", *words, "-o", out, "holes")
    size = blocks(os.path.dirname(out))
    with tarfile.open(out) as t:
        for file, parts in want.items():
            with t.extractfile(file) as f:
                good = all((f.seek(at), f.read(len(data)))[1] == data for at, data in parts.items())
            result(good and t.getmember(file).issparse(), f"{name}: {file} is what it was, and has holes")
        same(f"{name}: a second name is one", t.getmember("second").linkname, "large")
    result(size < 64 << 20, f"{name}: and nobody writes the holes", f"{size >> 20} MiB")
    os.unlink(out)


def test_holes():
    sparse = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s"}
    for count in (1, 50):
        layer = tar(*[entry("s", padded(b"2\n0\n0\n%d\n4\n" % (600 * GIB // count - 4)) + b"data", {
            **sparse, "GNU.sparse.name": f"s{i}", "GNU.sparse.realsize": str(600 * GIB // count)}) for i in range(count)])
        taken(f"600 GiB of holes in {count}", "import", "--max-bytes", "700g", archive("holes.tar", layer), "holes")
        drop()
    refused("2 TiB of holes", "1 TiB of holes", "import", "--max-bytes", "3t", archive("holes.tar", tar(entry(
        "s", padded(b"1\n0\n0\n"), {**sparse, "GNU.sparse.realsize": str(2048 * GIB)}))))
    refused("600 GiB of holes that nobody allowed", "--max-bytes", "import", archive("holes.tar", layer))

    top = os.path.join(IN, "root")
    want = {"large": {0: b"begin", 131071: b"over the end of a block", (60 << 30) - 3: b"end"},
            "middle": {(1 << 20) - 1: b"x" * 300000, 90 << 20: noise(1 << 20)}}
    try:
        holes_in(f"{top}/large", 60 << 30, want["large"])
        holes_in(f"{top}/middle", 100 << 20, want["middle"])
        os.link(f"{top}/large", f"{top}/second")
        if blocks(top) > 64 << 20:
            skip("a directory with 60 GiB of holes", "this file system has no holes")
            return
        before = blocks(STORE)
        taken("a directory with 60 GiB of holes", "import", "--max-bytes", "70g", top, "holes")
        result(blocks(STORE) - before < 16 << 20, "a directory with 60 GiB of holes: they are not written")
        holes_of("from a directory", (), want)
        out = os.path.join(IN, "out.sqfs")
        works("export as squashfs", "export", "-q", "--format", "squashfs", "-o", out, "holes")
        drop()
        taken("a squashfs image with 60 GiB of holes", "import", "--max-bytes", "70g", out, "holes")
        holes_of("from a squashfs image", (), want)
        works("export as a directory", "export", "-q", "--format", "dir", "-o", os.path.join(IN, "out"), "holes")
        result(blocks(os.path.join(IN, "out")) < 16 << 20, "export as a directory: and no holes are written")
    finally:
        for one in (top, os.path.join(IN, "out")):
            shutil.rmtree(one, ignore_errors=True)
    os.unlink(out)
    drop()


if __name__ == "__main__":
    run_tests([test_names, test_removals, test_containers, test_volumes, test_index, test_shared, test_together, test_holes, test_prune])
