"""The sweeps that were made with W&B's client, each driven while it is not over: `driven.py`."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from scheduler.errors import UserError
from scheduler.failpoints import reach
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.states import ACTIVE, WAITING
from scheduler.queue.store import Store
from scheduler.queue.submit import ask_again
from scheduler.queue.trials import sweep_of, unfinished
from scheduler.wandb_server.agents import EXIT, Agent, Command, stops
from scheduler.wandb_server.driven import Driven
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.runs import Runs
from scheduler.wandb_server.sweep_records import CANCELED, OVER, Record, Records


class Sweeps(Records):
    """Of any thread."""

    def __init__(self, home: Home, runs: Runs, say: Callable[[str], None]) -> None:
        super().__init__(home)
        self._runs, self._say = runs, say
        self._driven: dict[str, Driven] = {}
        self._driving = threading.Lock()
        self._is_closed = False

    def go_on(self) -> None:
        """Drive on what an earlier server has left under way, also what it was asked to end."""
        with Store(self._home, self._say) as store:
            left = [self.of(each) for each in unfinished(store)]
        with self._driving:
            for record in filter(None, left):
                self._drive(record)

    def wish(self, identity: str, state: str) -> Record:
        """Another state, as a person asks for it. UserError where there is no such sweep."""
        with self._driving:
            record = self.put(identity, state)
            driven = self._driven.get(identity)
        if record is None:
            raise UserError(f"there is no sweep {identity}")
        reach("state-kept")
        if driven:
            driven.obey(state)
        return record

    def arrives(self, identity: str, host: str = "") -> str:
        """An agent registers; returns its id."""
        if self.get(identity) is None:
            raise UserError(f"there is no sweep {identity}")
        agent = f"{identity}-{secrets.token_hex(6)}"
        if driven := self._driver(identity, anew=True):
            driven.arrives(agent, host)
        return agent

    def there(self) -> list[tuple[Record, Agent, bool]]:
        """The agents of all sweeps that are heard of, with the sweep, and whether each goes home after its run."""
        with self._driving:
            driven = [(self.get(each), found) for each, found in self._driven.items() if not found.is_done]
        return [
            (record, agent, agent.id in self.sent_home(record.id))
            for record, found in driven
            if record
            for agent in found.there()
        ]

    def dismiss(self, agent: str) -> None:
        """This agent goes home, and the others go on. UserError where it is not there."""
        with self._driving:
            driven = self._driven.get(agent.split("-")[0])
        if driven is None or agent not in [each.id for each in driven.there()]:
            raise UserError(f"there is no agent {agent}")
        driven.send_home(agent)

    def beat(self, agent: str, runs: list[str]) -> list[Command] | None:
        """What an agent is told; None where its sweep is gone."""
        identity = agent.split("-")[0]
        record = self.get(identity)
        if record is None:
            return None
        if driven := self._driver(identity):
            return driven.beat(agent, runs)
        return stops(runs, lambda run: self._is_stopped(record, run)) if runs else [] if self._is_closed else [EXIT]

    def retry(self, store: Store, job: Job, *, lost: bool) -> str:
        """A trial is offered to the next agent once more, also of a sweep that is over; returns what is to be told of it.
        UserError as for any job, and where its sweep is not known here."""
        sweep = sweep_of(store, job.id)
        record = self.of(sweep) if sweep else None
        if record is None:
            raise UserError(f"job {job.short_id} is a trial of no sweep that this server has")
        if job.state in ACTIVE:
            return f"job {job.short_id} runs, or waits for its agent: nothing to offer again"
        is_left = record.state in OVER and not record.again  # a person has stopped it, and nobody would begin this trial
        if job.state in WAITING and not is_left:
            return f"job {job.short_id} waits for an agent already"
        with self._driving:
            driven = self._driven.get(record.id)
            if record.state == CANCELED and driven and not driven.is_done:
                what = f"the sweep of job {job.short_id} is being cancelled"
                raise UserError(what, next_step="the same again, when its runs have ended")
            ask_again(store, [job], lost=lost, for_agents=True)
            reach("trial-retried")
            self._drive_again(self.ask_again(record.id) or record)
        over = "; the sweep is over, and asks no other points" if record.state in OVER else ""
        return f"job {job.short_id} is offered to the next agent, as a run of a new name{over}"

    def _drive_again(self, record: Record) -> None:
        driven = self._driven.get(record.id)
        if not self._is_closed and not (driven and driven.renew()):
            self._drive(record)

    def close(self) -> None:
        """Leave all sweeps; what runs goes on."""
        with self._driving:
            self._is_closed = True
            driven = list(self._driven.values())
        for each in driven:
            each.leave()

    def _is_stopped(self, record: Record, run: str) -> bool:
        return self._runs.folder(RunId(record.entity, record.project, run)).stop.exists()

    def _driver(self, identity: str, *, anew: bool = False) -> Driven | None:
        """Who drives this sweep, or has; None where it was over before. `anew`: also where that has failed."""
        with self._driving:
            driven, record = self._driven.get(identity), self.get(identity)
            if record is None or record.state in OVER or self._is_closed or (driven and not (anew and driven.is_done)):
                return driven
            return self._drive(record)

    def _drive(self, record: Record) -> Driven:
        driven = self._driven[record.id] = Driven(self, record, self._home, self._runs, self._say)
        driven.start()
        return driven
