"""A sweep for people and for programs: its trials, the best of them, and what stopping early has saved. What is said before
it begins is in sweep_opening."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scheduler.actions.exports.texts import heads
from scheduler.actions.trials import Results
from scheduler.experiments import shell_line
from scheduler.goals import MAXIMIZE
from scheduler.home import Home
from scheduler.launcher import kept
from scheduler.queue.job import Attempt, Job
from scheduler.queue.states import SUCCEEDED, State
from scheduler.report.hydra_outputs import directories, note_of_sharing
from scheduler.report.jobs import gpus_of
from scheduler.report.objectives import beside, by_which, front_line, objectives
from scheduler.report.text import duration, number, plural, shortened
from scheduler.report.wandb_runs import how_to_send
from scheduler.sweeps.engine.budget import FAILED
from scheduler.sweeps.engine.checkpoints import (
    Checkpoints,
    checkpoints,
    size_of_copy,
)
from scheduler.sweeps.engine.live_trials import Book, Entry
from scheduler.sweeps.engine.sightings import Sightings
from scheduler.sweeps.stopping.verdicts import Saved
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial

LABEL_WIDTH = 60
NAMED = 5  # lost trials that the last words name
COLUMNS = ("trial", "id", "state", "front", "rows", "time", "GPU", "outside by")  # beside parameters and metrics


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
    names = heads([*_varying(found.plan), *_former(found)], COLUMNS, "point.")
    outcomes = heads(found.plan.metrics or ("value",), [*COLUMNS, *names.values()], "best.")
    strangers = any(entry.trial.outside for entry in found.entries)
    return [
        {
            "trial": str(entry.record.number),
            "id": entry.job[:8],
            "state": str(entry.record.state),
            **{head: _text(entry.record.point[name]) if name in entry.record.point else "" for name, head in names.items()},
            outcomes[found.plan.metric or "value"]: number(value_of(found, entry)),
            **{outcomes[name]: number(value) for name, value in beside(found, entry).items()},
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
    notes += _lost_lines(found)
    if interrupted:
        notes.append("go on: the same command again")
    return notes


def _lost_lines(found: Results) -> list[str]:
    """Those whose end nobody knows: the same command does not try them again, and its grid is over without them."""
    lost = [entry.job[:8] for entry in found.entries if entry.record.state is State.LOST]
    if not lost:
        return []
    retry = f"exp-queue retry {' '.join(lost) if len(lost) <= NAMED else 'ID'} --lost"
    return [f"nobody knows how {plural(len(lost), 'trial')} ended: `{retry}` runs such again"]


def _hydra_note(found: Results) -> str:
    whole = [entry.job for entry in found.entries if entry.record.state in SUCCEEDED and entry.job in found.attempts]
    return note_of_sharing(found.jobs[whole[0]].cwd, [found.attempts[job] for job in whole]) if whole else ""


def _best_lines(found: Results, best: Trial) -> list[str]:
    entry = found.entry(best)
    job, attempt = found.jobs[entry.job], found.attempts.get(entry.job)
    state = "" if entry.record.state in SUCCEEDED else f" ({entry.record.state})"
    lines = [f"best{by_which(found)}: trial {best.number}, {found.plan.metric} {number(value_of(found, entry))}{state}"]
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
