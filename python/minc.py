# SPDX-License-Identifier: MIT
"""minc - containers from Python, by libminc; ctypes only, nothing to build.

    import minc

    box = minc.Box(network="none", storage="/srv/kept")
    r = box.run(["sh", "-c", "echo hi; rm -rf /usr"], timeout=10)
    print(r.status, r.stdout)
    with minc.Changes("/srv/kept") as changes:
        for change in changes.diff():
            print(change.kind, change.path)
        changes.apply(only=["/etc/motd"])

A Box is a description, as a minc_ctx is in C: an overlay of the host's root unless it says
otherwise. Every call that starts something makes a context of its own from it, so one Box may be
used by many threads. Failures are minc.Error with the library's message and hint.

The library is looked for as the loader looks for it; MINC_LIBRARY names another file.
See minc(7), minc_ctx(3), minc_exec(3) and minc_diff(3).
"""
import ctypes
import dataclasses
import enum
import errno
import os
import selectors
import signal
import time
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

__all__ = ["Box", "Change", "Changes", "Container", "Error", "Process", "Result", "State", "Timeout",
           "containers", "open_container", "run", "version"]

Text = Union[str, bytes, "os.PathLike[str]"]

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_ROOT_FLAGS = {"direct": 1, "read_only": 2, "submounts": 4, "no_submounts": 8}
_FLAGS = {"privileged": 1, "best_effort": 2, "init": 3, "die_with_parent": 5, "inherit_env": 8}
_TERMINAL, _BACKGROUND = 4, 9
_LIMITS = {"memory": 1, "memory_swap": 2, "cpu_shares": 4, "cpu_quota_us": 5, "cpu_period_us": 6,
           "pids": 7, "io_weight": 8, "scratch": 9}
_BIND_READ_ONLY, _DELETE_FORCE, _LOG_FOLLOW = 1, 1, 4
_BEFORE, _AFTER = 0, 1
_KEEP, _FORCE = 1, 2
_WHAT = ("type", "content", "mode", "owner", "times", "xattrs", "target", "device", "links")

_container_fn = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_change_fn = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_output_fn = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t,
                              ctypes.c_void_p)
_log_fn = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)

_p, _s, _i, _u = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint
_u32, _u64, _i64, _long = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int64, ctypes.c_long
_argv = ctypes.POINTER(ctypes.c_char_p)
_out = ctypes.POINTER(ctypes.c_void_p)
_status = ctypes.POINTER(ctypes.c_int)

# name: (result, arguments), as in the headers
_FUNCTIONS: Dict[str, Tuple[Any, ...]] = {
    "minc_version": (_s,),
    "minc_ctx_new": (_p,), "minc_ctx_free": (_p, _p),
    "minc_error_message": (_s, _p), "minc_error_hint": (_s, _p), "minc_error_exit_status": (_i, _p),
    "minc_error_code": (_i, _p),
    "minc_set_root": (_i, _p, _s, _u), "minc_set_storage": (_i, _p, _s),
    "minc_add_bind": (_i, _p, _s, _s, _u), "minc_add_tmpfs": (_i, _p, _s, _u64, _u),
    "minc_set_hostname": (_i, _p, _s), "minc_set_user": (_i, _p, _s), "minc_set_cwd": (_i, _p, _s),
    "minc_add_env": (_i, _p, _s, _s), "minc_add_cap": (_i, _p, _s), "minc_drop_cap": (_i, _p, _s),
    "minc_set_seccomp": (_i, _p, _s), "minc_set_network": (_i, _p, _s),
    "minc_set_limit": (_i, _p, _i, _i64), "minc_set_flag": (_i, _p, _i, _i),
    "minc_set_name": (_i, _p, _s), "minc_pass_fd": (_i, _p, _i, _i),
    "minc_set_log": (None, _p, _log_fn, _p),
    "minc_start": (_i, _p, _argv, _out), "minc_exec": (_i, _p, _p, _argv, _out),
    "minc_open": (_i, _p, _s, _out), "minc_foreach": (_i, _p, _container_fn, _p),
    "minc_wait": (_i, _p, _i, _status), "minc_kill": (_i, _p, _i), "minc_container_free": (_p, _p),
    "minc_container_pid": (_i, _p), "minc_container_pidfd": (_i, _p),
    "minc_container_id": (_s, _p), "minc_container_name": (_s, _p),
    "minc_container_storage": (_s, _p), "minc_container_state": (_i, _p),
    "minc_logs": (_i, _p, _p, _u, _i64, _long, _output_fn, _p),
    "minc_stop": (_i, _p, _p, _i, _i, _status), "minc_pause": (_i, _p, _p), "minc_resume": (_i, _p, _p),
    "minc_delete": (_i, _p, _p, _u),
    "minc_changes_open": (_i, _p, _s, _s, _out), "minc_changes_free": (_p, _p),
    "minc_changes_only": (_i, _p, _s), "minc_changes_exclude": (_i, _p, _s),
    "minc_changes_set_flag": (_i, _p, _i, _i),
    "minc_diff": (_i, _p, _change_fn, _p), "minc_apply": (_i, _p, _change_fn, _p),
    "minc_change_kind": (_i, _p), "minc_change_path": (_s, _p), "minc_change_what": (_u, _p),
    "minc_change_mode": (_u32, _p, _i), "minc_change_uid": (_u32, _p, _i),
    "minc_change_gid": (_u32, _p, _i), "minc_change_size": (_u64, _p, _i),
    "minc_change_target": (_s, _p, _i), "minc_change_reason": (_s, _p), "minc_change_error": (_i, _p),
    "minc_store_open": (_i, _p, _s, _out), "minc_store_free": (_p, _p),
    "minc_image_find": (_i, _p, _s, _out), "minc_image_free": (_p, _p), "minc_set_image": (_i, _p, _p),
}


