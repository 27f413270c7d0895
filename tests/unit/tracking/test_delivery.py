"""A tracker in a thread of its own: what a slow one, a failing one and a forked child cost a training."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scheduler.tracking.media import Image, Table
from scheduler.tracking.trackers.delivery import Delivery
from tests.conftest import user_environment

LONG = 300.0  # seconds for what happens at once, on any machine


class Listening:
    """Keeps what it is told. It may wait at the gate before each row, and raise at one."""

    def __init__(self, *, gate: threading.Event | None = None, bad: Any = None) -> None:
        self.heard: list[Any] = []
        self.reached = threading.Event()
        self._gate, self._bad = gate, bad

    def log(self, values: Mapping[str, Any], step: int | None) -> None:
        self.reached.set()
        if self._gate:
            assert self._gate.wait(LONG)
        if step == self._bad:
            raise ValueError("no such row")
        self.heard.append(step)

    def predictions(self, rows: list[dict[str, Any]], images: list[Any] | None, step: int | None) -> None:
        if self._gate:
            assert self._gate.wait(LONG)
        self.heard.append((rows, images))

    def show(self, name: str, media: Any, step: int | None) -> None:
        self.log({}, step)
        self.heard.append(media)

    def configure(self, values: Mapping[str, Any]) -> None:
        self.heard.append(("config", dict(values)))

    def summarize(self, values: Mapping[str, Any]) -> None:
        self.heard.append(("summary", dict(values)))

    def keep(self, path: Path, name: str) -> None:
        self.heard.append(("kept", name))

    def finish(self) -> None:
        self.heard.append("end")


@pytest.fixture
def delivery() -> Callable[..., tuple[Delivery, list[str]]]:
    """A delivery to a listener, and what is said of it."""

    def made(opened: Any, **options: Any) -> tuple[Delivery, list[str]]:
        said: list[str] = []
        maker = opened if callable(opened) else lambda: opened
        return Delivery("tracker", maker, **{"opening": LONG, "patience": LONG, "tell": said.append, **options}), said

    return made


def test_everything_arrives_in_its_order_and_nothing_is_said(delivery: Any) -> None:
    """Steps that go backwards are refused by some trackers, and a summary before the last row is none."""
    listener = Listening()
    one, said = delivery(listener)
    one.configure({"lr": 1})
    for step in range(500):
        one.log({"loss": 1.0}, step)
    one.keep(Path("/a/model.pt"), "model.pt")
    one.summarize({"best": 1})
    one.finish()
    assert listener.heard == [("config", {"lr": 1}), *range(500), ("kept", "model.pt"), ("summary", {"best": 1}), "end"]
    assert said == []


def test_a_tracker_that_is_slow_costs_rows_and_no_time(delivery: Any) -> None:
    """The training goes on while nothing is taken; in the end it hears how many rows that tracker lacks. What is said once, such
    as the configuration, is never dropped."""
    gate = threading.Event()
    listener = Listening(gate=gate)
    one, said = delivery(listener, room=3, comfort="; look there")
    for step in range(10):
        one.log({"loss": 1.0}, step)
        assert listener.reached.wait(LONG)
    one.configure({"late": 1})
    gate.set()
    one.finish()
    assert listener.heard == [0, 1, 2, ("config", {"late": 1}), "end"]
    assert said == ["exp-queue: tracker was too slow: 7 of 10 rows and pictures were not sent to it; look there"]


def test_pictures_that_wait_count_by_their_bytes(delivery: Any) -> None:
    """Twenty thousand rows are 20 MB; as many photographs would be the machine's memory."""
    gate = threading.Event()
    listener, picture = Listening(gate=gate), Image(bytes_as_image())
    picture.content = bytes(10 * 4096)
    one, said = delivery(listener, room=15)
    one.log({}, 0)
    assert listener.reached.wait(LONG)
    one.show("a", picture, 1)
    one.show("b", Table(["x"], [[picture]]), 2)
    one.log({}, 3)
    gate.set()
    one.finish()
    assert listener.heard == [0, 1, picture, 3, "end"]
    assert len(said) == 1


def bytes_as_image() -> Any:
    return pytest.importorskip("numpy").zeros((2, 2), dtype="uint8")


def test_a_tracker_that_fails_is_named_once_and_gets_nothing_more(delivery: Any) -> None:
    """Its run is closed, so that what arrived is kept; the training never hears an exception."""
    listener = Listening(bad=1)
    one, said = delivery(listener, comfort="; look there")
    for step in range(3):
        one.log({"loss": 1.0}, step)
    one._thread.join(LONG)
    one.log({"loss": 1.0}, 3)
    assert one._calls.empty(), "what nobody will take must not fill the memory of a training of days"
    one.finish()
    assert listener.heard == [0, "end"]
    assert said == [
        "exp-queue: tracker has failed, and gets nothing more (ValueError: no such row); the training goes on; look there"
    ]


