"""Commands without the time that it takes to start one: a Python that has imported what they need waits, and forks.

Most of what a command does in a test is to import itself, and a training PyTorch. What commands need is learnt from those that
have ended: to import all of the scheduler takes as long as ten of them, and many an environment sees fewer. What a fork cannot
show (what is imported when, a start by a shell, an interrupt in the middle) is asked of real processes: by `CommandLine.start`,
and by every test that calls subprocess itself.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.imports import modules

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "scheduler.cli.main"
TRAINING = "text_recognizer.run_experiment"
# What is read when a process starts, or when a module is imported: another value needs another process.
EARLY = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "TZ", "EXP_QUEUE_FAILPOINT")
COMMON = ("PATH", "HOME", "TERM", "USER", "TMPDIR")


class Forks:
    """A process that waits to become a module's `main()`, again and again, in the environment that it was started in. It ends
    with the process that made it."""

    def __init__(self, environment: Mapping[str, str], module: str = COMMAND) -> None:
        self._control, theirs = socket.socketpair()
        self._one_at_a_time = threading.Lock()
        with theirs:
            # Not the folders of the test that happens to come first, by which somebody may look for the processes of that test;
            # and one thread each for the libraries of numbers: a process that has several is not to be forked.
            common = {name: value for name, value in environment.items() if name.startswith((*EARLY, *COMMON))}
            alone = {**common, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            command = [sys.executable, "-m", "tests.forked", str(theirs.fileno()), module]
            self._process = subprocess.Popen(command, cwd=ROOT, env=alone, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def close(self) -> int:
        """Ends it, not what was forked from it; its exit status."""
        self._control.close()
        return self._process.wait(timeout=100)

    def start(self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str], *streams: int) -> Forked:
        """A process with these as its standard streams."""
        request = json.dumps([list(arguments), str(directory), dict(environment)]).encode()
        ours, theirs = os.pipe()
        try:
            with self._one_at_a_time:
                socket.send_fds(self._control, [len(request).to_bytes(8, "big")], [*streams, theirs])
                self._control.sendall(request)
        finally:
            os.close(theirs)
        return Forked(ours)

    def __call__(
        self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run(capture_output=True, text=True)` returns, and after `timeout` seconds raises."""
        output, errors = os.pipe(), os.pipe()
        try:
            process = self.start(arguments, directory, environment, 0, output[1], errors[1])
        finally:
            os.close(output[1])
            os.close(errors[1])
        try:
            said = _read([output[0], errors[0]], timeout)
        except TimeoutError:
            process.kill()
            raise subprocess.TimeoutExpired([*arguments], timeout) from None
        finally:
            status = process.wait()
        return subprocess.CompletedProcess([*arguments], status, *map(_text, said))


