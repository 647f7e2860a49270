#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""monitor - attached terminals, slow readers, and SIGKILL at any moment."""
import atexit
import fcntl
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import termios
import time

import tap
from screen import Terminal

tap.adopt()
LIVING = os.environ["LIVING"]
T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))
STATE = os.path.join(T, "state")
os.environ["MINC_STATE_DIR"] = STATE
os.environ.pop("XDG_RUNTIME_DIR", None)


def end_all():
    """What a test that failed has left running."""
    for name in os.listdir(STATE) if os.path.isdir(STATE) else []:
        if len(name) == 64:
            subprocess.run([LIVING, "delete", name, "1"], timeout=10, check=False,
                           stdout=subprocess.DEVNULL)


atexit.register(end_all)


def living(*words, seconds=30):
    done = subprocess.run([LIVING, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=seconds, check=False)
    return done.stdout.decode("utf-8", "replace").strip()


def background(*words, **keywords):
    """Start quietly; the id."""
    done = subprocess.run([tap.MINC, "-B", "-q", "-r", BB, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, check=False,
                          **keywords)
    if done.returncode != 0:
        print("#", done.stderr.decode("utf-8", "replace"))
    return done.stdout.decode().strip()


def path(cid, name):
    return os.path.join(STATE, cid, name)


def read(*parts):
    try:
        with open(os.path.join(*parts), "rb") as f:
            return f.read()
    except OSError:
        return b""


def await_true(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def pid_of(cid):
    return int(read(path(cid, "pid")) or 0)


def field(pid, name):
    for line in read(f"/proc/{pid}/status").decode().splitlines():
        if line.startswith(name + ":"):
            return line.split()[1]
    return ""


def keeper_of(cid):
    return int(field(pid_of(cid), "PPid") or 0)


def monitor_of(cid):
    return int(field(keeper_of(cid), "PPid") or 0)


def gone(pid):
    return not os.path.exists(f"/proc/{pid}") or field(pid, "State") == "Z"


def left():
    """Directories and names of containers."""
    try:
        names = os.listdir(os.path.join(STATE, "names"))
    except OSError:
        names = []
    return sorted(set(os.listdir(STATE)) - {"names"}) + sorted(names)


def remove(cid):
    return living("delete", cid, "1")


def attach(cid, *keys, **size):
    return Terminal(LIVING, "attach", cid, *keys, **size)


# A signal ends the read, too: it is the end of the input only if there was none.
SHELL = '''trap "echo drawn; drawn=1" WINCH; echo up
while :; do drawn=; if read -r line; then echo "[$line]"; elif test -z "$drawn"; then exit 9; fi; done'''


def attaching():
    cid = background("-it", "sh", "-c", SHELL)
    tap.result(await_true(lambda: b"up\r\n" in read(path(cid, "log"))),
               "with -it it has a terminal", read(path(cid, "log")))
    one = attach(cid, rows=31, columns=97)
    tap.result(one.wait_for(b"drawn"), "attaching asks for a new picture", one.text)
    one.send(b"hello\r")
    tap.result(one.wait_for(b"[hello]\r\n"), "what is typed arrives", one.text)
    raw = termios.tcgetattr(one.slave)[3] & (termios.ICANON | termios.ECHO) == 0
    tap.result(raw, "the caller's terminal is raw meanwhile")
    one.send(b"a\x10b\r")
    tap.result(one.wait_for(b"[a\x10b]\r\n") or one.wait_for(b"[a^Pb]\r\n", 0.1),
               "a lone ctrl-p is handed on", one.text)
    one.send(b"\x10\x10\x10\x11")
    tap.same("ctrl-p ctrl-q detaches, whatever came before", one.finish(), 0, one.text)
    tap.result(b"detached" in one.text and one.restored(),
               "the terminal is as it was before", one.text)
    one.close()
    tap.result(not gone(pid_of(cid)), "the container goes on")

    one = attach(cid, rows=31, columns=97)
    tap.result(one.wait_for(b"drawn"), "attaching again draws again, though the size is the same",
               one.text)
    two = attach(cid, "a,a,b", rows=31, columns=97)
    tap.result(two.wait_for(b"drawn"), "a second may attach", two.text)
    one.send(b"\rboth\r")
    tap.result(one.wait_for(b"[both]") and two.wait_for(b"[both]"), "both see the output",
               one.text, two.text)
    two.send(b"aaab")
    tap.same("keys that begin like each other are found", two.finish(), 0, two.text)
    two.close()
    one.send(b"x\r")
    tap.result(one.wait_for(b"[ax]") or one.wait_for(b"[x]", 0.2), "the first stays attached", one.text)
    one.text = b""
    one.resize(40, 120)
    tap.result(one.wait_for(b"drawn"), "a resize is carried", one.text)
    tap.same("its terminal has that size", size_of(cid), (40, 120))
    tap.same("minc_resize() works beside", living("resize", cid, "50", "130"), "")
    tap.result(await_true(lambda: size_of(cid) == (50, 130)), "and changes the size", size_of(cid))
    for bad in (("0", "80"), ("80", "0"), ("70000", "1")):
        tap.result(living("resize", cid, *bad).startswith("error 22"), f"no size {bad}")
    one.send(b"\x04")
    code = one.finish()
    tap.result(code == 0 and b"status 9" in one.text, "the end is told with the exit status", code, one.text)
    tap.result(one.restored(), "the terminal is restored after the end")
    one.close()
    two = attach(cid)
    two.finish()
    tap.result(b"error 3 " in two.text, "attaching to what has ended is refused", two.text)
    two.close()
    for keys in ("ctrl-", "ctrl-A", "ab", "a,", "ctrl-a,,b", "1,2,3,4,5,6,7,8,9"):
        words = living("attach", cid, keys)
        tap.result(words.startswith("error 22"), f"'{keys}' are no keys", words)
    remove(cid)


def size_of(cid):
    """As the container's terminal has it."""
    try:
        fd = os.open(f"/proc/{pid_of(cid)}/root/dev/pts/0", os.O_RDONLY | os.O_NOCTTY)
    except OSError as error:
        return str(error)
    try:
        return struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))[:2]
    finally:
        os.close(fd)


def deaf():
    """A container that reads nothing must not make the caller deaf."""
    cid = background("-it", "sh", "-c", "stty raw -echo; echo up; exec sleep 1000")
    await_true(lambda: b"up" in read(path(cid, "log")))
    one = attach(cid)
    await_true(lambda: termios.tcgetattr(one.slave)[3] & termios.ICANON == 0)
    os.set_blocking(one.master, False)
    sent, quiet = 0, 0
    while sent < 2000000 and quiet < 5:
        try:
            sent += os.write(one.master, b"x" * 4096)
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.05)
    tap.result(sent > 4096, "typing into a container that reads nothing stops somewhere", sent)
    one.resize(40, 100)
    await_true(lambda: not int(field(one.pid, "ShdPnd"), 16) >> signal.SIGWINCH - 1 & 1)
    os.kill(one.pid, signal.SIGTERM)
    tap.same("one whose window changes meanwhile hears a signal", one.finish(), 1, one.text[-200:])
    one.close()
    monitor = monitor_of(cid)

    def ticks():
        words = read(f"/proc/{monitor}/stat").rsplit(b")", 1)[1].split()
        return int(words[11]) + int(words[12])

    before = ticks()
    time.sleep(0.5)
    tap.result(ticks() - before < 10, "the monitor sleeps when one hung up meanwhile",
               ticks() - before)
    two = attach(cid)
    await_true(lambda: termios.tcgetattr(two.slave)[3] & termios.ICANON == 0)
    two.send(b"y" * 1000 + b"\x10\x11")
    tap.same("the keys are seen nevertheless", two.finish(), 0, two.text[-200:])
    two.close()
    remove(cid)


