# SPDX-License-Identifier: MIT
"""budgets - --max-bytes and --max-entries are of a whole command, whatever its layers and images are and
whichever way they come: what each of them may be, all of them together may not."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.environ["MINC_TESTS"])
from evil import IN, Image, archive, config_of, descriptor, digest, docker, entry, gz, marten, put, refused, run_tests, taken, tar  # noqa: E402
from lies import REGISTRY  # noqa: E402
from makers import listing  # noqa: E402
from many import drop  # noqa: E402
from tap import result, skip  # noqa: E402

PARTS = 3
KINDS = {  # an option; what is too little for all, though not for two; what is enough; the files of a part
    "--max-bytes": ("100k", "1m", lambda i: {f"f{i}": os.urandom(40000)}),
    "--max-entries": ("100", "200", lambda i: {f"f{i}.{k}": b"" for k in range(40)})}


def layers_of(files):
    return [tar(*[entry(name, data) for name, data in one.items()]) for one in files]


def tree_of(files):
    top = os.path.join(IN, "tree")
    for one in files:
        for name, data in one.items():
            put(f"{top}/{name}", data)
    return top


def images_of(layers):
    """An archive of docker with an image for each layer."""
    configs = [config_of([d]) for d in layers]
    items = b",".join(listing(f"c{i}", [f"l{i}"], [f"of:{i}"])[1:-1] for i in range(len(layers)))
    return tar(entry("manifest.json", b"[" + items + b"]"), *[entry(f"c{i}", c) for i, c in enumerate(configs)],
               *[entry(f"l{i}", d) for i, d in enumerate(layers)])


def layout_of(layers):
    """The same as OCI has it."""
    images = [Image(d) for d in layers]
    one = images[0]
    one.index = {"schemaVersion": 2, "manifests": [
        descriptor("manifest.v1+json", i.manifest_text(), annotations={"org.opencontainers.image.ref.name": f"of:{n}"})
        for n, i in enumerate(images)]}
    for other in images[1:]:
        one.blobs.update(other.all())
    return one


def packed(program, *words):
    """A file system image of a tree, or None."""
    def make(files):
        out = os.path.join(IN, "image")
        done = subprocess.run([part.format(out=out, tree=tree_of(files)) for part in words], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (out,) if done.returncode == 0 else None
    return make if shutil.which(program) else lambda files: None


def pulled(files):
    return ("--tls-verify=false", REGISTRY.offers(Image(*[gz(d) for d in layers_of(files)])))


# What a message may name, and where it is: the words of a command.
WAYS = (
    ("an archive of docker", "import", "layer|a.tar", lambda f: (archive("a.tar", docker(layers_of(f))),)),
    ("one in gzip", "load", "layer|a.tgz", lambda f: ("-i", archive("a.tgz", gz(docker(layers_of(f)))))),
    ("one of layers in gzip", "load", "layer|a.tar", lambda f: ("-i", archive("a.tar", docker([gz(d) for d in layers_of(f)])))),
    ("one of several images", "load", "layer|a.tar", lambda f: ("-i", archive("a.tar", images_of(layers_of(f))))),
    ("an archive of OCI", "import", "layer|o.tar", lambda f: (archive("o.tar", Image(*layers_of(f)).tar()),)),
    ("one of OCI in gzip", "load", "layer|o.tgz", lambda f: ("-i", archive("o.tgz", gz(Image(*layers_of(f)).tar())))),
    ("one of OCI of several images", "import", "layer|o.tar", lambda f: (archive("o.tar", layout_of(layers_of(f)).tar()),)),
    ("a layout", "import", "layer", lambda f: (Image(*layers_of(f)).write("layout"),)),
    ("a layout of several images", "import", "layer", lambda f: (layout_of(layers_of(f)).write("layout"),)),
    ("a root file system", "import", "r.tar", lambda f: (archive("r.tar", tar(*[d[:-1024] for d in layers_of(f)])),)),
    ("a directory", "import", "tree", lambda f: (tree_of(f),)),
    ("a squashfs image", "import", "image", packed("mksquashfs", "mksquashfs", "{tree}", "{out}", "-quiet")),
    ("an erofs image", "import", "image", packed("mkfs.erofs", "mkfs.erofs", "{out}", "{tree}")),
    ("a registry", "pull", "layer", pulled))


def clean():
    for name in ("tree", "layout"):
        shutil.rmtree(os.path.join(IN, name), ignore_errors=True)
    for name in ("image", "a.tar", "a.tgz", "o.tar", "o.tgz", "r.tar"):
        if os.path.exists(os.path.join(IN, name)):
            os.unlink(os.path.join(IN, name))


def forget():
    """All but the good one, and what was refused: a layer that is there is not made."""
    drop()
    marten("prune", "--force")


def test_together():
    for way, verb, names, make in WAYS:
        for option, (little, enough, part) in KINDS.items():
            what = f"{way}: {option}"
            words = make([part(i) for i in range(PARTS)])
            if not words:
                skip(what, "nothing here makes such an image")
                continue
            line = refused(f"{what} is of all together", option, verb, option, little, *words, stays=True)
            result(re.search(names, line), f"{what}: it says what is too much", line)
            marten("prune", "--force")
            clean()
            words = make([part(i) for i in range(PARTS - 1)])
            taken(f"{what}, with a part less", verb, option, little, *words)
            forget()
            clean()
            words = make([part(i + PARTS) for i in range(PARTS)])
            taken(f"{what} of more", verb, option, enough, *words)
            forget()
            clean()


def test_images():
    """Images are no files; very many of them need a number that is as large."""
    one = tar(entry("a", b"images"))
    few, many = docker([one], tags=[f"of:{i}" for i in range(20)]), docker([one], tags=[f"of:{i}" for i in range(1100)])
    taken("20 names are no files", "import", "--max-entries", "10", archive("a.tar", few))
    forget()
    refused("1100 names and few files", "--max-entries", "import", "--max-entries", "1000", archive("a.tar", many))
    taken("1100 names and a number for them", "import", "--max-entries", "110000", archive("a.tar", many))
    forget()
    twice = gz(docker([tar(entry(f"a{i}", b"x")) for i in range(8)]))
    taken("an archive that is read twice is counted once", "import", "--max-entries", "20", archive("a.tar", twice))
    forget()
    clean()


if __name__ == "__main__":
    run_tests([test_together, test_images])
