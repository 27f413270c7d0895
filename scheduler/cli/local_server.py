"""The W&B server of this queue, found or started in the background."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from contextlib import suppress

from scheduler.cli.detaching import in_background, in_isolation
from scheduler.errors import StateError, UserError
from scheduler.home import Home, open_home
from scheduler.tracking.local_wandb import Address, running
from scheduler.tracking.trackers.names import LOCAL, asked_by

WAIT = 20.0  # seconds for a server that was started to be there
AGAIN = 5.0  # seconds to the next try where it did not come


def start_if_asked() -> Address | None:
    """The server where the environment of this process, which jobs inherit, asks for it; None: it does not."""
    return found_or_started(open_home()) if LOCAL in asked_by(os.environ) else None


def asked_in_another_process() -> Address | None:
    """The same for one who ends what his own processes leave behind: the server is none of them."""
    home = open_home()
    if LOCAL in asked_by(os.environ) and not running(home.root):
        subprocess.run(in_isolation(["serve", "--env"]), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return start_if_asked()


def keep_if_asked() -> None:
    """The same, and as long as this process is there another one follows a server that ends: a script whose client has not been
    answered would wait for it, with its GPU, at its end."""
    if LOCAL in asked_by(os.environ):
        home = open_home()
        first = found_or_started(home)
        threading.Thread(target=_keep, args=(home, first.pid), name="local server", daemon=True).start()


def _keep(home: Home, pid: int) -> None:
    while True:
        with suppress(OSError, UserError):
            _wait_for_the_end(pid)
            pid = found_or_started(home).pid
            continue
        time.sleep(AGAIN)


def _wait_for_the_end(pid: int) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            select.select([handle], [], [])
        finally:
            os.close(handle)


def found_or_started(home: Home, port: int | None = None) -> Address:
    """A server that outlives us; of two that start at once only one is left when both commands are over. StateError where it does
    not come."""
    return running(home.root) or _started(home, port)


def _started(home: Home, port: int | None) -> Address:
    log = home.root / "wandb-server.log"
    child = in_background(["serve", *(["--port", str(port)] if port else [])], log, cwd="/")
    deadline = time.monotonic() + WAIT
    while True:
        ended, found = child.poll() is not None, running(home.root)
        if found and (ended or found.pid == child.pid):
            return found
        if ended or time.monotonic() > deadline:
            raise StateError("the server did not start", next_step=f"{log} may say why")
        time.sleep(0.05)
