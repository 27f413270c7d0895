"""The heartbeats of a sweep's agents, in a thread: the loop that starts and stops trials must not wait for a network."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from scheduler.shortage import start
from scheduler.wandb_agent.account import Address
from scheduler.wandb_agent.crew import EVERY, Beat, Crew, Line, Offer, beats
from scheduler.wandb_agent.server import Gone, Server, Unanswered

LAST = 5.0  # seconds that a heartbeat under way may still take when we leave


class Heartbeats:
    """What the server says, as it comes. All but the thread itself is of the loop's thread; `fileno` is readable when there is
    news.

    A run is asked for only between `ask` and the answer to it: whoever asks has a place for it then.
    """

    def __init__(self, server: Server, address: Address, every: float = EVERY) -> None:
        self._server, self._address, self._every = server, address, every
        self._crew, self._line = Crew(), Line()
        self._beaten: dict[str, float] = {}
        self._wanted = self._in_flight = self._closed = False
        self._asked_at = float("-inf")  # when the server last had no run for us
        self._offers: deque[Offer] = deque()
        self._texts: deque[str] = deque()
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._reader

    def open(self) -> None:
        """The heartbeats begin. Shortage where the thread cannot be started now."""
        start(self._thread)

    # What the loop knows and the server is to hear.

    def has(self, run: str, agent: str) -> None:
        """This run is there and not over, and it is this agent's."""
        self._changed(lambda crew: crew if crew.runs.get(run) else crew.with_agent(agent, [run]))

    def ended(self, run: str) -> None:
        """This run is over."""
        with self._change:
            self._beaten.pop(self._crew.runs.get(run, ""), None)  # that is news: it need not wait
        self._changed(lambda crew: crew.ended(run))

    def ask(self) -> None:
        """There is room for one more run. Nothing where it was asked for already, or a moment ago."""
        with self._change:
            if self._pause() <= 0:
                self._wanted = True
                self._change.notify()

    def patience(self) -> float | None:
        """Seconds after which to ask again; None while an answer is to come."""
        with self._change:
            return None if self._wanted or self._in_flight or self._crew.end else max(0.0, self._pause())

    def _pause(self) -> float:
        now = time.monotonic()
        return max(self._asked_at + self._every - now, self._line.again_at - now)

    # What the loop hears.

    @property
    def crew(self) -> Crew:
        """What is known now."""
        with self._change:
            return self._crew

    def hear(self) -> None:
        """There was news, and the loop turns now."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass

    @property
    def offer(self) -> Offer | None:
        """A run to compute, until it is `taken`."""
        with self._change:
            return self._offers[0] if self._offers else None

    def taken(self) -> None:
        with self._change:
            self._offers.popleft()

    @property
    def pending(self) -> bool:
        """Whether a run was asked for and the answer is not there."""
        with self._change:
            return self._wanted or bool(self._offers)

    def texts(self) -> list[str]:
        """Sentences for people, each once."""
        with self._change:
            found = list(self._texts)
            self._texts.clear()
            return found

    def close(self, patience: float = LAST) -> None:
        """No further heartbeat. One under way is waited for, but not for long: it may bring a run."""
        with self._change:
            was_closed, self._closed, self._wanted = self._closed, True, False
            self._change.notify()
        if was_closed:
            return
        os.close(self._reader)
        if self._thread.ident is None:
            os.close(self._writer)
        else:
            self._thread.join(patience)

    # The thread.

    def _run(self) -> None:
        try:
            while beat := self._next():
                self._send(beat)
        finally:
            os.close(self._writer)

    def _next(self) -> Beat | None:
        """The next heartbeat when it is due; None when there is to be none."""
        with self._change:
            while not self._closed:
                now = time.monotonic()
                at, beat = min(beats(self._crew, self._beaten, self._every, wanted=self._wanted), default=(None, None))
                if beat and at is not None and max(at, self._line.again_at) <= now:
                    self._in_flight = beat.asks
                    return beat
                self._change.wait(None if at is None else max(at, self._line.again_at) - now)
        return None

    def _send(self, beat: Beat) -> None:
        agent = beat.agent
        try:
            if not agent:
                agent = self._server.enlist(self._address, socket.gethostname())
                self._changed(lambda crew: crew.with_agent(agent, beat.runs))
            commands = self._server.beat(agent, beat.runs)
        except Unanswered as error:
            self._unanswered(str(error))
        except Gone:
            self._gone(agent)
        else:
            self._answered(agent)
            with self._change:
                self._crew, offers = self._crew.told(agent, commands)
                self._offers.extend(offers)
                if beat.asks and not offers:
                    self._asked_at = time.monotonic()
        self._done(beat)

    def _done(self, beat: Beat) -> None:
        with self._change:
            if beat.asks:
                self._wanted = self._in_flight = False
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # it rings already, or nobody listens any more
            os.write(self._writer, b".")

    def _answered(self, agent: str) -> None:
        with self._change:
            self._beaten[agent] = time.monotonic()
            if self._line.failures:
                self._texts.append("the W&B server answers again")
            self._line = Line()

    def _unanswered(self, what: str) -> None:
        with self._change:
            if not self._line.failures:
                self._texts.append(f"the W&B server does not answer ({what}); what runs goes on, and it is asked again")
            self._line = self._line.failed(time.monotonic(), self._every)

    def _gone(self, agent: str) -> None:
        """Either the sweep is gone, or the server has forgotten the agent."""
        try:
            deleted = self._server.sweep(self._address) is None
        except Unanswered as error:
            self._unanswered(str(error))
            return
        self._changed(lambda crew: crew.deleted() if deleted else crew.forgotten(agent))
        with self._change:
            self._beaten[""] = time.monotonic()

    def _changed(self, change: Callable[[Crew], Crew]) -> None:
        with self._change:
            self._crew = change(self._crew)
            self._change.notify()
