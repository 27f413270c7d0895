"""The runner's side of an interpreter that is kept warm: start it, have it begin launchers, hear of it."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from hashlib import sha256
from typing import Any

from scheduler.launcher.channel import Channel
from scheduler.launcher.spawning import find_program
from scheduler.linux import isolated
from scheduler.values import dataclass
from scheduler.warm import title
from scheduler.warm.command import Program

# For any version of Python: what it finds there is not known yet.
_BEGIN = """import sys
if sys.version_info < (3, 10): sys.exit(3)
if sys.path and sys.path[0] == "": del sys.path[0]
sys.path.insert(0, sys.argv[1])
from scheduler.warm.mother import main
del sys.path[0]
main(int(sys.argv[2]))
"""


@dataclass(frozen=True)
class Wish:
    """An interpreter that a job could be forked from: its first word, the program, the working directory and the environment in
    which it loads, and what (None: what the program imports)."""

    interpreter: str
    program: Program
    cwd: str
    environment: Mapping[str, str] = field(repr=False)
    modules: tuple[str, ...] | None = None

    @cached_property
    def key(self) -> str:
        """The same for all jobs that can be forked from the same one."""
        program = (self.program.options, self.program.kind, self.program.target)
        said = repr((self.interpreter, program, self.cwd, sorted(self.environment.items()), self.modules))
        return sha256(said.encode(errors="surrogateescape")).hexdigest()

    @property
    def words(self) -> str:
        return f"{os.path.basename(self.interpreter)} {self.program.words}"  # noqa: PTH119


@dataclass(frozen=True)
class Ready:
    """What it has imported, in how many seconds; the bytes that it holds, which its jobs share."""

    modules: tuple[str, ...]
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Refused:
    """Why nothing can be forked from it; without the `package`, where one is named, another may do."""

    why: str
    package: str = ""


class Forked:
    """A launcher that is no child of ours, with what is asked of one that is."""

    def __init__(self, mother: Mother, launcher: str) -> None:
        self._mother, self._launcher = mother, launcher
        self._known, self._pidfd = False, -1
        self.pid = 0

    def born(self, pid: int | None) -> None:
        """Its mother tells that it is there; None: that it could not be begun."""
        self._known = True
        with contextlib.suppress(OSError, AttributeError):
            self._pidfd = os.pidfd_open(pid) if pid else -1
        self.pid = pid or 0

    def poll(self) -> int | None:
        """None while it lives."""
        return None if self._lives(0) else 0

    def wait(self, timeout: float | None = None) -> int:
        """Until it is gone. subprocess.TimeoutExpired."""
        if self._lives(timeout):
            raise subprocess.TimeoutExpired("a launcher", timeout or 0.0)
        return 0

    def send_signal(self, number: int) -> None:
        if self._lives(0):
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _lives(self, timeout: float | None) -> bool:
        while not self._known and self._mother.hear():
            pass
        if self._pidfd < 0:
            return False
        poll = select.poll()  # not select(2): a process may have more than 1024 descriptors
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(None if timeout is None else math.ceil(1000 * timeout)):
            return True
        os.close(self._pidfd)
        self._pidfd = -1
        return False


class Mother:
    """One interpreter. Watch its `fileno` and call `hear`: `state` says what it has become, None: it still imports. `there`:
    whether it lives, `failed`: it does not, and has not ended of itself."""

    def __init__(
        self,
        wish: Wish,
        runners: Mapping[str, str],
        without: Sequence[str] = (),
        news: Callable[[Mother], None] = lambda mother: None,
    ) -> None:
        """`news` is called after all that it tells. `runners`: the environment that launchers start other programs with;
        `without`: packages that are left alone. OSError where the machine has no room for it, or the interpreter cannot be
        started."""
        self.wish, self.there, self.failed = wish, True, False
        self._news = news
        self.state: Ready | Refused | None = None
        self._unborn: dict[str, Forked] = {}
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _start(wish, theirs.fileno())
            except OSError:
                ours.close()
                raise
        self._channel = Channel(ours)
        program = {"options": [], "kind": wish.program.kind, "target": wish.program.target}
        what = {"program": program, "cwd": wish.cwd, "modules": wish.modules, "without": list(without)}
        self._channel.send({"do": "load", "key": wish.key, **what, "environment": dict(runners)})

    def fileno(self) -> int:
        return self._channel.fileno()

    def launch(self, launcher: str, inherited: Sequence[int], held: Sequence[int]) -> Forked:
        """Have it begin a launcher, now or when it has imported everything: one that never is begun has closed its socket."""
        self._channel.send({"do": "launch", "launcher": launcher}, [*inherited, *held])
        forked = self._unborn[launcher] = Forked(self, launcher)
        return forked

    def hear(self) -> bool:
        """Take in what it tells; False when it is gone."""
        if not self.there:
            return False
        messages, self.there = self._channel.receive()
        for message, _ in messages:
            self._take(message)
        if not self.there:
            self._is_gone()
        self._news(self)
        return self.there

    @property
    def is_asked(self) -> bool:
        """Whether launchers that it is to begin are not there yet."""
        return bool(self._unborn)

    def _take(self, message: Mapping[str, Any]) -> None:
        if message["is"] == "launched":
            self._unborn.pop(message["launcher"]).born(message["pid"])
        elif message["is"] == "ready":
            self.state = Ready(tuple(message["modules"]), message["seconds"], message["bytes"])
        else:
            self.state = Refused(message["why"], message["package"])

    def _is_gone(self) -> None:
        status = self._process.wait()
        self._bear_nothing()
        self.failed = status != 0
        if self.state is None:
            older = "its Python is older than 3.10" if status == 3 else f"the interpreter ended with exit status {status}"
            self.state = Refused(older)

    def close(self) -> None:
        """Let it go; its launchers go on."""
        self._channel.close()
        self._process.kill()  # it may be in the midst of imports
        self._process.wait()
        self.there = False
        self._bear_nothing()

    def _bear_nothing(self) -> None:
        for forked in self._unborn.values():
            forked.born(None)
        self._unborn = {}


def _start(wish: Wish, connection: int) -> subprocess.Popen:
    environment = {**wish.environment, title.ROOM: title.padding()}
    program = find_program(wish.interpreter, wish.environment.get("PATH", os.defpath), wish.cwd)
    return subprocess.Popen(
        [wish.interpreter, *wish.program.options, "-c", _BEGIN, str(isolated.ROOT), str(connection), title.padding()],
        executable=program,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[connection],
        start_new_session=True,
        cwd=wish.cwd,
        env=environment,
    )
