"""The copy for optuna-dashboard, read back as the dashboard reads it: through Optuna's own storage."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.queue.states import State
from scheduler.sweeps.search.optuna_journal import OptunaJournal
from scheduler.sweeps.search.random_points import RandomSearch
from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.distributions import Distribution, Parameter
from scheduler.sweeps.space.sampling import cdf
from scheduler.sweeps.trials import Trial
from tests.small_disk import fill, small_disk

optuna = pytest.importorskip("optuna", reason="the journal is Optuna's")

SPACE = (
    Parameter(("lr",), Distribution("log_uniform_values", {"min": 1e-4, "max": 1.0})),
    Parameter(("layers",), Distribution("int_uniform", {"min": 1, "max": 4})),
    Parameter(("net", "act"), Distribution("categorical", {"values": ["relu", [1, 2], None]})),
    Parameter(("n",), Distribution("q_normal", {"mu": 0, "sigma": 1, "q": 1})),
    Parameter(("seed",), Distribution("constant", {"value": 3})),
)
DONE = Trial(0, (0.01, 2, [1, 2], -1, 3), State.DONE, rows=(0.9, 0.4, 0.5), summary=0.45)
STOPPED = Trial(2, (0.5, 1, None, 0, 3), State.STOPPED_EARLY, rows=(0.9,))
FAILED = Trial(1, (0.1, 4, "relu", 2, 3), State.FAILED)


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "sweep.journal")


def read(path) -> list:
    """The trials as another process finds them."""
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    return optuna.load_study(study_name="exp-queue", storage=storage).get_trials()


def test_ended_trials_are_there_with_parameters_value_and_rows(path):
    """What the dashboard draws: the values themselves, one curve for each trial, pruned ones marked."""
    journal = OptunaJournal(path, SPACE, "minimize")
    for trial in (DONE, FAILED, STOPPED):
        journal.tell(trial)
    done, failed, stopped = read(path)
    assert done.params == {"lr": 0.01, "layers": 2, "net.act": "[1, 2]", "n": -1.0, "seed": 3}
    assert (done.state.name, done.value, done.intermediate_values) == ("COMPLETE", 0.4, {1: 0.9, 2: 0.4, 3: 0.5})
    assert (stopped.state.name, stopped.value, stopped.user_attrs) == ("PRUNED", 0.9, {"trial": 2, "state": "stopped_early"})
    assert (failed.state.name, failed.value) == ("FAIL", None)
    assert done.distributions["lr"] == optuna.distributions.FloatDistribution(1e-4, 1.0, log=True)


DECIDING = {
    "normal": {"mu": 5, "sigma": 2},
    "log_normal": {"mu": 0, "sigma": 1},
    "q_normal": {"mu": 0, "sigma": 5, "q": 1},
    "q_log_normal": {"mu": 2, "sigma": 1, "q": 1},
    "beta": {"a": 2, "b": 5},
    "q_beta": {"a": 2, "b": 2, "q": 0.06},
    "q_uniform": {"min": 0.1, "max": 1.0, "q": 0.25},
    "q_log_uniform_values": {"min": 1, "max": 512, "q": 8},
}


@pytest.mark.parametrize("name", DECIDING)
def test_the_dashboard_sees_that_a_parameter_decides_whatever_its_distribution(path, name):
    """It asks only about parameters that have one distribution in all trials, and more than one value in that."""
    found = Distribution(name, DECIDING[name])
    space = (Parameter(("decides",), found), Parameter(("noise",), Distribution("uniform", {"min": 0.0, "max": 1.0})))
    journal, search = OptunaJournal(path, space, "minimize"), RandomSearch(space, 3)
    for number in range(60):
        values = search.ask(number)
        journal.tell(Trial(number, values, State.DONE, rows=(abs(cdf(found, values[0]) - 0.3),)))
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    study = optuna.load_study(study_name="exp-queue", storage=storage)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    assert shares["decides"] > shares["noise"]


def test_a_resumed_sweep_writes_nothing_twice(path):
    """All trials are told again in every life."""
    for _ in range(3):
        journal = OptunaJournal(path, SPACE, "minimize")
        for trial in (DONE, STOPPED, DONE):
            journal.tell(trial)
    assert [trial.user_attrs["trial"] for trial in read(path)] == [0, 2]


def test_trials_that_have_not_ended_are_not_written(path):
    """The format knows no second thoughts about parameters and values."""
    OptunaJournal(path, SPACE, "minimize").tell(Trial(0, DONE.values, State.RUNNING, rows=(1.0,)))
    assert read(path) == []


def test_a_finished_trial_without_the_metric_is_shown_as_failed(path):
    """Optuna has no other word for a trial without a value."""
    OptunaJournal(path, SPACE, "minimize").tell(Trial(0, DONE.values, State.DONE))
    assert read(path)[0].state.name == "FAIL"


def test_values_outside_of_a_changed_space_can_be_shown(path):
    """Old trials stay in the picture after the file was changed."""
    OptunaJournal(path, SPACE, "minimize").tell(Trial(0, (5.0, 9, "gelu", None, 4), State.DONE, rows=(1.0,)))
    OptunaJournal(path, SPACE, "minimize").tell(Trial(1, (-5.0, True), State.DONE, rows=(1.0,)))
    first, second = read(path)
    assert first.params == {"lr": 5.0, "layers": 9, "net.act": "gelu", "n": None, "seed": 4}
    assert second.params == {"lr": -5.0, "layers": True}


def test_what_does_not_apply_is_not_shown(path):
    """A made-up value would be a point in the picture that nobody has tried."""
    OptunaJournal(path, SPACE, "minimize").tell(replace(DONE, values=(0.01, ABSENT, [1, 2], ABSENT, 3)))
    assert read(path)[0].params == {"lr": 0.01, "net.act": "[1, 2]", "seed": 3}


def test_the_journal_of_another_goal_is_refused(path):
    """Its best would be the worst."""
    OptunaJournal(path, SPACE, "minimize")
    with pytest.raises(UserError, match="holds a study whose goal is to minimize, not to maximize; name a new file"):
        OptunaJournal(path, SPACE, "maximize")


def test_a_file_that_is_no_journal_is_refused_and_left_alone(path, tmp_path):
    """Somebody's notes, by a slip of the tab key."""
    notes = tmp_path / "notes.txt"
    notes.write_text("lr 0.1 is too high\n")
    with pytest.raises(UserError, match="is no journal of Optuna; name a new file"):
        OptunaJournal(str(notes), SPACE, "minimize")
    assert notes.read_text() == "lr 0.1 is too high\n"


