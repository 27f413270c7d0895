"""Early stopping as a pure record."""

from __future__ import annotations

from text_recognizer.training.early_stopping import BestEpoch


def record(goal: str, figures: list[float]) -> BestEpoch:
    best = BestEpoch(goal)
    for epoch, figure in enumerate(figures, start=1):
        best = best.after(epoch, figure)
    return best


def test_the_best_epoch_is_the_one_with_the_best_figure() -> None:
    """Its weights go into the final test."""
    assert record("minimize", [0.5, 0.2, 0.3]).epoch == 2
    assert record("maximize", [0.5, 0.2, 0.3]).epoch == 1


def test_the_last_of_equal_epochs_is_best_but_is_no_progress() -> None:
    """The schedule has come further by then, yet a figure that stands still must let the patience run out."""
    best = record("maximize", [0.9, 0.9, 0.9])
    assert (best.epoch, best.first) == (3, 1)
    assert best.exhausted(3, patience=2, min_epochs=1)


def test_a_figure_that_is_no_number_is_never_the_best() -> None:
    """Comparisons with nan are false both ways, which a careless rule takes for an improvement."""
    nan = float("nan")
    assert record("minimize", [nan]).epoch == 0
    assert record("minimize", [nan, 0.4, nan]).epoch == 2


def test_patience_counts_epochs_without_a_better_figure() -> None:
    """One too many wastes a GPU, one too few cuts a training that was about to improve."""
    best = record("minimize", [0.5, 0.6, 0.7])
    assert not best.exhausted(2, patience=2, min_epochs=1)
    assert best.exhausted(3, patience=2, min_epochs=1)
    assert not best.exhausted(3, patience=2, min_epochs=4)
    assert not best.exhausted(100, patience=0, min_epochs=1)
