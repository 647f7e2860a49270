# SPDX-License-Identifier: MIT
"""tap - the harness of the Python tests: TAP lines, a temporary directory, a small root.

For what a shell cannot do: terminals, signals at exact moments, and finding processes
that outlive their parent (this process adopts them, prctl(2) PR_SET_CHILD_SUBREAPER).
"""
import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36
MINC = os.environ["MINC"]
MARTEN = os.environ["MARTEN"]
PROBE = os.environ["PROBE"]
AS_ROOT = os.environ.get("MINC_TEST_AS") == "root"
HAS_RANGE = os.environ.get("MINC_TEST_AS") == "range"

_count = 0
_failed = 0


def result(passed, name, *details):
    global _count, _failed
    _count += 1
    if not passed:
        _failed += 1
    print(f"{'ok' if passed else 'not ok'} {_count} - {name}")
    if not passed:
        for text in details:
            for line in str(text).splitlines():
                print(f"# {line}")
    sys.stdout.flush()
    return passed


def same(name, got, want, *details):
    return result(got == want, name, f"     got: {got!r}", f"expected: {want!r}", *details)


def skip(name, reason):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {reason}")


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def done():
    print(f"1..{_count}")
    sys.exit(1 if _failed else 0)


def temporary():
    path = os.path.realpath(tempfile.mkdtemp(prefix="minc-test."))
    os.chmod(path, 0o755)

    # Containers in the background are the test's own, and end with it.
    os.environ["MINC_STATE_DIR"] = os.path.join(path, "state")

    def remove():
        if os.path.exists(os.environ["MINC_STATE_DIR"]):
            left = subprocess.run([MARTEN, "ps", "-aq"], check=False, capture_output=True, text=True)
            for container in left.stdout.split():
                subprocess.run([MARTEN, "rm", "-f", container], check=False)
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            if any(line.split()[4].startswith(path) for line in f):
                print(f"# mounts are left below {path}: it is not removed")
                return
        shutil.rmtree(path, ignore_errors=True)

    atexit.register(remove)
    return path


def busybox_root(path):
    busybox = shutil.which("busybox")
    if not busybox:
        skip_all("needs busybox (busybox-static)")
    for name in ("usr/bin", "dev", "proc", "sys", "tmp", "etc", "root", "run", "mnt"):
        os.makedirs(os.path.join(path, name))
    os.symlink("usr/bin", os.path.join(path, "bin"))
    shutil.copy(busybox, os.path.join(path, "usr/bin/busybox"))
    shutil.copy(PROBE, os.path.join(path, "usr/bin/probe"))
    for tool in ("sh cat echo ls sleep true false tty stty kill ps yes head setsid mount "
                 "touch dd mkdir test printf seq").split():
        os.symlink("busybox", os.path.join(path, "usr/bin", tool))
    with open(os.path.join(path, "etc/passwd"), "w", encoding="utf-8") as f:
        f.write("root:x:0:0:root:/root:/bin/sh\n")
    return path


def adopt():
    """Make orphans of our children our own children."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="utf-8") as f:
        return [int(word) for word in f.read().split()]


def describe(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f"{pid} " + f.read().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return str(pid)


def none_left(seconds=10):
    """Reap until there are no children; what is left is returned, described, and killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return []
    left = children()
    words = [describe(pid) for pid in left]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return words


def await_gone(pids, seconds=10):
    """Until none of @pids runs; those that are ours are reaped."""
    end = time.monotonic() + seconds
    while pids and time.monotonic() < end:
        for pid in list(pids):
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    pids.remove(pid)
                continue
            except ChildProcessError:
                pass
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                    ended = f.read().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                ended = True
            if ended:
                pids.remove(pid)
        time.sleep(0.01)
    return not pids


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return [line.split()[4] for line in f]


def start(*arguments, **keywords):
    keywords.setdefault("stdin", subprocess.DEVNULL)
    keywords.setdefault("stdout", subprocess.PIPE)
    keywords.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([MINC, *arguments], **keywords)


def first_child(pid):
    """Process id of the first child of @pid, or None."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
            return int((f.read().split() or [0])[0]) or None
    except OSError:
        return None


def process_1(pid):
    """Of the container that minc, process @pid, has in the foreground: below its keeper."""
    keeper = first_child(pid)
    return keeper and first_child(keeper)


def wait_for_program(pid, name, depth=1, seconds=10):
    """Wait until process 1 of minc, process @pid, or below it the @depth-th, executes @name."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            child = first_child(pid)
            for _ in range(depth):
                child = first_child(child)
            with open(f"/proc/{child}/comm", encoding="utf-8") as f:
                if f.read().strip() == name:
                    return True
        except OSError:
            pass
        time.sleep(0.01)
    return False


def status(process):
    """Exit status as a shell would show it."""
    return process.returncode if process.returncode >= 0 else 128 - process.returncode
