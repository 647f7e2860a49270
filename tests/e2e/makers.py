# SPDX-License-Identifier: MIT
"""makers - archives of images as their makers write them: whatever the files in it are called, it is
taken with its names, or refused; and a root file system that looks like one is one."""
import gzip
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.environ["MINC_TESTS"])
from evil import (IN, INSTRUMENTED, OCI, STORE, Image, archive, config_of, content, descriptor, digest, entry, folder, gz,  # noqa: E402
                  marten, put, refused, tar)
from tap import done, result, same  # noqa: E402

LOW = tar(folder("etc/"), entry("etc/low", b"x"))
TOP = tar(entry("marker", b"here"))
HEX = [hashlib.sha256(d).hexdigest() for d in (LOW, TOP)]
ZIPPED = [gzip.compress(d, mtime=0) for d in (LOW, TOP)]
CONFIG = config_of([LOW, TOP])
NAME = digest(CONFIG)


def names_of(text):
    """Names as images --format json has them."""
    return sorted(json.loads(line)["name"] for line in text.splitlines())


def listed():
    return [n for n in names_of(marten("images", "--format", "json")[1]) if n]


def forget():
    for line in marten("images", "--format", "json")[1].splitlines():
        marten("rmi", "-f", json.loads(line)["id"])
    marten("prune", "-f")


def taken(what, names, source, *words, stdin="/dev/null"):
    status, out, err = marten("load", "-q", *words, *(("-i", source) if source else ()), stdin=stdin)[:3]
    if result(status == 0, f"{what}: is loaded", f"status {status}", err):
        one = names[0] if names else out.split("sha256:")[-1].strip()
        if same(f"{what}: with its names", listed(), sorted(names)):
            has = content(one)
            result(b"marker" in has and b"etc/low" in has, f"{what}: and its layers", out)
    forget()


def listing(config, layers, tags):
    return json.dumps([{"Config": config, "RepoTags": tags, "Layers": layers}]).encode()


def test_docker():
    nix = ["0vkw1m51q34dr64z5i87dy99an4hfmyg", "1vkw1m51q34dr64z5i87dy99an4hfmyg"]
    makers = {  # the config, its name, the names and contents of the layers, which comes first
        "crane, ko, kaniko": (NAME, [f"{digest(z)[7:]}.tar.gz" for z in ZIPPED], ZIPPED, "config"),
        "jib": ("config.json", [f"{h}.tar.gz" for h in HEX], ZIPPED, "config"),
        "nix": (nix[0] + ".json", [n + "/layer.tar" for n in nix], (LOW, TOP), "layers"),
        "bazel": (NAME[7:] + ".json", [f"{h}/layer.tar" for h in HEX], (LOW, TOP), "layers"),
        "bazel, with blobs": (f"blobs/sha256/{NAME[7:]}", [f"blobs/sha256/{h}" for h in HEX], (LOW, TOP), "layers"),
        "pack": (NAME[7:] + ".json", [f"/{h}.tar" for h in HEX], (LOW, TOP), "config"),
        "names of nobody": ("config", ["base", "top layer"], (LOW, TOP), "layers"),
        "names of nobody, config first": ("the config", ["a/b/c/base", "d/top"], ZIPPED, "config"),
        "names of a root file system": ("etc/config", ["usr/base", "usr/top"], (LOW, TOP), "layers"),
        "the list first": ("config", ["base", "top"], (LOW, TOP), "list")}
    for maker, (config, names, layers, first) in makers.items():
        parts = {"config": entry(config, CONFIG),
                 "layers": b"".join(entry(n, d) for n, d in zip(names, layers)),
                 "list": entry("manifest.json", listing(config, names, ["app:1", "example.org/a/b:2"]))}
        order = {"config": ("config", "layers", "list"), "layers": ("layers", "config", "list"),
                 "list": ("list", "config", "layers")}[first]
        data = tar(*[parts[p] for p in order])
        want = ["app:1", "example.org/a/b:2"]
        taken(maker, want, archive("m.tar", data))
        if first != "list":
            taken(f"{maker}, in gzip", want, archive("m.tar.gz", gz(data)))
        if maker in ("nix", "names of nobody"):
            taken(f"{maker}, from standard input", want, None, stdin=archive("m.tar", data))
    parts = folder("./") + b"".join(folder(f"./{n}/") + entry(f"./{n}/VERSION", b"1.0") + entry(f"./{n}/json", b"{}") +
                                    entry(f"./{n}/layer.tar", d) for n, d in zip(nix, (LOW, TOP)))
    taken("nix, with all that old archives have", ["nix:a"], archive("m.tar", tar(
        parts, entry("./repositories", json.dumps({"nix": {"a": nix[0]}}).encode()), entry(f"./{nix[0]}.json", CONFIG),
        entry("./manifest.json", listing(f"{nix[0]}.json", [f"{n}/layer.tar" for n in nix], ["nix:a"])))))
    empty = config_of([LOW, TOP, b""], ids=[digest(d) for d in (LOW, TOP, b"")])
    taken("pack, with an empty layer", ["pack:1"], archive("m.tar", tar(
        entry("c.json", empty), entry(f"/{HEX[0]}.tar", LOW), entry(f"/{HEX[1]}.tar", TOP), entry("blank_2", b""),
        entry("manifest.json", listing("c.json", [f"/{HEX[0]}.tar", f"/{HEX[1]}.tar", "blank_2"], ["pack:1"])))))


