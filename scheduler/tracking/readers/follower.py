"""Follows what one running trial logs, whatever it logs with, without a change to its script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scheduler.tracking.logged import Logged
from scheduler.tracking.metric_log import Objective
from scheduler.tracking.readers.choices import Choice, choice_among
from scheduler.tracking.readers.event_files import writer
from scheduler.tracking.readers.kinds import ORDER, OUTPUT, SWANLAB, TENSORBOARD, WANDB, sources
from scheduler.tracking.readers.missing import sentence
from scheduler.tracking.readers.places import folders_to_watch, logs_among
from scheduler.tracking.readers.printed_values import NearMiss
from scheduler.tracking.readers.rows import Row
from scheduler.tracking.readers.source import Source
from scheduler.tracking.readers.unusable import Unusable
from scheduler.tracking.readers.watching import LogWatch

REST = 0.05  # seconds between two wakes by the same flood of output
BLIND = 0.5  # seconds between two looks where the kernel gives no watch
FIRST_LOOK, LAST_LOOK = 0.25, 15.0  # seconds between looks at open files: doubled each time, for they are rarely needed
LEISURELY = 60.0  # the same where nobody waits for a metric; a look takes 5 ms


class Follower:
    """Reads the rows of one attempt that hold one of `metric_names`, from one source only, as they are written; without names all
    rows with a number, a truth value or a text. Then what is said of the metric below is said of any number.

    Sources are, in this order: the metric log in the attempt's `directory`; W&B's transaction log, TensorBoard event files and
    SwanLab's own log, all below it; and the output. While the attempt runs, the first one that exists is waited
    for: a script that logs to W&B once per epoch also prints a progress bar, and its `loss=0.5` would come first, and means
    something else. `source` names where the rows come from ("" before there are any). An earlier kind takes over when it has its
    first number; of several logs of one kind one counts, and another may take over (`candidates`). `anew` then says that the rows
    of the last call are all that count, and those before none of them. `only` names the kinds to look at: `("output",)` for a
    script whose W&B log has everything but the metric; `run_id` is the trial's WANDB_RUN_ID. With `gather` everything is read
    that stands beside the metric too, for `logged`; there several folders of event files are one run (`parts`), in which the
    names in `judged_by` are those of the log that counts. `before` is what an earlier attempt has logged.

    `open_files()` gives the files that the attempt's processes have open. It is asked while nothing but output is there, once
    before output or event files are trusted, and now and then when something was written, as long as another log may take
    over: so logs in a script's own place are found.

    For `selectors`, if it is `awake`: readable when `read` has something to do; so it has after `patience()` seconds, if that is
    not None.
    """

    def __init__(
        self,
        directory: Path,
        metric_names: Sequence[str],
        open_files: Callable[[], Iterable[Path]] = tuple,
        *,
        only: Sequence[str] = ORDER,
        run_id: str = "",
        gather: bool = False,
        awake: bool = True,
        far: bool = False,
        judged_by: Sequence[str] = (),
        before: Logged | None = None,
    ) -> None:
        self._directory, self._names, self._before = directory, tuple(metric_names), before
        found = sources(directory, metric_names, self._is_own, run_id, gather=gather, judged_by=judged_by)
        self._sources = [source for source in found if source.name in only]
        self._open_files = open_files
        self._elsewhere: dict[tuple[Path, str], str] = {}  # folder and writer of event files, and the name of their first one
        self._watch = LogWatch(awake=awake, far=far)
        self._known: set[Path] = set()
        self._decided: Source | None = None
        self.anew = False
        self._new, self._searched, self._armed, self._resting = True, 0.0, 0.0, False
        self._pause, self._look_at = FIRST_LOOK, time.monotonic() + FIRST_LOOK

    def fileno(self) -> int:
        return self._watch.fileno()

    @property
    def source(self) -> str:
        """The kind of source that counts, one of ORDER; "" while none has had a row with the metric."""
        return self._decided.name if self._decided else ""

    @property
    def summary(self) -> Mapping[str, Any]:
        """The run's own summary, where the log that counts has one (W&B)."""
        return self._decided.one.summary if self._decided and self._decided.one else {}

    @property
    def exit_code(self) -> int | None:
        """The exit code that the run itself wrote down, where the log that counts has one (W&B)."""
        return self._decided.one.reader.exit_code if self._decided and self._decided.one else None

    @property
    def is_behind(self) -> bool:
        """Whether more lies there already than the last `read` took in."""
        return any(source.behind for source in self._followed())

    @property
    def share(self) -> float:
        """How much of what lies there is taken in, 0 to 1."""
        extents = [source.extent for source in self._followed()]
        there = sum(there for _, there in extents)
        return min(sum(taken for taken, _ in extents) / there, 1.0) if there else 1.0

    @property
    def objective(self) -> Objective | None:
        """The one that the metric log has declared by now."""
        return next((found for source in self._sources if (found := source.objective)), None)

    def logged(self) -> Logged:
        """With `gather`: all that was read by now of the log that counts; where none has the metric, of the first kind that has
        anything. Where the attempt goes on from `before`, the two are one."""
        if not self._before:
            return self._logged()
        from scheduler.tracking.gone_on import gone_on  # hardly any attempt is another

        return gone_on(self._before, self._logged())

    def _logged(self) -> Logged:
        if self._decided and self._decided.has_number:
            return self._decided.logged()
        return next((found for source in self._sources if source.exists and (found := source.logged()).last), Logged())

    def notices(self) -> list[str]:
        """What the user should hear once: equal texts from several trials are one message."""
        return list(dict.fromkeys(text for source in self._sources for text in source.notices()))

    def patience(self) -> float | None:
        """Seconds after which `read` wants to be called without an event; None: wait for one."""
        now = time.monotonic()
        waits = [BLIND] if not self._watch.precise else []
        if self.is_behind:
            waits.append(0.0)
        if self._new and self._is_open():
            waits.append(max(0.0, self._searched + REST - now))
        if self._resting:
            waits.append(max(0.0, self._armed + REST - now))
        if self._wants_to_look():
            waits.append(max(0.0, self._look_at - now))
        return min(waits, default=None)

    def read(self) -> list[Row]:
        """The new rows that hold a metric. Never blocks; takes in at most 256 KiB of a log, after which `patience` is 0."""
        self._new |= self._watch.drain() or not self._watch.precise
        if self._is_open():
            self._search()
        self._arm()
        self.anew = False
        return self._rows()

    def finish(self, cut: bool = False) -> list[Row]:
        """The remaining rows, once the attempt's processes, W&B's own among them, are gone; `cut`: they were killed.

        The first source in the order that has a number for the metric counts, be it in its summary alone; where none has,
        the first that says anything of it.
        """
        self._look_elsewhere()
        second: tuple[Source, list[Row]] | None = None
        for source in self._sources:
            source.look()
            rows = source.finish(cut) if source.exists else []
            if source.has_number:
                return self._settle(source, rows)
            if second is None and source.one:
                second = source, rows
        return self._settle(*second) if second else []

    def choice(self) -> Choice | None:
        """After `finish`: which log counts, where others have numbers for the metric as well."""
        if self._decided is None or not self._decided.has_number:
            return None
        after = self._sources[self._sources.index(self._decided) + 1 :]
        weaker = [source.name for source in after if source.speaks()]
        return choice_among(self._decided, weaker, self._names[0] if self._names else "numbers")

    def unusable(self) -> Unusable | None:
        """After `finish`: what stands under the metric's name where it is never a finite number."""
        one = self._decided and self._decided.one
        return one.unusable if one and not one.is_finite else None

    def what_is_missing(self) -> str:
        """After `finish`: why no number was found, for the person who asks at night; "" where one was.

        Names what the logs hold instead: other values of the metric, else other names, as far as their first rows tell, and
        the name that comes nearest.
        """
        if not self._names:
            return ""
        if self._decided:
            found = self.unusable()
            return found.sentence(" or ".join(self._names), self.source) if found else ""
        looked_at = [source.name for source in self._sources if source.exists]
        return sentence(self._names, looked_at, self.names_instead())

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

    def _settle(self, source: Source, rows: list[Row]) -> list[Row]:
        """These rows count, which are `source`'s."""
        self.anew = source.anew if source is self._decided else self._decided is not None
        self._decided = source
        return rows

    def _is_open(self) -> bool:
        """Whether another log may still turn out to be the one that counts: none comes before the first kind."""
        return not (self._decided and self._decided is self._sources[0] and self._decided.has_number)

    def _followed(self) -> list[Source]:
        """The sources that are read: down to the one that counts, or the first that is there and is waited for."""
        there = [source for source in self._sources if source.exists]
        return there[: there.index(self._decided) + 1] if self._decided in there else there[:1]

    def _search(self) -> None:
        """Find logs that appeared. Folders are watched before they are listed, so that none appears in between."""
        now = time.monotonic()
        while self._new and (self._decided is None or now >= self._searched + REST):
            self._searched = now
            folders = folders_to_watch(self._directory)
            self._watch.watch_folders(folders)  # all of them: one may have gone, and come again under its name
            self._known, self._new = folders, not folders <= self._known
            for source in self._sources:
                source.look()
                if source is self._decided:
                    break
        if (self._wants_to_look() or self._may_look()) and now >= self._look_at:
            self._look_elsewhere()
            self._pause = min(2 * self._pause, LAST_LOOK if self._names else LEISURELY)
            self._look_at = time.monotonic() + self._pause

    def _wants_to_look(self) -> bool:
        return self._decided is None and all(source.name == OUTPUT for source in self._followed())

    def _may_look(self) -> bool:
        """Something was written while rows count that others may take the place of: the client of W&B says that it begins."""
        return self._decided is not None and self._watch.heard

    def _look_elsewhere(self) -> None:
        logs, events, swanlab = logs_among(self._open_files())
        for path in events:
            place = path.parent, writer(path)
            self._elsewhere[place] = min(path.name, self._elsewhere.get(place, path.name))
        folders = list(dict.fromkeys(path.parent for path in events))
        self._watch.watch_folders(folders)  # a second event file may appear there
        found = {WANDB: logs, TENSORBOARD: folders, SWANLAB: swanlab}
        for source in self._sources:
            source.add(found.get(source.name, ()))

    def _is_own(self, path: Path) -> bool:
        """Whether an event file is this run's. In a place of the script's own, such as `runs/`, other runs keep theirs too."""
        if path.is_relative_to(self._directory):
            return True
        first = self._elsewhere.get((path.parent, writer(path)))
        return first is not None and first <= path.name  # an older one is of a process that had the number before

    def _rows(self) -> list[Row]:
        """New rows of the source that counts, unless one before it has its first number now, or none counts yet."""
        for source in self._followed():
            rows = source.read()
            if source is self._decided or (self._decided and source.has_number):
                return self._settle(source, rows)
            if self._decided is None and rows:
                return self._decide(source, rows)
        return []

    def _decide(self, source: Source, rows: list[Row]) -> list[Row]:
        """The first rows are here: their source counts from now on, unless a better one is found now."""
        if source.name in (TENSORBOARD, SWANLAB, OUTPUT):
            self._look_elsewhere()
        if self._followed()[0] is source:
            return self._settle(source, rows)
        source.forget()
        self._arm()
        return self._rows()

    def _arm(self) -> None:
        """Have the next write reported; not before REST has passed, so that a flood leaves time for other work."""
        now = time.monotonic()
        self._resting = now - self._armed < REST
        followed = self._followed()
        if followed and not self._resting:
            self._watch.arm(file for source in followed for file in source.files())
            self._armed = now