def _load() -> ctypes.CDLL:
    lib = ctypes.CDLL(os.environ.get("MINC_LIBRARY", "libminc.so.0"))
    for name, (result, *arguments) in _FUNCTIONS.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


_lib = _load()


class Error(OSError):
    """What failed: errno and strerror as in OSError, hint: advice or "", exit_status: 125 to 127."""

    def __init__(self, code: int, message: str, hint: str = "", exit_status: int = 125):
        super().__init__(code, message or os.strerror(code))
        self.hint, self.exit_status = hint, exit_status


class Timeout(Error):
    """The command did not end in time and was killed; stdout and stderr: what it wrote until then."""

    def __init__(self, seconds: float, stdout: bytes, stderr: bytes):
        super().__init__(errno.ETIMEDOUT, f"the command did not end within {seconds:g} s")
        self.stdout, self.stderr = stdout, stderr


def _bytes(text: Text) -> bytes:
    data = os.fsencode(text)
    if b"\0" in data:
        raise ValueError("a NUL byte in " + repr(text))
    return data


def _opt(text: Optional[Text]) -> Optional[bytes]:
    return None if text is None else _bytes(text)


def _words(argv: Optional[Sequence[Text]]) -> Any:
    if argv is None:
        return None
    if isinstance(argv, (str, bytes)):
        raise TypeError("a command is a list of words")
    return (ctypes.c_char_p * (len(argv) + 1))(*[_bytes(word) for word in argv], None)


class _Context:
    """A minc_ctx; its warnings go to @warn."""

    def __init__(self, warn: Optional[Callable[[str], None]] = None):
        self.ptr = _lib.minc_ctx_new()
        if not self.ptr:
            raise MemoryError()
        if warn:
            self._log = _log_fn(lambda line, _: warn(os.fsdecode(line)))
            _lib.minc_set_log(self.ptr, self._log, None)

    def __enter__(self) -> "_Context":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        self.ptr = _lib.minc_ctx_free(self.ptr)

    __del__ = close

    def check(self, r: int) -> int:
        if r >= 0:
            return r
        raise Error(-r, os.fsdecode(_lib.minc_error_message(self.ptr)),
                    os.fsdecode(_lib.minc_error_hint(self.ptr)), _lib.minc_error_exit_status(self.ptr))


@dataclasses.dataclass(frozen=True)
class Result:
    """How a command ended: its exit status, 128+N for signal N, and what it wrote."""
    status: int
    stdout: bytes = b""
    stderr: bytes = b""


class State(enum.IntEnum):
    """Of a container in the background; LOST: it ended, and its exit status is not known."""
    RUNNING, PAUSED, EXITED, LOST = 1, 2, 3, 4


