"""Sweep configurations against what W&B's own engine accepts, and the grids that it makes of them.

tests/data/sweeps/wandb_cases.json was recorded from the package `sweeps` 0.3.0 of W&B: `SweepConfig` for what is
accepted, `grid_search_next_runs` for the order of a grid.
"""

from __future__ import annotations

import json

import pytest

from scheduler.errors import UserError
from scheduler.experiments.document.document import open_document
from scheduler.sweeps import read_file
from scheduler.sweeps.files.sweep_file import read_sweep
from tests.conftest import ROOT

CASES = json.loads((ROOT / "tests" / "data" / "sweeps" / "wandb_cases.json").read_text())
# W&B refuses these since 0.2, but older files hold them, and their meaning is documented.
DEPRECATED = ("log_uniform", "inv_log_uniform", "q_log_uniform")


def deprecated(case) -> bool:
    return any(f'"{name}"' in json.dumps(case["config"]) for name in DEPRECATED)


ACCEPTED = [case for case in CASES if case["accepted"] or deprecated(case)]
REFUSED = [case for case in CASES if not (case["accepted"] or deprecated(case))]
GRIDS = [case for case in CASES if case.get("grid")]
NO_GRID = [case for case in CASES if case["accepted"] and not case["grid"]]


def name(case) -> str:
    return json.dumps(case["config"])[:120]


@pytest.fixture
def path(tmp_path):
    def writer(case):
        (tmp_path / "sweep.json").write_text(json.dumps({"program": "train.py", **case["config"]}))
        return str(tmp_path / "sweep.json")

    return writer


@pytest.mark.parametrize("case", ACCEPTED, ids=name)
def test_what_wandb_accepts_is_accepted(path, case):
    """A file that runs there must not have to be changed."""
    assert read_sweep(open_document(path(case))).parameters


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_what_wandb_refuses_is_refused_with_a_place(path, case):
    """A file that is mended here must run there."""
    with pytest.raises(UserError) as caught:
        read_sweep(open_document(path(case)))
    assert caught.value.where is not None
    assert caught.value.where.line == 1


@pytest.mark.parametrize("case", GRIDS, ids=name)
def test_a_grid_has_the_same_points_in_the_same_order(path, case):
    """Sorted by name, the last fastest, each point once, and no more than run_cap."""
    wanted = case["grid"][: case["config"].get("run_cap")]
    found = read_file(path(case))
    assert [experiment.config for experiment in found.experiments()] == wanted
    assert found.count() == found.at_most() == len(wanted)


@pytest.mark.parametrize("case", NO_GRID, ids=name)
def test_what_a_grid_cannot_enumerate_is_refused_as_wandb_does(path, case):
    """A continuous parameter has no list of values."""
    with pytest.raises(UserError, match="a grid cannot enumerate"):
        read_file(path(case))


def test_the_recording_holds_cases_of_every_kind():
    """The tests above must not pass on nothing."""
    assert [len(found) >= least for found, least in ((ACCEPTED, 40), (REFUSED, 50), (GRIDS, 25), (NO_GRID, 10))] == [True] * 4
