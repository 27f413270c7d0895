"""Jobs side by side: the rows of a comparison, for people and for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.actions.columns import BASE, FACTS, Column, Vocabulary
from scheduler.actions.compare import Comparison, Means, Statistics, Together
from scheduler.report.columns import Layout
from scheduler.report.text import duration, number, plural

NARROW = 10  # columns of a terminal that a number takes at most, where there is too little room
MOMENTS = ("submitted", "started", "ended")


def table(found: Comparison) -> list[dict[str, str]]:
    """Rows for people, under the words of the columns."""
    return [
        {column.word: shown(column, value) for column, value in zip(found.columns, row, strict=True)} for row in found.values()
    ]


def layout(columns: Sequence[Column]) -> Layout:
    """What gives way on a narrow terminal: the metrics after the first, the last of them first."""
    metrics = [column.word for column in columns if column.metric]
    return Layout({"group": 16, "name": 20, **dict.fromkeys(metrics, NARROW)}, {}, metrics[1:])


def shown(column: Column, value: Any) -> str:
    """A value for people."""
    if value is None:
        return ""
    if column.word == "id":
        return str(value)[:8]
    if column.word == "duration":
        return duration(value)
    if column.word in MOMENTS:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(value))
    if isinstance(value, (list, dict, bool)):
        return json.dumps(value)
    return number(value)


def objects(found: Comparison) -> list[dict[str, Any]]:
    """Objects for programs: what every object about a job has, and the columns by their words."""
    return [
        {**{name: FACTS[name](each) for name in BASE}, **{column.word: column.value(each) for column in found.columns}}
        for each in found.rows
    ]


def flat_rows(found: Comparison) -> list[dict[str, Any]]:
    """The columns alone, for a CSV or JSON lines."""
    return [{column.word: value for column, value in zip(found.columns, row, strict=True)} for row in found.values()]


def table_of_means(found: Means) -> list[dict[str, str]]:
    """Rows for people: `0.421 ± 0.013`, how many values that is of, and how many jobs are not in it."""
    return [
        {
            **{name: shown(Column(name, lambda each: None), each.shown.get(name)) for name in _telling(found)},
            "jobs": str(len(each.succeeded)),
            **{column.word: _mean(each.statistics[column.word], len(each.succeeded)) for column in found.columns},
            "left out": _left_out(each),
            "program": f"{each.versions} versions" if each.versions > 1 else "",
        }
        for each in found.rows
    ]


def _telling(found: Means) -> list[str]:
    return list(dict.fromkeys(name for each in found.rows for name in each.shown))


def _mean(of: Statistics, jobs: int) -> str:
    if of.mean is None:
        return ""
    spread = f" ± {of.deviation:.2g}" if of.deviation is not None else ""
    return f"{number(of.mean)}{spread}{f' (of {of.count})' if of.count != jobs else ''}"


def _left_out(each: Together) -> str:
    told = (f"{each.failed} failed" if each.failed else "", f"{each.unfinished} not over" if each.unfinished else "")
    return ", ".join(filter(None, told))


def objects_of_means(found: Means) -> list[dict[str, Any]]:
    """One flat object for each group: `best.loss.mean`, `.std`, `.count`; `config` by dotted names."""
    return [
        {
            **{name: each.shown.get(name) for name in _telling(found)},
            "jobs": len(each.succeeded),
            "failed": each.failed,
            "unfinished": each.unfinished,
            "versions": each.versions,
            **{name: value for column in found.columns for name, value in _statistics(column, each).items()},
        }
        for each in found.rows
    ]


def _statistics(column: Column, each: Together) -> Mapping[str, Any]:
    of = each.statistics[column.word]
    return {f"{column.word}.mean": of.mean, f"{column.word}.std": of.deviation, f"{column.word}.count": of.count}


def about_goals(guessed: Sequence[str], known: Vocabulary) -> list[str]:
    """What is taken for best, where nobody has said it."""
    goals = {name: known.goal(name) for name in guessed}
    return [
        f"of {name} the {'largest' if goal == 'maximize' else 'smallest'} value is taken for the best, by its name; "
        f"`--sort {name}:{'min' if goal == 'maximize' else 'max'}` says otherwise"
        for name, goal in goals.items()
    ]


def nothing_differs(found: Comparison) -> str:
    """Where only their ids tell these jobs apart."""
    if len(found.columns) > 1 or len(found.rows) < 2:
        return ""
    return f"these {plural(len(found.rows), 'job')} differ in nothing that is known: parameters, command, code, or what came out"


def about_means(found: Means) -> list[str]:
    """What stands in the table of means, and what is taken for best in it."""
    failed, unfinished = sum(each.failed for each in found.rows), sum(each.unfinished for each in found.rows)
    names = ", ".join(found.by)
    told = (f"{failed} that did not succeed" if failed else "", f"{unfinished} that are not over" if unfinished else "")
    left = f"; left out: {' and '.join(filter(None, told))}" if any(told) else ""
    what = f"mean ± sample standard deviation over {names}, of each experiment's newest job that succeeded{left}"
    return [what, *_about_versions(found), *about_goals(found.guessed, found.vocabulary)]


def _about_versions(found: Means) -> list[str]:
    mixed = sum(each.versions > 1 for each in found.rows)
    if not mixed:
        return []
    which = "this is a mean" if len(found.rows) == 1 else f"{mixed} of these {'is a mean' if mixed == 1 else 'are means'}"
    return [f"{which} over jobs of several versions of their program; without --group-by, `--diff` shows which (code)"]
