"""Where attempts come from: their code, their Python, their machine, as these are at their start."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from scheduler.queue.checkout import Checkout, checkout_of, look
from scheduler.queue.code import Code, Codes
from scheduler.queue.interpreters import Interpreter, Interpreters
from scheduler.queue.job import Job
from scheduler.queue.surroundings import Surroundings
from scheduler.values import dataclass

FRESH = 1.0  # seconds in which git is not asked again for the same commit and program
Kept = TypeVar("Kept")
MOST = 16  # directories and origins that are kept: each may hold a patch of a megabyte, and a runner may live for months
SHARE = 20  # and not before so many times as long as its answer took has passed: 5 % of a runner's time at most


@dataclass(frozen=True, eq=False)
class Origin:
    """The same object as long as nothing has changed. `checkout` and `interpreter` None: there is none, or it is not known;
    `host` and `kernel` "": not known."""

    checkout: Checkout | None
    interpreter: Interpreter | None
    host: str
    kernel: str
    driver: str = ""  # of the GPUs; "" where it had none


@dataclass(frozen=True)
class _Look:
    commit: str
    checkout: Checkout
    until: float  # by the clock: as long as this is fresh


class Origins:
    """Looks for one runner. A start costs microseconds, but for the few that ask git."""

    def __init__(self, codes: Codes, clock: Callable[[], float] = time.monotonic) -> None:
        self._codes, self._clock, self._interpreters = codes, clock, Interpreters()
        self._looks: dict[str, _Look] = {}  # by directory
        self._digests: dict[str, str] = {}  # by program, as they were when git was asked last
        self._made: dict[tuple[int, int, str], Origin] = {}
        system = os.uname()
        self._host, self._kernel = system.nodename, f"{system.sysname} {system.release}"

    def of(self, job: Job, code: Code | None, kept: Surroundings, driver: str) -> Origin:
        """What an attempt of this job that starts now comes from. `code`: what its program is now."""
        try:
            checkout = self._checkout(job, code)
            interpreter = self._interpreters.of(job.argv, job.cwd, kept)
        except (OSError, ValueError, RuntimeError):  # no room for a process or a thread: it starts all the same
            checkout = interpreter = None
        key = (id(checkout), id(interpreter), driver)  # both are kept by the origin, so that no other has their ids
        found = self._made.get(key) or Origin(checkout, interpreter, self._host, self._kernel, driver)
        return _keep(self._made, key, found)

    def far(self, job: Job, code: Code | None, host: str) -> Origin:
        """The same of one that starts on another machine: its code is that of here. Which Python it gets there, and what that
        machine is, is known when it has begun; `host`: what it is called, as far as that is known now."""
        try:
            checkout = self._checkout(job, code)
        except (OSError, ValueError, RuntimeError):
            checkout = None
        key = (id(checkout), 0, host)  # nothing has 0 for its id
        return _keep(self._made, key, self._made.get(key) or Origin(checkout, None, host, ""))

    def _checkout(self, job: Job, code: Code | None) -> Checkout | None:
        directory = os.path.dirname(code.program) if code else job.cwd  # noqa: PTH120
        commit = code.commit if code else self._codes.commit(directory)
        if not commit:
            return None
        last = self._looks.get(directory)
        edited = code and self._digests.get(code.program) != code.digest
        if last is None or edited or last.commit != commit or self._clock() >= last.until:
            last = _keep(self._looks, directory, self._look(directory, last))
            if code:
                self._digests[code.program] = code.digest
        return last.checkout

    def _look(self, directory: str, last: _Look | None) -> _Look:
        begun = self._clock()
        found = checkout_of(directory)
        if found is None:  # gone in between
            raise OSError(f"no checkout at {directory}")
        checkout = look(*found)
        if last and last.checkout == checkout:
            checkout = last.checkout
        took = self._clock() - begun
        return _Look(found[1], checkout, self._clock() + max(FRESH, SHARE * took))


def _keep(them: dict[Any, Kept], key: object, value: Kept) -> Kept:
    """The newest of so many: the one that was asked for longest ago makes room."""
    them.pop(key, None)
    them[key] = value
    if len(them) > MOST:
        del them[next(iter(them))]
    return value
