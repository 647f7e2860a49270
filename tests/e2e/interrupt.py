# SPDX-License-Identifier: MIT
"""interrupt - SIGINT and SIGTERM while a transfer waits for something: it ends at once, whatever
that is, the store is whole, and the next one works."""
import fcntl
import http.server
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, os.environ["MINC_TESTS"])
from evil import OCI, STORE, T, Image, entry, gz, marten, put, tar  # noqa: E402
from tap import MARTEN, done, result, same  # noqa: E402

PATIENCE = 20  # less than anything here would be waited for
ENV = {**os.environ, "HOME": T, "XDG_RUNTIME_DIR": T, "PATH": f"{T}/bin:{os.environ['PATH']}"}
ENDS = ((signal.SIGINT, 130), (signal.SIGTERM, 143))


class Slow:
    """A registry of one image, which is or is not willing."""

    def __init__(self):
        self.image = Image(gz(tar(entry("a", os.urandom(300000)))), gz(tar(entry("b", b"b"))))
        self.how, self.asked = None, threading.Event()
        self.closing = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the other side had enough
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.name = f"127.0.0.1:{self.server.server_address[1]}/slow:1"

    def does(self, how):
        self.how = how
        self.asked.clear()

    def send(self, request, status, body=b"", **headers):
        request.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)
        request.wfile.flush()

    def take(self, request):
        """Of a push, whose blobs it never has."""
        if self.how == f"mute {request.command}":
            self.asked.set()
            self.closing.wait()
            return
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        status = {"HEAD": 404, "POST": 202, "PATCH": 202, "PUT": 201}[request.command]
        self.send(request, status, Location="/v2/slow/blobs/uploads/1")

    def answer(self, request):
        if self.how.startswith("mute "):
            self.take(request)
            return
        name = request.path.rpartition("/")[2]
        text = self.image.manifest_text()
        data = text if name == "1" else self.image.all().get(name, b"")
        if self.how == "pause all" or (self.how == "pause" and "/blobs/" in request.path):
            self.send(request, 429, Retry_After="50")
        elif self.how == "stall" and len(data) > 100000:
            self.send(request, 200, data[:1000], **{"Content-Length": str(len(data))})
        elif self.how == "mute":
            pass
        elif self.how == "ask":
            self.send(request, 401, WWW_Authenticate='Basic realm="x"')
            return
        else:
            self.send(request, 200, data, Content_Type=OCI + "manifest.v1+json")
            return
        self.asked.set()
        self.closing.wait()


SLOW = Slow()
PULL = ("pull", "-q", "--tls-verify=false")


def begin(*words, **keywords):
    """It is waited for by ended()."""
    # pylint: disable=consider-using-with
    return subprocess.Popen([MARTEN, "--store", STORE, *words], stdin=keywords.pop("stdin", subprocess.DEVNULL),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV, **keywords)


def ended(process, sig):
    process.send_signal(sig)
    try:
        return process.communicate(timeout=PATIENCE) + (process.returncode,)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate() + ("none",)


def until(true):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return False


def interrupted(name, process, reached):
    """By each signal, where @reached() comes true; @process begins one."""
    for sig, status in ENDS:
        p = process()
        if not result(until(reached), f"{name}: it waits"):
            p.kill()
        out, err, got = ended(p, sig)
        result((out, got) == (b"", status) and err.endswith(b"marten: interrupted\n"),
               f"{name}: {sig.name} ends it", f"status {got}, wanted {status}", out, err)
        status, out, err = marten("fsck")[:3]
        same(f"{name}: and the store is whole", (status, out, err), (0, "", ""))


def asks(how, *words, registry=SLOW.name):
    def start():
        SLOW.does(how)
        return begin(*words, registry)
    return start


def test_registry():
    interrupted("a blob that stalls", asks("stall", *PULL), SLOW.asked.is_set)
    interrupted("a server that says nothing", asks("mute", *PULL), SLOW.asked.is_set)
    interrupted("a pause that was asked for", asks("pause all", *PULL), SLOW.asked.is_set)
    interrupted("pauses of all blobs", asks("pause", *PULL), SLOW.asked.is_set)


