#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""change - what a container wrote is shown, and written to the base: minc_diff, minc_apply."""
import atexit
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time

FORGET = ("trusted.overlay.", "user.overlay.", "security.selinux")


def fingerprint(top):
    """Everything about a tree but ctime, inode numbers and atime."""
    found, inodes = {}, {}
    for folder, _, names in os.walk(top):
        for path in [folder] + [os.path.join(folder, n) for n in names] + \
                [os.path.join(folder, n) for n in os.listdir(folder)]:
            name = os.path.relpath(path, top)
            if name in found:
                continue
            st = os.lstat(path)
            entry = [stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode),
                     "me" if st.st_uid == os.getuid() else st.st_uid,
                     "me" if st.st_gid == os.getgid() else st.st_gid, st.st_mtime_ns]
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    entry += [st.st_size, hashlib.sha256(f.read()).hexdigest()]
            elif stat.S_ISLNK(st.st_mode):
                entry.append(os.readlink(path))
            elif not stat.S_ISDIR(st.st_mode):
                entry.append(st.st_rdev)
            entry.append(sorted((x, os.getxattr(path, x, follow_symlinks=False).hex())
                                for x in os.listxattr(path, follow_symlinks=False)
                                if not x.startswith(FORGET)))
            if st.st_nlink > 1 and not stat.S_ISDIR(st.st_mode):
                inodes.setdefault((st.st_dev, st.st_ino), []).append(name)
            found[name] = entry
    links = sorted(sorted(v) for v in inodes.values() if len(v) > 1)
    return json.loads(json.dumps({"tree": found, "links": links}))


if sys.argv[1:2] == ["--view"]:  # below: in a namespace of its own, what the container sees
    print(json.dumps(fingerprint(sys.argv[2])))
    sys.exit(0)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

REVIEW = os.environ["REVIEW"]
XATTR = "trusted" if tap.AS_ROOT else "user"
T = tap.temporary()
# overlayfs makes work directories of mode 0: before they can be removed
atexit.register(subprocess.run, ["chmod", "-R", "u+rwx", T], check=False,
                stderr=subprocess.DEVNULL)
_made = 0


def tick():
    """Wait until the clock of file systems went on: what follows is newer."""
    def coarse():
        return time.clock_gettime_ns(6)  # CLOCK_REALTIME_COARSE
    for _ in range(2):
        begin = coarse()
        while coarse() == begin:
            pass


