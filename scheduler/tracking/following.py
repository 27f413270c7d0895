"""Follows what one running trial logs, whatever it logs with, without a change to its script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.errors import nearest
from scheduler.tracking.event_files import writer
from scheduler.tracking.places import folders_to_watch, logs_among
from scheduler.tracking.printed_values import NearMiss
from scheduler.tracking.rows import Row
from scheduler.tracking.sources import ORDER, OUTPUT, TENSORBOARD, WANDB, Source, sources
from scheduler.tracking.watching import LogWatch

REST = 0.05  # seconds between two wakes by the same flood of output
BLIND = 0.5  # seconds between two looks where the kernel gives no watch
FIRST_LOOK, LAST_LOOK = 0.25, 15.0  # seconds between looks at open files: doubled each time, for they are rarely needed
LONGEST_HINT = 400  # characters: a run may log a thousand names


class Follower:
    """Reads the rows of one attempt that hold one of `metric_names`, from one source only, as they are written.

    Sources are, in this order: the metric log, W&B's transaction log below `wandb_directory`, TensorBoard event files below
    `run_directory`, and the output in `log`. While the attempt runs, the first one that exists is waited for: a script that
    logs to W&B once per epoch also prints a progress bar, and its `loss=0.5` would come first, and means something else.
    The first row found decides for good, and `source` then names where it came from ("" before). `only` names
    the kinds to look at, e.g. `("output",)` for a script whose W&B log has everything but the metric.

    `open_files()` gives the files that the attempt's processes have open. It is asked while nothing but output is there, and
    once before output or event files are trusted, so that logs in a script's own place are found.

    For `selectors`: readable when `read` has something to do; so it has after `patience()` seconds, if that is not None.
    """

    def __init__(
        self,
        run_directory: Path,
        log: Path,
        metrics: Path,
        wandb_directory: Path,
        metric_names: Sequence[str],
        open_files: Callable[[], Iterable[Path]] = tuple,
        *,
        only: Sequence[str] = ORDER,
    ) -> None:
        self._names = tuple(metric_names)
        found = sources(run_directory, log, metrics, wandb_directory, metric_names, self._is_own)
        self._sources = [source for source in found if source.name in only]
        self._directories = run_directory, wandb_directory
        self._open_files = open_files
        self._elsewhere: dict[tuple[Path, str], str] = {}  # folder and writer of event files, and the name of their first one
        self._watch = LogWatch()
        self._known: set[Path] = set()
        self._decided: Source | None = None
        self._current: Source | None = None
        self._new, self._armed, self._resting = True, 0.0, False
        self._pause, self._look_at = FIRST_LOOK, time.monotonic() + FIRST_LOOK

    def fileno(self) -> int:
        return self._watch.fileno()

    @property
    def source(self) -> str:
        """The kind of source that counts, one of ORDER; "" while none has had a row with the metric."""
        return self._decided.name if self._decided else ""

    @property
    def summary(self) -> Mapping[str, Any]:
        """The run's own summary, where the source that counts has one (W&B)."""
        return self._decided.summary if self._decided else {}

    @property
    def exit_code(self) -> int | None:
        """The exit code that the run itself wrote down, where the source that counts has one (W&B)."""
        return self._decided.exit_code if self._decided else None

    def notices(self) -> list[str]:
        """What the user should hear once: equal texts from several trials are one message."""
        return list(dict.fromkeys(text for source in self._sources for text in source.notices()))

    def patience(self) -> float | None:
        """Seconds after which `read` wants to be called without an event; None: wait for one."""
        now = time.monotonic()
        waits = [BLIND] if not self._watch.precise else []
        if self._current and self._current.behind:
            waits.append(0.0)
        if self._resting:
            waits.append(max(0.0, self._armed + REST - now))
        if self._wants_to_look():
            waits.append(max(0.0, self._look_at - now))
        return min(waits, default=None)

    def read(self) -> list[Row]:
        """The new rows that hold a metric. Never blocks; takes in at most 256 KiB of a log, after which `patience` is 0."""
        self._new |= self._watch.drain() or not self._watch.precise
        if self._decided is None:
            self._search()
        self._arm()
        rows = self._current.read() if self._current else []
        return self._decide(rows) if rows and self._decided is None else rows

    def finish(self, cut: bool = False) -> list[Row]:
        """The remaining rows, once the attempt's processes, W&B's own among them, are gone; `cut`: they were killed.

        Where no source has counted so far, the first one in the order that has the metric does, be it in its summary alone.
        """
        if self._decided:
            return self._decided.finish(cut)
        self._look_elsewhere()
        for source in self._sources:
            source.look()
            source.forget()
            rows = source.finish(cut) if source.exists else []
            if rows or source.summary:
                self._decided = source
                return rows
        return []

    def what_is_missing(self) -> str:
        """After `finish`: why no row was found, for the person who asks at night; "" where one was.

        Names what the logs hold instead, as far as their first rows tell, and the name that comes nearest.
        """
        if self._decided:
            return ""
        wanted = " or ".join(f'"{name}"' for name in self._names)
        names = self.names_instead()
        looked_at = ", ".join(source.name for source in self._sources if source.exists) or "nothing"
        what = f"nothing that the script logged holds {wanted} (looked at: {looked_at})"
        return f"{what}; {nearest(self._names[0], names)[:LONGEST_HINT]}" if names else what

    def names_instead(self) -> list[str]:
        """After `finish`, where no row was found: the names that the logs hold, as far as their first rows tell."""
        there = [source for source in self._sources if source.exists and not self._decided]
        return sorted({name for source in there for name in source.names()})

    def near_misses(self) -> list[NearMiss]:
        """After `finish`: what a person would take for printed values of the metrics, and what is not read. Nothing where the
        rows come from another source than the output."""
        if self._decided:
            return self._decided.near_misses()
        return [miss for source in self._sources if source.name == OUTPUT for miss in source.near_misses()]

    def close(self) -> None:
        """Give the kernel's watches back. What was read stays known. A second call does nothing."""
        self._watch.close()

    def _search(self) -> None:
        """Find logs that appeared. Folders are watched before they are listed, so that none appears in between."""
        while self._new:
            folders = folders_to_watch(*self._directories)
            self._watch.watch_folders(folders)  # all of them: one may have gone, and come again under its name
            self._known, self._new = folders, not folders <= self._known
            for source in self._sources:
                source.look()
        if self._wants_to_look() and time.monotonic() >= self._look_at:
            self._look_elsewhere()
            self._pause = min(2 * self._pause, LAST_LOOK)
            self._look_at = time.monotonic() + self._pause
        self._current = self._first_existing()

    def _wants_to_look(self) -> bool:
        return self._decided is None and (self._current is None or self._current.name == OUTPUT)

    def _look_elsewhere(self) -> None:
        logs, events = logs_among(self._open_files())
        for path in events:
            place = path.parent, writer(path)
            self._elsewhere[place] = min(path.name, self._elsewhere.get(place, path.name))
        folders = list(dict.fromkeys(path.parent for path in events))
        self._watch.watch_folders(folders)  # a second event file may appear there
        found = {WANDB: logs, TENSORBOARD: folders}
        for source in self._sources:
            source.add(found.get(source.name, ()))

    def _is_own(self, path: Path) -> bool:
        """Whether an event file is this run's. In a place of the script's own, such as `runs/`, other runs keep theirs too."""
        if path.is_relative_to(self._directories[0]):
            return True
        first = self._elsewhere.get((path.parent, writer(path)))
        return first is not None and first <= path.name  # an older one is of a process that had the number before

    def _first_existing(self) -> Source | None:
        return next((source for source in self._sources if source.exists), None)

    def _decide(self, rows: list[Row]) -> list[Row]:
        """The first rows are here: their source counts from now on, unless a better one is found now."""
        current = self._current
        if current and current.name in (TENSORBOARD, OUTPUT):
            self._look_elsewhere()
            self._current = self._first_existing()
        if self._current is current:
            self._decided = current
            return rows
        if current:
            current.forget()
        self._arm()
        return self.read()

    def _arm(self) -> None:
        """Have the next write reported; not before REST has passed, so that a flood leaves time for other work."""
        now = time.monotonic()
        self._resting = now - self._armed < REST
        if self._current and not self._resting:
            self._watch.arm(self._current.files())
            self._armed = now
