"""What the keys change: each act takes jobs as they were seen, and returns a sentence about what it has done, or why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from scheduler.actions import cancel, hold, move, pause, remark
from scheduler.errors import UserError
from scheduler.experiments.document import values
from scheduler.queue.job import Job
from scheduler.queue.states import ACTIVE, WAITING, State
from scheduler.queue.store import Store
from scheduler.report import jobs as wording
from scheduler.report.roster import standing
from scheduler.report.text import plural
from scheduler.values import dataclass

Say = Callable[[str], None]
Act = Callable[[Store, Say], str]
_WHERE = {move.FIRST: move.FIRST, "front": move.FIRST, move.LAST: move.LAST, "back": move.LAST, "end": move.LAST}


@dataclass(frozen=True)
class Row:
    """A job as it was seen when a key was pressed."""

    job: Job
    is_paused: bool = False


def cancelling(rows: Sequence[Row]) -> str:
    """The question that is asked before."""
    running = sum(row.job.state in ACTIVE for row in rows)
    over = sum(row.job.state not in ACTIVE | WAITING for row in rows)
    what = f"{rows[0].job.short_id}, which is {standing(rows[0].job, is_paused=rows[0].is_paused)}"
    most = "all" if running == len(rows) else f"{running:,}"
    parts = [f"{most} of them running" * bool(running), f"{over:,} over already" * bool(over)]
    many = f"{len(rows):,} jobs" + "".join(f", {part}" for part in parts if part)
    return f"cancel {what if len(rows) == 1 else many}?"


def cancelled(rows: Sequence[Row]) -> Act:
    """Jobs that have begun since they were asked about, or are in another attempt, go on."""

    def act(store: Store, say: Say) -> str:
        jobs = [row.job for row in rows]
        stubborn = cancel.cancel_as_seen(store, jobs, say)
        now = {job.number: job for job in store.by_numbers(job.number for job in jobs)}
        changed = [now[job.number] for job in jobs if job.state in WAITING | ACTIVE and _goes_on(now[job.number], stubborn)]
        done = sum(now[job.number].state is State.CANCELLED for job in jobs if job.state in WAITING | ACTIVE)
        told = [cancel.by_hand(store, attempt) for attempt in stubborn]
        if changed:
            told.append(f"{_these(changed)} {_has(changed)} changed since you were asked, and {_goes(changed)} on")
        return "; ".join([f"{_of(done, rows)} cancelled{_before(rows)}", *told])

    return act


def held(rows: Sequence[Row]) -> Act:
    """Those that are queued are held; where none is, those that are held are released."""
    is_release = not any(row.job.state is State.QUEUED for row in rows) and any(row.job.state is State.HELD for row in rows)

    def act(store: Store, say: Say) -> str:
        done = (hold.release if is_release else hold.hold)(store, words_of(rows))
        verb = "released" if is_release else "held"
        running = any(job.state in ACTIVE for job in done.jobs or ())
        why = "; what runs can be paused: p" if running and not done.moved else ""
        return f"{_of(done.moved, rows)} {verb}{why}"

    return act


def paused(rows: Sequence[Row]) -> Act:
    """Those that run stand still; where all of them do, they go on."""
    running = [row for row in rows if row.job.state in ACTIVE]
    goes_on = bool(running) and all(row.is_paused for row in running)

    def act(store: Store, say: Say) -> str:
        if not running:
            return f"nothing to pause: {_these([row.job for row in rows])} {_does(rows)} not run; h holds what is queued"
        seen = {(row.job.id, row.job.attempts) for row in running}
        now = [job for job in store.by_numbers(row.job.number for row in running) if (job.id, job.attempts) in seen]
        done = (pause.go_on if goes_on else pause.pause)(store, now)
        verb = "continued" if goes_on else "paused"
        return "; ".join([f"{_of(len(done.reached), rows)} {verb}", *(f"{job[:8]}: {why}" for job, why in done.refused.items())])

    return act


def moved(rows: Sequence[Row], where: str) -> Act:
    """`where`: first, last or a priority. UserError for anything else."""
    word = where.strip().lower()
    place = _WHERE[word] if word in _WHERE else values.priority(int(word) if word.lstrip("-").isdecimal() else word)
    return lambda store, say: wording.moved(move.move(store, words_of(rows), place))


def noted(rows: Sequence[Row], text: str) -> Act:
    """The note of one job is `text`, unless somebody else has written another meanwhile; to those of several, and to one of
    several lines, it is a further line."""
    before = rows[0].job.note
    is_further = len(rows) > 1 or not is_editable(before)

    def act(store: Store, say: Say) -> str:
        if is_further and not text.strip():
            return "nothing noted"
        if not is_further and store.job(rows[0].job.id).note != before:
            raise UserError("the note was changed meanwhile by somebody else", next_step="n shows it as it is now")
        done = remark.annotate(store, words_of(rows), text, append=is_further)
        return f"{_of(done.changed, rows)} {'noted' if text.strip() else 'without a note now'}"

    return act


def tagged(rows: Sequence[Row], text: str) -> Act:
    """`text`: tags, of which those that begin with a minus are taken away. UserError where there is none."""
    tags = text.replace(",", " ").split()
    more, fewer = [tag for tag in tags if not tag.startswith("-")], [tag.removeprefix("-") for tag in tags if tag.startswith("-")]
    if not tags:
        raise UserError("no tag was written", next_step="t NAME gives a tag, t -NAME takes it away")

    def act(store: Store, say: Say) -> str:
        told = []
        if more:
            told.append(f"{_of(remark.tag(store, words_of(rows), more).changed, rows)} tagged {' '.join(more)}")
        if fewer:
            done = remark.tag(store, words_of(rows), fewer, remove=True)
            told.append(f"{_of(done.changed, rows)} no longer tagged {' '.join(fewer)}")
        return "; ".join(told)

    return act


def is_editable(note: str) -> bool:
    """Whether a note can be changed in one line, in which nothing steers the terminal."""
    return note.isprintable()


def words_of(rows: Sequence[Row]) -> list[str]:
    """The word that names these jobs, whatever becomes of them."""
    numbers = sorted(row.job.number for row in rows)
    runs = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ranges = [[number for _, number in run] for _, run in runs]
    return ["#" + ",".join(f"{each[0]}-{each[-1]}" if len(each) > 1 else str(each[0]) for each in ranges)]


def _goes_on(job: Job, stubborn: Sequence) -> bool:
    return job.state in WAITING | ACTIVE and job.id not in {attempt.job for attempt in stubborn}


def _of(count: int, rows: Sequence[Row]) -> str:
    """`1 of 3 jobs`; of one job its id."""
    if len(rows) == 1:
        return f"{rows[0].job.short_id}{'' if count else ' is not'}"
    return f"{plural(count, 'job')}" if count == len(rows) else f"{count:,} of {plural(len(rows), 'job')}"


def _before(rows: Sequence[Row]) -> str:
    over = sum(row.job.state not in ACTIVE | WAITING for row in rows)
    return "" if not over else ": it was over before" if len(rows) == 1 else f", {over:,} over before"


def _these(jobs: Sequence[Job]) -> str:
    return jobs[0].short_id if len(jobs) == 1 else plural(len(jobs), "job")


def _has(jobs: Sequence[Job]) -> str:
    return "has" if len(jobs) == 1 else "have"


def _goes(jobs: Sequence[Job]) -> str:
    return "goes" if len(jobs) == 1 else "go"


def _does(rows: Sequence[Row]) -> str:
    return "does" if len(rows) == 1 else "do"
