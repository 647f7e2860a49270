# SPDX-License-Identifier: MIT
"""python - python/minc.py: each of its calls, and that nothing is left of them."""
import concurrent.futures
import dataclasses
import errno
import os
import subprocess
import sys

sys.path.insert(0, os.environ["MINC_TESTS"])
from tap import MARTEN, busybox_root, done, result, same, skip_all, temporary  # noqa: E402

if os.environ.get("SANITIZED"):
    skip_all("a sanitizer's runtime wants to be loaded before Python")
sys.path.append(os.path.join(os.environ["MINC_TESTS"], "../../python"))  # a user has a copy
import minc  # noqa: E402

T = temporary()
ROOT, KEPT = busybox_root(f"{T}/root"), f"{T}/kept"
os.mkdir(KEPT)


def descriptors():
    return sorted(os.listdir("/proc/self/fd"))


def fails(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as e:
        return e
    return None


BEFORE = descriptors()
BOX = minc.Box(root=ROOT)

# to the end
same("a command's status and both of its streams",
     BOX.run(["sh", "-c", "cat; echo err >&2; exit 3"], input=b"in\n"), minc.Result(3, b"in\n", b"err\n"))
same("more than a pipe holds, of both",
     [len(text) for text in dataclasses.astuple(
         BOX.run(["sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"]))[1:]], [300000, 300000])
same("standard input is empty", BOX.run(["cat"]).stdout, b"")
same("a signal is 128 and its number", minc.run(["sh", "-c", "sh -c 'kill -9 $$'; exit $?"], root=ROOT).status, 137)
r = minc.run(["sh", "-c", "echo $A; pwd; hostname 2>/dev/null; busybox id -u; ls /bound; ls /proc/net/dev"], root=ROOT,
             env={"A": "1 2"}, cwd="/mnt", hostname="box", network="none", binds=[(ROOT + "/etc", "/bound", "ro")],
             tmpfs={"/scratch": 1 << 20}, user="0")
same("the description", (r.status, r.stdout.split(b"\n")[:2] + r.stdout.split(b"\n")[-4:]),
     (0, [b"1 2", b"/mnt", b"0", b"passwd", b"/proc/net/dev", b""]), r)
result(BOX.run(["touch", "/new"]).status == 0 and not os.path.exists(ROOT + "/new"), "what it writes is gone")
same("a read-only root", minc.run(["touch", "/new"], root=ROOT, root_flags=["read_only"]).status, 1)
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    same("one Box in many threads", list(pool.map(lambda n: BOX.run(["echo", str(n)]).stdout, range(16))),
         [b"%d\n" % n for n in range(16)])

# failures
e = fails(minc.Error, BOX.run, ["/none"])
same("a command that is not there", (e.errno, e.exit_status), (errno.ENOENT, 127), e)
e = fails(minc.Error, minc.run, ["true"], root=ROOT, binds=[("/none/at/all", "/x")])
result(e and "/none/at/all" in str(e) and e.exit_status == 125, "a bind that is not there is named", e)
e = fails(minc.Error, minc.run, ["true"], root=ROOT, network="nowhere")
result(e and "network mode" in str(e), "a network that is not there", e)
for what, kwargs in (("a limit", {"limits": {"memroy": 1}}), ("a flag", {"root_flags": ["ro"]}),
                     ("a bind", {"binds": [("/a", "/b", "rw")]}), ("a root and an image", {"image": "a"}),
                     ("a NUL byte", {"cwd": "/a\0b"})):
    result(fails(ValueError, minc.run, ["true"], root=ROOT, **kwargs), what + " that there is not")
result(fails(TypeError, BOX.run, "true"), "a command that is no list")
e = fails(minc.Timeout, BOX.run, ["sh", "-c", "echo begun; sleep 1000"], timeout=0.5)
same("a command that takes too long", (e.errno, e.stdout), (errno.ETIMEDOUT, b"begun\n"))

# in the background
ct = minc.Box(root=ROOT, storage=KEPT).start(["sh", "-c", "echo out; echo err >&2; while :; do sleep 1; done"],
                                             name="py")
same("its name and state", (ct.name, ct.state, len(ct.id)), ("py", minc.State.RUNNING, 64))
same("it is found", (minc.containers(), minc.open_container("py").id), ([ct.id], ct.id))
same("a command in it", ct.exec(["sh", "-c", "cat >/new; pwd; echo $A"], input=b"x", cwd="/etc", env={"A": "b"}),
     minc.Result(0, b"/etc\nb\n"))
e = fails(minc.Timeout, ct.exec, ["sleep", "1000"], timeout=0.3)
same("only that is ended when it takes too long", (e is not None, ct.state), (True, minc.State.RUNNING))
seen = {}
ct.logs(follow=True, fn=lambda stream, data: seen.setdefault(stream, data) and len(seen) == 2)
same("its log, by stream, until it is enough", seen, {1: b"out\n", 2: b"err\n"})
same("its log", (sorted(ct.logs().split()), ct.logs(tail=0)), ([b"err", b"out"], b""))
e = fails(ZeroDivisionError, ct.logs, fn=lambda stream, data: 1 // 0)
result(e, "an exception goes through")
ct.pause()
same("paused", ct.state, minc.State.PAUSED)
ct.resume()
e = fails(TimeoutError, ct.wait, 0.05)
result(e, "a wait that takes too long", e)
result(fails(minc.Error, minc.Changes, KEPT).errno == errno.EBUSY, "its changes are not to be had while it runs")
same("it is stopped", (ct.stop(grace=0.1) in (137, 143), ct.state), (True, minc.State.EXITED))

# what it wrote
with minc.Changes(KEPT) as changes:
    same("its changes", [(c.kind, c.path, c.size, c.refused) for c in changes.diff()], [("A", "/new", (0, 1), "")])
    same("those that are excluded", (changes.apply(exclude=["/new"]), os.path.exists(ROOT + "/new")), ([], False))
with minc.Changes(KEPT) as changes:
    same("are applied", (changes.apply(only=["/new"]), os.path.exists(ROOT + "/new")), ([], True))
result(fails(minc.Error, minc.Changes, T + "/none"), "no storage")
ct.delete()
same("it is forgotten", (minc.containers(), fails(minc.Error, minc.open_container, "py").errno),
     ([], errno.ENOENT))
ct.close()

# an image
subprocess.run([MARTEN, "import", "-q", ROOT, "py-image"], check=True, stdout=subprocess.DEVNULL,
               env={**os.environ, "MINCS_DIR": T + "/store"})
same("an image", minc.run(["echo", "in"], image="py-image", store=T + "/store").stdout, b"in\n")
result(fails(minc.Error, minc.run, image="none", store=T + "/store"), "an image that is not there")
same("no descriptor is left", descriptors(), BEFORE)
done()
