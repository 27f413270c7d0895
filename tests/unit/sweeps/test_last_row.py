"""When a trial is over by itself, as far as its sweep can know."""

from __future__ import annotations

import doctest

import pytest

from scheduler.sweeps.stopping import last_row
from scheduler.sweeps.stopping.last_row import last_rows


def test_the_examples_are_true() -> None:
    """They are what a reader of the module sees first."""
    assert doctest.testmod(last_row).failed == 0


@pytest.mark.parametrize(
    "name", ["epochs", "max_epochs", "num_train_epochs", "n_iter", "max-steps", "EPOCHS", "iterations", "total_steps"]
)
def test_the_usual_names_of_a_length_are_known(name: str) -> None:
    """Each is what some well-known trainer calls it."""
    assert last_rows({"trainer": {name: 7}}, (), None) == {7}
    assert last_rows({f"trainer.{name}": 7}, (), None) == {7}
    assert last_rows({}, ("python", "x.py", f"--{name}=7"), None) == {7}
    assert last_rows({}, ("python", "x.py", f"--{name}", "7"), None) == {7}
    assert last_rows({}, ("python", "x.py", f"++trainer.{name}=7"), None) == {7}
    assert last_rows({}, ("python", "x.py", f'{{"{name}": 7}}'), None) == {7}


@pytest.mark.parametrize("name", ["warmup_epochs", "epochs_per_eval", "steps_ahead", "save_steps", "lr", "early_epoch"])
def test_other_names_say_nothing(name: str) -> None:
    """A wrong end would only put a stop off by one row, but there is no reason for it."""
    assert last_rows({name: 7}, ("x", f"--{name}=7"), None) == set()


@pytest.mark.parametrize("value", [True, 0, -1, 7.5, "7", None, [7]])
def test_what_is_no_number_of_rows_says_nothing(value: object) -> None:
    """`epochs: -1` means for ever."""
    assert last_rows({"epochs": value}, ("x", "--epochs", "--lr=1", "--steps=", "{epochs", "epochs"), None) == set()
