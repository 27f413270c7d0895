"""Run a sweep in the foreground and report, or show what it would do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from scheduler.cli.driving import run_or_leave
from scheduler.cli.options import say
from scheduler.cli.sweep_options import Wishes
from scheduler.jobs.devices import Devices
from scheduler.jobs.runner import Runner
from scheduler.jobs.states import SUCCEEDED
from scheduler.jobs.store import Store
from scheduler.report import sweeps as report
from scheduler.report.progress import Progress
from scheduler.report.tables import print_json, print_table
from scheduler.spec import Experiment
from scheduler.sweeps.asking import Asking
from scheduler.sweeps.book import Book, open_sweep
from scheduler.sweeps.budget import Budget
from scheduler.sweeps.plans import SweepPlan
from scheduler.sweeps.pruning import open_stopping
from scheduler.sweeps.renamed_metric import take_over
from scheduler.sweeps.revival import revive
from scheduler.sweeps.search import open_search, refuse_unsearchable
from scheduler.sweeps.source import SweepSource
from scheduler.sweeps.trials import Trial
from scheduler.terminal import show

SHOWN = 5


def run_sweep(store: Store, plan: SweepPlan, wishes: Wishes, devices: Devices, slots: int | None, style: str) -> int:
    """Try points until the sweep is over, print the results, and return the exit status."""
    stopping = open_stopping(plan.sweep, wishes.pruner)
    budget = _budget(plan, wishes)
    if plan.sweep.method != "bayes":  # what is wrong is told before there is a sweep; Optuna's are slow to load
        open_search(plan.sweep, sampler=wishes.sampler)
    misspelt = "" if wishes.again else take_over(store, plan, str(Path.cwd()), wishes.pruner)
    record, new = open_sweep(store, plan, str(Path.cwd()), wishes.pruner, again=wishes.again, seed=wishes.seed)
    journal = _journal(plan, record.id, wishes)
    book = Book(store, plan, record)
    revived = revive(store, book)
    count = slots or devices.default_slots
    say(report.opening(plan, book, budget, wishes.pruner, new=new, revived=revived))
    if misspelt:
        say(f'none of the trials from before logged "{misspelt}": they are read once more, for "{plan.metric}"')
    say(f"at most {count} at once; {devices.note}")
    for trial in book.trials():
        journal(trial)
    asking = Asking(partial(open_search, plan.sweep, sampler=wishes.sampler, seed=record.seed))
    source = SweepSource(store, plan, book, asking, stopping, budget, say, journal)
    store.drive([book.job(entry) for entry in book.entries() if not entry.is_over])
    progress = Progress({}, 0, sys.stderr, partial(report.label, plan, book))
    return _run(Runner(store, devices, slots, progress.tell, source), source, store, plan, book, style)


def _run(runner: Runner, source: SweepSource, store: Store, plan: SweepPlan, book: Book, style: str) -> int:
    if left := run_or_leave(runner):
        return left
    results = report.results(store, plan, book)
    sightings = source.sightings()
    if style == "json":
        print_json(report.as_object(results, sightings), sys.stdout)
    else:
        print_table(report.rows(results), sys.stdout)
    say(report.farewell(results, interrupted=runner.interrupted))
    if runner.interrupted:
        return 130
    if sightings.in_vain:
        raise sightings.fault(plan.metric_place)
    return 0 if all(entry.record.state in SUCCEEDED for entry in book.entries()) else 1


def _journal(plan: SweepPlan, sweep: str, wishes: Wishes) -> Callable[[Trial], None]:
    """Where trials that have ended are also told to: a journal for optuna-dashboard, if one is wanted."""
    if not wishes.optuna_journal:
        return lambda trial: None
    from scheduler.sweeps.optuna_journal import OptunaJournal

    # A study for each sweep: trials of another one of the same file have the same numbers.
    name = f"{plan.name} {sweep[:8]}"
    return OptunaJournal(wishes.optuna_journal, plan.parameters, plan.goal, name, say).tell


def _budget(plan: SweepPlan, wishes: Wishes) -> Budget:
    deadline = None if wishes.time is None else time.monotonic() + wishes.time
    return Budget(plan.sweep.run_cap, wishes.count, deadline, plan.target, plan.goal)


def show_plan(plan: SweepPlan, wishes: Wishes, style: str) -> int:
    """What the sweep is, and its first points if they can be known before any result."""
    from scheduler.report.submission import planned_objects, planned_rows

    experiments = _known_points(plan, wishes.seed or 0, SHOWN)
    say(report.opening(plan, (), _budget(plan, wishes), wishes.pruner, new=True, revived=0))
    if style == "json":
        print_json(planned_objects(experiments), sys.stdout)
        return 0
    say(f"nothing was started; {'its first points' if plan.sweep.method == 'grid' else 'points like those that it tries'}:")
    print_table(planned_rows(experiments), sys.stdout)
    return 0


def check_plan(plan: SweepPlan, first: int, style: str) -> None:
    """Say that the file is right, and what it asks for, with points like those that it tries. Raises UserError if it is not."""
    from scheduler.report import overview

    open_stopping(plan.sweep, Wishes().pruner)
    if plan.sweep.method == "bayes":
        refuse_unsearchable(plan.sweep, "bayes")
    experiments = _known_points(plan, 0, first)
    names = [parameter.name for parameter in plan.parameters if parameter.distribution.name != "constant"]
    found = overview.Overview(plan.path, plan.sweep.run_cap, tuple(names), tuple(experiments))
    if style == "json":
        print_json(overview.objects(found), sys.stdout)
        return
    for sentence in report.opening(plan, (), _budget(plan, Wishes()), Wishes().pruner, new=True, revived=0):
        show(sentence)
    searched = ", ".join(names) or "nothing"
    show(f"the file is right; it searches {searched}; `exp-queue sweep {plan.path}` runs it, with points like these:")
    print_table(overview.rows(found), sys.stdout)


def _known_points(plan: SweepPlan, seed: int, count: int) -> list[Experiment]:
    """The first points of a grid; of another sweep, such as it might try, for what it tries depends on results."""
    known = plan.sweep if plan.sweep.method == "grid" else replace(plan.sweep, method="random")
    search = open_search(known, sampler=None, seed=seed)
    asked = [search.ask(number) for number in range(count)]
    return [plan.experiment(values) for values in asked if values is not None]
