#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""streams - standard streams can be opened by name by every user of a container.

With pipes, files and terminals; in the foreground, in the background, and by exec. What is not
the container's keeps its owner and mode.
"""
import hashlib
import os
import stat
import subprocess
import sys

import tap
from screen import Terminal

T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))
USER = "1500"
SAY = ("echo one >>/dev/stdout && echo two >>/dev/stderr && echo three >>/proc/self/fd/1 && "
       "echo four >>/dev/fd/2; exit 7")
OUT, ERR = b"one\nthree\n", b"two\nfour\n"


def here(*command):
    return [tap.MINC, "-r", BB, "-u", USER, *command]


def inside(name, *command):
    return [tap.MARTEN, "exec", "-u", USER, name, *command]


def run(argv, **keywords):
    keywords.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(argv, timeout=30, check=False, **keywords)


def place(name):
    return os.path.join(T, name)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def owner(fd):
    st = os.fstat(fd)
    return st.st_uid, st.st_gid


def with_pipes(what, argv):
    got = run(argv("sh", "-c", SAY), capture_output=True)
    tap.same(f"{what}: pipes open by name", (got.returncode, got.stdout, got.stderr), (7, OUT, ERR))
    read_end, write_end = os.pipe()
    before = owner(write_end)
    run(argv("sh", "-c", "echo x >/dev/stdout"), stdout=write_end)
    tap.same(f"{what}: a pipe stays the caller's", owner(write_end), before)
    name = f"/proc/self/fd/{write_end}"
    with open(name, "wb"):
        tap.result(True, f"{what}: who can open it by name, too")
    os.close(read_end)
    os.close(write_end)
    got = subprocess.run(argv("cat", "/dev/stdin"), input=b"typed\n", timeout=30, check=False,
                         capture_output=True)
    if argv is here:
        tap.same(f"{what}: so does standard input", got.stdout, b"typed\n", got.stderr)


def with_files(what, argv):
    out, err = place("out"), place("err")
    with open(out, "wb") as f, open(err, "wb") as g:
        os.chmod(out, 0o600)
        got = run(argv("sh", "-c", SAY), stdout=f, stderr=g)
    tap.same(f"{what}: files open by name", (got.returncode, read(out), read(err)), (7, OUT, ERR))
    st = os.stat(out)
    tap.same(f"{what}: they keep owner and mode", (st.st_uid, stat.S_IMODE(st.st_mode)),
             (os.getuid(), 0o600))
    with open(out, "wb") as f:
        f.write(b"before\n")
        f.flush()
        run(argv("sh", "-c", "for i in 1 2 3; do echo o$i; echo e$i >&2; done"), stdout=f, stderr=f)
        f.write(b"after\n")
    tap.same(f"{what}: both in one file keep their order", read(out),
             b"before\no1\ne1\no2\ne2\no3\ne3\nafter\n")
    with open(out, "wb") as f:
        run(argv("seq", "1", "300000"), stdout=f, stderr=subprocess.DEVNULL)
    want = "".join(f"{i}\n" for i in range(1, 300001)).encode()
    tap.same(f"{what}: all of much output arrives before the end",
             hashlib.sha256(read(out)).hexdigest(), hashlib.sha256(want).hexdigest())


def with_terminal(what, argv):
    t = Terminal("sh", "-c", 'exec "$@" </dev/null', "sh", *argv("sh", "-c", SAY))
    got = t.finish()
    lines = t.text.replace(b"\r", b"").split()
    tap.same(f"{what}: the caller's terminal opens by name", (got, sorted(lines)),
             (7, sorted((OUT + ERR).split())))
    t.close()


def with_broken(what, argv):
    fifo = place("fifo")
    os.mkfifo(fifo, 0o600)
    reader = subprocess.Popen(["head", "-n", "1", fifo], stdout=subprocess.PIPE)
    with open(fifo, "wb") as f:
        got = run(argv("sh", "-c", "echo opened >/dev/stdout; yes"), stdout=f, stderr=subprocess.DEVNULL)
    tap.same(f"{what}: a FIFO opens, and when its reader ends, so does the command",
             (reader.communicate()[0], got.returncode != 0), (b"opened\n", True))
    tap.same(f"{what}: it keeps its mode", stat.S_IMODE(os.stat(fifo).st_mode), 0o600)
    os.unlink(fifo)


def everywhere(what, argv):
    with_pipes(what, argv)
    with_files(what, argv)
    with_terminal(what, argv)
    with_broken(what, argv)


def background():
    run([tap.MINC, "-q", "-B", "--name", "log", "-r", BB, "-u", USER, "sh", "-c", SAY],
        capture_output=True)
    got = run([tap.MARTEN, "wait", "log"], capture_output=True)
    log = run([tap.MARTEN, "logs", "log"], capture_output=True)
    tap.same("in the background the log opens by name", (got.stdout, log.stdout, log.stderr),
             (b"7\n", OUT, ERR))
    run([tap.MINC, "-q", "-B", "-it", "--name", "tty", "-r", BB, "-u", USER, "sh", "-c",
         SAY.replace("exit 7", "echo five >/dev/tty && echo six >/dev/console; exit 7")],
        capture_output=True)
    got = run([tap.MARTEN, "wait", "tty"], capture_output=True)
    log = run([tap.MARTEN, "logs", "tty"], capture_output=True)
    tap.same("so do its terminal, /dev/tty and the console", (got.stdout, log.stdout.split()),
             (b"7\n", b"one two three four five six".split()))


def another_user():
    """Root's command becomes somebody else, as servers do."""
    if not (tap.AS_ROOT or tap.HAS_RANGE):
        tap.skip("who became another user inside can open pipes", "there is one user")
        return
    with open(os.path.join(BB, "etc/passwd"), "a", encoding="utf-8") as f:
        f.write("bob:x:1500:1501::/:/bin/sh\n")
    drop = ["busybox", "su", "bob", "-c", SAY]
    got = run([tap.MINC, "-r", BB, *drop], capture_output=True)
    tap.same("who became another user inside can open pipes",
             (got.returncode, got.stdout, got.stderr), (7, OUT, ERR))
    t = Terminal(tap.MINC, "-r", BB, *drop)
    got = t.finish()
    tap.same("a terminal", (got, t.text.split()), (7, b"one two three four".split()))
    t.close()
    run([tap.MINC, "-q", "-B", "--name", "dropped", "-r", BB, *drop], capture_output=True)
    got = run([tap.MARTEN, "wait", "dropped"], capture_output=True)
    tap.same("and the log", got.stdout, b"7\n")


