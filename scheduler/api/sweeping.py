"""Sweeps, run and seen again: of a file, or one that a W&B server decides about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from scheduler.actions import server_sweep, server_wishes
from scheduler.actions import sweep as sweeping
from scheduler.actions.opening import opened_queue, working_directory
from scheduler.actions.sweep import Swept
from scheduler.actions.trials import remembered
from scheduler.actions.where import Where
from scheduler.api.arguments import (
    Changes,
    File,
    Slurm,
    Words,
    asked,
    count_of,
    for_each_trial,
    path_of,
    read,
    remarked,
    words,
)
from scheduler.api.driving import Notify, Sitting, how_of, say_of, warn
from scheduler.api.trial import Trials, trials_of
from scheduler.errors import UserError
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.given import document_of
from scheduler.experiments.document.limits import DEFAULT
from scheduler.queue.sweep_selection import sweep_named
from scheduler.queue.trials import latest_sweep, sweep_called
from scheduler.report.sweeps import farewell
from scheduler.sweeps.sweep import SweepPlan, open_sweep_file, plan_of, read_plan, standard_file
from scheduler.sweeps.wishes import Wishes
from scheduler.terminal import say
from scheduler.wandb_agent.account import is_at_a_server

WANDB, BACKENDS = "wandb", ("optuna", "wandb")
Asks = File | Mapping[str, Any] | None  # for a sweep


def sweep(
    file: Asks = None,
    changes: Changes = None,
    *,
    backend: str = "optuna",
    jobs: int | str | None = None,
    method: str | None = None,
    count: int | None = None,
    time: float | str | None = None,
    sampler: str | None = None,
    pruner: str = "wandb",
    seed: int | None = None,
    again: bool = False,
    learn_from: Words = None,
    gpus: int | None = None,
    gpu_memory: str | None = None,
    share: int | None = None,
    timeout: float | str | None = None,
    grace: float | str | None = None,
    program: str | None = None,
    style: str | None = None,
    notify: Notify = (),
    tags: Sequence[str] = (),
    note: str | None = None,
    trackers: Words = None,
    on: str | None = None,
    slurm: Slurm = None,
    sync: bool = False,
    quiet: bool = False,
) -> Trials:
    """Run a W&B sweep file (None: sweep.yaml, else sweeps/sample.yaml) and return its trials. The same call again goes on where
    the last one stopped, and returns the trials of before too.

    `changes` fix parameters. `method`: instead of the file's. `count`: at most so many new trials; `time`: none after so long
    (seconds, or a text such as "2h"). `sampler`, `pruner`: as `exp-queue sweep --help` has them. `seed`: of a new sweep. `again`:
    begin a new one. `learn_from`: other sweeps, as `--from` has them. Of each trial: `gpus` (0: the CPU), `gpu_memory` (a
    text such as "6GiB"), `share`, `timeout`, `grace` (seconds, or texts).
    `jobs`, `program`, `style`, `notify`, `tags`, `note`, `trackers`, `on`, `slurm`, `sync`, `quiet`, Ctrl-C and errors as for
    `run`; in Slurm `jobs` trials wait or run at once (None: 10).

    `backend`: with "wandb" a W&B server chooses the points and stops trials: `file` becomes a sweep there, or a mapping such as
    `wandb.sweep` takes, and the same one again goes on with it. "ENTITY/PROJECT/ID" in place of a file is a sweep that is there
    (with `backend` also "ID", where the settings of W&B say the rest). Its trials are those that were computed here, their
    values what they have logged here; `best` is the best of these, and not of the whole sweep. `Trials.file` is what names it to
    `trials(sweep=...)`. UserError for `changes`, `method`, `sampler`, `pruner`, `seed` and `learn_from`, which are the server's
    business, without a key to it, and where it does not answer.
    """
    there = read("backend", backend, lambda value: values.choice(value, BACKENDS)) == WANDB
    named = isinstance(file, str) and is_at_a_server(file, surely=there)
    there = there or named
    how = how_of(jobs, None, None, notify, trackers, on, slurm, sync, quiet=quiet)
    if there:
        _refuse_at_a_server(how.where, [*words(changes), *(["method"] if method else [])])
    plan, written = _plan(file, words(changes), asked(program, style), method, named=named, there=there)
    plan = remarked(for_each_trial(plan, gpus, gpu_memory, share, timeout, grace), tags, note)
    warn(plan, here=how.where.elsewhere is None, quiet=quiet)
    sources = (learn_from,) if isinstance(learn_from, str) else tuple(learn_from or ())
    limits = count_of("count", count), read("time", time, values.duration)
    wishes = Wishes(*limits, sampler, pruner, seed, again, evidence=sources)
    if there:
        server_wishes.refuse(plan, _decided(wishes), wishes, server_wishes.PYTHON)
    compute = partial(server_sweep.begun, written, say_of(quiet=quiet)) if there else sweeping.sweep

    def act(here: Sitting) -> Trials:
        with how.where.opened_to_sweep(say_of(quiet=quiet)) as devices:
            sweeping.refuse_impossible(plan, devices)
            return _over(here, compute(here.store, plan, devices, working_directory(), here.terms, wishes, here.tell))

    return how.drive(plan.path, act)


def _plan(
    file: Asks, changes: Sequence[str], wanted: Asked, method: str | None, *, named: bool, there: bool
) -> tuple[SweepPlan, object]:
    """What is to be tried, and what was written of it. `named`: by its name at a server; `there`: it is decided at one."""
    if named:
        return server_sweep.joined(str(file), wanted, DEFAULT), None
    document = _document(file, there=there)
    return plan_of(document, changes, wanted, method=method), document.value


def _document(file: Asks, *, there: bool) -> Document:
    if not isinstance(file, Mapping):
        return open_sweep_file(standard_file() if file is None else path_of(file))
    if there:
        return document_of(file, "sweep")
    # By what would the same call again find it? A sweep that is decided here is known by its file.
    what = "a mapping becomes a sweep at a W&B server alone"
    raise UserError(what, next_step='say backend="wandb", or write it to a file and name that')


def _decided(wishes: Wishes) -> list[str]:
    """Those that are about what a server decides, as they were written."""
    usual = Wishes()
    given = {
        "sampler": wishes.sampler != usual.sampler,
        "pruner": wishes.pruner != usual.pruner,
        "seed": wishes.seed != usual.seed,
        "learn_from": wishes.evidence != usual.evidence,
    }
    return [name for name, is_given in given.items() if is_given]


def _refuse_at_a_server(where: Where, changes: Sequence[str]) -> None:
    """UserError for a place, and for changes as they were written, which a sweep of a W&B server cannot have."""
    if where.elsewhere:
        raise UserError("on: the trials of a W&B server are computed on this machine", next_step="leave it out")
    server_wishes.refuse_changes(changes, server_wishes.PYTHON)


def _over(here: Sitting, swept: Swept) -> Trials:
    last_words = farewell(swept.results, here.store.home, interrupted=swept.driven.interrupted) if swept.results else ()
    here.told.over(swept.driven, last_words)
    return trials_of(here.store, remembered(here.store, sweep_called(here.store, swept.sweep)))


def trials(file: File | None = None, changes: Changes = None, *, sweep: str | None = None) -> Trials:
    """The trials of the newest sweep, or with `file` of the newest of that file which was begun in this directory, with what
    those that still run have logged so far. UserError where there is none.

    `changes` as they were for the sweep, if they set its metric or command. `sweep`: by the beginning of its id, the name of its
    file, ENTITY/PROJECT/ID of one that a W&B server decides about, or "last", the newest that was begun in this directory; its
    file need not be there any more.
    """
    key = None if file is None else read_plan(path_of(file), words(changes), asked()).key(working_directory())
    with opened_queue(say, only_looks=True) as store:
        record = latest_sweep(store, key) if sweep is None else sweep_named(store, sweep)
        if record is None:
            what = "there is no sweep yet" if file is None else f"no sweep of {file} was begun in this directory"
            raise UserError(what, next_step="sweep(FILE) begins one")
        return trials_of(store, remembered(store, record))