def connect(cid):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here = os.open(".", os.O_RDONLY)
    os.chdir(os.path.join(STATE, cid))
    try:
        s.connect("attach")
    finally:
        os.fchdir(here)
        os.close(here)
    return s


def places():
    """Whoever leaves gives up his place, though the terminal takes nothing."""
    cid = background("-it", "sh", "-c", "stty raw -echo; echo up; until test -e /root/go; do sleep 0.05; done; "
                     "exec cat")
    await_true(lambda: b"up" in read(path(cid, "log")))
    monitor = monitor_of(cid)
    first = connect(cid)
    first.recv(100)
    first.setblocking(False)
    try:
        while True:  # until the terminal is full, and the monitor reads no more
            first.send(b"i" + b"x" * 1000)
    except BlockingIOError:
        pass
    for turn in range(3):
        crowd = [connect(cid) for _ in range(31)]
        tap.same("31 more are greeted", {s.recv(100) for s in crowd}, {b"h\1"})
        for s in crowd[turn * 8:]:
            s.send(b"i[more]")
        extra = connect(cid)
        tap.same("the next hears that there are too many", (extra.recv(100), extra.recv(100)), (b"f\0", b""))
        extra.close()
        words = living("attach", cid)
        tap.result(words.startswith("error 87 ") and "too many" in words, "so does a program", words)
        words = living("wait", cid, "20").split()[:2]
        tap.same("one who waits for the end waits without a place", words, ["error", "110"])
        for s in crowd:
            s.close()
    crowd = [connect(cid) for _ in range(500)]
    tap.same("of 500 at once 31 get in", sorted(s.recv(100) for s in crowd),
             [b"f\0"] * 469 + [b"h\1"] * 31)
    for s in crowd:
        s.close()
    last = connect(cid)
    tap.same("when all have left there is a place again", last.recv(100), b"h\1")
    last.send(b"a")
    leaver = connect(cid)
    leaver.send(b"i[left]")
    leaver.close()
    first.close()
    if tap.AS_ROOT:
        fds = f"/proc/{monitor}/fd"
        tap.result(await_true(lambda: len(os.listdir(fds)) < 50), "no more than the places are held",
                   len(os.listdir(fds)))
    release(cid)
    last.settimeout(20)
    text = b""
    while b"[left]" not in text:
        text += last.recv(20000)[1:]
    tap.result(b"x" * 1000 in text, "what was typed by who left arrives", text[-200:])
    last.close()
    remove(cid)


