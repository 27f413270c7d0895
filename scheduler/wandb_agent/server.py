"""The door to a W&B server: the four things that an agent asks of it.

They are GraphQL over HTTP, as W&B's own agents send them (wandb 0.18 to 0.31). The classes in which that client keeps them
have moved between these versions; the requests have not.
"""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from scheduler.values import dataclass
from scheduler.wandb_agent.account import Account, Address

PATIENCE = 60.0  # seconds for one answer
LARGEST = 16 << 20  # bytes of one answer
_GONE = 404
_MESSAGE = 200  # characters of what a server says about an error
_REGISTER = """
mutation UpsertSweep($config: String, $entityName: String, $projectName: String) {
  upsertSweep(input: {config: $config, entityName: $entityName, projectName: $projectName}) {
    sweep { name project { name entity { name } } } configValidationWarnings
  }
}"""
_SWEEP = """
query SweepWithRuns($entity: String, $project: String, $sweep: String!) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) { id name state config } }
}"""
_ENLIST = """
mutation CreateAgent($host: String!, $projectName: String, $entityName: String, $sweep: String!) {
  createAgent(input: {host: $host, projectName: $projectName, entityName: $entityName, sweep: $sweep}) { agent { id } }
}"""
_BEAT = """
mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: $metrics, runState: $runState}) { agent { id } commands }
}"""

Command = Mapping[str, Any]


class Unanswered(Exception):
    """Nobody has answered, or not as was asked; the text says what is known. A later try may succeed."""


class Gone(Exception):
    """The server knows no such sweep or agent any more."""


@dataclass(frozen=True)
class Found:
    """A sweep as the server has it: its configuration as YAML text, and its state."""

    config: str
    state: str


class Server(Protocol):
    """Whoever decides what is tried. Each call may take as long as a network does; all may raise Unanswered."""

    def register(self, config: str, entity: str, project: str) -> tuple[Address, Sequence[str]]:
        """Make a sweep; returns where it is, and what the server thinks of its configuration."""

    def sweep(self, address: Address) -> Found | None:
        """None where there is no such sweep."""

    def enlist(self, address: Address, host: str) -> str:
        """One more agent; returns its id. Gone without its sweep."""

    def beat(self, agent: str, runs: Sequence[str]) -> Sequence[Command]:
        """Say which runs an agent has, and hear what it is to do. Gone where the server knows no such agent."""


class HttpServer:
    """A server with an address and a key."""

    def __init__(self, account: Account, patience: float = PATIENCE) -> None:
        self._account, self._patience = account, patience
        secret = base64.b64encode(f"api:{account.key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/json", "User-Agent": "exp-queue"}
        self._opener = urllib.request.build_opener(_NoRedirects)

    def register(self, config: str, entity: str, project: str) -> tuple[Address, Sequence[str]]:
        answer = self.ask(_REGISTER, config=config, entityName=entity or None, projectName=project or None)
        made, warnings = _at(answer, "upsertSweep", "sweep"), answer["upsertSweep"].get("configValidationWarnings")
        names = (_at(made, "project", "entity", "name"), _at(made, "project", "name"), _at(made, "name"))
        return Address(*map(str, names)), [str(each) for each in warnings or ()]

    def sweep(self, address: Address) -> Found | None:
        try:
            answer = self.ask(_SWEEP, entity=address.entity, project=address.project, sweep=address.id)
        except Gone:
            return None
        found = _at(answer, "project") and _at(answer, "project", "sweep")
        return Found(str(_at(found, "config")), str(_at(found, "state"))) if found else None

    def enlist(self, address: Address, host: str) -> str:
        whose = {"entityName": address.entity, "projectName": address.project}
        return str(_at(self.ask(_ENLIST, host=host, sweep=address.id, **whose), "createAgent", "agent", "id"))

    def beat(self, agent: str, runs: Sequence[str]) -> Sequence[Command]:
        state = json.dumps(dict.fromkeys(runs, True))
        commands = _at(self.ask(_BEAT, id=agent, metrics="{}", runState=state), "agentHeartbeat", "commands")
        found = _read(commands if isinstance(commands, str) else "[]")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The `data` of the answer. Unanswered, or Gone, as above."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self._account.url}/graphql", body, self._headers)  # noqa: S310 (checked: http)
        try:
            with self._opener.open(request, timeout=self._patience) as answer:
                found = _read(answer.read(LARGEST + 1))
        except urllib.error.HTTPError as error:
            if error.code == _GONE:
                raise Gone from None
            raise Unanswered(_refusal(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_trouble(error)) from None
        return _data(found)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key is for this server alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _read(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Unanswered("the answer is no JSON: is that a W&B server?") from None


def _data(found: Any) -> dict[str, Any]:
    if isinstance(found, dict) and (errors := found.get("errors")):
        raise Unanswered(_said(errors))
    data = _at(found, "data")
    if not isinstance(data, dict):
        raise Unanswered("the answer is empty: is that a W&B server?")
    return data


def _at(found: Any, *names: str) -> Any:
    """What lies there in an answer."""
    for name in names:
        if not isinstance(found, dict) or name not in found:
            raise Unanswered(f"the answer has no {name}: is that a W&B server?")
        found = found[name]
    return found


def _refusal(error: urllib.error.HTTPError) -> str:
    if error.code in (401, 403):
        return f"it refuses the key (HTTP status {error.code})"
    return f"HTTP status {error.code}"


def _trouble(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _said(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) and errors else errors
    return str(first.get("message") if isinstance(first, dict) else first)[:_MESSAGE]
