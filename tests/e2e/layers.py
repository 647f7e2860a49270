# SPDX-License-Identifier: MIT
"""layers - what a layer's tar means: as podman and umoci take it where they agree, as mincs-store(5)
says where they do not. What a container sees is what an export has."""
import os
import shutil
import subprocess
import sys
import tarfile

sys.path.insert(0, os.environ["MINC_TESTS"])
from evil import (END, IN, STORE, T, Image, archive, docker, entry, folder, header, layer_refused, marten,  # noqa: E402
                  padded, pax, refused, tar)
from tap import AS_ROOT, MINC, busybox_root, done, result, same  # noqa: E402

busybox = shutil.which("busybox")


def base():
    """A layer with busybox."""
    top = busybox_root(f"{T}/bb")
    for tool in ("find", "rm", "sort"):
        os.symlink("busybox", f"{top}/usr/bin/{tool}")
    subprocess.run(["tar", "-C", top, "--owner=0", "--group=0", "-cf", f"{T}/base.tar", "."], check=True)
    with open(f"{T}/base.tar", "rb") as f:
        return f.read()


def soft(name, to):
    return header(name, b"2", link=to, mode=0o777)


def hard(name, to):
    return header(name, b"1", link=to)


def gone(name):
    return entry(name, b"")


def tree(image):
    """What an export has: links with their targets, files with their content, hard links as such."""
    path = os.path.join(T, "exported.tar")
    if os.path.exists(path):
        os.unlink(path)
    marten("export", "-q", "-o", path, image)
    found = []
    with tarfile.open(path) as t:
        for m in t:
            name = m.name[2:] if m.name.startswith("./") else m.name
            if m.isdir():
                found.append(name.rstrip("/") + "/")
            elif m.isfile():
                found.append(name + "=" + t.extractfile(m).read(20).decode())
            elif m.islnk():
                found.append(f"{name} is {m.linkname}")
            elif m.issym():
                found.append(f"{name}->{m.linkname}")
            else:
                found.append(f"{name}?")
    return " ".join(sorted(n for n in found if n not in ("./", "/", ".")))


def means(name, want, *layers):
    """However it comes."""
    for way in ("docker", "oci"):
        source = (archive("d.tar", docker(list(layers), tags=("layers:1",))) if way == "docker" else
                  Image(*layers).write("layout"))
        status, _, err = marten("import", "-q", source, "layers:1")[:3]
        if result(status == 0, f"{name}, {way}: is taken", f"status {status}", err):
            same(f"{name}, {way}: what it means", tree("layers:1"), want)
            marten("rmi", "layers:1")
        if way == "oci":
            shutil.rmtree(source)


