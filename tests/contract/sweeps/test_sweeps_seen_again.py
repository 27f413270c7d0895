"""A finished sweep is seen again from the store alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.sweeps import listed, see, sweeps
from scheduler.errors import UserError
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.sweep_selection import sweep_named
from scheduler.queue.trials import SweepRecord, add_sweep, add_trial, note_history
from scheduler.report import sweeps_seen
from scheduler.report.sweeps import rows
from scheduler.sweeps.sweep import read_plan
from tests.contract.actions.ended import ended

SWEEP = """
method: random
command: [python, train.py, "${args_json}"]
metric: {name: acc, goal: maximize}
early_terminate: {type: hyperband, min_iter: 2}
"""
SPACE = "net: {parameters: {lr: {min: 0.0, max: 1.0}}}, layers: {value: 3}"
Made = Callable[..., SweepRecord]


@pytest.fixture
def made(store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Makes a sweep of trials that have logged these values of its metric, and removes its file."""
    monkeypatch.chdir(tmp_path)

    def sweep(
        identity: str, histories: Sequence[Sequence[float]], *, directory: str = ".", old: bool = False, space: str = SPACE
    ) -> SweepRecord:
        path = tmp_path / "sweep.yaml"
        path.write_text(f"{SWEEP}parameters: {{{space}}}\n")
        config: dict[str, Any] = json.loads(read_plan("sweep.yaml").remembered(str(tmp_path), "wandb"))
        path.unlink()
        if old:
            del config["space"]
        cwd = tmp_path / directory
        cwd.mkdir(exist_ok=True)
        numbers = [number / 100 for number in range(len(histories))]
        points = [{"net.lr": each, "layers": 3} if space == SPACE else {"time": each, "acc": each} for each in numbers]
        text = f"command: [python, '{identity}', '${{args_json}}']\ngrid: {{lr: {numbers}}}\n"
        jobs = ended(store, experiments(text), str(cwd), lambda _: [])
        record = SweepRecord(identity, identity, "sweep.yaml", 1, json.dumps(config), 0.0)
        with store.change() as change:
            add_sweep(change, record)
            for number, (job, point, values) in enumerate(zip(jobs, points, histories, strict=True)):
                add_trial(change, identity, number, job.id, point)
                note_history(change, job.id, 1, tuple(values), None)
        return record

    return sweep


def test_a_sweep_is_seen_without_its_file_and_the_best_stands_first(store: Store, made: Made) -> None:
    """Only to start it again showed it, and who had edited the file started another one."""
    found = see(store, made("aa", [[0.1, 0.2], [0.5, 0.4], [0.3, 0.6, 0.7]]))
    assert [(row["trial"], row["net.lr"], row["acc"]) for row in rows(found.results)] == [
        ("2", "0.02", "0.7"),
        ("1", "0.01", "0.5"),
        ("0", "0", "0.2"),
    ], "and a constant parameter has no column"
    assert [(each.trial, each.value) for each in found.improvements] == [(0, 0.2), (1, 0.5), (2, 0.7)]
    assert [(band.rows, len(band.reached)) for band in found.bands] == [(2, 3)]
    assert sweeps_seen.as_one_object(found)["bands"][0]["reached"][0] == {"trial": 2, "value": 0.6}
    assert "best by then: 0.2 (trial 0), 0.5 (trial 1), 0.7 (trial 2)" in sweeps_seen.ending(found, store.home)


def test_a_parameter_that_is_called_as_a_column_stands_beside_it(store: Store, made: Made) -> None:
    """A `time` of the space had that of the trial in its place, and a parameter of the metric's name the metric."""
    found = see(store, made("aa", [[0.1], [0.5]], space="time: {min: 0.0, max: 1.0}, acc: {min: 0.0, max: 1.0}"))
    shown = [(row["point.time"], row["time"], row["acc"], row["best.acc"]) for row in rows(found.results)]
    assert shown == [("0.01", "1 min 00 s", "0.01", "0.5"), ("0", "1 min 00 s", "0", "0.1")]


