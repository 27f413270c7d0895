"""What a metric log says in the end is read once, and is always what the whole log says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.tracking.logged import Gathering, flat
from scheduler.tracking.metric_log import Objective, metrics_of, objective_of, parsed_rows, rows
from scheduler.tracking.outcomes import BLOCK, KEPT, WORTH, read

TEXTS = st.sampled_from(["a", '": 1', "b\\", "\n", '":2,"', '":3}'])
VALUES = st.integers(-5, 5) | st.floats() | st.none() | st.booleans() | st.sampled_from([10**400, 1e300]) | TEXTS
NAMES = st.sampled_from(["loss", "acc_1", "acc_2", '"', "\\", "a,b", "1", "_step", "_objective", "vál", 'a":1,"b', 'a":2,"b'])
INNER = st.dictionaries(NAMES, VALUES, max_size=2) | st.lists(VALUES, max_size=2) | st.just({"name": "loss", "goal": "minimize"})
ROWS = st.dictionaries(NAMES, VALUES | INNER, max_size=4)
OTHERS = st.sampled_from(["", "no row", "[1]", '{"loss": 01}', '{"loss": 1.}', '{"loss":2}', '{"loss": 3} x'])
LINES = ROWS.map(json.dumps) | OTHERS


def whole(path: Path) -> tuple[dict[str, Any], Objective | None, int]:
    """What the log says, by the plain way: every row."""
    last: dict[str, Any] = {}
    objective, count = None, 0
    for row in rows(path):
        objective = objective_of(row) or objective
        last.update(flat(row))
        count += bool(metrics_of(row))
    return last, objective, count


def told(path: Path) -> tuple[dict[str, Any], Objective | None, int]:
    found = read(path)
    return dict(found.last), found.objective, found.rows


@example(lines=[json.dumps({f'a":{number},"b': number}) for number in (1, 2)], end="\n")
@given(st.lists(LINES, max_size=30), st.sampled_from(["", "\n"]))
def test_what_is_read_is_what_every_row_would_say(tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str) -> None:
    """Of rows that differ in their numbers only one is parsed: that must never be seen, nor in which order names came."""
    path = tmp_path_factory.getbasetemp() / "metrics.jsonl"
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    assert repr(told(path)) == repr(whole(path))


def test_what_is_told_while_a_job_runs_is_what_is_kept_of_it_when_it_has_ended(tmp_path: Path) -> None:
    """`{"val": {"loss": 2}}` was a column `val` with a mapping in it, and by `val.loss` no job that runs could be sorted."""
    logged = [{"val": {"loss": 2, "seen": {"_type": "image-file"}}, "ids": [1]}, {"val": {"cer": 0.5}, "acc": 1}, {"acc": None}]
    text = "".join(json.dumps(row) + "\n" for row in logged)
    (tmp_path / "metrics.jsonl").write_text(text)
    gathering = Gathering()
    gathering.take(parsed_rows(text.encode().splitlines()))
    kept = gathering.logged("")
    assert kept.last == {"val.loss": 2, "val.cer": 0.5, "acc": 1}
    assert told(tmp_path / "metrics.jsonl") == (kept.last, None, kept.rows)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that is large enough to be kept, with a metric that only its beginning has."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"early": 7}\n' + "".join(f'{{"_step": {step}, "loss": {1 / (step + 1)}}}\n' for step in range(20_000)))
    assert path.stat().st_size > WORTH
    return path


def test_a_log_that_was_read_is_not_read_again_but_for_what_is_new(log: Path) -> None:
    """`status` is asked again and again, of logs of gigabytes."""
    assert read(log).last["early"] == 7
    kept = log.parent / KEPT
    values = json.loads(kept.read_text())
    kept.write_text(json.dumps({**values, "last": {**values["last"], "early": "as kept"}}))
    with log.open("a") as file:
        file.write('{"_step": 20000, "loss": 0.5}\n')
    assert read(log).last == {"early": "as kept", "loss": 0.5}
    assert [each.name for each in log.parent.iterdir() if each.name not in (log.name, KEPT)] == []


@pytest.mark.parametrize("what", ["truncated", "rewritten", "replaced", "shifted"])
def test_a_log_that_is_not_the_one_that_was_read_is_read_anew(log: Path, what: str) -> None:
    """A script that begins anew must not be shown what it said the time before."""
    read(log)
    text = log.read_text()
    if what == "truncated":
        log.write_text(text[: len(text) // 2])
    elif what == "rewritten":
        log.write_text(text.replace("7", "8", 1))
    elif what == "replaced":
        log.unlink()
        log.write_text(text.replace('"early"', '"other"') + text)
    else:
        log.write_text('{"early": 9}\n' + text.partition("\n")[2] + text.partition("\n")[2])
    assert told(log) == whole(log)


@pytest.mark.parametrize("kept", ["", "{", "[]", "{}", '{"offset": "x"}', "[" * 100_000])
def test_half_of_what_was_kept_is_as_good_as_nothing(log: Path, kept: str) -> None:
    """A crash, a full disk: it can always be made anew."""
    (log.parent / KEPT).write_text(kept)
    assert told(log) == whole(log)


def test_an_enormous_line_is_passed_over_and_no_memory_is_spent_on_it(tmp_path: Path) -> None:
    """A broken program writes one line of gigabytes."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"a": 1}\n{"b": "' + "x" * (3 * BLOCK) + '"}\n{"c": 2}\n')
    assert read(path).last == {"a": 1, "c": 2}


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)], ids=["folder", "pipe", "loop"])
def test_a_log_that_is_no_file_says_nothing_and_hides_no_other_job(tmp_path: Path, make) -> None:
    """A script made a folder of that name: the runner ended with a traceback, and so did every `status` after it."""
    path = tmp_path / "metrics.jsonl"
    make(path)
    assert told(path) == ({}, None, 0)
    assert list(rows(path)) == []
