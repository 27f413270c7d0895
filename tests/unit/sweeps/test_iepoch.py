"""i-Epoch: all for a few rows, then only the best go on to the end; in the order in which trials come, and nothing waits."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from scheduler.errors import UserError
from scheduler.experiments.document.document import open_document
from scheduler.queue.states import State
from scheduler.sweeps.files.early_terminate import EarlyTerminate
from scheduler.sweeps.files.sweep_file import Sweep, read_sweep
from scheduler.sweeps.stopping.hyperband import standings, strictness, verdicts
from scheduler.sweeps.stopping.stopping import Stopping, open_stopping
from scheduler.sweeps.stopping.verdicts import Verdict
from scheduler.sweeps.trials import Trial

RULE = EarlyTerminate(type="iepoch", min_iter=2, keep=2)
SWEEP = Sweep("random", (), metric={"name": "loss"}, early_terminate=RULE)
FILE = "method: random\nparameters: {a: {value: 1}}\nmetric: {name: loss}\nearly_terminate: "


def running(number: int, *rows: float) -> Trial:
    return Trial(number, (), State.RUNNING, rows)


def stopped(stopping: Stopping, trials: list[Trial]) -> list[Verdict]:
    return list(stopping.verdicts(trials))


def test_whoever_is_not_among_the_best_so_far_is_stopped_there() -> None:
    """By its value in that row, whatever it was or will be: that is what all have been trained for."""
    trials = [running(0, 9.0, 0.5), running(1, 0.1, 0.7, 0.1), running(2, 9.0, 0.6)]
    assert not stopped(open_stopping(SWEEP), trials[:2]), "as many as go on"
    (verdict,) = stopped(open_stopping(SWEEP), trials)
    assert (verdict.number, verdict.band, verdict.value, verdict.threshold, verdict.better) == (1, 2, 0.7, 0.6, (0, 2))
    assert verdict.sentence == (
        "its loss in row 2 was 0.7, worse than 0.6, the 2nd best of the 3 trials at row 2, and only the best 2 go on"
    )


def test_before_its_row_nobody_is_judged_and_equals_go_on() -> None:
    """A row that says nothing of who is better stops nobody."""
    trials = [running(0, 0.1, 0.1), running(1, 0.1, 0.1), running(2, 9.0), running(3, 0.1, 0.1)]
    assert not stopped(open_stopping(SWEEP), trials)


@pytest.mark.parametrize("order", list(permutations((0.1, 0.2, 0.3, 0.4))))
def test_in_every_order_the_best_go_on_to_the_end(order: tuple[float, ...]) -> None:
    """The published rule waits until all have got there. Who comes first runs on for a while; who should run on always does."""
    stopping, trials = open_stopping(SWEEP), list[Trial]()
    for number, value in enumerate(order):
        trials.append(running(number, 1.0, value))
        over = {verdict.number for verdict in stopping.verdicts(trials)}
        trials = [replace(each, state=State.STOPPED_EARLY) if each.number in over else each for each in trials]
    assert {each.rows[1] for each in trials if each.state is State.RUNNING} == {0.1, 0.2}


def test_a_trial_that_failed_keeps_nobody_from_going_on() -> None:
    """It does not go on itself; with its place taken, fewer than the best K would come to the end."""
    stopping = open_stopping(SWEEP)
    first = [running(0, 1.0, 0.1), running(1, 1.0, 0.2)]
    assert not stopping.verdicts(first)
    failed = [replace(first[0], state=State.FAILED), first[1]]
    assert not stopping.verdicts([*failed, running(2, 1.0, 0.3)])
    (band,) = [each for each in standings(RULE, "minimize", [*failed, running(2, 1.0, 0.3)]) if each.reached]
    assert [each.number for each in band.reached] == [1, 2]
    done = [replace(first[0], state=State.DONE), first[1], running(2, 1.0, 0.3)]
    assert [each.number for each in verdicts(RULE, "minimize", done)] == [2]


def test_the_band_says_that_any_value_passes_until_there_are_so_many() -> None:
    """A threshold that is none would be a bar on the page that stops nobody."""
    assert [each.threshold for each in standings(RULE, "minimize", [running(0, 1.0, 0.5)])] == [None]
    assert [each.threshold for each in standings(RULE, "maximize", [running(0, 1.0, 0.5), running(1, 1.0, 0.7)])] == [0.5]


def test_a_file_asks_for_it_and_so_does_an_option(tmp_path) -> None:
    """The option takes from another rule what it says of the rows."""

    def read(text: str) -> EarlyTerminate | None:
        (tmp_path / "sweep.yaml").write_text(FILE + text)
        return read_sweep(open_document(str(tmp_path / "sweep.yaml"))).early_terminate

    assert read("{type: iepoch, min_iter: 2, keep: 2}") == RULE
    three = read("{type: iepoch, min_iter: 1}")
    assert three == EarlyTerminate(type="iepoch", min_iter=1, keep=3)
    assert strictness(RULE) is None
    for text, why in {
        "{type: iepoch}": 'add "min_iter"',
        "{type: iepoch, min_iter: 2, eta: 3}": 'unknown key "eta"',
        "{type: hyperband, min_iter: 2, keep: 3}": 'unknown key "keep"',
        "{type: iepoch, min_iter: 2, keep: 0}": "expected a whole number",
        "{type: asha, min_iter: 2}": "iepoch is known too",
    }.items():
        with pytest.raises(UserError, match=why):
            read(text)
    other = replace(SWEEP, early_terminate=EarlyTerminate(min_iter=1))
    trials = [running(number, float(number)) for number in range(5)]
    assert [each.number for each in open_stopping(other, "iepoch").verdicts(trials)] == [3, 4]
