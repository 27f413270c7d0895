"""A sweep file at a glance: what kind of search it is, how many points a grid has, and how it is started."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scheduler.actions.check import Overview
from scheduler.experiments import shell_line
from scheduler.report.objectives import objectives
from scheduler.report.overview import objects as of_a_list
from scheduler.report.text import plural
from scheduler.sweeps.sweep import SweepPlan


def verdict(found: Overview) -> str:
    """That it is right, and what comes next; above a table of its first points."""
    head = f"the file is right; it searches {', '.join(found.differing) or 'nothing'}"
    if found.points is None:
        return f"{head}; `{_start(found)}` runs it, with points like these:"
    capped = f", of which run_cap leaves {found.count:,}" if found.count is not None and found.count < found.points else ""
    listed = shell_line(("exp-queue", "run", found.path))
    runs = f"`{_start(found)}` runs it, `{listed}` the same as a list, each to its end:"
    return f"{head}: {plural(found.points, 'point')}{capped}; {runs}"


def as_object(found: Overview, plan: SweepPlan) -> dict[str, Any]:
    """The same for programs: what is said of every file, and `sweep`."""
    return {**of_a_list(found), "sweep": about(found, plan)}


def about(found: Overview, plan: SweepPlan) -> dict[str, Any]:
    """What is searched, and how, as plain values."""
    rule = plan.sweep.early_terminate
    return {
        "method": plan.sweep.method,
        "points": found.points,
        "run_cap": plan.sweep.run_cap,
        "objectives": [{"name": name, "goal": goal} for name, goal in objectives(plan)],
        "target": plan.target,
        "early_terminate": asdict(rule) if rule else None,
        "start": _start(found),
    }


def _start(found: Overview) -> str:
    return shell_line(("exp-queue", "sweep", found.path))
