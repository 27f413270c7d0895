"""What a client has told of a run, however often it says it."""

from __future__ import annotations

import json
from typing import Any

from scheduler.wandb_server.posts import Told


def stream(**files: tuple[int, list[str]]) -> dict[str, Any]:
    names = {
        "history": "wandb-history.jsonl",
        "summary": "wandb-summary.json",
        "output": "output.log",
        "events": "wandb-events.jsonl",
    }
    return {"stream": {"files": {names[name]: {"offset": at, "content": lines} for name, (at, lines) in files.items()}}}


def rows(*values: float, first: int = 0) -> list[str]:
    return [json.dumps({"_step": first + place, "loss": value}) for place, value in enumerate(values)]


def losses(told: Told, post: dict[str, Any]) -> list[float]:
    return [row["loss"] for row in told.take(post).rows]


def test_rows_that_are_sent_again_count_once() -> None:
    """An answer that was lost makes the client send the same piece once more, perhaps with more behind it."""
    told = Told()
    assert losses(told, stream(history=(0, rows(3, 2)))) == [3, 2]
    assert losses(told, stream(history=(0, rows(3, 2)))) == []
    assert losses(told, stream(history=(1, rows(2, 1, first=1)))) == [1]
    assert told.counts["wandb-history.jsonl"] == 3


def test_the_configuration_is_that_of_the_last_word_and_what_was_not_said_again_stays() -> None:
    """The second word of the client has no group and no notes: they are not taken back."""
    told = Told()
    first = {
        "name": "r",
        "groupName": "g",
        "notes": "n",
        "tags": ["a"],
        "config": '{"lr": {"value": 1}, "_wandb": {"value": {}}}',
    }
    told.take({"bucket": first})
    told.take({"bucket": {"name": "r", "groupName": None, "notes": None, "tags": None, "config": '{"lr": {"value": 2}}'}})
    assert (told.group, told.notes, told.tags, told.config) == ("g", "n", ("a",), {"lr": 2})


def test_a_run_is_over_with_the_status_that_it_says_and_goes_on_when_it_is_resumed() -> None:
    """`complete` alone tells; `resume="allow"` begins with another word about itself."""
    told = Told()
    told.take({"stream": {"files": {}, "exitcode": 1}})
    assert not told.is_over
    told.take({"stream": {"complete": True, "exitcode": 3}})
    assert (told.is_over, told.exit_status) == (True, 3)
    told.take({"bucket": {"name": "r"}})
    assert not told.is_over


def test_what_is_no_post_of_a_client_changes_nothing() -> None:
    """Whoever has the key may still send nonsense."""
    told = Told()
    for post in (
        {},
        {"stream": 3},
        {"stream": {"files": []}},
        {"stream": {"files": {"wandb-history.jsonl": {"offset": "x", "content": 3}}}},
        {"bucket": {"config": "{", "tags": 3, "name": 7}},
        stream(history=(0, ["no json", "[1]", "3"])),
    ):
        assert not told.take(post).rows
    assert (told.config, told.name, told.tags) == ({}, "", ())


def test_a_run_that_is_over_brings_news_with_a_further_row_or_another_status_alone() -> None:
    """`wandb sync` sends all of it again, with the times of that moment before the lines of output."""
    told = Told()
    told.take(stream(history=(0, rows(3, 2)), output=(0, ["hello"])))
    told.take({"stream": {"complete": True, "exitcode": 0}})
    again = stream(history=(0, rows(3, 2)), output=(0, ["hello", "once more"]))["stream"]
    assert not told.brings({**again, "complete": True, "exitcode": 0})
    assert told.brings({**again, "complete": True, "exitcode": 1})
    assert told.brings(stream(history=(1, rows(2, 1, first=1)))["stream"])


def test_what_is_said_of_a_run_that_is_over_does_not_take_its_end_back() -> None:
    """Whoever changes its configuration does not compute it again."""
    told = Told()
    told.take({"stream": {"complete": True, "exitcode": 3}})
    told.take({"bucket": {"config": '{"lr": {"value": 2}}'}, "again": True})
    assert (told.exit_status, told.config) == (3, {"lr": 2})
    told.take({"reopened": True})
    assert not told.is_over
