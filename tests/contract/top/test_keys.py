"""`exp-queue top` with its keys, on a real queue, in a terminal that is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

pytest.importorskip("textual", reason="the extra `ui` is not installed")

from textual.events import Key
from textual.pilot import Pilot

from scheduler.actions.hold import hold
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.report.scene import plain
from scheduler.top.app import Top
from scheduler.top.canvas import Canvas

Steps = Callable[["Hand"], Awaitable[None]]
PATIENCE = 100.0


class Hand:
    """Somebody at the keys, who looks before the next one is pressed."""

    def __init__(self, top: Top, pilot: Pilot) -> None:
        self.top, self._pilot = top, pilot

    def rows(self) -> list[str]:
        """All that is on the screen, but for what is typed."""
        shown = [each for each in self.top.screen.query(Canvas) if each.display]
        return [row for each in shown for row in plain([tuple(segment_texts(each, y)) for y in range(each.size.height)])]

    def pointed(self) -> str:
        return next((row for row in self.rows() if row.startswith(">")), "")

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.press(*("space" if char == " " else char for char in text))

    async def sees(self, text: str, *, gone: bool = False) -> list[str]:
        return await self.until(lambda: any(text in row for row in self.rows()) != gone, text)

    async def until(self, true: Callable[[], object], what: str = "") -> list[str]:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, (what, self.rows())
            await self._pilot.pause(0.02)
        return self.rows()

    async def resize(self, columns: int, lines: int) -> None:
        await self._pilot.resize_terminal(columns, lines)


def segment_texts(canvas: Canvas, y: int) -> list[tuple[str, str]]:
    return [(segment.text, "") for segment in canvas.render_line(y)]


def at_the_keys(steps: Steps, *words: str, size: tuple[int, int] = (100, 24)) -> int | None:
    """The exit status of an application with which somebody has done this."""
    top = Top(words)

    async def play() -> None:
        async with top.run_test(size=size) as pilot:
            await steps(Hand(top, pilot))
            if top.is_running:
                top.exit(0)

    asyncio.run(play())
    assert top.table.hands.wait()
    return top.return_value


def test_jobs_are_seen_and_what_others_do_to_them(store: Store, jobs: list[Job], home) -> None:
    """Also at 80 columns, and after the terminal has become another."""

    async def steps(hand: Hand) -> None:
        assert await hand.sees("nobody runs them")
        assert hand.pointed().startswith(f"> {jobs[0].short_id} queued x=1")
        hold(store, [f"#{jobs[0].number}"])
        await hand.until(lambda: "held" in hand.pointed())
        assert await hand.sees("2 queued · 1 held")
        await hand.press("end")
        await hand.resize(40, 5)
        await hand.until(lambda: len(hand.rows()) == 5 and hand.pointed())  # of three jobs there is room for one
        assert hand.rows()[-1].startswith("? keys")
        await hand.resize(140, 40)
        await hand.until(lambda: len(hand.rows()) == 40 and any("`exp-queue work` does" in row for row in hand.rows()))
        assert hand.pointed().startswith(f"> {jobs[0].short_id} held")
        await hand.press("q")

    assert at_the_keys(steps, size=(80, 24)) == 0


def test_ctrl_c_leaves_with_130_also_amid_a_question(jobs: list[Job], home) -> None:
    """As everywhere."""

    async def steps(hand: Hand) -> None:
        await hand.sees(jobs[0].short_id)
        await hand.press("c", "ctrl+c")

    assert at_the_keys(steps) == 130


def test_cancelling_asks_first_and_takes_no_other_key_for_a_yes(store: Store, jobs: list[Job], home) -> None:
    """A finger on the wrong key must not cost a night."""

    async def steps(hand: Hand) -> None:
        await hand.sees(jobs[0].short_id)
        await hand.press("c")
        assert await hand.sees(f"cancel {jobs[0].short_id}, which is queued?")
        await hand.press("h", "enter", "down", "tab")
        assert any("which is queued" in row for row in hand.rows())
        await hand.press("n")
        await hand.sees("which is queued", gone=True)
        await hand.press("c", "escape", "down", "c", "y")
        await hand.sees(f"{jobs[1].short_id} cancelled")

    at_the_keys(steps)
    assert [job.state for job in store.jobs()] == [State.QUEUED, State.CANCELLED, State.QUEUED]


def test_what_is_typed_ahead_goes_into_the_question_it_was_meant_for(store: Store, jobs: list[Job], home) -> None:
    """Over a slow line several keys come at once: those of a note must not hold, cancel or pause."""

    async def steps(hand: Hand) -> None:
        await hand.sees(jobs[0].short_id)
        for char in "nhc y":
            hand.top.post_message(Key("space" if char == " " else char, char))
        hand.top.post_message(Key("enter", "\r"))
        await hand.sees(f"{jobs[0].short_id} noted")

    at_the_keys(steps)
    assert [(job.state, job.note) for job in store.jobs()] == [(State.QUEUED, "hc y"), (State.QUEUED, ""), (State.QUEUED, "")]


def test_marked_jobs_are_acted_on_together(store: Store, jobs: list[Job], home) -> None:
    """And escape unmarks them."""

    async def steps(hand: Hand) -> None:
        await hand.sees(jobs[2].short_id)
        await hand.press("space", "space", "t")
        await hand.type("paper")
        await hand.press("enter")
        await hand.sees("2 jobs tagged paper")
        await hand.press("m")
        await hand.sees("move 2 jobs to")
        await hand.press("backspace", "enter")
        await hand.sees("whole number")
        await hand.press("escape", "k", "m", "enter")
        await hand.sees(f"{jobs[1].short_id} now has priority 1")
        await hand.until(lambda: [row[2:10] for row in hand.rows()][1:4] == [jobs[place].short_id for place in (1, 0, 2)])
        assert hand.pointed()[2:10] == jobs[1].short_id

    at_the_keys(steps)
    assert [job.tags for job in store.jobs()] == [("paper",), ("paper",), ()]


def test_a_filter_leaves_some_and_a_wrong_one_is_explained(jobs: list[Job], home) -> None:
    """As for `status`, in one line without quotes."""

    async def steps(hand: Hand) -> None:
        await hand.sees(jobs[0].short_id)
        await hand.press("slash")
        await hand.type("x>1 and queued")
        await hand.press("enter")
        await hand.sees("2 jobs · only x>1 and queued")
        await hand.press("slash", *["backspace"] * 20)
        await hand.type("xx>1")
        await hand.press("enter")
        await hand.sees('no job has "xx"')
        await hand.press("slash", *["backspace"] * 20, "enter", "s")
        await hand.sees("3 jobs · newest first")
        assert [row[2:10] for row in hand.rows()][1:4] == [jobs[place].short_id for place in (2, 1, 0)]

    at_the_keys(steps)


def test_details_output_and_reasons_are_read_as_they_are(one_runs: Job, jobs: list[Job]) -> None:
    """What a job prints is text, whatever it looks like; its output is followed."""

    async def steps(hand: Hand) -> None:
        await hand.sees(one_runs.short_id)
        await hand.press("l")
        rows = await hand.sees("begun [red]loud[/] \\x1b[2J")
        assert [row for row in rows if "0%" in row] == [" 50%"]
        await hand.press("q", "enter")
        await hand.sees("command")
        await hand.press("escape", "end", "e")
        await hand.sees(f"job {jobs[2].short_id}")
        await hand.press("q", "question_mark")
        await hand.sees("a note")

    at_the_keys(steps)


def test_an_error_of_the_queue_is_a_sentence_and_looking_goes_on(store: Store, jobs: list[Job], home) -> None:
    """Never a traceback in the place of a night's jobs."""

    async def steps(hand: Hand) -> None:
        await hand.sees(jobs[0].short_id)
        await hand.press("l")
        await hand.sees(f"job {jobs[0].short_id} is queued and has not run yet")
        await hand.press("q", "t", "enter")
        await hand.sees("no tag was written")
        await hand.press("t")
        await hand.type("all")
        await hand.press("enter")
        await hand.sees('"all" names jobs, and is no tag')

    at_the_keys(steps)


@pytest.mark.parametrize("note", ["[red]loud[/]", "two\nlines", "\x1b[2J"])
def test_a_note_with_anything_in_it_is_shown_and_changed_as_text(store: Store, jobs: list[Job], home, note: str) -> None:
    """Notes come from files too."""
    with store.change() as change:
        change.connection.execute("UPDATE job SET note = ? WHERE number = ?", (note, jobs[0].number))

    async def steps(hand: Hand) -> None:
        await hand.sees("+note")
        await hand.press("n")
        await hand.type("!")
        await hand.press("enter")
        await hand.sees(f"{jobs[0].short_id} noted")

    at_the_keys(steps)
    assert store.job(jobs[0].id).note == (f"{note}!" if note.isprintable() else f"{note}\n!")
