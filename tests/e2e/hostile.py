# SPDX-License-Identifier: MIT
"""hostile - layers that mean harm, however they come: paths, whiteouts, attributes, bombs."""
import itertools
import json
import os
import shutil
import subprocess
import sys
import zlib

sys.path.insert(0, os.environ["MINC_TESTS"])
from evil import (END, GIB, IN, STORE, T, Image, archive, bounded, command, config_of, content,  # noqa: E402
                  digest, docker, entry, folder, frames, gz, gz_bomb, gz_members, gz_repeated, header,
                  layer_refused, marten, padded, pax, put, refused, run_tests, taken, tar, xz_dictionary, zstd_window)
from tap import AS_ROOT, result, skip  # noqa: E402


def test_paths():
    layer_refused("a path that leads up", '".."', tar(entry("../out/evil", b"x")))
    layer_refused("one in the middle", '".."', tar(folder("a"), entry("a/../../out/evil", b"x")),
                  ways=("tar",))
    layer_refused("a hard link that leads up", '".."', tar(entry("a", kind=b"1", link="../out/precious")))
    layer_refused("a hard link to an absolute name", "a hard link to what",
                  tar(entry("a", kind=b"1", link=f"{T}/out/precious")), ways=("tar", "oci"))
    for to in (f"{T}/out", "../../../../../.." + f"{T}/out"):
        taken("through a symbolic link", "import",
              archive("l.tar", tar(entry("a", kind=b"2", link=to), entry("a/evil", b"x"))), "link")
        result(not os.path.exists(f"{T}/out/evil"), "it is one below the root", to)
        marten("rmi", "link")
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
    layer_refused("control characters in a name", "../a?[31m?b/c",
                  tar(entry(b"../a\x1b[31m\nb/c", b"x")))
    layer_refused("other tricks in a name", "..", tar(entry("../a\u202e\u009b/c", b"x")))
    layer_refused("bytes that are no text in a name", "..", tar(entry(b"../a\xff\xc3/c", b"x")))
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
    layer_refused("a device 0:0 in a root file system", "0:0", tar(entry("dev", kind=b"3")), ways=("tar",))
    layer_refused("a device Linux does not have", "device number",
                  tar(entry("dev", kind=b"4", device=(1 << 20, 1))), ways=("tar",))
    for uid in (0xffffffff, 1 << 32, -1, 1 << 55):
        layer_refused(f"owner {uid:#x}", "owner", tar(entry("a", b"x", uid=uid)), ways=("tar",))
        layer_refused(f"group {uid:#x}", "owner", tar(entry("a", b"x", gid=uid)), ways=("tar",))
    layer_refused("an owner in a pax header", "owner", tar(entry("a", b"x", {"uid": str(1 << 32)})))
    layer_refused("a negative size", "", tar(entry("a", size=-1)), ways=("tar",))
    layer_refused("a truncated tar", "runcated", entry("a", bytes(1000))[:-100], ways=("tar", "oci"))
    layer_refused("a tar without an end", "no end", entry("a", b"x"), ways=("tar",))
    layer_refused("something behind the end", "follows", tar(entry("a", b"x")) + tar(entry("b", b"y")),
                  ways=("tar",))
    layer_refused("a broken check sum", "", b"x" + tar(entry("a", b"x"))[1:], ways=("tar", "oci"))
    layer_refused("what is no tar at all", "", b"precious" * 1000, ways=("tar", "oci"))
    layer_refused("gzip in gzip", "more than once", gz(gz(tar(entry("a", b"x")))), ways=("tar",))
    taken("a FIFO in a root file system", "import", archive("f.tar", tar(entry("f", kind=b"6"))), "fifo")
    marten("rmi", "fifo")


def patched(at, data, **fields):
    """A header with other bytes, and a sum that is right, or is one of signed bytes."""
    h = bytearray(header("name", **{k: v for k, v in fields.items() if k != "signed"}))
    h[at:at + len(data)] = data
    h[148:156] = b" " * 8
    total = sum(b - 256 if fields.get("signed") and b > 127 else b for b in h)
    h[148:156] = b"%06o\0 " % (total & 0o777777)
    return bytes(h)


