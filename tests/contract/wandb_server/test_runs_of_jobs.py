"""Runs that a job of ours logs at this server: they are its own, whatever their names, and no second job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler.experiments import Experiment
from scheduler.home import Home
from scheduler.queue.job import Attempt
from scheduler.queue.store import Store
from scheduler.tracking.local_wandb import key_of
from tests.contract.wandb_server.conftest import Client, serving

HISTOGRAM = {"_type": "histogram", "bins": [0, 1, 2], "values": [3, 4]}


def attempt_in(store: Store, number: int = 1) -> Attempt:
    """An attempt of the one job, as if a runner had begun it."""
    experiment = Experiment(("true",), "{}", "group")
    with store.change() as change:
        if not store.jobs():
            change.add({"mine": experiment}, "/", {})
        else:
            change.ask_again(store.jobs()[0].id, "retry")
        attempt = change.begin(store.jobs()[0], "here", "")
    assert attempt
    assert attempt.number == number
    Path(attempt.directory).mkdir(parents=True)
    return attempt


def over(store: Store, attempt: Attempt) -> None:
    from scheduler.queue.job import Ending
    from scheduler.queue.states import State

    with store.change() as change:
        change.end(attempt, Ending(State.FAILED, 1), 1.0)


def of(client: Client, attempt: Attempt) -> Client:
    return Client(client.port, key_of(client.key, attempt.run_id))


def shown(attempt: Attempt) -> list[dict]:
    path = Path(attempt.directory) / "media.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def log_shown(client: Client, at: int, **body: object) -> None:
    line = json.dumps({"_step": at, "h": HISTOGRAM})
    status, answer = client.stream("own", files={"wandb-history.jsonl": {"offset": at, "content": [line]}}, **body)
    assert (status, answer["exitcode"]) == (200, None)


@pytest.fixture
def store(home: Home) -> Store:
    return Store(home)


def test_a_run_of_a_job_is_no_second_job_and_shows_what_it_shows_there(client: Client, store: Store) -> None:
    """By the key that its attempt was given, though its script calls it as it likes."""
    attempt = attempt_in(store)
    mine = of(client, attempt)
    assert mine.begin("own")["bucket"]["displayName"] == store.jobs()[0].name
    log_shown(mine, 0)
    assert [row["name"] for row in shown(attempt)] == ["h"]
    (named,) = mine.ask("CreateRunFiles", entity="me", project="proj", run="own", files=["model.pt"])["createRunFiles"]["files"]
    log_shown(mine, 1, complete=True, exitcode=0)
    assert mine.send("PUT", named["uploadUrl"].partition(str(client.port))[2], b"kept")[0] == 200
    assert [row["name"] for row in shown(attempt)] == ["h", "h", "model.pt"]
    assert (Path(attempt.directory) / shown(attempt)[-1]["file"]).read_bytes() == b"kept"
    assert len(store.jobs()) == 1


def state_of(client: Client) -> str:
    """What `wandb.Api()` reads of the one run."""
    (edge,) = client.ask("Runs", entity="me", project="proj")["project"]["runs"]["edges"]
    return str(edge["node"]["state"])


def test_a_run_whose_job_was_killed_has_crashed_unless_it_still_says_how_it_ended(client: Client, store: Store) -> None:
    """Its client is gone with it, and it has no seat that would miss it: it would run for ever."""
    attempt = attempt_in(store)
    mine = of(client, attempt)
    bucket = mine.begin("own")["bucket"]
    log_shown(mine, 0)
    assert state_of(client) == "running"
    over(store, attempt)
    assert state_of(client) == "crashed"
    client.ask("UpsertBucket", id=bucket["id"], name="own", entity="me", project="proj", tags=["edited"])  # by a person
    assert (state_of(client), len(store.jobs())) == ("crashed", 1)
    log_shown(mine, 1, complete=True, exitcode=0)
    assert state_of(client) == "finished"


def test_the_next_server_writes_nothing_twice(home: Home, store: Store) -> None:
    """It reads the posts from their beginning, and what the last one has written is there."""
    attempt = attempt_in(store)
    with serving(home) as (_, client):
        of(client, attempt).begin("own")
        log_shown(of(client, attempt), 0)
    with serving(home) as (_, client):
        log_shown(of(client, attempt), 1)
    assert [row["_step"] for row in shown(attempt)] == [0, 1]


def test_a_run_that_the_next_attempt_goes_on_with_shows_each_time_what_is_of_it(client: Client, store: Store) -> None:
    """`wandb.init(id=..., resume="allow")` after a retry."""
    first = attempt_in(store)
    of(client, first).begin("own")
    log_shown(of(client, first), 0, complete=True, exitcode=1)
    over(store, first)
    second = attempt_in(store, 2)
    of(client, second).ask("RunResumeStatus", name="own", entity="me", project="proj")
    assert of(client, second).begin("own", program="train.py")["bucket"]["historyLineCount"] == 1
    log_shown(of(client, second), 1)
    assert [[row["_step"] for row in shown(each)] for each in (first, second)] == [[0], [1]]
    assert len(store.jobs()) == 1
