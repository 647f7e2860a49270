#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""terminal - the container's own terminal, seen from a terminal that the test plays."""
import os
import signal
import sys
import termios
import time

import tap
from screen import Terminal

T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))


def minc(*arguments, **keywords):
    return Terminal(tap.MINC, "-r", BB, *arguments, **keywords)


def shows(name, terminal, text, code=0):
    got = terminal.finish()
    tap.result(text in terminal.text and got == code, name,
               f"status {got}, expected {code}", repr(terminal.text))
    return terminal


def main():
    shows("tty prints a terminal of the container", minc("tty"), b"/dev/pts/0\r\n").close()
    shows("the console is a terminal", minc("sh", "-c", "test -t 0 && test -c /dev/console && echo yes"),
          b"yes\r\n").close()
    shows("/dev/tty opens", minc("sh", "-c", "echo through >/dev/tty"), b"through\r\n").close()
    shows("the terminal is the controlling one and the command leads its session",
          minc("sh", "-c", "ps -o pid,sid >/dev/null 2>&1; cut -d' ' -f6,7 /proc/self/stat || cat /proc/self/stat; echo"),
          b"").close()
    shows("the size is the caller's", minc("stty", "size", rows=31, columns=97), b"31 97").close()
    shows("TERM is handed on", Terminal("env", "TERM=vt100", tap.MINC, "-r", BB, "sh", "-c", "echo $TERM"),
          b"vt100\r\n").close()
    shows("the exit status is the command's", minc("sh", "-c", "exit 7"), b"", 7).close()
    shows("all output arrives before the end", minc("sh", "-c", "seq 1 20000; echo the-last-line"),
          b"the-last-line\r\n").close()

    t = minc("sh", "-c", 'trap "stty size" WINCH; echo up; while :; do sleep 0.05; done')
    t.wait_for(b"up")
    t.resize(40, 132)
    tap.result(t.wait_for(b"40 132"), "a resize is carried inside", repr(t.text))
    t.send(b"\x03")
    tap.same("^C ends it", t.finish(), 130)
    t.close()

    t = minc("sleep", "30")
    tap.wait_for_program(t.pid, "sleep")
    t.send(b"\x03")
    tap.same("^C ends sleep as process 1", t.finish(), 130, repr(t.text))
    tap.result(t.restored(), "the terminal is restored after ^C")
    t.close()

    t = minc("--init", "sleep", "30")
    tap.wait_for_program(t.pid, "sleep", 2)
    t.send(b"\x03")
    tap.same("^C ends sleep below --init", t.finish(), 130, repr(t.text))
    t.close()

    t = minc("sh", "-c", "echo up; read x; echo got:$x")
    t.wait_for(b"up")
    raw = termios.tcgetattr(t.slave)[3] & (termios.ICANON | termios.ECHO) == 0
    tap.result(raw, "the caller's terminal is raw while the command runs")
    t.send(b"hello\r")
    shows("typed lines arrive", t, b"got:hello\r\n")
    tap.result(t.text.count(b"hello") == 2, "they are echoed once", repr(t.text))
    tap.result(t.restored(), "the terminal is restored after the end")
    t.close()

    t = minc("sh")
    t.wait_for(b"# ")
    t.send(b"sleep 40\r")
    time.sleep(0.2)
    t.send(b"\x1a")
    tap.result(t.wait_for(b"topped"), "job control works: ^Z stops a job", repr(t.text))
    t.send(b"jobs; kill -9 %1; wait %1; echo al''ive\r")
    tap.result(t.wait_for(b"alive"), "the shell goes on after ^Z", repr(t.text))
    t.send(b"exit 3; exit 3\r") # the first may only say that there are stopped jobs
    tap.same("exit ends the shell", t.finish(), 3, repr(t.text))
    t.close()

    t = minc("cat")
    time.sleep(0.2)
    t.send(b"line\r\x04")
    tap.same("^D ends the input", t.finish(), 0, repr(t.text))
    t.close()

    for name in ("TERM", "HUP", "INT", "QUIT"):
        t = minc("sleep", "30")
        tap.wait_for_program(t.pid, "sleep")
        os.kill(t.pid, getattr(signal, "SIG" + name))
        code = t.finish()
        tap.result(t.restored() and code == 128 + getattr(signal, "SIG" + name),
                   f"the terminal is restored when {name} ends minc", f"status {code}")
        t.close()

    shows("a missing command is reported", minc("no-such"), b"no-such", 127)
    t = minc("no-such")
    t.finish()
    tap.result(t.restored(), "the terminal is restored when the start fails")
    t.close()

    out = os.path.join(T, "out")
    t = minc("sh", "-c", "echo plain; test -t 1 && echo terminal; test -t 0 || echo no-input", redirect=out)
    t.finish()
    with open(out, "rb") as f:
        data = f.read()
    tap.same("redirected output stays a file, without carriage returns", data, b"plain\n")
    t.close()

    t = Terminal("sh", "-c", '"$1" -r "$2" cat </dev/null; echo status=$?', "sh", tap.MINC, BB)
    shows("redirected input is not the terminal", t, b"status=0\r\n").close()
    t = Terminal("sh", "-c", 'echo piped | "$1" -r "$2" cat', "sh", tap.MINC, BB)
    shows("a pipe works while output is a terminal", t, b"piped\r\n").close()
    t = Terminal("sh", "-c", '"$1" -r "$2" echo one | cat; "$1" -r "$2" echo two', "sh", tap.MINC, BB)
    shows("two runs after each other share the terminal", t, b"two\r\n").close()
    tap.result(b"one\r\n" in t.text, "the first of them wrote to a pipe", repr(t.text))

    names = set(os.listdir("/dev/pts"))
    minc("true").finish()
    tap.result(set(os.listdir("/dev/pts")) - {"ptmx"} <= names | {str(n) for n in range(4096)}
               and len(os.listdir("/dev/pts")) <= len(names) + 1, "no terminal is left on the host")
    t = minc("sh", "-c", "ls -l /proc/self/fd | grep -c /dev/pts/0 || ls -l /proc/self/fd")
    shows("all three standard files are that terminal", t, b"3").close()


sys.stdout.reconfigure(line_buffering=True)
main()
tap.done()
