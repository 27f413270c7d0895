"""What is known of single runs: details, provenance, output; of a real store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.actions.compared import Compared, compared
from scheduler.experiments import Experiment
from scheduler.queue.checkout import Checkout, checkout_of, look
from scheduler.queue.interpreters import Interpreter
from scheduler.queue.job import Ending, Job
from scheduler.queue.origins import Origin
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.logs import keep_what_is_small
from scheduler.web.documents import details, logs, provenance
from scheduler.web.documents.notable import notable
from scheduler.web.documents.questions import OF_ONE
from scheduler.web.documents.whole import whole
from tests.contract.actions.ended import ended
from tests.git_checkouts import checkout
from tests.origins import comes_from

Experiments = Callable[[str], list[Experiment]]
GRID = """
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: [0.1, 0.2, 0.3]}
"""
HOSTILE = "</script><b>\x1b[31mred\x1b[0m\u202e\n"


def course(config: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The last of them has failed."""
    losses = (0.5, config["lr"], math.nan)
    return [{"_step": 10 * step, "loss": loss} for step, loss in enumerate(losses)] if config["lr"] < 0.3 else None


@pytest.fixture
def filled(store: Store, experiments: Experiments, tmp_path: Path) -> Store:
    for job in ended(store, experiments(GRID), str(tmp_path), course):
        keep_what_is_small(store, job, store.latest_attempts([job])[job.id])
    return store


def everyone(store: Store) -> list[Compared]:
    return compared(store, store.jobs())


def printed(store: Store, job: Job, text: str) -> None:
    store.latest_attempts([job])[job.id].log.write_bytes(text.encode())


def origin(store: Store, job: Job, checkout: Checkout | None, packages: tuple[str, ...]) -> None:
    with store.change() as change:
        comes_from(
            change,
            store.latest_attempts([job])[job.id],
            Origin(checkout, Interpreter("/bin/python", "3.11.2", packages), "desk", "Linux 6"),
        )


def test_details_say_what_happened_what_came_out_and_where_it_was_best(filled: Store) -> None:
    """Who opens a run wants to know why it ended, and at which step it was best."""
    good, _, bad = everyone(filled)
    found = details.document(filled, good)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["line"] == "python train.py '{\"lr\": 0.1}'"
    assert found["series"] == {"loss": {"count": 3, "odd": 1, "low_at": 10, "high_at": 0}}
    assert found["steps"] is True
    assert [event[1:] for event in found["events"]] == [[None, "queued", "submitted"], [1, "starting", ""], [1, "done", ""]]
    (attempt,) = details.document(filled, bad)["attempts"]
    assert (attempt["state"], attempt["exit_status"], attempt["duration"]) == ("failed", 1, 60.0)
    assert (found["origin"], found["used"], found["energy"]) == (None, "", "")


def test_a_job_that_has_not_begun_says_what_it_waits_for(store: Store, experiments: Experiments, tmp_path: Path) -> None:
    """It has no attempt and no output, and is opened all the same."""
    (job, *_) = submit(store, experiments(GRID), str(tmp_path), begin=4e9).jobs
    (each, *_) = everyone(store)
    found = details.document(store, each)
    assert found["waits"].startswith("not before 2096-")
    assert (found["attempts"], found["origin"], found["series"]) == ([], None, {})
    assert (logs.document(store, each), provenance.document(store, each)) == ({}, {})
    assert set(OF_ONE) >= {"details", "logs", "provenance"}
    assert whole(store, [each], "waiting")["details"][job.id]["waits"] == found["waits"]


def test_details_of_many_cost_the_questions_of_one(filled: Store) -> None:
    """A report of a thousand runs asked the store eight thousand times."""
    for job in filled.jobs():
        origin(filled, job, None, ("numpy==2.0",))
    asked: list[str] = []
    some = everyone(filled)
    filled.connection.set_trace_callback(asked.append)
    details.documents(filled, some[:1])
    of_one = len(asked)
    details.documents(filled, some)
    assert len(asked) == 2 * of_one


