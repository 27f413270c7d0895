"""What a queue on another machine starts here over ssh, and what ends with that line: it takes orders, and runs them as
`exp-queue work` would, in a queue of its own below the state directory. What runs goes on without it, under its launchers, and
whoever comes next finds it there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from scheduler import __version__
from scheduler.actions.opening import opened_devices, opened_queue
from scheduler.errors import UserError
from scheduler.home import open_home
from scheduler.hosted.orders import Orders
from scheduler.hosted.pipe import Pipe
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.runner.attempts import HungUp
from scheduler.runner.devices import Devices
from scheduler.runner.runner import Runner
from scheduler.ssh.same_code import differs
from scheduler.ssh.wire import PROTOCOL
from scheduler.terminal import say

ROOM = "hosted"


def main() -> int:
    """Serve one line, until it breaks."""
    pipe = Pipe(os.dup(0), os.dup(1))
    _keep_from_the_line()
    hello = _first(pipe)
    if hello is None:
        return 0
    if why := _refusal(hello):
        pipe.send({"is": "refused", "text": why})
        return 0
    try:
        with opened_queue(say, _root(hello["queue"])) as store, opened_devices() as devices:
            _serve(store, devices, pipe, _difference(hello))
    except UserError as error:
        pipe.send({"is": "refused", "text": str(error)})
    return 0


def _keep_from_the_line() -> None:
    """Nothing but messages goes over it: what anybody prints is an error's, and nobody reads what comes in but us."""
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def _first(pipe: Pipe) -> dict[str, Any] | None:
    there = True
    while there:
        frames, there = pipe.receive()
        if frames:
            return frames[0][0]
    return None


def _refusal(hello: dict[str, Any]) -> str:
    if hello["protocol"] != PROTOCOL:
        older = "that of here" if hello["protocol"] < PROTOCOL else "it"
        has = f"exp-queue {__version__} of {sys.executable}"
        return f"it has {has}, which speaks another language (its {PROTOCOL}, here {hello['protocol']}): upgrade {older}"
    return ""


def _difference(hello: dict[str, Any]) -> str:
    """Why nothing new can be started; whoever only watches what runs has no code."""
    return differs(hello["directory"], hello["commit"], hello["changes"]) if hello["directory"] else ""


def _root(queue: str) -> Path:
    """The queue of its own, for each queue that sends jobs here."""
    root = open_home().root / ROOM
    root.mkdir(0o700, exist_ok=True)
    return root / queue


def _serve(store: Store, devices: Devices, pipe: Pipe, difference: str) -> None:
    orders = Orders(store, devices, pipe)
    gpus = devices.default_slots if devices.desk else 0
    offers = {"slots": devices.default_slots, "gpus": gpus, "cores": devices.cores, "note": devices.note}
    pipe.send({"is": "hello", **offers, "differs": difference})
    try:
        Runner(Mine(store), devices, None, orders.hear_of, orders, many=True).run()
    except HungUp:
        return
