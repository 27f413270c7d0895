"""Jobs whose files of arguments are lost while they wait in the queue."""

from __future__ import annotations

import shutil

import pytest

# As a W&B script does: with its own defaults where it finds no point.
TRAIN = """
import os, sys, yaml
path = os.environ.get("WANDB_SWEEP_PARAM_PATH")
found = yaml.safe_load(open(path)) if path and os.path.exists(path) else {}
words = [open(word).read() if os.path.exists(word) else "nothing" for word in sys.argv[1:]]
print(found.get("lr", {"value": "default"})["value"], *words)
"""
SWEEP = "method: grid\nparameters: {lr: {values: [0.25]}}\nname: mine\n"
GRID = "experiment_group: mine\ngrid: {lr: [0.25]}\n"


@pytest.mark.parametrize(
    ("file", "printed"),
    [
        (SWEEP + "command: [python, train.py]\n", "0.25\n"),
        (SWEEP + "command: [python, train.py, '${args_json_file}']\n", '0.25 {"lr": 0.25}\n'),
        (GRID + "command: [python, train.py, '${args_json_file}']\n", 'default {"lr": 0.25, "experiment_group": "mine"}\n'),
    ],
)
def test_a_job_never_runs_with_its_scripts_defaults(sweeps, file, printed):
    """It was asked for with its point, and its result would be taken for that of the point."""
    sweeps.write("train.py", TRAIN)
    sweeps.write("file.yaml", file)
    assert sweeps("submit", "file.yaml").returncode == 0
    shutil.rmtree(sweeps.home / "arguments")
    result = sweeps("work")
    assert result.returncode == 0, result.stderr
    assert sweeps("logs").stdout == printed
    assert "was gone, and was written anew from the queue" in result.stderr
    again = sweeps("run", "file.yaml", "--again")
    assert "written anew" not in again.stderr, "it holds what `run` writes"


def test_what_a_sweep_has_written_is_what_its_trials_are_to_find(sweeps):
    """Else each of them would be said to be damaged."""
    sweeps.write("train.py", TRAIN)
    space = "parameters: {lr: {values: [0.25, 1e-5]}, net: {parameters: {depth: {value: 3}, kinds: {value: [a, 1, null]}}}}\n"
    sweeps.write("sweep.yaml", f"method: grid\n{space}command: [python, train.py, '${{args_json_file}}']\n")
    result = sweeps("sweep", "-j1")
    assert result.returncode == 0, result.stderr
    assert "written anew" not in result.stderr
