"""The W&B server in memory, behind an address: for whoever finds it by WANDB_BASE_URL."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scheduler.wandb_agent.account import Address
from scheduler.wandb_agent.server import Gone, Unanswered
from tests.contract.wandb_agent.fake_server import FakeServer

PATIENCE = 60


def answer(server: FakeServer, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What stands under `data`."""
    if operation == "UpsertSweep":
        address, warnings = server.register(asked["config"], asked["entityName"] or "", asked["projectName"] or "")
        project = {"name": address.project, "entity": {"name": address.entity}}
        return {"upsertSweep": {"sweep": {"name": address.id, "project": project}, "configValidationWarnings": list(warnings)}}
    if operation == "SweepWithRuns":
        found = server.sweep(Address(asked["entity"], asked["project"], asked["sweep"]))
        return {"project": {"sweep": {"config": found.config, "state": found.state} if found else None}}
    if operation == "CreateAgent":
        address = Address(asked["entityName"], asked["projectName"], asked["sweep"])
        return {"createAgent": {"agent": {"id": server.enlist(address, asked["host"])}}}
    runs = [run for run, has in json.loads(asked["runState"]).items() if has]
    return {"agentHeartbeat": {"commands": json.dumps(list(server.beat(asked["id"], runs)))}}


class _Exchange(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = re.search(r"(?:query|mutation) (\w+)", body["query"])
        assert found
        try:
            data = answer(self.server.fake, found[1], body["variables"])  # type: ignore[attr-defined]
            self._send(200, {"data": data})
        except Gone:
            self._send(404, {})
        except Unanswered as error:
            self._send(200, {"errors": [{"message": str(error)}]})

    def _send(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def at_an_address(fake: FakeServer) -> Iterator[str]:
    """Where it is asked, meanwhile."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Exchange) as server:
        server.fake = fake  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(PATIENCE)
