#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sealed - whatever a command, an interpreter or a loader names, no file of the host is run.

Each root below makes a program of its own choice the loader of every dynamic program. If it
is executed as the loader of minc or marten, /proc/self/exe is a file of the host, which root
inside could overwrite when nothing executes it any more (CVE-2019-5736).
"""
import os
import shutil
import subprocess

import tap

tap.adopt()
T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))
OURS = {os.stat(path).st_ino for path in (tap.MINC, tap.MARTEN)}
SECONDS = 30


def loader_of(path):
    """Where PT_INTERP of an ELF file is, and its text."""
    with open(path, "rb") as f:
        data = f.read()
    start = data.find(b"/lib")
    while start >= 0:
        text = data[start:data.index(b"\0", start)]
        if b"ld-linux" in text or b"ld-musl" in text:
            return data, start, text.decode()
        start = data.find(b"/lib", start + 1)
    return data, -1, ""


def make_loader():
    """The probe in place of the loader that the host's programs ask for."""
    for path in (tap.MINC, tap.MARTEN):
        text = loader_of(path)[2]
        if text:
            place = BB + text
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(tap.PROBE, place)


def put(name, text):
    path = os.path.join(BB, name)
    with open(path, "wb") as f:
        f.write(text)
    os.chmod(path, 0o755)


def make_entries():
    os.symlink("/proc/self/exe", os.path.join(BB, "link"))
    os.symlink("/proc/thread-self/exe", os.path.join(BB, "thread"))
    os.symlink("/proc/1/exe", os.path.join(BB, "one"))
    put("script", b"#!/proc/self/exe\n")
    put("words", b"#!/proc/self/exe own\n")
    put("second", b"#!/script\n")
    data, start, text = loader_of("/bin/sh")
    if start >= 0 and len(text) >= len("/proc/self/exe"):
        put("loaded", data[:start] + b"/proc/self/exe".ljust(len(text), b"\0") +
            data[start + len(text):])
    return [name for name in ("link", "thread", "one", "script", "words", "second", "loaded")
            if os.path.lexists(os.path.join(BB, name))]


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def harmless(text):
    executed = {int(line.split()[1]) for line in text.splitlines() if line.startswith("executed ")}
    return not executed & OURS and "usage: minc" not in text and "usage: marten" not in text


def check(what, status, text):
    tap.result(harmless(text) and status in (126, 127), f"{what} runs no program of the host",
               f"status {status}", text)


make_loader()
entries = make_entries()
code, out = run(tap.MINC, "-r", BB, "probe", "own")
tap.result(code == 0 and "executed" in out, "a program of the root runs as itself", out)
for entry in entries:
    check(f"/{entry}", *run(tap.MINC, "-r", BB, "/" + entry, "own"))
    check(f"/{entry} with --init", *run(tap.MINC, "-r", BB, "--init", "/" + entry, "own"))
    check(f"/{entry} as another user",
          *run(tap.MINC, "-r", BB, "--user", "1234" if tap.AS_ROOT else "0", "/" + entry, "own"))
for entry in entries:
    code, out = run(tap.MINC, "-r", BB, "-d", "-q", "--name", "box", "/" + entry, "own")
    if code == 0:  # else it was never there
        out = run(tap.MARTEN, "wait", "box")[1]
        code = int(out) if out.strip().isdigit() else -1
        out = run(tap.MARTEN, "logs", "box")[1]
    check(f"/{entry} in the background", code, out)
    run(tap.MARTEN, "rm", "-f", "box")
run(tap.MINC, "-r", BB, "-d", "-q", "--name", "box", "sleep", "1000")
for entry in entries:
    # here /proc/1/exe is busybox, a program of the root like any other
    if entry != "one":
        check(f"/{entry} by exec", *run(tap.MARTEN, "exec", "box", "/" + entry, "own"))
tap.result("box" in run(tap.MARTEN, "ps")[1], "the container goes on")
run(tap.MARTEN, "rm", "-f", "box")
# One who may trace everything sees what enters, and sees only what is sealed.
run(tap.MINC, "-r", BB, "-d", "-q", "--name", "box", "--cap-add", "sys_ptrace", "sleep", "1000")
with subprocess.Popen([tap.MARTEN, "exec", "box", "probe", "spy", "/end"], stdin=subprocess.DEVNULL,
                      stdout=subprocess.PIPE) as spy:
    os.set_blocking(spy.stdout.fileno(), False)
    seen = ""
    for tries in range(600):  # a busy machine shows the moment less often
        run(tap.MARTEN, "exec", "box", "true")
        seen += (spy.stdout.read() or b"").decode()
        if tries >= 60 and "memfd:minc" in seen:
            break
    run(tap.MARTEN, "exec", "box", "touch", "/end")
    spy.wait(timeout=SECONDS)
    seen += (spy.stdout.read() or b"").decode()
inodes = {int(line.split()[1]) for line in seen.splitlines()}
tap.result(spy.returncode == 0 and "memfd:minc" in seen and not inodes & OURS,
           "a process on its way into the container executes no program of the host", seen)
run(tap.MARTEN, "rm", "-f", "box")
for name in ("minc-keeper", "minc-watcher"):
    os.symlink("/proc/self/exe", os.path.join(BB, name))
    code, out = run(tap.MINC, "-r", BB, "-e", "PATH=/", name)
    tap.result(harmless(out) and code in (0, 125), f"a command named {name} holds nothing",
               f"status {code}", out)
tap.same("nothing is left", tap.none_left(), [])
tap.done()
