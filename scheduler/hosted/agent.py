"""What a queue on another machine starts here over ssh, and what ends with that line: it takes orders, and runs them as
`exp-queue work` would, in a queue of its own below the state directory. What runs goes on without it, under its launchers, and
whoever comes next finds it there."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from scheduler import __version__
from scheduler.actions.opening import opened_devices, opened_queue
from scheduler.errors import UserError
from scheduler.home import open_home
from scheduler.hosted.copies import copy_around, differs_here
from scheduler.hosted.orders import Orders
from scheduler.hosted.pipe import Pipe
from scheduler.hosted.syncing import HOSTED, serve
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.runner import Runner
from scheduler.ssh.wire import PROTOCOL, Frame
from scheduler.terminal import say


def main() -> int:
    """Serve one line, until it breaks."""
    pipe = Pipe(os.dup(0), os.dup(1))
    _keep_from_the_line()
    first = _first(pipe)
    if first is None:
        return 0
    if why := _refusal(first[0]):
        pipe.send({"is": "refused", "text": why})
        return 0
    try:
        _obey(pipe, *first)
    except UserError as error:
        pipe.send({"is": "refused", "text": str(error)})
    return 0


def _keep_from_the_line() -> None:
    """Nothing but messages goes over it: what anybody prints is an error's, and nobody reads what comes in but us."""
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def _first(pipe: Pipe) -> Frame | None:
    there = True
    while there:
        frames, there = pipe.receive()
        if frames:
            return frames[0]
    return None


def _obey(pipe: Pipe, told: dict[str, Any], data: bytes) -> None:
    home = open_home().root
    if told["do"] == "sync":
        serve(home, pipe, told, data)
        return
    with _used(home, told["directory"]), opened_queue(say, _root(home, told["queue"])) as store, opened_devices() as devices:
        _serve(store, devices, pipe, _difference(home, told))


def _used(home: Path, directory: str) -> AbstractContextManager[None]:
    """As long as this line lasts, no sync puts other code where its jobs start."""
    copy = copy_around(home, directory) if directory else None
    return copy.used() if copy else nullcontext()


def _refusal(hello: dict[str, Any]) -> str:
    if hello["protocol"] != PROTOCOL:
        older = "that of here" if hello["protocol"] < PROTOCOL else "it"
        has = f"exp-queue {__version__} of {sys.executable}"
        return f"it has {has}, which speaks another language (its {PROTOCOL}, here {hello['protocol']}): upgrade {older}"
    return ""


def _difference(home: Path, hello: dict[str, Any]) -> str:
    """Why nothing new can be started; whoever only watches what runs has no code."""
    return differs_here(home, hello["directory"], hello["commit"], hello["changes"]) if hello["directory"] else ""


def _root(home: Path, queue: str) -> Path:
    """The queue of its own, for each queue that sends jobs here."""
    root = home / HOSTED
    root.mkdir(0o700, exist_ok=True)
    return root / queue


def _serve(store: Store, devices: Devices, pipe: Pipe, difference: str) -> None:
    orders = Orders(store, devices, pipe)
    offers = {"cores": devices.cores, "note": devices.note, **orders.room()}
    pipe.send({"is": "hello", **offers, "differs": difference})
    try:
        Runner(Mine(store), devices, None, orders.hear_of, orders, many=True).run()
    except HungUp:
        return