class Forked:
    """One of the processes. `pid`: its id."""

    def __init__(self, told: int) -> None:
        self._told = os.fdopen(told)
        if not (pid := self._told.readline()):
            raise AssertionError("what is to be forked has ended; its standard error says why")
        self.pid = int(pid)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit status, or the signal that ended it as a negative number, once it is over."""
        with self._told:
            return int(self._told.readline())


def run_to_its_end(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str], module: str = COMMAND
) -> subprocess.CompletedProcess[str]:
    """`python -m module`, forked where that takes less time."""
    if forks := forks_for(environment, module):
        return forks(arguments, directory, environment, timeout=100)
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=100)


def start(arguments: Sequence[str], directory: Path, environment: Mapping[str, str], output: int, module: str) -> Forked:
    """A process that says all that it says in one place."""
    return _forks(environment, module).start(arguments, directory, environment, 0, output, output)


_made: dict[tuple[str, frozenset[tuple[str, str]]], Forks] = {}
_met: set[tuple[str, frozenset[tuple[str, str]]]] = set()


def forks_for(environment: Mapping[str, str], module: str = COMMAND) -> Forks | None:
    """What becomes this module in this environment; None when that is asked for the first time, for it may be the last."""
    key = _key(environment, module)
    if key in _met:
        return _forks(environment, module)
    _met.add(key)
    return _made.get(key)


def _forks(environment: Mapping[str, str], module: str) -> Forks:
    if (key := _key(environment, module)) not in _made:
        _made[key] = Forks(environment, module)
    return _made[key]


def _key(environment: Mapping[str, str], module: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return module, frozenset((name, value) for name, value in environment.items() if name.startswith(EARLY))


def _read(pipes: list[int], timeout: float) -> list[bytes]:
    """All that comes out of each until nobody holds its other end; closes them. TimeoutError after so many seconds."""
    found = dict.fromkeys(pipes, b"")
    until = time.monotonic() + timeout
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for pipe in pipes:
            stack.callback(os.close, pipe)
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            if not (ready := selector.select(until - time.monotonic())):
                raise TimeoutError
            for key, _ in ready:
                found[key.fd] += (piece := os.read(key.fd, 1 << 16))
                if not piece:
                    selector.unregister(key.fd)
    return list(found.values())


def _text(read: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(read)).read()


class Lesson:
    """Which modules of ours the processes that were forked have imported by themselves: the next ones shall find them."""

    def __init__(self, package: str) -> None:
        self._file = os.memfd_create("imported")
        self._reached = f"/proc/{os.getpid()}/fd/{self._file}"
        self._package = package

    def learn(self) -> None:
        if names := os.read(self._file, 1 << 20).decode().split():
            _import_all(names)

    def teach(self, known: set[str]) -> None:
        """In a forked process, at its end: what it has beyond the known."""
        ours = [name for name in sys.modules.keys() - known if name.startswith(f"{self._package}.")]
        with contextlib.suppress(OSError):  # the one that waits has ended
            file = os.open(self._reached, os.O_WRONLY | os.O_APPEND)
            os.write(file, "".join(f"{name}\n" for name in ours).encode())


def _become_a_command(control: socket.socket, lesson: Lesson) -> None:
    """Waits for requests; returns in a new process each time, which then is what was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who watches over a command is of no interest once it is over
    while True:
        head, descriptors, *_ = socket.recv_fds(control, 8, 4)
        if not head:
            os._exit(0)
        request = _all_of(control, int.from_bytes(head, "big"))
        lesson.learn()
        if os.fork() == 0:
            return _watched(json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _all_of(control: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += control.recv(size - len(read))
    return read


def _watched(request: Any, descriptors: list[int]) -> None:
    """Returns in the process that is the command; the one that stays tells its id and its exit status, and holds none of its
    output open."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (command := os.fork()) == 0:
        return _dressed(descriptors[:3], *request)
    for descriptor in descriptors[:3]:
        os.close(descriptor)
    os.write(descriptors[3], f"{command}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(descriptors[3], f"{status}\n".encode())
    os._exit(0)


def _dressed(streams: list[int], arguments: list[str], directory: str, environment: dict[str, str]) -> None:
    """As the process would be if it had been started so."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = directory
    sys.argv[1:] = arguments


def _begin(package: str, module: str) -> None:
    """A training needs nearly all; and what PyTorch's optimizers import in its middle."""
    everything = ["torch._dynamo", *modules(ROOT, package)] if package == "text_recognizer" else []
    _import_all([*everything, module])


def _import_all(names: Sequence[str]) -> None:
    for name in names:
        if not name.endswith("__main__"):
            with contextlib.suppress(ModuleNotFoundError):  # of a package that is not installed everywhere
                importlib.import_module(name)
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise AssertionError("a process with several threads is not to be forked: which module started one?")
    gc.collect()
    gc.freeze()


def _leave_with(main: Callable[[], int | None], last: Callable[[], None]) -> None:
    """A process forgets all its modules one by one at its end, which takes as long as a command: here it does the rest only."""
    try:
        status = main()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        status = end.code
    threading._shutdown()
    atexit._run_exitfuncs()
    last()
    sys.stdout.flush()
    os._exit(status or 0)


def _wait_and_run(control: int, name: str) -> None:
    package = name.split(".")[0]
    lesson = Lesson(package)
    _begin(package, name)
    module = sys.modules[name]
    sys.argv = [str(module.__file__)]
    _become_a_command(socket.socket(fileno=control), lesson)
    known = set(sys.modules)
    _leave_with(module.main, lambda: lesson.teach(known))


if __name__ == "__main__":
    _wait_and_run(int(sys.argv[1]), sys.argv[2])
