"""Whether a sweep's metric was ever seen, and what is said of it."""

from __future__ import annotations

import pytest

from scheduler.errors import Place
from scheduler.sweeps.engine.sightings import FIRST_WITHOUT, Sightings


def after(count: int, *, needed: bool = False, **words: tuple[str, ...]) -> Sightings:
    """What is known after so many trials that never logged the metric."""
    found = Sightings("val_loss", needed)
    for _ in range(count):
        found.ended(missing=True, **words)
    return found


@pytest.mark.parametrize(
    ("count", "needed", "words", "enough", "in_vain"),
    [
        (FIRST_WITHOUT, False, {"instead": ("loss",)}, True, True),
        (FIRST_WITHOUT - 1, False, {"instead": ("loss",)}, False, True),
        (FIRST_WITHOUT, False, {"near": ("`val_loss: 0,3`",)}, True, True),
        (FIRST_WITHOUT, True, {}, True, True),
        (9, False, {}, False, False),
        (0, True, {}, False, False),
    ],
)
def test_a_sweep_is_in_vain_only_where_its_metric_should_have_been_seen(count, needed, words, enough, in_vain) -> None:
    """Where nothing at all is logged, a grid may still be what its owner wants; a search that learns is none without values."""
    found = after(count, needed=needed, **words)
    assert (bool(found.why_enough()), found.in_vain) == (enough, in_vain)


def test_one_trial_with_the_metric_is_enough_to_go_on() -> None:
    """The name is right then, and some points log nothing for reasons of their own."""
    found = after(5, needed=True, instead=("loss",))
    found.ended(missing=False)
    assert not found.why_enough()
    assert not found.in_vain


def test_a_sweep_without_a_metric_is_never_in_vain() -> None:
    """There is nothing to misspell."""
    found = Sightings(None)
    found.ended(missing=True, instead=("loss",))
    assert not found.in_vain


def test_the_fault_says_what_where_and_what_next() -> None:
    """The nearest name that was seen; a value that cannot be read comes before it, since then the name is right."""
    place = Place("sweep.yaml", 4, 16)
    assert str(after(3, instead=("epoch", "valloss")).fault(place)).startswith(
        'sweep.yaml:4:16: no trial has logged the metric "val_loss", though other values were logged; did you mean "valloss"? '
        "correct the name"
    )
    assert "known are: acc, epoch; correct the name" in str(after(3, instead=("epoch", "acc")).fault(place))
    assert "there was `val_loss: 0,3`; correct that" in str(after(3, instead=("epoch",), near=("`val_loss: 0,3`",)).fault(None))
    there = str(after(3, instead=("epoch", "acc")).fault(None, elsewhere=True))
    assert there.endswith("and a changed file is a new sweep at the server: the trials of this one do not count there")
    assert "let the script print `val_loss: VALUE`" in str(after(3, needed=True).fault(place))