BABBLE = [b"a", b"r", b"r\0", b"w\0\0\0\0", b"r\xff\xff\xff\xff", b"i", b"h\1", b"x", b"", b"l" * 9,
          b"i" + b"y" * 40000]


def babble():
    """One who says anything, and then leaves in any way, harms nobody."""
    # raw: what is said at random must neither end cat nor stop its output (^C, ^S)
    cid = background("-it", "sh", "-c", "stty raw -echo; echo up; exec cat")
    await_true(lambda: b"up" in read(path(cid, "log")))
    for turn in range(300):
        s = connect(cid)
        try:
            for _ in range(random.randrange(4)):
                s.send(random.choice(BABBLE + [os.urandom(random.randrange(64))]))
        except OSError:
            pass  # it was thrown out in between
        s.close()
    s = connect(cid)
    s.sendmsg([b"a"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("3i", 0, 1, 2))])
    tap.same("it greets after all that", s.recv(100), b"h\1")
    s.send(b"i\nstill here\n")
    s.settimeout(20)
    text = b""
    while b"still here" not in text:
        text += s.recv(20000)[1:]
    tap.result(True, "and the container goes on")
    s.close()
    remove(cid)


def slow():
    total = 20000000
    cid = background("sh", "-c", f"read x <>/tmp/go; head -c {total} /dev/zero; exit 3", "sh")
    remove(cid)
    cid = background("sh", "-c",
                     f"while ! test -e /root/go; do sleep 0.05; done; head -c {total} /dev/zero; exit 3",
                     "sh")
    s = connect(cid)
    tap.same("the monitor greets", s.recv(100), b"h\0")
    s.send(b"a")
    tap.same("and sees who asks", living("show", cid).split()[3], "running")
    release(cid)
    tap.same("one who reads nothing does not stop the container", living("wait", cid, "20000"), "status 3")
    got = lost = 0
    end = None
    s.settimeout(10)
    while True:
        m = s.recv(20000)
        if not m:
            break
        if m[:1] == b"o":
            got += len(m) - 1
        elif m[:1] == b"l":
            lost += struct.unpack("Q", m[1:])[0]
        elif m[:1] == b"x":
            end = struct.unpack("i", m[1:])[0]
    tap.same("it is told how much it missed, exactly", got + lost, total, got, lost)
    tap.same("and the exit status", end, 3)
    tap.same("the log has everything", os.path.getsize(path(cid, "log")), total)
    s.close()
    remove(cid)

    cid = background("sh", "-c",
                     "while ! test -e /root/go; do sleep 0.05; done; head -c 900000 /dev/zero; exit 4")
    with open(os.path.join(T, "attached"), "wb") as out:
        one = subprocess.Popen([LIVING, "attach", cid], stdout=out, stdin=subprocess.DEVNULL)
        await_true(lambda: field(one.pid, "State") == "S")
        time.sleep(0.1)
        release(cid)
        one.wait(20)
    text = read(T, "attached")
    tap.same("all that is written right before the end arrives",
             (text.count(b"\0"), text[-9:]), (900000, b"status 4\n"))
    remove(cid)


