"""The process that imports what a program imports, and forks launchers, which fork the program's jobs.

It runs in the program's own interpreter, with the program's own environment, and does nothing but import: what it has not
computed no job can inherit. One more fork lies between it and a job, since a launcher must have its job alone below it. It ends
with its runner, or when nobody has asked for a launcher for a while; launchers go on without it.

It is told `load` with what a start takes, then `launch` with the descriptors of a launcher's socket, listening socket and
journal, and what its jobs inherit. It tells `ready`, or `refused` and why; `launched` for each launcher.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
import traceback
from typing import Any, NoReturn

# All that launchers and jobs use of ours is loaded before anything of the program's, and hidden meanwhile.
from scheduler.launcher import kept, loop  # noqa: F401
from scheduler.launcher.channel import Channel
from scheduler.linux import parents
from scheduler.linux.readable import readable
from scheduler.values import dataclass
from scheduler.warm import imports, safety, title
from scheduler.warm.becoming import close_all_but
from scheduler.warm.command import Program
from scheduler.warm.imports import Import
from scheduler.warm.kept import PREFIX, SUFFIX
from scheduler.warm.spawning import Loaded, WarmSpawn

IDLE = 600.0  # seconds without a launcher asked for, after which it ends


def _added() -> dict[str, str]:
    """Variables that the interpreter has set for itself (LC_CTYPE, where there is no locale)."""
    with open("/proc/self/environ", "rb") as file:  # noqa: PTH123
        given = {os.fsdecode(each.partition(b"=")[0]) for each in file.read().split(b"\0")}
    return {name: text for name, text in os.environ.items() if name not in given}


_ADDED = _added()  # before anything here changes them


class Refused(Exception):
    """Nothing can be forked from this process; the text says why. `package`: without it, another process may do."""

    def __init__(self, why: str, package: str = "") -> None:
        super().__init__(why)
        self.package = package


@dataclass(frozen=True)
class Errand:
    """What it was told to load, and for whom. `modules`: these, instead of what the program imports; `without`: packages that
    have been found to be unsafe; `environment`: what launchers start other programs with."""

    key: str
    program: Program
    cwd: str
    without: frozenset[str]
    environment: dict[str, str]
    modules: tuple[str, ...] | None = None

    @property
    def wanted(self) -> list[Import]:
        if self.modules is not None:
            return [Import(name) for name in self.modules]
        return imports.imports_of(self.program, self.cwd)


def main(connection: int) -> None:
    """Run on an inherited descriptor: the runner's socket."""
    parents.die_with_parent(signal.SIGKILL)  # also in the midst of an import that takes for ever
    os.environ.pop(title.ROOM, None)
    runner = Channel(socket.socket(fileno=connection))
    messages, there = runner.receive()
    while there and not messages:
        messages, there = runner.receive()
    if not there:
        return
    errand = _errand(messages[0][0])
    title.show([f"{PREFIX}{errand.program.words}{SUFFIX}"])
    began = time.monotonic()
    try:
        loaded, names = _load(errand)
    except Refused as error:
        runner.send({"is": "refused", "why": str(error), "package": error.package})
        return
    runner.send({"is": "ready", "modules": names, "seconds": round(time.monotonic() - began, 3), "bytes": _resident()})
    _serve(runner, errand, loaded, messages[1:])


def _errand(message: dict[str, Any]) -> Errand:
    modules = None if message["modules"] is None else tuple(message["modules"])
    program = Program(**{**message["program"], "options": (), "arguments": ()})
    return Errand(message["key"], program, message["cwd"], frozenset(message["without"]), message["environment"], modules)


# Loading.


def _load(errand: Errand) -> tuple[Loaded, list[str]]:
    """Import, hidden from what is imported; Refused where a fork would not be safe afterwards, or not be the same."""
    wanted = [each for each in errand.wanted if each.package not in errand.without]
    import ctypes  # noqa: F401 (the end of a job asks for it)

    before = set(sys.modules)
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "scheduler"}
    open_before = _descriptors()
    with _capture() as said:
        names = _import(wanted)
    theirs = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "scheduler"}
    sys.modules.update(ours)
    if strange := safety.strangers(set(sys.modules) - before):
        raise Refused(f"the imports have loaded {strange[0]}, which may be edited meanwhile")
    gc.collect()
    gc.freeze()
    handlers = {signal.SIGINT: _interrupt(), signal.SIGCHLD: signal.getsignal(signal.SIGCHLD)}
    new = (_descriptors() - open_before) & _descriptors()
    # By all that is loaded: what lies beside a program stands before the library too.
    known = safety.stock(set(sys.modules) - set(ours) - {"__main__"})
    return Loaded(errand.key, known, b"".join(said), frozenset(new), frozenset(ours), theirs, _ADDED, handlers), names


def _import(wanted: list[Import]) -> list[str]:
    """The packages that were imported; Refused after the first that makes a fork unsafe."""
    done: dict[str, None] = {}
    if why := safety.unsafe():  # a file that every interpreter loads at its start may have seen to that
        raise Refused(f"before anything is imported, {why}")
    for each in wanted:
        with contextlib.suppress(Exception):  # the program may have a way to do without it
            __import__(each.module, {}, {}, list(each.names), 0)
            done[each.package] = None
        if why := safety.unsafe():
            raise Refused(f"with {each.package} imported, {why}", each.package)
    return list(done)


class _capture:  # noqa: N801 (used like a function)
    """What is printed meanwhile, by Python or by C."""

    def __enter__(self) -> list[bytes]:
        self._said: list[bytes] = []
        self._file = os.memfd_create("said")
        for number in (1, 2):
            os.dup2(self._file, number)
        return self._said

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        size = os.lseek(self._file, 0, os.SEEK_CUR)
        self._said.append(os.pread(self._file, size, 0))
        os.close(self._file)


def _descriptors() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}  # noqa: PTH110, PTH208


def _interrupt() -> Any:
    """What a job does at SIGINT: what an import has asked for, else what every interpreter does. A shell may have started us
    deaf."""
    found = signal.getsignal(signal.SIGINT)
    return signal.default_int_handler if found in (signal.SIG_IGN, signal.SIG_DFL, None) else found


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# Serving.


def _serve(runner: Channel, errand: Errand, loaded: Loaded, messages: list[tuple[dict[str, Any], list[int]]]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects launchers
    there = True
    while there:
        for message, descriptors in messages:
            pid = None if message.get("lost") else _launch(errand, loaded, descriptors)
            runner.send({"is": "launched", "launcher": message["launcher"], "pid": pid})
        if not readable([runner], IDLE):
            return
        messages, there = runner.receive()


def _launch(errand: Errand, loaded: Loaded, descriptors: list[int]) -> int | None:
    """The process id of a new launcher on these descriptors; None where the machine has no room for one."""
    try:
        pid = os.fork()
    except OSError:
        pid = None
    if pid == 0:
        try:
            close_all_but({0, 1, 2, *descriptors, *loaded.keep})  # also those of other launchers that have come with these
            _be_launcher(errand, loaded, *descriptors)
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(1)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _be_launcher(errand: Errand, loaded: Loaded, runner: int, listener: int, journal: int, *held: int) -> NoReturn:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    os.dup2(journal, 2)  # a defect's traceback lands there
    for descriptor in held:
        os.set_inheritable(descriptor, True)
    os.chdir("/")
    os.environ.clear()
    os.environ.update(errand.environment)
    title.show([f"exp-queue: launcher of {errand.program.words}"])
    loop.main(runner, listener, journal, WarmSpawn(loaded, held))
    os._exit(0)
