# SPDX-License-Identifier: MIT
"""hostile - archives, layouts and registries that mean harm: each is refused with one line
that names the thing, the store stays as it was, nothing outside is touched, and neither time
nor memory is at the sender's will."""
import hashlib
import http.server
import itertools
import json
import lzma
import os
import shutil
import struct
import subprocess
import sys
import threading
import zlib

sys.path.insert(0, os.environ["MINC_TESTS"])
from tap import AS_ROOT, MARTEN, done, result, same, skip, temporary  # noqa: E402

T = temporary()
STORE = os.path.join(T, "store")
IN = os.path.join(T, "in")
CWD = os.path.join(T, "cwd")
MEMORY = 256 << 10  # KiB
SECONDS = 20  # of work, not of waiting
GIB = 1 << 30
INSTRUMENTED = "SANITIZED" in os.environ  # which takes memory and time of its own
for path in (IN, CWD, os.path.join(T, "out")):
    os.mkdir(path)
OCI = "application/vnd.oci.image."


def put(path, data=b""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


put(f"{T}/out/precious", b"precious\n")


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


# Running it.

class Launcher:
    """A process of its own, forked while this one is small: what a child uses at the most is
    counted from what its parent has."""

    def __init__(self):
        self.ask, theirs = os.pipe(), os.pipe()
        self.answer = theirs[0]
        if os.fork() == 0:
            os.close(self.ask[1])
            with os.fdopen(self.ask[0]) as asked:
                for line in asked:
                    os.write(theirs[1], json.dumps(self.run(*json.loads(line))).encode() + b"\n")
            os._exit(0)
        os.close(theirs[1])
        self.answers = os.fdopen(self.answer)

    @staticmethod
    def run(words, stdin):
        with open(f"{T}/stdout", "wb") as out, open(f"{T}/stderr", "wb") as err:
            with open(stdin, "rb") as source:
                p = subprocess.Popen(words, stdin=source, stdout=out, stderr=err, cwd=CWD, env={
                    **os.environ, "HOME": f"{T}/home", "LC_ALL": "C.UTF-8"})
            _, status, used = os.wait4(p.pid, 0)
            p.returncode = status
        return os.waitstatus_to_exitcode(status), used.ru_maxrss, used.ru_utime + used.ru_stime

    def __call__(self, words, stdin):
        os.write(self.ask[1], json.dumps([words, stdin]).encode() + b"\n")
        return json.loads(self.answers.readline())


launch = Launcher()


def marten(*words, stdin="/dev/null"):
    """Status, stdout, stderr, KiB, seconds of work."""
    status, kib, seconds = launch([MARTEN, "--store", STORE, *words], stdin)
    texts = []
    for name in ("stdout", "stderr"):
        with open(f"{T}/{name}", encoding="utf-8", errors="replace") as f:
            texts.append(f.read())
    return status, *texts, kib, seconds


def listing(*tops):
    """All that is there, with content and time."""
    found = {}
    for top in tops:
        for path, dirs, files in os.walk(top):
            for name in dirs + files:
                one = os.path.join(path, name)
                st = os.lstat(one)
                data = None
                if name in files and os.path.isfile(one) and not os.path.islink(one):
                    with open(one, "rb") as f:
                        data = hashlib.sha256(f.read()).hexdigest()
                found[one] = (st.st_mode, st.st_mtime_ns if data else 0, data)
    return found


def everything():
    return listing(STORE, f"{T}/out", CWD)


def bounded(name, kib, seconds):
    if os.environ.get("VERBOSE"):
        print(f"# {kib >> 10} MiB, {seconds:.2f} s")
    if not INSTRUMENTED:
        result(kib <= MEMORY and seconds <= SECONDS, f"{name}: in bounds",
               f"{kib >> 10} MiB, {seconds:.1f} s")


def quiet(words):
    """No progress: what is left on stderr is messages."""
    return (words[0], "-q", *words[1:]) if words[0] in ("import", "pull") else words


def refused(name, part, *words, stays=False, **keywords):
    """@stays: layers that are good may be kept, unlisted."""
    before, images = everything(), marten("images", "--no-trunc")[1]
    status, out, err, kib, seconds = marten(*quiet(words), **keywords)
    line = err[:-1]
    good = (status == 125 and out == "" and err.startswith("marten: ") and err.endswith("\n") and
            "\n" not in line and line.isprintable() and part in line and len(err) < 1000)
    result(good, f"{name}: one line that says {part}", f"status {status}", ascii(out), ascii(err))
    after = everything()
    changed = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
    if stays:
        changed = [k for k in changed if not k.startswith((STORE + "/blobs/", STORE + "/layers/"))]
    same(f"{name}: all is as before", changed, [])
    same(f"{name}: no image more", marten("images", "--no-trunc")[1], images)
    bounded(name, kib, seconds)


def taken(name, *words, **keywords):
    """It is taken, for there is nothing wrong with it any more; its id."""
    status, out, err, kib, seconds = marten(*quiet(words), **keywords)
    result(status == 0, f"{name}: is taken", f"status {status}", ascii(err))
    bounded(name, kib, seconds)
    return out.split("\n")[0]


# Making tars, by hand: no library writes what is needed.

def number(n, width):
    if 0 <= n < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, n)
    return (n & (1 << 8 * width - 1) - 1 | 1 << 8 * width - 1).to_bytes(width, "big")