def test_links_on_the_way():
    usr = folder("usr/") + folder("usr/lib/")
    means("a parent that is a link", "lib->usr/lib usr/ usr/lib/ usr/lib/a=x",
          tar(usr, soft("lib", "usr/lib"), entry("lib/a", b"x")))
    means("one that is absolute", "run/ run/a=x var/ var/run->/run",
          tar(folder("run/"), folder("var/"), soft("var/run", "/run"), entry("var/run/a", b"x")))
    means("one that leads up further than there is", "d/ d/l->../../../e e/ e/a=x",
          tar(folder("d/"), folder("e/"), soft("d/l", "../../../e"), entry("d/l/a", b"x")))
    means("links one after another", "a->b b->c/../d c/ d/ d/e/ d/e/f=x",
          tar(folder("c/"), folder("d/"), soft("a", "b"), soft("b", "c/../d"), entry("a/e/f", b"x")))
    means("a package as pnpm stores it", "m/ m/.p/ m/.p/a@1/ m/.p/a@1/a/ m/.p/a@1/a/i=x m/a->.p/a@1/a",
          tar(folder("m/"), folder("m/.p/"), folder("m/.p/a@1/"), folder("m/.p/a@1/a/"),
              soft("m/a", ".p/a@1/a"), entry("m/a/i", b"x")))
    means("one that leads to what the layer does not have", "lib->usr/lib usr/ usr/lib/ usr/lib/a=x",
          tar(soft("lib", "usr/lib"), entry("lib/a", b"x")))
    means("a link of another layer is none", "lib/ lib/a=x usr/ usr/lib/",
          tar(usr, soft("lib", "usr/lib")), tar(entry("lib/a", b"x")))
    means("a directory in place of a link", "lib/ lib/a=x usr/ usr/b=b",
          tar(folder("usr/"), entry("usr/b", b"b"), soft("lib", "usr"), folder("lib/"), entry("lib/a", b"x")))
    means("a link in place of a directory", "lib->usr usr/ usr/a=x",
          tar(folder("usr/"), folder("lib/"), entry("lib/b", b"b"), soft("lib", "usr"), entry("lib/a", b"x")))
    means("an attribute of what is behind a link", "lib->usr usr/ usr/d/",
          tar(folder("usr/"), soft("lib", "usr"), folder("lib/d/")))
    layer_refused("links in a circle", "a/x: too many symbolic links",
                  tar(soft("a", "b"), soft("b", "a"), entry("a/x", b"x")))
    layer_refused("a link to a file as a parent", "l/x: a part of the path is not a directory",
                  tar(entry("f", b"x"), soft("l", "f"), entry("l/x", b"x")))
    layer_refused("a way that is too deep behind links", "deep", tar(
        entry("x", b"", {"path": "d/" * 900 + "x"}), entry("l", b"", {"linkpath": "d/" * 900}, kind=b"2", link="d"),
        entry("y", b"", {"path": "l/" + "e/" * 200 + "y"})), ways=("tar",))
    means("\"..\" in a name", "a/ b=x", tar(folder("a/"), entry("a/../b", b"x"), folder("./a/./")))


def test_hard_links():
    usr = tar(folder("usr/"), entry("usr/a", b"x"), soft("lib", "usr"), hard("b", "lib/a"))
    means("a hard link through a link", "b=x lib->usr usr/ usr/a is b", usr)
    means("a hard link whose name is behind one", "lib->usr usr/ usr/a=x usr/b is usr/a",
          tar(folder("usr/"), entry("usr/a", b"x"), soft("lib", "usr"), hard("lib/b", "usr/a")))
    means("a hard link to a link", "a=x b->a s is b", tar(entry("a", b"x"), soft("s", "a"), hard("b", "s")))
    means("a hard link whose directory is not there", "a=x d/ d/e/ d/e/b is a",
          tar(entry("a", b"x"), hard("d/e/b", "/a")))
    means("a hard link whose target has \"..\"", "a=x b is a", tar(entry("a", b"x"), hard("b", "x/../a")))
    means("one of two hard links removed by another layer", "b=x", tar(entry("a", b"x"), hard("b", "a")), tar(gone(".wh.a")))
    means("one of two replaced by another layer", "a=y b=x", tar(entry("a", b"x"), hard("b", "a")), tar(entry("a", b"y")))
    means("a link in place of a link", "b->d d=x", tar(entry("d", b"x"), soft("b", "c")), tar(soft("b", "d")))
    means("a file in place of a link to a program", "b=y d=x", tar(entry("d", b"x"), soft("b", "d")), tar(entry("b", b"y")))
    for name, layers in (("a hard link to another layer's file", (tar(entry("a", b"x")), tar(hard("b", "a")))),
                         ("a hard link before its target", (tar(hard("b", "a"), entry("a", b"x")),)),
                         ("a hard link to what is removed", (tar(entry("a", b"x")), tar(gone(".wh.a"), hard("b", "a"))))):
        refused(name, "b: a hard link to what the layer does not have", "import",
                archive("d.tar", docker(list(layers))), stays=True)


