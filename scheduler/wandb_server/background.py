"""The W&B server of this queue, found or started in the background: for commands and for programs that run jobs."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scheduler.errors import StateError, UserError
from scheduler.home import Home, open_home
from scheduler.linux import isolated
from scheduler.terminal import say
from scheduler.tracking.local_wandb import Address, running
from scheduler.tracking.trackers.names import LOCAL, asked_by

WAIT = 20.0  # seconds for a server that was started to be there
AGAIN = 5.0  # seconds to the next try where it did not come


def is_asked() -> bool:
    """Whether the environment of this process, which jobs inherit, asks for the server."""
    return LOCAL in asked_by(os.environ)


def keep_if_asked() -> None:
    """The server is there where it is asked for, and as long as this process is there another one follows a server that ends: a
    script whose client has not been answered would wait for it, with its GPU, at its end."""
    if is_asked():
        _begin_to_keep()


@contextmanager
def kept_if_asked() -> Iterator[None]:
    """The same for a call of a program that goes on after it: until the call is over. What is there then stays."""
    mouth = _begin_to_keep() if is_asked() else None
    try:
        yield
    finally:
        if mouth is not None:
            os.close(mouth)


def _begin_to_keep() -> int:
    """Returns a descriptor: closed, it ends the keeping."""
    home = open_home()
    first = found_or_started(home)
    ears, mouth = os.pipe2(os.O_CLOEXEC)
    threading.Thread(target=_keep, args=(home, first.pid, ears), name="local server", daemon=True).start()
    return mouth


def _keep(home: Home, pid: int, ears: int) -> None:
    from scheduler.linux.readable import readable  # most runs keep no server

    try:
        while _outlives(pid, ears):
            try:
                pid = found_or_started(home).pid
            except (OSError, UserError):
                if readable([ears], AGAIN):
                    return
    finally:
        os.close(ears)


def _outlives(pid: int, ears: int) -> bool:
    """Whether we outlive a process: waits for its end. False where the other end of `ears` is closed before."""
    from scheduler.linux.readable import readable  # as above

    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            return ears not in readable([handle, ears])
        finally:
            os.close(handle)
    return True


def found_or_started(home: Home, port: int | None = None) -> Address:
    """A server that outlives us; of two that start at once only one is left when both callers go on. StateError where it does not
    come."""
    return running(home.root) or _started(home, port)


def _started(home: Home, port: int | None) -> Address:
    log = home.root / "wandb-server.log"
    words = [str(home.root), *([str(port)] if port else [])]
    line = isolated.command("scheduler.wandb_server.background", "main()", words, packages=True)
    child = isolated.in_background(line, log, cwd="/")
    deadline = time.monotonic() + WAIT
    while True:
        ended, found = child.poll() is not None, running(home.root)
        if found and (ended or found.pid == child.pid):
            return found
        if ended or time.monotonic() > deadline:
            raise StateError("the server did not start", next_step=f"{log} may say why")
        time.sleep(0.05)


def main() -> None:
    """Be the server of the queue that is named, at the port that may be: until it is killed."""
    from scheduler.wandb_server.serving import served

    root, *port = sys.argv[1:]
    try:
        with served(open_home(Path(root)), int(port[0]) if port else None, say) as found:
            found.serve()
    except UserError as error:
        say(str(error))
        sys.exit(error.exit_status)
