"""Try points of a search space, and stop those that fall behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from scheduler.actions.check import Overview
from scheduler.actions.check import check as check_list
from scheduler.actions.drive import Driven, Tell, Terms, run_out
from scheduler.actions.evidence import offered
from scheduler.actions.notices import Said, SweepOpened
from scheduler.actions.trials import Results, Standing, results
from scheduler.errors import CannotEverRun, UserError
from scheduler.experiments import Experiment, ExperimentFile
from scheduler.experiments.command.missing import missing
from scheduler.experiments.remarks import Remarks
from scheduler.queue.mine import Mine
from scheduler.queue.remarks import remark
from scheduler.queue.states import SUCCEEDED
from scheduler.queue.store import Store
from scheduler.runner.devices import Devices
from scheduler.sweeps.engine.budget import Budget
from scheduler.sweeps.engine.budget import why_over as budget_over
from scheduler.sweeps.engine.evidence import evidence_of, kept_evidence
from scheduler.sweeps.engine.live_trials import Book, open_sweep
from scheduler.sweeps.engine.renamed_metric import take_over
from scheduler.sweeps.engine.resuming import revive
from scheduler.sweeps.engine.sightings import Sightings
from scheduler.sweeps.engine.source import SweepSource
from scheduler.sweeps.engine.trial_source import TrialSource
from scheduler.sweeps.search.search import learns, learns_outside, open_search, refuse_unsearchable
from scheduler.sweeps.search.search_thread import Asking
from scheduler.sweeps.stopping.stopping import Stopping, open_stopping
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial
from scheduler.sweeps.wishes import Wishes
from scheduler.values import dataclass


@dataclass(frozen=True)
class Swept:
    """How it ended. `sweep`: its id. `results`: None where the runner was told to leave. `sightings`: whether its metric was ever
    seen."""

    sweep: str
    driven: Driven
    results: Results | None
    sightings: Sightings

    @property
    def all_succeeded(self) -> bool:
        return self.results is not None and all(entry.record.state in SUCCEEDED for entry in self.results.entries)


def sweep(store: Store, plan: SweepPlan, devices: Devices, directory: str, terms: Terms, wishes: Wishes, tell: Tell) -> Swept:
    """Try points until the sweep is over; goes on where an earlier one of the same file, directory and metric stopped.

    UserError before anything begins where its search or its early stopping cannot be.
    """
    stopping, budget = _stopping(plan, wishes), budget_of(plan, wishes)
    _refuse_unsearchable(plan, wishes)
    learned = [trial.job for trial in offered(store, plan, directory, wishes)]
    misspelt = "" if wishes.again else take_over(store, plan, directory, wishes.pruner)
    record, new = open_sweep(store, plan, directory, wishes.pruner, again=wishes.again, seed=wishes.seed, evidence=learned)

    def say(text: str) -> None:
        tell(Said(text))

    journal = _journal(plan, record.id, wishes, say)
    book = Book(store, plan, record)
    revived = revive(store, book, cancelled=wishes.revive)
    _remark(store, book, plan.remarks)
    evidence = evidence_of(store, plan, kept_evidence(store, record.id, plan.metrics))
    is_taught, by_strangers = learns(plan.sweep.method, wishes.sampler), learns_outside(plan.sweep, wishes.sampler)
    tell(SweepOpened(plan, book, budget, wishes.pruner, new, revived, book.aged(), evidence, is_taught, by_strangers))
    if misspelt:
        say(f'none of the trials from before logged "{misspelt}": they are read once more, for "{plan.metric}"')
    devices.expect([plan])
    tell(terms.driving(devices))
    for trial in book.trials():
        journal(trial)
    asking = Asking(partial(open_search, plan.sweep, sampler=wishes.sampler, seed=record.seed))
    for trial in evidence.trials if is_taught else ():
        asking.tell(trial)
    mine = Mine(store, book.unfinished())
    source = SweepSource(mine, plan, book, asking, stopping, budget, say, journal)
    return tried_out(mine, plan, book, source, devices, terms, tell)


def tried_out(mine: Mine, plan: SweepPlan, book: Book, source: TrialSource, devices: Devices, terms: Terms, tell: Tell) -> Swept:
    """Run the trials that the source brings until it has no more, whoever decides about them."""
    driven = run_out(terms.runner(mine, devices, tell, source), mine.jobs, terms.brake)
    if driven.left:
        return Swept(book.sweep.id, driven, None, Sightings(plan.metric))
    return Swept(book.sweep.id, driven, results(mine.store, plan, book), source.sightings())


def refuse_impossible(plan: SweepPlan, devices: Devices) -> None:
    """CannotEverRun if no trial can ever run there."""
    if reason := devices.never(plan):
        what = f"a trial of {plan.path} can never run {devices.there}: {reason}"
        raise CannotEverRun(what, next_step=devices.cure or "ask for less")


def refuse_wrong(plan: SweepPlan, wishes: Wishes) -> None:
    """UserError where its search or its early stopping cannot be; `sweep` says the same before anything begins."""
    _stopping(plan, wishes)
    _refuse_unsearchable(plan, wishes)


def check(plan: SweepPlan, shown: int, listed: ExperimentFile | None = None) -> Overview:
    """What the file asks for, with points like those that it tries. UserError if its search or its stopping cannot be.

    `listed`: of a grid, the same as a list. Then its points are counted, and the first of them shown."""
    refuse_wrong(plan, Wishes())
    if listed:
        return replace(check_list(listed, shown), points=replace(listed, cap=None).count())
    names = [parameter.name for parameter in plan.parameters if parameter.distribution.name != "constant"]
    points = tuple(known_points(plan, 0, shown))
    return Overview(plan.path, plan.sweep.run_cap, tuple(names), points, missing(plan.launches))


def known_points(plan: SweepPlan, seed: int, count: int, before: Standing | None = None) -> list[Experiment]:
    """The next points of a grid, or of a random search that goes on; of another sweep, such as it might try, for what it tries
    depends on results. `before`: where it stands already, if it does."""
    known = plan.sweep if plan.sweep.method == "grid" else replace(plan.sweep, method="random")
    search = open_search(known, sampler=None, seed=before.sweep.seed if before else seed)
    for trial in before.trials if before else ():
        search.tell(trial)
    first = before.total if before else 0
    asked = [search.ask(number) for number in range(first, first + count)]
    return [plan.experiment(values) for values in asked if values is not None]


def why_over(budget: Budget, before: Standing | None, goal: str) -> str:
    """Why a sweep that stands there would try nothing more; "" if it would."""
    best = before.best.best(goal) if before and before.best else None
    return budget_over(budget, trials=before.total if before else 0, added=0, best=best, now=time.monotonic())


def budget_of(plan: SweepPlan, wishes: Wishes) -> Budget:
    """How long the sweep goes on asking, from now."""
    deadline = None if wishes.time is None else time.monotonic() + wishes.time
    return Budget(plan.sweep.run_cap, wishes.count, deadline, plan.target, plan.goal)


def _stopping(plan: SweepPlan, wishes: Wishes) -> Stopping:
    """What is wrong with it is told with the place where the file asks for it."""
    try:
        return open_stopping(plan.sweep, wishes.pruner)
    except UserError as error:
        where = plan.stopping_place if wishes.pruner == Wishes().pruner else None
        raise UserError(error.what, where=where, next_step=error.next_step) from None


def _refuse_unsearchable(plan: SweepPlan, wishes: Wishes) -> None:
    """What is wrong with the search is told before there is a sweep."""
    if plan.sweep.method == "bayes":  # Optuna's are slow to load
        refuse_unsearchable(plan.sweep, "bayes", wishes.sampler)
    else:
        open_search(plan.sweep, sampler=wishes.sampler)


def _remark(store: Store, book: Book, remarks: Remarks) -> None:
    """Say it of the trials of before too."""
    if remarks:
        with store.change() as change:
            remark(change, [book.job(entry).number for entry in book.entries()], remarks)


def _journal(plan: SweepPlan, sweep: str, wishes: Wishes, say: Callable[[str], None]) -> Callable[[Trial], None]:
    """Where trials that have ended are also told to: a journal for optuna-dashboard, if one is wanted."""
    if not wishes.optuna_journal:
        return lambda trial: None
    if plan.sweep.beside:
        raise UserError("--optuna-journal keeps one value of a trial, and this sweep has several", next_step="leave it out")
    from scheduler.sweeps.search.optuna_journal import OptunaJournal

    # A study for each sweep: trials of another one of the same file have the same numbers.
    name = f"{plan.name} {sweep[:8]}"
    return OptunaJournal(wishes.optuna_journal, plan.parameters, plan.goal, name, say).tell