def test_numbers():
    """What libarchive reads as 0, as the largest number, or up to a NUL."""
    wide = (1 << 87 | (1 << 32) + 1).to_bytes(11, "big")
    for name, part, data in (
            ("a size in hexadecimal", "name: size", patched(124, b"0x000000010\0")),
            ("a size that is no number", "name: size", patched(124, b"00000000009 ")),
            ("a size of two numbers", "name: size", patched(124, b"0000001 0001")),
            ("a size behind a NUL", "name: size", patched(124, b"\0" + b"0000001000\0") + header("b", size=512)),
            ("a mode behind a NUL", "name: mode", patched(100, b"\0000644\0")),
            ("an owner behind a NUL", "name: owner", patched(108, b"\0001750\0")),
            ("a group behind a NUL", "name: owner", patched(116, b" \0001750")),
            ("a size that is negative", "name: size: negative", patched(124, b"\xff" * 12)),
            ("a size that overflows", "name: size: too large", patched(124, b"\xbf" + b"\xff" * 11)),
            ("a mode that is none", "name: mode", patched(100, b"000a644\0")),
            ("an owner in hexadecimal", "name: owner", patched(108, b"0x003e8\0")),
            ("a time that is none", "name: mtime", patched(136, b"yesterday   ")),
            ("a device number that wraps", "name: major device number", patched(329, wide[-8:].replace(
                wide[-8:-7], b"\x80"), kind=b"3", device=(1, 1))),
            ("a kind that nobody knows", "name: an entry of a kind", patched(156, b"Z")),
            ("a volume's name", "name: an entry of a kind", patched(156, b"V")),
            ("what is no tar", "not a tar", b"precious" * 1000)):
        layer_refused(name, part, data + END, ways=("tar", "docker"))
    for name, part, records in (
            ("a size that overflows", "size", {"size": str(1 << 64)}), ("a size with a sign", "size", {"size": "+5"}),
            ("a size with an exponent", "size", {"size": "1e3"}), ("an owner in hexadecimal", "uid", {"uid": "0x10"}),
            ("a group that is none", "gid", {"gid": "staff"}), ("a negative owner", "uid", {"uid": "-1"}),
            ("a path with a NUL", "path: a NUL", {"path": "a\0b"}), ("a target with a NUL", "linkpath", {"linkpath": "a\0b"}),
            ("a number that is empty", "size", {"size": ""}), ("a number with a NUL", "size", {"size": "0\0009"}), ("a time that is none", "mtime", {"mtime": "soon"}),
            ("a device that wraps", "SCHILY.devmajor", {"SCHILY.devmajor": str((1 << 32) + 1)}),
            ("sparse parts that overlap", "GNU.sparse.map: parts", {"GNU.sparse.map": "0,512,100,10"}),
            ("sparse parts that are none", "GNU.sparse.map", {"GNU.sparse.map": "0,0x200"})):
        layer_refused(f"{name}, in a pax record", "a: " + part, tar(entry("a", b"", records)), ways=("tar", "docker"))
    for name, data in (("a length that is too long", b"99 a=b\n"), ("no key", b"6 =b\n\n"), ("no end", b"7 a=b  ")):
        layer_refused(f"pax records with {name}", "a: pax records", tar(
            header("pax", b"x", len(data)), padded(data), entry("a")), ways=("tar", "docker"))
    layer_refused("pax records of 9 MiB", "pax records of more than 8 MiB", tar(entry(
        "a", b"", {"comment": "c" * (9 << 20)}), entry("b")), ways=("tar", "docker"))
    for kind in (b"1", b"2", b"5"):
        layer_refused(f"content of kind {kind.decode()}", "d: content", tar(
            entry("a", b"x"), pax({"size": "512"}), header("d", kind, link="a"), header("b")), ways=("tar", "docker"))
    for name, data in (
            ("a hard link with a size", tar(entry("a", b"x"), header("b", b"1", 512, "a"), entry("c", b"y"))),
            ("a directory with a size", tar(header("d", b"5", 512), entry("c", b"y"))),
            ("a sum of signed bytes", tar(patched(0, b"\xc3\xa4c", signed=True), entry("c", b"y"))),
            ("blanks for numbers", tar(patched(108, b" " * 16), entry("c", b"y"))),
            ("what follows a NUL", tar(entry("c", b"y"), patched(108, b"0\0junk!!"))),
            ("a time before 1970", tar(patched(136, b"\xff" * 12), entry("c", b"y"), entry("m", b"", {"mtime": "-1.5"}))),
            ("an empty record", tar(entry("c", b"y", {"uname": "", "comment": ""})))):
        taken(name, "import", archive("n.tar", data), "numbers")
        found = content("numbers")
        result(header("c", size=1)[:2] in found, f"{name}: and what follows is there")
        marten("rmi", "numbers")


