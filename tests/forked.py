"""Commands without the time that it takes to start one: a Python in which everything is imported waits, and forks.

Most of what a command does in a test is to import itself. What a fork cannot show (what is imported when, a start by a shell, a
signal in the middle) is asked of real processes: by `CommandLine.start`, and by every test that calls subprocess itself.
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.imports import modules

ROOT = Path(__file__).resolve().parent.parent
# What is read when a process starts, or when a module is imported: another value needs another process.
EARLY = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "TZ", "EXP_QUEUE_FAILPOINT")


class Forks:
    """A process that waits to become commands of the environment it was started in. It ends with the process that made it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        self._one_at_a_time = threading.Lock()
        with theirs:
            # One thread each for the libraries of numbers: a process that has several is not to be forked.
            alone = {**environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, env=alone, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def close(self) -> int:
        """Ends it, not what was forked from it; its exit status."""
        self._control.close()
        return self._process.wait(timeout=100)

    def __call__(
        self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run(capture_output=True, text=True)` returns, and after `timeout` seconds raises."""
        request = json.dumps([list(arguments), str(directory), dict(environment)]).encode()
        pipes = [os.pipe() for _ in range(3)]
        try:
            with self._one_at_a_time:
                socket.send_fds(self._control, [len(request).to_bytes(8, "big")], [0, *(theirs for _, theirs in pipes)])
                self._control.sendall(request)
        finally:
            for _, theirs in pipes:
                os.close(theirs)
        output, errors, told = _read([ours for ours, _ in pipes], arguments, timeout)
        if len(words := told.split()) != 2:
            raise AssertionError(f"exp-queue {' '.join(arguments)}: it could not be forked")
        return subprocess.CompletedProcess([*arguments], int(words[1]), _text(output), _text(errors))


_seen: dict[frozenset[tuple[str, str]], Forks | None] = {}


def forks_for(environment: Mapping[str, str]) -> Forks | None:
    """What becomes commands in this environment; None when it is met for the first time, for it may be the last."""
    early = frozenset((name, value) for name, value in environment.items() if name.startswith(EARLY))
    known = early in _seen
    if _seen.setdefault(early, None) is None and known:
        _seen[early] = Forks(environment)
    return _seen[early]


def _read(pipes: list[int], arguments: Sequence[str], timeout: float) -> list[bytes]:
    """All that comes out of each until nobody holds its other end; closes them."""
    found = dict.fromkeys(pipes, b"")
    until = time.monotonic() + timeout
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for pipe in pipes:
            stack.callback(os.close, pipe)
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            if not (ready := selector.select(until - time.monotonic())):
                _kill(pipes[2], found[pipes[2]])
                raise subprocess.TimeoutExpired(list(arguments), timeout, found[pipes[0]], found[pipes[1]])
            for key, _ in ready:
                found[key.fd] += (piece := os.read(key.fd, 1 << 16))
                if not piece:
                    selector.unregister(key.fd)
    return list(found.values())


def _kill(pipe: int, told: bytes) -> None:
    """Ends a command, also one whose id is still to be told; returns when it is over."""
    told = told or os.read(pipe, 100)
    if len(words := told.split()) == 1:
        os.kill(int(words[0]), signal.SIGKILL)
        os.read(pipe, 100)


def _text(read: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(read)).read()


def _become_a_command(control: socket.socket) -> None:
    """Waits for requests; returns in a new process each time, which then is what was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who watches over a command is of no interest once it is over
    while True:
        head, descriptors, *_ = socket.recv_fds(control, 8, 4)
        if not head:
            os._exit(0)
        request = _all_of(control, int.from_bytes(head, "big"))
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
    os.write(descriptors[3], f"{command} ".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(descriptors[3], str(status).encode())
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
    sys.argv = ["exp-queue", *arguments]


def _import_everything() -> None:
    for name in modules(ROOT, "scheduler"):
        if not name.endswith("__main__"):
            importlib.import_module(name)
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise AssertionError("a process with several threads is not to be forked: which module started one?")
    gc.collect()
    gc.freeze()


def _run() -> None:
    """A process forgets all its modules one by one at its end, which takes as long as a command: here it does the rest only."""
    from scheduler.cli.main import main

    try:
        main()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        os._exit(end.code)


if __name__ == "__main__":
    _import_everything()
    _become_a_command(socket.socket(fileno=int(sys.argv[1])))
    _run()
