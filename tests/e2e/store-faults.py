# SPDX-License-Identifier: MIT
"""store-faults - what brings images in and out fails at any system call, or is killed there:
the store then lists whole images only, fsck finds nothing, and the same command succeeds.
Also a full disk, many at once, and flipped bytes.

environment: FAULTS=all: every call of every kind, and sixty seconds of many at once;
FAULTS=N: so many of each command."""
import io
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time

sys.path.insert(0, os.environ["MINC_TESTS"])
from tap import AS_ROOT, HAS_RANGE, MARTEN, done, result, same, skip, skip_all, temporary  # noqa: E402

if not shutil.which("strace"):
    skip_all("needs strace")
if os.environ.get("SANITIZED"):
    skip_all("LeakSanitizer does not run under strace")
T = temporary()
ALL = os.environ.get("FAULTS") == "all"
SAMPLES = 25 if AS_ROOT else 10  # of one command
if os.environ.get("FAULTS", "").isdigit():
    SAMPLES = int(os.environ["FAULTS"])
RANDOM = random.Random(1)
BASE, WORK = f"{T}/base", f"{T}/work"
ENV = {**os.environ, "HOME": f"{T}/home", "LC_ALL": "C.UTF-8"}
ERRORS = {"write": "ENOSPC EIO EINTR", "pwrite64": "ENOSPC EIO EINTR", "openat": "EMFILE EIO ENOMEM",
          "linkat": "ENOSPC EIO", "fsync": "EIO ENOSPC", "fdatasync": "EIO", "renameat": "EIO ENOSPC",
          "rename": "EIO", "renameat2": "EIO", "unlinkat": "EIO", "unlink": "EIO",
          "mkdirat": "ENOSPC EIO", "mkdir": "ENOSPC", "ftruncate": "ENOSPC EIO EINTR",
          "mmap": "ENOMEM", "read": "EIO EINTR", "pread64": "EIO EINTR",
          "flock": "EINTR ENOLCK EIO", "lseek": "EIO", "clone3": "EAGAIN ENOMEM",
          "getdents64": "EIO ENOMEM", "newfstatat": "EIO ENOMEM", "mprotect": "ENOMEM",
          "socket": "EMFILE", "connect": "ECONNREFUSED EINTR",
          "sendto": "EPIPE EINTR", "recvfrom": "ECONNRESET EINTR", "poll": "EINTR ENOMEM"}


def run(*words, store=WORK, before=(), limit=120):
    p = subprocess.run([*before, MARTEN, "--store", store, *words], stdin=subprocess.DEVNULL,
                       capture_output=True, env=ENV, timeout=limit, check=False, cwd=T)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def must(*words, store=BASE):
    status, out, err = run(*words, store=store)
    if status:
        raise RuntimeError(f"{words}: {status}: {err}")
    return out.strip()


def make_tar(path, *files):
    with tarfile.open(path, "w") as tar:
        for name, size in files:
            info = tarfile.TarInfo(name)
            info.size = size
            tar.addfile(info, io.BytesIO(random.Random(name).randbytes(size)))


