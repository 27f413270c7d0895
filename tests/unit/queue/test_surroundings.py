"""What a job keeps of the environment of its submit."""

from __future__ import annotations

import os
from pathlib import Path

from scheduler.queue.surroundings import KEPT, surroundings_from, surroundings_of

HERE = {"PATH": "/a/bin:/bin", "VIRTUAL_ENV": "/a", "TOKEN": "secret", "SEED": "3"}


def test_only_what_decides_about_programs_and_what_is_named_is_kept() -> None:
    """The value of any other variable may be a secret."""
    kept = dict(surroundings_of(HERE, ["x"], ["SEED", "UNSET"], "/").variables)
    assert kept == {**dict.fromkeys(KEPT), "PATH": "/a/bin:/bin", "VIRTUAL_ENV": "/a", "SEED": "3", "UNSET": None}


def test_what_differs_includes_what_was_not_set() -> None:
    """A job of a shell without a virtual environment must not find itself in one."""
    kept = surroundings_of({"PATH": "/bin", "LD_LIBRARY_PATH": ""}, ["x"], [], "/")
    assert kept.differing(HERE) == {"PATH": "/bin", "VIRTUAL_ENV": None, "LD_LIBRARY_PATH": ""}
    assert kept.differing({"PATH": "/bin", "LD_LIBRARY_PATH": ""}) == {}


def test_the_text_brings_back_every_value_also_bytes_that_are_no_text() -> None:
    """A folder in PATH may have a name of any bytes."""
    kept = surroundings_of({"PATH": os.fsdecode(b"/\xff:/\xc3\xa4")}, ["x"], [], "/")
    assert surroundings_from(kept.as_text()) == kept
    assert kept.as_text().isascii()


def test_the_program_is_the_one_that_would_have_been_started(tmp_path: Path) -> None:
    """By the PATH and from the directory of the job; a path is no name, and what may not be executed is no program."""
    for folder in ("closed", "own"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train").touch()
    (tmp_path / "own" / "train").chmod(0o700)

    def program(path: str, *argv: str) -> str | None:
        return surroundings_of({"PATH": path}, argv, [], str(tmp_path)).program

    assert program("/no/such:closed:own", "train") == f"{tmp_path}/own/train"
    assert program("closed", "train") is None
    assert program("own", "own/train") is None
    assert program("own", "other") is None
    assert program("own") is None


def test_trackers_are_kept_where_they_are_named_and_else_the_runner_decides() -> None:
    """Who submits with `--trackers` means these jobs; who works with it, those that do not say."""
    named = surroundings_of({"PATH": "/bin", "EXP_QUEUE_TRACKERS": "wandb"}, ["x"], [], "/")
    assert named.differing({"PATH": "/bin", "EXP_QUEUE_TRACKERS": "trackio"}) == {"EXP_QUEUE_TRACKERS": "wandb"}
    unnamed = surroundings_of({"PATH": "/bin"}, ["x"], [], "/")
    assert unnamed.differing({"PATH": "/bin", "EXP_QUEUE_TRACKERS": "trackio"}) == {}