def release(cid):
    """Make /root/go inside."""
    with open(f"/proc/{pid_of(cid)}/root/root/go", "wb"):
        pass


def many():
    cid = background("sleep", "1000")
    crowd = [subprocess.Popen([LIVING, "wait", cid, "-1"], stdout=subprocess.PIPE)
             for _ in range(40)]
    for one in crowd:
        await_true(lambda one=one: field(one.pid, "State") == "S")
    tap.same("it is answered while forty wait", living("wait", cid, "20").split()[:2], ["error", "110"])
    living("kill", cid, "15")
    tap.same("all forty are told the end",
             sorted({one.communicate()[0].strip() for one in crowd}), [b"status 143"])
    remove(cid)

    cid = background("sleep", "1000")
    monitor = monitor_of(cid)
    os.kill(monitor, signal.SIGSTOP)
    tap.same("waiting in time does not hang on a stopped monitor",
             living("wait", cid, "100").split()[:2], ["error", "110"])
    os.kill(monitor, signal.SIGCONT)
    remove(cid)

    ids = [background("sleep", "1000") for _ in range(40)]

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))

    words = subprocess.run([LIVING, "list"], stdout=subprocess.PIPE, preexec_fn=few,
                           check=False).stdout.decode()
    tap.same("all are visited with fewer open files than containers",
             len(words.splitlines()), len(ids), words)
    for cid in ids:
        remove(cid)


def session():
    """The starter's terminal and session end."""
    t = Terminal(tap.MINC, "-B", "-q", "-r", BB, "sleep", "1000")
    t.finish()
    cid = t.text.decode().strip()
    pid, monitor = pid_of(cid), monitor_of(cid)
    t.close()
    tap.result(not gone(pid), "closing the starter's terminal does not end the container")
    tap.same("the monitor leads a session of its own", os.getsid(monitor), monitor)
    tap.same("it holds no directory of the starter's", os.readlink(f"/proc/{monitor}/cwd") if tap.AS_ROOT
             else "/", "/")
    fds = [os.readlink(f"/proc/{monitor}/fd/{n}") for n in os.listdir(f"/proc/{monitor}/fd")] \
        if tap.AS_ROOT else []
    tap.same("nor its terminal", [name for name in fds if "/dev/pts" in name], [])
    tap.same("the monitor's parent is not the starter", int(field(monitor, "PPid")), os.getpid())
    remove(cid)
    tap.same("nothing is left", (tap.none_left(), left()), ([], []))