class Registry:
    """docker-registry, with one image in it."""

    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.host = "127.0.0.1:%d" % s.getsockname()[1]
        with open(f"{T}/registry.yml", "w", encoding="ascii") as f:
            json.dump({"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
                       "storage": {"filesystem": {"rootdirectory": f"{T}/registry"}},
                       "http": {"addr": self.host}}, f)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(["docker-registry", "serve", f"{T}/registry.yml"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(400):
            try:
                socket.create_connection(self.host.split(":"), 1).close()
                break
            except OSError:
                time.sleep(0.025)  # nothing announces that it listens
        must("push", "-q", "--tls-verify=false", "new", f"{self.host}/new:1", store=f"{T}/other")
        self.name = f"{self.host}/new:1"


def prepare():
    """A store with an image and a container, and the same second image in every form."""
    os.mkdir(f"{T}/home")
    make_tar(f"{T}/old.tar", ("etc/old", 3000), ("big", 200000))
    make_tar(f"{T}/root.tar", ("etc/new", 3000), ("new", 300000))
    must("import", "-q", f"{T}/old.tar", "old")
    must("import", "-q", f"{T}/root.tar", "new", store=f"{T}/other")
    must("save", "-q", "-o", f"{T}/docker.tar", "new", store=f"{T}/other")
    must("save", "-q", "--format", "oci", "-o", f"{T}/oci", "new", store=f"{T}/other")
    must("create", "--name", "box", "old", "true")
    for name in os.listdir(f"{BASE}/containers"):  # as if it had run
        os.makedirs(f"{BASE}/containers/{name}/storage", exist_ok=True)
        with open(f"{BASE}/containers/{name}/storage/written", "w", encoding="ascii") as f:
            f.write("by the container\n")


def fresh():
    shutil.rmtree(WORK, ignore_errors=True)
    subprocess.run(["cp", "-a", BASE, WORK], check=True)


def names():
    return sorted(run("images", "--format", "json")[1].splitlines())


def whole():
    """None, or what is wrong with the store."""
    status, out, err = run("fsck")
    if (status, out, err) != (0, "", ""):
        return f"fsck: status {status}: {out}{err}"
    status, out, err = run("images", "-q", "--no-trunc")
    if status or err:
        return f"images: status {status}: {err}"
    for image in set(out.split()):
        target = f"{T}/exported.tar"
        if os.path.exists(target):
            os.unlink(target)
        status, _, err = run("export", "-q", "-o", target, image)
        if status:
            return f"export of {image}: status {status}: {err}"
    return None


def temporaries():
    return [os.path.join(p, n) for p, _, found in os.walk(WORK) for n in found if ".tmp-" in n]


def finished(goal):
    status, out, _ = run("images", "--format", "json")
    listed = [json.loads(line)["name"] for line in out.splitlines()] if status == 0 else []
    return goal(listed)


def calls(words):
    """How often the busiest thread makes each call."""
    fresh()
    log = f"{T}/trace"
    status, _, err = run(*words, before=("strace", "-f", "-o", log, "-e", "trace=" + ",".join(ERRORS)))
    if status:
        raise RuntimeError(f"{words} under strace: {status}: {err}")
    most = {}
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = re.match(r"(\d+) +(\w+)\(", line)
            if m:
                most[m.groups()] = most.get(m.groups(), 0) + 1
    ret = {}
    for (_, call), n in most.items():
        ret[call] = max(ret.get(call, 0), n)
    return ret


def one_fault(words, goal, fault):
    """None, or what went wrong."""
    fresh()
    call = fault.split(":")[0]
    status, _, err = run(*words, before=("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                                         "-e", f"inject={fault}"))
    if fault == "mmap:error=ENOMEM:when=1":
        status = 127  # before there is a program that could say anything
    if status < 0 and "KILL" not in fault:
        return f"ended by signal {-status}"
    lines = [line for line in err.splitlines() if not line.startswith(("marten: hint: ", "marten: warning: "))]
    if status == 125 and err + call != "write" and (len(lines) != 1 or not err.startswith("marten: ")):
        return f"not one line: {err!r}"
    bad = whole()
    if bad:
        return f"status {status}, {err!r}, then {bad}"
    if not finished(goal):
        again, _, err = run(*words)
        if again:
            return f"status {status}; the second time: {again}: {err}"
        bad = whole()
        if bad or not finished(goal):
            return f"the second time it does nothing, or {bad}"
    run("fsck", "--repair")
    return f"left: {temporaries()}" if temporaries() else None


def faults(name, words, goal):
    every = []
    for call, n in sorted(calls(words).items()):
        for error in ERRORS[call].split():
            every += [f"{call}:error={error}:when={i}" for i in range(1, n + 1)]
        every += [f"{call}:signal=KILL:when={i}" for i in range(1, n + 1)]
    chosen = every if ALL or len(every) <= SAMPLES else RANDOM.sample(every, SAMPLES)
    bad = [f"{fault}: {wrong}" for fault in chosen for wrong in [one_fault(words, goal, fault)] if wrong]
    result(not bad, f"{name}: {len(chosen)} of {len(every)} faults leave whole images only", *bad[:20])


def test_faults():
    def new(listed):
        return any("new" in n for n in listed)

    faults("import of a root file system", ("import", "-q", f"{T}/root.tar", "new"), new)
    faults("import of a docker-archive", ("import", "-q", f"{T}/docker.tar"), new)
    faults("import of an OCI layout", ("import", "-q", f"{T}/oci"), new)
    if HAS_RANGE:
        skip("commit", "newuidmap(1) has no privilege under strace")
    else:
        faults("commit", ("commit", "-q", "box", "new"), new)
    faults("tag", ("tag", "old", "new"), new)
    faults("rmi", ("rmi", "-f", "old"), lambda listed: not listed)
    if not shutil.which("docker-registry"):
        skip("pull", "needs docker-registry")
        return
    registry = Registry()
    faults("pull", ("pull", "-q", "--tls-verify=false", registry.name), new)
    registry.process.kill()
    registry.process.wait()


def test_unread():
    """What cannot be read of the containers is not taken for none."""
    for words in (("prune", "-af"), ("rmi", "old")):
        for call, place in (("getdents64", "containers"), ("read", "containers/{}/container.json")):
            fresh()
            path = f"{WORK}/{place}".format(*os.listdir(f"{WORK}/containers"))
            status, out, err = run(*words, before=("strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e",
                                                   f"trace={call}", "-e", f"inject={call}:error=EIO"))
            result(status == 125 and "Input/output error" in err and "old" in str(names()),
                   f"{words[0]} removes no image while {call} fails in {place}", status, out, err)


def test_full():
    """A file system without room, for real."""
    if not AS_ROOT:
        skip("a full disk", "needs root")
        return
    disk = f"{T}/disk"
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    sizes = list(range(64, 1500, 8 if ALL else 48))
    full = 0
    for words in (("import", "-q", f"{T}/root.tar", "new"), ("import", "-q", f"{T}/docker.tar"),
                  ("import", "-q", f"{T}/oci")):
        bad = None
        for size in sizes:
            subprocess.run(["mount", "-o", f"remount,size={size}k", disk], check=True)
            status, _, err = run(*words, store=f"{disk}/store")
            if status == 0:
                break
            full += "No space left" in err
            found = run("fsck", store=f"{disk}/store")
            if status != 125 or err.count("\n") != 1 or found[0] or \
               "new" in run("images", store=f"{disk}/store")[1]:
                bad = f"{size} KiB: status {status}: {err}, {found}"
                break
        result(status == 0 and not bad, f"{words[2]} on a full disk, then on one with room", bad, err)
        shutil.rmtree(f"{disk}/store")
    result(full > 3, "and it was full")
    subprocess.run(["umount", disk], check=True)


def work_at_random(seed, end, said):
    mine = random.Random(seed)

    def any_name():
        return f"n{mine.randrange(6)}"

    while time.monotonic() < end:
        words = mine.choice([
            lambda: ("import", "-q", mine.choice([f"{T}/root.tar", f"{T}/docker.tar", f"{T}/oci",
                                                  f"{T}/old.tar"]), any_name()),
            lambda: ("tag", any_name(), any_name()), lambda: ("rmi", "-f", any_name()),
            lambda: ("rmi", any_name()), lambda: ("prune", "-f", *mine.choice([(), ("--all",)])),
            lambda: ("create", "--name", "c" + any_name(), any_name(), "true"),
            lambda: ("rm", "c" + any_name()), lambda: ("commit", "-q", "c" + any_name(), any_name()),
            lambda: ("images",), lambda: ("fsck",)])()
        status, out, err = run(*words)
        said.append((words, status, out if words[0] == "fsck" else "", err))


EXPECTED = re.compile(r"not in|resolve host|no image|not found|no container|no such|is used|exists|already|in use|"
                      r"unknown|is gone|has not run|depends on it|is taken|has it|uses it", re.I)


def test_many():
    fresh()
    said = []
    end = time.monotonic() + (60 if ALL else 6)
    threads = [threading.Thread(target=work_at_random, args=(i, end, said)) for i in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    odd = [s for s in said if s[1] not in (0, 1, 125) or (s[0][0] in ("fsck", "images") and s[1]) or
           (s[1] and not EXPECTED.search(s[3]))]
    result(not odd, f"16 processes do {len(said)} things at once, and all of them are answered",
           *[repr(o) for o in odd[:20]])
    same("the store is whole", whole(), None)
    run("fsck", "--repair")
    same("no temporary name is left", temporaries(), [])


def flip(path, offset):
    with open(path, "r+b") as f:
        f.seek(offset)
        byte = f.read(1)
        f.seek(offset)
        f.write(bytes([byte[0] ^ 1 << RANDOM.randrange(7)]))


def same_meaning(one, other):
    """Whether these index.json differ in no more than what else is said of the list."""
    parsed = []
    for path in (one, other):
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            try:
                parsed.append(json.load(f))
            except ValueError:
                return False
    return all(parsed[0].get(k) == parsed[1].get(k) for k in ("schemaVersion", "mediaType", "manifests"))


def test_foreign_index():
    """What another program did to index.json is told, until it is accepted; all works meanwhile."""
    fresh()
    must("import", "-q", f"{T}/root.tar", "new", store=WORK)
    path = f"{WORK}/index.json"
    with open(path, encoding="utf-8") as f:
        index = json.load(f)
    entry = json.loads(json.dumps(index["manifests"][0]))
    entry["annotations"] = {"org.opencontainers.image.ref.name": "theirs:1"}
    index["manifests"].append(entry)
    os.unlink(path)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(index, f)
    status, out, _ = run("fsck")
    result(status == 1 and out.startswith("index.json: ") and "--repair" in out,
           "a name of another program's is told", f"status {status}: {out}")
    status, out, err = run("tag", "theirs:1", "ours:1")
    result(status == 0, "its image is used", err)
    status, out, _ = run("fsck")
    result(status == 1 and out.startswith("index.json: "), "and it is told after that too", out)
    status, out, _ = run("fsck", "--repair")
    result(status == 0 and "accepted" in out, "it is accepted", f"status {status}: {out}")
    same("nothing is left to tell", run("fsck")[:2], (0, ""))
    names = run("images", "--format", "json")[1]
    result('"theirs:1"' in names and '"ours:1"' in names, "all names are there", names)


def test_flips():
    fresh()
    must("import", "-q", f"{T}/root.tar", "new", store=WORK)
    files = [os.path.join(p, n) for p, _, found in os.walk(WORK) for n in found
             if "/containers/" not in p and n not in ("write.lock", "index.lock")]
    missed, unmended = [], []
    for path in sorted(files):
        name = os.path.relpath(path, WORK)
        size = os.path.getsize(path)
        kept = shutil.copy2(path, f"{T}/kept")
        offsets = {0, size - 1, *[RANDOM.randrange(size) for _ in range(200 if ALL else 8)]}
        if name == "index.json":
            offsets = range(size)  # there the same could be said in other words
        for offset in sorted(offsets):
            os.chmod(path, 0o644)
            flip(path, offset)
            status, out, err = run("fsck")
            good = name == "index.json" and same_meaning(kept, path)
            if (status not in (1, 125) or name not in out + err) and not good:
                missed.append(f"{name} at {offset} of {size}: status {status}: {out}{err}")
            os.unlink(path)
            shutil.copy2(kept, path)
        if name.startswith("layers/"):
            flip(path, size // 2)
            status, out, err = run("fsck", "--repair")
            again = run("fsck")
            bad = whole()
            if status or again[:2] != (0, "") or bad:
                unmended.append(f"{name}: status {status}: {out}{err}, {again}, {bad}")
    result(not missed, "a flipped byte is found by fsck, and its file named", *missed[:40])
    result(not unmended, "fsck --repair mends a layer by its blob", *unmended)


def main():
    prepare()
    only = os.environ.get("ONLY", "")
    for name, test in list(globals().items()):
        if name.startswith("test_") and only in name:
            test()
    done()


if __name__ == "__main__":
    main()
