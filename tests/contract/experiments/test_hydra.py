"""The recorded answers of Hydra are what a real Hydra says.

hydra-core pins an older OmegaConf than ours, so it lives in an environment of its own:
EXP_QUEUE_HYDRA_PYTHON names the Python of an environment with hydra-core 1.3.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.experiments import read
from tests.conftest import ROOT

CASES = json.loads((ROOT / "tests" / "data" / "experiments" / "hydra_cases.json").read_text())


@pytest.fixture(scope="module")
def hydra():
    """What the real Hydra makes of all cases."""
    python = os.environ.get("EXP_QUEUE_HYDRA_PYTHON")
    if not python:
        pytest.skip("EXP_QUEUE_HYDRA_PYTHON names no Python that has hydra-core")
    script = ROOT / "tests" / "contract" / "experiments" / "hydra_compose.py"
    done = subprocess.run([python, str(script)], input=json.dumps(CASES), capture_output=True, text=True, check=True)
    return dict(zip([case["name"] for case in CASES], json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_hydra_still_says_what_is_recorded(hydra, case):
    """A recording that was edited by hand, or that Hydra has outgrown, would prove nothing."""
    found, recorded = hydra[case["name"]], case["hydra"]
    assert found.keys() == recorded.keys()
    assert found.get("config") == recorded.get("config")


WORDS = st.text(st.sampled_from("\\'\" a,:=[]{}()#@+-~&|<>.0e\t"), max_size=8) | st.sampled_from(
    ["true", "null", "1e-3", "nan", "inf", "off", "007", "1_000", "x y", "it's", "", "a=b", "/data/x.txt", "http://x/y?z", "grün"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c1", "long_name"]), inner, max_size=2)
    ),
)
CONFIGS = st.dictionaries(st.sampled_from(["lr", "net", "train", "x"]), VALUES, min_size=1)


def test_a_hydra_program_reads_the_configuration_that_the_hydra_style_writes(tmp_path):
    """`--style hydra` is of use only if the program sees the same values, types included."""
    python = os.environ.get("EXP_QUEUE_HYDRA_PYTHON")
    if not python:
        pytest.skip("EXP_QUEUE_HYDRA_PYTHON names no Python that has hydra-core")
    configs: list[dict] = []

    @settings(max_examples=400, database=None, derandomize=True)
    @given(CONFIGS)
    def collect(config):
        configs.append(config)

    collect()
    (tmp_path / "e.json").write_text(json.dumps({"command": ["x"], "experiments": configs}))
    lines = [one.argv[1:] for one in read(str(tmp_path / "e.json"), style="hydra").experiments()]
    cases = [{"files": {}, "defaults": ["_self_"], "base": {}, "overrides": line} for line in lines]
    script = ROOT / "tests" / "contract" / "experiments" / "hydra_compose.py"
    done = subprocess.run([python, str(script)], input=json.dumps(cases), capture_output=True, text=True, check=True)
    wrong = [
        (config, line, found)
        for config, line, found in zip(configs, lines, json.loads(done.stdout), strict=True)
        if json.dumps(found.get("config"), sort_keys=True) != json.dumps(config, sort_keys=True)
    ]
    assert wrong == []


def test_hydra_takes_the_options_of_groups_that_the_hydra_style_chooses(tmp_path):
    """A group of the defaults list, one beside it, and values in what they choose: each has a sign of its own."""
    python = os.environ.get("EXP_QUEUE_HYDRA_PYTHON")
    if not python:
        pytest.skip("EXP_QUEUE_HYDRA_PYTHON names no Python that has hydra-core")
    files = {"model/small.yaml": "layers: 1", "model/large.yaml": "layers: 9", "db/mysql.yaml": "port: 1"}
    text = "grid: {model: [small, large], model.layers: [5]}\nbase: {db: mysql, db.port: 2, lr: 3}\n"
    (tmp_path / "grid.yaml").write_text(f"{text}groups: [model, +db]\ncommand: [x, '${{args_override_hydra}}']\n")
    lines = [one.argv[1:] for one in read(str(tmp_path / "grid.yaml")).experiments()]
    cases = [{"files": files, "defaults": [{"model": "small"}, "_self_"], "base": {}, "overrides": line} for line in lines]
    script = ROOT / "tests" / "contract" / "experiments" / "hydra_compose.py"
    done = subprocess.run([python, str(script)], input=json.dumps(cases), capture_output=True, text=True, check=True)
    expected = {"config": {"model": {"layers": 5}, "db": {"port": 2}, "lr": 3}}
    assert json.loads(done.stdout) == [expected, expected]
