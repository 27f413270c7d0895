"""The code is brought to a host: a line to it says which files are others there, rsync sends those into a folder of exp-queue's
own, and over there they are put where they belong."""

from __future__ import annotations

import json
import os
import select
import shlex
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from scheduler.errors import StateError
from scheduler.ssh.line import Line, client
from scheduler.ssh.tree import Tree
from scheduler.ssh.wire import PROTOCOL, Frame

_OPTIONS = ("--protect-args", "--links", "--executability", "--no-implied-dirs", "--ignore-times", "--from0", "--files-from=-")


class Away(Exception):
    """A host does not answer, in ssh's words."""


def bring(host: str, tree: Tree, begun: Callable[[subprocess.Popen], None] = lambda process: None) -> str:
    """Have it have these files under the same path; what was done, for people. Away where it does not answer, StateError where
    it refuses, or rsync is missing. `begun` hears of each process: to end it is to give up."""
    try:
        with closing(_Call(host, begun)) as call:
            return _bring(call, host, tree, begun)
    except OSError as error:
        raise Away(str(error)) from error


def _bring(call: _Call, host: str, tree: Tree, begun: Callable[[subprocess.Popen], None]) -> str:
    of_tree = {"root": tree.root, "directory": tree.directory, "commit": tree.commit, "changes": tree.changes}
    message, data = call.ask({"do": "sync", "protocol": PROTOCOL, **of_tree}, json.dumps(tree.files).encode())
    if message["is"] == "wants":
        _send(host, tree.root, json.loads(data), message, begun)
        message, _ = call.ask({"do": "sent"})
    if message["is"] == "refused":
        raise StateError(f"{host}: {message['text']}", next_step=f"or leave {host} out")
    if not (message["written"] or message["deleted"]):
        return "has this code"
    return f"{message['written']} files brought, {message['deleted']} deleted"


def _send(host: str, root: str, names: Sequence[str], told: dict[str, Any], begun: Callable[[subprocess.Popen], None]) -> None:
    """StateError where that is not to be had."""
    if not names:
        return
    if not told["rsync"]:
        raise StateError(f"{host}: there is no rsync in its PATH", next_step="install it there (`apt install rsync`)")
    words = _command(host, root, told)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is for us
        )
    except FileNotFoundError:
        raise StateError("there is no rsync on this machine", next_step="install it (`apt install rsync`)") from None
    begun(process)
    _feed(process, host, b"".join(os.fsencode(name) + b"\0" for name in names))


def _command(host: str, root: str, told: dict[str, Any]) -> list[str]:
    shell, there = shlex.join(client()), shlex.quote(told["rsync"])
    return ["rsync", *_OPTIONS, f"--rsh={shell}", f"--rsync-path={there}", "--", f"{root}/", f"{host}:{told['into']}/"]


def _feed(process: subprocess.Popen, host: str, names: bytes) -> None:
    try:
        _, said = process.communicate(names)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
        why = "; ".join(lines[:2]) or f"exit status {process.returncode}"
        raise StateError(f"{host}: rsync could not bring the code: {why}", next_step="run it again")


class _Call:
    """One line, on which a word is said and its answer awaited."""

    def __init__(self, host: str, begun: Callable[[subprocess.Popen], None]) -> None:
        self._line, self._answers, self._talks = Line(host), deque[Frame](), True
        begun(self._line.process)

    def ask(self, message: dict[str, Any], data: bytes = b"") -> Frame:
        """Away where the line ends before the answer."""
        self._line.send(message, data)
        while not self._answers:
            self._hear()
        return self._answers.popleft()

    def close(self) -> None:
        self._line.close()

    def _hear(self) -> None:
        line = self._line
        poll = select.poll()  # not select(2): a process may have more than 1024 descriptors
        for each in [line.incoming, line.errors] if self._talks else [line.incoming]:
            poll.register(each, select.POLLIN)
        if line.wants_to_send:
            poll.register(line.outgoing, select.POLLOUT)
        poll.poll()
        line.flush()
        self._talks = self._talks and line.listen()
        try:
            frames, there = line.receive()
        except ValueError as error:
            raise Away(f"what it sends cannot be taken: {error}") from error
        self._answers += frames
        if not there and not frames:
            raise Away(line.last_words())
