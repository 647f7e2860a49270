#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""completion - bash, zsh and fish complete the words of minc and marten, as a user of each meets it.

The shells are real, on a terminal, with only what is installed: a directory has the scripts where each
shell looks for them, and the tools. Before the line that is completed a key is bound that prints the line
as it then is, so what is compared is what the shell made of it.
"""
import os
import shutil
import subprocess
import sys

import tap
from screen import Terminal

T = tap.temporary()
BB = tap.busybox_root(os.path.join(T, "bb"))
DATA = os.path.join(T, "share")
TEMPLATES = os.environ["SHELLS"]
PLACES = {
    "bash": "bash-completion/completions/{}",
    "zsh": "zsh/site-functions/_{}",
    "fish": "fish/vendor_completions.d/{}.fish",
}
TAB, SHOW = b"\t", b"\x14"  # ctrl-t, bound below


def install():
    """What meson install puts below datadir, and the tools by their names."""
    for name, program in (("minc", tap.MINC), ("marten", tap.MARTEN)):
        os.makedirs(os.path.join(T, "bin"), exist_ok=True)
        os.symlink(program, os.path.join(T, "bin", name))
        for shell, place in PLACES.items():
            with open(os.path.join(TEMPLATES, f"{name}.{shell}"), encoding="utf-8") as f:
                text = f.read()
            path = os.path.join(DATA, place.format(name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
    os.makedirs(os.path.join(T, "home"))
    os.makedirs(os.path.join(T, "work/some-dir"))
    os.makedirs(os.path.join(T, "work/beside"))
    for name in ("some-file", "odd $(echo x)", "beside/compl $(echo x)\n$(echo y)"):
        with open(os.path.join(T, "work", name), "w", encoding="utf-8"):
            pass
    os.environ.update(PATH=os.path.join(T, "bin") + ":" + os.environ["PATH"], HOME=os.path.join(T, "home"),
                      XDG_DATA_DIRS=DATA + ":/usr/share", XDG_CONFIG_HOME=os.path.join(T, "home"),
                      XDG_DATA_HOME=os.path.join(T, "home"), TERM="dumb",
                      MINCS_DIR=os.path.join(T, "store"), PS1="", INPUTRC="/dev/null")


BASH = """
bind 'set bell-style none' 'set completion-query-items 0' 'set page-completions off'
show() { printf '\\n<%s>\\n' "$READLINE_LINE"; READLINE_LINE= READLINE_POINT=0; }
bind -x '"\\C-t": show'
PS1='' PS2=''
"""
ZSH = """
fpath=($ZSHARE $fpath)
autoload -U compinit && compinit -u -D
show() { print; print -r -- "<$BUFFER>"; BUFFER= }
zle -N show && bindkey '^t' show
unsetopt beep zle_bracketed_paste 2>/dev/null
LISTMAX=1000 PROMPT='' RPROMPT='' PROMPT_EOL_MARK=''
"""
FISH = """
function show; printf '\\n<%s>\\n' (commandline); commandline ''; end
bind \\ct show
function fish_prompt; end
function fish_greeting; end
set -g fish_autosuggestion_enabled 0
"""


class Shell:
    """One that sits at a prompt with its completions."""

    def __init__(self, name):
        path = os.path.join(T, "home", "start." + name)
        with open(path, "w", encoding="utf-8") as f:
            if name == "bash":
                f.write(". /usr/share/bash-completion/bash_completion\n" + BASH)
            else:
                f.write({"zsh": ZSH, "fish": FISH}[name])
            f.write(f"cd {T}/work\necho begins\n")
        os.environ["ZSHARE"] = os.path.join(DATA, "zsh/site-functions")
        command = {"bash": ("bash", "--noprofile", "--rcfile", path, "-i"),
                   "zsh": ("sh", "-c", f"mkdir -p {T}/z && cp {path} {T}/z/.zshrc && ZDOTDIR={T}/z exec zsh -d -i"),
                   "fish": ("fish", "--private", "-i", "-C", f"source {path}")}[name]
        self.terminal = Terminal(*command, rows=50, columns=200)
        self.ready = self.terminal.wait_for(b"begins", 60)

    def complete(self, line):
        """@line as it is after the tab."""
        seen = len(self.terminal.text)
        self.terminal.send(line.encode() + TAB + SHOW)
        end = f"<{line[:4]}".encode()
        for _ in range(600):
            self.terminal.pump(0.05)
            text = self.terminal.text[seen:]
            if end in text and b">" in text[text.rindex(end):]:
                return text[text.rindex(end) + 1:].split(b">")[0].decode()
        return f"nothing came: {self.terminal.text[seen:]!r}"

    def close(self):
        self.terminal.close_and_wait()


CASES = (
    # what is shown, the line, what it becomes
    ("a verb", "marten unpa", "marten unpause "),
    ("a word of a group", "marten system d", "marten system df "),
    ("an option of a verb", "marten run --env-f", "marten run --env-file "),
    ("a verb after --store", "marten --store /nonexistent insp", "marten --store /nonexistent inspect "),
    ("a word that an option may have", "marten run --pull alw", "marten run --pull always "),
    ("the same after =", "marten run --pull=alw", "marten run --pull=always "),
    ("an option after an operand", "marten stop xyz --ti", "marten stop xyz --time "),
    ("a container", "marten stop compl", "marten stop completed "),
    ("the same after an option with a value", "marten stop -t 3 compl", "marten stop -t 3 completed "),
    ("the same in a group", "marten container rm compl", "marten container rm completed "),
    ("a container with its colon", "marten cp compl", "marten cp completed:"),
    ("a file beside it", "marten cp completed:/etc/passwd some-f", "marten cp completed:/etc/passwd some-file "),
    ("the same by the tool's path", f"{T}/bin/marten stop compl", f"{T}/bin/marten stop completed "),
    ("nothing, where nobody can know", "marten rename completed compl", "marten rename completed compl"),
    ("a file", "marten load -i some-f", "marten load -i some-file "),
    ("a file after =", "marten load --input=some-f", "marten load --input=some-file "),
    ("a file whose name a shell would read", "marten load -i odd", "marten load -i odd\\ \\$\\(echo\\ x\\) "),
    ("an option of minc", "minc --read-", "minc --read-only "),
    ("a directory", "minc -r some-", "minc -r some-dir/"),
    ("the modes of a network", "minc --net=no", "minc --net=none "),
    ("a format", "minc --explain=sh", "minc --explain=shell "),
    ("the command", "minc -q mkfif", "minc -q mkfifo "),
    ("the words of the command", "minc -q -- cat some-f", "minc -q -- cat some-file "),
)
IMAGES = (
    ("an image, whose name has colons", "marten rmi localhost:5000/imag", "marten rmi localhost:5000/image:1 "),
    ("an image after joined options", "marten run -it localhost:5000/imag", "marten run -it localhost:5000/image:1 "),
    ("an image after its colon", "marten run --rm localhost:5000/image:", "marten run --rm localhost:5000/image:1 "),
    ("an image for minc -r", "minc -r localhost:5000/im", "minc -r localhost:5000/image:1 "),
    ("a volume with its colon", "marten run -v vol", "marten run -v volumes-are-named:"),
    ("a volume", "marten volume rm vol", "marten volume rm volumes-are-named "),
)


def make_image():
    """One with a name that bash takes apart; False if this build has no images."""
    done = subprocess.run([tap.MARTEN, "import", BB, "localhost:5000/image:1"], check=False, capture_output=True)
    return done.returncode == 0 and subprocess.run(
        [tap.MARTEN, "volume", "create", "volumes-are-named"], check=False, capture_output=True).returncode == 0


# What bash would put into the line, one after the other, as menu-complete does.
OFFERED = """
eval "$(marten --completion bash)"
cd "$1"
COMP_WORDS=(marten cp compl) COMP_CWORD=2 COMP_LINE="marten cp compl"
_marten
printf '%s\\n' "${COMPREPLY[@]}"
"""


def check_files_beside_names():
    done = subprocess.run(["bash", "-c", OFFERED, "bash", os.path.join(T, "work/beside")], check=False, capture_output=True,
                          text=True)
    tap.same("bash takes nothing from a file's name beside that of a container", done.stdout.splitlines(),
             ["completed:", "compl\\ \\$\\(echo\\ x\\)", "\\$\\(echo\\ y\\)"])


def check_foreign_names():
    """A list of images that somebody else wrote, with names that no tool of ours takes."""
    store = os.path.join(T, "foreign")
    done = subprocess.run([tap.MARTEN, "--store", store, "import", "-q", BB, "good"], check=False, capture_output=True,
                          text=True)
    if done.returncode != 0:
        return
    number = done.stdout[:12]
    path = os.path.join(store, "index.json")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    good = text.count("good") and text.replace("good:latest", "good$(echo x)\\n:command 0\\u001b[2J")
    with open(path, "w", encoding="utf-8") as f:
        f.write(good or text)
    for word, answer in (("", ""), (number[:4], number + "\t\n")):
        done = subprocess.run([tap.MARTEN, "--complete", "--store", store, "rmi", word], check=False,
                              capture_output=True, text=True)
        tap.same("names that others wrote into a store are not told", (done.returncode, done.stdout), (0, answer))


def check_no_store():
    path = os.path.join(T, "not-there")
    done = subprocess.run([tap.MARTEN, "--complete", "--store", path, "rmi", ""], check=False, capture_output=True,
                          text=True)
    tap.same("who asks makes no store", (done.returncode, done.stdout, done.stderr, os.path.exists(path)),
             (0, "", "", False))


def check_shell(name, cases):
    shell = Shell(name)
    if tap.result(shell.ready, f"{name} starts", repr(shell.terminal.text)):
        for what, line, want in cases:
            tap.same(f"{name} completes {what}", shell.complete(line).rstrip(), want.rstrip())
    shell.close()


def main():
    install()
    cases = CASES + IMAGES if make_image() else CASES
    subprocess.run([tap.MINC, "-B", "-q", "--name", "completed", "-r", BB, "sleep", "1000"], check=True,
                   stdout=subprocess.DEVNULL)
    for name in PLACES:
        if shutil.which(name) and (name != "bash" or os.path.exists("/usr/share/bash-completion/bash_completion")):
            check_shell(name, cases)
        else:
            tap.skip(f"{name} completes", f"needs {name}")
    check_files_beside_names()
    check_foreign_names()
    check_no_store()
    for name in PLACES:
        done = subprocess.run([tap.MARTEN, "--completion", name], check=False, capture_output=True, text=True)
        tap.result(done.returncode == 0 and "marten --completion " + name in done.stdout, f"the script for {name}")
    done = subprocess.run([tap.MINC, "--completion", "ksh"], check=False, capture_output=True, text=True)
    tap.same("no other is known", (done.returncode, done.stderr.splitlines()[0]),
             (125, "minc: --completion ksh: unknown shell (bash, zsh, fish)"))
    subprocess.run([tap.MARTEN, "rm", "-f", "completed"], check=True, stdout=subprocess.DEVNULL)
    tap.done()


sys.exit(main())
