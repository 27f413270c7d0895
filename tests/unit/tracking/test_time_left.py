"""How long a training still takes, from what it was asked for and what it has logged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import pytest

from scheduler.tracking.logged import Gathering, Logged
from scheduler.tracking.readers.rows import Row
from scheduler.tracking.time_left import Headway, headway

NOTHING = Logged()


def logged(rows: Iterable[tuple[int | None, float | None, Mapping[str, object]]]) -> Logged:
    gathering = Gathering()
    gathering.take(Row(step, values, time) for step, time, values in rows)
    return gathering.logged("metrics")


def epochs(*numbers: float, each: float = 10.0, begun: float = 0.0) -> Logged:
    """A row an epoch, `each` seconds apart."""
    return logged((None, begun + each * (place + 1), {"epoch": number, "loss": 1.0}) for place, number in enumerate(numbers))


def test_epochs_that_are_counted_from_zero_are_done_when_they_are_logged() -> None:
    """A script that logs at the end of `for epoch in range(10)` says 4 after five of them."""
    assert headway({"epochs": 10}, epochs(0, 1, 2, 3, 4), "", 0.0, 50.0) == Headway(0.5, 50.0)


def test_epochs_that_are_counted_from_one_are_done_when_they_are_logged() -> None:
    """The other habit of counting must not be an epoch off."""
    assert headway({"max_epochs": 10}, epochs(1, 2, 3, 4, 5), "", 0.0, 50.0) == Headway(0.5, 50.0)


def test_the_time_since_the_last_row_is_no_longer_left() -> None:
    """Between two rows a person sees the time go down."""
    assert headway({"epochs": 10}, epochs(0, 1, 2, 3, 4), "", 0.0, 57.0) == Headway(0.5, 43.0)


def test_many_rows_of_an_epoch_tell_which_part_of_it_is_done() -> None:
    """Rows of batches carry the number of an epoch that has only begun."""
    rows = [(step, float(step), {"epoch": step // 10, "loss": 1.0}) for step in range(26)]
    found = headway({"epochs": 5}, logged(rows), "", 0.0, 25.0)
    assert found is not None
    assert found.left is not None
    assert found.done == pytest.approx(0.5)
    assert found.left == pytest.approx(25.0)


def test_epochs_in_fractions_are_taken_as_they_are() -> None:
    """Hugging Face's trainer logs `epoch: 1.5`."""
    rows = [(step, float(step), {"train/epoch": step / 10}) for step in range(0, 16, 5)]
    assert headway({"num_train_epochs": 3}, logged(rows), "", 0.0, 15.0) == Headway(0.5, 15.0)


def test_a_training_that_was_resumed_is_judged_by_its_pace_since_then() -> None:
    """What was done before this attempt took none of its time."""
    found = headway({"epochs": 100}, epochs(90, 91, 92, 93, each=10.0, begun=1000.0), "", 1000.0, 1040.0)
    assert found is not None
    assert found.left == pytest.approx(70.0)


def test_steps_are_counted_by_the_step_of_the_rows() -> None:
    """`max_steps` needs no name that is logged: a row has its step."""
    rows = [(step, step / 2, {"loss": 1.0}) for step in range(0, 101, 10)]
    assert headway({"trainer": {"max_steps": 400}}, logged(rows), "", 0.0, 50.0) == Headway(0.25, 150.0)


def test_steps_are_counted_by_a_logged_name_before_the_rows_own() -> None:
    """A row's own step may count calls of the logger."""
    rows = [(place, float(place), {"global_step": 100 * place}) for place in range(1, 6)]
    assert headway({"max_steps": 1000}, logged(rows), "", 0.0, 5.0) == Headway(0.5, 5.0)


def test_a_logged_share_of_the_whole_is_taken_at_its_word() -> None:
    """`log({"progress": 0.25})` is the way to say it without any configuration."""
    rows = [(None, float(place), {"progress": place / 20}) for place in range(1, 6)]
    found = headway({}, logged(rows), "", 0.0, 5.0)
    assert found is not None
    assert found.done == 0.25
    assert found.left == pytest.approx(15.0)


def test_a_progress_in_percent_is_not_a_share() -> None:
    """Nothing says what 45 is of."""
    assert headway({}, logged([(None, 1.0, {"progress": 45})]), "", 0.0, 5.0) is None


@pytest.mark.parametrize("config", [{"max_steps": -1, "epochs": 4}, {"a": {"max_steps": 0}, "epochs": "4"}, {"Max-Epochs": 4.0}])
def test_a_number_that_means_none_is_passed_over(config: dict[str, object]) -> None:
    """Trainers write -1 for "as long as the epochs take", and command lines give texts."""
    assert headway(config, epochs(0, 1), "", 0.0, 20.0) == Headway(0.5, 20.0)


