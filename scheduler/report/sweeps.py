"""A sweep for people and for programs: its trials, the best of them, and what stopping early has saved."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.actions.trials import Results, Standing
from scheduler.experiments import shell_line
from scheduler.goals import MAXIMIZE
from scheduler.home import Home
from scheduler.launcher import kept
from scheduler.queue.code import Aged
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import SUCCEEDED, State
from scheduler.report.hydra_outputs import announcement, directories, note_of_sharing
from scheduler.report.jobs import gpus_of
from scheduler.report.objectives import aims, beside, by_which, front_line, objectives
from scheduler.report.submission import other_code
from scheduler.report.text import duration, number, plural, shortened
from scheduler.report.wandb_runs import how_to_send
from scheduler.sweeps.engine.budget import FAILED, Budget
from scheduler.sweeps.engine.checkpoints import (
    Checkpoints,
    checkpoints,
    size_of_copy,
)
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.engine.sightings import Sightings
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.stopping.hyperband import bands
from scheduler.sweeps.stopping.rules import rule_of
from scheduler.sweeps.stopping.stopping import OPTUNA_PRUNERS
from scheduler.sweeps.stopping.verdicts import Saved
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial

LABEL_WIDTH = 60
OWN = frozenset({"trial", "id", "state", "front", "rows", "time", "GPU", "outside by"})  # what a row says of its trial
SHOWN_BANDS = 4


def opening(
    plan: SweepPlan,
    trials: Sequence[object] | Book,
    budget: Budget,
    pruner: str,
    *,
    new: bool,
    revived: int,
    outdated: Mapping[Aged, Sequence[int]] | None = None,
) -> list[str]:
    """What is about to be tried, in a few lines."""
    goal = f", {aims(plan)}" if plan.metric else ""
    if plan.chooser:
        return _opening_elsewhere(plan, trials, budget) + announcement(plan.launch)
    notes = [f"{plan.path}: {'a sweep' if new else 'the sweep goes on'}, method {plan.sweep.method}{goal}; {_end(plan, budget)}"]
    if len(trials):
        again = f", {revived} of them interrupted and tried again" if revived else ""
        notes.append(f"{plural(len(trials), 'trial')} from before{again}{other_code(outdated or {})}; --again begins anew")
    rule = rule_of(plan.sweep.early_terminate, pruner)
    if rule and plan.metric and pruner not in OPTUNA_PRUNERS:
        notes.append(_compared(rule))
    elif pruner in OPTUNA_PRUNERS:
        notes.append(f"trials that fall behind are stopped by Optuna's {pruner}")
    return notes + announcement(plan.launch)


def _opening_elsewhere(plan: SweepPlan, trials: Sequence[object] | Book, budget: Budget) -> list[str]:
    goal = f", {aims(plan)}" if plan.metric else ""
    ends = _ends(plan, budget)
    notes = [f"{plan.path}: {plan.chooser} chooses its points and stops its trials{goal}; {ends or 'until it has no more'}"]
    return [*notes, f"{plural(len(trials), 'trial')} of it from before"] if len(trials) else notes


def _compared(rule: EarlyTerminate) -> str:
    if rule.keep:
        return f"trials are compared after {plural(bands(rule)[0], 'row')}, and only the best {rule.keep} go on"
    shown = bands(rule)
    more = ", ..." if len(shown) > SHOWN_BANDS else ""
    rows = ", ".join(str(band) for band in shown[:SHOWN_BANDS])
    return f"trials are compared after {rows}{more} rows, and those that fall behind are stopped"


def standing(plan: SweepPlan, before: Standing) -> list[str]:
    """How many of the trials from before count, and the best of them."""
    count, total = len(before.counting), before.total
    what = f"with a value of {plan.metric}" if plan.metric else "that succeeded"
    notes = [f"{count} of {'it' if total == 1 else f'these {total}'} count{'s' * (count == 1)}: {what}, in the present space"]
    if before.best:
        value = number(before.best.best(plan.goal))
        notes.append(f"best so far: trial {before.best.number}, {plan.metric} {value}")
    return notes


def what_is_shown(plan: SweepPlan, before: Standing | None, points: int) -> str:
    """A heading for the points of a dry run."""
    if plan.sweep.method == "grid" and not points:
        return "no new trials: every point has been tried"
    if plan.sweep.method == "grid" or (before and plan.sweep.method == "random"):
        return f"its {'next' if before and before.total else 'first'} points:"
    return "points like those that it tries:"


def _ends(plan: SweepPlan, budget: Budget) -> str:
    ends = [
        f"{budget.cap} trials in all (run_cap)" if budget.cap else "",
        f"at most {budget.count} new ones (--count)" if budget.count else "",
        "until the time is up (--time)" if budget.deadline is not None else "",
        f"until {plan.metric} reaches {budget.target:g}" if budget.target is not None else "",
    ]
    return ", ".join(end for end in ends if end)


def _end(plan: SweepPlan, budget: Budget) -> str:
    if said := _ends(plan, budget):
        return said
    return "every point of the grid" if plan.sweep.method == "grid" else "without an end: Ctrl-C stops it"


def label(plan: SweepPlan, book: Book, job: Job) -> str:
    """What tells a trial from the others: its number and the parameters that vary."""
    if job.id not in book:
        return job.short_id
    record = book[job.id].record
    return shortened(f"trial {record.number}: {_point(plan, record.point)}", LABEL_WIDTH)


def _varying(plan: SweepPlan) -> list[str]:
    return [parameter.name for parameter in plan.parameters if parameter.distribution.name != "constant"]


def _point(plan: SweepPlan, point: Mapping[str, Any]) -> str:
    names = [name for name in _varying(plan) if name in point] or list(point)
    return " ".join(f"{name}={_text(point[name])}" for name in names)


def _text(value: object) -> str:
    return value if isinstance(value, str) else number(value) if isinstance(value, float) else json.dumps(value)


def _best_first(found: Results) -> list[Entry]:
    """By their best value; those outside of the present space, and those without a value or failed, at the end. Of several
    objectives the front stands first."""
    sign = -1.0 if found.plan.goal == MAXIMIZE else 1.0

    def key(entry: Entry) -> tuple[bool, bool, bool, float, int]:
        best, number = value_of(found, entry), entry.record.number
        last = best is None or entry.record.state in FAILED
        return (number not in found.front, last, bool(entry.trial.outside), 0.0 if best is None else sign * best, number)

    return sorted(found.entries, key=key)


def value_of(found: Results, entry: Entry) -> float | None:
    """What a trial has reached of the metric, of several objectives of the first; None: nothing."""
    if found.plan.sweep.beside and entry.record.number in found.outcomes:
        return found.outcomes[entry.record.number][0]
    return entry.trial.best(found.plan.goal)


def rows(found: Results) -> list[dict[str, str]]:
    """One row for each trial, the best first."""
    names = [*_varying(found.plan), *_former(found)]
    measured = {name: f"best.{name}" if name in OWN else name for name in (*found.plan.metrics, "value")}
    parameters = {name: f"config.{name}" if name in OWN or name in found.plan.metrics else name for name in names}
    strangers = any(entry.trial.outside for entry in found.entries)
    return [
        {
            "trial": str(entry.record.number),
            "id": entry.job[:8],
            "state": str(entry.record.state),
            **{parameters[name]: _text(entry.record.point[name]) if name in entry.record.point else "" for name in names},
            measured[found.plan.metric or "value"]: number(value_of(found, entry)),
            **{measured[name]: number(value) for name, value in beside(found, entry).items()},
            **({"front": "*" if entry.record.number in found.front else ""} if found.plan.sweep.beside else {}),
            "rows": str(len(entry.record.history)) if found.plan.metric else "",
            "time": duration(attempt.duration) if (attempt := found.attempts.get(entry.job)) else "",
            "GPU": gpus_of(attempt),
            **({"outside by": ", ".join(entry.trial.outside)} if strangers else {}),
        }
        for entry in _best_first(found)
    ]


def _former(found: Results) -> list[str]:
    """The parameters that some trials have and the space has no more, and those that it has fixed since."""
    fixed = [name for entry in found.entries for name in entry.trial.outside if name in entry.record.point]
    return [name for name in dict.fromkeys(fixed) if name not in _varying(found.plan)]


def farewell(found: Results, home: Home, *, interrupted: bool) -> list[str]:
    """The last words: how many of each state, the best trial and how to have it again, what mattered, what was saved."""
    states = Counter(str(entry.record.state) for entry in found.entries)
    notes = [f"{plural(len(found.entries), 'trial')}: {', '.join(f'{count} {state}' for state, count in states.items())}"]
    notes += [front_line(found)] if found.front else []
    if found.best:
        notes += _best_lines(found, found.best)
    if found.better:
        where = f"outside of the present space, by {', '.join(found.better.outside)}"
        value = f"{found.plan.metric} {number(value_of(found, found.entry(found.better)))}"
        notes.append(f"{'better' if found.best else 'best'}{by_which(found)}, but {where}: trial {found.better.number}, {value}")
    if found.importance:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in found.importance)
        for_what = f" for {found.plan.metric}" if found.plan.sweep.beside else ""
        notes.append(f"what mattered{for_what}, by these trials: {shares}")
    if found.saved and found.saved.stopped:
        notes.append(saved_line(found.saved))
    notes += [note] if (note := _hydra_note(found)) else []
    notes += how_to_send([(job, found.attempts.get(job.id)) for job in found.jobs.values()], home)
    if interrupted:
        notes.append("go on: the same command again")
    return notes


def _hydra_note(found: Results) -> str:
    whole = [entry.job for entry in found.entries if entry.record.state in SUCCEEDED and entry.job in found.attempts]
    return note_of_sharing(found.jobs[whole[0]].cwd, [found.attempts[job] for job in whole]) if whole else ""


def _best_lines(found: Results, best: Trial) -> list[str]:
    entry = found.entry(best)
    job, attempt = found.jobs[entry.job], found.attempts.get(entry.job)
    lines = [f"best{by_which(found)}: trial {best.number}, {found.plan.metric} {number(value_of(found, entry))}"]
    lines.append(f"  its command: {shell_line(job.argv)}")
    if _hands_on_nothing(found):
        given = " ".join(f"{name}={_text(value)}" for name, value in entry.record.point.items())
        lines.append(f"  its parameters, which that command does not say (`wandb.init` has them, in a trial): {given}")
    if attempt:
        elsewhere = directories(job, attempt)
        own = checkpoints(attempt, found.written, elsewhere)
        lines += [f"  its checkpoint: {path}{_copied(attempt, path)}" for path in own.files]
        lines += [f"  no checkpoint of its own: {doubt}" for doubt in own.doubts]
        lines.append(f"  its directory: {attempt.directory}")
        lines += [f"  its directory of Hydra's: {path}" for path in elsewhere]
    return lines


def _hands_on_nothing(found: Results) -> bool:
    """Whether trials of unlike points had the same command."""
    points = {json.dumps(entry.record.point, sort_keys=True) for entry in found.entries}
    return len(points) > 1 and len({job.argv for job in found.jobs.values()}) == 1


def _copied(attempt: Attempt, path: Path) -> str:
    size = size_of_copy(path, kept.read(attempt.directory))
    return f" (a copy of {size:,} bytes, made when it ended)" if size is not None else ""


def saved_line(found: Saved) -> str:
    stopped, rows = plural(found.stopped, "trial"), f"{found.rows:.0f}, a full trial has {found.full:g}"
    return f"{stopped} stopped early: about {found.share:.0%} of all rows were not computed ({rows})"


def as_object(found: Results, sightings: Sightings) -> dict[str, Any]:
    """The same for programs; the keys are part of the interface."""
    best = found.entry(found.best) if found.best else None
    return {
        "sweep": found.sweep,
        "file": found.plan.path,
        "method": found.plan.sweep.method,
        "metric": found.plan.metric,
        "goal": found.plan.goal,
        "objectives": [{"name": name, "goal": goal} for name, goal in objectives(found.plan)],
        "front": list(found.front) if found.plan.sweep.beside else None,
        "logged_instead": sorted(sightings.instead) if sightings.in_vain else None,
        "best": _trial_object(found, best) if best else None,
        "better_outside": found.better.number if found.better else None,
        "importance": dict(found.importance) if found.importance else None,
        "saved": {"rows": found.saved.rows, "share": found.saved.share} if found.saved else None,
        "trials": [_trial_object(found, entry) for entry in _best_first(found)],
    }


def _trial_object(found: Results, entry: Entry) -> dict[str, Any]:
    attempt = found.attempts.get(entry.job)
    elsewhere = directories(found.jobs[entry.job], attempt) if attempt else []
    own = checkpoints(attempt, found.written, elsewhere) if attempt else Checkpoints()
    return {
        "trial": entry.record.number,
        "id": entry.job,
        "state": str(entry.record.state),
        "point": dict(entry.record.point),
        "outside": list(entry.trial.outside),
        "value": value_of(found, entry),
        "beside": beside(found, entry),
        "history": list(entry.record.history),
        "stopped_because": json.loads(entry.record.verdict) if entry.record.verdict and _was_stopped(entry) else None,
        "argv": list(found.jobs[entry.job].argv),
        "duration": attempt.duration if attempt else None,
        "gpus": attempt.gpus if attempt else "",
        "elsewhere": attempt.elsewhere if attempt else "",
        "directory": attempt.directory if attempt else None,
        "hydra_directories": [str(path) for path in elsewhere],
        "checkpoints": [str(path) for path in own.files],
        "checkpoint_doubts": list(own.doubts),
    }


def _was_stopped(entry: Entry) -> bool:
    return entry.record.state is State.STOPPED_EARLY
