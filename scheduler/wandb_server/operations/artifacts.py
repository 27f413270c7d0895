"""Artifacts: their files are kept beside those of the run that logs them; to use one by its name is not possible here."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from scheduler.wandb_server.desk import Desk
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.graphql import Asked
from scheduler.wandb_server.operations.runs import run_named


def kind(_: Desk, __: Asked) -> dict[str, Any]:
    """None of this name is there yet."""
    return {"project": {"artifact": None, "artifactType": None}}


def create(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Its id says whose it is, so that nothing needs to be remembered."""
    inner = asked.inner
    found = inner.variables
    run = run_named(inner, inner.text("runName"))
    names = found.get("artifactCollectionNames")
    name = (names[0] if isinstance(names, list) and names else inner.text("artifactCollectionName")) or "artifact"
    identity = json.dumps([run.entity, run.project, run.run, str(name), _mark(inner.text("digest"))])
    sequence = {"id": str(name), "name": str(name), "latestArtifact": None}
    manifest = desk.runs.folder(run).file(_place(identity, "wandb_manifest.json"))
    state = "COMMITTED" if manifest and manifest.exists() else "PENDING"  # then the client sends nothing again
    artifact = {"id": identity, "digest": inner.text("digest"), "state": state, "artifactSequence": sequence, "aliases": []}
    return {"createArtifact": {"artifact": artifact}}


def _mark(digest: str) -> str:
    """What tells two versions of an artifact apart; the same for the same content, so that what is sent twice lies there once."""
    return hashlib.sha256(digest.encode()).hexdigest()[:8] if digest else secrets.token_hex(4)


def manifest(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The list of its files is a file itself."""
    identity = asked.text("artifactID", "artifactManifestID")
    file = {"id": identity, "uploadUrl": _url(desk, identity, "wandb_manifest.json"), "uploadHeaders": []}
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
    try:
        entity, project, run, _, __ = json.loads(identity)
    except ValueError:
        return ""
    return desk.upload_url(RunId(entity, project, run), _place(identity, name))


def _place(identity: str, name: str) -> str:
    """What a file of an artifact is called among those of its run."""
    *_, artifact, mark = json.loads(identity)
    return f"artifacts/{artifact}-{mark}/{name}"


OPERATIONS = {
    "ArtifactType": kind,
    "CreateArtifact": create,
    "CreateArtifactManifest": manifest,
    "UpdateArtifactManifest": manifest,
    "CreateArtifactFiles": files,
    "CommitArtifact": commit,
    "FetchArtifactDigestAlgorithm": digest_algorithm,
}
