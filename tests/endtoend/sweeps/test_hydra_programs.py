"""Hydra applications as trials and as experiments: each has a directory of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

APP = """
import hydra, pathlib
from hydra.core.hydra_config import HydraConfig

@hydra.main(version_base=None, config_path=None)
def main(config):
    place = pathlib.Path(HydraConfig.get().runtime.output_dir)
    (place / "model.pt").write_text(str(config.lr))
    print(f"loss: {config.lr}", flush=True)

main()
"""

# What of Hydra the application uses, in a world where it is always the same second.
STAND_IN = """
import os, re, sys, types
place = {}

def main(**_):
    def of(function):
        def run():
            words = dict(word.lstrip("+").split("=", 1) for word in sys.argv[1:])
            text = words.get("hydra.run.dir", "outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}")
            place["is"] = re.sub(r"[$]{now:([^}]*)}", lambda found: "10-00-00" if "H" in found[1] else "2026-01-01", text)
            os.makedirs(place["is"] + "/.hydra", exist_ok=True)
            function(types.SimpleNamespace(lr=float(words["lr"])))
        return run
    return of
"""
CONFIG = """
from types import SimpleNamespace
from hydra import place

class HydraConfig:
    @staticmethod
    def get():
        return SimpleNamespace(runtime=SimpleNamespace(output_dir=place["is"]))
"""
COMMAND = 'command: [PYTHON, app.py, "${args_override_hydra}"]\n'
SWEEP = f"{COMMAND}method: random\nmetric: {{name: loss, goal: minimize}}\nparameters: {{lr: {{values: [0.5]}}}}\n"


@pytest.fixture(params=["a stand-in", "the real one"])
def python(request, sweeps) -> str:
    """The Python of an environment with Hydra; its application is at hand."""
    sweeps.write("app.py", APP)
    if request.param == "a stand-in":
        sweeps.write("hydra/__init__.py", STAND_IN)
        sweeps.write("hydra/core/__init__.py", "")
        sweeps.write("hydra/core/hydra_config.py", CONFIG)
        return "python"
    if "EXP_QUEUE_HYDRA_PYTHON" not in os.environ:
        pytest.skip("EXP_QUEUE_HYDRA_PYTHON names no Python that has hydra-core")
    return os.environ["EXP_QUEUE_HYDRA_PYTHON"]


def made(sweeps) -> list[Path]:
    return sorted(path.parent for path in (sweeps.directory / "outputs").glob("*/*/model.pt"))


def test_trials_of_one_second_write_nothing_over_also_at_the_same_point(sweeps, python):
    """Eight trials left one directory, and it was anybody's. The best one's checkpoint can be named now."""
    sweeps.write("sweep.yaml", SWEEP.replace("PYTHON", python))
    found = sweeps.sweep("--count", "3", "-j3")
    assert len(made(sweeps)) == 3
    assert [Path(each).parent for trial in found["trials"] for each in trial["checkpoints"]] == [
        Path(each) for trial in found["trials"] for each in trial["hydra_directories"]
    ]
    assert sorted(Path(each) for trial in found["trials"] for each in trial["hydra_directories"]) == made(sweeps)


def test_experiments_of_one_second_have_directories_of_their_own(sweeps, python):
    """`run` starts as many at once as a sweep."""
    sweeps.write("grid.yaml", COMMAND.replace("PYTHON", python) + "grid: {lr: [0.1, 0.2, 0.3, 0.4]}\n")
    result = sweeps("run", "grid.yaml", "-j4")
    assert result.returncode == 0, result.stderr
    assert sorted((path / "model.pt").read_text() for path in made(sweeps)) == ["0.1", "0.2", "0.3", "0.4"]


def test_check_says_what_is_added_to_the_command(sweeps, python):
    """An argument that its owner has not written should not surprise anybody."""
    sweeps.write("sweep.yaml", SWEEP.replace("PYTHON", python))
    sentence = "app.py is a Hydra application: hydra.run.dir=outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}_ID"
    assert sentence in sweeps("check", "sweep.yaml").stdout
    assert sentence in sweeps("sweep", "--dry-run").stderr
    sweeps.write("grid.yaml", COMMAND.replace("PYTHON", python) + "grid: {lr: [0.1, 0.2]}\n")
    assert sentence in sweeps("check", "grid.yaml").stdout
    assert [each["argv"][-1][-13] for each in json.loads(sweeps("check", "grid.yaml", "--format", "json").stdout)["first"]] == [
        "_"
    ] * 2