def write(path, text="", mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def setup(prepare=None):
    """(base, storage), with the base older than any container."""
    global _made
    _made += 1
    base, keep = os.path.join(T, f"base{_made}"), os.path.join(T, f"keep{_made}")
    tap.busybox_root(base)
    for tool in "rm ln mv cp chmod mkfifo chown truncate find tar".split():
        if not os.path.lexists(os.path.join(base, "usr/bin", tool)):
            os.symlink("busybox", os.path.join(base, "usr/bin", tool))
    os.makedirs(os.path.join(base, "d/sub/deep"))
    os.mkdir(os.path.join(base, "e"))
    os.makedirs(os.path.join(base, "etc"), exist_ok=True)
    write(os.path.join(base, "etc/hosts"))  # else a place for the container's own would be made in the layer
    for name in ("f", "g", "d/x", "d/y", "d/sub/z", "d/sub/deep/w", "e/one", "e/two"):
        write(os.path.join(base, name), f"{name} of the base\n")
    os.link(os.path.join(base, "f"), os.path.join(base, "f2"))
    os.symlink("f", os.path.join(base, "link"))
    if prepare:
        prepare(base)
    os.mkdir(keep)
    tick()
    return base, keep


def inside(base, keep, script, *options):
    p = subprocess.run([tap.MINC, "-q", "--net=none", "-t", keep, "-r", base, *options,
                        "/usr/bin/busybox", "sh", "-ec", script], stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, check=False, timeout=60)
    if p.returncode:
        tap.result(False, f"the container runs: {script[:40]}", p.returncode, p.stderr)
    return p


def review(what, keep, *options):
    """(lines without the last, the result)"""
    p = subprocess.run([REVIEW, what, keep, *options], stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, check=False, timeout=120)
    lines = p.stdout.splitlines()
    if not lines:
        return [f"status {p.returncode}: {p.stderr}"], -1
    return lines[:-1], int(lines[-1][2:]) if not p.stderr else p.stderr.strip()


def view(base, keep):
    """What the container would see: the kernel's own overlay."""
    extra = "" if tap.AS_ROOT else ",userxattr"
    target = os.path.join(T, "view")
    os.makedirs(target, exist_ok=True)
    script = ('mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/storage,workdir=$2/work$5" '
              '"$3" && python3 "$4" --view "$3"')
    p = subprocess.run(["unshare", "-m" if tap.AS_ROOT else "-rm", "sh", "-c", script, "sh", base,
                        keep, target, os.path.abspath(__file__), extra], capture_output=True,
                       text=True, check=False)
    return json.loads(p.stdout) if p.returncode == 0 else p.stderr


def equal(name, got, want):
    if isinstance(want, str) or isinstance(got, str):
        return tap.result(False, name, got, want)
    lines = [f"{k}: {got['tree'].get(k)} and {want['tree'].get(k)}"
             for k in sorted(set(got["tree"]) | set(want["tree"]))
             if got["tree"].get(k) != want["tree"].get(k)]
    return tap.result(got == want, name, *lines, got["links"], want["links"])


def leftovers(base):
    return [n for d, ds, fs in os.walk(base) for n in ds + fs if n.startswith(".minc-")]


# Every kind of change
ALL = r"""
echo new >/new; chmod 4755 /new; mkdir -p /dir/a/b; echo x >/dir/a/b/c; ln -s nowhere /sl
mkfifo /fifo; echo more >>/d/x; chmod 700 /d/sub; touch -d '2001-02-03 04:05:06' /d/y
rm /g /link; ln -s elsewhere /link; rm -r /e; mkdir /e; echo again >/e/two; echo 3 >/e/three
echo one >/l1; ln /l1 /l2; ln /l1 /dir/l3; rm /d/sub/z; mkdir /d/sub/z; echo in >/d/sub/z/i
rm -r /d/sub/deep; echo file >/d/sub/deep; mv /f2 /f3; truncate -s 100M /sparse
dd if=/dev/zero of=/holes bs=4096 count=1 seek=5000 2>/dev/null
"""
base, keep = setup()
inside(base, keep, ALL)
upper = os.path.join(keep, "storage")
os.setxattr(os.path.join(upper, "new"), "user.color", b"red")
os.setxattr(os.path.join(upper, "d/sub"), "user.dir", b"x" * 3000)
os.setxattr(os.path.join(upper, "d/x"), "user.x", b"")
extra = []
if tap.AS_ROOT:
    os.mknod(os.path.join(upper, "null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.chown(os.path.join(upper, "l1"), 1234, 5678)
    os.chown(os.path.join(upper, "d/x"), 0, 4)
    os.lchown(os.path.join(upper, "sl"), 77, 88)
    os.setxattr(os.path.join(upper, "new"), "security.capability",
                bytes.fromhex("0100000200040000000000000000000000000000"))
    extra = ["A /null"]
before, wanted = fingerprint(base), view(base, keep)
lines, n = review("diff", keep)
EXPECTED = sorted(["A /new", "A /dir", "A /dir/a", "A /dir/a/b", "A /dir/a/b/c", "A /dir/l3",
                   "A /sl", "A /fifo", "C /d/sub mode xattrs 755>700 user.dir", "C /d/y times",
                   "C /d/x content times" + (" owner" if tap.AS_ROOT else "") + " xattrs" +
                   (" 0:0>0:4" if tap.AS_ROOT else "") + " user.x", "D /g",
                   "C /link times target f>elsewhere", "D /e/one", "C /e/two content times",
                   "A /e/three", "A /l1", "A /l2", "D /f2", "A /f3", "A /sparse", "A /holes",
                   "C /d/sub/z type", "A /d/sub/z/i", "C /d/sub/deep type"] + extra)
EXPECTED = [x.replace("content times owner", "content owner times") for x in EXPECTED]
tap.same("every kind of change is reported", sorted(lines), EXPECTED)
paths = [line.split()[1] for line in lines]
tap.same("in path order, a directory before what is in it", paths,
         sorted(paths, key=lambda p: p.split("/")))
tap.same("the number of changes is returned", n, len(EXPECTED))
tap.same("looking changes nothing", fingerprint(base), before)
lines, n = review("apply", keep)
tap.same("all of them are applied", (sorted(lines), n), (EXPECTED, 0))
equal("the base is what the container saw, in all attributes, links and times", fingerprint(base),
      wanted)
tap.same("nothing is left to show", review("diff", keep), ([], 0))
tap.result(os.lstat(os.path.join(base, "sparse")).st_blocks == 0 and
           os.lstat(os.path.join(base, "holes")).st_blocks * 512 < 100000, "holes stay holes")
tap.same("no temporary is left", leftovers(base), [])
tap.same("the layer is empty", os.listdir(upper), [])
tap.result(not os.path.exists(os.path.join(keep, "applied")), "the journal is gone")
tick()
inside(base, keep, "echo second >>/dir/a/b/c; rm /l2; echo y >/d/y")
lines, n = review("apply", keep)
tap.same("the next round applies to what the first one wrote", (sorted(lines), n),
         (["C /d/y content times", "C /dir/a/b/c content times", "D /l2"], 0))
with open(os.path.join(base, "dir/a/b/c"), encoding="utf-8") as f:
    tap.same("with the content of both", f.read(), "x\nsecond\n")

# What is no change
base, keep = setup()
inside(base, keep, "cp /f /copy; chmod 600 /f; chmod 644 /f; rm /copy; "
                   "mkdir /d/tmp; rm -r /d/tmp; : >>/d/x; test -d /proc/1")
tap.same("copies that equal the base, directories copied up, mount points are none",
         review("diff", keep), ([], 0))
base, keep = setup()
shutil.rmtree(os.path.join(base, "proc"))
tick()
inside(base, keep, "true", "--tmpfs", "/very/deep/mount")
tap.same("mount points the setup made are none", review("diff", keep), ([], 0))
inside(base, keep, "echo x >/very/own", "--tmpfs", "/very/deep/mount")
tap.same("what is written beside one is, with its directory",
         review("diff", keep)[0], ["A /very", "A /very/own"])

# Filters
base, keep = setup()
inside(base, keep, "mkdir -p /new/a /new/b; echo 1 >/new/a/f; echo 2 >/new/b/f; echo >/d/x; "
                   "echo >/d/sub/z; rm -r /e")
tap.same("only: a path, what is below it, and new directories to it",
         review("diff", keep, "only=/new/a"), (["A /new", "A /new/a", "A /new/a/f"], 3))
tap.same("exclude wins", review("diff", keep, "only=/d/", "exclude=//d//sub"),
         (["C /d/x content times"], 1))
lines, n = review("apply", keep, "exclude=/e/one", "exclude=/new/b")
tap.same("a deletion that an excluded path forbids is refused", n, 1)
tap.result("D /e !EPERM" in lines and os.path.exists(os.path.join(base, "e/one")), "and reported",
           *lines)
tap.same("what was not chosen is still there", review("diff", keep)[0],
         ["D /e", "A /new/b", "A /new/b/f"])
inside(base, keep, "echo again >/d/x")
tap.same("a path that was applied and written again is no conflict with ourselves",
         review("apply", keep, "only=/d/x"), (["C /d/x content times"], 0))
tap.same("a relative path is refused", review("diff", keep, "only=d")[1],
         "EINVAL: minc_changes_only: d: not absolute")
tap.same("so is ..", review("diff", keep, "exclude=/d/../e")[1][:6], "EINVAL")
tap.same("a caller may stop", review("diff", keep, "stop=1")[1][:9], "ECANCELED")

# Changed underneath
base, keep = setup()
inside(base, keep, "echo c >/f; echo c >/d/x; rm -r /d/sub /e; echo mine >/fresh; rm /g; "
                   "echo c >/d/y; mv /link /moved")
tick()
write(os.path.join(base, "f"), "host\n")
os.utime(os.path.join(base, "f"), (1, 1))  # the time of content can be set back, ctime not
write(os.path.join(base, "d/sub/deep/w"), "host\n")
write(os.path.join(base, "fresh"), "host\n")
os.rename(os.path.join(base, "g"), os.path.join(base, "g.old"))
write(os.path.join(base, "g"), "another g\n")
host = fingerprint(base)
lines, n = review("apply", keep)
tap.same("what changed underneath is refused, also deep below what goes",
         sorted(x for x in lines if "!" in x),
         ["C /f content times links !ESTALE" if "links" in lines[-1] else
          "C /f content times !ESTALE", "C /fresh content times !ESTALE", "D /d/sub !ESTALE",
          "D /g !ESTALE"])
after = fingerprint(base)
tap.same("and not touched", [after["tree"][x] for x in ("f", "fresh", "g", "d/sub/deep/w")],
         [host["tree"][x] for x in ("f", "fresh", "g", "d/sub/deep/w")])
tap.result("C /d/y content times" in lines and "D /e" in lines and not
           os.path.exists(os.path.join(base, "e")), "the rest is applied", *lines)
tap.same("the refused stay in the storage", len(review("diff", keep)[0]), 4)
tap.same("force takes the container's side", review("apply", keep, "force")[1], 0)
tap.same("then all is done", (review("diff", keep), os.path.exists(os.path.join(base, "d/sub"))),
         (([], 0), False))

# Directories taken away and made again
base, keep = setup()
inside(base, keep, "rm -rf /d; mkdir -p /d/sub; echo new >/d/x; cp /f /d/sub/z; rm -rf /e; "
                   "mkdir /e")
wanted = view(base, keep)
lines, n = review("apply", keep, "exclude=/d/y")
tap.same("of an opaque directory every lost entry is a deletion", sorted(lines),
         ["C /d/sub/z content times", "C /d/x content times", "D /d/sub/deep", "D /e/one",
          "D /e/two"])
inside(base, keep, "test ! -e /d/y -a -e /d/x -a -e /d/sub/z")
tap.same("applied in part, it still hides the rest", review("diff", keep), (["D /d/y"], 1))
review("apply", keep)
got = fingerprint(base)
for tree in (got, wanted):  # two runs and two applies: the directory's time is of the last
    tree["tree"].pop("."), tree["tree"].pop("d")
equal("in the end it is what the container saw", got, wanted)

# Keeping the storage
base, keep = setup()
inside(base, keep, "echo 1 >/n; rm /g")
review("apply", keep, "keep")
tap.same("keep leaves the layer", sorted(os.listdir(os.path.join(keep, "storage"))), ["g", "n"])
tap.same("which equals the base then", review("diff", keep), ([], 0))

# Hostile layers
outside = os.path.join(T, "outside")
os.mkdir(outside)
write(os.path.join(outside, "x"), "precious\n")
base, keep = setup()
inside(base, keep, f"rm -r /d; ln -s {outside} /d; mkdir /up; ln -s ../../outside /up/dots; "
                   "echo >'/a\nb'; echo >'/\\[31m'; echo >/...; mkfifo /e/one.new; rm /e/one; "
                   "mkfifo /e/one; : >/.minc-0123456789abcdef0123456789abcdef-0")
lines, n = review("apply", keep)
tap.same("links, FIFOs and odd names are taken as they are", (sorted(lines), n),
         (sorted(["C /d type", "A /up", "A /up/dots", "A /a\\012b", "A /\\134[31m", "A /...",
                  "A /e/one.new", "C /e/one type",
                  "A /.minc-0123456789abcdef0123456789abcdef-0"]), 0))
tap.same("nothing outside was touched", (os.listdir(outside), os.readlink(base + "/d")),
         (["x"], outside))
base, keep = setup()
inside(base, keep, "echo evil >/d/x; echo evil >/d/sub/z; rm /d/y")
shutil.rmtree(os.path.join(base, "d"))
os.symlink(outside, os.path.join(base, "d"))
lines, n = review("apply", keep)
tap.same("a directory of the base that became a link is not followed", lines, ["C /d type !ESTALE"])
review("apply", keep, "force")
with open(os.path.join(outside, "x"), encoding="utf-8") as f:
    tap.same("not even by force", (f.read(), os.listdir(outside)), ("precious\n", ["x"]))
tap.same("which puts the directory back", sorted(os.listdir(os.path.join(base, "d"))), ["sub", "x"])
SWAP = """import ctypes, sys
libc = ctypes.CDLL(None)
a, b = (x.encode() for x in sys.argv[1:])
print(flush=True)
while libc.renameat2(-100, a, -100, b, 2) == 0:  # RENAME_EXCHANGE
    pass
"""
base, keep = setup()
os.symlink(outside, base + ".link")
inside(base, keep, "for i in 1 2 3 4 5 6 7 8 9; do echo evil >/d/n$i; mkdir /d/d$i; "
                   "echo evil >/d/d$i/x; done; echo evil >/d/x; rm -r /d/sub")
with subprocess.Popen([sys.executable, "-c", SWAP, base + "/d", base + ".link"],
                      stdout=subprocess.PIPE) as swapper:
    swapper.stdout.readline()
    for _ in range(15):
        review("apply", keep, "keep", "force")
    alive = swapper.poll() is None
    swapper.kill()
with open(os.path.join(outside, "x"), encoding="utf-8") as f:
    tap.same("nor when directory and link change places all the time",
             (f.read(), os.listdir(outside), alive), ("precious\n", ["x"], True))

base, keep = setup()
inside(base, keep, "mkdir /dir")
atexit.register(subprocess.run, ["rm", "-rf", os.path.join(base, "dir"), os.path.join(keep, "storage/dir")],
                check=False)
fd = os.open(os.path.join(keep, "storage/dir"), os.O_RDONLY)
for _ in range(9999):
    os.mkdir("dir", dir_fd=fd)
    deeper = os.open("dir", os.O_RDONLY, dir_fd=fd)
    os.close(fd)
    fd = deeper
os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd))
os.close(fd)
lines, n = review("diff", keep)
tap.same("10000 levels are shown", (len(lines), n), (10001, 10001))
tap.same("and applied", review("apply", keep)[1], 0)
tap.same("and nothing is left", review("diff", keep), ([], 0))
tick()
os.mknod(os.path.join(keep, "storage/dir"), stat.S_IFCHR, os.makedev(0, 0))
inside(base, keep, "test ! -e /dir")
lines, n = review("apply", keep)
tap.same("one deletion takes them away again",
         (lines, n, os.path.exists(os.path.join(base, "dir"))), (["D /dir"], 0, False))

# What is not understood is refused by itself
base, keep = setup()
inside(base, keep, "echo x >/d/sub/z; echo x >/f; mkdir -p /n/below")
upper = os.path.join(keep, "storage")
os.setxattr(os.path.join(upper, "d/sub"), f"{XATTR}.overlay.redirect", b"elsewhere")
os.setxattr(os.path.join(upper, "f"), f"{XATTR}.overlay.metacopy", b"")
os.setxattr(os.path.join(upper, "f"), f"{XATTR}.overlay.redirect", b"/g")
os.setxattr(os.path.join(upper, "n"), f"{XATTR}.overlay.opaque", b"y" * 300)
os.mkdir(os.path.join(upper, "x"))
write(os.path.join(upper, "x", "marked"))
os.setxattr(os.path.join(upper, "x"), f"{XATTR}.overlay.opaque", b"x")
os.setxattr(os.path.join(upper, "x", "marked"), f"{XATTR}.overlay.whiteout", b"")
other = "user" if tap.AS_ROOT else "trusted"
lines, n = review("apply", keep)
tap.same("renames by redirect_dir and metacopy are refused", (sorted(lines), n),
         (["A /n", "A /n/below", "A /x", "C /d/sub !EOPNOTSUPP", "C /f times !EOPNOTSUPP"], 2))
base, keep = setup()
inside(base, keep, "mkdir /e/new; echo x >/e/new/f")
os.setxattr(os.path.join(keep, "storage/e/new"), "user.overlay.origin", b"x")
os.setxattr(os.path.join(keep, "storage/e"), "user.overlay.fake", b"x")
review("apply", keep)
tap.same("marks of overlayfs are not carried into the base",
         [os.listxattr(os.path.join(base, x)) for x in ("e", "e/new")], [[], []])
base, keep = setup()
inside(base, keep, "chmod 700 /f")
os.truncate(os.path.join(keep, "storage/f"), 0)
os.truncate(os.path.join(keep, "storage/f"), os.lstat(os.path.join(base, "f")).st_size)
os.utime(os.path.join(keep, "storage/f"), ns=(1, os.lstat(os.path.join(base, "f")).st_mtime_ns))
os.setxattr(os.path.join(keep, "storage/f"), f"{XATTR}.overlay.metacopy", b"")
tap.same("attributes without bytes are a change of attributes", review("apply", keep),
         (["C /f mode 644>700"], 0))
with open(os.path.join(base, "f"), encoding="utf-8") as f:
    tap.same("the bytes are the base's", f.read(), "f of the base\n")

# Whose storage, which record
base, keep = setup()
p = tap.start("-q", "-t", keep, "-r", base, "busybox", "sh", "-c", "echo; exec sleep 60")
p.stdout.readline()
tap.same("not while a container uses it", review("apply", keep)[1],
         f"EBUSY: {keep}: in use by a container")
p.kill()
p.communicate()
while "EBUSY" in str(review("diff", keep)[1]):
    pass  # until the last of the container has ended
lines, n = review("diff", T)
tap.same("not a directory that no container had", n,
         f"ENODATA: {T}: no container has been started with it")
with open(os.path.join(keep, "layers"), encoding="utf-8") as f:
    record = f.read()
bad = 0
for text in ("", "minc-layers 2\n" + record.partition("\n")[2], record + "root /\n",
             record + "submount 1 /../x\n", record + "submount 0 /x\n", record + "submount 1 x\n",
             record + "made /a\\999\n", record + "made /a\\000\n", record + "surprise\n",
             record.replace("started ", "started -"), record[:-1], record + "made /a//b\n",
             record + "\0\n", record.partition("root")[0]):
    write(os.path.join(keep, "layers"), text)
    bad += "EBADMSG" not in str(review("diff", keep)[1])
tap.same("a damaged record is refused, whatever the damage", bad, 0)
os.remove(os.path.join(keep, "layers"))
os.mkfifo(os.path.join(keep, "layers"))
tap.same("so is one that is no file", "EBADMSG" in str(review("diff", keep)[1]), True)
os.remove(os.path.join(keep, "layers"))
write(os.path.join(keep, "layers"), record)
write(os.path.join(keep, "applied"), "garbage")
tap.same("so is a damaged journal", "EBADMSG" in str(review("apply", keep)[1]), True)
os.remove(os.path.join(keep, "applied"))
base, keep = setup()
copy = os.path.join(T, "copy")
subprocess.run(["cp", "-a", base, copy], check=True)
tick()
inside(base, keep, "echo for the copy >>/f; rm /g")
review("apply", keep, f"base={copy}")
with open(os.path.join(copy, "f"), encoding="utf-8") as f:
    tap.same("another base may be named", f.read(), "f of the base\nfor the copy\n")
tap.result(os.path.exists(os.path.join(base, "g")), "and the first one is left alone")
tap.same("the container's own base still lacks them", review("diff", keep)[0],
         ["C /f content times", "D /g"])
if not tap.AS_ROOT:
    tap.skip("another user's storage does not choose the base", "needs root")
else:
    os.chown(keep, 12345, 12345)
    result = review("apply", keep)[1]
    tap.same("another user's storage does not choose the base", (str(result)[:6], review(
        "apply", keep, f"base={base}", "force")[1]), ("EPERM:", 0))

# A user's container needs directories of others on the way to its own
base, keep = setup()
inside(base, keep, "true")
if tap.AS_ROOT:
    tap.skip("a directory the setup put in the layer is no change", "needs a user")
else:
    os.mkdir(os.path.join(keep, "storage/d"))
    os.setxattr(os.path.join(base, "d"), "user.x", b"of the base")
    os.chmod(os.path.join(keep, "storage/d"), stat.S_IMODE(os.stat(base + "/d").st_mode))
    tap.same("a directory the setup put in the layer is no change", review("diff", keep), ([], 0))

# The host's root
keep = os.path.join(T, "root")
os.mkdir(keep)
tap.start("-q", "-t", keep, "true").communicate()
tap.same("a container on the host's root that writes nothing shows nothing",
         review("diff", keep), ([], 0))

# Mounts below the root
if not tap.AS_ROOT:
    tap.skip("mounts below the root are layers of their own", "needs root")
else:
    base, keep = setup()
    for name in ("d/mnt", "e/mnt/deep"):
        os.makedirs(os.path.join(base, name))
        subprocess.run(["mount", "-t", "tmpfs", "none", os.path.join(base, name)], check=True)
        write(os.path.join(base, name, "old"), "old\n")
    tick()
    inside(base, keep, "echo x >/d/mnt/new; echo x >/d/a; echo x >/d/z; rm /e/mnt/deep/old; "
                       "chmod 700 /d/mnt/old; echo >/f", "--submounts")
    lines, n = review("diff", keep)
    tap.same("mounts below the root are layers of their own, in one order", lines,
             ["A /d/a", "A /d/mnt/new", "C /d/mnt/old mode 644>700", "A /d/z",
              "D /e/mnt/deep/old", "C /f content times"])
    subprocess.run(["umount", os.path.join(base, "d/mnt")], check=True)
    lines, n = review("apply", keep)
    tap.same("one that is not mounted now is refused", (lines, n),
             (["A /d/a", "C /d/mnt !EXDEV", "A /d/z", "D /e/mnt/deep/old", "C /f content times"],
              1))
    tap.same("and its mount point not written", os.listdir(os.path.join(base, "d/mnt")), [])
    tap.same("the other one is applied", os.listdir(os.path.join(base, "e/mnt/deep")), [])
    subprocess.run(["umount", os.path.join(base, "e/mnt/deep")], check=True)
    base, keep = setup()
    inside(base, keep, "echo x >/d/x; echo >/f; rm -r /e")
    subprocess.run(["mount", "-t", "tmpfs", "none", os.path.join(base, "d")], check=True)
    subprocess.run(["mount", "--bind", os.path.join(base, "d"), os.path.join(base, "e")], check=True)
    lines, n = review("apply", keep)
    tap.same("a mount the container did not have is not written", lines,
             ["C /d !EXDEV", "D /e !EXDEV", "C /f content times"])
    subprocess.run(["umount", os.path.join(base, "e"), os.path.join(base, "d")], check=True)

tap.done()
