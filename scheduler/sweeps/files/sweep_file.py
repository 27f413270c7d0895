"""A sweep file of W&B: its top level, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from scheduler.errors import nearest
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.document.unusable import usable
from scheduler.goals import GOALS
from scheduler.sweeps.files.early_terminate import EarlyTerminate, read_early_terminate
from scheduler.sweeps.files.kinds import METHODS
from scheduler.sweeps.files.parameters import read_parameters
from scheduler.sweeps.space.distributions import Parameter

TEXTS = ("name", "description", "project", "entity")
KEYS = ("method", "parameters", "program", "command", "metric", "run_cap", "early_terminate", *TEXTS)
SILENT = ("apiVersion", "kind")  # they say that the file is a sweep file
# W&B's, but not for us: what is said of each.
NOT_FOLLOWED = {
    "controller": "the search runs in this process",
    "job": "each trial is a process of this machine, started by program and command",
    "image_uri": "each trial is a process of this machine, started by program and command",
    "scheduler": "the search and the trials are this machine's, and nothing of W&B Launch takes part",
    "metrics": "a sweep here has one objective, and that is `metric`",
}
METRIC = ("name", "goal", "target", "impute", "impute_while_running")


@dataclass(frozen=True)
class Sweep:
    """What the file says, but for its command. `run_cap` is None for no cap."""

    method: str
    parameters: tuple[Parameter, ...]
    metric: dict[str, object] | None = None
    run_cap: int | None = None
    early_terminate: EarlyTerminate | None = None


def read_sweep(document: Document) -> Sweep:
    """Raises UserError at whatever is wrong. Text is taken literally: W&B knows no interpolation."""
    with document.at():
        top = values.mapping(document.value)
    _refuse_unknown(document, top)
    literal = replace(document, interpolates=False)
    parameters = usable(literal, top["parameters"], ("parameters",), finite=False)
    return Sweep(
        method=str(top["method"]),
        parameters=read_parameters(document, parameters),
        metric=_metric(document, top["metric"]) if "metric" in top else None,
        run_cap=_run_cap(document, top["run_cap"]) if "run_cap" in top else None,
        early_terminate=read_early_terminate(document, top["early_terminate"]) if "early_terminate" in top else None,
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
        what = f"unknown method {values.kind(top['method'])}"
        raise document.error(what, "method", next_step=nearest(str(top["method"]), METHODS))
    if "parameters" not in top:
        raise document.error("this sweep file has no parameters", next_step='add "parameters:"')
    for key in (*TEXTS, "program"):
        with document.at(key):
            values.text("" if isinstance(top.get(key), list) and key == "program" else top.get(key, ""))


def _run_cap(document: Document, found: object) -> int:
    with document.at("run_cap"):
        return values.whole_number(values.whole(found), 1)


def _metric(document: Document, found: object) -> dict[str, object]:
    with document.at("metric"):
        metric = values.mapping(found)
        if "name" not in metric:
            raise values.expected('a metric with a "name"', found, "write metric: {name: ..., goal: minimize}")
    for key, value in metric.items():
        if key not in METRIC:
            raise document.error(f'unknown key "{key}"', "metric", key, key=True, next_step=nearest(key, METRIC))
        with document.at("metric", key):
            _check_metric(key, value)
    return metric


def _check_metric(key: str, value: object) -> None:
    if key == "target":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise values.expected("a number", value)
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
