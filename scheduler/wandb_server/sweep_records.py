"""What is kept of the sweeps that were made with W&B's client.

HOME/wandb/sweeps/ID.yaml   its configuration, as the client has sent it
                  ID.json   whose it is, and its state
                  ID.home   the agents that were sent home, one a line
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import yaml

from scheduler.errors import UserError
from scheduler.experiments.command.launch import Asked
from scheduler.home import Home
from scheduler.queue.trials import SweepRecord
from scheduler.sweeps.sweep import SweepPlan, read_plan
from scheduler.values import dataclass
from scheduler.wandb_server.folders import root_of
from scheduler.wandb_server.jobs import seat_command

PENDING, RUNNING, PAUSED, FINISHED, CANCELED = "PENDING", "RUNNING", "PAUSED", "FINISHED", "CANCELED"
OVER = (FINISHED, CANCELED)
GRACE = 60.0  # seconds from the first signal of a stop to the next: an agent hears of it at its next heartbeat
ENTER = Path(__file__).with_name("enter.py")
_DEFAULT_COMMAND = ["${env}", "${interpreter}", "${program}", "${args}"]


@dataclass(frozen=True)
class Record:
    """What is kept of a sweep beside its configuration. `again`: it was over, and trials of it were asked again: what waits is
    computed, and no other point is asked."""

    id: str
    entity: str
    project: str
    state: str
    created: float
    again: bool = False


class Records:
    """Of any thread. What is there is whole, whenever the server is killed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._root = root_of(home.root) / "sweeps"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()  # around a change of a state

    def make(self, entity: str, project: str, config: str) -> Record:
        """A new sweep. UserError where its configuration cannot be run."""
        record = Record(secrets.token_hex(4), entity, project, PENDING, time.time())
        path = self._config(record.id)
        path.write_text(config, encoding="utf-8")
        try:
            self.plan(record)
        except UserError:
            path.unlink()
            raise
        self._keep(record)
        return record

    def get(self, identity: str) -> Record | None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Record(**json.loads((self._root / f"{_safe(identity)}.json").read_bytes()))
        return None

    def of(self, sweep: SweepRecord) -> Record | None:
        """The record of a sweep of the queue; None where nobody has made it here."""
        identity = Path(sweep.file).stem
        return self.get(identity) if sweep.file == str(self._config(identity)) else None

    def change(self, identity: str, state: Callable[[str], str]) -> Record | None:
        """Bring a sweep from its state into the one that `state` says, while nobody else changes it; None: there is no such."""
        return self._change(identity, lambda record: replace(record, state=state(record.state)))

    def put(self, identity: str, state: str) -> Record | None:
        """The same for the state that a person wants, whatever was asked again before."""
        return self._change(identity, lambda record: replace(record, state=state, again=False))

    def ask_again(self, identity: str) -> Record | None:
        """Trials of it are asked again; one that is over asks for no others, also if it was cancelled before."""
        return self._change(identity, lambda each: replace(each, state=FINISHED, again=True) if each.state in OVER else each)

    def ended(self, identity: str) -> None:
        """Nothing of it is to be computed any more."""
        self._change(identity, lambda each: replace(each, state=each.state if each.state in OVER else FINISHED, again=False))

    def _change(self, identity: str, change: Callable[[Record], Record]) -> Record | None:
        with self._lock:
            before = self.get(identity)
            if before is None or (record := change(before)) == before:
                return before
            self._keep(record)
            return record

    def send_home(self, identity: str, agent: str) -> None:
        """This agent was sent home. OSError without room."""
        with (self._root / f"{_safe(identity)}.home").open("a", encoding="utf-8") as file:
            file.write(f"{agent}\n")

    def sent_home(self, identity: str) -> set[str]:
        """The agents that were sent home."""
        with contextlib.suppress(OSError):
            return set((self._root / f"{_safe(identity)}.home").read_text(encoding="utf-8").split())
        return set()

    def config(self, identity: str) -> str:
        """As it was sent."""
        return self._config(identity).read_text(encoding="utf-8")

    def config_for_agents(self, record: Record) -> str:
        """The same with a command that gives each run the GPUs of its seat."""
        found = yaml.safe_load(self.config(record.id))
        command = found.get("command") or _DEFAULT_COMMAND
        words = command.split() if isinstance(command, str) else list(command)
        found["command"] = [sys.executable, "-IS", str(ENTER), str(self._home.root), record.entity, record.project, "--", *words]
        return yaml.safe_dump(found)

    def plan(self, record: Record) -> SweepPlan:
        """The sweep with seats for programs: agents know the command. UserError where it cannot be run."""
        plan = read_plan(str(self._config(record.id)), asked=Asked(program="agent"))
        command = seat_command(self._home, record.entity, record.project)
        policy = replace(plan.policy, grace=max(plan.policy.grace, GRACE))
        return replace(plan, command=command, launch=command, policy=policy, notes=())

    def _config(self, identity: str) -> Path:
        return self._root / f"{_safe(identity)}.yaml"

    def _keep(self, record: Record) -> None:
        path = self._root / f"{record.id}.json"
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.write_text(json.dumps(asdict(record)))
        draft.replace(path)


def _safe(identity: str) -> str:
    return "".join(letter for letter in identity if letter.isalnum())[:64] or "none"
