"""The live page as it is served: real sockets, a real queue, and jobs that this process is."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scheduler.home import Home
from scheduler.queue.job import Attempt, Ending, Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.runner.logs import keep_what_is_small
from scheduler.web.live import Served, served
from tests.browser.filling import Left, curve, fill, written

TEXT = """
experiment_group: Live
command: [python, train.py, "${args_json}"]
policy: {objective: {metric: loss, goal: minimize}}
grid: {lr: LRS}
"""
PATIENCE = 120  # seconds for what takes a moment


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Visitor:
    """Somebody with the key."""

    page: Served
    key: str

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=PATIENCE)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str | None) -> Told:
        """`headers` with _ for -; one that is None is not sent."""
        given = {"Authorization": f"Bearer {self.key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        line = self.connect()
        try:
            line.request(method, path, body, {name: value for name, value in given.items() if value is not None})
            answer = line.getresponse()
            return Told(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            line.close()

    def act(self, verb: str, *jobs: str, **more: Any) -> Told:
        return self.ask(f"/do/{verb}", "POST", json.dumps({"jobs": jobs, **more}).encode(), Content_Type="application/json")

    @contextmanager
    def listening(self, place: str) -> Iterator[Iterator[dict[str, Any]]]:
        """What is new after this place, one piece after another: {"id": PLACE, "event": ..., "data": ...}."""
        line = self.connect()
        line.request("GET", "/api/events", headers={"Authorization": f"Bearer {self.key}", "Last-Event-ID": place})
        answer = line.getresponse()
        assert answer.status == 200
        try:
            yield _events(answer)
        finally:
            answer.close()
            line.close()


def _events(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    fields: dict[str, str] = {}
    while line := answer.readline():
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            yield {**fields, "data": json.loads(fields["data"])}
            fields = {}


@contextmanager
def visited(home: Home, **options: Any) -> Iterator[Visitor]:
    """The page of this queue, served until the end."""
    with served(home, say=lambda _: None, **options) as page:
        thread = threading.Thread(target=page.serve)
        thread.start()
        try:
            yield Visitor(page, page.url.partition("token=")[2])
        finally:
            page.server.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.fixture
def visitor(home: Home) -> Iterator[Visitor]:
    with visited(home) as found:
        yield found


@dataclass
class Running:
    """A job that runs, as far as anybody can see: this process holds what its processes would."""

    store: Store
    job: Job
    attempt: Attempt
    hold: ExitStack

    def log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self.attempt.metrics.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))

    def end(self, state: State = State.DONE) -> None:
        """As its runner writes it down, and what it has logged."""
        with self.store.change() as change:
            change.end(self.attempt, Ending(state, 0, ""), 1.0)
        self.hold.close()
        over = self.store.attempt(self.attempt.job, self.attempt.number)
        assert over
        keep_what_is_small(self.store, self.job, over)


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Callable[..., list[Job]]:
    """Jobs, one for each learning rate, with what `left` says that they have left."""

    def make(lrs: Sequence[float], left: Callable[[Mapping[str, Any]], Left]) -> list[Job]:
        return fill(store, written(tmp_path, TEXT.replace("LRS", json.dumps(list(lrs)))), tmp_path, left)

    return make


@contextmanager
def running(store: Store, job: Job) -> Iterator[Running]:
    """Let this job run, until it has ended or nobody looks at it any more. At no moment is it without its process."""
    with ExitStack() as hold:
        with store.change() as change:
            attempt = change.begin(job, "", "")
            assert attempt
            Path(attempt.directory).mkdir(parents=True)
            handle = os.open(attempt.directory, os.O_RDONLY)
            hold.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
            change.runs(attempt, os.getpid(), None)
        yield Running(store, store.job(job.id), attempt, hold)


@pytest.fixture
def again(store: Store) -> Iterator[Callable[[Job], Running]]:
    """Let a queued job run."""
    with ExitStack() as everything:
        yield lambda job: everything.enter_context(running(store, job))


@pytest.fixture
def runs(filled: Callable[..., list[Job]], again: Callable[[Job], Running]) -> Callable[[float], Running]:
    """Let a job with this learning rate run."""
    return lambda lr: again(filled([lr], lambda _: Left(State.QUEUED))[0])


def done(config: Mapping[str, Any]) -> Left:
    return Left(State.DONE, curve(config))
