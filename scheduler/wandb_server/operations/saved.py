"""The files of a run, as `Run.files` and `Run.file` ask for them."""

from __future__ import annotations

import fnmatch
import hashlib
import mimetypes
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.folders import FILES, RunId
from scheduler.wandb_server.graphql import Asked
from scheduler.wandb_server.operations.runs import run_named

FEW = 50  # on a page, where nobody says how many


def files(desk: Desk, asked: Asked) -> dict[str, Any]:
    """A page of them, by their names. A name that is wanted and not there yet gets an address all the same, as W&B does it."""
    run = run_named(asked, asked.text("name"))
    every = _wanted(_names(desk.runs.folder(run).path / FILES), asked)
    first, count = int(asked.text("fileCursor") or 0), int(asked.variables.get("fileLimit") or FEW)
    some = every[first : first + count]
    edges = [{"node": _node(desk, run, name), "cursor": str(first + place + 1)} for place, name in enumerate(some)]
    page = {"endCursor": str(first + len(some)), "hasNextPage": first + len(some) < len(every)}
    number = int.from_bytes(hashlib.sha256(run.project.encode()).digest()[:4], "big")
    return {"project": {"internalId": number, "run": {"fileCount": len(every), "files": {"edges": edges, "pageInfo": page}}}}


def _names(root: Path) -> list[str]:
    there = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(str(path.relative_to(root)) for path in there)


def _wanted(there: list[str], asked: Asked) -> list[str]:
    names, pattern = asked.variables.get("fileNames"), asked.text("pattern")
    if isinstance(names, list) and names:
        return [str(name) for name in names]
    return [name for name in there if fnmatch.fnmatchcase(name, pattern.replace("%", "*"))] if pattern else there


def _node(desk: Desk, run: RunId, name: str) -> dict[str, Any]:
    path = desk.runs.folder(run).file(name)
    status = path.stat() if path and path.is_file() else None
    url = desk.download_url(run, name) if status else ""
    return {
        "id": name,
        "name": name,
        "url": url,
        "directUrl": url,
        "sizeBytes": status.st_size if status else 0,
        "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "updatedAt": datetime.fromtimestamp(status.st_mtime if status else 0, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
        "md5": "",
    }


OPERATIONS = {"RunFiles": files}
