"""A forked process becomes a Python program, as if an interpreter had just been started for it. It never returns.

What the kernel and the interpreter do at a start is done here by hand: a session, the streams, the working directory, the
environment, `sys.argv`, `sys.path`, `__main__`; then what modules remember of the process that loaded them. At its end the
program is taken apart as an interpreter does it, but for what was there before it began: that takes up to a second, and nobody
has use of it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib.machinery
import io
import os
import random
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, NoReturn

from scheduler.values import dataclass
from scheduler.warm import title
from scheduler.warm.command import CODE, MODULE, Program

BROKEN = 70  # EX_SOFTWARE: it did not come as far as the program


@dataclass(frozen=True)
class Begin:
    """How it begins. `log`: the descriptor of its output; `keep`: those that it has beside 0, 1 and 2; `said`: what the imports
    have printed; `ours`: modules that it must not find, `theirs`: those that it finds in their place; `added`: variables that the
    interpreter itself sets."""

    program: Program
    argv: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str]
    log: int
    keep: frozenset[int]
    said: bytes
    ours: frozenset[str]
    theirs: Mapping[str, ModuleType]
    added: Mapping[str, str]
    handlers: Mapping[signal.Signals, Any]


def become(begin: Begin) -> NoReturn:
    """In the child of a fork: be the program, and end as it ends."""
    status = BROKEN
    try:
        _as_a_new_process(begin)
        _as_a_new_interpreter(begin)
        status = _run(begin.program)
    finally:
        os._exit(status)


# The process.


def _as_a_new_process(begin: Begin) -> None:
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(begin.log, 1)
    os.dup2(begin.log, 2)
    close_all_but({0, 1, 2, *begin.keep})
    signal.set_wakeup_fd(-1)
    for number, handler in begin.handlers.items():
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _have({**begin.added, **begin.environment})
    title.show(begin.argv, dict(os.environb))
    if begin.said:
        os.write(2, begin.said)


def close_all_but(kept: set[int]) -> None:
    """Close every other descriptor of this process."""
    for number in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208
        if number not in kept:
            with contextlib.suppress(OSError):  # that of the listing
                os.close(number)


def _have(environment: Mapping[str, str]) -> None:
    """Exactly this environment, for C libraries too."""
    for name in list(os.environ):
        del os.environ[name]
    os.environ.update(environment)


# The interpreter.


def _as_a_new_interpreter(begin: Begin) -> None:
    for name in begin.ours:
        sys.modules.pop(name, None)
    sys.modules.update(begin.theirs)
    sys.orig_argv = list(begin.argv)
    sys.argv = [*_first_word(begin.program), *begin.program.arguments]
    _search_beside(begin.program, begin.cwd)
    sys.modules["__main__"] = _main(begin.program, begin.cwd)
    _forget_who_loaded(begin.cwd)


def _first_word(program: Program) -> list[str]:
    return [{CODE: "-c", MODULE: "-m"}.get(program.kind, program.target)]


def _search_beside(program: Program, cwd: str) -> None:
    if getattr(sys.flags, "safe_path", False) or sys.flags.isolated:
        return
    path = program.target
    with contextlib.suppress(OSError):
        if program.kind not in (CODE, MODULE):
            path = os.path.join(os.path.dirname(path), os.readlink(path))  # noqa: PTH115, PTH118, PTH120 (as the interpreter does)
    beside = {CODE: "", MODULE: cwd}.get(program.kind, os.path.dirname(os.path.join(cwd, path)))  # noqa: PTH118, PTH120
    sys.path.insert(0, beside)


def _main(program: Program, cwd: str) -> ModuleType:
    main = ModuleType("__main__")
    main.__dict__.update(__annotations__={}, __builtins__=sys.modules["builtins"])
    if program.kind in (CODE, MODULE):
        main.__loader__ = importlib.machinery.BuiltinImporter
    else:
        main.__file__ = os.path.join(cwd, program.target)  # noqa: PTH118
        main.__loader__ = importlib.machinery.SourceFileLoader("__main__", main.__file__)
        main.__dict__["__cached__"] = None
    return main


def _forget_who_loaded(cwd: str) -> None:
    """What modules have kept of the process, or drawn by chance, when they were loaded."""
    random.seed()
    for theirs in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        theirs.atexit = False  # what an import has made for itself, such as a folder for all, is not this job's to remove
    if numpy := sys.modules.get("numpy.random"):
        numpy.seed()
    if tempfile := sys.modules.get("tempfile"):
        tempfile.tempdir = None  # type: ignore[attr-defined]
    if processes := sys.modules.get("multiprocessing.process"):
        processes.ORIGINAL_DIR = cwd  # type: ignore[attr-defined]
        processes.current_process().authkey = os.urandom(32)
    if (logging := sys.modules.get("logging")) and hasattr(logging, "_startTime"):
        nanoseconds = isinstance(logging._startTime, int)
        logging._startTime = time.time_ns() if nanoseconds else time.time()  # type: ignore[attr-defined]


# The program.


def _run(program: Program) -> int:
    before = frozenset(sys.modules)
    interrupted = False
    try:
        status = _status_of(program)
    except KeyboardInterrupt as error:
        interrupted, status = True, 130
        _tell(error)
    except BaseException as error:  # noqa: BLE001
        status = 1
        _tell(error)
    status = _end(before) or status
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return status


def _status_of(program: Program) -> int:
    try:
        if program.kind == MODULE:
            import runpy  # what the interpreter itself calls for -m

            runpy._run_module_as_main(program.target)  # type: ignore[attr-defined]
            return 0
        main = sys.modules["__main__"]
        text: str | bytes = program.target
        if program.kind != CODE:
            try:
                with open(main.__file__ or "", "rb") as file:  # noqa: PTH123
                    text = file.read()
            except OSError as error:
                words = f"can't open file {main.__file__!r}: [Errno {error.errno}] {error.strerror}"
                print(f"{sys.executable}: {words}", file=sys.stderr)
                return 2
        exec(compile(text, main.__file__ or "" if program.kind != CODE else "<string>", "exec", dont_inherit=True), main.__dict__)  # noqa: S102
    except SystemExit as error:
        return _exit_status(error.code)
    return 0


def _exit_status(code: Any) -> int:
    """As the interpreter reads what was raised with SystemExit."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _tell(error: BaseException) -> None:
    """As the interpreter tells of what was not caught, without the frames that are ours."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)


# Its end.


def _end(before: Iterable[str]) -> int:
    """Take the program apart. Returns the exit status of an interpreter that could not write its output; 0: it could."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    status = _flush_streams()
    _flush_files()  # first: of two objects that end together, the text may lose its file
    _close_compressed_files()
    if len(sys._current_frames()) == 1:
        _empty(["__main__", *(name for name in sys.modules if name not in set(before))])
    _flush_files()
    return status or _flush_streams()


def _flush_streams() -> int:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except (OSError, ValueError):
        return 120
    return 0


def _empty(names: Iterable[str]) -> None:
    """Let go of what the modules of the program hold, so that objects hear of their end."""
    for module in [sys.modules[name] for name in names if name in sys.modules]:
        held = getattr(module, "__dict__", {})
        for name in [
            *(each for each in held if each[:1] == "_" and each[1:2] != "_"),
            *(each for each in held if each[:1] != "_"),
        ]:
            held[name] = None
    gc.collect()


def _close_compressed_files() -> None:
    """Those that nobody has closed. From Python 3.12 on such a file and its buffer refer to each other: where they end together
    and the buffer is the first, what is left to write is lost."""
    if gzip := sys.modules.get("gzip"):
        for each in gc.get_objects():
            if issubclass(type(each), gzip.GzipFile):
                with contextlib.suppress(Exception):
                    each.close()


def _flush_files() -> None:
    """Files that nobody has closed, also those of C."""
    for kinds in ((io.TextIOWrapper,), (io.BufferedWriter, io.BufferedRandom)):
        for each in gc.get_objects():
            if issubclass(type(each), kinds):
                with contextlib.suppress(Exception):
                    each.flush()
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).fflush(None)
