"""What tells jobs apart: always there, the same at every start, and never what is cut."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.actions.results import Line
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.report.apart import apart
from scheduler.report.jobs import layout, table
from scheduler.report.labels import Labels
from scheduler.report.tables import print_table
from scheduler.report.text import cells
from scheduler.tracking.metric_log import Outcome
from tests.conftest import ROOT
from tests.queued import job

PLAIN = job(0, argv=("python", "train.py"), state=State.DONE)
LONG = "model.encoder.attention.dropout_probability_of_the_heads"

KEYS = st.sampled_from(["lr", "a.b", "lr2", LONG, f"{LONG}_too", "data", "学習率", "x" * 90])
KEYS = KEYS | st.text("abc.é漢", min_size=1, max_size=5)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.1, 1.0, 1e-5, 0.123456789012, "1", "true", "a b=1", "", "漢字" * 30, "e\u0301", "\x1b[31m", "\u202e"])
    | st.sampled_from([f"/data/sets/imagenet/of/2024/{name}.tar" for name in ("first", "second", "third" * 20)])
    | st.lists(st.integers(0, 2), max_size=2)
)
CONFIGS = st.dictionaries(KEYS, LEAVES | st.dictionaries(KEYS, LEAVES, max_size=3), max_size=4)


def jobs_of(configs: list[dict]) -> list[Job]:
    return [replace(PLAIN, id=f"{place:08d}", arguments=json.dumps(config)) for place, config in enumerate(configs)]


class Terminal(io.StringIO):
    """A file that says it is a terminal; its width comes from the variable COLUMNS."""

    def isatty(self) -> bool:
        return True


def printed(jobs: list[Job], last: dict | None = None) -> list[str]:
    lines = [Line(job, None, Outcome(last or {})) for job in jobs]
    names, out = Labels(jobs), Terminal()
    print_table(table(lines, names), out, layout(lines, names))
    return out.getvalue().splitlines()


@pytest.fixture(autouse=True)
def _eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@given(st.lists(CONFIGS, min_size=1, max_size=8, unique_by=lambda config: json.dumps(config, sort_keys=True)), st.randoms())
def test_different_configurations_have_different_labels_in_any_order_and_on_a_narrow_terminal(
    configs: list[dict], chance: random.Random
) -> None:
    """A row that looks like another one is a row that nobody can use."""
    jobs = jobs_of(configs)
    _, *rows = printed(jobs)
    assert len({row[8:] for row in rows}) == len(jobs)
    assert max(map(cells, rows)) <= 80
    mixed = chance.sample(jobs, len(jobs))
    for width in (60, 30, 12):
        found = Labels(jobs).at(width)
        assert Labels(mixed).at(width) == found
        assert len(set(found.values())) == len(jobs)
        assert all(found.values())
        assert max(map(cells, found.values())) <= width


@given(st.sets(st.text("ab漢é\u0301/", max_size=30), max_size=12), st.integers(8, 20))
def test_texts_that_differ_still_differ_in_little_room(texts: set[str], width: int) -> None:
    """Names of groups are written by people, who put what differs wherever they like."""
    found = apart(sorted(texts), width)
    assert len(set(found)) == len(texts)
    assert max(map(cells, found), default=0) <= width
    assert apart(sorted(texts, reverse=True), width) == found[::-1]


# Without what this file imports: that is most of the time of a process.
LABELS = """
import json
from dataclasses import replace
from scheduler.experiments import differences
from scheduler.report.labels import Labels
from tests.queued import job
configs = [{"a": 1}, {"a": 1, "lr": 1, "width": 2, "depth": 3, "seed": 4, "drop": 5, "heads": 6}, {"a": 1, "b": 1, "c": 2}]
jobs = [replace(job(place), arguments=json.dumps(config)) for place, config in enumerate(configs)]
print(json.dumps([differences(configs), dict(Labels(jobs))]))
"""


def test_a_label_is_the_same_at_every_start() -> None:
    """Python mixes its sets anew in each process; a job that is called otherwise in each listing cannot be found again."""
    found = {
        subprocess.run(
            [sys.executable, "-c", LABELS], cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in "123456"
    }
    assert len(found) == 1


def test_a_job_without_differences_or_without_any_key_has_a_label_all_the_same() -> None:
    """A row without a name says nothing at all; two programs with one configuration are told apart by the program."""
    lone = replace(PLAIN, id="a")
    other = replace(PLAIN, id="b", argv=("python", "test.py"))
    assert Labels([lone]) == {"a": "python train.py"}
    assert Labels([lone, replace(lone, id="b")]) == {"a": "python train.py", "b": "python train.py"}
    assert Labels([lone, other]) == {"a": "python train.py", "b": "python test.py"}
    same = [replace(each, arguments='{"x": 1}') for each in (lone, other)]
    assert Labels(same) == {"a": "x=1 train.py", "b": "x=1 test.py"}
    where = [lone, replace(lone, id="b", cwd="/elsewhere")]
    assert Labels(where) == {"a": "python train.py /", "b": "python train.py /elsewhere"}
    bare, full = jobs_of([{"x": 1}, {"x": 1, "y": 2}])
    assert Labels([bare, full]) == {bare.id: "python train.py", full.id: "y=2"}


def test_a_long_key_does_not_hide_the_value() -> None:
    """It is the value that differs; the last part of a key says enough where no other key ends so."""
    jobs = jobs_of([{LONG: rate, "data": {"path": f"/data/sets/{name}.tar"}} for rate in (0.1, 0.2) for name in ("a", "b")])
    assert Labels(jobs).at(60)["00000000"] == "dropout_probability_of_the_heads=0.1 path=/data/sets/a.tar"
    assert Labels(jobs).at(34) == {
        "00000000": "dropout…=0.1 path=/data/sets/a.tar",
        "00000001": "dropout…=0.1 path=/data/sets/b.tar",
        "00000002": "dropout…=0.2 path=/data/sets/a.tar",
        "00000003": "dropout…=0.2 path=/data/sets/b.tar",
    }
    twice = jobs_of([{"model": {"lr": 1}, "head": {"lr": 2}}, {"model": {"lr": 2}, "head": {"lr": 3}}])
    assert Labels(twice) == {"00000000": "model.lr=1", "00000001": "model.lr=2"}


def test_a_text_that_looks_like_a_number_stands_in_quotes_beside_it() -> None:
    """They are two configurations, and two results."""
    assert list(Labels(jobs_of([{"x": 1}, {"x": "1"}, {"x": True}])).values()) == ["x=1", 'x="1"', "x=true"]


def test_a_long_group_and_many_metrics_leave_room_for_what_differs() -> None:
    """A group is the same in all rows of its file; a metric that has no room is named, and the label stays."""
    group = "a_group_name_of_fifty_one_columns_that_is_never_shor"
    jobs = [replace(job, group=group) for job in jobs_of([{"first_key": x, "second_key": f"value {x}"} for x in range(3)])]
    metrics = {f"validation/{name}_of_the_model": "9" * 400 for name in ("loss", "accuracy", "error", "time")}
    head, *rows = printed(jobs, metrics)
    assert max(map(cells, [head, *rows])) <= 80
    assert [f"first_key={x}" in row or f"second_key=value {x}" in row for x, row in enumerate(rows)] == [True] * 3
    assert head.split()[:4] == ["id", "state", "group", "experiment"]
    assert "a_group_name_o" in rows[0]


def test_what_comes_after_the_jobs_that_are_compared_has_a_label_too() -> None:
    """Of hundreds of thousands not all are compared; none is without a name."""
    many = jobs_of([{"x": x} for x in range(10_002)])
    found = Labels([*many, replace(PLAIN, id="last")])
    assert (found["00010001"], found["last"]) == ("x=10001", "python train.py")


def test_how_many_labels_there_are_is_known_before_one_is_laid_out() -> None:
    """Whoever asks only whether there are any, or for another width, would pay for the usual one too."""
    found = Labels(jobs_of([{"x": x} for x in range(3)]))
    before = set(vars(found))
    assert (len(found), bool(found), list(found)) == (3, True, ["00000000", "00000001", "00000002"])
    assert set(vars(found)) == before


def test_a_run_that_computes_elsewhere_is_called_by_its_own_names_and_not_by_our_command() -> None:
    """Two runs with one configuration: the path of a program of ours tells nobody which is which."""
    seats = [
        replace(job, argv=("python", "-IS", "/x/wandb_server/sit.py", "/home", "me", "proj", name))
        for job, name in zip(jobs_of([{"lr": 1}, {"lr": 1}]), ("run-a", "run-b"), strict=True)
    ]
    assert list(Labels(seats).values()) == ["lr=1 run-a", "lr=1 run-b"]


def of_a_multirun(time: str, number: int) -> Job:
    place = f"multirun/2026-11-30/{time}"
    said = [
        "lr=1",
        "hydra.mode=RUN",
        f"hydra.run.dir={place}/{number}",
        f"hydra.sweep.dir={place}",
        f"hydra.sweep.subdir={number}",
    ]
    return replace(PLAIN, id=f"{time}/{number}", argv=("/usr/bin/env", "python", "app.py", *said), arguments='{"lr": 1}')


def test_equal_jobs_of_a_multirun_are_told_apart_by_the_words_in_which_their_commands_differ() -> None:
    """Their commands are long, and what was shown of them was the same in each."""
    first, second, other = of_a_multirun("18-12-26", 0), of_a_multirun("18-12-26", 1), of_a_multirun("18-12-28", 0)
    assert Labels([first, second]) == {first.id: "lr=1 hydra.sweep.subdir=0", second.id: "lr=1 hydra.sweep.subdir=1"}
    found = Labels([other, second, first])
    assert found == Labels([first, second, other])
    assert found[other.id] == "lr=1 hydra.run.dir=multirun/2026-11-30/18-12-28/0"
    assert len(set(found.at(24).values())) == 3


def test_commands_that_differ_in_the_order_of_their_words_are_shown_whole() -> None:
    """No word of them tells which is which."""
    one, other = replace(PLAIN, id="a", argv=("do", "a=1", "b=2")), replace(PLAIN, id="b", argv=("do", "b=2", "a=1"))
    same = [replace(each, arguments='{"x": 1}') for each in (one, other)]
    assert Labels(same) == {"a": "x=1 do a=1 b=2", "b": "x=1 do b=2 a=1"}
