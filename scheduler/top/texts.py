"""What fills a `Reader`: each writes a text about a job, or the keys."""

from __future__ import annotations

import codecs
import io
import threading
from collections.abc import Callable

from scheduler.actions import explain, logs
from scheduler.actions.opening import opened_devices, opened_queue
from scheduler.actions.show import show
from scheduler.gpus.observation import Settings
from scheduler.queue.job import Job
from scheduler.queue.states import WAITING
from scheduler.queue.store import Store
from scheduler.report import details, tables, trials
from scheduler.report.screen import Screen
from scheduler.sweeps.engine.explaining import recall
from scheduler.top.reader import Put

LINES = 1000  # of an output that are there from the beginning
Fill = Callable[[Put, threading.Event], None]

KEYS = """
arrows, j, k, page keys, g, G   point at a job
space      mark it, or no longer; the keys below then mean all that are marked
escape     mark none

enter      all about the job: configuration, command, attempts, results
l          its output, followed while it grows
e          why it waits, or what became of it

c          cancel: stop it, or take it out of the queue; it is asked before
h          hold: it does not start until h is pressed again
p          pause: it stands still, with its GPUs, until p is pressed again
m          move it before those that wait, behind them, or to a priority
n          a note
t          a tag; -TAG takes one away

/          show only some: lr<0.01 and not tag:old, failed, group:NAME, last
a          show all jobs, also those that were over before
s          the next order: as they start, newest, longest or best first

q          leave; what runs goes on
"""


def keys(put: Put, leave: threading.Event) -> None:
    """What can be pressed."""
    put(KEYS.lstrip("\n"), ())


def about(job: Job) -> Fill:
    """What `show` prints."""

    def fill(put: Put, leave: threading.Event) -> None:
        text = io.StringIO()
        with opened_queue(lambda sentence: put(f"{sentence}\n", ())) as store:
            details.print_details(details.details(show(store, store.job(job.id))), text)
        put(text.getvalue(), ())

    return fill


def why(job: Job, settings: Settings | None) -> Fill:
    """What `explain` prints."""

    def fill(put: Put, leave: threading.Event) -> None:
        with opened_queue(lambda sentence: put(f"{sentence}\n", ())) as store:
            now = store.job(job.id)
            if now.state in WAITING or not _of_trial(store, now, put):
                with opened_devices(settings) as devices:
                    put(explain.explain(store, now, devices) + "\n", ())

    return fill


def _of_trial(store: Store, job: Job, put: Put) -> bool:
    found = recall(store, job)
    if found is None:
        return False
    text = io.StringIO()
    tables.print_table(trials.band_rows(found), text)
    put(f"{trials.headline(found)}\n{text.getvalue()}", ())
    return True


def output(job: Job) -> Fill:
    """What it has printed last and prints from now on, as a terminal shows it."""

    def fill(put: Put, leave: threading.Event) -> None:
        with opened_queue(lambda sentence: put(f"{sentence}\n", ())) as store:
            attempt, home = logs.attempt_of(store, store.job(job.id), None), store.home
        screen, decoder = Screen(), codecs.getincrementaldecoder("utf-8")("replace")
        for piece in logs.following(home, attempt, LINES, leave=leave.is_set):
            screen.write(decoder.decode(piece))
            put(screen.settled(), screen.live())
        screen.write(decoder.decode(b"", final=True))
        put(screen.rest(), ())

    return fill
