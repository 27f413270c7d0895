"""What W&B's client would have sent, from the records that it has written instead."""

from __future__ import annotations

import json
from typing import Any

from scheduler.wandb_server.offline import OfflineRun, posts, read
from scheduler.wandb_server.posts import HISTORY, News, Told
from tests.unit.tracking.transaction_logs import double, json_item, number, part, row, summary


def text(field: int, value: str) -> bytes:
    return part(field, value.encode())


def at(seconds: int) -> bytes:
    return number(1, seconds) + number(2, 500_000_000)


def config(**values: Any) -> bytes:
    return b"".join(part(1, part(1, key.encode()) + part(16, json.dumps(value).encode())) for key, value in values.items())


RUN = part(
    17,
    text(1, "r1") + text(3, "demo") + part(4, config(lr=0.1)) + text(6, "g") + text(8, "baseline") + text(9, "a note")
    + text(10, "t1") + text(10, "t2") + text(13, "host") + part(17, at(100)),
)  # fmt: skip
LATER = part(5, config(lr=0.2, depth=3))


def printed(value: str, seconds: int) -> bytes:
    return part(13, part(2, at(seconds)) + text(3, value))


def measured(seconds: int, **values: float) -> bytes:
    items = b"".join(part(3, text(1, key.replace("__", ".")) + text(16, json.dumps(value))) for key, value in values.items())
    return part(7, part(2, at(seconds)) + items)


def ended(status: int) -> bytes:
    return part(18, number(1, status) + number(2, 9))


def folded(*parts: OfflineRun) -> tuple[Told, list[News]]:
    told = Told()
    return told, [told.take(post) for post in posts(parts)]


def test_a_run_is_told_with_all_that_its_file_says() -> None:
    """The same as if it had been sent: its last configuration, its rows, its output in lines, its end."""
    records = [RUN, row(0, loss=1.5), printed("hel", 101), printed("lo\n10%\r20", 102), printed("%\nrest", 103), LATER]
    found = read([*records, measured(104, gpu__0__gpu=50.0), row(1, loss=0.5), summary(best=0.5), ended(3)])
    told, news = folded(found)
    assert (told.name, told.group, told.display_name, told.notes, told.tags) == ("r1", "g", "baseline", "a note", ("t1", "t2"))
    assert (told.config, told.summary, told.exit_status) == ({"lr": 0.2, "depth": 3}, {"best": 0.5}, 3)
    assert [(each["_step"], each["loss"]) for every in news for each in every.rows] == [(0, 1.5), (1, 0.5)]
    assert [line for every in news for line in every.output] == ["hello", "20%", "rest"]
    assert [each for every in news for each in every.events] == [{"_timestamp": 104.5, "system.gpu.0.gpu": 50.0}]
    assert (found.run, found.project, found.entity, found.began, found.ended) == ("r1", "demo", "", 100.5, 109.5)


def test_a_run_that_was_resumed_has_the_rows_of_all_its_files_and_the_last_end() -> None:
    """Each start of it writes a file of its own."""
    first, second = read([RUN, row(0, loss=2.0), ended(1)]), read([RUN, row(1, loss=1.0), ended(0)])
    told, news = folded(first, second)
    assert [each["loss"] for every in news for each in every.rows] == [2.0, 1.0]
    assert (told.counts[HISTORY], told.exit_status) == (2, 0)


def test_a_file_without_an_end_says_that_nobody_runs_it_and_not_that_it_succeeded() -> None:
    """It was killed, or goes on; nobody can tell from the file."""
    told, _ = folded(read([RUN, row(0, loss=2.0)]))
    assert (told.exit_status, bool(told.gone)) == (None, True)


def test_a_record_that_nobody_understands_costs_itself_alone() -> None:
    """A newer client may write others, and a field may hold something else."""
    strange = [b"\xff\xff", part(17, number(3, 7)), part(2, double(1, 0.5)), part(99, b"x"), part(13, number(3, 1)), b""]
    told, news = folded(read([RUN, *strange, row(0, loss=2.0), ended(0)]))
    assert ([each["loss"] for every in news for each in every.rows], told.exit_status) == ([2.0], 0)


def test_more_rows_than_one_post_holds_are_all_there() -> None:
    """Their numbers go on from post to post."""
    told, news = folded(read([RUN, *(part(2, json_item(["loss"], float(step))) for step in range(2500)), ended(0)]))
    assert [each["loss"] for every in news for each in every.rows] == [float(step) for step in range(2500)]
    assert told.counts[HISTORY] == 2500
