"""Config groups, interpolation and overrides against what Hydra 1.3.2 made of the same files, recorded in hydra_cases.json.

tests/contract/experiments/test_hydra.py asks a real Hydra again, where there is one.
"""

from __future__ import annotations

import json

import pytest

from scheduler.errors import UserError
from scheduler.experiments import read
from tests.conftest import ROOT

CASES = json.loads((ROOT / "tests" / "data" / "experiments" / "hydra_cases.json").read_text())
GOOD = [case for case in CASES if "config" in case["hydra"]]
BAD = [case for case in CASES if "error" in case["hydra"]]


def composed(folder, case):
    text = json.dumps({"defaults": case["defaults"], "base": case["base"], "command": ["x", "${args_json}"]})
    for name, content in {**case["files"], "experiments.yaml": text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (experiment,) = read(str(folder / "experiments.yaml"), case["overrides"]).experiments()
    return experiment.config


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_what_hydra_composes_we_compose_too(tmp_path, case):
    """A config tree that was made for Hydra must mean the same here."""
    assert composed(tmp_path, case) == case["hydra"]["config"]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["name"])
def test_what_hydra_refuses_we_refuse_too(tmp_path, case):
    """Where Hydra sees a mistake, silence from us would hide it."""
    with pytest.raises(UserError):
        composed(tmp_path, case)


def test_there_are_cases_of_both_kinds():
    """Without the file, the tests above would pass on nothing."""
    assert (len(GOOD) >= 40, len(BAD) >= 10) == (True, True)
