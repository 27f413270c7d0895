"""A thread that deals with Slurm and the shared folder, so that no call that blocks keeps the runner's loop: it submits, looks at
journals, asks what became of those that are silent, and stops."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from scheduler.launcher import journal
from scheduler.launcher.outbox import Outbox
from scheduler.linux import isolated
from scheduler.queue.job import Attempt
from scheduler.slurm import batch, commands, states, verdicts
from scheduler.slurm.arrays import Batch, Watched, journals
from scheduler.slurm.request import script, submission

TICK = 0.3  # seconds between two looks at the journals, which no kernel event announces from another machine
ASK = 2.0  # seconds between two questions to Slurm; more where it takes long to answer
WORTH = 50  # times as long as a look or an answer took, we wait for the next
LONGEST = 60.0  # seconds between two tries to submit


class Clerk:
    """Its methods are of any thread. What it has to say are the reports of launchers, by `reports`, when it is readable."""

    def __init__(self) -> None:
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._outbox = Outbox()
        self._known: dict[str, Batch] = {}  # of earlier runners, by name
        self._watched: dict[str, Watched] = {}
        self._unsent: list[Batch] = []
        self._unwanted: dict[str, list[int]] = {}  # numbers of orders by the jobs in Slurm
        self._to_wake: dict[str, list[int]] = {}
        self._ask_at = self._look_at = 0.0
        self._complaint = ""
        self._over = False
        self._thread = threading.Thread(target=self._run, name="slurm", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._outbox.fileno()

    def reports(self) -> list[dict[str, Any]]:
        """What was to be said since the last call."""
        return self._outbox.reports()

    def submit(self, array: Batch) -> None:
        """Have its orders started, and watch them."""
        self._inbox.put(partial(self._take, array))

    def watch(self, attempt: Attempt) -> tuple[Batch, int] | None:
        """Watch an attempt that an earlier runner has given to Slurm, or was about to; returns its array and its number there.
        None where none has."""
        place = batch.place_of(attempt.launcher)
        if place is None:
            return None
        name, index = place
        folder = batch.folder_of(Path(attempt.directory).parents[2], name)
        array = self._known.get(name) or Batch(name, folder, sent=True, job=batch.job_of(folder))
        self._known[name] = array
        self._inbox.put(partial(self._take_one, Watched(attempt.name, array, index)))
        return array, index

    def stop(self, attempt: str, state: str, grace: float | None) -> None:
        self._inbox.put(partial(self._stop, attempt, state, grace))

    def call_back(self) -> None:
        """Take back all that have not started; `dropped` is reported for each."""
        self._inbox.put(self._withdraw_all)

    def forget(self, launcher: str) -> None:
        """Its end is written down. What is left of it lies in a folder that the next runner removes."""

    def close(self) -> None:
        """Watch no longer. What is in Slurm goes on; what is on its way there may arrive."""
        self._inbox.put(self._end)
        self._thread.join()
        self._outbox.close()

    # In the thread.

    def _run(self) -> None:
        while not self._over:
            self._obey()
            self._call()
            self._send()
            self._look()
            self._ask()

    def _obey(self) -> None:
        """Wait for a wish, and for the next look."""
        with suppress(queue.Empty):
            self._inbox.get(timeout=max(0.001, self._next() - time.monotonic()))()
            while True:
                self._inbox.get_nowait()()

    def _next(self) -> float:
        return min([self._look_at, *(each.due for each in self._unsent)])

    def _end(self) -> None:
        self._over = True

    def _take(self, array: Batch) -> None:
        self._unsent.append(array)
        for index, order in array.orders.items():
            self._take_one(Watched(order.attempt, array, index))

    def _take_one(self, each: Watched) -> None:
        self._watched[each.attempt] = each

    # Submit.

    def _send(self) -> None:
        now = time.monotonic()
        for array in [each for each in self._unsent if each.due <= now]:
            if self._is_sent(array):
                self._unsent.remove(array)

    def _is_sent(self, array: Batch) -> bool:
        """Whether it is there, or nothing of it is wanted any more."""
        wanted = [each.index for each in self._watched.values() if each.batch is array]
        if not wanted:
            return True
        line = isolated.command("scheduler.slurm.node", "main(sys.argv[1])", [str(array.folder)], packages=False)
        try:
            if not array.tries:
                batch.write(array.folder, array.orders)
            array.sent = True  # also if no answer comes: who makes a journal first owns the order, however often it is there
            words = submission(array.title, array.options, wanted, array.most, str(array.folder))
            array.job = commands.submit(words, script(line))
            (array.folder / "job").write_text(array.job, encoding="utf-8")
        except (commands.NoAnswer, OSError) as error:
            array.tries += 1
            array.due = time.monotonic() + min(LONGEST, 2.0**array.tries)
            self._complain(f"Slurm does not take it: {error}; it is tried again")
            return False
        self._complaint = ""
        return True

    def _complain(self, text: str) -> None:
        """Once for each reason, by the name of any attempt: it concerns them all."""
        if text != self._complaint and self._watched:
            self._complaint = text
            self._outbox.tell(next(iter(self._watched)), **{"is": "note", "about": "", "text": text})

    # Look.

    def _look(self) -> None:
        begun = time.monotonic()
        if begun < self._look_at:
            return
        for array in {id(each.batch): each.batch for each in self._watched.values()}.values():
            there = journals(array.folder)
            for each in [each for each in self._watched.values() if each.batch is array and each.index in there]:
                self._read(each)
        self._look_at = time.monotonic() + max(TICK, WORTH * (time.monotonic() - begun))

    def _read(self, each: Watched) -> None:
        path = batch.journal(each.batch.folder, each.index)
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # another runner has written its end down, and removes the folder
            return
        if size == each.size:
            return
        each.size = size
        record = journal.read(path)
        if record is None:
            return
        if each.attempt in record.started and not each.begun:
            each.begun = True
            place = record.places.get(each.attempt)
            age = max(0.0, time.time() - place["at"]) if place and "at" in place else None
            self._outbox.tell(each.attempt, **{"is": "running", "pid": None, "birth": None, "place": place, "age": age})
        if (note := record.notes.get(each.attempt, "")) != each.note:
            each.note = note
            self._outbox.tell(each.attempt, **{"is": "note", "about": "", "text": note})
        if (found := verdicts.by_journal(each.attempt, record)) is not None:
            self._finish(each, found)

    def _finish(self, each: Watched, found: dict[str, Any]) -> None:
        del self._watched[each.attempt]
        self._outbox.tell(each.attempt, **found)

    # Ask.

    def _ask(self) -> None:
        begun = time.monotonic()
        silent = [each for each in self._watched.values() if each.batch.sent]
        if begun < self._ask_at or not silent:
            return
        try:
            arrays = commands.arrays({each.batch.title for each in silent})
        except commands.NoAnswer as error:
            self._complain(f"Slurm does not answer: {error}; what runs goes on")
        else:
            self._complaint = self._complaint if self._unsent else ""
            for each in silent:
                self._judge(each, arrays.get(each.batch.title))
        self._ask_at = time.monotonic() + max(ASK, WORTH * (time.monotonic() - begun))

    def _judge(self, each: Watched, array: states.Array | None) -> None:
        """What became of it, where Slurm has it no longer and its journal is not closed."""
        each.batch.job = each.batch.job or (array.job if array else "")
        element = array.element(each.index) if array else None
        if element and element.is_there:
            return
        record = journal.read(batch.journal(each.batch.folder, each.index))  # after Slurm's answer: it is whole now
        if record is None:
            if batch.withdraw(each.batch.folder, each.index):
                self._finish(each, verdicts.never_began(element, each.batch.folder, each.said(), sys.executable))
            return
        self._finish(each, verdicts.gone(each.attempt, record, element))

    # Stop.

    def _stop(self, attempt: str, state: str, grace: float | None) -> None:
        each = self._watched.get(attempt)
        if each is None or each.stop == (state, grace):
            return
        each.stop = (state, grace)
        self._look_at = 0.0
        folder, index = each.batch.folder, each.index
        if batch.withdraw(folder, index, batch.stopped_before(attempt, state)):
            self._unwanted.setdefault(each.batch.job, []).append(index)
        else:
            batch.ask_to_stop(folder, index, state, grace)
            self._to_wake.setdefault(each.batch.job, []).append(index)

    def _call(self) -> None:
        """Tell Slurm of stops. Without it the launchers see them a little later, and what waits finds that it is not wanted."""
        for act, jobs in ((commands.cancel, self._unwanted), (commands.wake, self._to_wake)):
            for job, indices in jobs.items():
                with suppress(commands.NoAnswer):
                    act(job, indices)
            jobs.clear()

    def _withdraw_all(self) -> None:
        self._look_at = 0.0
        waiting = [each for each in self._watched.values() if not each.begun]
        for each in waiting:
            batch.withdraw(each.batch.folder, each.index)
        for array in {id(each.batch): each.batch for each in waiting if each.batch.job}.values():
            with suppress(commands.NoAnswer):  # they find that they are not wanted
                commands.cancel_waiting(array.job)
