#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""deaf - process 1 waits for a file system that does not answer, and cannot be killed meanwhile:
whatever is asked of the container ends, or says what it waits for; nothing stays frozen."""
import ctypes
import json
import os
import signal
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.environ["MINC_TESTS"])
import tap  # noqa: E402

if not tap.AS_ROOT:
    tap.skip_all("needs root, to mount a file system")
LOOKUP, GETATTR, OPEN, READ, INIT, FLUSH, RELEASE = 1, 3, 14, 15, 26, 25, 18
S_IFDIR, S_IFREG = 0o040000, 0o100000
T = tap.temporary()
os.environ["MINCS_DIR"] = f"{T}/store"


class Silent:
    """A file system of one file, whose content never comes. fuse(4), by hand."""

    def __init__(self, place):
        os.mkdir(place)
        self.place, self.asked = place, threading.Event()
        try:
            self.fd = os.open("/dev/fuse", os.O_RDWR)
        except OSError as e:
            tap.skip_all(f"needs /dev/fuse: {e.strerror}")
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if ctypes.CDLL(None, use_errno=True).mount(b"silent", place.encode(), b"fuse", 0, options) < 0:
            tap.skip_all("needs a mount of FUSE")
        threading.Thread(target=self.serve, daemon=True).start()

    def attr(self, node):
        mode, size = (S_IFDIR | 0o755, 0) if node == 1 else (S_IFREG | 0o644, 4096)
        return struct.pack("=QQQQQQIIIIIIIIII", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def answer(self, opcode, node, body):
        if opcode == INIT:
            return 0, struct.pack("=IIIIHHIIHHIIHHI", 7, 31, 65536, 0, 1, 1, 65536, 1, 1, 0, 0, 0, 0, 0, 0) + bytes(12)
        if opcode == LOOKUP:
            return (0, struct.pack("=QQQQII", 2, 0, 1, 1, 0, 0) + self.attr(2)) if body == b"file\0" else (-2, b"")
        if opcode == GETATTR:
            return 0, struct.pack("=QII", 1, 0, 0) + self.attr(node)
        if opcode == OPEN:
            return 0, struct.pack("=QII", 0, 1, 0)  # not through the page cache
        if opcode in (FLUSH, RELEASE):
            return 0, b""
        return -38, b""

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, 1 << 20)
            except OSError:
                return
            _, opcode, unique, node = struct.unpack_from("=IIQQ", request)
            if opcode == READ:
                self.asked.set()  # and no more is said
            elif opcode not in (2, 42, 36):  # FORGET and INTERRUPT want no answer
                err, data = self.answer(opcode, node, request[40:])
                os.write(self.fd, struct.pack("=IiQ", 16 + len(data), err, unique) + data)

    def hang_up(self):
        subprocess.run(["umount", "-f", self.place], check=False, stderr=subprocess.DEVNULL)
        os.close(self.fd)
        subprocess.run(["umount", "-l", self.place], check=False, stderr=subprocess.DEVNULL)


def marten(*words, seconds=20):
    try:
        p = subprocess.run([tap.MARTEN, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=seconds, check=False)
    except subprocess.TimeoutExpired as e:
        return "hangs", (e.stdout or b"").decode(), (e.stderr or b"").decode()
    return p.returncode, p.stdout, p.stderr


def begin(*words):
    return subprocess.Popen([tap.MARTEN, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def ended(process):
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return "hangs"


def first(name):
    """Its process 1."""
    found = json.loads(marten("inspect", name)[1])
    return (found[0] if isinstance(found, list) else found)["pid"]


def parent(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("PPid:")).split()[1])


def only_version_1():
    """Where both versions are there, the one whose freezer keeps what is killed."""
    if os.path.ismount("/sys/fs/cgroup/unified") and os.path.ismount("/sys/fs/cgroup/freezer"):
        subprocess.run(["umount", "/sys/fs/cgroup/unified"], check=True)


def test_silent(name, *limits):
    silent = Silent(f"{T}/{name}")
    tap.same(f"{name}: it runs", marten("run", "-d", "--name", name, *limits, "-v", f"{silent.place}:/m", "bb", "sh", "-c",
                                        "exec cat /m/file")[0], 0)
    tap.result(silent.asked.wait(20), f"{name}: and waits")
    for words in (("ps",), ("top", name), ("stats", "--no-stream", name), ("exec", name, "true"), ("inspect", name),
                  ("logs", name), ("cp", f"{name}:/etc/passwd", f"{T}/passwd")):
        tap.same(f"{name}: {words[0]} does not", marten(*words)[::2], (0, ""))
    if limits:
        status, _, err = marten("pause", name)
        tap.result(status == 125 and f"process {first(name)} sleeps in the kernel" in err,
                   f"{name}: what cannot be paused says why", status, err)
        tap.same(f"{name}: and is not half paused", marten("exec", name, "true")[::2], (0, ""))
    waits = begin("wait", name)
    for words in (("stop", "-t", "0", name), ("kill", name), ("rm", "-f", name)):
        p = begin(*words)
        line = p.stderr.readline()
        tap.result(f"{name}: waits for process {first(name)}, which sleeps in the kernel and cannot be killed" in line,
                   f"{name}: {words[0]} says what it waits for", line)
        if words[0] == "rm":
            silent.hang_up()
            tap.same(f"{name}: which then ends", ended(p), 0)
        else:
            p.kill()
            p.wait()
    tap.same(f"{name}: as does wait", (ended(waits), waits.stdout.read()), (0, "143\n"))
    tap.same(f"{name}: it is gone", marten("ps", "-aq")[1], "")


def thaw(pid):
    """For the tests' sake, if what they are about is broken."""
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as f:
        for line in f:
            _, kind, path = line.rstrip("\n").split(":", 2)
            if kind == "freezer":
                with open(f"/sys/fs/cgroup/freezer{path}/freezer.state", "w", encoding="ascii") as state:
                    state.write("THAWED")