@pytest.mark.parametrize("error", [RuntimeError("no account"), SystemExit(1), KeyboardInterrupt()])
def test_a_tracker_that_cannot_be_opened_ends_no_training(delivery: Any, error: BaseException) -> None:
    """Clients raise what they like, and some leave the process."""

    def opened() -> Any:
        raise error

    one, said = delivery(opened)
    one.log({"loss": 1.0}, 0)
    one.finish()
    (sentence,) = said
    assert sentence.startswith("exp-queue: tracker cannot be opened, and gets nothing more (")


def test_a_training_does_not_wait_for_a_tracker_that_hangs_while_it_is_opened(delivery: Any) -> None:
    """A service that does not answer; what is logged meanwhile waits for it."""
    gate, listener = threading.Event(), Listening()

    def opened() -> Any:
        assert gate.wait(LONG)
        return listener

    one, said = delivery(opened, opening=0.01)
    one.log({"loss": 1.0}, 0)
    gate.set()
    one.finish()
    assert (listener.heard, said) == ([0, "end"], [])


def test_the_end_waits_only_so_long_and_says_what_was_not_delivered(delivery: Any) -> None:
    """A GPU is not held for a service that is down."""
    gate = threading.Event()
    listener = Listening(gate=gate)
    one, said = delivery(listener, patience=0.01)
    for step in range(4):
        one.log({"loss": 1.0}, step)
    assert listener.reached.wait(LONG)
    one.finish()
    one.finish()
    gate.set()
    one._thread.join(LONG)
    assert said == ["exp-queue: tracker did not take everything within 0.01 s, and 4 of the rows and pictures still wait"]


def test_what_the_next_batch_overwrites_arrives_as_it_was(delivery: Any) -> None:
    """Images and rows are passed on later than they are logged."""
    numpy = pytest.importorskip("numpy")
    gate = threading.Event()
    listener, images = Listening(gate=gate), [numpy.zeros((2, 2), dtype="uint8")]
    rows = [{"target": "a"}]
    table = Table(["x"], [[1]])
    one, _ = delivery(listener)
    one.predictions(rows, images, 1)
    one.show("table", table, 2)
    images[0][:] = 9
    rows[0]["target"] = "b"
    table.add(2)
    gate.set()
    one.finish()
    (then_rows, then_images), _, then_table, _ = listener.heard
    assert (then_rows, int(then_images[0].max()), then_table.rows) == ([{"target": "a"}], 0, [[1]])


def test_a_forked_child_neither_delivers_nor_waits(delivery: Any) -> None:
    """The workers of a DataLoader are forked, without the thread; its queue is the parent's."""
    listener = Listening()
    one, said = delivery(listener, room=1)
    one.log({}, 0)
    assert listener.reached.wait(LONG)
    child = os.fork()
    if not child:
        status = 1
        try:
            for step in range(5):
                one.log({}, 100 + step)
            one.show("t", Table(["x"], []), 7)
            one.configure({"a": 1})
            one.finish()
            status = 0 if one._calls.empty() and not said else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    one.finish()
    assert (listener.heard, said) == ([0, "end"], [])


FORGETFUL = """
import os, sys
from multiprocessing import get_context
sys.path[:0] = [{folder!r}]
from test_delivery import Listening
from scheduler.tracking.trackers.delivery import Delivery

class Printing(Listening):
    def finish(self):
        print(self.heard, flush=True)

def work():
    one.log({{}}, 99)

one = Delivery("tracker", Printing)
one.log({{}}, 0)
workers = [get_context("fork").Process(target=work) for _ in range(3)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
one.log({{}}, 1)
if not os.fork():
    sys.exit(0)  # by way of what is registered for the end, unlike a worker
os.wait()
raise RuntimeError("in the middle of a training")
"""


def test_a_script_that_forks_fails_and_never_says_finish_delivers_what_it_logged() -> None:
    """At the end of the process, once, and no lock of another thread is in the way."""
    script = FORGETFUL.format(folder=str(Path(__file__).parent))
    ended = subprocess.run([sys.executable, "-c", script], env=user_environment(), capture_output=True, text=True, timeout=200)
    assert ended.stdout == "[0, 1]\n", ended.stderr
    assert ended.returncode == 1
    assert "in the middle of a training" in ended.stderr