class Process:
    """A command that was started: of a container, or by Container.exec_start()."""

    def __init__(self, ctx: _Context, ptr: int):
        self._ctx, self._ptr = ctx, ptr

    def close(self) -> None:
        """Forget it; what runs goes on."""
        if self._ptr:
            self._ptr = _lib.minc_container_free(self._ptr)
        self._ctx.close()

    __del__ = close

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """For display."""
        return _lib.minc_container_pid(self._ptr)

    def fileno(self) -> int:
        """A pidfd: it can be read when the command has ended."""
        return self._ctx.check(_lib.minc_container_pidfd(self._ptr))

    def wait(self, timeout: Optional[float] = None) -> int:
        """Its exit status, or 128+N; TimeoutError while it runs after @timeout seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        status = ctypes.c_int()
        while True:
            ms = 1000 if end is None else max(0, min(1000, int((end - time.monotonic()) * 1000 + 0.999)))
            r = _lib.minc_wait(self._ptr, ms, ctypes.byref(status))
            if r == 0:
                return status.value
            if r == -errno.ETIMEDOUT:
                if end is not None and time.monotonic() >= end:
                    raise TimeoutError(errno.ETIMEDOUT, "the command still runs")
            elif r != -errno.EINTR: # Python's own handlers run between two turns
                raise Error(-r, "wait: " + os.strerror(-r))

    def kill(self, sig: int = signal.SIGKILL) -> None:
        """Send @sig to the command. Nothing happens if it has ended."""
        r = _lib.minc_kill(self._ptr, sig)
        if r < 0 and r != -errno.ESRCH:
            raise Error(-r, "kill: " + os.strerror(-r))


class _Pipes:
    """The three standard files of one command, two of them read until their end."""

    def __init__(self, ctx: _Context, data: bytes, capture: bool):
        self.ends: Dict[int, int] = {}
        self.text = {_STDOUT: bytearray(), _STDERR: bytearray()}
        self._theirs: List[int] = []
        try:
            self._pass(ctx, self._input(data), _STDIN)
            for number in (_STDOUT, _STDERR):
                if capture:
                    ours, theirs = os.pipe()
                    self.ends[number] = ours
                    self._theirs.append(theirs)
                    ctx.check(_lib.minc_pass_fd(ctx.ptr, theirs, number))
        except BaseException:
            self.close()
            raise

    def _pass(self, ctx: _Context, fd: int, number: int) -> None:
        self._theirs.append(fd)
        ctx.check(_lib.minc_pass_fd(ctx.ptr, fd, number))

    @staticmethod
    def _input(data: bytes) -> int:
        if not data:
            return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        fd = os.memfd_create("minc-input", os.MFD_CLOEXEC)
        try:
            with open(fd, "wb", closefd=False) as f:
                f.write(data)
            os.lseek(fd, 0, os.SEEK_SET)
            return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(fd)

    def started(self) -> None:
        while self._theirs:
            os.close(self._theirs.pop())

    def read(self, end: Optional[float]) -> bool:
        """False if time was up before the pipes ended."""
        with selectors.DefaultSelector() as ready:
            for number, fd in self.ends.items():
                ready.register(fd, selectors.EVENT_READ, number)
            while ready.get_map():
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                for key, _ in ready.select(left):
                    data = os.read(key.fd, 65536)
                    if data:
                        self.text[key.data] += data
                    else:
                        ready.unregister(key.fd)
        return True

    def close(self) -> None:
        self.started()
        while self.ends:
            os.close(self.ends.popitem()[1])


def _communicate(process: Process, pipes: _Pipes, timeout: Optional[float]) -> Result:
    end = None if timeout is None else time.monotonic() + timeout
    if not pipes.read(end):
        raise TimeoutError
    status = process.wait(None if end is None else max(0.0, end - time.monotonic()))
    return Result(status, bytes(pipes.text[_STDOUT]), bytes(pipes.text[_STDERR]))


def _run(ctx: _Context, start: Callable[[], int], data: bytes, capture: bool,
         timeout: Optional[float]) -> Result:
    """What @start starts is run to its end, and does not live longer than this call."""
    pipes = _Pipes(ctx, data, capture)
    try:
        with Process(ctx, start()) as process:
            pipes.started()
            try:
                return _communicate(process, pipes, timeout)
            except BaseException as e: # also KeyboardInterrupt
                process.kill()
                process.wait()
                if timeout is None or not isinstance(e, TimeoutError):
                    raise
        raise Timeout(timeout, bytes(pipes.text[_STDOUT]), bytes(pipes.text[_STDERR]))
    finally:
        pipes.close()


@dataclasses.dataclass
class Box:
    """A description of containers. What is not given is as minc_ctx_new(3) says.

    root, root_flags: a directory, and words of "direct", "read_only", "submounts", "no_submounts"
    image, store:     name of an image instead of root, and the store that has it
    storage:          directory that keeps what is written
    binds:            (host path, path inside) or (host path, path inside, "ro")
    tmpfs:            path inside: bytes
    env, inherit_env: variables; whether the caller's are passed, too
    network:          "host", "none"
    limits:           memory, memory_swap, scratch (bytes), pids, cpu_shares, cpu_quota_us,
                      cpu_period_us, io_weight
    add_caps, drop_caps: names, or "all"
    warn:             called with each warning; None: nobody is told
    """
    root: Optional[Text] = None
    root_flags: Iterable[str] = ()
    image: Optional[str] = None
    store: Optional[Text] = None
    storage: Optional[Text] = None
    binds: Iterable[Tuple[Any, ...]] = ()
    tmpfs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    inherit_env: bool = False
    hostname: Optional[str] = None
    user: Optional[str] = None
    cwd: Optional[Text] = None
    network: Optional[str] = None
    seccomp: Optional[str] = None
    limits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    add_caps: Iterable[str] = ()
    drop_caps: Iterable[str] = ()
    init: bool = False
    privileged: bool = False
    best_effort: bool = False
    die_with_parent: bool = False
    warn: Optional[Callable[[str], None]] = None

    def run(self, argv: Optional[Sequence[Text]] = None, *, input: bytes = b"",
            capture: bool = True, timeout: Optional[float] = None) -> Result:
        """Run a command to its end; without @argv that of the image. @timeout: in seconds, then
        Timeout is raised and nothing of the container lives. Without @capture its output is the caller's."""
        with self._context() as ctx:
            return _run(ctx, lambda: _start(ctx, argv), input, capture, timeout)

    def start(self, argv: Optional[Sequence[Text]] = None, *, name: Optional[str] = None) -> "Container":
        """Start a container in the background; it has a log and lives on without the caller."""
        ctx = self._context()
        ctx.check(_lib.minc_set_flag(ctx.ptr, _BACKGROUND, 1))
        if name is not None:
            ctx.check(_lib.minc_set_name(ctx.ptr, _bytes(name)))
        return Container(ctx, _start(ctx, argv))

    def _context(self) -> _Context:
        ctx = _Context(self.warn)
        c, check = ctx.ptr, ctx.check
        flags = 0
        for word in self.root_flags:
            flags |= _word(_ROOT_FLAGS, word, "flag of a root")
        if self.image is not None:
            self._set_image(ctx)
        elif self.root is not None or flags:
            check(_lib.minc_set_root(c, _bytes("/" if self.root is None else self.root), flags))
        if self.storage is not None:
            check(_lib.minc_set_storage(c, _bytes(self.storage)))
        for bind in self.binds:
            source, target, *how = bind
            if how not in ([], ["ro"]):
                raise ValueError(f"{how[0]}: a bind is (source, target) or (source, target, 'ro')")
            check(_lib.minc_add_bind(c, _bytes(source), _bytes(target), _BIND_READ_ONLY if how else 0))
        for path, size in self.tmpfs.items():
            check(_lib.minc_add_tmpfs(c, _bytes(path), size, 0o1777))
        for key, value in self.env.items():
            check(_lib.minc_add_env(c, _bytes(key), _bytes(value)))
        for key, value in self.limits.items():
            check(_lib.minc_set_limit(c, _word(_LIMITS, key, "limit"), value))
        self._set_words(ctx)
        return ctx

    def _set_words(self, ctx: _Context) -> None:
        c, check = ctx.ptr, ctx.check
        for function, value in ((_lib.minc_set_hostname, self.hostname), (_lib.minc_set_user, self.user),
                                (_lib.minc_set_cwd, self.cwd), (_lib.minc_set_network, self.network),
                                (_lib.minc_set_seccomp, self.seccomp)):
            if value is not None:
                check(function(c, _bytes(value)))
        for name in self.drop_caps:
            check(_lib.minc_drop_cap(c, _bytes(name)))
        for name in self.add_caps:
            check(_lib.minc_add_cap(c, _bytes(name)))
        for name, flag in _FLAGS.items():
            if getattr(self, name):
                check(_lib.minc_set_flag(c, flag, 1))

    def _set_image(self, ctx: _Context) -> None:
        assert self.image is not None
        if self.root is not None:
            raise ValueError("a root and an image")
        store, image = ctypes.c_void_p(), ctypes.c_void_p()
        ctx.check(_lib.minc_store_open(ctx.ptr, _opt(self.store), ctypes.byref(store)))
        try:
            ctx.check(_lib.minc_image_find(store, _bytes(self.image), ctypes.byref(image)))
            ctx.check(_lib.minc_set_image(ctx.ptr, image))
        finally:
            _lib.minc_image_free(image)
            _lib.minc_store_free(store)