def test_ends():
    one = entry("a", b"x")
    for name, want, layer in (
            ("no end mark", "a=x", one), ("one block of zeros at the end", "a=x", one + bytes(512)),
            ("nothing at all", "", b""), ("nothing but an end", "", END), ("ten thousand bytes of zeros", "", bytes(10240)),
            ("something after the end", "a=x", tar(one) + b"garbage" * 100),
            ("another tar after the end", "a=x", tar(one) + tar(entry("b", b"y"))),
            ("no padding after the last file", "a=x", one[:513]), ("half of it", "a=x", one[:700])):
        means(name, want, layer)
    for name, part, layer in (
            ("a file after one block of zeros", "single block of zeros", one + bytes(512) + entry("b", b"y") + END),
            ("content that is cut", "runcated", header("a", size=1000) + b"x" * 600),
            ("content that is cut in its last block", "runcated", header("a", size=1000) + b"x" * 999),
            ("a header that is cut", "runcated", one + header("b")[:300]),
            ("what is no header", "", one + b"x" * 512 + END)):
        layer_refused(name, part, layer, ways=("docker", "oci"))
    # a root file system has no digest that would say that it is whole
    for name, part, data in (("no end mark", "no end", one), ("something after the end", "follows", tar(one) + b"x"),
                             ("a second tar", "follows", tar(one) + tar(entry("b", b"y")))):
        refused(f"a root file system with {name}", part, "import", archive("root.tar", data))


def test_removals():
    low = tar(folder("d/"), entry("d/a", b"low"), entry("d/b", b"low"))
    means("opaque before its files", "d/ d/c=x", low, tar(folder("d/"), gone("d/.wh..wh..opq"), entry("d/c", b"x")))
    means("opaque after its files", "d/ d/c=x", low, tar(folder("d/"), entry("d/c", b"x"), gone("d/.wh..wh..opq")))
    means("removed and there again", "d/ d/a=new d/b=low", low, tar(folder("d/"), gone("d/.wh.a"), entry("d/a", b"new")))
    means("there and removed", "d/ d/a=new d/b=low", low, tar(folder("d/"), entry("d/a", b"new"), gone("d/.wh.a")))
    means("a directory removed and there again", "d/ d/c=x", low, tar(gone(".wh.d"), folder("d/"), entry("d/c", b"x")))
    means("a removal behind a link of the layer", "d/ d/b=low l->d", low, tar(folder("d/"), soft("l", "d"), gone("l/.wh.a")))
    means("opaque behind a link of the layer", "d/ l->d", low, tar(folder("d/"), soft("l", "d"), gone("l/.wh..wh..opq")))
    means("a removal as a hard link", "d/ d/b=low e=x", low, tar(entry("e", b"x"), hard("d/.wh.a", "e")))
    means("a device 0:0, as overlayfs removes", "d/ d/b=low", low, tar(folder("d/"), header("d/a", b"3")))
    means("one in the lowest layer", "d/ d/b=x", tar(folder("d/"), header("d/a", b"3"), entry("d/b", b"x")))
    means("what aufs left", "a=x d/ d/b=x l is a", tar(
        entry(".wh..wh.aufs"), folder(".wh..wh.plnk/"), entry(".wh..wh.plnk/1.2", b"x"), folder(".wh..wh.orph/"),
        hard("a", ".wh..wh.plnk/1.2"), hard("l", ".wh..wh.plnk/1.2"), folder("d/"), entry("d/.wh..wh.x"),
        entry("d/b", b"x")))


