"""Artifacts: their files are kept beside those of the run that logs them, and it may wait for them: `log_artifact(...).wait()`.
To use one by its name is not possible here."""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Any

from scheduler.values import dataclass
from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.graphql import Asked, Refused
from scheduler.wandb_server.operations.reading import time_text
from scheduler.wandb_server.operations.runs import run_named

MANIFEST = "wandb_manifest.json"
MARK = 8  # letters that tell two versions of an artifact apart
ABOUT = ("artifactTypeName", "digest", "description", "metadata", "aliases")  # what is kept of that which its client says


def kind(_: Desk, __: Asked) -> dict[str, Any]:
    """None of this name is there yet."""
    return {"project": {"artifact": None, "artifactType": None}}


@dataclass(frozen=True)
class Artifact:
    """One version of an artifact of a run; `mark` tells it from the run's other versions. Its id, which clients hand back, is all
    of this."""

    run: RunId
    name: str
    mark: str

    @property
    def id(self) -> str:
        return json.dumps([self.run.entity, self.run.project, self.run.run, self.name, self.mark])

    @property
    def place(self) -> str:
        """Below which name its files lie among those of its run. What its client says of it lies there with `.json`."""
        return f"artifacts/{self.name}-{self.mark}"


def artifact_of(identity: str) -> Artifact | None:
    """None where that is no id of ours."""
    try:
        entity, project, run, name, mark = map(str, json.loads(identity))
        return Artifact(RunId(entity, project, run), name, mark)
    except (ValueError, TypeError, RecursionError):
        return None


def create(desk: Desk, asked: Asked) -> dict[str, Any]:
    """It is there already where its list of files is. OSError without room."""
    inner = asked.inner
    found = inner.variables
    names = found.get("artifactCollectionNames")
    name = (names[0] if isinstance(names, list) and names else inner.text("artifactCollectionName")) or "artifact"
    made = Artifact(run_named(inner, inner.text("runName")), str(name), _mark(inner.text("digest")))
    _keep(desk, made, {each: found.get(each) for each in ABOUT})
    sequence = {"id": made.name, "name": made.name, "latestArtifact": None}
    manifest = desk.runs.folder(made.run).file(f"{made.place}/{MANIFEST}")
    state = "COMMITTED" if manifest and manifest.exists() else "PENDING"  # then the client sends nothing again
    artifact = {"id": made.id, "digest": inner.text("digest"), "state": state, "artifactSequence": sequence, "aliases": []}
    return {"createArtifact": {"artifact": artifact}}


def _keep(desk: Desk, made: Artifact, about: dict[str, Any]) -> None:
    """Its version is counted within its run, since nobody here knows of those of other runs."""
    lies = desk.runs.folder(made.run).file(made.place)
    if lies is None:
        return
    lies.parent.mkdir(parents=True, exist_ok=True)
    before = len([*lies.parent.glob(f"{escape(lies.name[:-MARK])}{'?' * MARK}.json")])
    draft = lies.with_name(f".{secrets.token_hex(4)}")
    draft.write_text(json.dumps({"version": _about(lies).get("version", before), **about}), encoding="utf-8")
    draft.replace(_record(lies))


def _record(lies: Path) -> Path:
    return lies.with_name(f"{lies.name}.json")


def _about(lies: Path) -> dict[str, Any]:
    """What its client has said of it; nothing of one of an earlier version of ours."""
    with suppress(OSError, ValueError):
        found = json.loads(_record(lies).read_bytes())
        return found if isinstance(found, dict) else {}
    return {}


def by_id(desk: Desk, asked: Asked) -> dict[str, Any]:
    """What its run is told that has waited for it; null where it is not there."""
    wanted = artifact_of(asked.text("id"))
    lies = desk.runs.folder(wanted.run).file(wanted.place) if wanted else None
    if wanted is None or lies is None or not lies.is_dir():
        return {"artifact": None}
    sizes = [each.stat().st_size for each in lies.rglob("*") if each.is_file() and each != lies / MANIFEST]
    made = {"size": sum(sizes), "fileCount": len(sizes), "createdAt": time_text(lies.stat().st_mtime)}
    return {"artifact": {**_told(wanted, _about(lies)), **made}}