def test_push():
    marten("import", "-q", put(f"{T}/sent.tar", tar(entry("a", os.urandom(100000)))), "sent")
    for method in ("HEAD", "POST", "PATCH", "PUT"):
        interrupted(f"a push whose {method} is not answered",
                    asks(f"mute {method}", "push", "-q", "--tls-verify=false", "sent"), SLOW.asked.is_set)


def test_handshake():
    held = []
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(8)
        interrupted("a handshake that nobody answers",
                    lambda: begin("pull", "-q", f"127.0.0.1:{s.getsockname()[1]}/a/a:1"),
                    lambda: select.select([s], [], [], 0)[0] and held.append(s.accept()[0]) is None)
        for connection in held:
            connection.close()


def test_lock():
    marten("images")
    fd = os.open(f"{STORE}/write.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    processes = []

    def start():
        SLOW.does("good")
        processes.append(begin(*PULL, SLOW.name))
        return processes[-1]

    for sig, status in ENDS:
        p = start()
        line = p.stderr.readline()
        result(b"waits for another process that uses it" in line, "a lock that is waited for is said", line)
        _, err, got = ended(p, sig)
        result(got == status and err.endswith(b"interrupted\n"), f"and {sig.name} ends it", got, err)
    os.close(fd)


def test_stdin():
    for words in (("load",), ("import", "-", "x")):
        ends = []

        def start():
            r, w = os.pipe()
            os.write(w, tar(entry("a", b"x" * 5000))[:3000])
            ends[:] = [r, w]
            return begin(*words, stdin=r)

        def is_read():
            n = bytearray(4)
            fcntl.ioctl(ends[0], termios.FIONREAD, n)
            return not any(n)

        interrupted(f"{words[0]} of a pipe that stalls", start, is_read)


def test_helper():
    put(f"{T}/.docker/config.json", b'{"credsStore": "slow"}')
    put(f"{T}/bin/docker-credential-slow",
        f"#!/bin/sh\ntrap '' INT TERM\necho $$ >{T}/helper.new\nmv {T}/helper.new {T}/helper\nexec sleep 1000\n".encode())
    os.chmod(f"{T}/bin/docker-credential-slow", 0o755)
    seen = []

    def runs():
        if os.path.exists(f"{T}/helper"):
            with open(f"{T}/helper", encoding="ascii") as f:
                seen.append(int(f.read()))
            os.unlink(f"{T}/helper")
            return True
        return False

    def start():
        SLOW.does("ask")
        seen.clear()
        return begin(*PULL, SLOW.name)

    interrupted("a helper that does not end", start, runs)
    result(until(lambda: not os.path.exists(f"/proc/{seen[0]}")), "nor does it stay")
    p = start()
    line = p.stderr.readline()
    result(b"docker-credential-slow: waits up to 300 seconds" in line, "which is said", line)
    ended(p, signal.SIGINT)
    os.unlink(f"{T}/.docker/config.json")


def test_ignored():
    SLOW.does("stall")
    p = begin(*PULL, SLOW.name, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    until(SLOW.asked.is_set)
    p.send_signal(signal.SIGINT)
    same("what is ignored, as by nohup, stays ignored", ended(p, signal.SIGTERM)[2], 143)


def test_deaf():
    """Nobody reads what is said, or whoever started it has blocked signals."""
    full = os.pipe()
    os.set_blocking(full[1], False)
    while True:
        try:
            os.write(full[1], bytes(4096))
        except BlockingIOError:
            break
    os.set_blocking(full[1], True)
    for sig, status in ENDS:
        SLOW.does("stall")
        p = subprocess.Popen([MARTEN, "--store", STORE, *PULL, SLOW.name],  # pylint: disable=consider-using-with
                             stdin=subprocess.DEVNULL, stderr=full[1], env=ENV)
        result(until(SLOW.asked.is_set), "standard error that nobody reads: it waits")
        same(f"standard error that nobody reads: {sig.name} ends it", ended(p, sig)[2], status)
    for fd in full:
        os.close(fd)
    marten("images")
    fd = os.open(f"{STORE}/write.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    SLOW.does("good")
    p = begin(*PULL, SLOW.name, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM]))
    p.stderr.readline()
    same("a timer that was blocked ends a wait for a lock all the same", ended(p, signal.SIGINT)[2], 130)
    os.close(fd)


def stop_export(form, sig):
    """In the middle of it: again if it was faster."""
    for _ in range(20):
        shutil.rmtree(f"{T}/made", ignore_errors=True)
        if os.path.exists(f"{T}/made"):
            os.unlink(f"{T}/made")
        p = begin("export", "-q", "--format", form, "-o", f"{T}/made", "many")
        until(lambda: os.path.exists(f"{T}/made"))
        out, err, got = ended(p, sig)
        if got != 0:
            break
    return out, err, got


def test_export():
    """What is exported in part does not stay, nor what is made for that."""
    many = tar(*[entry(f"f{i}", b"") for i in range(20000)], entry("big", b"x" * (64 << 20)))
    status, out, err = marten("import", "-q", put(f"{T}/many.tar", many), "many")[:3]
    result(status == 0, "an image of many files", status, out, err)
    for sig, status in ENDS:
        for form in ("dir", "tar", "squashfs"):
            out, err, got = stop_export(form, sig)
            result(got == status and err.endswith(b"marten: interrupted\n"),
                   f"export --format {form}: {sig.name} ends it", got, out, err)
            same(f"export --format {form}: nothing stays", os.path.exists(f"{T}/made"), False)
        p = begin("export", "-q", "many")
        select.select([p.stdout], [], [])
        out, err, got = ended(p, sig)
        result(got == status and len(out) < 32 << 20, f"export to a pipe: {sig.name} ends it", got, len(out), err)


def unread(*words):
    """One whose reader has stopped, when the pipe is full."""
    p = begin(*words)
    size = fcntl.fcntl(p.stdout, 1032)  # F_GETPIPE_SZ
    waiting = bytearray(4)

    def is_full():
        fcntl.ioctl(p.stdout, termios.FIONREAD, waiting)
        return int.from_bytes(waiting, sys.byteorder) > size - 4096

    return p, until(is_full)


def test_unread():
    """Who reads the pipe has stopped, or goes: nothing is left of what was made for it."""
    big = tar(entry("big", os.urandom(4 << 20)))
    marten("import", "-q", put(f"{T}/big.tar", big), "big")
    same("a container", marten("create", "--name", "kept", "big", "true")[0], 0)
    before = marten("images", "-q")[1]
    for words in (("export", "-q", "kept"), ("export", "-q", "big"), ("save", "-q", "big"),
                  ("save", "-q", "--format", "oci-archive", "big")):
        what = " ".join(words)
        for sig, status in ENDS:
            p, full = unread(*words)
            result(full, f"{what} to a reader that has stopped: it waits")
            p.send_signal(sig)
            try:
                got = p.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                p.kill()
                got = "none"
            err = p.communicate()[1]
            result(got == status and err.endswith(b"marten: interrupted\n"), f"{what}: {sig.name} ends it", got, err)
        p, full = unread(*words)
        p.stdout.close()
        p.stdout = None
        err = p.communicate()[1]
        same(f"{what} to a reader that goes", (p.returncode, err), (-signal.SIGPIPE, b""))
    same("and no image is left", marten("images", "-q")[1], before)
    marten("rm", "kept")


def test_next():
    """Of what was interrupted nothing is in the way, and what was whole is not fetched again."""
    SLOW.does("stall")
    p = begin(*PULL, SLOW.name)
    until(SLOW.asked.is_set)
    whole = f"{STORE}/blobs/sha256/" + Image.all(SLOW.image).__iter__().__next__()[7:]
    ended(p, signal.SIGINT)
    same("what came in part is not kept", os.path.exists(whole), False)
    SLOW.does("good")
    status, out, err = marten(*PULL, SLOW.name)[:3]
    result(status == 0 and err == "", "the next pull works", status, out, err)
    same("and the store is whole", marten("fsck")[:2], (0, ""))


def main():
    for test in (test_registry, test_push, test_handshake, test_lock, test_stdin, test_helper, test_ignored, test_deaf,
                 test_export, test_unread, test_next):
        if os.environ.get("ONLY", "") in test.__name__:
            test()
    SLOW.closing.set()
    done()


main()
