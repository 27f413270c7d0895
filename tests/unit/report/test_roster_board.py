"""The screen of `exp-queue top` as lines."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduler.actions.results import Line
from scheduler.actions.roster import Entry, Page, View
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import State
from scheduler.report.roster import Look, board
from scheduler.report.scene import plain
from scheduler.report.text import cells
from scheduler.tracking.metric_log import Objective, Outcome
from tests.unit.report.scenes import BUSY, name
from tests.unit.runner.test_backfill import job

ENDING = Ending(State.FAILED, 1, "exit status 1")
SUCCESS = Outcome({"acc": 0.5}, Objective("acc", "maximize"), 3)


def still(number: int, state: State, outcome: Outcome | None = None, ending: Ending | None = None, **facts) -> Entry:
    one: Job = replace(job(number), id=f"{number:08x}" + "0" * 24, state=state, **facts)
    attempt = Attempt(one.id, 1, "launcher", "/nowhere", 0.0, duration=61.0, ending=ending) if ending else None
    return Entry(one, line=Line(one, attempt, outcome or Outcome({}, None, 0)))


ENTRIES = [
    *(Entry(each.job, each) for each in BUSY.running),
    still(20, State.QUEUED, tags=("old", "paper"), note="it was too high"),
    still(21, State.HELD),
    still(22, State.FAILED, ending=ENDING),
    still(23, State.DONE, SUCCESS, ending=Ending(State.DONE, 0)),
]
PAGE = Page(numbers=[each.job.number for each in ENTRIES], entries={each.job.number: each for each in ENTRIES})


def rows(look: Look = Look(), width: int = 140, height: int = 40, page: Page = PAGE) -> list[str]:  # noqa: B008 (frozen)
    return plain(board(BUSY, page, look, name, width, height).lines)


def row_of(number: int, shown: list[str]) -> str:
    (found,) = [row for row in shown if row[2:10] == PAGE.entries[number].job.short_id]
    return found


@given(columns=st.integers(1, 200), lines=st.integers(1, 40), first=st.integers(0, 12))
def test_a_screen_is_as_large_as_the_terminal(columns: int, lines: int, first: int) -> None:
    """A row too many would push the keys out of it."""
    shown = rows(Look(first), columns, lines)
    assert len(shown) == lines
    assert all(cells(row) <= columns for row in shown)


def test_jobs_in_every_state_say_what_is_known_of_them() -> None:
    """What came out, or why nothing did, stands where one that runs has its metric."""
    shown = rows(width=200)
    assert row_of(4, shown)[11:17] == "paused"
    assert row_of(20, shown).endswith("old paper +note")
    assert "held" in row_of(21, shown)
    assert "| exit status 1" in row_of(22, shown)
    assert "acc 0.5" in row_of(23, shown)
    assert "1 min 01 s" in row_of(23, shown)


def test_what_is_pointed_at_and_what_is_marked_is_told_without_colours() -> None:
    """NO_COLOR leaves nothing but characters."""
    found = board(BUSY, PAGE, Look(0, 2, {2, 21}), name, 140, 40)
    shown = plain(found.lines)
    assert row_of(21, [f" {row[1:]}" for row in shown]).startswith(" *")
    assert found.pointed is not None
    assert shown[found.pointed].startswith(">*")
    assert [row[:1] for row in shown].count(">") == 1
    assert "2 marked" in "\n".join(shown)


def test_a_list_that_is_longer_says_where_it_stands() -> None:
    """100,000 jobs on ten lines."""
    long = replace(PAGE, numbers=[*PAGE.numbers, *range(1000, 100_000)], view=View(("lr<1",)))
    title = next(row for row in rows(Look(2), 80, 24, long) if row.startswith("jobs "))
    assert title.startswith("jobs 3-9 of 99,009 · only lr<1")
    assert "lrr is nothing" in "\n".join(rows(page=Page(problem="lrr is nothing")))


def test_nothing_that_a_job_says_steers_the_screen() -> None:
    """Names, tags and reasons come from anywhere; what looks like markup is text."""
    evil = "\x1b[2J[red]\u202e[/]"
    entry = still(9, State.FAILED, ending=replace(ENDING, reason=evil))
    shown = plain(board(BUSY, Page(numbers=[9], entries={9: entry}), Look(), lambda _: evil, 140, 24).lines)
    assert all("\x1b" not in row and "\u202e" not in row for row in shown)
    assert any("\\x1b[2J[red]\\u202e[/]" in row for row in shown)