def test_a_pipe_and_a_device_are_refused_and_not_read(tmp_path):
    """The one would be waited for, and the other read until the memory is full."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(UserError, match="is no regular file, and no journal of Optuna; name a new file"):
            OptunaJournal(str(path), SPACE, "minimize")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """Before the sweep has begun, not after its first trial."""
    with pytest.raises(UserError, match=r"cannot write the journal .*/nowhere/sweep.journal: No such file or directory"):
        OptunaJournal(str(tmp_path / "nowhere" / "sweep.journal"), SPACE, "minimize")


def test_a_full_disk_ends_the_copy_and_not_the_sweep(tmp_path):
    """The store is the truth; nothing may be lost for the sake of a copy, and the reason is told once."""
    place, said = tmp_path / "small", []
    place.mkdir()
    with small_disk(place):
        journal = OptunaJournal(str(place / "sweep.journal"), SPACE, "minimize", say=said.append)
        journal.tell(DONE)
        fill(place)
        for number in range(1, 40):  # the page that the file has begun still takes some
            journal.tell(replace(FAILED, number=number))
    (told,) = said
    assert "No space left on device" in told
    assert "the sweep goes on without it" in told


def test_a_damaged_journal_is_named(path):
    """Half a line, as a full disk leaves it, and another behind it: Optuna's own words are of a column in no file."""
    OptunaJournal(path, SPACE, "minimize").tell(DONE)
    with Path(path).open("rb+") as file:
        whole = file.read()
        file.write(whole[:-30] + b"\n")
    with pytest.raises(UserError, match=r"the journal .*sweep\.journal is damaged"):
        OptunaJournal(path, SPACE, "minimize")