def test_a_sweep_of_before_its_space_was_kept_is_seen_by_what_it_has_tried(store: Store, made: Made) -> None:
    """Queues are years old; a sweep of last month is one that somebody wants to see again."""
    found = see(store, made("aa", [[0.1, 0.2], [0.5]], old=True))
    assert [(row["trial"], row["net.lr"], row["acc"]) for row in rows(found.results)] == [("1", "0.01", "0.5"), ("0", "0", "0.2")]


def test_the_list_of_sweeps_says_how_each_stands(store: Store, made: Made) -> None:
    """Which one was it, and how did it end?"""
    made("aa", [[0.1]])
    made("bb", [[0.2], [0.9]])
    assert [(row["id"], row["method"], row["metric"], row["best"], row["trial"], row["states"]) for row in table(store)] == [
        ("bb", "random", "acc", "0.9", "1", "2 done"),
        ("aa", "random", "acc", "0.1", "0", "1 done"),
    ]
    assert sweeps_seen.objects(sweeps(store, 1))[0]["states"] == {"done": 2}


def table(store: Store) -> list[dict[str, str]]:
    return sweeps_seen.table(sweeps(store))


def test_a_failed_trial_is_shown_and_is_never_the_best(store: Store, made: Made) -> None:
    """It may have logged a fine value before it crashed."""
    record = made("aa", [[0.9], [0.2], [0.1]])
    with store.change() as change:
        change.connection.execute("UPDATE job SET state = 'failed' WHERE id = ?", (listed(store, record).entries[0].job,))
    found = see(store, record)
    assert [(each.trial, each.value) for each in found.improvements] == [(1, 0.2)]
    assert found.results.entries[0].record.state is State.FAILED
    assert sweeps_seen.objects([listed(store, record)])[0]["best_trial"] == 1


def test_a_sweep_is_named_by_its_id_its_file_or_its_directory(store: Store, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types nothing means the one that was begun here."""
    made("aa11", [[0.1]])
    made("ab22", [[0.2]], directory="elsewhere")
    assert [sweep_named(store, word).id for word in (None, "last", "ab", "sweep.yaml", "aa11")] == [
        *("aa11", "aa11", "ab22", "ab22", "aa11")
    ]
    monkeypatch.chdir(Path("elsewhere"))
    assert sweep_named(store).id == "ab22"
    for word, said in {
        "a": "several sweeps have an id",
        "swep.yaml": 'did you mean "sweep.yaml"',
        "zz": "exp-queue sweeps",
    }.items():
        with pytest.raises(UserError) as refused:
            sweep_named(store, word)
        assert said in str(refused.value)


def test_a_sweep_of_wandb_s_agents_is_named_by_the_id_that_wandb_prints(store: Store, made: Made) -> None:
    """Who types nothing means the one that was begun here; the other was refused by the only name that its owner had seen."""
    made("aa11", [[0.1]])
    with store.change() as change:
        add_sweep(change, SweepRecord("bb22", "bb22", str(store.home.root / "wandb/sweeps/f247e329.yaml"), 1, "{}", 0.0))
    assert [sweep_named(store, word).id for word in (None, "f247e329", "sweep", "bb")] == ["aa11", "bb22", "aa11", "bb22"]
    with store.change() as change:
        add_sweep(change, SweepRecord("cc33", "cc33", "bb.yaml", 1, "{}", 0.0))
    assert sweep_named(store, "bb").id == "bb22", "an id comes before the name of a file without its end"


def test_without_any_sweep_the_way_to_one_is_said(store: Store) -> None:
    """An empty table would look like a loss."""
    with pytest.raises(UserError, match="there is no sweep yet; `exp-queue sweep FILE` begins one"):
        sweep_named(store)


def test_what_mattered_is_said_of_a_space_that_is_kept(store: Store, made: Made) -> None:
    """It stood once at the end of the sweep, and nowhere after."""
    pytest.importorskip("optuna")
    found: Mapping[str, Any] = sweeps_seen.as_one_object(see(store, made("aa", [[number / 30] for number in range(30)])))
    assert found["importance"] == {"net.lr": pytest.approx(1.0)}
