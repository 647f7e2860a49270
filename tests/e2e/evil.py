# SPDX-License-Identifier: MIT
"""evil - archives, layouts and registries that mean harm, and what has to come of them: one line
that names the thing, the store as it was, nothing outside touched, and neither time nor memory
at the sender's will."""
import hashlib
import json
import lzma
import os
import shutil
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.environ["MINC_TESTS"])
from tap import MARTEN, done, result, same, temporary  # noqa: E402

T = temporary()
STORE = os.path.join(T, "store")
IN = os.path.join(T, "in")
CWD = os.path.join(T, "cwd")
MEMORY = 256 << 10  # KiB
SECONDS = 20  # of work, not of waiting
GIB = 1 << 30
INSTRUMENTED = bool(os.environ.get("SANITIZED"))  # which takes memory and time of its own
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


def bounded(name, kib, seconds, memory=MEMORY):
    if os.environ.get("VERBOSE"):
        print(f"# {kib >> 10} MiB, {seconds:.2f} s")
    if not INSTRUMENTED:
        result(kib <= memory and seconds <= SECONDS, f"{name}: in bounds",
               f"{kib >> 10} MiB, {seconds:.1f} s")


def quiet(words):
    """No progress: what is left on stderr is messages."""
    return (words[0], "-q", *words[1:]) if words[0] in ("import", "load", "pull") else words


def refused(name, part, *words, stays=False, **keywords):
    """@stays: layers that are good may be kept, unlisted. The line."""
    before, images = everything(), marten("images", "--format", "json")[1]
    status, out, err, kib, seconds = marten(*quiet(words), **keywords)
    # what a registry is asked again for is said each time
    err = "".join(line for line in err.splitlines(keepends=True)
                  if not (line.startswith("marten: warning: ") and ": asked again " in line))
    line = err[:-1]
    good = (status == 125 and out == "" and err.startswith("marten: ") and err.endswith("\n") and
            "\n" not in line and line.isprintable() and part in line and len(err) < 1000)
    result(good, f"{name}: one line that says {part}", f"status {status}", ascii(out), ascii(err))
    after = everything()
    changed = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
    if stays:
        changed = [k for k in changed if not k.startswith((STORE + "/blobs/", STORE + "/layers/"))]
    same(f"{name}: all is as before", changed, [])
    same(f"{name}: no image more", marten("images", "--format", "json")[1], images)
    bounded(name, kib, seconds)
    return line


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


def gz_repeated(piece, count, before=b"", after=b""):
    """gzip of @count times @piece, in members, between others."""
    return before + gz(piece) * count + after


def gz_members(count, end=False):
    """gzip of @count files of 1 GiB of zeros."""
    zeros = gz(bytes(16 << 20)) * 64
    files = b"".join(gz(header(f"zeros{i}", size=GIB)) + zeros for i in range(count))
    return files + (gz(END) if end else b"")


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


def run_tests(tests):
    """Those whose name has $ONLY in it."""
    taken("a good image", "import", archive("good.tar", tar(entry("a", b"good"))), "good:1")
    for test in tests:
        if os.environ.get("ONLY", "") in test.__name__:
            test()
    status, out, err = marten("fsck")[:3]
    same("at last fsck finds nothing", (status, out, err), (0, "", ""))
    result(marten("images", "-q")[1].count("\n") == 1, "and the good image is there, alone")
    done()
