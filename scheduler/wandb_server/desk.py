"""What the operations work with: the runs, the store, the server's own names, and whom to wake."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from scheduler.home import Home
from scheduler.queue.store import Store
from scheduler.wandb_server.attempts import Attempts
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.jobs import attempt_called
from scheduler.wandb_server.posts import Told
from scheduler.wandb_server.runs import Runs
from scheduler.wandb_server.sweeps import Sweeps

ENTITY = "local"  # whom all belongs to who name nobody
PROJECT = "uncategorized"  # W&B's word for a run without a project


@dataclass
class Desk:
    """`url`: where it is served; `wake`: there are jobs that could start."""

    home: Home
    key: str
    url: str
    runs: Runs
    sweeps: Sweeps
    wake: Callable[[], None]
    say: Callable[[str], None]
    attempts: Attempts = field(default_factory=Attempts)
    over: set[str] = field(default_factory=set)  # attempts that are known to be over: they stay so
    strange: set[str] = field(default_factory=set)  # operations that were asked for and are not known

    def store(self) -> Store:
        """For one request."""
        return Store(self.home, self.say)

    def look(self, run: RunId) -> None:
        """There is news of a run: an attempt of ours that logs it shows what it shows."""
        told = self.runs.told(run)
        if told and told.attempt:
            with self.store() as store:
                self.attempts.look(store, self.runs.folder(run), told)

    def is_left(self, told: Told) -> bool:
        """Whether the attempt of ours that logs this run is over: no seat would hear that, and the client may be gone with it."""
        if told.attempt and told.attempt not in self.over:
            with self.store() as store:
                found = attempt_called(store, told.attempt)
            if found is None or found[1].ended is not None:
                self.over.add(told.attempt)
        return told.attempt in self.over

    def upload_url(self, run: RunId, name: str) -> str:
        """Where a file of a run is sent: its address is its permission, since the client sends no key there."""
        return f"{self.url}/upload/{self.seal(f'{run} {name}')}/{_where(run, name)}"

    def download_url(self, run: RunId, name: str) -> str:
        """Where a file of a run is read; the address of the one is not that of the other."""
        return f"{self.url}/download/{self.seal(f'read {run} {name}')}/{_where(run, name)}"

    def seal(self, text: str) -> str:
        """What only this server can have written about the text."""
        return hmac.new(self.key.encode(), text.encode(), "sha256").hexdigest()[:40]


def _where(run: RunId, name: str) -> str:
    return "/".join(quote(part, safe="") for part in (run.entity, run.project, run.run)) + f"/{quote(name)}"
