"""A line to a host: OpenSSH's client as a child of ours, and at its other end the part of exp-queue that takes orders there.

Which user, port, key and jump host a name means is for the person's ~/.ssh/config to say. Nobody is asked for anything: a host
whose key is unknown, or that wants a password, is told of in ssh's own words.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from scheduler.errors import StateError
from scheduler.linux.isolated import ROOT
from scheduler.ssh.wire import Frame, Frames, frame

CHUNK = 1 << 18
PATIENCE = 10  # seconds: to connect, and between two questions whether the host is still there
OPTIONS = ("BatchMode=yes", f"ConnectTimeout={PATIENCE}", f"ServerAliveInterval={PATIENCE}", "ServerAliveCountMax=3")
PROGRAM = "EXP_QUEUE_SSH"  # the client and its own options, as in GIT_SSH_COMMAND
AGENT = "scheduler/hosted/__main__.py"
ABSENT = 127  # what a shell says of a command that is not there


def client() -> list[str]:
    """The client and its options, without a host."""
    program = shlex.split(os.environ.get(PROGRAM) or "ssh")
    options = [word for each in (*OPTIONS, "ClearAllForwardings=yes") for word in ("-o", each)]
    return [*program, "-T", *options]


def command(host: str, python: str = sys.executable, root: str = str(ROOT)) -> list[str]:
    """The command line of the client. On the host it is `python` of here where that is there too, with the exp-queue that it has
    here; else the `exp-queue` of a login shell."""
    return [*client(), "--", host, remote(python, root)]


def remote(python: str, root: str) -> str:
    """What the shell of the host is told, whichever that is."""
    program = f"{root}/{AGENT}"
    there = f"[ -x {shlex.quote(python)} ] && [ -e {shlex.quote(program)} ]"
    ours = shlex.join([python, "-I", program])
    script = f"cd /; if {there}; then exec {ours}; fi; exec \"${{SHELL:-/bin/sh}}\" -lc 'exec exp-queue hosted'"
    return f"exec sh -c {shlex.quote(script)}"


class Line:
    """One process of the client. What it says on standard error is kept, its end."""

    def __init__(self, host: str) -> None:
        """StateError where there is no client; OSError where the machine has no room for one."""
        words = command(host)
        try:
            process = self.process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is for us
                bufsize=0,
            )
        except FileNotFoundError:
            what = f"there is no ssh on this machine: {words[0]} is not in PATH"
            raise StateError(what, next_step="install OpenSSH's client") from None
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: PT018
        self.incoming, self.outgoing, self.errors = process.stdout, process.stdin, process.stderr
        for each in (self.incoming, self.outgoing, self.errors):
            os.set_blocking(each.fileno(), False)
        self._frames, self._out, self._said = Frames(magic=True), bytearray(), b""

    @property
    def is_closed(self) -> bool:
        return self.errors.closed

    @property
    def wants_to_send(self) -> bool:
        return bool(self._out)

    def send(self, message: dict[str, Any], data: bytes = b"") -> None:
        """Send it now, or what of it the line takes; the rest when it is writable."""
        self._out += frame(message, data)
        self.flush()

    def flush(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):
            while self._out:
                del self._out[: os.write(self.outgoing.fileno(), self._out)]

    def receive(self) -> tuple[Sequence[Frame], bool]:
        """What has come, and whether the line is whole. ValueError where what comes is no message."""
        try:
            data = os.read(self.incoming.fileno(), CHUNK)
        except BlockingIOError:
            return (), True
        return self._frames.take(data), bool(data)

    def listen(self) -> bool:
        """Take what it says on standard error; False where that is all."""
        with suppress(BlockingIOError):
            while data := os.read(self.errors.fileno(), CHUNK):
                self._said = (self._said + data)[-4096:]
            return False
        return True

    def last_words(self) -> str:
        """Why the line has ended, as whoever knows it says it. Waits until the client is gone."""
        status = self.process.wait()
        self.listen()
        lines = [each.strip() for each in self._said.decode(errors="replace").splitlines() if each.strip()]
        if status == ABSENT:
            missing = f"neither {sys.executable} with {ROOT}, nor `exp-queue` in the PATH of a login shell"
            return f"there is no exp-queue: {missing}; log in to it and `pip install exp-queue`"
        return "; ".join(each.rstrip(".") for each in lines[-2:]) or f"ssh ended with exit status {status}"

    def say_good_bye(self) -> None:
        """Nothing more is sent: the other end leaves when it has read what was."""
        self.flush()
        with suppress(OSError):
            self.outgoing.close()

    def close(self, patience: float = 0.0) -> None:
        """End it, after so many seconds in which it may end by itself. What runs on the host goes on."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        for each in (self.outgoing, self.incoming):
            with suppress(OSError):
                each.close()
        self.process.terminate()
        self.process.wait()
        self.errors.close()
