"""Sweep files with every feature that files of strangers have, against what W&B makes of them.

tests/data/sweeps/strangers.json was recorded from W&B's client 0.31.0 and its engine `sweeps` 0.3.0; how to make it again
stands in tests/contract/sweeps/ask_wandb.py. Where we differ, both sides are written down here, and the guide says so.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import UserError
from scheduler.sweeps.search.search import open_search
from scheduler.sweeps.sweep import SweepPlan, read_plan
from tests.conftest import ROOT

FILES = ROOT / "tests" / "data" / "sweeps" / "strangers"
CASES: dict[str, dict[str, Any]] = {case["file"]: case for case in json.loads((FILES.parent / "strangers.json").read_text())}
GUIDE = " ".join((ROOT / "docs" / "guide" / "sweeps.md").read_text().split("## What differs from W&B")[1].split())


@dataclass(frozen=True)
class Differs:
    """How our answer differs: our first command line, or our message without its file; and the words of the guide about it."""

    ours: str
    guide: str


ENV = "/usr/bin/env python train.py "
BOTH = ENV + "--layers=2 --lr=0.1"
TWO_ERAS = "reads YAML 1.2, where W&B's client reads YAML 1.1"
DIFFERENT = {
    # Read otherwise.
    "yes_and_no.yaml": Differs(ENV + "--a=yes", TWO_ERAS),
    "on_as_a_name.yaml": Differs(ENV + "--on=1", TWO_ERAS),
    "leading_zeros.yaml": Differs(ENV + "--a=10", TWO_ERAS),
    "underscores.yaml": Differs(ENV + "--a=1_000", TWO_ERAS),
    "clock_times.yaml": Differs(ENV + "--a=1:30", TWO_ERAS),
    "dates.yaml": Differs(ENV + "--a=2024-01-01", TWO_ERAS),
    "exponents_without_a_point.yaml": Differs(ENV + "--lr=0.001", "`1e-5` is a number"),
    "hydra_words.yaml": Differs(ENV + "++fast=true \"++note='two words'\" ++resume=null", "as Hydra reads them"),
    "hydra_nested.yaml": Differs(ENV + "+optimizer.lr=0.1 +optimizer.name=adam +seed=1", "nested ones by dotted keys"),
    "hydra_escaped.yaml": Differs(ENV + "'name=${model}' --layers=2 --lr=0.1", "`\\${` is the text `${`"),
    "hydra_from_brace_to_brace.yaml": Differs(ENV + "'${model}/${data}' --layers=2 --lr=0.1", "`${a}/${b}`"),
    "nested.yaml": Differs(
        ENV + "\"--optimizer={'lr': 0.1, 'name': 'adam'}\" --seed=1", "Nested parameters stand in their place"
    ),
    "nested_json.yaml": Differs(
        ENV + '\'{"optimizer": {"lr": 0.1, "name": "adam"}, "seed": 1}\'', "Nested parameters stand in their place"
    ),
    # Taken here.
    "command_as_text.yaml": Differs(BOTH, "`command` may be one text"),
    "program_as_a_list.yaml": Differs("/usr/bin/env python train.py --fast --layers=2 --lr=0.1", "`program` a list"),
    "launch_scheduler.yaml": Differs(BOTH, "whatever stands in them"),
    "exponents_without_a_point_as_bounds.yaml": Differs("", "`1e-5` is a number"),
    "exponents_as_bounds.yaml": Differs("", "`log_uniform`, `inv_log_uniform`, `q_log_uniform`"),
    "exponents_as_bounds_by_mistake.yaml": Differs("", "`log_uniform`, `inv_log_uniform`, `q_log_uniform`"),
    # Refused here.
    "bayes_without_a_metric.yaml": Differs(
        '1:1: method bayes needs a metric; add "metric: {name: val_loss, goal: minimize}"', "`bayes` without a metric"
    ),
    "several_metrics.yaml": Differs(
        "2:9: method custom leaves the search to a scheduler of W&B Launch, which is not followed here; "
        "write one of grid, random, bayes",
        "method `custom`",
    ),
    "key_given_twice.yaml": Differs('3:1: "method" is given twice; it was first given in line 2; keep one', "a key given twice"),
    "command_with_a_list.yaml": Differs("7:5: expected text, found a list", "a list, a mapping or nothing as an argument"),
    "environment_unset.yaml": Differs(
        "7:5: the environment variable NOT_SET_ANYWHERE is not set; export NOT_SET_ANYWHERE=... before this command",
        "`${envvar:NAME}` that is not set",
    ),
    "macro_that_nobody_knows.yaml": Differs(
        '7:5: unknown macro ${arguments}; did you mean "args"? (for the text itself write \\${arguments})',
        "an unknown `${macro}`",
    ),
}
ALIKE = [name for name in CASES if name not in DIFFERENT]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that the files name, and a PATH on which there is a `python`, as W&B always takes for granted."""
    (tmp_path / "python").write_text("#!/bin/sh\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DATA_ROOT", "/data")