def old_sparse(parts, realsize, size=0, more=b"", magic=b"ustar  \0"):
    """A sparse file as GNU tar wrote it first: four parts in the header, others in blocks behind it."""
    at = b"".join(p if isinstance(p, bytes) else b"%011o\0%011o\0" % p for p in parts)
    rest = at.ljust(96, b"\0") + (b"\1" if more else b"\0") + (
        realsize if isinstance(realsize, bytes) else b"%011o\0" % realsize)
    return patched(257, magic.ljust(386 - 257, b"\0") + rest, kind=b"S", size=size) + more + padded(b"x" * size)


def test_old_sparse():
    block = b"".join(b"%011o\0%011o\0" % (4096 * i, 512) for i in range(1, 22)) + bytes(8)
    for name, part, data in (
            ("a size that is none", "realsize", old_sparse([(0, 512)], b"0x000001000\0", 512)),
            ("another form", "a form that is not known", old_sparse([(0, 512)], 512, 512, magic=b"ustar\00000")),
            ("a part that is none", "parts: not a number", old_sparse([b"0x000000000\0" + b"00000001000\0"], 4096, 512)),
            ("a negative part", "parts: negative", old_sparse([b"\xff" * 12 + b"00000001000\0"], 4096, 512)),
            ("parts that overlap", "parts that overlap", old_sparse([(0, 1024), (512, 512)], 4096, 1536)),
            ("parts behind its end", "realsize", old_sparse([(8192, 512)], 4096, 512)),
            ("parts of more than it has", "more than its size", old_sparse([(0, 4096)], 4096, 512)),
            ("a part behind the last one", "behind the last", old_sparse([bytes(24), (0, 512)], 4096, 512)),
            ("a part in a block that is none", "parts: not a number", old_sparse(
                [(0, 512)] + [(512 * i, 512) for i in (1, 2, 3)], 1 << 20, 25 * 512,
                padded(b"0x000000000\0" + block[12:])))):
        layer_refused(f"old sparse, {name}", part, tar(data, entry("b", b"y")), ways=("tar", "docker"))
    for name, data in (
            ("parts of an old sparse file", old_sparse([(0, 512), (4096, 0)], 4096, 512)),
            ("more parts than fit its header", old_sparse([(0, 512)] + [(512 * i, 512) for i in (1, 2, 3)], 1 << 20,
                                                          25 * 512, padded(block)))):
        taken(name, "import", archive("s.tar", tar(data, entry("c", b"y"))), "sparse")
        result(header("c", size=1)[:2] in content("sparse"), f"{name}: and what follows is there")
        marten("rmi", "sparse")