def test_lost_while_paused():
    """With its monitor goes who could let it go on."""
    for how in ("wait", "rm"):
        marten("run", "-d", "--name", "lost", "--pids-limit", "50", "bb", "sleep", "1000")
        pid = first("lost")
        tap.same("what is paused", marten("pause", "lost")[::2], (0, ""))
        os.kill(parent(parent(pid)), signal.SIGKILL)
        if how == "wait":
            tap.same("and has lost its monitor ends when it is waited for", marten("wait", "lost")[:2], (0, "137\n"))
        tap.same("and is removed", marten("rm", "-f", "lost")[::2], (0, ""))
        if not tap.result(not os.path.exists(f"/proc/{pid}"), "nothing stays frozen", tap.describe(pid)):
            thaw(pid)
            marten("rm", "-f", "lost")


def test_signals_while_paused():
    for how in range(5):
        marten("run", "-d", "--name", "held", "--pids-limit", "50", "bb", "sh", "-c",
               "trap 'exit 3' TERM; echo up; while :; do sleep 1; done")
        while "up" not in marten("logs", "held")[1]:
            pass
        bad = [words for words in (("pause", "held"), ("kill", "-s", "TERM", "held"), ("unpause", "held"))
               if marten(*words)[::2] != (0, "")]
        if bad or marten("wait", "held")[1] != "3\n":
            break
        marten("rm", "held")
    tap.result(not bad, "a signal to what is paused comes when it goes on", how, bad)
    marten("rm", "-f", "held")


def main():
    only_version_1()
    status, _, err = marten("import", "-q", tap.busybox_root(f"{T}/root"), "bb")
    if status:
        tap.skip_all(f"needs images: {err}")
    test_silent("free")
    test_silent("limited", "--pids-limit", "50")
    test_lost_while_paused()
    test_signals_while_paused()
    tap.done()


main()
