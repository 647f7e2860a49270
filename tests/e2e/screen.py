# SPDX-License-Identifier: MIT
"""screen - a terminal that the test plays, with a program on it."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time


class Terminal:
    """A program on a new terminal; its output is collected as it comes."""

    def __init__(self, *command, rows=24, columns=80, redirect=None):
        self.text = b""
        self.status = None
        # What the program does to the terminal must be seen after its end: keep it open.
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            if redirect:
                os.dup2(os.open(redirect, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 1)
            os.closerange(3, 1024)
            try:
                os.execvp(command[0], command)
            except OSError as error:
                os.write(2, str(error).encode())
            os._exit(127)

    def pump(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.text += os.read(self.master, 65536)
            except OSError:
                pass

    def wait_for(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.text and time.monotonic() < end:
            self.pump(0.05)
            if self.ended():
                self.pump(0.05)
                break
        return text in self.text

    def send(self, data):
        os.write(self.master, data)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def finish(self, seconds=10):
        """Exit status as a shell shows it, or 'hang'."""
        end = time.monotonic() + seconds
        while not self.ended() and time.monotonic() < end:
            self.pump(0.02)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = 0
            return "hang"
        for _ in range(5):
            self.pump(0.01)
        if os.WIFSIGNALED(self.status):
            return 128 + os.WTERMSIG(self.status)
        return os.WEXITSTATUS(self.status)

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        os.close(self.master)
        os.close(self.slave)

    def close_and_wait(self):
        """Hang up, as a terminal window that is closed does."""
        self.close()
        os.kill(self.pid, signal.SIGHUP)
        os.waitpid(self.pid, 0)
        self.status = 0
