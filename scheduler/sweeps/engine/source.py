"""A sweep that is decided here as the source of a runner's jobs: asks its search for points, and says which trials are to be
stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scheduler.queue.mine import Mine
from scheduler.runner.sources import EarlyStop
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.engine.trial_environment import environment_of
from scheduler.sweeps.engine.trial_source import TrialSource
from scheduler.sweeps.search.search_thread import Asking
from scheduler.sweeps.stopping.stopping import Stopping
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Point, Trial


class SweepSource(TrialSource):
    """A sweep that is decided here, by a search and a rule of early stopping."""

    def __init__(
        self,
        mine: Mine,
        plan: SweepPlan,
        book: Book,
        asking: Asking,
        stopping: Stopping,
        budget: Budget,
        say: Callable[[str], None],
        over: Callable[[Trial], None],
    ) -> None:
        super().__init__(mine, plan, book, asking, budget, say, over)
        self._asking, self._stopping = asking, stopping
        self._answer: tuple[int, Point | None] | None = None

    def stops(self) -> Sequence[EarlyStop]:
        if not self._news:
            return ()
        self._news = False
        new = [each for each in self._stopping.verdicts(self._book.trials()) if self._is_new(each)]
        return [self._condemn(each) for each in new if not self._is_spared(each)]

    def _tell(self, entry: Entry) -> None:
        self._asking.tell(entry.trial)

    def _ask(self) -> None:
        if not self._answer:
            self._asking.ask(len(self._book))

    def _take_answer(self) -> None:
        self._answer = self._answer or self._asking.answer()
        if self._answer is None:
            return
        number, values = self._answer
        if values is None:
            self._over = self._over or "every point has been tried"
        elif not self._why_over():
            self._add(number, values)  # Unwritable without room on the disk: the point is kept and tried again
        self._answer = None

    def _environment(self, number: int, values: Point) -> str:
        return environment_of(self._store.home, self._plan, self._book.sweep, number, values)

    def _is_new(self, verdict: Verdict) -> bool:
        return self._book.by_number(verdict.number).job not in self._condemned

    def _is_spared(self, verdict: Verdict) -> bool:
        """Whether it is at its last row: to stop it would save nothing. That it was behind is remembered all the same."""
        entry = self._book.by_number(verdict.number)
        if len(entry.trial.rows) not in self._plan.last_rows(entry.trial.values):
            return False
        if entry.job not in self._spared:
            self._spared.add(entry.job)
            self._book.condemned(verdict)
            self._say(f"trial {verdict.number} is not stopped, for it is at its last row: {verdict.sentence}")
        return True
