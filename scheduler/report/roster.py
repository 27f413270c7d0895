"""A screen of jobs one below the other, of which one is pointed at: its lines for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scheduler.actions.results import Line as Result
from scheduler.actions.roster import Entry, Page
from scheduler.actions.scene import Scene
from scheduler.queue.job import Job
from scheduler.queue.listing import Order
from scheduler.queue.states import SUCCEEDED, State
from scheduler.report.job_cells import LEFT_OUT, LONG, ROOMY, SHORT, Line, aligned, cells_of, fitted, metric_cell
from scheduler.report.scene import STYLES, Name, around
from scheduler.report.text import duration
from scheduler.terminal import safe
from scheduler.values import dataclass

POINTER, MARK = ">", "*"
NOTED = "+note"
_MIDDLE = ("place", "step", "metric", "curve", "done", "time")
_COLOURS = {**STYLES, State.RUNNING: "cyan", State.HELD: "yellow", State.STOPPING: "yellow", State.CANCELLED: "dim"}
_NO_CELL: Line = (("", ""),)


@dataclass(frozen=True)
class Board:
    """The lines of a screen; in which of them the job stands that is pointed at (None: in none), and how many jobs have room."""

    lines: Sequence[Line]
    pointed: int | None
    room: int


@dataclass(frozen=True)
class Look:
    """What is looked at: from which place of the list on, the job that is pointed at and those that are marked, by number."""

    first: int = 0
    pointed: int | None = None
    marked: Collection[int] = ()


def board(scene: Scene, page: Page, look: Look, name: Name, width: int, height: int) -> Board:
    """In at most `width` columns and exactly `height` lines."""
    above, below = around(scene, name, height - 1)
    room = max(height - len(above) - len(below) - 1, 0)
    shown = [number for number in page.numbers[look.first : look.first + room] if number in page.entries]
    rows = _rows([page.entries[number] for number in shown], look, name, width)
    rows = rows or [_empty(page)]
    lines = [*above, _title(page, look.first, len(shown), len(look.marked)), *rows[:room]]
    blank = [_NO_CELL] * max(height - len(lines) - len(below), 0)
    pointed = len(above) + 1 + shown.index(look.pointed) if look.pointed in shown else None
    return Board([fitted(line, width) for line in [*lines, *blank, *below][: max(height, 0)]], pointed, room)


def standing(job: Job, *, is_paused: bool = False) -> str:
    """How it stands, in a word."""
    return "paused" if is_paused and job.state is State.RUNNING else job.state.value


def _title(page: Page, first: int, shown: int, marked: int) -> Line:
    total = len(page.numbers)
    where = f"jobs {first + 1:,}-{first + shown:,} of {total:,}" if total > shown else f"{total:,} job{'s' * (total != 1)}"
    only = f" · only {' '.join(page.view.words)}" if page.view.words else ""
    order = f" · {page.view.order.value}" if page.view.order is not Order.QUEUE else ""
    chosen = ((f" · {marked:,} marked", "bold"),) if marked else ()
    return ((f"{where}{order}{only}", "dim"), *chosen)


def _empty(page: Page) -> Line:
    if page.problem:
        return ((page.problem, "bold red"),)
    return ((f"no job is {' or '.join(page.view.words)}" if page.view.words else "", "dim"),)


def _rows(entries: Sequence[Entry], look: Look, name: Name, width: int) -> list[Line]:
    if not entries:
        return []
    rows = [_cells(each, name(each.job), width) for each in entries]
    found = aligned(rows, [_line(each) for each in entries], max(width - 2, 1), ("tags", *LEFT_OUT))
    return [_marked(line, entry.job.number, look) for line, entry in zip(found, entries, strict=True)]


def _marked(line: Line, number: int, look: Look) -> Line:
    pointer, mark = POINTER if number == look.pointed else " ", MARK if number in look.marked else " "
    return ((pointer + mark, "bold"), *line)


def _cells(entry: Entry, name: str, width: int) -> dict[str, Line]:
    job, running = entry.job, entry.running
    known = cells_of(running, name, width) if running else _still(entry, name, width)
    state = standing(job, is_paused=bool(running and running.paused))
    tags = " ".join([*job.tags, *([NOTED] if job.note else [])])
    return {
        "id": known.pop("id"),
        "state": ((state, _COLOURS.get(job.state, "")),),
        **known,
        "tags": ((safe(tags), "magenta"),),
    }


def _still(entry: Entry, name: str, width: int) -> dict[str, Line]:
    """Of a job that does not run."""
    job, line = entry.job, entry.line
    cells = {"id": ((job.short_id, "bold"),), "name": ((safe(name), ""),), **dict.fromkeys(_MIDDLE, _NO_CELL)}
    if line is None:
        return cells
    metric = _metric(line, LONG if width >= ROOMY else SHORT)
    return {**cells, "metric": metric, "time": ((duration(line.seconds), "dim"),)}


def _metric(line: Result, width: int) -> Line:
    objective = line.outcome.objective
    value = line.outcome.objective_value
    return metric_cell(objective.name, value, width) if objective and value is not None else _NO_CELL


def _line(entry: Entry) -> str:
    """What is said of it where it has no metric."""
    if entry.running:
        return "" if entry.running.metric else entry.running.line
    if entry.line is None or entry.job.state in SUCCEEDED:
        return ""
    return entry.line.reason
