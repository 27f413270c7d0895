"""What the macros of a sweep file hand to the script of a trial."""

from __future__ import annotations

import json

import pytest

# As a dataclass, pydantic or LightningCLI would: a key that the script does not know ends it.
STRICT = """
import json, sys
def configure(*, lr, layers): return lr * layers
given = sys.argv[1]
print(f"loss: {configure(**json.loads(given if given[0] == '{' else open(given).read()))}", flush=True)
"""
FILE = """
name: A study
program: strict.py
method: grid
metric: {name: loss, goal: minimize}
command: [python, "${program}", "${MACRO}"]
"""
SPACE = "parameters: {lr: {values: [0.1, 0.2]}, layers: {values: [1, 2]}}"
FILE += SPACE


def values(found) -> list[float]:
    return [trial["value"] for trial in found["trials"]]


@pytest.mark.parametrize("macro", ["args_json", "args_json_file"])
def test_a_script_that_forbids_unknown_keys_gets_its_parameters_and_nothing_else(sweeps, macro):
    """W&B adds nothing either; and the file that a command names must be there when the script begins."""
    sweeps.write("strict.py", STRICT)
    sweeps.write("sweep.yaml", FILE.replace("MACRO", macro))
    assert values(sweeps.sweep()) == pytest.approx([0.1, 0.2, 0.2, 0.4])


def test_a_sweep_and_a_list_hand_over_the_same_file(sweeps):
    """`prepare` and `sweep` of one grid must not overwrite each other's files with other content."""
    sweeps.write("strict.py", STRICT)
    sweeps.write("sweep.yaml", FILE.replace("MACRO", "args_json_file"))
    listed = [one["argv"] for one in json.loads(sweeps("prepare", "--format", "json", "sweep.yaml").stdout)]
    found = sweeps.sweep()
    assert sorted(trial["argv"] for trial in found["trials"]) == sorted(listed)


def test_the_name_of_a_sweep_still_groups_its_trials(sweeps):
    """People find trials by it in `status`; that the script is not told it changes nothing there."""
    sweeps.write("strict.py", STRICT)
    sweeps.write("sweep.yaml", FILE.replace("MACRO", "args_json"))
    sweeps.sweep("--count", "1")
    assert [job["group"] for job in json.loads(sweeps("status", "--format", "json").stdout)] == ["A study"]


def test_a_sweep_over_nan_and_infinity_runs_and_goes_on(sweeps):
    """Such points are kept and found again like others: nothing is tried twice, and standard JSON comes out."""
    sweeps.write("clip.py", "import sys; print('loss:', {'nan': 2, 'inf': 1}.get(sys.argv[1].split('=')[1], 0), flush=True)")
    space = "parameters: {clip: {values: [.nan, .inf, 5]}}"
    sweeps.write("sweep.yaml", FILE.replace("MACRO", "args_override_hydra").replace("strict", "clip").replace(SPACE, space))
    sweeps.sweep("--count", "2")
    found = sweeps.sweep("--optuna-journal", "journal.log")
    assert [(trial["value"], trial["point"]["clip"]) for trial in found["trials"]] == [(0, 5), (1, "Infinity"), (2, "NaN")]