def _word(table: Mapping[str, int], word: str, what: str) -> int:
    if word not in table:
        raise ValueError(f"{word}: no {what}; there are " + ", ".join(table))
    return table[word]


def _start(ctx: _Context, argv: Optional[Sequence[Text]]) -> int:
    ret = ctypes.c_void_p()
    ctx.check(_lib.minc_start(ctx.ptr, _words(argv), ctypes.byref(ret)))
    assert ret.value
    return ret.value


class Container(Process):
    """A container in the background: of Box.start(), open_container() or containers()."""

    @property
    def id(self) -> str:
        return os.fsdecode(_lib.minc_container_id(self._ptr))

    @property
    def name(self) -> Optional[str]:
        name = _lib.minc_container_name(self._ptr)
        return os.fsdecode(name) if name else None

    @property
    def storage(self) -> Optional[str]:
        """Directory that keeps what it writes, for Changes."""
        path = _lib.minc_container_storage(self._ptr)
        return os.fsdecode(path) if path else None

    @property
    def state(self) -> State:
        return State(self._ctx.check(_lib.minc_container_state(self._ptr)))

    def exec(self, argv: Sequence[Text], *, input: bytes = b"", capture: bool = True,
             timeout: Optional[float] = None, user: Optional[str] = None, cwd: Optional[Text] = None,
             env: Optional[Mapping[str, str]] = None) -> Result:
        """Run another command in it to its end; as Box.run(). After @timeout only this command is killed."""
        with _Context() as ctx:
            if user is not None:
                ctx.check(_lib.minc_set_user(ctx.ptr, _bytes(user)))
            if cwd is not None:
                ctx.check(_lib.minc_set_cwd(ctx.ptr, _bytes(cwd)))
            for key, value in (env or {}).items():
                ctx.check(_lib.minc_add_env(ctx.ptr, _bytes(key), _bytes(value)))
            words, ret = _words(argv), ctypes.c_void_p()

            def start() -> int:
                ctx.check(_lib.minc_exec(ctx.ptr, self._ptr, words, ctypes.byref(ret)))
                assert ret.value
                return ret.value

            return _run(ctx, start, input, capture, timeout)

    def logs(self, *, follow: bool = False, tail: int = -1, since: float = 0,
             fn: Optional[Callable[[int, bytes], Any]] = None) -> bytes:
        """What it has written, both streams; or each piece is handed to @fn with 1 or 2 for its
        stream, until @fn returns True. @tail: only so many lines; @since: seconds since 1970;
        @follow: until it ends."""
        pieces: List[bytes] = []
        failed: List[BaseException] = []

        @_output_fn
        def take(stream: int, data: Any, length: int, _: Any) -> int:
            try:
                piece = ctypes.string_at(data, length)
                if fn:
                    return 1 if fn(stream, piece) is True else 0
                pieces.append(piece)
                return 0
            except BaseException as e: # it must not go through C
                failed.append(e)
                return 1

        r = _lib.minc_logs(self._ctx.ptr, self._ptr, _LOG_FOLLOW if follow else 0, int(since * 1000),
                           tail, take, None)
        if failed:
            raise failed[0]
        self._ctx.check(r)
        return b"".join(pieces)

    def stop(self, *, sig: int = signal.SIGTERM, grace: float = 10) -> int:
        """Ask it to end, kill it after @grace seconds. Returns its exit status."""
        status = ctypes.c_int()
        self._ctx.check(_lib.minc_stop(self._ctx.ptr, self._ptr, sig, int(grace * 1000),
                                       ctypes.byref(status)))
        return status.value

    def pause(self) -> None:
        self._ctx.check(_lib.minc_pause(self._ctx.ptr, self._ptr))

    def resume(self) -> None:
        self._ctx.check(_lib.minc_resume(self._ctx.ptr, self._ptr))

    def delete(self, *, force: bool = False) -> None:
        """Forget it, with the storage that was made for it. @force: kill it if it runs."""
        self._ctx.check(_lib.minc_delete(self._ctx.ptr, self._ptr, _DELETE_FORCE if force else 0))