def _told(wanted: Artifact, about: dict[str, Any]) -> dict[str, Any]:
    run, aliases = wanted.run, about.get("aliases")
    entity = {"id": run.entity, "name": run.entity}
    project = {"id": run.project, "internalId": run.project, "name": run.project, "entity": entity}
    sequence = {"__typename": "ArtifactSequence", "id": wanted.name, "name": wanted.name, "project": project}
    kind = about.get("artifactTypeName") or ""
    called = [str(each.get("alias")) for each in aliases if isinstance(each, dict)] if isinstance(aliases, list) else []
    return {
        **dict.fromkeys(("historyStep", "commitHash", "digestAlgorithm", "updatedAt")),
        "__typename": "Artifact",
        "id": wanted.id,
        "artifactSequence": sequence,
        "versionIndex": about.get("version", 0),
        "artifactType": {"id": kind, "name": kind},
        "description": about.get("description"),
        "metadata": about.get("metadata") or "{}",
        "ttlDurationSeconds": -2,  # for good
        "ttlIsInherited": False,
        "tags": [],
        "aliases": [
            {"__typename": "ArtifactAlias", "id": each, "alias": each, "artifactCollection": sequence} for each in called
        ],
        "state": "COMMITTED",
        "digest": about.get("digest") or "",
    }


def by_name(_: Desk, __: Asked) -> dict[str, Any]:
    """Refused: its caller would else be told what is wrong with an answer without any."""
    raise Refused("the W&B server of exp-queue gives no artifact by its name: its files lie with the run that has logged it")


def _mark(digest: str) -> str:
    """What tells two versions of an artifact apart; the same for the same content, so that what is sent twice lies there once."""
    return hashlib.sha256(digest.encode()).hexdigest()[:MARK] if digest else secrets.token_hex(MARK // 2)


def manifest(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The list of its files is a file itself."""
    identity = asked.text("artifactID", "artifactManifestID")
    file = {"id": identity, "uploadUrl": _url(desk, identity, MANIFEST), "uploadHeaders": []}
    found = {"artifactManifest": {"id": identity, "file": file}}
    return {"createArtifactManifest": found, "updateArtifactManifest": found}


def files(desk: Desk, asked: Asked) -> dict[str, Any]:
    wanted = asked.inner.variables.get("artifactFiles")
    edges = []
    for each in wanted if isinstance(wanted, list) else ():
        identity, name = str(each.get("artifactID")), str(each.get("name"))
        node: dict[str, Any] = {
            "id": name,
            "name": name,
            "displayName": name,
            "storagePath": name,
            "uploadUrl": _url(desk, identity, name),
            "uploadHeaders": [],
            "uploadMultipartUrls": None,
            "artifact": {"id": identity},
        }
        edges.append({"node": node})
    return {"createArtifactFiles": {"files": {"edges": edges}}}


def commit(_: Desk, asked: Asked) -> dict[str, Any]:
    return {"commitArtifact": {"artifact": {"id": asked.text("artifactID"), "digest": ""}}}


def digest_algorithm(_: Desk, __: Asked) -> dict[str, Any]:
    return {"project": {"artifactType": None}}


def _url(desk: Desk, identity: str, name: str) -> str:
    found = artifact_of(identity)
    return desk.upload_url(found.run, f"{found.place}/{name}") if found else ""


OPERATIONS = {
    "ArtifactType": kind,
    "ArtifactByID": by_id,
    "ArtifactMembershipByName": by_name,
    "CreateArtifact": create,
    "CreateArtifactManifest": manifest,
    "UpdateArtifactManifest": manifest,
    "CreateArtifactFiles": files,
    "CommitArtifact": commit,
    "FetchArtifactDigestAlgorithm": digest_algorithm,
}