def monitor_dies():
    cid = background("--name", "lost", "sleep", "1000")
    pid, monitor = pid_of(cid), monitor_of(cid)
    waiter = subprocess.Popen([LIVING, "wait", cid, "-1"], stdout=subprocess.PIPE)
    await_true(lambda: field(waiter.pid, "State") == "S")
    os.kill(monitor, signal.SIGKILL)
    tap.result(await_true(lambda: gone(pid)), "the container ends with its monitor")
    tap.same("who waits is told", waiter.communicate()[0].strip(), b"status 137")
    tap.same("the container counts as lost", living("show", "lost").split()[3], "lost")
    cid = background("true")
    living("wait", cid, "-1")
    tap.same("a start leaves what is lost", living("show", "lost").split()[3], "lost")
    tap.same("it can be deleted", living("delete", "lost"), "")
    remove(cid)

    for word in ("15", "9"):
        cid = background("sleep", "1000")
        os.kill(monitor_of(cid), int(word)) if word == "9" else os.kill(pid_of(cid), 9)
        want = "lost" if word == "9" else "exited"
        tap.result(await_true(lambda: living("show", cid).split()[3] == want),
                   f"a killed {'monitor' if word == '9' else 'process 1'} gives {want}")
        remove(cid)
    tap.same("nothing is left of them", (tap.none_left(), left()), ([], []))


def swept():
    """What is left after one start has swept: processes, and state."""
    before = tap.none_left() # a monitor that is killed holds its lease until it is gone
    cid = background("--rm", "true")
    await_true(lambda: not os.path.isdir(os.path.join(STATE, cid)))
    return before + tap.none_left(), left()


def kill_starters(turns):
    bad = []
    for turn in range(turns):
        words = random.choice(([], ["--init"], ["-it"], ["--name", "x"], ["-it", "--rm", "--name", "y"]))
        starter = tap.start("-B", "-q", "-r", BB, *words, "sleep", "1000")
        time.sleep(random.random() ** 2 * 0.02)
        starter.kill()
        out = starter.communicate()[0].decode().strip()
        ids = [name for name in left() if len(name) == 64 and os.path.exists(path(name, "state.json"))]
        # It runs if the starter had told the monitor to go on, said so or not.
        for cid in set(ids + [out]) - {""}:
            remove(cid)
        what = swept()
        if what != ([], []):
            bad.append(f"turn {turn} {words}: {what}")
    return bad


def kill_anybody(turns):
    bad = []
    for turn in range(turns):
        words = random.choice(([], ["--init"], ["-it"], ["--name", "x"]))
        starter = tap.start("-B", "-q", "--rm", "-r", BB, *words, "sleep", "1000")
        victim = turn % 3
        if victim == 0:
            time.sleep(random.random() ** 2 * 0.02)
            starter.kill()
        cid = starter.communicate()[0].decode().strip()
        if cid and victim:
            try:
                os.kill(monitor_of(cid) if victim == 1 else pid_of(cid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        elif cid:
            remove(cid)
        else:
            for cid in left():
                if len(cid) == 64:
                    remove(cid)
        if turn % 10 == 9:
            what = swept()
            if what != ([], []):
                bad.append(f"turn {turn} {words}: {what}")
    what = swept()
    return bad + ([str(what)] if what != ([], []) else [])


SEED = random.randrange(1 << 30)
random.seed(SEED)
TURNS = 1 if "SANITIZED" in os.environ and os.environ["SANITIZED"] else 4
attaching()
deaf()
places()
babble()
slow()
many()
session()
monitor_dies()
BAD = kill_starters(25 * TURNS)
tap.result(not BAD, f"{25 * TURNS} starters killed at random moments leave nothing", f"seed {SEED}", *BAD)
BAD = kill_anybody(50 * TURNS)
tap.result(not BAD, f"{50 * TURNS} monitors, processes 1 and starters killed leave nothing",
           f"seed {SEED}", *BAD)
tap.done()
