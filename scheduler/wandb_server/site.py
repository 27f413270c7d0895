"""Which answer belongs to which request."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from scheduler.errors import UserError
from scheduler.tracking.local_wandb import attempt_of
from scheduler.values import dataclass
from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.graphql import Refused, read
from scheduler.wandb_server.jobs import stand_for
from scheduler.wandb_server.operations import answer
from scheduler.wandb_server.posts import Told
from scheduler.web.guard import LOOPBACK, name_of

IGNORED = ("/sdk/otel/",)  # what the client measures of itself
_KEEP_ON: dict[str, Any] = {"exitcode": None, "limits": {}}


@dataclass(frozen=True)
class Request:
    """`headers` by their names in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    status: int
    value: Any = None  # JSON
    text: str = ""
    file: Path | None = None


def refusal(desk: Desk, request: Request) -> Reply | None:
    """Why this is not answered; None: it is. A browser's page has no business here, whatever name it uses for this machine."""
    if name_of(request.headers.get("host", "")) not in LOOPBACK:
        return Reply(421, {"error": "this server is asked for as 127.0.0.1"})
    if request.headers.get("origin") or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return Reply(403, {"error": "another page has asked for this"})
    path = urlsplit(request.path).path
    if path.startswith("/upload/") or path.startswith(IGNORED) or (request.method == "GET" and not path.startswith("/files/")):
        return None
    if caller(desk, request) is None:
        return Reply(401, {"error": "the key is another one: `eval $(exp-queue serve --env)` sets it"})
    return None


def caller(desk: Desk, request: Request) -> str | None:
    """Whose key comes with it: the run id of an attempt of ours; "": whoever has the server's own; None: nobody's."""
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return attempt_of(desk.key, rest.strip())
    try:
        given = base64.b64decode(rest).decode()
    except (ValueError, binascii.Error):
        return None
    return attempt_of(desk.key, given.partition(":")[2]) if kind.lower() == "basic" else None


def upload_of(desk: Desk, request: Request) -> tuple[RunId, str] | None:
    """Whose file a PUT brings, and its name; None where its address is not one that we have given."""
    return _sealed(desk, request, "upload", "")


def _sealed(desk: Desk, request: Request, verb: str, mark: str) -> tuple[RunId, str] | None:
    parts = urlsplit(request.path).path.split("/")
    if len(parts) < 7 or parts[1] != verb:
        return None
    run, name = RunId(*map(unquote, parts[3:6])), unquote("/".join(parts[6:]))
    return (run, name) if hmac.compare_digest(parts[2].encode(), desk.seal(f"{mark}{run} {name}").encode()) else None


def _download(desk: Desk, request: Request) -> Reply:
    found = _sealed(desk, request, "download", "read ")
    path = desk.runs.folder(found[0]).file(found[1]) if found else None
    if path is None or not path.is_file():
        return Reply(404, {"error": "there is no such file"})
    return Reply(200, file=path)


def reply(desk: Desk, request: Request, body: bytes) -> Reply:
    """The answer to what is not refused, and is no upload."""
    path = urlsplit(request.path).path
    if request.method == "POST" and path == "/graphql":
        return _graphql(desk, body, caller(desk, request) or "")
    parts = [unquote(part) for part in path.split("/")[1:]]
    if request.method == "POST" and len(parts) == 5 and parts[0] == "files" and parts[4] == "file_stream":
        return _stream(desk, RunId(*parts[1:4]), body)
    if request.method == "GET" and parts[0] == "download":
        return _download(desk, request)
    if request.method == "GET":
        return Reply(200, text=_where(parts))
    return Reply(200, {})


def _graphql(desk: Desk, body: bytes, attempt: str) -> Reply:
    try:
        return Reply(200, {"data": answer(desk, read(body, attempt))})
    except Refused as refused:
        return Reply(refused.status, {"errors": [{"message": str(refused)}]})
    except UserError as error:
        return Reply(200, {"errors": [{"message": str(error)}], "data": None})


def _stream(desk: Desk, run: RunId, body: bytes) -> Reply:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Reply(400, {"error": "this is no JSON"})
    if not isinstance(found, dict):
        return Reply(400, {"error": "this is no post to a file stream"})
    folder = desk.runs.folder(run)
    if not folder.is_there():
        return Reply(404, {"error": "this run has not begun"})
    if found.keys() <= {"uploaded", "dropped"}:
        folder.heard()
        return Reply(200, _KEEP_ON)
    before = desk.runs.told(run)
    if before and before.is_over:
        return Reply(200, _sent_again(desk, run, before, found))
    told = desk.runs.tell(run, {"stream": found})
    desk.look(run)
    asked = folder.stop.exists() and not told.agent and not told.is_over  # agents are told with their next heartbeat
    return Reply(200, {**_KEEP_ON, "stopped": True} if asked else _KEEP_ON)


def _sent_again(desk: Desk, run: RunId, told: Told, stream: dict[str, Any]) -> dict[str, Any]:
    """A run that is over is sent once more, as `wandb sync` does. What it brings that is new needs its seat again."""
    if told.brings(stream):
        desk.runs.tell(run, {"reopened": True})
        told = desk.runs.tell(run, {"stream": stream})
        with desk.store() as store:
            stand_for(store, run, told, anew=True)
        desk.wake()
        desk.look(run)
    return _KEEP_ON


def _where(parts: list[str]) -> str:
    """What a person sees who follows a link that the client has printed."""
    about = f"the run {parts[3]} of {parts[0]}/{parts[1]}" if len(parts) == 4 and parts[2] == "runs" else "all that is sent here"
    return f"This is a W&B server of exp-queue. `exp-queue ui` shows {about}, and `exp-queue status` lists it.\n"