def open_container(name: str) -> Container:
    """A container of the caller by its id, the beginning of it, or its name."""
    ctx, ret = _Context(), ctypes.c_void_p()
    ctx.check(_lib.minc_open(ctx.ptr, _bytes(name), ctypes.byref(ret)))
    assert ret.value
    return Container(ctx, ret.value)


def containers() -> List[str]:
    """Ids of the caller's containers in the background, also those that have ended."""
    ids: List[str] = []

    @_container_fn
    def add(ct: int, _: Any) -> int:
        ids.append(os.fsdecode(_lib.minc_container_id(ct)))
        return 0

    with _Context() as ctx:
        ctx.check(_lib.minc_foreach(ctx.ptr, add, None))
    return ids


@dataclasses.dataclass(frozen=True)
class Change:
    """A path that differs from the base. kind: "A", "C" or "D"; what: differences of a "C";
    mode, owner, size, target: (before, after); refused: why it cannot be applied, or ""."""
    kind: str
    path: str
    what: Tuple[str, ...]
    mode: Tuple[int, int]
    owner: Tuple[Tuple[int, int], Tuple[int, int]]
    size: Tuple[int, int]
    target: Tuple[Optional[str], Optional[str]]
    refused: str


def _change(ch: int) -> Change:
    def both(function: Callable[[int, int], Any]) -> Tuple[Any, Any]:
        return function(ch, _BEFORE), function(ch, _AFTER)

    def text(data: Optional[bytes]) -> Optional[str]:
        return None if data is None else os.fsdecode(data)

    what = _lib.minc_change_what(ch)
    uids, gids = both(_lib.minc_change_uid), both(_lib.minc_change_gid)
    targets = both(_lib.minc_change_target)
    refused = _lib.minc_change_error(ch) and _lib.minc_change_reason(ch)
    return Change(chr(_lib.minc_change_kind(ch)), os.fsdecode(_lib.minc_change_path(ch)),
                  tuple(word for bit, word in enumerate(_WHAT) if what >> bit & 1),
                  both(_lib.minc_change_mode), ((uids[0], gids[0]), (uids[1], gids[1])),
                  both(_lib.minc_change_size), (text(targets[0]), text(targets[1])),
                  os.fsdecode(refused) if refused else "")