@pytest.mark.parametrize(
    "config", [{}, {"epochs": True}, {"epochs": [1, 2]}, {"epochs": "many"}, {"epochs": math.inf}, {"steps": None}]
)
def test_nothing_is_said_where_nothing_is_known(config: dict[str, object]) -> None:
    """A wrong time is worse than none."""
    assert headway(config, epochs(0, 1), "", 0.0, 20.0) is None


def test_a_number_of_epochs_says_nothing_without_an_epoch_that_is_logged() -> None:
    """Ten rows may be ten epochs or ten batches."""
    rows = [(step, float(step), {"loss": 1.0}) for step in range(10)]
    assert headway({"epochs": 100}, logged(rows), "", 0.0, 10.0) is None


def test_the_first_rows_of_a_first_epoch_say_nothing_yet() -> None:
    """Nothing is done that could be measured."""
    rows = [(step, float(step), {"epoch": 0}) for step in range(3)]
    assert headway({"epochs": 10}, logged(rows), "", 0.0, 3.0) is None


def test_what_has_come_to_its_end_has_no_time_left() -> None:
    """Also where a script counts beyond what was asked for."""
    assert headway({"epochs": 3}, epochs(1, 2, 3, 4), "", 0.0, 40.0) == Headway(1.0, 0.0)


def test_a_log_without_times_tells_how_far_it_is_and_not_how_long() -> None:
    """Event files of some writers have none."""
    assert headway({"epochs": 4}, logged([(None, None, {"epoch": n}) for n in range(2)]), "", 0.0, 20.0) == Headway(0.5)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_count_that_is_no_number_says_nothing(odd: float) -> None:
    """A training that has blown up may log anything."""
    assert headway({"epochs": 4}, logged([(None, 1.0, {"epoch": odd})]), "", 0.0, 20.0) is None


def test_a_progress_bar_is_read_like_a_person_reads_it() -> None:
    """Most scripts show one and log nothing."""
    assert headway({}, NOTHING, " 45%|####5     | 45/100 [00:10<00:12,  4.4it/s]", 0.0, 10.0) == Headway(0.45, 12.0)


def test_hours_thousands_and_unknown_times_of_a_bar_are_understood() -> None:
    """Long bars look otherwise than short ones."""
    assert headway({}, NOTHING, "train: 25%|##  | 1.5k/6.0k [1:00:00<3:00:00, 2.4s/it]", 0.0, 1.0) == Headway(0.25, 10800.0)
    assert headway({}, NOTHING, "  0%|          | 0/100 [00:00<?, ?it/s]", 0.0, 1.0) == Headway(0.0)


def test_a_bar_of_one_epoch_counts_with_the_number_of_that_epoch() -> None:
    """The bar alone would promise the end of everything at the end of each epoch."""
    line = "Epoch 3/10: 50%|#####     | 50/100 [00:10<00:10, 5.0it/s]"
    assert headway({}, NOTHING, line, 0.0, 50.0) == Headway(0.25, 150.0)


def test_a_bar_that_may_be_of_one_epoch_of_several_says_nothing() -> None:
    """The configuration asks for more epochs than the bar has batches of one."""
    bar = "50%|#####     | 50/100 [00:10<00:10, 5.0it/s]"
    assert headway({"epochs": 10}, NOTHING, bar, 0.0, 10.0) is None
    assert headway({"epochs": 100}, NOTHING, bar, 0.0, 10.0) == Headway(0.5, 10.0)


def test_a_printed_epoch_of_so_many_tells_how_far_it_is() -> None:
    """`Epoch [3/10]` is what a first script prints."""
    assert headway({}, NOTHING, "Epoch [3/10], loss: 0.12", 0.0, 1.0) == Headway(0.3)


@pytest.mark.parametrize("line", ["", "loss 45%", "%|||||", "45%|#| 1.2.3/4.5.6 [00:1<00:2", "Epoch 0/0", "9%|#| 5/0 [0:1<0:2"])
def test_other_output_says_nothing(line: str) -> None:
    """Whatever a script prints, nothing is read into it."""
    assert headway({}, NOTHING, line, 0.0, 1.0) is None


def test_a_pause_is_no_part_of_the_pace() -> None:
    """A job that stood still for a night would seem to need weeks."""
    rows = logged((None, at, {"epoch": place, "loss": 1.0}) for place, at in enumerate([10.0, 20.0, 1030.0]))
    pauses = [(21.0, 1021.0), (1032.0, 1132.0)]
    assert headway({"epochs": 6}, rows, "", 0.0, 1132.0, pauses) == Headway(0.5, 28.0)
    assert headway({"epochs": 6}, rows, "", 0.0, 1032.0, pauses[:1]) == Headway(0.5, 28.0)
    one = logged([(1, 1010.0, {"loss": 1.0})])
    assert headway({"max_steps": 2}, one, "", 0.0, 1010.0, [(0.0, 1000.0)]) == Headway(0.5, 10.0)