def header(name, kind=b"0", size=0, link="", uid=0, gid=0, mode=0o644, device=(0, 0)):
    h = bytearray(512)

    def at(offset, data):
        h[offset:offset + len(data)] = data

    name = name if isinstance(name, bytes) else name.encode()
    link = link if isinstance(link, bytes) else link.encode()
    at(0, name[:100])
    at(100, number(mode, 8) + number(uid, 8) + number(gid, 8) + number(size, 12) + number(1, 12))
    at(148, b" " * 8 + kind + link[:100])
    at(257, b"ustar\00000")
    at(329, number(device[0], 8) + number(device[1], 8))
    at(148, b"%06o\0 " % sum(h))
    return bytes(h)


def padded(data):
    return data + bytes(-len(data) % 512)


def pax(records, kind=b"x"):
    data = b""
    for key, value in records.items():
        value = value if isinstance(value, bytes) else value.encode()
        rest = b" " + key.encode() + b"=" + value + b"\n"
        length = len(rest)
        while length != len(rest) + len(str(length)):
            length = len(rest) + len(str(length))
        data += b"%d" % length + rest
    return header("pax", kind, len(data)) + padded(data)


def entry(name, data=b"", records=None, **fields):
    before = pax(records) if records else b""
    return before + header(name, size=fields.pop("size", len(data)), **fields) + padded(data)


def folder(name, **fields):
    return header(name, b"5", mode=0o755, **fields)


END = bytes(1024)


def tar(*entries):
    return b"".join(entries) + END


def gz(data):
    z = zlib.compressobj(6, zlib.DEFLATED, 31)
    return z.compress(data) + z.flush()


# Bombs: a piece that is repeated, so that making them is no work.

def gz_bomb(first, count, piece=16 << 20):
    """gzip of @first and @count times zeros; the check at the end is wrong, far away."""
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = z.compress(first) + z.flush(zlib.Z_FULL_FLUSH)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = raw.compress(bytes(piece)) + raw.flush(zlib.Z_FULL_FLUSH)
    return out + zeros * count + z.flush()


def frames(pack, first, count, piece=64 << 20):
    """The same with a form whose frames may follow one another."""
    return pack(first) + pack(bytes(piece)) * count


def command(*words):
    def pack(data):
        return subprocess.run(words, input=data, stdout=subprocess.PIPE, check=True).stdout
    return pack if shutil.which(words[0]) else None


def xz_dictionary(data, size_byte):
    """xz whose header asks for a dictionary of that size."""
    x = bytearray(lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32,
                                filters=[{"id": lzma.FILTER_LZMA2, "preset": 1}]))
    length = (x[12] + 1) * 4
    at = x.index(b"\x21\x01", 13)
    x[at + 2] = size_byte
    x[12 + length - 4:12 + length] = struct.pack("<I", zlib.crc32(bytes(x[12:12 + length - 4])))
    return bytes(x)


def zstd_window(exponent):
    """A frame that wants a window of 2^(10 + @exponent), with one block of zeros."""
    return b"\x28\xb5\x2f\xfd\x00" + bytes([exponent << 3]) + struct.pack("<I", 1024 << 3 | 3)[:3] + b"\0"


# Images around layers.

def config_of(layers, **more):
    ids = [digest(zlib.decompress(d, 31) if d[:2] == b"\x1f\x8b" and len(d) < 1 << 20 else d)
           for d in layers]
    return json.dumps({"architecture": "amd64", "os": "linux",
                       "rootfs": {"type": "layers", "diff_ids": more.pop("ids", ids)},
                       **more}).encode()


def docker(layers, manifest=None, config=None, extra=b"", tags=("evil:1",)):
    config = config_of(layers) if config is None else config
    name = digest(config)[7:] + ".json"
    if manifest is None:
        manifest = json.dumps([{"Config": name, "RepoTags": list(tags), "Layers":
                                [f"{digest(d)[7:]}.tar" for d in layers]}])
    manifest = manifest if isinstance(manifest, bytes) else manifest.encode()
    return tar(entry("manifest.json", manifest), entry(name, config),
               *[entry(f"{digest(d)[7:]}.tar", d) for d in layers], extra)


def descriptor(kind, data, **more):
    return {"mediaType": OCI + kind, "digest": digest(data), "size": len(data), **more}


