"""One sweep of W&B's client while it is driven: our engine asks and stops, our runner claims, and agents compute.

What an agent is told is written down before it is told. So whenever a server is killed, the next one knows who may have heard of
which run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import yaml

from scheduler.actions.brake import Brake
from scheduler.actions.cancel import cancel_all
from scheduler.actions.drive import Terms
from scheduler.actions.notices import Said
from scheduler.actions.notices import Told as Notice
from scheduler.actions.sweep import sweep as drive
from scheduler.errors import UserError
from scheduler.failpoints import reach
from scheduler.home import Home
from scheduler.linux.locks import is_locked
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import ENDED
from scheduler.queue.store import Store
from scheduler.queue.trials import latest_sweep, trials
from scheduler.runner.devices import open_devices
from scheduler.runner.notices import Ended, Joined, Started
from scheduler.sweeps.wishes import Wishes
from scheduler.wandb_server.agents import Agent, Agents, Command, Offer, never_got
from scheduler.wandb_server.folders import RunId, root_of
from scheduler.wandb_server.runs import Runs
from scheduler.wandb_server.sweep_records import CANCELED, FINISHED, PAUSED, PENDING, RUNNING, Record, Records

SITS_DOWN = 0.05  # seconds to the next look whether a seat is taken: no event tells of it
PATIENCE = 3.0  # seconds that a heartbeat waits for a run: the client asks again after five


class Driven:
    """In a thread of its own; the calls are of any thread."""

    def __init__(self, records: Records, record: Record, home: Home, runs: Runs, say: Callable[[str], None]) -> None:
        self._records, self._record, self._home, self._runs, self._say = records, record, home, runs, say
        config = yaml.safe_load(records.config(record.id))
        self._agents = Agents(program=str(config.get("program") or ""), home=records.sent_home(record.id))
        self._seats: dict[str, Offer] = {}  # of the runs that have one
        self._brake = Brake()
        self._news = threading.Condition()  # guards the agents and the seats
        self._is_paused = self._is_left = self._is_renewed = self.is_done = False
        self._thread = threading.Thread(target=self._drive, name=f"sweep {record.id}", daemon=True)

    def start(self) -> None:
        self._obey_what_is_kept()
        self._thread.start()

    def _obey_what_is_kept(self) -> None:
        if not self._record.again:
            self.obey(self._record.state)

    def renew(self) -> bool:
        """Trials were asked again: they are driven as well, as if this server had just come. False where it is done already."""
        with self._news:
            self._is_renewed = not self.is_done
            self._brake.leave()
            return self._is_renewed

    def leave(self) -> None:
        """The server goes. A sweep that is being cancelled is left to the next one."""
        with self._news:
            self._is_left = True
            self._news.notify_all()
        self._brake.leave()
        if not self._is_canceled:
            self._thread.join()

    def obey(self, state: str) -> None:
        """A person has asked for another state, now or from an earlier server."""
        with self._news:
            self._is_paused = state == PAUSED
            if state == FINISHED and not self._brake.presses:
                self._brake.press()
            if state == CANCELED:
                self._agents.end()
                self._news.notify_all()
                self._brake.leave()
            self._brake.nudge()

    @property
    def _is_canceled(self) -> bool:
        record = self._records.get(self._record.id)
        return record is not None and record.state == CANCELED

    # Agents.

    def arrives(self, agent: str, host: str) -> None:
        with self._news:
            self._agents.arrives(agent, time.monotonic(), host)
        self._brake.nudge()

    def there(self) -> list[Agent]:
        """The agents that are heard of, and are to compute or do so."""
        now = time.monotonic()
        with self._news:
            found = [each for each in self._agents.agents.values() if each.is_there(now)]
            return [replace(each) for each in found if each.runs or each.id not in self._agents.home]

    def send_home(self, agent: str) -> None:
        """This agent takes no further run. It hears so at its next heartbeat without one, also from the next server."""
        with self._news:
            self._records.send_home(self._record.id, agent)
            self._agents.home.add(agent)
            self._news.notify_all()
        self._brake.nudge()

    def beat(self, agent: str, runs: list[str]) -> list[Command]:
        """What an agent with these runs is told. OSError where there is no room to write it down: it asks again."""
        with self._news:
            for run in self._agents.beat(agent, runs, time.monotonic()):
                self._miss(agent, run)
        for run in runs:
            self._runs.folder(self._run(run)).heard()
        self._brake.nudge()
        with self._news:
            deadline = time.monotonic() + PATIENCE
            while not (commands := self._agents.told(agent, self._is_stopped, self._sits)) and not runs and not self._is_left:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._news.wait(min(left, SITS_DOWN) if self._agents.offers else left)
            for each in commands:
                if each["type"] == "run":
                    self._give(agent, each["run_id"])
            return commands

    def _give(self, agent: str, run: str) -> None:
        reach("run-chosen")
        self._tell(run, {"taken": agent})
        self._agents.gives(agent, run)
        reach("run-given")

    def _miss(self, agent: str, run: str) -> None:
        """An agent had this run, or was to have it, and says that it has not."""
        told, folder = self._runs.told(self._run(run)), self._runs.folder(self._run(run))
        seat = self._seats.get(run)
        if told and seat and not told.is_over and never_got(told, has_entered=folder.entered.exists()):
            self._tell(run, {"missed": agent})
            self._agents.offer(seat)
        else:
            self._tell(run, {"gone": "its agent does not have it any more"})

    def _slots(self) -> int:
        with self._news:
            return 0 if self._is_paused else self._agents.present(time.monotonic())

    def _sits(self, run: str) -> bool:
        """Whether somebody sits in the seat of this run, and is not about to leave."""
        return is_locked(self._runs.folder(self._run(run)).seat) and not self._is_stopped(run)

    def _is_stopped(self, run: str) -> bool:
        return self._runs.folder(self._run(run)).stop.exists()

    def _run(self, run: str) -> RunId:
        return RunId(self._record.entity, self._record.project, run)

    def _tell(self, run: str, post: dict[str, Any]) -> None:
        told = self._runs.told(self._run(run))
        if told is None or not told.is_over:
            self._runs.tell(self._run(run), post)

    # The sweep.

    def _drive(self) -> None:
        try:
            self._until_it_is_over()
        except UserError as error:
            self._say(f"sweep {self._record.id}: {error}")
        finally:
            self.is_done = True
            with self._news:
                if not self._is_left:
                    self._agents.end()
                self._news.notify_all()

    def _until_it_is_over(self) -> None:
        self._records.change(self._record.id, lambda state: RUNNING if state == PENDING else state)
        with Store(self._home, self._say) as store:
            is_over = self._runs_once(store)
            while self._goes_on(is_over=is_over):
                is_over = self._runs_once(store)

    def _runs_once(self, store: Store) -> bool:
        """Whether it was driven until it was over, and no word of a person's or the end of the server came between."""
        is_over = not self._is_canceled and self._runs_out(store)
        if self._is_canceled and not self._is_left:
            self._cancel(store)
        return is_over

    def _goes_on(self, *, is_over: bool) -> bool:
        """Whether trials were asked again meanwhile. Whoever asks later finds that this is done."""
        with self._news:
            if self._is_renewed and not self._is_left:
                self._is_renewed, self._brake = False, Brake()
                self._record = self._records.get(self._record.id) or self._record
                self._obey_what_is_kept()
                return True
            if is_over:
                self._records.ended(self._record.id)
            self.is_done = True
            return False

    def _runs_out(self, store: Store) -> bool:
        """Whether the sweep was driven until it was over."""
        plan, devices = self._records.plan(self._record), open_devices()
        terms = Terms(slots=self._slots, brake=self._brake)
        wishes = Wishes(revive=False, count=0 if self._record.again else None)
        try:
            swept = drive(store, plan, devices, self._place, terms, wishes, self._hear)
        finally:
            devices.close()
        return swept.driven.left is None

    def _cancel(self, store: Store) -> None:
        """End what runs; returns when it has ended."""
        sweep = latest_sweep(store, self._records.plan(self._record).key(self._place))
        left = [each.job for each in (trials(store, sweep.id) if sweep else []) if each.state not in ENDED]
        cancel_all(store, [job.number for job in store.by_ids(left)], lambda _: None)

    @property
    def _place(self) -> str:
        return str(root_of(self._home.root))

    def _hear(self, notice: Notice) -> None:
        if isinstance(notice, Said):
            self._say(f"sweep {self._record.id}: {notice.text}")
        if isinstance(notice, (Started, Joined)):
            self._seated(notice.job, notice.attempt)
        elif isinstance(notice, Ended):
            self._unseated(notice.attempt)

    def _seated(self, job: Job, attempt: Attempt) -> None:
        """A seat is taken: the next agent without a run gets this one, unless one has it already."""
        run = attempt.run_id
        told = self._runs.told(self._run(run))
        with self._news:
            self._seats[run] = Offer(run, job.config)
            if told and told.agent:
                self._agents.had(told.agent, run, time.monotonic())
            elif not told or not told.name:
                self._agents.offer(self._seats[run])
            self._news.notify_all()

    def _unseated(self, attempt: Attempt) -> None:
        with self._news:
            self._agents.withdraw(attempt.run_id)
            self._seats.pop(attempt.run_id, None)
        self._runs.unless_over(self._run(attempt.run_id))