def process_1():
    """What others in the container log to: the streams of process 1."""
    run([tap.MINC, "-q", "-B", "--name", "one", "-r", BB, "-u", USER, "sleep", "1000"],
        capture_output=True)
    run(inside("one", "sh", "-c", "ln -s /proc/1/fd/1 /tmp/log && echo said >/tmp/log"))
    with subprocess.Popen([tap.MARTEN, "logs", "-f", "one"], stdout=subprocess.PIPE) as log:
        tap.same("the streams of process 1 can be opened by its user, through a link, too",
                 log.stdout.readline(), b"said\n")
        log.kill()


def terminals():
    t = Terminal(*here("sh", "-c", SAY.replace("exit 7", "echo five >/dev/tty")))
    got = t.finish()
    tap.same("a terminal of its own opens by name, and as /dev/tty", (got, t.text.split()),
             (0, b"one two three four five".split()))
    t.close()
    got = run(here("sh", "-c", "echo x >/dev/tty"), capture_output=True)
    tap.result(got.returncode != 0 and b"No such device or address" in got.stderr,
               "without a terminal there is no /dev/tty to open", got.stderr)
    t = Terminal(*here("sh", "-c", SAY), redirect=place("redirected"))
    got = t.finish()
    tap.same("beside a terminal a file opens, too", (got, t.text.split(), read(place("redirected"))),
             (7, ERR.split(), OUT))
    t.close()


def left_behind():
    """What a process started in the container goes on without it."""
    with open(place("left"), "wb") as f:
        got = run(inside("box", "sh", "-c", "sleep 60 & echo said >/dev/stdout"), stdout=f,
                  stderr=subprocess.DEVNULL)
    tap.same("exec does not wait for who still has its pipe", (got.returncode, read(place("left"))),
             (0, b"said\n"))


def main():
    everywhere("minc -u", here)
    terminals()
    background()
    another_user()
    process_1()
    run([tap.MINC, "-q", "-B", "--name", "box", "-r", BB, "sleep", "1000"], capture_output=True)
    everywhere("exec -u", lambda *command: inside("box", *command))
    t = Terminal(tap.MARTEN, "exec", "-it", "-u", USER, "box", "sh", "-c",
                 SAY.replace("exit 7", "echo five >/dev/tty"))
    got = t.finish()
    tap.same("exec -t: its terminal opens by name", (got, t.text.split()),
             (0, b"one two three four five".split()))
    t.close()
    left_behind()
    tap.done()


if __name__ == "__main__":
    sys.exit(main())
