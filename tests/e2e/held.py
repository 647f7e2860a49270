#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""held - what is in a container ends when what holds it is killed, whatever it did to its ids.

The commands have a FIFO of the test open: its end is theirs, of all of them.
"""
import contextlib
import os
import select
import shutil
import signal
import subprocess
import time

import tap

tap.adopt()
T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))
IN = os.path.join(T, "in")
os.mkdir(IN)
os.chmod(IN, 0o777)
SECONDS = 20


class Way:
    """What a command may untie itself by."""

    def __init__(self, name, *words, program="probe", user="0", options=()):
        self.name = name
        self.options = options  # of its container
        self.user = user
        self.program = program
        self.words = words

    def command(self, fifo):
        return [self.program, "shed", fifo.name, *self.words]


WAYS = [Way("a change of prctl(2)")]
if tap.AS_ROOT:  # another id needs more ids than one
    WAYS.append(Way("another id", "1234"))


def add_set_user_id():
    """Its exec clears PR_SET_PDEATHSIG as well. That it is root's then, the change of ids shows."""
    program = os.path.join(BB, "usr/bin/set-user-id")
    shutil.copy(os.path.join(BB, "usr/bin/probe"), program)
    os.chown(program, 0, 0)
    os.chmod(program, 0o4755)
    WAYS.append(Way("a set-user-ID program", "4321", program="set-user-id", user="1234",
                    options=["--privileged"]))


if tap.AS_ROOT and os.statvfs(BB).f_flag & os.ST_NOSUID:
    tap.skip("after a set-user-ID program", f"{T} is mounted with nosuid")
elif tap.AS_ROOT:
    add_set_user_id()


class Fifo:
    """One way out of a container, and its name inside."""
    count = 0

    def __init__(self):
        Fifo.count += 1
        self.name = f"/in/fifo{Fifo.count}"
        path = os.path.join(IN, f"fifo{Fifo.count}")
        os.mkfifo(path)
        os.chmod(path, 0o666)
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.text = b""

    def read_until(self, done):
        end = time.monotonic() + SECONDS
        while not done(self.text):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return False
            try:
                piece = os.read(self.fd, 4096)
            except BlockingIOError:
                continue
            if not piece and self.text:
                return done(None)
            self.text += piece
        return True

    def is_up(self):
        """Three processes have said so: the command and two below it."""
        return self.read_until(lambda text: text is not None and text.count(b"up") == 3)

    def has_ended(self):
        return self.read_until(lambda text: text is None)


def minc(*words):
    return [tap.MINC, "-r", BB, "-b", f"{IN}:/in", *words]


def parent(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("PPid:"))


def state_pid(name):
    state = os.environ["MINC_STATE_DIR"]
    container = os.readlink(os.path.join(state, "names", name))
    with open(os.path.join(state, container, "pid"), encoding="ascii") as f:
        return int(f.read())