class Changes:
    """What a container wrote into its storage, compared with its base. While it is open no
    container can use the storage: what diff() showed is what apply() applies."""

    def __init__(self, storage: Text, base: Optional[Text] = None):
        self._base, self._storage = base, storage
        self._ctx = _Context()
        self._ptr = ctypes.c_void_p()
        self._ctx.check(_lib.minc_changes_open(self._ctx.ptr, _bytes(storage), _opt(base),
                                               ctypes.byref(self._ptr)))

    def close(self) -> None:
        self._ptr = ctypes.c_void_p(_lib.minc_changes_free(self._ptr))
        self._ctx.close()

    def __enter__(self) -> "Changes":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def diff(self) -> List[Change]:
        """All of them, in the order of their paths."""
        return self._walk(_lib.minc_diff)[1]

    def apply(self, *, only: Iterable[Text] = (), exclude: Iterable[Text] = (), keep: bool = False,
              force: bool = False) -> List[Change]:
        """Write the changes to the base: those at or below @only, or all, but for @exclude. Returns
        those that were refused. @keep: the storage stays as it is; @force: also where the base
        changed meanwhile. What was chosen stays chosen for further calls."""
        for path in only:
            self._ctx.check(_lib.minc_changes_only(self._ptr, _bytes(path)))
        for path in exclude:
            self._ctx.check(_lib.minc_changes_exclude(self._ptr, _bytes(path)))
        for flag, on in ((_KEEP, keep), (_FORCE, force)):
            self._ctx.check(_lib.minc_changes_set_flag(self._ptr, flag, int(on)))
        return [change for change in self._walk(_lib.minc_apply)[1] if change.refused]

    def _walk(self, function: Any) -> Tuple[int, List[Change]]:
        found: List[Change] = []
        failed: List[BaseException] = []

        @_change_fn
        def add(ch: int, _: Any) -> int:
            try:
                found.append(_change(ch))
                return 0
            except BaseException as e: # it must not go through C
                failed.append(e)
                return 1

        r = function(self._ptr, add, None)
        if failed:
            raise failed[0]
        return self._ctx.check(r), found


def run(argv: Optional[Sequence[Text]] = None, *, input: bytes = b"", capture: bool = True,
        timeout: Optional[float] = None, **box: Any) -> Result:
    """Box(**box).run(argv, ...)"""
    return Box(**box).run(argv, input=input, capture=capture, timeout=timeout)


def version() -> str:
    """Of the library."""
    return os.fsdecode(_lib.minc_version())
