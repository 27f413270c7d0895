"""A sweep file of W&B: its top level, read and checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scheduler.errors import nearest
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.unusable import usable
from scheduler.goals import GOALS, MINIMIZE
from scheduler.sweeps.files.early_terminate import EarlyTerminate, read_early_terminate
from scheduler.sweeps.files.kinds import METHODS
from scheduler.sweeps.files.parameters import read_parameters
from scheduler.sweeps.space.distributions import Parameter
from scheduler.tracking.metric_log import Objective
from scheduler.values import dataclass

TEXTS = ("name", "description", "project", "entity")
KEYS = ("method", "parameters", "program", "command", "metric", "metrics", "run_cap", "early_terminate", *TEXTS)
SILENT = ("apiVersion", "kind")  # they say that the file is a sweep file
# W&B's, but not for us: what is said of each.
NOT_FOLLOWED = {
    "controller": "the search runs in this process",
    "job": "each trial is a process of this machine, started by program and command",
    "image_uri": "each trial is a process of this machine, started by program and command",
    "scheduler": "the search and the trials are this machine's, and nothing of W&B Launch takes part",
}
OF_SEVERAL = ("name", "goal")  # the keys of each of `metrics`
_EXAMPLE = {"metric": "{name: ..., goal: minimize}", "metrics": "[{name: ..., goal: minimize}, ...]"}
METRIC = ("name", "goal", "target", "impute", "impute_while_running")


@dataclass(frozen=True)
class Sweep:
    """What the file says, but for its command. `run_cap` is None for no cap. Of several objectives `metric` is the first, and
    `beside` are the others."""

    method: str
    parameters: tuple[Parameter, ...]
    metric: dict[str, object] | None = None
    run_cap: int | None = None
    early_terminate: EarlyTerminate | None = None
    beside: tuple[Objective, ...] = ()

    @property
    def goals(self) -> tuple[str, ...]:
        """Which way each of its objectives is better."""
        return (str((self.metric or {}).get("goal", MINIMIZE)), *(each.goal for each in self.beside))


def read_sweep(document: Document) -> Sweep:
    """Raises UserError at whatever is wrong. Text is taken literally: W&B knows no interpolation."""
    with document.at():
        top = values.mapping(document.value)
    _refuse_unknown(document, top)
    literal = replace(document, interpolates=False)
    metrics = _metrics(document, top)
    parameters = usable(literal, top["parameters"], ("parameters",), finite=False)
    return Sweep(
        method=str(top["method"]),
        parameters=read_parameters(document, parameters),
        metric=metrics[0] if metrics else None,
        run_cap=_run_cap(document, top["run_cap"]) if "run_cap" in top else None,
        early_terminate=read_early_terminate(document, top["early_terminate"]) if "early_terminate" in top else None,
        beside=tuple(Objective(str(each["name"]), str(each.get("goal", MINIMIZE))) for each in metrics[1:]),
    )


def _refuse_unknown(document: Document, top: dict[str, Any]) -> None:
    for key in top:
        if key not in (*KEYS, *SILENT, *NOT_FOLLOWED):
            raise document.error(f'unknown key "{key}" in a sweep file', key, key=True, next_step=nearest(key, KEYS))
    if "method" not in top:
        raise document.error("this sweep file names no method", next_step=f"add method: {METHODS[0]}")
    if top["method"] == "custom":
        what = "method custom leaves the search to a scheduler of W&B Launch, which is not followed here"
        raise document.error(what, "method", next_step=f"write one of {', '.join(METHODS)}")
    if top["method"] not in METHODS:
        method = top["method"]
        what = f'unknown method "{method}"' if isinstance(method, str) else f"expected a method, found {values.kind(method)}"
        raise document.error(what, "method", next_step=nearest(str(top["method"]), METHODS))
    if "parameters" not in top:
        raise document.error("this sweep file has no parameters", next_step='add "parameters:"')
    for key in (*TEXTS, "program"):
        with document.at(key):
            values.text("" if isinstance(top.get(key), list) and key == "program" else top.get(key, ""))


def _run_cap(document: Document, found: object) -> int:
    with document.at("run_cap"):
        return values.whole_number(values.whole(found), 1)


def _metrics(document: Document, top: dict[str, Any]) -> list[dict[str, object]]:
    """The objectives, the first one first."""
    if "metrics" not in top:
        return [_metric(document, top["metric"], METRIC, "metric")] if "metric" in top else []
    if "metric" in top:
        what = 'both "metric" and "metrics" are here'
        raise document.error(what, "metrics", key=True, next_step="write all of them into metrics, the most important first")
    with document.at("metrics"):
        listed = top["metrics"]
        if not isinstance(listed, list) or not listed:
            raise values.expected("a list of metrics", listed, "write metrics: [{name: ..., goal: minimize}, ...]")
    found = [_metric(document, each, OF_SEVERAL, "metrics", index) for index, each in enumerate(listed)]
    for index, each in enumerate(found):
        if any(each["name"] == other["name"] for other in found[:index]):
            raise document.error(f'"{each["name"]}" is there twice', "metrics", index, next_step="leave one of them out")
    return found


def _metric(document: Document, found: object, keys: tuple[str, ...], *where: str | int) -> dict[str, object]:
    with document.at(*where):
        if isinstance(found, str):
            raise values.expected("a mapping", found, f"write {{name: {found}, goal: minimize}}, or goal: maximize")
        metric = values.mapping(found)
        if "name" not in metric:
            raise values.expected('a metric with a "name"', found, f"write {where[0]}: {_EXAMPLE[str(where[0])]}")
    for key, value in metric.items():
        document.refuse_unknown([key], keys, *where)
        with document.at(*where, key):
            _check_metric(key, value)
    return metric


def _check_metric(key: str, value: object) -> None:
    if key == "target":
        values.finite(value)
    elif key == "goal":
        if value not in GOALS:
            raise values.expected("minimize or maximize", value)
    elif key == "impute":
        if value not in ("latest", "best", "worst"):
            raise values.expected("latest, best or worst", value)
    elif key == "impute_while_running":
        if value not in ("latest", "best", "worst", "false"):
            raise values.expected('latest, best, worst or "false"', value)
    elif key == "name":
        values.text(value)
