"""One thread that looks at the store and at what jobs log, for all who have the page open.

It looks when the kernel says that there is something: somebody has written to the queue, a process has ended, a log has grown. A
look costs what is new: rows of jobs that have changed, and the new lines of logs. It writes down the ends that no runner writes
down, as every command does that looks, and starts nothing.
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.actions.logged import Summary
from scheduler.actions.opening import opened_queue
from scheduler.actions.wait import Ears
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.job import Attempt, Job
from scheduler.queue.kept import kept
from scheduler.queue.store import Store
from scheduler.shortage import passing
from scheduler.web.broadcast import Broadcast
from scheduler.web.cellar import Cellar
from scheduler.web.documents.curves import clock, curve
from scheduler.web.followed import Followed
from scheduler.web.shelf import Shelf, dumped, points_of
from scheduler.web.table import Table

LEAST, THRIFT, LONGEST_REST = 0.25, 50, 10.0  # seconds between two looks; after one that took a second, so many; at most
LONGEST = 5.0  # seconds to the next look at what may change without a word: processes that are gone
SPELL = 0.5  # seconds of one look in which logs are read
AGAIN = 5.0  # seconds after a look that failed
MOST_AWAKE = 16  # attempts that the kernel wakes us for: a user has 128 such watches in all
PATIENCE = 60.0  # seconds in which the first look is over


class Feed:
    """`say` hears what a person should know; `about` is said beside the list of runs; `news` is what has changed, for all."""

    def __init__(self, home: Home, say: Callable[[str], None] = lambda _: None, about: Mapping[str, Any] | None = None) -> None:
        self._home, self._say, self.about = home, say, dict(about or {})
        self.news, self.shelf = Broadcast(), Shelf(Cellar(home.root))
        self._table = Table()
        self._followed: dict[str, Followed] = {}  # by the job's id
        self._lock = threading.Lock()  # of all above
        self._ready, self._index = threading.Event(), b""
        self._ears, self._mouth = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._is_over = False
        self._version: tuple[int, ...] = ()
        self._looked = -math.inf
        self._complaint = ""
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Return when the thread has ended. Who listens hears that it is over."""
        self._is_over = True
        self.news.end()
        with suppress(OSError):
            os.write(self._mouth, b".")
        if self._thread.is_alive():
            self._thread.join()
        self._ready.set()  # whoever waits for it
        os.close(self._mouth)
        os.close(self._ears)

    # For those who ask, in threads of their own.

    def index(self) -> bytes:
        """The list of runs as JSON, and from which place on the news go on. TimeoutError while the first look lasts."""
        self._wait()
        with self._lock:
            if not self._index:
                found = {**self._table.document(), **self.about, "place": self.news.place}
                self._index = dumped({name: value for name, value in found.items() if name != "made"})
            return b'{"made":%b,%b' % (dumped(time.time()), self._index[1:])

    def curves(self, store: Store, metric: str, only: Sequence[str] | None = None) -> bytes:
        """One metric of all runs, or of some: `{"curves": {RUN: CURVE}, "clocks": {RUN: CLOCK}, "place": PLACE}` as JSON."""
        self._wait()
        with self._lock:
            place = self.news.place
            everyone = [each for each in self._table.everyone if only is None or each.job.id in only]
            points = points_of(sum(metric in each.logged.series for each in self._table.everyone))
            live = self._live(metric, points)
        over = {
            each.attempt.name: each.job.id
            for each in everyone
            if each.attempt and each.job.id not in live and metric in each.logged.series
        }
        attempts = [each.attempt for each in everyone if each.attempt and each.attempt.name in over]
        made = self.shelf.curves(store, attempts, metric, points, lambda: self._is_over)
        wanted = {each.job.id for each in everyone}
        found = {
            **{over[name]: texts for name, texts in made.items()},
            **{run: texts for run, texts in live.items() if run in wanted and texts[0]},
        }
        return b'{"curves":{%b},"clocks":{%b},"place":%b}' % (
            b",".join(b'"%b":%b' % (run.encode(), shown) for run, (shown, _) in found.items()),
            b",".join(b'"%b":%b' % (run.encode(), told) for run, (_, told) in found.items() if told),
            dumped(place),
        )

    def everyone(self) -> Sequence[Compared]:
        """The runs as they were at the last look."""
        self._wait()
        return self._table.everyone

    def run(self, name: str) -> Compared | None:
        """One of them, by its id."""
        self._wait()
        return self._table.of(name)

    def _live(self, metric: str, points: int) -> dict[str, tuple[bytes, bytes]]:
        """Of those that are followed."""
        found = {}
        for run, each in self._followed.items():
            series, told = each.logged.series.get(metric), clock(each.logged)
            drawn = dumped(curve(series, points)) if series and series.curve else b""
            found[run] = (drawn, dumped(told) if told else b"")
        return found

    def _wait(self) -> None:
        if not self._ready.wait(PATIENCE):
            raise TimeoutError(self._complaint or "the queue is still being read")
        if self._is_over:
            raise TimeoutError("`exp-queue ui` is ending")

    # In the thread.

    def _run(self) -> None:
        while not self._is_over:
            try:
                with opened_queue(self._say, self._home.root) as store, Ears(store) as ears:
                    self._version = ()
                    self._follow(store, ears)
            except UserError as error:
                self._complain(str(error))
            except Exception as error:  # noqa: BLE001 (whatever is wrong now, the page goes on when it is mended)
                self._complain(f"the queue cannot be looked at now ({type(error).__name__}: {error})")
            finally:
                self._forget()
            if not self._is_over:
                self._rest(AGAIN)

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            self._say(f"{text}; the page tries again")
        self._complaint = text

    def _follow(self, store: Store, ears: Ears) -> None:
        while not self._is_over:
            ears.drain()
            begun = time.thread_time()
            with self._lock:
                active = self._look(store)
            cost = time.thread_time() - begun if self._ready.is_set() else 0.0  # the first look is dear, and the only one so
            self._ready.set()
            self._complaint = ""
            self._rest(min(max(LEAST, THRIFT * cost), LONGEST_REST))
            ears.follow(active)
            self._sleep(ears)

    def _sleep(self, ears: Ears) -> None:
        now = time.monotonic()
        rest = min([max(0.0, self._looked + LONGEST - now), *(each.wait(now) for each in self._followed.values())])
        listening = [each for each in self._followed.values() if each.listens]
        ears.wait(rest, self._ears, *(each.fileno() for each in listening))
        ready = select.poll()
        for each in listening:
            ready.register(each.fileno(), select.POLLIN)
        heard = {descriptor for descriptor, _ in ready.poll(0)}
        for each in listening:
            if each.fileno() in heard:
                each.hear()

    def _rest(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._ears, select.POLLIN)
        poll.poll(math.ceil(1000 * seconds))

    def _look(self, store: Store) -> Sequence[Attempt]:
        """Take in what is new and tell all; the attempts that are not over."""
        now = time.monotonic()
        version = (store.read("PRAGMA data_version")[0][0], store.last_event())
        changed, gone = set[str](), set[str]()
        if version != self._version:
            changed, gone = self._table.changed(store)
            self._version = version
        self._looked = now
        anew = self._begin(store, changed)
        points: dict[str, Any] = {run: {"anew": True} for run in anew}
        for run, each in self._followed.items():
            if (each.wait(now) == 0.0 or run in changed) and time.monotonic() < now + SPELL:
                with passing():
                    said = each.look()
                    if said:
                        points[run] = {"anew": True} if run in anew else said
        self._tell(store, changed, gone, points)
        return store.open_attempts()

    def _begin(self, store: Store, changed: set[str]) -> set[str]:
        """Follow the attempts that are not over, and those of which nothing is kept yet; the runs whose curves are those of
        another attempt now."""
        jobs = store.by_ids(changed) if changed else []
        latest = store.latest_attempts(jobs)
        read = kept(store, latest.values())
        return {job.id for job in jobs if self._begin_one(store, job, latest.get(job.id), read)}

    def _begin_one(self, store: Store, job: Job, attempt: Attempt | None, read: Mapping[str, object]) -> bool:
        before, each = self._table.of(job.id), self._followed.get(job.id)
        wanted = attempt if attempt and read.get(attempt.name) is None else None
        if each and which(each.attempt) != which(wanted):
            self._followed.pop(job.id).close()
        elif each and wanted:
            each.end(wanted)
        if wanted and job.id not in self._followed:
            awake = sum(other.is_awake for other in self._followed.values()) < MOST_AWAKE
            self._followed[job.id] = Followed(store, job, wanted, is_awake=awake)
        return before is not None and before.attempt is not None and which(before.attempt) != which(attempt)

    def _tell(self, store: Store, changed: set[str], gone: set[str], points: Mapping[str, Any]) -> None:
        self._table.drop(gone)
        for run in gone & self._followed.keys():
            self._followed.pop(run).close()
        points = {run: said for run, said in points.items() if run not in gone}
        if not (changed or gone or points):
            return
        summaries: dict[str, Summary] = {each.attempt.name: each.summary for each in self._followed.values()}
        said = self._table.take(store, changed | points.keys(), summaries)
        self._index = b""
        piece = {**said, **({"gone": sorted(gone)} if gone else {}), **({"points": points} if points else {})}
        if self._ready.is_set() and (piece["runs"] or len(piece) > 1):  # before, nobody can have listened
            self.news.say(dumped({**piece, "total": self._table.total, "made": time.time()}))

    def _forget(self) -> None:
        """Whoever looks begins anew, as we do."""
        with self._lock:
            for each in self._followed.values():
                each.close()
            self._followed.clear()
            self._ready.clear()
            self._table, self._index = Table(), b""
            self.news.begin_anew()


def which(attempt: Attempt | None) -> tuple[str, str] | None:
    """What tells an attempt from all others: one that never ran leaves its number to the next."""
    return (attempt.name, attempt.launcher) if attempt else None
