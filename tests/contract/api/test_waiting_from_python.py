"""What a notebook does about jobs that wait, or were interrupted, and the rows of jobs that only print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler import api
from scheduler.api import UserError


@pytest.fixture(autouse=True)
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A working directory and a queue of the test's own, on a machine without GPUs."""
    monkeypatch.setenv("EXP_QUEUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.chdir(tmp_path)
    yield
    api.cancel("queued", "starting", "running", "stopping", grace=0)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """An experiments file of a shell script, with two jobs; returns its name."""

    def written(script: str) -> str:
        command = json.dumps(["sh", "-c", script, "sh", "${args_no_hyphens}"])
        (tmp_path / "grid.yaml").write_text(f"command: {command}\ngrid: {{x: [1, 2]}}\n", encoding="utf-8")
        return "grid.yaml"

    return written


def states(jobs: api.Jobs) -> list[str]:
    return [job.state for job in jobs]


def test_jobs_are_held_and_released_by_the_words_of_the_command_line(file) -> None:
    """One of two is kept for later; what is no queued job stays as it is."""
    first, second = api.submit(file("true"), quiet=True)
    assert states(api.hold(first)) == ["held"]
    assert states(api.work(quiet=True)) == ["done"]
    assert states(api.hold(second, first)) == ["held", "done"]
    assert states(api.release("held")) == ["queued"], "those that were named, also where a state names others afterwards"
    assert states(api.work(quiet=True)) == ["done"]
    assert list(api.hold()) == list(api.release([])) == []
    with pytest.raises(UserError, match='"hled" is neither a job id nor a state'):
        api.release("hled")


def test_why_a_job_waits_is_a_sentence(file) -> None:
    """The same that `exp-queue explain` prints; without a word that of the newest."""
    first, second = api.submit(file("true"), quiet=True)
    assert api.explain(second) == api.explain() != api.explain(first)
    assert api.explain(second).startswith(f"job {second.id[:8]} waits: 1 queued before it; it starts when")
    api.hold(first)
    assert api.explain(first) == f"job {first.id[:8]} is held back by a person"


SWEEP = """
method: grid
command: [sh, -c, 'echo "{\\"loss\\": $1}" | tr -d x= >> $EXP_QUEUE_METRICS', sh, "${args_no_hyphens}"]
metric: {name: loss}
parameters: {x: {values: [3, 1]}}
"""


def test_of_a_trial_it_says_what_the_bands_say(tmp_path: Path) -> None:
    """Why it was stopped, or goes on, and not merely that it is done."""
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    trial = api.sweep(quiet=True)[0]
    assert api.explain(trial.job).startswith("trial 0 ")


def test_what_was_cancelled_goes_on_and_what_failed_does_not(file) -> None:
    """As `exp-queue resume`; a failure would only be repeated."""
    failed, other = api.submit(file('[ "$1" = x=2 ]'), quiet=True)
    other.cancel()
    assert states(api.work(quiet=True)) == ["failed"]
    resumed = api.resume(jobs=2, quiet=True)
    assert [(job.id, job.state) for job in resumed] == [(other.id, "done")]
    assert failed.refresh().attempt == 1
    assert list(api.resume(quiet=True)) == []


def test_values_that_a_job_prints_are_rows_as_they_are_curves(file) -> None:
    """Most scripts write no metric log. Their curves were there, and their rows were none."""
    job = api.run(file('for step in 1 2 3; do echo "step $step loss: 0.$step"; done'), quiet=True)[0]
    rows = job.metrics()
    assert [row["loss"] for row in rows] == [0.1, 0.2, 0.3]
    assert [row["loss"] for row in rows] == [point.value for point in job.curve("loss")]
    silent = api.run(commands=["echo nothing to see"], quiet=True)[0]
    assert silent.metrics() == []


def test_rows_of_a_metric_log_go_before_what_is_printed(file) -> None:
    """They are what the script meant, and stand as it wrote them, also what no curve is made of; a progress bar prints others."""
    rows = [{"_step": 7, "_time": 9.5, "loss": 1}, {"_step": 8, "confusion": [[3, 1], [0, 4]]}]
    lines = "".join(f"echo '{json.dumps(row)}' >> $EXP_QUEUE_METRICS; " for row in rows)
    job = api.run(file(f"echo 'loss: 5'; {lines}"), quiet=True)[0]
    assert job.metrics() == rows


def test_a_program_that_is_not_there_is_said_before_the_jobs_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As on the command line; and nothing to those who want no words."""
    (tmp_path / "train.py").touch()
    wrong = "a program is not there: no file trian.sh"
    api.submit(commands=["sh trian.sh"])
    assert wrong in capsys.readouterr().err
    api.run(commands=["sh trian.sh"], quiet=True)
    assert capsys.readouterr().err == ""
    (tmp_path / "sweep.yaml").write_text("method: grid\nprogram: trian.py\nparameters: {x: {values: [1]}}\n")
    api.sweep("sweep.yaml")
    assert "a program is not there: no file trian.py" in capsys.readouterr().err


def test_what_a_file_asks_for_is_a_value_before_anything_runs(tmp_path: Path, file, capsys: pytest.CaptureFixture[str]) -> None:
    """The cell before the one that runs it: how many, which, and whether the program is there."""
    found = api.check(file("true"), {"lr": 0.1})
    assert (found.experiments, found.differing, found.not_there, found.sweep) == (2, ("x",), (), None)
    assert list(found) == [{"x": 1, "lr": 0.1}, {"x": 2, "lr": 0.1}]
    assert [line.split() for line in repr(found).splitlines()] == [["x"], ["1", "1"], ["2", "2"]]
    assert capsys.readouterr() == ("", "")
    wrong = api.check(commands=["sh trian.sh", "true"], first=1)
    assert (wrong.experiments, len(wrong)) == (2, 1)
    (sentence,) = wrong.not_there
    assert sentence in capsys.readouterr().err
    with pytest.raises(UserError, match="a file and commands are both given"):
        api.check("grid.yaml", commands=["true"])
    assert list(api.jobs()) == []


def test_of_a_sweep_file_it_says_what_is_searched_and_how(tmp_path: Path) -> None:
    """A grid has a number of points; what is drawn has an end only where the file says one."""
    (tmp_path / "sweep.yaml").write_text(SWEEP, encoding="utf-8")
    grid = api.check("sweep.yaml", quiet=True)
    assert grid.sweep is not None
    assert (grid.experiments, list(grid), grid.sweep["method"], grid.sweep["points"]) == (2, [{"x": 3}, {"x": 1}], "grid", 2)
    (tmp_path / "sweep.yaml").write_text(SWEEP.replace("grid", "random"), encoding="utf-8")
    drawn = api.check("sweep.yaml", first=3, quiet=True)
    assert drawn.sweep is not None
    assert (drawn.experiments, len(drawn), drawn.sweep["points"]) == (None, 3, None)
    assert drawn.sweep["objectives"] == [{"name": "loss", "goal": "minimize"}]
