"""A server in this process, and a client that sends what W&B's client was seen to send."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from scheduler.actions.cancel import cancel_all
from scheduler.home import Home
from scheduler.queue.store import Store
from scheduler.tracking.appending import JsonLines
from scheduler.wandb_server.serving import Served, served

PATIENCE = 60


@dataclass(frozen=True)
class Client:
    """Somebody with the key."""

    port: int
    key: str

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """The status, and the answer where it is JSON. `headers` with _ for -."""
        secret = base64.b64encode(f"api:{self.key}".encode()).decode()
        given = {"Authorization": f"Basic {secret}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request(method, path, body, given)
            answer = line.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.getheader("Content-Type") == "application/json" else text.decode()
        finally:
            line.close()

    def ask(self, operation: str, **variables: Any) -> Any:
        query = {"query": f"mutation {operation}($x: String) {{ x }}", "variables": variables}
        status, answer = self.send("POST", "/graphql", json.dumps(query).encode())
        assert status == 200, answer
        assert "errors" not in answer, answer
        return answer["data"]

    def begin(self, name: str = "run1", **more: Any) -> Any:
        config = json.dumps({"lr": {"value": 0.1}, "_wandb": {"value": {"cli_version": "0.31.0"}}})
        return self.ask("UpsertBucket", name=name, entity="me", project="proj", config=config, **more)["upsertBucket"]

    def stream(self, name: str = "run1", **body: Any) -> tuple[int, Any]:
        return self.send("POST", f"/files/me/proj/{name}/file_stream", json.dumps(body).encode())

    def log(self, *losses: float, at: int = 0, name: str = "run1") -> Any:
        lines = [json.dumps({"_step": at + place, "_timestamp": 1.5e9, "loss": loss}) for place, loss in enumerate(losses)]
        status, answer = self.stream(name, files={"wandb-history.jsonl": {"offset": at, "content": lines}})
        assert status == 200, answer
        return answer


@contextmanager
def serving(home: Home, say: Callable[[str], None] = lambda _: None) -> Iterator[tuple[Served, Client]]:
    with served(home, None, say) as found:
        thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield found, Client(found.server.server_port, found.address.key)
        finally:
            found.server.shutdown()
            thread.join(PATIENCE)


def end_seats(home: Home) -> None:
    """A seat outlives its server, as it must, and ends with its run, or when it is told to before an agent has come."""
    for run in home.root.glob("wandb/runs/*"):
        JsonLines(run / "posts.jsonl").append({"stream": {"complete": True, "exitcode": 0}})
    with Store(home) as store:
        cancel_all(store, [job.number for job in store.jobs()], lambda _: None)


@pytest.fixture(autouse=True)
def _no_seat_stays(home: Home) -> Iterator[None]:
    yield
    end_seats(home)


@pytest.fixture
def client(home: Home) -> Iterator[Client]:
    with serving(home) as (_, found):
        yield found
