"""What is asked of a W&B server, on one in memory and on our own: the same questions, the same answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest

from scheduler.actions.cancel import cancel_all
from scheduler.home import Home, open_home
from scheduler.queue.store import Store
from scheduler.wandb_agent.account import Account, Address
from scheduler.wandb_agent.server import Command, Gone, HttpServer, Server, Unanswered
from tests.contract.wandb_agent.fake_server import FakeServer
from tests.contract.wandb_server.conftest import PATIENCE, Client, end_seats, serving
from tests.waiting import until

CONFIG = """
program: t.py
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.2]}}
"""
NOWHERE = Address("local", "uncategorized", "nothing0")


class World(Protocol):
    """A server with a way to do to it what other people do."""

    server: Server

    def finish(self, agent: str, run: str) -> None: ...

    def stop(self, run: str) -> None: ...

    def delete(self, address: Address) -> None: ...


class Fake:
    def __init__(self) -> None:
        self.server = FakeServer()

    def finish(self, agent: str, run: str) -> None:
        pass

    def stop(self, run: str) -> None:
        self.server.stopped.add(run)

    def delete(self, address: Address) -> None:
        self.server.delete(address)


class Ours:
    """`exp-queue serve`, with a home of its own."""

    def __init__(self, home: Home, client: Client) -> None:
        self._home, self._client = home, client
        self.server = HttpServer(Account(f"http://127.0.0.1:{client.port}", client.key))

    def finish(self, agent: str, run: str) -> None:
        body = b'{"complete": true, "exitcode": 0}'
        self._client.ask("UpsertBucket", name=run, entity="local", project="uncategorized", config="{}")
        assert self._client.send("POST", f"/files/local/uncategorized/{run}/file_stream", body)[0] == 200

    def stop(self, run: str) -> None:
        threading.Thread(target=self._cancel, daemon=True).start()

    def delete(self, address: Address) -> None:
        """Once it is under way: whoever begins it writes that down."""
        with Store(self._home) as store:
            until(store.jobs)
        for kept in ("json", "yaml"):
            (self._home.root / "wandb" / "sweeps" / f"{address.id}.{kept}").unlink()

    def _cancel(self) -> None:
        with Store(self._home) as store:
            cancel_all(store, [job.number for job in store.jobs()], lambda _: None)


@pytest.fixture(params=["in memory", "ours"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "in memory":
        yield Fake()
        return
    home = open_home(tmp_path / "server")
    with serving(home) as (_, client):
        yield Ours(home, client)
    end_seats(home)


def told(server: Server, agent: str, *runs: str) -> list[Command]:
    """What an agent hears at the first heartbeat that brings anything."""
    return until(lambda: list(server.beat(agent, runs)))


def made(world: World) -> Address:
    address, warnings = world.server.register(CONFIG, "", "")
    assert list(warnings) == []
    return address


def test_a_sweep_is_registered_and_found_again(world: World) -> None:
    """Whoever joins it has nothing but its name."""
    address = made(world)
    assert (address.entity, address.project) == ("local", "uncategorized")
    found = world.server.sweep(address)
    assert found
    assert "lr" in found.config
    assert world.server.sweep(NOWHERE) is None


def test_each_agent_gets_another_run_and_is_sent_home_when_there_are_no_more(world: World) -> None:
    """One registered agent for each run at a time."""
    address = made(world)
    first, second = (world.server.enlist(address, "here") for _ in range(2))
    assert first != second
    runs = [told(world.server, agent)[0] for agent in (first, second)]
    assert [each["type"] for each in runs] == ["run", "run"]
    assert sorted(each["args"]["lr"]["value"] for each in runs) == [0.1, 0.2]
    assert runs[0]["program"] == "t.py"
    for agent, run in zip((first, second), runs, strict=True):
        assert world.server.beat(agent, [run["run_id"]]) == []
        world.finish(agent, run["run_id"])
    assert [told(world.server, agent) for agent in (first, second)] == [[{"type": "exit"}]] * 2


def test_an_agent_hears_that_its_run_is_to_stop(world: World) -> None:
    """Early stopping is the server's: this is all that we hear of it."""
    agent = world.server.enlist(made(world), "here")
    run = told(world.server, agent)[0]["run_id"]
    world.stop(run)
    assert told(world.server, agent, run) == [{"type": "stop", "run_id": run}]
    world.finish(agent, run)


def test_what_is_deleted_is_gone(world: World) -> None:
    """HTTP status 404, at W&B."""
    address = made(world)
    agent = world.server.enlist(address, "here")
    world.delete(address)
    with pytest.raises(Gone):
        world.server.beat(agent, [])
    with pytest.raises(Gone):
        world.server.enlist(address, "here")


# What only a network can do.


class Canned(BaseHTTPRequestHandler):
    """Answers everything with what its server says, and remembers who came with which key."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Authorization"]))  # type: ignore[attr-defined]
        status, headers, body = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 (the library looks for this name)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def canned() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Canned)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(PATIENCE)


def door(canned: Any) -> HttpServer:
    return HttpServer(Account(f"http://127.0.0.1:{canned.server_port}", "secret"))


ANSWERS = {
    "refuses the key": (401, {}, b"{}"),
    "HTTP status 502": (502, {}, b"<html>"),
    "no JSON": (200, {}, b"<html>welcome to the hotel</html>"),
    "has no data": (200, {}, b"[]"),
    "is empty": (200, {}, b'{"data": null}'),
    "out of order": (200, {}, b'{"errors": [{"message": "out of order"}], "data": null}'),
    "has no commands": (200, {}, b'{"data": {"agentHeartbeat": {}}}'),
    "has no agentHeartbeat": (200, {}, b'{"data": {}}'),
    "HTTP status 302": (302, {"Location": "/elsewhere"}, b""),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_that_is_none_says_what_it_was(canned: Any, what: str) -> None:
    """A proxy, a hotel's page, a server that is being mended: each is tried again, and none ends a sweep."""
    canned.answer = ANSWERS[what]
    with pytest.raises(Unanswered, match=what):
        door(canned).beat("a", [])
    assert [path for path, _ in canned.seen] == ["/graphql"]  # and the key went nowhere else


@pytest.mark.parametrize("commands", [b"null", b'"null"', b'"[3, null]"', b'"{}"', b"[]"])
def test_commands_that_are_none_are_none(canned: Any, commands: bytes) -> None:
    """An agent that breaks at an answer it does not know leaves its run alone."""
    canned.answer = (200, {}, b'{"data": {"agentHeartbeat": {"commands": ' + commands + b"}}}")
    assert door(canned).beat("a", ["r"]) == []


def test_nobody_there_is_no_answer() -> None:
    """The machine's network may be down for a night."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Canned) as server:
        port = server.server_port
    with pytest.raises(Unanswered, match=r"^Connection refused$"):
        HttpServer(Account(f"http://127.0.0.1:{port}", "secret")).beat("a", [])
