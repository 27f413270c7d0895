"""What a run logs as an artifact is kept with it, and a script may wait until it is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scheduler.home import Home
from tests.contract.wandb_server.conftest import Client

ABOUT = {"entityName": "me", "projectName": "proj", "runName": "run1", "artifactTypeName": "model", "metadata": '{"x": 1}'}
ALIASES = [{"alias": "best", "artifactCollectionName": "net"}]


def logged(client: Client, digest: str, **files: bytes) -> str:
    """An artifact as wandb 0.31 sends one; returns its id."""
    asked = {**ABOUT, "artifactCollectionName": "net", "digest": digest, "aliases": ALIASES}
    made = client.ask("CreateArtifact", input=asked)["createArtifact"]["artifact"]
    identity = str(made["id"])
    if made["state"] == "COMMITTED":  # it sends nothing again
        return identity
    wanted = [{"artifactID": identity, "name": f"{name}.pt"} for name in files]
    places = client.ask("CreateArtifactFiles", input={"artifactFiles": wanted})["createArtifactFiles"]["files"]["edges"]
    manifest = client.ask("CreateArtifactManifest", artifactID=identity)["createArtifactManifest"]["artifactManifest"]["file"]
    urls = [*(each["node"]["uploadUrl"] for each in places), manifest["uploadUrl"]]
    for url, content in zip(urls, [*files.values(), b"{}"], strict=True):
        assert client.send("PUT", url.partition(f":{client.port}")[2], content)[0] == 200
    return identity


def told(client: Client, identity: str) -> dict[str, Any]:
    return client.ask("ArtifactByID", id=identity)["artifact"]


def test_a_script_that_waits_for_its_artifact_is_told_of_it_as_it_has_sent_it(client: Client) -> None:
    """`run.log_artifact(...).wait()` ended the script with an error about a field that is missing."""
    client.begin()
    found = told(client, logged(client, "d1", a=b"123", b=b"45"))
    assert (found["state"], found["digest"], found["size"], found["fileCount"]) == ("COMMITTED", "d1", 5, 2)
    assert (found["artifactType"]["name"], json.loads(found["metadata"])) == ("model", {"x": 1})
    assert [each["alias"] for each in found["aliases"]] == ["best"]
    sequence = found["artifactSequence"]
    assert (sequence["name"], sequence["project"]["name"], sequence["project"]["entity"]["name"]) == ("net", "proj", "me")


def test_versions_are_counted_within_a_run_and_the_same_content_is_the_same_version(client: Client) -> None:
    """As far as anybody here knows them."""
    client.begin()
    first, second = logged(client, "d1", a=b"1"), logged(client, "d2", a=b"2")
    again = logged(client, "d1", a=b"1")
    assert first == again
    assert [told(client, each)["versionIndex"] for each in (first, second, again)] == [0, 1, 0]


@pytest.mark.parametrize(
    "identity", ["", "no id", "[]", '["me", "proj", "run1", "net", "00000000"]', '["me", "proj", "run1", "../..", "x"]']
)
def test_an_artifact_that_is_not_there_is_null(client: Client, identity: str) -> None:
    """The client says then that it cannot have it."""
    client.begin()
    assert client.ask("ArtifactByID", id=identity) == {"artifact": None}


def test_what_a_client_says_of_an_artifact_is_kept_with_its_files(client: Client, home: Home) -> None:
    """Metadata are often why it was logged."""
    client.begin()
    logged(client, "d1", a=b"1")
    (kept,) = home.root.glob("wandb/runs/*/files/artifacts/net-*.json")
    assert json.loads(json.loads(kept.read_text())["metadata"]) == {"x": 1}


def test_a_script_that_wants_an_artifact_by_its_name_hears_that_there_is_none(client: Client) -> None:
    """Not that a field is missing in an answer without any."""
    query = {"query": "query ArtifactMembershipByName($x: String) { x }", "variables": {"name": "net:latest"}}
    status, answer = client.send("POST", "/graphql", json.dumps(query).encode())
    assert status == 200
    assert "gives no artifact by its name" in answer["errors"][0]["message"]