def test_a_patch_and_a_list_of_packages_stand_once_in_a_report(filled: Store, tmp_path: Path) -> None:
    """They are longer than all the rest, and the same in all runs of a day; what could hide in them is shown."""
    work = checkout(tmp_path / "work", train="print('one')\n")
    (work / "train.py").write_text("print('two\u202e')\n", encoding="utf-8")
    (work / "notes.txt").write_text("", encoding="utf-8")
    seen = checkout_of(str(work))
    assert seen
    for job in filled.jobs():
        origin(filled, job, look(*seen), ("numpy==2.0", "torch==2.9"))
    found = provenance.in_a_report(filled, everyone(filled))
    first, *others = found.items()
    assert first[1]["packages"] == ["numpy==2.0", "torch==2.9"]
    assert first[1]["untracked"] == ["notes.txt"]
    assert "-print('one')\n+print('two\\u202e')\n" in first[1]["patch"]
    assert [told for _, told in others] == [{"packages_of": first[0], "patch_of": first[0]}] * 2
    (one, *_) = everyone(filled)
    assert provenance.document(filled, one)["patch"] == first[1]["patch"]
    told = details.document(filled, one)["origin"]
    assert (told["branch"], told["dirty"], told["packages"], told["untracked"], told["version"]) == ("main", True, 2, 1, "3.11.2")


def test_patches_that_are_too_long_for_a_report_are_cut_and_say_so(filled: Store) -> None:
    """One that has reformatted everything must not keep a report from being sent."""
    import zlib

    for number, job in enumerate(filled.jobs()):
        patch = zlib.compress(f"+{number}{'x' * provenance.IN_ALL}\n".encode())
        origin(filled, job, Checkout("/work", "c" * 40, "main", patch), ())
    found = list(provenance.in_a_report(filled, everyone(filled)).values())
    assert [(len(told["patch"]), told["cut"]) for told in found] == [
        (provenance.IN_ALL, True),
        *[(provenance.AT_LEAST, True)] * 2,
    ]
    whole_one = provenance.document(filled, everyone(filled)[0])
    assert (len(whole_one["patch"]), whole_one["cut"]) == (provenance.IN_ALL + 3, False)


def test_output_is_what_a_terminal_shows_in_the_end(filled: Store) -> None:
    """A progress bar of a thousand states is one line, and what could steer a terminal is shown."""
    job = filled.jobs()[0]
    bar = "".join(f"\r{percent} %" for percent in range(101))
    printed(filled, job, f"begun\n{bar}\n{HOSTILE}")
    (each, *_) = everyone(filled)
    found = logs.document(filled, each)
    assert found["text"] == "begun\n100 %\n</script><b>\\x1b[31mred\\x1b[0m\\u202e\n"
    assert (found["whole"], found["attempt"]) == (True, 1)


def test_of_a_long_output_the_end_is_shown_from_the_beginning_of_a_line(filled: Store) -> None:
    """What went wrong stands at the end; half a line in front of it misleads."""
    printed(filled, filled.jobs()[0], "".join(f"line {number}\n" for number in range(100_000)))
    (each, *_) = everyone(filled)
    found = logs.document(filled, each)
    assert found["text"].startswith("line ")
    assert found["text"].endswith("line 99999\n")
    assert (found["whole"], found["size"]) == (False, each.attempt.log.stat().st_size if each.attempt else 0)
    assert logs.SHOWN - 20 < len(found["text"]) <= logs.SHOWN


def test_a_report_has_the_output_of_what_went_wrong_first_as_long_as_there_is_room(filled: Store) -> None:
    """It is read for the one that failed."""
    for job in filled.jobs():
        printed(filled, job, "x" * 80 + "\n" + "y" * 80)
    some = everyone(filled)
    assert [each.job.state for each in notable(some)] == [State.FAILED, State.DONE, State.DONE]
    many = [some[0]] * logs.RUNS + [some[2]]
    assert next(iter(logs.in_a_report(filled, many))) == some[2].job.id
    for job in filled.jobs():
        printed(filled, job, f"{'z' * 100}\n" * 1000)
    shown = [len(told["text"]) for told in logs.in_a_report(filled, some).values()]
    assert len(shown) == 3
    assert max(shown) <= logs.EACH


def test_a_log_that_is_gone_is_said_to_be_gone(filled: Store) -> None:
    """A person who has made room should not look for an error."""
    (each, *_) = everyone(filled)
    assert each.attempt
    assert logs.document(filled, each) == {"path": str(each.attempt.log), "attempt": 1}


def test_an_attempt_before_the_latest_is_told_of_too(filled: Store) -> None:
    """Why it was tried again is what is asked of a run that took two."""
    job = filled.jobs()[0]
    with filled.change() as change:
        change.ask_again(job.id, "asked for again")
        again = change.begin(job, "launcher", "0,1", 3)
        assert again
        change.end(again, Ending(State.FAILED, -9, "killed by signal 9"), 2.0)
    found = details.document(filled, everyone(filled)[0])
    assert [(each["number"], each["state"], each["place"]) for each in found["attempts"]] == [
        (1, "done", ""),
        (2, "failed", "GPU 0,1"),
    ]
    assert [job.id] == [each.job.id for each in notable(everyone(filled)) if each.job.state is State.FAILED][1:]