def refused(case: Mapping[str, Any]) -> bool:
    """By the client, by the engine, or by the agent, which fails at the first trial."""
    return "refused" in case or "fails" in case


def read(name: str) -> SweepPlan:
    """Also what only the search finds counts."""
    plan = read_plan(str(FILES / name))
    open_search(plan.sweep, method=None if plan.sweep.method == "grid" else "random")
    return plan


def at(plan: SweepPlan, point: Mapping[str, Any]) -> tuple[object, ...]:
    """The values of a point of W&B's, in our order."""
    found = []
    for parameter in plan.parameters:
        value: Any = point
        for key in parameter.path:
            value = value[key]
        found.append(value)
    return tuple(found)


def started(plan: SweepPlan, case: Mapping[str, Any]) -> list[list[str]]:
    """Our command lines: of a grid its own first points, of a search the points that W&B has drawn."""
    points = case.get("points", [])
    if plan.sweep.method == "grid":
        search = open_search(plan.sweep)
        asked = [search.ask(number) for number in range(max(1, len(points)))]
        return [shown(plan, values) for values in asked if values is not None]
    return [shown(plan, at(plan, point)) for point in points]


def answer(name: str, case: Mapping[str, Any]) -> tuple[list[list[str]], str]:
    """Our command lines, none where W&B has drawn no points; else our message without the file."""
    try:
        return started(read(name), case), ""
    except UserError as error:
        return [], str(error).split(f"{name}:")[1]


def shown(plan: SweepPlan, values: tuple[object, ...]) -> list[str]:
    experiment = plan.experiment(values)
    file = str(experiment.argument_file)
    return [
        word for token in experiment.argv for word in (("<file>", experiment.arguments_as_json) if token == file else (token,))
    ]


@pytest.mark.parametrize("name", [name for name in ALIKE if refused(CASES[name])])
def test_what_wandb_refuses_is_refused_at_its_place(name):
    """A file that is mended here must run there."""
    with pytest.raises(UserError):
        read(name)


@pytest.mark.parametrize("name", [name for name in ALIKE if not refused(CASES[name])])
def test_what_wandb_takes_is_started_with_its_command_line(name):
    """Word for word, so that no script can tell the difference."""
    assert started(read(name), CASES[name]) == CASES[name]["argvs"]


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_is_what_is_written_down_and_in_the_guide(name):
    """A difference that nobody knows of is a fault; one that is gone must leave the list."""
    differs, case = DIFFERENT[name], CASES[name]
    assert differs.guide in GUIDE
    lines, message = answer(name, case)
    assert (shlex.split(differs.ours) in lines) if lines else (message == differs.ours)
    assert refused(case) != bool(message) or (not message and lines != case["argvs"])


def test_every_file_has_an_answer_and_every_kind_has_files():
    """The tests above must not pass on nothing."""
    assert set(CASES) == {path.name for path in FILES.iterdir()}
    assert DIFFERENT.keys() <= CASES.keys()
    assert len(CASES) >= 60
    assert sum(refused(CASES[name]) for name in ALIKE) >= 20
    assert sum(not refused(CASES[name]) for name in ALIKE) >= 50
