"""A trial that goes on from its checkpoint in a further attempt: its rows and its value are those of the whole training."""

from __future__ import annotations

import json

import pytest

# Six rows in the first attempt, the best of all in the fourth; the others behind them, or from the first again with `--anew`.
TRAIN = """
import json, os, sys, time
given = dict(word[2:].split("=", 1) for word in sys.argv[1:])
place = "at-" + given["lr"]
begin = int(open(place).read()) if os.path.exists(place) and given["anew"] == "no" else 0
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    for step in range(begin, 10):
        loss = 0 if step == 3 and not begin else 1 / (step + 1)
        log.write(json.dumps({"_step": step, "size": 7, "loss": float(given["lr"]) + loss}) + "\\n")
        log.flush()
        if step == 5 and given["lr"] == "0.2" and os.environ["EXP_QUEUE_ATTEMPT"] == "1":
            with open(place, "w") as at:
                at.write("6")
            if os.path.exists("fail"):
                sys.exit(1)
            for _ in range(3000):
                time.sleep(0.1)
"""
FILE = """
program: train.py
command: [python, "${program}", "${args}"]
method: grid
metric: {name: loss, goal: minimize}
early_terminate: {type: hyperband, min_iter: 2, strict: true}
parameters: {lr: {values: [0.1, 0.2, 0.3]}, anew: {value: "ANEW"}}
"""
SPARED = "--pruner=none"  # what is told, and not who is stopped


def write(sweeps, *, anew: str = "no") -> None:
    sweeps.write("train.py", TRAIN)
    sweeps.write("sweep.yaml", FILE.replace("ANEW", anew))


def told(found: dict, number: int) -> tuple[float, list[float]]:
    (trial,) = [each for each in found["trials"] if each["trial"] == number]
    return trial["value"], [round(value, 4) for value in trial["history"]]


WHOLE = [1.2, 0.7, 0.5333, 0.2, 0.4, 0.3667, 0.3429, 0.325, 0.3111, 0.3]


def test_one_that_failed_and_went_on_is_judged_by_all_of_its_rows(sweeps) -> None:
    """Its seventh row stood among the first ones of others, who were stopped for it, and its best was forgotten."""
    write(sweeps)
    sweeps.write("fail", "")
    sweeps("sweep", SPARED)
    assert sweeps("retry", "trial:1").returncode == 0
    assert told(sweeps.sweep(), 1) == (0.2, WHOLE)
    bands = json.loads(sweeps("trials", "--format", "json").stdout)["bands"]
    assert [(band["rows"], [each["trial"] for each in band["reached"]]) for band in bands] == [(2, [0, 1, 2]), (6, [0, 1, 2])]


@pytest.mark.parametrize("anew", ["no", "yes"])
def test_one_that_was_interrupted_is_tried_again_with_as_many_rows_as_any(sweeps, until, anew: str) -> None:
    """Followed while it runs. One that begins from its first row again has those of the second attempt alone."""
    write(sweeps, anew=anew)
    runner = sweeps.start("sweep", SPARED, "-j1")
    until(lambda: (sweeps.directory / "at-0.2").exists())
    (running,) = sweeps.jobs("running")
    assert sweeps("cancel", running["id"]).returncode == 0
    runner.communicate(timeout=100)
    found = sweeps.sweep(SPARED)
    assert told(found, 1) == (0.2, WHOLE)
    (row,) = json.loads(sweeps("compare", running["id"], "--columns", "attempt,count.loss,count.size", "--format", "json").stdout)
    assert (row["attempt"], row["count.loss"], row["count.size"]) == (2, 10, 10)
