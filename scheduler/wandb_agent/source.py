"""A sweep that a W&B server decides about, as the source of a runner's jobs: its commands become trials and stops."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from scheduler.errors import UserError
from scheduler.linux.wakeups import Wakeups
from scheduler.queue.database import Unwritable
from scheduler.queue.mine import Mine
from scheduler.queue.states import State
from scheduler.runner.sources import EarlyStop
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.engine.trial_source import TrialSource
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.trials import Point
from scheduler.wandb_agent.crew import Offer
from scheduler.wandb_agent.heartbeats import Heartbeats
from scheduler.wandb_agent.plan import ServerPlan
from scheduler.wandb_agent.run_environment import environment_of, run_of

WHY = "the W&B server has stopped it"


class ServerSource(TrialSource):
    """`room`: whether a trial would get its place on the machine now, beside a slot."""

    def __init__(
        self,
        mine: Mine,
        plan: ServerPlan,
        book: Book,
        heartbeats: Heartbeats,
        budget: Budget,
        say: Callable[[str], None],
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(mine, plan, book, heartbeats, budget, say)
        self._server_plan, self._heartbeats, self._room = plan, heartbeats, room
        self._runs: dict[str, str] = {}  # by job
        self._jobs: dict[str, str] = {}  # by run
        self._hungry = False  # whether a slot is free, and more could come
        self._asks = False  # whether there is room for one, too

    def open(self, wakeups: Wakeups) -> None:
        super().open(wakeups)
        self._heartbeats.open()

    def refill(self, free: int) -> bool:
        self._hungry, self._asks = free > 0, False
        more = super().refill(free if free > 0 and self._room() else 0)
        self._hungry = self._hungry and more and not self._over
        return more

    def stops(self) -> Sequence[EarlyStop]:
        for text in self._heartbeats.texts():  # here, for after a Ctrl-C nothing is refilled
            self._say(text)
        wanted = [self._jobs[run] for run in self._heartbeats.crew.stopped if run in self._jobs]
        entries = [self._book[job] for job in wanted if job not in self._condemned]
        running = [entry for entry in entries if not entry.is_over and entry.record.state is not State.QUEUED]
        return [self._condemn(_verdict(entry)) for entry in running]

    def patience(self) -> float | None:
        if self._asks:  # not before the ends of this turn are written: they make agents free, or are the last
            self._asks = False
            if self._why_over():
                return 0.0
            self._heartbeats.ask()
        again = self._heartbeats.patience() if self._hungry else None
        return min((each for each in (super().patience(), again) if each is not None), default=None)

    def close(self) -> None:
        with contextlib.ExitStack() as leaving:
            leaving.callback(super().close)
            self._heartbeats.close()
            with contextlib.suppress(Unwritable):  # what the last heartbeat has brought is queued, for whoever joins again
                self._take_answer()

    def _tell(self, entry: Entry) -> None:
        run = self._runs.get(entry.job)
        if run is None:
            run, agent = run_of(self._book.job(entry))
            self._runs[entry.job], self._jobs[run] = run, entry.job
            if not entry.is_over:
                self._heartbeats.has(run, agent)
        if entry.is_over:
            self._heartbeats.ended(run)

    def _hear(self) -> None:
        self._heartbeats.hear()

    def _ask(self) -> None:
        self._asks = True

    def _take_answer(self) -> None:
        """What the server has handed out is nobody else's: it is queued whatever the budget says."""
        while (offer := self._heartbeats.offer) and self._take(offer):
            self._heartbeats.taken()

    def _take(self, offer: Offer) -> bool:
        """Whether it is done with; not where another runner of this sweep was quicker, and has taken the number."""
        if offer.run in self._jobs:
            self._go_on(self._jobs[offer.run])
            return True
        try:
            values = self._server_plan.point_of(offer.values)
        except UserError as error:
            self._over = str(error)
            return True
        return self._add(len(self._book), values) is not None

    def _add(self, number: int, values: Point) -> Entry | None:
        entry = super()._add(number, values)
        if entry:
            self._tell(entry)
        return entry

    def _go_on(self, job: str) -> None:
        """A run that was preempted is computed again, as the server wants it."""
        with self._store.change() as change:
            change.ask_again(job, "resumed by the W&B server")
        self._book.moved(job, State.QUEUED)
        self._mine.add([self._store.job(job)])

    def _environment(self, number: int, values: Point) -> str:
        offer = self._heartbeats.offer
        assert offer
        return environment_of(self._store.home, self._server_plan, self._book.sweep.id, offer, os.environ)

    def _why_over(self) -> str:
        self._over = self._over or self._heartbeats.crew.end
        return super()._why_over()


def _verdict(entry: Entry) -> Verdict:
    trial = entry.trial
    rows = len(trial.rows)
    return Verdict(trial.number, rows, rows, trial.rows[-1] if rows else 0.0, None, (), WHY)
