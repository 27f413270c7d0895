"""Who speaks with a host, for a runner: it says what the test has it say. The host is ada."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scheduler.experiments import Experiment
from scheduler.linux.wakeups import Wakeups
from scheduler.queue import origin_rows
from scheduler.queue.job import Attempt
from scheduler.queue.origins import Origin
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.ssh.fleet import SshFleet
from scheduler.ssh.hosts import launcher_of
from scheduler.ssh.orders import Host


class Telling:
    """As the clerk: what was said with `says` is told when there is a reader for it."""

    def __init__(self) -> None:
        self.hosts = [Host("ada")]
        self._told: list[dict[str, Any]] = []
        self._readable, self._woken = os.pipe()

    def fileno(self) -> int:
        return self._readable

    def host(self, name: str) -> Host:
        return self.hosts[0]

    def watch(self, attempt: Attempt) -> Host:
        return self.hosts[0]

    def says(self, attempt: Attempt, what: str, **more: Any) -> None:
        self._told.append({"is": what, "attempt": attempt.name, "launcher": attempt.launcher, **more})
        os.write(self._woken, b".")

    def reports(self) -> list[dict[str, Any]]:
        os.read(self._readable, 1)
        found, self._told = self._told, []
        return found

    def forget(self, launcher: str) -> None:
        """It has nothing of it."""

    def close(self) -> None:
        os.close(self._readable)
        os.close(self._woken)


class OnAda(Devices):
    """What a runner is given of that host."""

    def __init__(self, clerk: Telling) -> None:
        super().__init__("")
        self._clerk = clerk

    def fleet(self, wakeups: Wakeups, heard: Callable[[dict[str, Any]], None]) -> SshFleet:
        return SshFleet(self._clerk, ["ada"], wakeups, heard)  # type: ignore[arg-type]


def sent_to_ada(
    store: Store, experiments: Callable[[str], list[Experiment]], folder: Path | str, head: str = "", x: int = 1
) -> Attempt:
    """An attempt that is on its way there, of which no more is known here than that. `x`: what tells its job from others."""
    text = f"command: ['true', '${{args}}']\n{head}\ngrid: {{x: [{x}]}}\n"
    (job,) = submit(store, experiments(text), str(folder)).jobs
    with store.change() as change:
        number = origin_rows.remember(change, Origin(None, None, "ada", ""))
        attempt = change.begin(job, launcher_of("ada", f"order{x}"), "", origin=number)
    assert attempt
    return attempt