class Image:
    """Manifest, config and layers, to be changed before they are written."""

    def __init__(self, *layers, **more):
        self.layers = list(layers) or [gz(tar(entry("a", b"a")))]
        self.config = config_of(self.layers, **more)
        self.manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                         "config": descriptor("config.v1+json", self.config),
                         "layers": [descriptor("layer.v1.tar" + ("+gzip" if d[:2] == b"\x1f\x8b"
                                    else ""), d) for d in self.layers]}
        self.index = {"schemaVersion": 2}
        self.text = None  # of the manifest, if it is not JSON of it
        self.blobs = {}   # other contents

    def manifest_text(self):
        return self.text if self.text is not None else json.dumps(self.manifest).encode()

    def all(self):
        everything_ = {digest(d): d for d in (*self.layers, self.config, self.manifest_text())}
        return {**everything_, **self.blobs}

    def entry(self):
        return descriptor("manifest.v1+json", self.manifest_text(),
                          annotations={"org.opencontainers.image.ref.name": "evil:1"})

    def index_text(self):
        return json.dumps({"manifests": [self.entry()], **self.index}).encode()

    def write(self, name):
        top = os.path.join(IN, name)
        for d, data in self.all().items():
            put(f"{top}/blobs/sha256/{d[7:]}", data)
        put(f"{top}/oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        put(f"{top}/index.json", self.index_text())
        return top

    def tar(self):
        return tar(entry("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
                   entry("index.json", self.index_text()),
                   *[entry(f"blobs/sha256/{d[7:]}", data) for d, data in self.all().items()])


def archive(name, data):
    return put(os.path.join(IN, name), data)


def layer_refused(name, part, layer, ways=("tar", "docker", "oci"), **keywords):
    """The same layer, however it comes."""
    if "tar" in ways:
        refused(name, part, "import", archive("root.tar", layer), "evil", **keywords)
    if "docker" in ways:
        refused(f"{name}, docker-archive", part, "import", archive("d.tar", docker([layer])), **keywords)
    if "oci" in ways:
        top = Image(layer).write("layout")
        refused(f"{name}, OCI layout", part, "import", top, stays=True, **keywords)
        shutil.rmtree(top)


def content(image):
    """The root file system of an image, as a tar lists it."""
    path = os.path.join(IN, "exported.tar")
    if os.path.exists(path):
        os.unlink(path)
    marten("export", "-q", "-o", path, image)
    with open(path, "rb") as f:
        return f.read()


def test_paths():
    layer_refused("a path that leads up", '".."', tar(entry("../out/evil", b"x")))
    layer_refused("one in the middle", '".."', tar(folder("a"), entry("a/../../out/evil", b"x")),
                  ways=("tar",))
    layer_refused("a hard link that leads up", '".."', tar(entry("a", kind=b"1", link="../out/precious")))
    layer_refused("a hard link to an absolute name", "a hard link to what",
                  tar(entry("a", kind=b"1", link=f"{T}/out/precious")), ways=("tar", "oci"))
    layer_refused("through a symbolic link", "not a directory",
                  tar(entry("a", kind=b"2", link=f"{T}/out"), entry("a/evil", b"x")))
    layer_refused("a hard link through a symbolic link", "a hard link to",
                  tar(entry("a", kind=b"2", link=f"{T}/out"), entry("b", kind=b"1", link="a/precious")),
                  ways=("tar",))
    layer_refused("a hard link to a directory", "a hard link to a directory",
                  tar(folder("d"), entry("b", kind=b"1", link="d")), ways=("tar",))
    layer_refused("the root as a link", "root", tar(entry("./", kind=b"2", link="/")), ways=("tar",))
    layer_refused("a name of 300 bytes", "255 bytes", tar(entry("x", b"", {"path": "n" * 300})),
                  ways=("tar",))
    layer_refused("a path of 1100 names", "deep", tar(entry("x", b"", {"path": "d/" * 1100 + "x"})),
                  ways=("tar",))
    layer_refused("control characters in a name", "a?[31m?b/../c",
                  tar(entry(b"a\x1b[31m\nb/../c", b"x")))
    layer_refused("other tricks in a name", "..", tar(entry("a\u202e\u009b/../c", b"x")))
    layer_refused("bytes that are no text in a name", "..", tar(entry(b"a\xff\xc3/../c", b"x")))
    taken("an absolute name", "import", archive("abs.tar", tar(entry(f"{T}/out/evil", b"x"))), "abs")
    result(not os.path.exists(f"{T}/out/evil"), "it is one below the root")
    marten("rmi", "abs")


def test_whiteouts():
    layers = ("docker", "oci")
    layer_refused("whiteouts in a root file system", "removed file", tar(entry(".wh.a")), ways=("tar",))
    layer_refused("a whiteout of nothing", "whiteout of nothing", tar(entry(".wh.")), ways=layers)
    layer_refused("a whiteout of .", "whiteout of nothing", tar(entry("d/.wh..")), ways=layers)
    layer_refused("a whiteout of ..", "whiteout of nothing", tar(entry("d/.wh...")), ways=layers)
    layer_refused("a file below a whiteout", "below a whiteout", tar(folder(".wh.d"), entry(".wh.d/a")),
                  ways=layers)
    layer_refused("the same in a root file system", "removed file", tar(entry(".wh.d/a")), ways=("tar",))
    layer_refused("a whiteout that leads up", '".."', tar(entry("../.wh.out")), ways=layers)
    for name, data in (("an opaque root", [entry(".wh..wh..opq")]),
                       ("a whiteout and what it hides", [folder("d"), entry("d/a", b"x"),
                                                        entry(".wh.d"), entry("d/.wh.a")]),
                       ("a whiteout with a slash", [folder(".wh.d/")]),
                       ("files of aufs", [entry(".wh..wh.aufs"), entry(".wh..wh.plnk/1.2")]),
                       ("a whiteout as a directory", [folder(".wh.d")])):
        taken(name, "import", archive("w.tar", docker([tar(*data)])))
        hasnt = b".wh." not in content("evil:1")
        result(hasnt, f"{name}: no whiteout is left to see")
        marten("rmi", "evil:1")


def test_attributes():
    overlay = {}
    for prefix in ("SCHILY.xattr.", "LIBARCHIVE.xattr."):
        value = "eQ==" if prefix[0] == "L" else "y"
        for space in ("trusted", "user"):
            for key in ("opaque", "redirect", "metacopy", "whiteout", "whiteouts", "origin"):
                overlay[f"{prefix}{space}.overlay.{key}"] = value
    records = {**overlay, "SCHILY.xattr.user.good": "kept"}
    taken("attributes of overlayfs", "import", archive("x.tar", tar(
        header("d", b"5", mode=0o755), entry("d/a", b"x", records),
        pax(records) + folder("e"))), "attributes")
    data = content("attributes")
    result(b".overlay." not in data, "they are dropped")
    result(b"user.good=kept" in data, "and others are kept")
    layers = [os.path.join(STORE, "layers", n) for n in os.listdir(f"{STORE}/layers")]
    result(not any(b"overlay." in open(n, "rb").read() for n in layers), "and not in the layer either")
    marten("rmi", "attributes")
    layer_refused("more attributes than Linux takes", "extended attribute",
                  tar(entry("a", b"", {f"SCHILY.xattr.user.a{i}": "x" for i in range(200)})))
    layer_refused("a value that Linux does not take", "extended attribute",
                  tar(entry("a", b"", {"SCHILY.xattr.user.a": "x" * 70000})), ways=("tar",))


def test_entries():
    layer_refused("a device 0:0", "0:0", tar(entry("dev", kind=b"3")))
    layer_refused("a device Linux does not have", "device number",
                  tar(entry("dev", kind=b"4", device=(1 << 20, 1))), ways=("tar",))
    for uid in (0xffffffff, 1 << 32, -1, 1 << 55):
        layer_refused(f"owner {uid:#x}", "owner", tar(entry("a", b"x", uid=uid)), ways=("tar",))
        layer_refused(f"group {uid:#x}", "owner", tar(entry("a", b"x", gid=uid)), ways=("tar",))
    layer_refused("an owner in a pax header", "owner", tar(entry("a", b"x", {"uid": str(1 << 32)})))
    layer_refused("a negative size", "", tar(entry("a", size=-1)), ways=("tar",))
    layer_refused("a truncated tar", "runcated", entry("a", b"x")[:-100], ways=("tar", "oci"))
    layer_refused("a tar without an end", "no end", entry("a", b"x"), ways=("tar", "oci"))
    layer_refused("something behind the end", "follows", tar(entry("a", b"x")) + tar(entry("b", b"y")),
                  ways=("tar", "oci"))
    layer_refused("a broken check sum", "", b"x" + tar(entry("a", b"x"))[1:], ways=("tar", "oci"))
    layer_refused("what is no tar at all", "", b"precious" * 1000, ways=("tar", "oci"))
    layer_refused("gzip in gzip", "more than once", gz(gz(tar(entry("a", b"x")))), ways=("tar",))
    taken("a FIFO in a root file system", "import", archive("f.tar", tar(entry("f", kind=b"6"))), "fifo")
    marten("rmi", "fifo")


def test_sizes():
    sparse = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s"}
    layer_refused("a sparse file of 4 EiB", "bytes", tar(entry(
        "s", padded(b"1\n0\n0\n"), {**sparse, "GNU.sparse.realsize": str(1 << 62)})))
    layer_refused("more EiB than there are", "", tar(entry(
        "s", padded(b"1\n0\n0\n"), {**sparse, "GNU.sparse.realsize": str((1 << 64) + 5)})), ways=("tar",))
    layer_refused("sparse parts that overlap", "", tar(entry(
        "s", padded(b"2\n0\n512\n0\n512\n") + bytes(1024), {**sparse, "GNU.sparse.realsize": "1024"})),
        ways=("tar",))
    layer_refused("a million sparse parts", "header", tar(entry(
        "s", padded(b"4000000\n" + b"0\n0\n" * 4000000), {**sparse, "GNU.sparse.realsize": "1024"})),
        ways=("tar",))
    holes = taken("a sparse file of 20 GiB", "import", archive("h.tar", tar(entry(
        "s", padded(b"1\n0\n0\n"), {**sparse, "GNU.sparse.realsize": str(20 * GIB)}))), "holes")
    marten("rmi", holes)
    layer_refused("a file of 8 EiB", "", header("a", size=(1 << 63) - 1) + END, ways=("tar",))
    layer_refused("a pax header of 1 GiB", "", header("x", b"x", size=GIB) + END, ways=("tar",))
    layer_refused("a pax header of 64 MiB", "", tar(entry("a", b"", {"comment": "c" * (64 << 20)}),
                                                    entry("../a")), ways=("tar",))
    layer_refused("a name of 100 MiB", "", header("n", b"L", size=100 << 20) + b"n" * (100 << 20) +
                  tar(entry("a")), ways=("tar",))
    one = pax({"SCHILY.xattr.user.a": "x" * 65000})
    with open(archive("many.tar.gz", b""), "wb") as f:
        z = zlib.compressobj(1, zlib.DEFLATED, 31)
        for i in range(20000):
            f.write(z.compress(one + header(f"f{i}")))
        f.write(z.compress(END) + z.flush())
    refused("a gigabyte of attributes", "memory", "import", os.path.join(IN, "many.tar.gz"))
    with open(archive("names.tar.gz", b""), "wb") as f:
        z = zlib.compressobj(1, zlib.DEFLATED, 31)
        before, after = header("0123456789" + "n" * 80).split(b"0123456789")
        for name in itertools.islice(itertools.permutations(b"0123456789"), 1000000):
            f.write(z.compress(before + bytes(name) + after))  # with the same check sum
        f.write(z.compress(END) + z.flush())
    status, _, err, kib, seconds = marten("import", "-q", os.path.join(IN, "names.tar.gz"), "names")
    result(status in (0, 125), "a million names are taken, or refused", f"status {status}", err)
    bounded("a million names", kib, seconds)
    marten("rmi", "names")
    refused("more entries than allowed", "more than 10 ", "import", "--max-entries", "10",
            archive("e.tar", tar(*[entry(f"a{i}") for i in range(11)])))
    refused("more bytes than allowed", "more than 5120 bytes", "import", "--max-bytes", "5k",
            archive("e.tar", tar(entry("a", bytes(6000)))))


def bombs():
    first = header("zeros", size=10 * GIB)
    yield "gzip", gz_bomb(first, 640)
    yield "gzip, of nothing but zeros", gz_bomb(b"", 640)
    yield "gzip, in members", frames(gz, first, 160)
    for name, words in (("zstd", ("zstd", "-q", "-c")), ("xz", ("xz", "-0", "-c")),
                        ("bzip2", ("bzip2", "-c"))):
        pack = command(*words)
        if pack:
            yield name, frames(pack, first, 160)
        else:
            skip(f"a bomb of {name}", f"needs {name}")


def test_bombs():
    budget = ("--max-bytes", "256m")
    for name, data in bombs():
        refused(f"a bomb of {name}", "more than", "import", *budget, archive("bomb", data), "bomb")
        if name == "gzip":
            refused("one in a docker-archive", "more than", "import", *budget,
                    archive("bomb", docker([data])))
            top = Image(data, ids=[digest(b"")]).write("layout")
            refused("one in an OCI layout", "more than", "import", *budget, top, stays=True)
            shutil.rmtree(top)
    small = gz_bomb(header("zeros", size=10 * GIB), 640)
    refused("an archive of images that is a bomb", "more than", "import", *budget, archive(
        "bomb", gz_bomb(entry("manifest.json", b"[]") + header("a" * 64 + ".tar", size=10 * GIB), 640)))
    refused("a manifest that is a bomb", "more than", "import", *budget, archive(
        "bomb", gz_bomb(header("manifest.json", size=10 * GIB), 640)))
    refused("a bomb in a bomb", "more than", "import", *budget, archive("bomb", gz(docker([small]))))
    for size_byte, name in ((40, "4 GiB"), (36, "1 GiB")):
        layer_refused(f"xz with a dictionary of {name}", "memory", xz_dictionary(
            header("zeros", size=GIB) + bytes(300 << 20), size_byte), ways=("tar", "docker"))
    refused("an archive of images with such a dictionary", "memory", "import", archive("bomb", xz_dictionary(
        entry("manifest.json", b"[]") + header("a" * 64 + ".tar", size=GIB) + bytes(300 << 20), 40)))
    for exponent in (18, 21, 31):
        layer_refused(f"zstd with a window of 2^{10 + exponent}", "", zstd_window(exponent),
                      ways=("tar", "oci"))
    os.unlink(os.path.join(IN, "bomb"))


def bad_manifest(name, part, change, **keywords):
    """An image whose parts @change has changed: as a layout, as an archive, in a registry."""
    image = Image()
    change(image)
    top = image.write("layout")
    refused(name, part, "import", top, stays=True, **keywords)
    shutil.rmtree(top)
    refused(f"{name}, in an archive", part, "import", archive("oci.tar", image.tar()), stays=True)
    refused(f"{name}, in a registry", part, "pull", "--tls-verify=false", REGISTRY.offers(image),
            stays=True)


class Offers:
    """A registry that has whatever it is given, for one name."""

    def __init__(self):
        self.image, self.index = None, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, kind, body = outer.answer(self.path)
                self.send_response_only(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the other side had enough
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def offers(self, image, index=None):
        self.image, self.index = image, index
        return f"127.0.0.1:{self.server.server_address[1]}/evil:1"

    def answer(self, path_):
        name = path_.rpartition("/")[2]
        if name == "1" and self.index is not None:
            return 200, OCI + "index.v1+json", self.index
        if name == "1":
            return 200, OCI + "manifest.v1+json", self.image.manifest_text()
        if name in self.image.all():
            return 200, OCI + "manifest.v1+json", self.image.all()[name]
        return 200 if path_ == "/v2/" else 404, "application/json", json.dumps({"errors": [
            {"code": "NAME", "message": "\x1b[31m\nno\u202e"}]}).encode()


REGISTRY = Offers()


def text(value):
    def change(image):
        image.text = value if isinstance(value, bytes) else value.encode()
    return change


def part(key, value):
    def change(image):
        image.manifest[key] = value(image) if callable(value) else value
    return change


def of_layer(**fields):
    def change(image):
        image.manifest["layers"][0].update(fields)
    return change


def other_bytes(which):
    """The content is another one than the digest says."""
    def change(image):
        data = image.config if which == "config" else image.layers[0]
        image.blobs[digest(data)] = data[:-1] + b"x"
    return change


def other_config(value):
    def change(image):
        image.config = value if isinstance(value, bytes) else json.dumps(value).encode()
        image.manifest["config"] = descriptor("config.v1+json", image.config)
    return change


def test_manifests():
    """Whatever a manifest may say."""
    bad_manifest("a layer with another digest", "digest", other_bytes("layer"))
    bad_manifest("a config with another digest", "digest", other_bytes("config"))
    bad_manifest("a layer with another size", "", of_layer(size=5))
    bad_manifest("a layer of 8 EiB", "", of_layer(size=(1 << 63) - 1))
    bad_manifest("a size beyond numbers", "", of_layer(size=1 << 70))
    bad_manifest("a negative size", "size", of_layer(size=-1))
    bad_manifest("a size that is no number", "size", of_layer(size="5"))
    bad_manifest("a digest that is a path", "digest", of_layer(digest="sha256:../../../out/precious"))
    bad_manifest("a digest of an unknown kind", "", of_layer(digest="md5:" + "0" * 32))
    bad_manifest("a layer at a foreign place", "foreign", of_layer(
        urls=["http://127.0.0.1:1/x\x1b[31m"], mediaType=OCI + "layer.nondistributable.v1.tar+gzip"))
    bad_manifest("a media type nobody knows", "media", of_layer(mediaType="text/\x1b[31mplain"))
    bad_manifest("an encrypted layer", "", of_layer(mediaType=OCI + "layer.v1.tar+gzip+encrypted"))
    bad_manifest("a config of another media type", "", part("config", lambda i: {
        **i.manifest["config"], "mediaType": "application/vnd.cncf.helm.config.v1+json"}))
    bad_manifest("a manifest that is an index as well", "", part("manifests", []))
    bad_manifest("a manifest with another media type in it", "", part("mediaType", OCI + "index.v1+json"))
    bad_manifest("schema version 1", "schemaVersion", part("schemaVersion", 1))
    bad_manifest("no config", "config", part("config", None))
    bad_manifest("layers that are no list", "layers", part("layers", {"0": {}}))
    bad_manifest("a list of layers that are numbers", "layers", part("layers", [1, 2]))
    bad_manifest("more layers than overlayfs takes", "layers", part(
        "layers", lambda i: i.manifest["layers"] * 600))
    bad_manifest("fewer layers than the config says", "layers", part("layers", []))
    bad_manifest("a key that is there twice", "", text('{"schemaVersion": 2, "layers": [], "layers": []}'))
    bad_manifest("a text that is no JSON", "", text("precious"))
    bad_manifest("something behind the JSON", "", text(json.dumps(Image().manifest) + "{}"))
    bad_manifest("JSON that is a list", "", text("[]"))
    bad_manifest("a manifest of nothing", "", text(""))
    bad_manifest("an escaped zero", "", text('{"a\\u0000b": 2}'))
    bad_manifest("bytes that are no UTF-8", "", text(b'{"a": "\xff"}'))
    bad_manifest("JSON that is deep", "deep", text("[" * 100000 + "]" * 100000))
    bad_manifest("JSON that is deep in an object", "deep", text('{"a":' * 1000 + "1" + "}" * 1000))
    bad_manifest("a manifest of 5 MiB", "", text(json.dumps(Image().manifest) + " " * (5 << 20)))
    bad_manifest("a million empty lists", "", text('{"a": [' + "[]," * 1000000 + "1]}"))
    bad_manifest("a million empty objects", "", text('{"a": [' + "{}," * 1000000 + "1]}"))
    bad_manifest("half a million keys", "", text(
        "{" + ",".join(f'"{i}":1' for i in range(400000)) + "}"))
    bad_manifest("a config of other layers", "", other_config(
        {"architecture": "amd64", "os": "linux", "rootfs": {
            "type": "layers", "diff_ids": [digest(b"other")]}}))
    bad_manifest("a config without layers", "", other_config({"architecture": "amd64", "os": "linux"}))
    bad_manifest("a config that is no JSON", "", other_config(b"precious"))
    bad_manifest("a config with an environment that is none", "Env", other_config(
        {"architecture": "amd64", "os": "linux", "config": {"Env": ["A=\x1b", 5]}, "rootfs": {
            "type": "layers", "diff_ids": [digest(tar(entry("a", b"a")))]}}))


def test_indexes():
    """An index in an index, a name that is none, and the file system around a layout."""
    image = Image()
    for name, part_, entry_ in (
            ("an index in an index", "index", {"mediaType": OCI + "index.v1+json"}),
            ("a digest that is none", "digest", {"digest": "sha256:0"}),
            ("a size that is another", "size", {"size": 3}),
            ("a huge size", "", {"size": 1 << 62}),
            ("a name that is none", "name", {"annotations": {
                "org.opencontainers.image.ref.name": "e\x1b[31mvil\n"}}),
            ("a name that leads up", "name", {"annotations": {
                "org.opencontainers.image.ref.name": "../../out/precious"}})):
        child = {**image.entry(), **entry_}
        inner = json.dumps({"schemaVersion": 2, "manifests": [child]}).encode()
        image.index = {"manifests": [child]}
        if name == "an index in an index":
            outer = json.dumps({"schemaVersion": 2, "manifests": [
                {**descriptor("index.v1+json", inner), "platform": {
                    "architecture": "amd64", "os": "linux"}}]}).encode()
            image.blobs = {digest(inner): inner, digest(outer): outer}
            image.index = {"manifests": [descriptor("index.v1+json", outer)]}
            refused(f"{name}, in a registry", part_, "pull", "--tls-verify=false",
                    REGISTRY.offers(image, outer), stays=True)
        top = image.write("layout")
        refused(f"a layout with {name}", part_, "import", top, stays=True)
        shutil.rmtree(top)
        refused(f"an archive with {name}", part_, "import", archive("oci.tar", image.tar()), stays=True)
    refused("a name the registry does not have", "no", "pull", "--tls-verify=false",
            REGISTRY.offers(Image()).replace(":1", ":2"))


def spoiled(name, part_, spoil):
    image = Image(gz(tar(entry("a", b"layouts"))))  # which the store does not have yet
    top = image.write("layout")
    spoil(top, f"{top}/blobs/sha256", image)
    refused(f"a layout with {name}", part_, "import", top, stays=True)
    shutil.rmtree(top)


def moved(path):
    os.rename(path, f"{IN}/moved")
    os.symlink(f"{IN}/moved", path)


def test_layouts():
    def blob_of(which):
        return lambda image: {"config": image.config, "layer": image.layers[0],
                              "manifest": image.manifest_text()}[which]

    for which in ("config", "layer", "manifest"):
        def path(blobs, image, get=blob_of(which)):
            return f"{blobs}/{digest(get(image))[7:]}"

        def fifo(top, blobs, image, path=path):
            os.unlink(path(blobs, image))
            os.mkfifo(path(blobs, image))

        def folder_(top, blobs, image, path=path):
            os.unlink(path(blobs, image))
            os.mkdir(path(blobs, image))

        def link(top, blobs, image, path=path):
            moved(path(blobs, image))

        spoiled(f"a FIFO as its {which}", "", fifo)
        spoiled(f"a directory as its {which}", "", folder_)
        spoiled(f"a link as its {which}", "", link)
        spoiled(f"no {which}", "", lambda top, blobs, image, path=path: os.unlink(path(blobs, image)))
        os.unlink(f"{IN}/moved")
    spoiled("a link as blobs/sha256", "blobs", lambda top, blobs, image: moved(blobs))
    shutil.rmtree(f"{IN}/moved")
    spoiled("a link as blobs", "blobs", lambda top, blobs, image: moved(f"{top}/blobs"))
    shutil.rmtree(f"{IN}/moved")
    spoiled("a link as index.json", "index.json", lambda top, blobs, image: moved(f"{top}/index.json"))
    os.unlink(f"{IN}/moved")

    def fifo_index(top, blobs, image):
        os.unlink(f"{top}/index.json")
        os.mkfifo(f"{top}/index.json")

    spoiled("a FIFO as index.json", "index.json", fifo_index)

    def large_index(top, blobs, image):
        os.truncate(f"{top}/index.json", 1 << 40)

    spoiled("an index.json of 1 TiB", "index.json", large_index)


def bad_docker(name, part_, data, **keywords):
    refused(f"docker-archive: {name}", part_, "import", archive("d.tar", data), stays=True, **keywords)


def test_docker_archives():
    good = tar(entry("a", b"x"))
    name = digest(good)[7:] + ".tar"
    config = config_of([good])

    def manifest(**fields):
        return json.dumps([{"Config": digest(config)[7:] + ".json", "Layers": [name], **fields}])

    bad_docker("a layer that is a path", "missing", docker([good], manifest(Layers=["../../out/precious"])))
    bad_docker("a layer that is absolute", "missing", docker([good], manifest(
        Layers=[f"{T}/out/precious"])))
    bad_docker("control characters in a name", "missing", docker([good], manifest(Layers=["\x1b[31m\n"])))
    bad_docker("a config that is missing", "missing", docker([good], manifest(Config="../x")))
    bad_docker("a layer that is a link out", "link", docker([good], manifest(Layers=["b" * 64]), extra=entry(
        "b" * 64, kind=b"2", link=f"{T}/out/precious")))
    bad_docker("a layer that is a link to itself", "link", docker([good], manifest(
        Layers=["b" * 64]), extra=entry("b" * 64, kind=b"2", link="b" * 64)))
    bad_docker("a config that is a link out", "link", docker([good], manifest(
        Config="b" * 64 + ".json"), extra=entry("b" * 64 + ".json", kind=b"2", link="/etc/passwd")))
    bad_docker("a config that is a layer", "", docker([good], manifest(Config=name)))
    bad_docker("a layer that is the config", "", docker([good], manifest(
        Layers=[digest(config)[7:] + ".json"])))
    bad_docker("600 layers", "layers", docker([good], manifest(Layers=[name] * 600)))
    bad_docker("a file that is in it twice", "twice", docker([good], extra=entry(
        "manifest.json", b"[]")))
    bad_docker("a key that is there twice", "", docker([good], '[{"Config":"a","Config":"b"}]'))
    bad_docker("a manifest that is an object", "", docker([good], '{"Config":"a"}'))
    bad_docker("a manifest that closes more than it opens", "", docker([good], '[]}, "x": [{}]'))
    bad_docker("a deep manifest", "deep", docker([good], "[" * 100000))
    bad_docker("a manifest of 5 MiB", "", docker([good], b"[" + b" " * (5 << 20) + b"]"))
    bad_docker("a manifest with a zero in it", "", docker([good], b"[]\0garbage"))
    bad_docker("a name that is none", "name", docker([good], tags=["\x1b[31mEVIL\n"]))
    bad_docker("a name that leads up", "name", docker([good], tags=["../../out:1"]))
    bad_docker("a second name that is none", "name", docker([good], tags=["evil:1", "\x1b[31mEVIL\n"]))
    bad_docker("a second name that is no text", "", docker([good], manifest(RepoTags=["evil:1", 5])))
    bad_docker("a config of other layers", "", docker([good], config=config_of([b"other"])))
    bad_docker("a circle of parents", "parent", tar(entry("repositories", json.dumps(
        {"evil": {"1": "a" * 64}}).encode()), entry("a" * 64 + "/json", json.dumps(
            {"parent": "a" * 64}).encode()), entry("a" * 64 + "/layer.tar", good)))
    bad_docker("more files than there are in one", "files", tar(
        entry("manifest.json", b"[]"), *[entry(f"{i}") for i in range(100001)]))


def main():
    tests = [v for k, v in globals().items() if k.startswith("test_")]
    only = os.environ.get("ONLY", "")
    taken("a good image", "import", archive("good.tar", tar(entry("a", b"good"))), "good:1")
    for test in tests:
        if only not in test.__name__:
            continue
        if AS_ROOT or test not in (test_sizes, test_bombs):  # the same for everybody
            test()
    status, out, err = marten("fsck")[:3]
    same("at last fsck finds nothing", (status, out, err), (0, "", ""))
    result(marten("images", "-q")[1].count("\n") == 1, "and the good image is there, alone")
    done()


if __name__ == "__main__":
    main()
