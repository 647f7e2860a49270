#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""attach - a container's terminal is left and met again, from terminals the test plays."""
import os
import signal
import subprocess
import sys
import time

import tap
from screen import Terminal

T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))
DETACH = b"\x10\x11"
# A shell that does not edit lines: what is shown does not depend on its moods.
SHELL = "trap : INT; while :; do read -r line && eval \"$line\"; done"


def minc(*arguments):
    done = subprocess.run([tap.MINC, "-B", *arguments], check=False, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, timeout=30)
    if done.returncode:
        print(f"# minc -B {arguments}: {done.stderr}")


def marten(*arguments):
    done = subprocess.run([tap.MARTEN, *arguments], check=False, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


def attach(*arguments, **keywords):
    return Terminal(tap.MARTEN, "attach", *arguments, **keywords)


def sees(name, terminal, text):
    tap.result(terminal.wait_for(text), name, repr(terminal.text))


def leave(name, terminal, keys=DETACH):
    terminal.send(keys)
    tap.same(name, terminal.finish(), 0, repr(terminal.text))
    tap.result(terminal.restored(), "the terminal is as it was before")
    terminal.close()


def states():
    return dict(line.split("\t")[::-2] for line in marten("lc")[1].splitlines()[1:])


def shell_lives_on():
    minc("--name", "shell", "-it", "-r", BB, "sh", "-c", SHELL)
    t = attach("shell", rows=31, columns=97)
    t.send(b"stty size\r")
    sees("the size is the caller's", t, b"31 97\r\n")
    t.send(b"answer=for''ty-two; echo $answer\r")
    sees("what is typed arrives", t, b"forty-two\r\n")
    t.resize(40, 132)
    t.send(b"stty size\r")
    sees("a resize is carried inside", t, b"40 132\r\n")
    leave("ctrl-p ctrl-q detaches", t)
    tap.result(b"detached" in t.text, "which is said", repr(t.text))
    tap.result("shell" in states(), "the container goes on")

    t = attach("shell")
    t.send(b"echo still=$answer; stty size\r")
    sees("the same shell is there again", t, b"still=forty-two\r\n")
    sees("with the size of the new terminal", t, b"24 80\r\n")
    t.send(b"echo a\x10b\r")
    sees("ctrl-p alone is typed", t, b"\x10b")
    t.send(b"sh -c 'echo job; exec sleep 1000'\r")
    sees("a job runs", t, b"job\r\n")
    t.send(b"\x03")
    t.send(b"echo in''terrupted\r")
    sees("^C ends it, not us", t, b"interrupted\r\n")
    os.kill(t.pid, signal.SIGTERM)
    tap.same("a signal ends attach", t.finish(), 125, repr(t.text))
    tap.result(t.restored(), "and the terminal is restored")
    t.close()

    t = attach("shell")
    os.kill(t.pid, signal.SIGKILL)
    t.finish()
    t.close()
    t = attach("--detach-keys", "ctrl-x,z", "shell")
    t.send(b"echo al''ive\r")
    sees("a killed attach does no harm", t, b"alive\r\n")
    t.send(DETACH + b"\r")
    sees("the usual keys are typed then", t, b"not found\r\n")
    leave("other keys detach", t, b"\x18z")

    first, second = attach("shell"), attach("shell", rows=50, columns=50)
    for t in first, second:
        t.send(b"echo he''re\r")
        t.wait_for(b"here\r\n")
    first.send(b"echo for''both\r")
    sees("the one who types sees it", first, b"forboth\r\n")
    sees("so does another who is attached", second, b"forboth\r\n")
    for rows in range(20, 30):
        first.resize(rows, 81)
        second.resize(rows, 51)
    first.send(b"stty size; echo do''ne\r")
    sees("resizes of both at once", first, b"done\r\n")
    tap.result(b"29 81" in first.text or b"29 51" in first.text, "leave one of both", repr(first.text))
    leave("one leaves", second)
    first.send(b"exit 7\r")
    tap.same("the end of the container is the end of attach, with its status", first.finish(), 7,
             repr(first.text))
    tap.result(first.restored(), "the terminal is restored at the end")
    first.close()
    code, _, text = marten("attach", "shell")
    tap.result(code == 125 and "shell" in text, "what has ended cannot be attached to", code, text)
    code, out, _ = marten("logs", "shell")
    tap.result("forty-two" in out and "alive" in out, "the log has what the terminal showed")


def programs_draw_again():
    minc("--name", "drawer", "-it", "-r", BB, "sh", "-c",
         'trap "echo drawn" WINCH; echo up; while :; do sleep 0.05; done')
    t = attach("drawer")
    sees("the program draws when somebody comes", t, b"drawn\r\n")
    leave("leave", t)
    t = attach("drawer")
    sees("and again for the next, whose size is the same", t, b"drawn\r\n")
    leave("leave again", t)
    marten("kill", "drawer")

    with open(os.path.join(BB, "tmp/text"), "w", encoding="utf-8") as f:
        f.write("a line to be seen\n")
    minc("--name", "editor", "-it", "-e", "TERM=vt100", "-r", BB, "-b", os.path.join(BB, "tmp/text") + ":/mnt/text",
         "busybox", "vi", "/mnt/text")
    t = attach("editor")
    sees("an editor shows its file", t, b"a line to be seen")
    leave("leave the editor", t)
    t = attach("editor")
    sees("and shows it again", t, b"a line to be seen")
    t.send(b":q!\r")
    tap.same("it takes keys", t.finish(), 0, repr(t.text))
    t.close()


def commands_beside():
    minc("--name", "box", "-r", BB, "sleep", "1000")
    t = Terminal(tap.MARTEN, "exec", "-it", "box", "sh", "-c", SHELL, rows=33, columns=99)
    t.send(b"stty size; tty\r")
    sees("exec -it has a terminal of our size", t, b"33 99\r\n/dev/")
    t.resize(44, 88)
    t.send(b"stty size\r")
    sees("whose size follows", t, b"44 88\r\n")
    t.send(b"sh -c 'echo job; exec sleep 1000'\r")
    sees("a job runs in it", t, b"job\r\n")
    t.send(b"\x03")
    t.send(b"echo in''terrupted\r")
    sees("^C reaches it", t, b"interrupted\r\n")
    t.send(b"exit 8\r")
    tap.same("the status is the command's", t.finish(), 8, repr(t.text))
    tap.result(t.restored(), "the terminal is restored")
    t.close()
    marten("rm", "-f", "box")


def without_a_terminal():
    minc("--name", "plain", "-r", BB, "-b", T, "sh", "-c",
         'until [ -e "$1/go" ]; do sleep 0.05; done; echo out; echo err >&2; exit 3', "sh", T)
    process = subprocess.Popen([tap.MARTEN, "attach", "plain"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    tap.result(await_socket(process.pid), "attach is connected")
    with open(os.path.join(T, "go"), "w", encoding="utf-8"):
        pass
    out, err = process.communicate(timeout=20)
    tap.same("without a terminal the streams are apart", (process.returncode, out, err),
             (3, b"out\n", b"err\n"))
    code, _, text = marten("attach", "--detach-keys", "ctrl-", "plain")
    tap.result(code == 125, "bad keys are refused", code, text)


def await_socket(pid):
    """Whether @pid has a socket, as soon as it waits for something to come out of it."""
    for _ in range(1000):
        try:
            with open(f"/proc/{pid}/syscall", encoding="utf-8") as f:
                waiting = f.read().split()[0] in ("7", "271", "73")  # poll, ppoll
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            if waiting and any(link.startswith("socket:") for link in links):
                return True
        except (OSError, IndexError):
            pass
        time.sleep(0.01)
    return False


sys.stdout.reconfigure(line_buffering=True)
shell_lives_on()
programs_draw_again()
commands_beside()
without_a_terminal()
tap.done()
