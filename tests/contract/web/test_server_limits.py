"""What others can make the server hold, and how long: never so much that somebody else is not served."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from scheduler.home import Home
from scheduler.queue.store import Store
from scheduler.web.feed import Feed
from scheduler.web.guard import LOOPBACK, Rules
from scheduler.web.live import Served
from scheduler.web.server import Server
from scheduler.web.site import Site
from tests.contract.web.conftest import PATIENCE, Visitor

KEY = "k" * 43


@contextmanager
def serving(home: Home, **limits: float) -> Iterator[Visitor]:
    """With other limits than usual."""
    feed = Feed(home)
    server = Server(Site(home, feed, Rules(LOOPBACK, KEY)), "127.0.0.1", 0, **limits)  # type: ignore[arg-type]
    feed.start()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield Visitor(Served(server, "", server.server_port, is_local=True), KEY)
    finally:
        server.stop()
        thread.join(PATIENCE)
        server.server_close()
        feed.close()


def settled(visitor: Visitor, lines: int) -> None:
    """Return when the server holds so many lines: it hears a moment later that somebody has gone."""
    deadline = time.monotonic() + PATIENCE
    while len(visitor.page.server.connections) != lines:
        assert time.monotonic() < deadline, len(visitor.page.server.connections)
        time.sleep(0.01)


def line_to(visitor: Visitor) -> socket.socket:
    return socket.create_connection(("127.0.0.1", visitor.page.port), timeout=PATIENCE)


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """This process holds both ends of every line."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if hard > 0 else 4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("store", "many_descriptors")
def test_a_thousand_lines_that_say_nothing_keep_nobody_out(home: Home) -> None:
    """Half-open connections cost whoever makes them nothing: the oldest of them go when there is no room."""
    with serving(home) as visitor, ExitStack() as lines:
        for _ in range(1000):
            lines.enter_context(line_to(visitor))
        assert visitor.ask("/api/runs").status == 200
        assert len(visitor.page.server.connections) <= 256
        assert threading.active_count() < 400


@pytest.mark.usefixtures("store")
def test_a_request_that_comes_a_letter_at_a_time_is_not_waited_for(home: Home) -> None:
    """Each letter would begin a new wait, and a thread would be held for ever: the time is that of the whole request."""
    with serving(home, patience=1.0) as visitor, line_to(visitor) as line:
        line.sendall(b"GET / HTTP/1.1\r\nX: ")
        line.settimeout(0.1)
        answer: bytes | None = None
        while answer is None:
            try:
                line.sendall(b"x")
                answer = line.recv(1024)
            except TimeoutError:
                continue
            except OSError:
                answer = b""
        assert answer == b""


@pytest.mark.usefixtures("store")
def test_those_who_are_answered_stay_and_those_who_wait_go(home: Home) -> None:
    """Somebody who listens for news is never put out for somebody who knocks."""
    with serving(home, most=3) as visitor:
        place = visitor.ask("/api/runs").json["place"]
        with ExitStack() as listening:
            settled(visitor, 0)
            for _ in range(2):
                listening.enter_context(visitor.listening(place))
            with line_to(visitor) as idle:
                settled(visitor, 3)
                assert visitor.ask("/api/runs").status == 200
                idle.settimeout(PATIENCE)
                assert idle.recv(1) == b"", "the one that asked for nothing has made room"
            settled(visitor, 2)
            listening.enter_context(visitor.listening(place))
            assert visitor.ask("/api/runs").status == 503, "there is no room, and that is said"
        for _ in range(1000):  # those who listened are missed at the next word to them, or at once where they say that they go
            if visitor.ask("/api/runs").status == 200:
                break
            visitor.page.server.site.feed.news.say(b"{}")


@pytest.mark.usefixtures("store")
def test_too_long_a_request_is_refused_without_being_read(home: Home) -> None:
    """Nobody's memory is filled."""
    with serving(home) as visitor:
        for head, status in (
            (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
            (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
            (b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: 1\r\n" % number for number in range(200)) + b"\r\n", b"431"),
        ):
            with line_to(visitor) as line:
                line.sendall(head)
                assert line.recv(4096).split()[1] == status
        told = visitor.ask("/do/cancel", "POST", b"x" * 100_000, Content_Type="application/json")
        assert told.status == 413
        for length in (None, "-1", "x", "1e3", "2\r\nTransfer-Encoding: chunked"):
            with line_to(visitor) as line:
                claimed = f"Content-Length: {length}\r\n" if length else ""
                start = f"POST /do/cancel HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
                line.sendall(f"{start}Content-Type: application/json\r\n{claimed}\r\n".encode())
                assert line.recv(4096).split()[1] == b"411"


@pytest.mark.usefixtures("store")
def test_a_body_that_never_comes_is_not_waited_for(home: Home) -> None:
    """It was announced, and its sender sleeps."""
    with serving(home, patience=0.5) as visitor, line_to(visitor) as line:
        start = f"POST /do/cancel HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        line.sendall(f"{start}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n123".encode())
        assert line.recv(4096) == b""


def test_head_has_no_body_and_other_methods_are_named(home: Home, store: Store) -> None:
    """As HTTP has it."""
    with serving(home) as visitor:
        told = visitor.ask("/", "HEAD")
        assert (told.status, told.body) == (200, b"")
        assert int(told.headers["content-length"]) > 100
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "BREW"):
            refused = visitor.ask("/api/runs", method)
            assert refused.status == 405
            assert "GET" in refused.json["error"]


@pytest.mark.usefixtures("store")
def test_behind_an_answer_without_a_body_nothing_comes(home: Home) -> None:
    """It would be read as the answer to the next request; a library that knows better hides it."""
    with serving(home) as visitor:
        known = f"If-None-Match: {visitor.ask('/app.css').headers['etag']}"
        for request, status in (("HEAD / HTTP/1.1", b"200"), (f"GET /app.css HTTP/1.1\r\n{known}", b"304")):
            with line_to(visitor) as line:
                line.sendall(f"{request}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                head, _, body = b"".join(iter(lambda: line.recv(65536), b"")).partition(b"\r\n\r\n")
                assert (head.split()[1], body) == (status, b"")


@pytest.mark.usefixtures("store")
def test_several_requests_go_over_one_line(home: Home) -> None:
    """A page over ssh asks ten times, and each new line costs a round trip."""
    with serving(home) as visitor:
        line = visitor.connect()
        for _ in range(3):
            line.request("GET", "/api/runs", headers={"Authorization": f"Bearer {KEY}"})
            assert line.getresponse().read()
        line.close()


@pytest.mark.usefixtures("store")
def test_a_server_that_stops_tells_those_who_listen(home: Home) -> None:
    """Nobody waits for a time-out to see that it is over, and no thread is left."""
    before = threading.active_count()
    with serving(home) as visitor:
        listening = visitor.listening(visitor.ask("/api/runs").json["place"])
        events = listening.__enter__()
    assert [each["event"] for each in events] in ([], ["over"])
    listening.__exit__(None, None, None)
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(PATIENCE)
    assert threading.active_count() <= before