class Layout(Image):
    """An image as an index of an archive has it."""

    def __init__(self, **notes):
        super().__init__(LOW, TOP)
        self.notes = notes

    def entry(self):
        return descriptor("manifest.v1+json", self.manifest_text(), annotations={
            key.replace("_", "."): value for key, value in self.notes.items()})

    def nest(self, *more, **fields):
        """Its entry in an index, and that in the list."""
        inner = json.dumps({"schemaVersion": 2, "mediaType": OCI + "index.v1+json",
                            "manifests": [self.entry(), *more]}).encode()
        self.blobs[digest(inner)] = inner
        self.index["manifests"] = [descriptor("index.v1+json", inner, **fields)]
        return self


def oci(image, extra=b"", mark=True):
    files = [entry(f"blobs/sha256/{d[7:]}", data) for d, data in image.all().items()]
    return tar(*files, entry("index.json", image.index_text()),
               entry("oci-layout", b'{"imageLayoutVersion": "1.0.0"}') if mark else b"", extra)


def test_oci():
    ref, docker = "org_opencontainers_image_ref_name", "io_containerd_image_name"
    both = listing(f"blobs/sha256/{NAME[7:]}", [f"blobs/sha256/{h}" for h in HEX], ["both:1"])
    for maker, names, data in (
            ("buildx", ["app"], oci(Layout(**{ref: "latest", docker: "docker.io/library/app:latest"}))),
            ("buildx, for a registry", ["example.org/a/b:2"], oci(Layout(**{ref: "2", docker: "example.org/a/b:2"}))),
            ("podman", ["localhost/app:1"], oci(Layout(**{ref: "localhost/app:1"}))),
            ("skopeo", ["deb"], oci(Layout(**{ref: "deb"}))),
            ("nobody with a name", [], oci(Layout())),
            ("docker, with both lists", ["app:1"], oci(Layout(**{ref: "1", docker: "docker.io/library/app:1"}),
                                                       entry("manifest.json", both.replace(b"both:1", b"app:1")))),
            ("docker, with names in one of them", ["both:1"], oci(Layout(), entry("manifest.json", both))),
            ("one without oci-layout", ["app:1"], oci(Layout(**{ref: "app:1"}), mark=False))):
        names = [n if ":" in n else n + ":latest" for n in names]
        taken(f"an OCI archive of {maker}", names, archive("o.tar", data))
    for name, image in (
            ("an index", Layout().nest(annotations={"org.opencontainers.image.ref.name": "n:1"})),
            ("one with what it was made of", Layout().nest(
                descriptor("manifest.v1+json", b"{}", platform={"architecture": "unknown", "os": "unknown"},
                           annotations={"vnd.docker.reference.type": "attestation-manifest"}),
                annotations={"org.opencontainers.image.ref.name": "n:1"}))):
        image.entry = lambda d=descriptor("manifest.v1+json", image.manifest_text()): d
        taken(f"{name} without a platform", ["n:1"], archive("o.tar", oci(image)))
    deep = Layout()
    machine = {"architecture": os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64"), "os": "linux"}
    inner = [{**deep.entry(), "platform": machine}]
    for level in range(5):
        other = descriptor("manifest.v1+json", b"{}", platform={"architecture": "none", "os": "linux"})
        text = json.dumps({"schemaVersion": 2, "manifests": [other, *inner]}).encode()
        deep.blobs[digest(text)] = text
        inner = [descriptor("index.v1+json", text, **({"platform": machine} if level % 2 else {}))]
    deep.index["manifests"] = [{**inner[0], "annotations": {"org.opencontainers.image.ref.name": "deep:1"}}]
    taken("indexes in one another", ["deep:1"], archive("o.tar", oci(deep)))
    beside = Layout()
    beside.index["manifests"] = [
        {**beside.entry(), "annotations": {"org.opencontainers.image.ref.name": "b:1"}},
        descriptor("manifest.v1+json", b"{}", annotations={"vnd.docker.reference.type": "attestation-manifest"}),
        descriptor("manifest.v1+json", b"{}", artifactType="application/vnd.example+json")]
    taken("what lies beside an image in a list", ["b:1"], archive("o.tar", oci(beside)))
    top = Layout(**{ref: "dir:1"}).write("layout")
    os.unlink(f"{top}/oci-layout")
    taken("a layout without oci-layout", ["dir:1"], top)
    shutil.rmtree(top)


def test_kept():
    """What was found through several indexes is still found after a prune, with the name it was pulled by."""
    image = Layout().nest()
    marten("import", "-q", archive("o.tar", oci(image)), "kept:1")
    before = sorted(os.listdir(f"{STORE}/blobs/sha256"))
    marten("prune", "-f")
    same("a prune keeps all of it", sorted(os.listdir(f"{STORE}/blobs/sha256")), before)
    same("and fsck finds nothing", marten("fsck")[:3], (0, "", ""))
    forget()
    same("without the image nothing is left", os.listdir(f"{STORE}/blobs/sha256"), [])


def test_listed():
    """An index in an index that index.json itself lists, as another tool brings it: a prune keeps what is in it."""
    image = Layout().nest()
    inner = image.index["manifests"][0]
    text = json.dumps({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [inner]}).encode()
    marten("import", "-q", archive("o.tar", oci(image)), "kept:1")
    before = sorted(os.listdir(f"{STORE}/blobs/sha256"))
    put(f"{STORE}/blobs/sha256/{digest(text)[7:]}", text)
    listed_so = descriptor("index.v1+json", text, annotations={"org.opencontainers.image.ref.name": "kept:1"})
    put(f"{STORE}/index.json", json.dumps({"schemaVersion": 2, "manifests": [listed_so]}).encode())
    marten("prune", "-f")
    same("a prune keeps what indexes in a listed one have", sorted(os.listdir(f"{STORE}/blobs/sha256")),
         sorted([*before, digest(text)[7:]]))
    put(f"{STORE}/index.json", json.dumps({"schemaVersion": 2, "manifests": []}).encode())
    marten("prune", "-f")
    same("and removes it with that", os.listdir(f"{STORE}/blobs/sha256"), [])
    forget()


def test_digests():
    """A name with a digest is only its image's; what is saved by it can be loaded."""
    image = Image(LOW, TOP)
    own = f"app@{digest(image.manifest_text())}"
    source = archive("o.tar", oci(image))
    for form, names in (("oci-archive", [own]), ("docker-archive", [])):
        same(f"{form}: imported by its digest", marten("import", "-q", source, own)[0], 0)
        saved = os.path.join(IN, "saved.tar")
        if os.path.exists(saved):
            os.unlink(saved)
        same(f"{form}: saved by it", marten("save", "--format", form, "-o", saved, own)[0], 0)
        forget()
        taken(f"{form}: one saved by its digest", names, saved)
    other = Image(TOP)
    for one in (image, other):
        marten("import", "-q", archive("o.tar", oci(one)), "app:1")
    for name, one in itertools.product(("app", "app:1", "app:2"), (image, other)):
        status, out = marten("inspect", f"{name}@{digest(one.manifest_text())}")[:2]
        result(status == 0 and digest(one.config)[7:] in out, f"{name}@... is the image with the digest, wherever its tag is",
               f"status {status}", out[:300])
    same("of another repository it is not that image",
         marten("inspect", f"other:1@{digest(other.manifest_text())}")[0], 125)
    same("rmi of a name that has moved", marten("rmi", f"app:1@{digest(image.manifest_text())}")[0], 0)
    same("takes that image", listed(), ["app:1"])
    same("and no other", marten("images", "-q")[1].count("\n"), 1)
    forget()
    refused("one that is another's", "the image's digest is", "import", source, f"app@{digest(b'another')}", stays=True)


def test_no_digest():
    """What looks like a digest or an id is that image, whoever has called another one so."""
    marten("import", "-q", archive("o.tar", oci(Image(LOW, TOP))), "wanted:1")
    wanted = json.loads(marten("images", "--format", "json", "wanted:1")[1])
    marten("import", "-q", archive("r.tar", tar(entry("other", b"x"))), "other:1")
    for name in (wanted["digest"], f"sha256:{wanted['id']}", wanted["id"]):
        listed_so = Layout(org_opencontainers_image_ref_name=name)
        for what, words in (("import", ("import", archive("r.tar", tar(entry("other", b"x"))), name)),
                            ("tag", ("tag", "other:1", name)),
                            ("an OCI archive", ("import", archive("o.tar", oci(listed_so)))),
                            ("a docker archive", ("import", archive("d.tar", tar(
                                entry("config", CONFIG), entry("base", LOW), entry("top", TOP),
                                entry("manifest.json", listing("config", ["base", "top"], [name]))))))):
            refused(f"{what}: the name {name[:14]}...", "not a name", *words, stays=True)
        with open(f"{STORE}/index.json", encoding="utf-8") as f:
            index = json.load(f)
        for one in index["manifests"]:
            if one["digest"] != wanted["digest"]:
                one["annotations"]["org.opencontainers.image.ref.name"] = name
        put(f"{STORE}/index.json", json.dumps(index).encode())
        found = json.loads(marten("inspect", name)[1] or "{}")
        found = found[0] if isinstance(found, list) else found
        result(wanted["id"] in json.dumps(found.get("Id", found.get("id"))), f"{name[:14]}... is the image with it",
               json.dumps(found)[:200])
        for one in index["manifests"]:
            if one["digest"] != wanted["digest"]:
                one["annotations"]["org.opencontainers.image.ref.name"] = "other:1"
        put(f"{STORE}/index.json", json.dumps(index).encode())
    marten("fsck", "--repair")
    forget()


def root_of(name, data, *paths):
    """It is a root file system, with those files."""
    status, _, err = marten("import", "-q", archive("r.tar", data), "root:1")[:3]
    if result(status == 0, f"{name}: is a root file system", f"status {status}", err):
        found = content("root:1")
        result(all(p.encode() in found for p in paths), f"{name}: with all that it has")
    forget()


def test_roots():
    web = entry("manifest.json", b'{"name": "app", "start_url": "/"}')
    etc = folder("etc/") + entry("etc/passwd", b"root:x:0:0::/:/bin/sh\n")
    root_of("one with a manifest of the web", tar(etc, web), "manifest.json", "etc/passwd")
    root_of("one with a list of packages", tar(etc, entry("repositories", b"https://example.org\n")), "repositories")
    root_of("one with an index", tar(etc, entry("index.json", b"{}"), folder("blobs/")), "index.json")
    root_of("one whose first file could be a config", tar(entry("config.json", b"{}"), folder("data/"), etc), "etc/passwd")
    root_of("one of a single program", tar(entry("hello", b"x", mode=0o755)), "hello")
    root_of("one of a single directory", tar(folder("srv/"), entry("srv/a", b"x")), "srv/")
    root_of("one with a layer's tar in it", tar(entry("layer.tar", TOP)), "layer.tar")
    root_of("a directory with a manifest of the web", tar(folder("app/"), entry("app/manifest.json", b'{"a": 1}')),
            "app/manifest.json")
    many = b"".join(folder(f"d{i}/") for i in range(2000))
    root_of("one of many directories", tar(many, entry("a", b"x")), "d1999/")
    few = archive("r.tar", tar(*[folder(f"d{i}/") for i in range(6)]))
    same("one of directories only, within what is allowed",
         marten("import", "-q", "--max-entries", "8", few, "root:1")[::2][:2], (0, ""))
    forget()


def test_large():
    """Lists and configs come behind more small files than are remembered."""
    four = 4 << 20
    layers = [tar(entry(f"zeros{i}", bytes(four - 1536))) for i in range(16)]
    text = b"{" + b" " * (four - 2) + b"}"
    image = Layout(org_opencontainers_image_ref_name="app:1")
    for what, before in (("layers", [entry(f"blobs/sha256/{digest(z)[7:]}", z) for z in layers]),
                         ("texts", [entry(f"blobs/sha256/{i:064x}", text) for i in range(17)])):
        blobs = [entry(f"blobs/sha256/{d[7:]}", data) for d, data in image.all().items()]
        marks = [entry("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), entry("index.json", image.index_text())]
        taken(f"a layout behind 64 MiB of small {what}", ["app:1"], archive("m.tar.gz", gz(tar(*before, *blobs, *marks))))
        config = [entry("c.json", CONFIG), entry("base", LOW), entry("top", TOP)]
        taken(f"a docker archive behind them ({what})", ["app:1"], archive("m.tar.gz", gz(tar(
            *before, *config, entry("manifest.json", listing("c.json", ["base", "top"], ["app:1"]))))))
    parts = [entry(f"{i:064x}.json", text) for i in range(17)]
    old = entry(f"{HEX[0]}/json", b"{}") + entry(f"{HEX[0]}/layer.tar", TOP + b"")
    data = tar(*parts, old, entry("repositories", json.dumps({"old": {"1": HEX[0]}}).encode()))
    status, out, err = marten("load", "-q", "-i", archive("m.tar.gz", gz(data)))[:3]
    same("one of the time before there was a list", (status, out), (0, "Loaded image: old:1\n"))
    result(not err, "without a word", err)
    forget()


def test_blanks():
    """A list may begin with what JSON has no use for."""
    good = [entry("config", CONFIG), entry("base", LOW), entry("top", TOP)]
    image = Layout(org_opencontainers_image_ref_name="app:1")
    blobs = [entry(f"blobs/sha256/{d[7:]}", data) for d, data in image.all().items()]
    for what, blank in (("a line", b"\n"), ("blanks", b" \t\r\n ")):
        taken(f"a docker archive with {what} before its list", ["app:1"], archive("m.tar", tar(
            *good, entry("manifest.json", blank + listing("config", ["base", "top"], ["app:1"])))))
        taken(f"a layout with {what} before its list", ["app:1"], archive("m.tar", tar(
            *blobs, entry("oci-layout", blank + b'{"imageLayoutVersion": "1.0.0"}'),
            entry("index.json", blank + image.index_text()))))
    forget()


def test_memory():
    """Texts are read again where they do not fit, and not kept then."""
    n = 12
    configs = [config_of([LOW, TOP], author=str(i), x="y" * 4000000) for i in range(n)]
    items = [{"Config": f"c{i}", "RepoTags": [f"m{i}:1"], "Layers": ["base", "top"]} for i in range(n)]
    data = tar(*[entry(f"c{i}", c) for i, c in enumerate(configs)], entry("base", LOW), entry("top", TOP),
               entry("manifest.json", json.dumps(items).encode()))
    status, out, err, kib = marten("load", "-q", "-i", archive("m.tar.gz", gz(data)))[:4]
    same("many images with long configs are taken", (status, out.count("Loaded")), (0, n))
    result(INSTRUMENTED or kib < 64 << 10, "one after the other", f"{kib >> 10} MiB", err)
    forget()


def test_reading():
    """What cannot be read is of no kind, and a message names what was read."""
    refused("what cannot be read", "/proc/self/mem: Input/output error", "import", "/proc/self/mem")
    refused("a file of /proc that has no length", "/proc/version: ", "import", "/proc/version")
    pipe = os.path.join(IN, "fifo")
    os.mkfifo(pipe)
    writer = subprocess.Popen(["sh", "-c", 'head -c 1000000 /dev/zero 2>/dev/null >"$1"', "sh", pipe])
    refused("a FIFO with more than is allowed", "fifo: more than 1024 bytes", "import", "--max-bytes", "1k", pipe)
    writer.wait()
    os.unlink(pipe)


def test_refused():
    good = [entry("config", CONFIG), entry("base", LOW), entry("top", TOP)]
    for name, part, data in (
            ("a list that is cut", "manifest.json", tar(*good, entry("manifest.json", listing("config", ["base"], [])[:-9]))),
            ("a list that is empty", "manifest.json", tar(*good, entry("manifest.json", b"[]"))),
            ("a list with more behind it", "list of images", tar(*good, entry(
                "manifest.json", listing("config", ["base"], ["a:1"]) + b', "more": 1'))),
            ("a list of something else", "list of images", tar(*good, entry("manifest.json", b"{}"))),
            ("a layer that is missing", "gone", tar(*good, entry("manifest.json", listing("config", ["gone"], [])))),
            ("a config that is missing", "gone", tar(*good, entry("manifest.json", listing("gone", ["base"], [])))),
            ("a config that is no file", "dir", tar(*good, folder("dir"), entry("manifest.json", listing("dir", ["base"], [])))),
            ("one in a directory", "pack what is in", tar(folder("img/"), entry("img/config", CONFIG), entry("img/base", LOW),
                                                         entry("img/manifest.json", listing("config", ["base"], ["a:1"])))),
            ("a layout in a directory", "pack what is in", tar(
                folder("img/"), folder("img/blobs/"), entry("img/index.json", b"{}"),
                entry("img/oci-layout", b'{"imageLayoutVersion": "1.0.0"}'))),
            ("what skopeo keeps as dir:", "list of images", tar(
                entry("version", b"Directory Transport Version: 1.1\n"), entry("manifest.json", Image().manifest_text()))),
            ("a layout without an index", "index.json", tar(entry("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'))),
            ("nothing", "empty", b"")):
        refused(f"an archive with {name}", part, "load", "-q", "-i", archive("bad.tar", data), stays=True)
    for name, part, config in (("fewer layers than ids", "layers", config_of([LOW, TOP, b"more"])),
                               ("an environment that is no list", "Env", config_of([LOW, TOP], config={"Env": "A=1"}))):
        refused(f"an archive with {name}", part, "load", "-q", "-i", archive("bad.tar", tar(
            entry("c.json", config), *good[1:], entry("manifest.json", listing("c.json", ["base", "top"], ["a:1"])))),
            stays=True)
    other = digest(b"another")
    for tags in (["a:1", f"b@{other}"], [f"b@{other}"], ["a:1", "../x"], ["a:1", "x y"]):
        data = tar(*good, entry("manifest.json", listing("config", ["base", "top"], tags)))
        status, _, err = marten("load", "-q", "-i", archive("bad.tar", data))[:3]
        result(status == 125 and tags[-1] in err, f"a name that is not its own is refused: {tags[-1][:12]}", status, err)
        result(not [n for n in listed() if n != "a:1"], "and nothing is called so", listed())
        forget()
    for name, part, files in (
            ("an archive that is unpacked", "pack it", {"manifest.json": listing("config", ["base"], []), "config": CONFIG}),
            ("what skopeo keeps as dir:", "skopeo", {"manifest.json": Image().manifest_text(), "version": b"1.1"}),
            ("a layout without an index", "without index.json", {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'})):
        for path, data in files.items():
            put(f"{IN}/dir/{path}", data)
        refused(f"a directory with {name}", part, "import", f"{IN}/dir")
        shutil.rmtree(f"{IN}/dir")


if __name__ == "__main__":
    marten("import", "-q", archive("r.tar", tar(entry("a", b"first"))), "first:1")  # so that there is a store
    forget()
    for test in (test_docker, test_oci, test_kept, test_listed, test_digests, test_no_digest, test_reading, test_roots, test_large, test_blanks, test_memory, test_refused):
        if os.environ.get("ONLY", "") in test.__name__:
            test()
    same("at last fsck finds nothing", marten("fsck")[:3], (0, "", ""))
    done()