def test_headers():
    """Whose name and size an entry has, where several headers say it."""
    def long(name):
        return header("././@LongLink", b"L", len(name) + 1) + padded(name.encode() + b"\0")

    means("a size in a record before a long name", "longname=" + "a" * 16 + "\0" * 4, tar(
        pax({"size": "1536"}), long("longname"), entry("file_a", b"a" * 16), entry("file_b", b"b" * 16)))
    means("a long name before records", "file_b=b longname=a", tar(
        long("longname"), pax({"mtime": "1"}), entry("file_a", b"a"), entry("file_b", b"b")))
    means("a long name, and a path in a record", "longname=a", tar(long("longname"), pax({"path": "x"}), entry("f", b"a")))
    means("a record within the value of another", "l->harmless", tar(
        pax({"SCHILY.xattr.trusted.a": "x\n22 linkpath=/etc/evil\n"}), soft("l", "harmless")))
    means("a NUL in a short name", "a=x", tar(entry("a\0b", b"x")))


def seen(image, top):
    """By a container: names, and that each is what it is listed as."""
    p = subprocess.run([MINC, "-q", "-r", image, "sh", "-c", f"cd {top} && find . | sort && ls -laR >/dev/null"],
                       env={**os.environ, "MINCS_DIR": STORE, "HOME": f"{T}/home"}, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, check=False)
    said = [line for line in p.stderr.splitlines() if "the image is unpacked" not in line]
    return p.returncode, p.stdout.split(), said


def removed(image, top):
    p = subprocess.run([MINC, "-q", "-r", image, "sh", "-c", f"rm -r {top} && ! ls -d {top} 2>/dev/null"],
                       env={**os.environ, "MINCS_DIR": STORE, "HOME": f"{T}/home"}, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, check=False)
    return p.returncode, p.stderr


def test_nothing_shows():
    """Directories of one layer, of several, opaque ones, below such: no mark is seen in any."""
    bottom = base()
    low = tar(folder("m/"), folder("m/s/"), entry("m/s/a", b"x"), entry("m/a", b"x"), entry("m/b", b"x"),
              folder("lowest/"), gone("lowest/.wh.x"), header("lowest/y", b"3"), folder("lowest/d/"), gone("lowest/d/.wh.z"))
    high = tar(folder("m/"), gone("m/.wh.a"), folder("m/s/"), gone("m/s/.wh..wh..opq"), gone("m/s/.wh.a"),
               entry("m/s/b", b"x"), folder("m/s/t/"), gone("m/s/t/.wh.x"), entry("m/s/t/y", b"x"),
               folder("new/"), entry("new/a", b"x"), gone("new/.wh.gone"), folder("new/d/"), gone("new/d/.wh.gone"),
               folder("only/"), gone("only/.wh.gone"), header("new/dev", b"3"), gone(".wh.top"))
    for name, layers in (("two layers on a base", [bottom, low, high]), ("the base above them", [low, high, bottom])):
        marten("import", "-q", archive("d.tar", docker(layers, tags=("shows:1",))))
        for top, want in (("/m", ". ./b ./s ./s/b ./s/t ./s/t/y"), ("/lowest", ". ./d"),
                          ("/new", ". ./a ./d"), ("/only", ".")):
            same(f"{name}: {top} has no marks", seen("shows:1", top), (0, want.split(), []))
            if AS_ROOT or top != "/m" or os.uname().release >= "6.6":
                same(f"{name}: {top} can be removed", removed("shows:1", top), (0, ""))
        if marten("images", "-q", "shows:1")[1] == "":
            continue
        exported = [n.rstrip("/") for n in tree("shows:1").replace("=x", "").split()]
        inside = ["m/b", "m/s/b", "m/s/t/y", "new/a", "new/d", "only", "lowest/d"]
        same(f"{name}: an export has the same", [n for n in inside if n not in exported], [])
        result(not [n for n in exported if "gone" in n or n.endswith("?") or ".wh." in n],
               f"{name}: and no mark, either", exported)
        marten("rmi", "shows:1")


if __name__ == "__main__":
    for test in (test_links_on_the_way, test_hard_links, test_ends, test_removals, test_headers, test_nothing_shows):
        if os.environ.get("ONLY", "") in test.__name__:
            test()
    same("at last fsck finds nothing", marten("fsck")[:3], (0, "", ""))
    done()
