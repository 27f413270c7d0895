"""Sweeps seen again: the list of all, and one of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from scheduler.actions.sweeps import Improvement, Listed, Seen
from scheduler.home import Home
from scheduler.report import evidence
from scheduler.report.objectives import aims
from scheduler.report.sweeps import as_object, farewell
from scheduler.report.text import number, plural
from scheduler.report.trials import objects_of_bands
from scheduler.sweeps.engine.sightings import Sightings

NAMED = 8  # improvements that a sentence tells, the last ones


def table(found: Sequence[Listed]) -> list[dict[str, str]]:
    """One row for each sweep."""
    return [
        {
            "id": each.sweep.id[:8],
            "begun": _moment(each.sweep.created),
            "file": each.sweep.file,
            "method": each.plan.sweep.method,
            "metric": ", ".join(each.plan.metrics),
            "best": number(each.best_value),
            "trial": str(best.number) if (best := each.best) else "",
            "trials": str(len(each.entries)),
            "states": ", ".join(f"{count} {state}" for state, count in each.states.items()),
        }
        for each in found
    ]


def objects(found: Sequence[Listed]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "id": each.sweep.id,
            "file": each.sweep.file,
            "created": each.sweep.created,
            "method": each.plan.sweep.method,
            "metric": each.plan.metric,
            "goal": each.plan.goal if each.plan.metric else None,
            "best": each.best_value,
            "best_trial": best.number if (best := each.best) else None,
            "trials": len(each.entries),
            "states": dict(each.states),
        }
        for each in found
    ]


def opening(found: Seen) -> list[str]:
    """Which sweep it is."""
    plan, sweep = found.listed.plan, found.listed.sweep
    goal = f", {aims(plan)}" if plan.metric else ""
    method = f", method {plan.sweep.method}" if plan.sweep.method else ""
    head = f"sweep {sweep.id[:8]} of {sweep.file}, begun {_moment(sweep.created)}{method}{goal}"
    return [head, *evidence.afterwards(found.evidence, plan.sweep.method)]


def ending(found: Seen, home: Home) -> list[str]:
    """What is said below its table."""
    notes = farewell(found.results, home, interrupted=False)
    if told := _course(found.improvements):
        notes.insert(1, told)
    return notes


def _course(improvements: Sequence[Improvement]) -> str:
    """How the best value came about, from the first to the last."""
    if len(improvements) < 2:
        return ""
    shown = improvements[-NAMED:]
    told = ", ".join(f"{number(each.value)} (trial {each.trial})" for each in shown)
    return f"best by then: {'..., ' * (len(improvements) > NAMED)}{told}"


def as_one_object(found: Seen) -> dict[str, Any]:
    """All about one sweep for programs: as at the end of `sweep`, and its bands and its course."""
    return {
        **as_object(found.results, Sightings(found.listed.plan.metric)),
        "created": found.listed.sweep.created,
        "pruner": found.listed.pruner,
        "bands": objects_of_bands(found.bands),
        "evidence": evidence.objects(found.evidence),
        "improvements": [{"trial": each.trial, "value": each.value, "ended": each.ended} for each in found.improvements],
    }


def flat_trials(found: Seen) -> list[dict[str, Any]]:
    """One flat row for each trial, for a CSV or JSON lines."""
    return [
        {
            **{name: each[name] for name in ("trial", "id", "state")},
            **{f"point.{name}": value for name, value in each["point"].items()},
            "value": each["value"],
            **{f"beside.{name}": value for name, value in each["beside"].items()},
            **{name: each[name] for name in ("duration", "gpus", "directory")},
            "rows": len(each["history"]),
        }
        for each in as_one_object(found)["trials"]
    ]


def band_heading(found: Seen) -> str:
    """What the table of bands is."""
    return f"compared after so many rows, as it stands ({plural(len(found.bands), 'band')} reached):"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
