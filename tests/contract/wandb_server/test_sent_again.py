"""What is sent again changes nothing, what is said of a run that is over does not start it, and who goes on with it does."""

from __future__ import annotations

import json

import pytest

from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.tracking.metric_log import rows
from tests.contract.wandb_server.conftest import Client
from tests.contract.wandb_server.test_runs_served import losses, only, over
from tests.waiting import until


def sync(client: Client, *given: float, status: int = 0) -> None:
    """What `wandb sync` of 0.31 was seen to send: the run as it began, its last word about itself, and all in one piece."""
    begun = client.begin(program="/usr/bin/wandb", host="here", groupName="g", displayName="baseline")
    client.ask("UpsertBucket", name="run1", entity="me", project="proj", config=json.dumps({"lr": {"value": 0.1}}))
    client.log(*given, at=begun["bucket"]["historyLineCount"])
    client.stream(files={"output.log": {"offset": 0, "content": ["2026-11-29T07:18:27.018634 hello"]}})
    client.stream(complete=True, exitcode=status)


def test_a_run_that_is_sent_twice_is_one_job_with_one_attempt(client: Client, store: Store) -> None:
    """Somebody is not sure whether all was sent. Its rows and its output count once."""
    for _ in range(2):
        sync(client, 3.0, 2.0)
        job = over(store)
    attempt = store.latest_attempts([job])[job.id]
    assert (job.state, job.attempts, losses(store, job), attempt.log.read_text()) == (State.DONE, 1, [3.0, 2.0], "hello\n")


def test_a_run_of_which_more_is_sent_later_has_it_all(client: Client, store: Store) -> None:
    """It was sent while it still ran, on another machine."""
    sync(client, 3.0, status=1)
    over(store)
    sync(client, 3.0, 2.0)
    until(lambda: only(store).state is State.DONE)
    assert losses(store, only(store)) == [3.0, 2.0]


def test_a_job_has_the_name_of_its_run_where_it_is_free(client: Client, store: Store) -> None:
    """People find it by what they have called it; the second of that name has one of ours."""
    for name in ("a", "b"):
        client.begin(name, displayName="baseline")
    names = {job.argv[-1]: job.name for job in store.jobs()}
    assert (names["a"], names["b"] != "baseline") == ("baseline", True)


def test_a_word_about_a_run_that_is_over_starts_nothing(client: Client, store: Store) -> None:
    """`wandb.Api().run(...).update()`: the job has the new configuration, and stays done."""
    identity = client.begin()["bucket"]["id"]
    client.stream(complete=True, exitcode=0)
    over(store)
    config = json.dumps({"lr": {"value": 0.5}})
    client.ask("UpsertBucket", id=identity, entity="me", project="proj", config=config)
    assert (only(store).state, only(store).attempts, only(store).config) == (State.DONE, 1, {"lr": 0.5})


def test_another_run_of_the_same_name_takes_the_place_of_the_one_before(client: Client, store: Store, home: Home) -> None:
    """A script with an id of its own runs again, without `resume`: what the first has logged is not the second's."""
    client.begin(program="train.py", host="here")
    client.log(3.0, 2.0)
    client.stream(complete=True, exitcode=1)
    over(store)
    assert client.begin(program="train.py", host="here")["bucket"]["historyLineCount"] == 0
    client.log(1.0)
    client.stream(complete=True, exitcode=0)
    until(lambda: only(store).state is State.DONE)
    assert (losses(store, only(store)), only(store).attempts) == ([1.0], 2)
    assert losses_of_first(store, only(store)) == [3.0, 2.0]


def losses_of_first(store: Store, job: Job) -> list[float]:
    return [row["loss"] for row in rows(store.attempt(job.id, 1).metrics) if "loss" in row]


@pytest.mark.parametrize("given", ["flat", "input"])
def test_an_artifact_that_is_sent_again_is_there_already(client: Client, given: str) -> None:
    """As wandb 0.31 asks for one and, with all variables beside one another, 0.18."""
    client.begin()
    about = {"entityName": "me", "projectName": "proj", "runName": "run1", "digest": "d1"}
    names = {"artifactCollectionNames": ["ds"]} if given == "flat" else {"artifactCollectionName": "ds"}
    asked = {**about, **names} if given == "flat" else {"input": {**about, **names}}
    found = client.ask("CreateArtifact", **asked)["createArtifact"]["artifact"]
    assert found["state"] == "PENDING"
    answer = client.ask("CreateArtifactManifest", artifactID=found["id"])["createArtifactManifest"]["artifactManifest"]
    assert client.send("PUT", answer["file"]["uploadUrl"].partition(f":{client.port}")[2], b"{}")[0] == 200
    again = client.ask("CreateArtifact", **asked)["createArtifact"]["artifact"]
    assert (again["id"], again["state"]) == (found["id"], "COMMITTED")


def test_the_files_of_a_client_of_0_18_lie_with_its_run(client: Client, home: Home) -> None:
    """It calls a project `name`; another folder would never have its images."""
    client.begin()
    asked = {"name": "proj", "run": "run1", "entity": "me", "files": ["a.png"]}
    ((edge,)) = client.ask("RunUploadUrls", **asked)["model"]["bucket"]["files"]["edges"]
    assert client.send("PUT", edge["node"]["url"].partition(f":{client.port}")[2], b"png")[0] == 200
    (kept,) = home.root.glob("wandb/runs/*/files/a.png")
    assert (kept.parent.parent / "posts.jsonl").exists()
