"""A search in a thread of its own: an ask may take seconds, and the loop that starts and stops trials must not wait for it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from scheduler.shortage import start
from scheduler.sweeps.search.search import Search
from scheduler.sweeps.trials import Point, Trial


class Asking:
    """Everything that the search hears and says passes through one thread, in order. It begins at the first `ask`.

    `fileno` is readable when an answer has come; `answer` then gives it, or raises what went wrong.
    """

    def __init__(self, search: Callable[[], Search]) -> None:
        self._search = search
        self._words: SimpleQueue[Trial | int | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[int, Point | None] | BaseException] = SimpleQueue()
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._pending, self._started = False, False

    @property
    def pending(self) -> bool:
        """Whether an answer is still to be taken."""
        return self._pending

    def fileno(self) -> int:
        return self._reader

    def tell(self, trial: Trial) -> None:
        self._words.put(trial)

    def ask(self, number: int) -> None:
        """Ask for the point of trial `number`. Once at a time. Shortage where the thread cannot be started now."""
        assert not self._pending
        if not self._started:
            # A daemon: nobody waits for an answer that nobody needs any more.
            start(threading.Thread(target=self._run, name="search", daemon=True))
        self._pending = self._started = True
        self._words.put(number)

    def answer(self) -> tuple[int, Point | None] | None:
        """The number that was asked for and its point (None: nothing is left to try); None while there is no answer."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 64)
        if self._answers.empty():
            return None
        self._pending = False
        found = self._answers.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        """The thread ends when it has finished what it is at. Nothing is asked for any more."""
        self._words.put(None)
        os.close(self._reader)
        if not self._started:
            os.close(self._writer)

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001 (the loop raises it: a thread has nobody to tell)
            self._hand_over(error)
        finally:
            os.close(self._writer)

    def _serve(self) -> None:
        """The search is made at the first ask: a sweep that is over needs none, and some take seconds to load."""
        told: list[Trial] = []
        search: Search | None = None
        while (word := self._words.get()) is not None:
            if isinstance(word, Trial):
                (search.tell if search else told.append)(word)
                continue
            search = search or self._made(told)
            self._hand_over((word, search.ask(word)))

    def _hand_over(self, found: tuple[int, Point | None] | BaseException) -> None:
        self._answers.put(found)
        with contextlib.suppress(BrokenPipeError):  # nobody needs it any more
            os.write(self._writer, b".")

    def _made(self, told: list[Trial]) -> Search:
        search = self._search()
        for trial in told:
            search.tell(trial)
        return search
