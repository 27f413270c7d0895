"""The switch that names trackers."""

from __future__ import annotations

import os

import pytest

from scheduler.errors import UserError
from scheduler.queue.surroundings import KEPT_IF_SET
from scheduler.tracking import init
from scheduler.tracking.trackers.names import TRACKERS, VARIABLE, asked, asked_by, asked_of_jobs
from scheduler.tracking.trackers.opening import _CLASSES


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ()),
        ("none", ()),
        (" wandb , TensorBoard", ("wandb", "tensorboard")),
        (["tb", "tensorboard"], ("tensorboard",)),
        ("W&B,none,trackio", ("wandb", "trackio")),
    ],
)
def test_a_list_names_each_tracker_once(words: str | list[str], found: tuple[str, ...]) -> None:
    """As people write it, in a shell and in a notebook."""
    assert asked(words) == found
    assert asked_by({VARIABLE: words if isinstance(words, str) else ",".join(words)}) == found


def test_an_unknown_name_is_an_error_that_says_the_nearest_and_where_it_stands() -> None:
    """A training of days that logs to nothing is found out in the end."""
    with pytest.raises(UserError, match=r'^--trackers: there is no tracker "tensorbord"; did you mean "tensorboard"\?$'):
        asked("wandb,tensorbord", "--trackers")
    with pytest.raises(UserError, match=r"EXP_QUEUE_TRACKERS: .* known are: wandb, tensorboard, swanlab, trackio"):
        asked_by({VARIABLE: "mlflow"})
    with pytest.raises(UserError, match="trackers: there is no tracker"):
        init({}, trackers="nothing")


def test_every_tracker_that_is_named_can_be_opened() -> None:
    """The names stand in two lists: to know them must not load what opens them. A third has the variable, below this room."""
    assert tuple(_CLASSES) == TRACKERS
    assert KEPT_IF_SET == (VARIABLE,)


@pytest.mark.parametrize("before", [None, "wandb"])
def test_jobs_inherit_the_trackers_only_for_as_long_as_they_are_asked_of_them(before: str | None) -> None:
    """A notebook goes on after a run, with what its user has set."""
    if before:
        os.environ[VARIABLE] = before
    try:
        with asked_of_jobs(["tb", "trackio"], "trackers"):
            assert os.environ[VARIABLE] == "tensorboard,trackio"
        assert os.environ.get(VARIABLE) == before
        with asked_of_jobs("", "trackers"):
            assert os.environ[VARIABLE] == "none"
        with asked_of_jobs(None, "trackers"):
            assert os.environ.get(VARIABLE) == before
    finally:
        os.environ.pop(VARIABLE, None)


def test_what_nobody_asked_for_here_must_be_right_in_the_environment_too() -> None:
    """A run of a thousand jobs says it before the first one starts."""
    os.environ[VARIABLE] = "wand"
    try:
        with pytest.raises(UserError, match='did you mean "wandb"'), asked_of_jobs(None, "trackers"):
            pass
    finally:
        del os.environ[VARIABLE]
