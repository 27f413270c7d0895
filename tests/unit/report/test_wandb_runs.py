"""Where W&B runs lie that were logged offline, and how to send them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.queue.job import Attempt, Job
from scheduler.report.wandb_runs import how_to_send, offline_runs
from tests.unit.runner.test_backfill import job

RUN = "offline-run-20260102_030405-abc{}"


@pytest.fixture
def made(tmp_path: Path):
    """A job in a working directory, and an attempt of it with a directory and a log."""
    (tmp_path / "work dir").mkdir()

    def makes(number: int) -> tuple[Job, Attempt]:
        one = replace(job(number), cwd=str(tmp_path / "work dir"))
        attempt = Attempt(one.id, 1, "launcher", f"{tmp_path}/home/attempts/{one.id}/1", 0.0)
        Path(attempt.directory).mkdir(parents=True)
        attempt.log.touch()
        return one, attempt

    return makes


def run_in(folder: str, number: int = 0) -> Path:
    path = Path(folder) / "wandb" / RUN.format(number)
    path.mkdir(parents=True)
    return path


def test_a_run_in_the_attempts_directory_is_found_until_it_is_sent(made) -> None:
    """`wandb sync` leaves a mark beside what it has sent."""
    one, attempt = made(1)
    assert offline_runs(one, attempt) == []
    path = run_in(attempt.directory)
    assert offline_runs(one, attempt) == [path]
    (path / "run-abc0.wandb.synced").touch()
    assert offline_runs(one, attempt) == []


@pytest.mark.parametrize(
    "words", ["wandb: wandb sync {}", "wandb: \x1b[1mwandb sync {}\x1b[0m", "wandb: Run data is saved locally in {}"]
)
def test_a_run_in_the_working_directory_is_its_own_whose_log_names_it(made, words: str) -> None:
    """All jobs of a directory write there: only W&B's own words say whose it is."""
    (one, first), (two, second) = made(1), made(2)
    path = run_in(one.cwd)
    first.log.write_text(words.format(path) + "\n")
    assert offline_runs(one, first) == [path]
    assert offline_runs(two, second) == []
    first.log.write_text(words.format(f"./wandb/{path.name}") + "\n")
    assert offline_runs(one, first) == [path]
    path.rmdir()
    assert offline_runs(one, first) == []


def test_few_are_named_in_a_command_to_paste(made, tmp_path: Path) -> None:
    """A blank in a name cuts nothing in two; what never ran has none."""
    one, attempt = made(1)
    path = run_in(one.cwd)
    attempt.log.write_text(f"wandb: wandb sync {path}\n")
    (sentence,) = how_to_send([(one, attempt), (job(3), None)], Home(tmp_path / "home"))
    said, _, command = sentence.partition(": ")
    assert said == "1 W&B run was logged offline; to send it"
    assert shlex.split(command) == ["wandb", "sync", str(path)]
    assert how_to_send([made(2)], Home(tmp_path / "home")) == []


def test_of_many_the_places_are_named_once(made, tmp_path: Path) -> None:
    """Thirty trials are thirty directories: a line of a metre helps nobody."""
    pairs = [made(number) for number in range(5)]
    for _, attempt in pairs:
        run_in(attempt.directory)
    (sentence,) = how_to_send(pairs, Home(tmp_path / "home"))
    assert sentence.startswith("5 W&B runs were logged offline; ")
    assert sentence.endswith(f": wandb sync {tmp_path}/home/attempts/*/*/wandb/offline-run-*")