def comm(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
        return f.read().strip()


def keeper_of(process):
    """Its only child, when the start is over."""
    keeper = tap.first_child(process.pid)
    end = time.monotonic() + SECONDS
    while comm(keeper) != "minc-keeper" and time.monotonic() < end:
        time.sleep(0.01)
    return keeper


def foreground(way):
    for victims in ("minc", "its keeper", "both at once", "keeper first"):
        fifo = Fifo()
        started = subprocess.Popen(minc("--user", way.user, *way.options, *way.command(fifo)),
                                   stdin=subprocess.DEVNULL)
        up = fifo.is_up()
        keeper = keeper_of(started)
        order = {"minc": [started.pid], "its keeper": [keeper],
                 "both at once": [started.pid, keeper],
                 "keeper first": [keeper, started.pid]}[victims]
        for pid in order:
            os.kill(pid, signal.SIGKILL)
        tap.result(up and fifo.has_ended(), f"after {way.name}, {victims} killed: all has ended")
        status = started.wait(SECONDS)
        if victims == "its keeper":
            tap.same("and minc says that it was killed", status, 137)


def one_is_process_1():
    done = subprocess.run(minc("sh", "-c", "echo $$; ls /proc | grep -c '^[0-9]'"), timeout=SECONDS,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    tap.same("the command is process 1, and sees nobody outside", done.stdout.split()[0], b"1")


def background(way):
    for victim in ("monitor", "keeper", "both"):
        fifo = Fifo()
        store = os.path.join(T, f"kept{Fifo.count}")
        os.mkdir(store)
        subprocess.run(minc("-d", "-q", "--name", "held", "-t", store, "--user", way.user, *way.options,
                            *way.command(fifo)), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=SECONDS, check=True)
        up = fifo.is_up()
        keeper = parent(state_pid("held"))
        monitor = parent(keeper)
        for pid in {"monitor": [monitor], "keeper": [keeper], "both": [monitor, keeper]}[victim]:
            os.kill(pid, signal.SIGKILL)
        if victim == "monitor":  # the layers are free when nobody uses them, and not before
            while subprocess.run(minc("-q", "-t", store, "true"), stdin=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 timeout=SECONDS, check=False).returncode == 125:
                pass
            try:
                ended = os.read(fifo.fd, 1) == b""
            except BlockingIOError:
                ended = False
            tap.result(ended, f"after {way.name}: another uses the same layers only when all has ended")
        tap.result(up and fifo.has_ended(), f"after {way.name}, in the background, {victim} killed: "
                   "all has ended")
        subprocess.run([tap.MARTEN, "rm", "-f", "held"], stdin=subprocess.DEVNULL, timeout=SECONDS,
                       stdout=subprocess.DEVNULL, check=False)


def entered(way):
    start_box(*way.options)
    for how, last in (("killed", signal.SIGKILL), ("ended", signal.SIGTERM)):
        fifo = Fifo()
        started = subprocess.Popen([tap.MARTEN, "exec", "-u", way.user, "box", "sh", "-c",
                                    f"exec {' '.join(way.command(fifo))}"],
                                   stdin=subprocess.DEVNULL)
        up = fifo.is_up()
        with open(f"/proc/{started.pid}/task/{started.pid}/children", encoding="ascii") as f:
            below = [int(word) for word in f.read().split()]
        if how == "ended":  # the process that entered ends by itself: who watched it goes, too
            for pid in below:
                with contextlib.suppress(ProcessLookupError):  # the end of one may be that of another
                    os.kill(pid, signal.SIGKILL)
            tap.same(f"after {way.name}: exec ends with its process", started.wait(SECONDS), 137)
            continue
        os.kill(started.pid, last)
        started.wait(SECONDS)
        # what it has started itself belongs to the container now
        tap.result(up and tap.await_gone(below, SECONDS), f"after {way.name}: what entered ends when its caller is killed", below)
    remove_box()


def start_box(*words):
    subprocess.run(minc("-d", "-q", "--name", "box", *words, "sleep", "1000"),
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=SECONDS, check=True)


def remove_box():
    """What has entered may be ours by now: the container ends when it is reaped."""
    end = time.monotonic() + SECONDS
    with subprocess.Popen([tap.MARTEN, "rm", "-f", "box"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as removal:
        while removal.poll() is None and time.monotonic() < end:
            tap.await_gone([pid for pid in tap.children() if pid != removal.pid], 0.1)
        removal.kill()


def end_of(process):
    """Its exit status; None if it does not end, and is killed."""
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def traced():
    """The kernel does not let us reap what another traces."""
    start_box()
    fifo = Fifo()
    subprocess.run([tap.MARTEN, "exec", "-d", "box", "probe", "trace", fifo.name],
                   stdin=subprocess.DEVNULL, timeout=SECONDS, check=True)
    started = subprocess.Popen([tap.MARTEN, "exec", "-i", "box", "probe", "offer"],
                               stdin=subprocess.PIPE)
    up = fifo.read_until(lambda text: text is not None and b"seized" in text)
    started.stdin.close()
    tap.same("one that is traced inside ends for its caller, too", (up, end_of(started)), (True, 3))
    remove_box()


def stopped():
    """One who may trace everything stops what is on its way in; it may take some tries."""
    start_box("--cap-add", "sys_ptrace")
    fifo = Fifo()
    subprocess.run([tap.MARTEN, "exec", "-d", "box", "probe", "trace", fifo.name, "stop"],
                   stdin=subprocess.DEVNULL, timeout=SECONDS, check=True)
    status = 0
    for _ in range(200):
        status = end_of(subprocess.Popen([tap.MARTEN, "exec", "box", "true"],
                                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE))
        if status != 0:
            break
    tap.same("one that is stopped on its way in by a tracer is given up", status, 125)
    tap.result(fifo.read_until(lambda text: text is not None and b"stopped" in text),
               "and that was the tracer's doing")
    remove_box()


one_is_process_1()
for each in WAYS:
    foreground(each)
    background(each)
    entered(each)
traced()
stopped()
tap.same("nothing is left", tap.none_left(SECONDS), [])
tap.done()
