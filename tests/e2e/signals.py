#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""signals - what is forwarded to the command, and that SIGKILL leaves nothing behind."""
import os
import random
import signal
import time

import tap

tap.adopt()
T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))
os.environ["XDG_RUNTIME_DIR"] = os.environ["TMPDIR"] = os.path.join(T, "run")
os.mkdir(os.environ["TMPDIR"])


def up(process):
    """Wait for the first line of the container."""
    return process.stdout.readline().strip()


def finish(process, seconds=10):
    try:
        process.wait(seconds)
    except Exception:  # a hang is a failure with a name, not the end of the test
        process.kill()
        process.wait()
        return "hang"
    return tap.status(process)


def forwarded(name, *options):
    number = getattr(signal, "SIG" + name)
    process = tap.start("-r", BB, *options, "sh", "-c",
                        f'trap "echo got {name}; exit 5" {name}; echo up; '
                        "while :; do sleep 0.05; done")
    up(process)
    process.send_signal(number)
    code = finish(process)
    text = process.stdout.read().decode()
    tap.same(f"{name} is forwarded to the command {' '.join(options)}".strip(),
             (code, text), (5, f"got {name}\n"), process.stderr.read().decode())


for option in ((), ("--init",)):
    for word in ("INT", "QUIT", "TERM", "HUP", "USR1", "USR2"):
        forwarded(word, *option)

    for word in ("TERM", "INT", "HUP", "USR1", "QUIT"):
        child = tap.start("-r", BB, *option, "sleep", "30")
        tap.wait_for_program(child.pid, "sleep", 2 if option else 1)
        child.send_signal(getattr(signal, "SIG" + word))
        tap.same(f"an uncaught {word} ends the command {' '.join(option)}".strip(),
                 finish(child), 128 + getattr(signal, "SIG" + word))

child = tap.start("-r", BB, "sh", "-c", "trap '' TERM; echo up; sleep 0.3; exit 4")
up(child)
child.send_signal(signal.SIGTERM)
tap.same("an ignored TERM does not end the command", finish(child), 4)

# A process group of its own, whose parent is in the session: an orphaned group never stops.
child = tap.start("-r", BB, "sh", "-c", "echo up; i=0; while :; do i=$((i+1)); done",
                  preexec_fn=os.setpgrp)
up(child)
child.send_signal(signal.SIGTSTP)
end = time.monotonic() + 5
inner = tap.process_1(child.pid)
state = ""
while time.monotonic() < end and state != "T":
    with open(f"/proc/{inner}/stat", encoding="utf-8") as f:
        state = f.read().rsplit(")", 1)[1].split()[0]
    time.sleep(0.01)
tap.same("TSTP stops the command", state, "T")
child.send_signal(signal.SIGCONT)
child.send_signal(signal.SIGTERM)
tap.same("CONT continues it", finish(child), 143)

child = tap.start("-r", BB, "sh", "-c", "echo up; exec sleep 30")
up(child)
os.kill(tap.process_1(child.pid), signal.SIGKILL)
tap.same("a command killed from outside gives 137", finish(child), 137)
tap.same("nothing is left so far", tap.none_left(), [])


def residue():
    """(processes, mounts, files) that a killed run left behind."""
    left = tap.none_left()
    return (left, [m for m in tap.mounts() if m not in MOUNTS],
            os.listdir(os.environ["TMPDIR"]))


MOUNTS = tap.mounts()
for words in (["-r", BB], ["-r", BB, "--init"], [], ["-r", BB, "--net=none"]):
    child = tap.start(*words, "sh", "-c", "echo up; sleep 30 & sleep 30")
    up(child)
    child.kill()
    child.wait()
    tap.same(f"SIGKILL of minc {' '.join(words).replace(T, '')} leaves nothing", residue(),
             ([], [], []))

seed = random.randrange(1 << 30)
random.seed(seed)
bad = []
for turn in range(30):
    child = tap.start("-r", BB, *random.choice(([], ["--init"], ["-b", "/etc:/opt"])), "sleep", "30")
    time.sleep(random.random() ** 2 * 0.02)
    victim = child.pid
    if turn % 3:
        victim = (tap.first_child if turn % 3 == 1 else tap.process_1)(child.pid) or child.pid
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if victim == child.pid:
        child.wait()
    elif finish(child) == "hang":
        bad.append(f"turn {turn}: hangs when its child is killed")
    child.stdout.close()
    child.stderr.close()
    what = residue()
    if what != ([], [], []):
        bad.append(f"turn {turn}: {what}")
tap.result(not bad, "30 kills at random moments leave nothing", f"seed {seed}", *bad)

child = tap.start("-r", BB, "sh", "-c", "(sleep 4712 &) ; (setsid sleep 4713 &) ; exit 0")
code = finish(child)
tap.same("what the command leaves behind ends with it", (code, tap.none_left()), (0, []))
tap.done()