def test_links():
    """What links cost is bounded by what comes, and they make no whiteouts."""
    def soft(name, to):
        return entry(name, b"", {"linkpath": to}, kind=b"2", link=to[:99])

    for way in ("", "d/"):
        layer_refused("a whiteout's name by a link", "a name that means a removed file", tar(
            folder("d"), soft("d/l", f"/{way}.wh.etc"), entry("d/l/x", b"x")))
    chain = [soft(f"l{i}", "d/../" * 800 + f"l{i + 1}") for i in range(38)] + [soft("l38", "d")]
    layer_refused("links that lead to and fro", "links that lead too far", tar(
        folder("d"), *chain, *[entry(f"l0/{i}") for i in range(20000)]), ways=("tar",))
    with open(archive("targets.tar.gz", b""), "wb") as f:
        z = zlib.compressobj(1, zlib.DEFLATED, 31)
        one = pax({"linkpath": "t" * 65000})
        for i in range(8000):
            f.write(z.compress(one + header(f"l{i}", b"2", link="t")))
        f.write(z.compress(END) + z.flush())
    refused("half a gigabyte of targets", "memory", "import", os.path.join(IN, "targets.tar.gz"))
    gone = tar(*[pax({"path": ("d" * 250 + "/") * 8 + ".wh.w"}) + header("w")] * 150000)
    taken("a whiteout that comes again and again", "import", archive("white.tar", docker([gz(gone)], config=config_of(
        [], ids=[digest(gone)]))))
    marten("rmi", "evil:1")


def many_names(count):
    """Files with names of 90 bytes and nothing in them, in gzip."""
    z = zlib.compressobj(1, zlib.DEFLATED, 31)
    before, after = header("0123456789" + "n" * 80).split(b"0123456789")
    some = itertools.islice(itertools.permutations(b"0123456789"), count)
    # with the same check sum
    return b"".join(z.compress(before + bytes(name) + after) for name in some) + z.compress(END) + z.flush()


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
    hole = archive("h.tar", tar(entry("s", padded(b"1\n0\n0\n"),
                                      {**sparse, "GNU.sparse.realsize": str(20 * GIB)})))
    holes = taken("a sparse file of 20 GiB that is allowed", "import", "--max-bytes", "32g", hole, "holes")
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
    status, _, err, kib, seconds = marten("import", "-q", archive("names.tar.gz", many_names(1000000)), "names")
    result(status == 0, "a million names are taken", f"status {status}", err)
    bounded("a million names", kib, seconds, GIB >> 10)
    marten("rmi", "names")
    refused("more entries than allowed", "more than 10 ", "import", "--max-entries", "10",
            archive("e.tar", tar(*[entry(f"a{i}") for i in range(11)])))
    refused("more bytes than allowed", "more than 5120 bytes", "import", "--max-bytes", "5k",
            archive("e.tar", tar(entry("a", bytes(6000)))))


def small_bombs():
    """What no option was given for; each is a small file."""
    zeros = gz_members(3)
    yield "gzip", zeros
    yield "gzip in a docker-archive", docker([zeros])
    yield "a docker-archive in gzip", gz_bomb(entry("manifest.json", b"[]") + header("a" * 64 + ".tar",
                                                                                     size=10 * GIB), 192)
    # nothing at each level, for zeros that are only stored explain the others
    z = zlib.compressobj(0, zlib.DEFLATED, 31)
    stored = z.compress(bytes(176 << 10)) + z.flush() + gz(bytes(16 << 20))
    yield "a layer in gzip in gzip", gz(docker([gz(header("zeros", size=10 * GIB)) + stored * 160]))
    one = gz_members(1, end=True)
    yield "layers that are one together", docker([one, one + gz(b""), one + gz(b"") * 2])
    for name, words in (("zstd", ("zstd", "-q", "-c")), ("xz", ("xz", "-0", "-c")),
                        ("bzip2", ("bzip2", "-c"))):
        pack = command(*words)
        if pack:
            yield name, frames(pack, header("zeros", size=10 * GIB), 48)
        else:
            skip(f"a bomb of {name}", f"needs {name}")


