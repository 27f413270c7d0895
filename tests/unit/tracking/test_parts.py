"""Several folders of event files as one run: under which names their curves stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.tracking.logged import Gathering, Logged
from scheduler.tracking.readers.parts import Part, together
from scheduler.tracking.readers.rows import Row


def part(folder: str, *tags: str, step: int = 1, at: float = 1.0) -> Part:
    gathering = Gathering()
    gathering.take([Row(step, dict.fromkeys(tags, at), at)])
    return Part(Path(folder), gathering.logged("TensorBoard"))


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ([part("/r/a", "loss"), part("/r/b", "acc")], ["loss", "acc"]),
        ([part("/r/train", "loss"), part("/r/val", "loss", "acc")], ["train/loss", "val/loss", "acc"]),
        ([part("/r/a/train", "loss"), part("/r/b/train", "loss")], ["a/train/loss", "b/train/loss"]),
        (
            [part("/r", "loss"), part("/r/loss_train", "loss"), part("/r/loss_val", "loss")],
            ["loss", "loss_train/loss", "loss_val/loss"],
        ),
        ([part("/r", "acc", "loss"), part("/r/1700000000.5", "acc", "hp")], ["acc", "loss", "hp"]),
        ([part("/r", "loss", "val/loss"), part("/r/val", "loss")], ["loss", "val/loss", "r/val/loss"]),
        ([part("/r/train", "loss"), part("/r/val", "loss", "val/loss")], ["train/loss", "val/loss"]),
    ],
    ids=["different", "collide", "deeper", "add_scalars", "add_hparams", "taken", "named already"],
)
def test_names_are_told_apart_by_folders_only_where_they_collide(parts: list[Part], names: list[str]) -> None:
    """A tag that is alone stands as the script wrote it, in whatever order the folders were found."""
    for these in (parts, parts[::-1]):
        found = together(these)
        assert list(found.series) == list(found.last) == names


def test_a_name_that_somebody_asks_for_is_that_of_the_weightiest() -> None:
    """The metric of a sweep must be found under its name."""
    found = together([part("/r/val", "loss", "acc"), part("/r/train", "loss", "acc")], ["loss"])
    assert set(found.series) == {"loss", "train/loss", "val/acc", "train/acc"}


def test_rows_are_counted_together_and_the_furthest_step_is_told() -> None:
    """Validation logs its epochs while training logs its batches."""
    found = together([part("/r/val", "loss", step=3, at=9.0), part("/r/train", "loss", step=400, at=8.0)])
    assert (found.rows, found.step, found.time) == (2, 400, 9.0)
    assert together([]) == Logged()