def test_small_bombs():
    for name, data in small_bombs():
        refused(f"a bomb of {name}", "--max-bytes", "import", archive("bomb", data),
                stays=name.startswith("layers"))
    top = Image(gz_members(3), ids=[digest(b"")]).write("layout")
    refused("a bomb in an OCI layout", "--max-bytes", "import", top, stays=True)
    shutil.rmtree(top)
    sparse = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s"}
    layer_refused("sparse files that are one together", "--max-bytes", tar(*[entry(
        f"s{i}", padded(b"1\n0\n0\n"), {**sparse, "GNU.sparse.name": f"s{i}",
                                          "GNU.sparse.realsize": str(GIB // 4)}) for i in range(9)]))
    holes = archive("bomb", header("zeros", size=3 * GIB))
    os.truncate(holes, 3 * GIB + 512 + len(END))
    refused("an archive that is a hole", "--max-bytes", "import", holes)
    os.mkdir(f"{IN}/root")
    put(f"{IN}/root/file", b"x")
    os.truncate(f"{IN}/root/file", 3 * GIB)
    refused("a directory with a file that is a hole", "--max-bytes", "import", f"{IN}/root")
    if command("mksquashfs"):
        subprocess.run(["mksquashfs", f"{IN}/root", f"{IN}/bomb", "-noappend", "-quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        refused("a squashfs of such a directory", "--max-bytes", "import", f"{IN}/bomb")
    else:
        skip("a squashfs bomb", "needs mksquashfs")
    shutil.rmtree(f"{IN}/root")


def test_many():
    files = [gz_repeated(header(f"d/{i}") * 8192, 48, after=gz(END)) for i in range(3)]
    refused("a million files of nothing", "--max-entries", "import", archive("bomb", docker(files)),
            stays=True)
    config = config_of([])
    item = {"Config": "c.json", "RepoTags": None, "Layers": []}
    refused("more than ten thousand names", "--max-entries", "import", archive("bomb", tar(
        entry("manifest.json", json.dumps([{**item, "RepoTags": [f"a:{i}" for i in range(10100)]}]).encode()),
        entry("c.json", config))))


def test_allowed():
    """Ordinary images are far from any bound, and an option lifts it."""
    two = archive("two", gz_members(2, end=True))
    names = taken("a file of zeros of 2 GiB", "import", two, "zeros")
    marten("rmi", names)
    three = archive("three", gz_members(3, end=True))
    names = taken("one of 3 GiB that is allowed", "import", "--max-bytes", "4g", three, "zeros")
    marten("rmi", names)
    layers = [tar(entry(f"a{i}", b"x")) for i in range(4)]
    items = [(config_of([d]), d) for d in layers]
    taken("four images in one gzip", "import", archive("four", gz(tar(
        entry("manifest.json", json.dumps([{"Config": digest(c)[7:] + ".json", "RepoTags": [f"four:{i}"],
                                            "Layers": [digest(d)[7:] + ".tar"]}
                                           for i, (c, d) in enumerate(items)]).encode()),
        *[entry(digest(c)[7:] + ".json", c) + entry(digest(d)[7:] + ".tar", d) for c, d in items]))))
    result(marten("rmi", *[f"four:{i}" for i in range(4)])[0] == 0, "each is there")
    refused("more than was allowed, of all layers together", "--max-bytes", "import", "--max-bytes", "4k",
            archive("bomb", docker([tar(entry("a", bytes(1500))), tar(entry("b", bytes(1600)))])))
    refused("more files than allowed, of all layers", "--max-entries", "import", "--max-entries", "6",
            archive("bomb", docker([tar(*[entry(f"a{i}") for i in range(3)]),
                                    tar(*[entry(f"b{i}") for i in range(3)])])))


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


if __name__ == "__main__":
    TESTS = [test_paths, test_whiteouts, test_attributes, test_entries, test_old_sparse]
    if AS_ROOT:  # the same for everybody
        TESTS += [test_links, test_sizes, test_bombs, test_small_bombs, test_many, test_allowed]
    else:
        TESTS.append(test_numbers)
    run_tests(TESTS)
