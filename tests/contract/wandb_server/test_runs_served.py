"""A run that is sent becomes a job, with its values, its output and its end; nothing is lost and nothing counts twice."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from scheduler.actions.cancel import cancel_all
from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.states import ENDED, State
from scheduler.queue.store import Store
from scheduler.tracking.metric_log import rows
from scheduler.wandb_server.folders import Folder, RunId
from tests.contract.wandb_server.conftest import Client, serving
from tests.waiting import until


def only(store: Store) -> Job:
    (job,) = store.jobs()
    return job


def losses(store: Store, job: Job) -> list[float]:
    attempt = store.latest_attempts([job])[job.id]
    return [row["loss"] for row in rows(attempt.metrics) if "loss" in row]


def over(store: Store) -> Job:
    until(lambda: only(store).state in ENDED)
    return only(store)


def test_a_run_is_a_job_with_its_configuration_values_output_and_status(client: Client, store: Store) -> None:
    """Then everything that looks at jobs shows it."""
    client.begin(groupName="g1", notes="a note", tags=["t1", "with blanks"])
    client.log(1.0, 0.5)
    client.stream(files={"output.log": {"offset": 0, "content": ["2026-11-29T07:18:27.018634 hello", "as it is"]}})
    client.stream(complete=True, exitcode=0)
    job = over(store)
    assert (job.state, job.group, job.config, job.note, job.tags) == (
        State.DONE, "g1", {"lr": 0.1}, "a note", ("t1", "with-blanks"),
    )  # fmt: skip
    attempt = store.latest_attempts([job])[job.id]
    assert losses(store, job) == [1.0, 0.5]
    assert attempt.log.read_text() == "hello\nas it is\n"
    assert (attempt.code, attempt.origin) == (None, None)  # it computes elsewhere


@pytest.mark.parametrize(("status", "state"), [(1, State.FAILED), (255, State.FAILED), (-1, State.FAILED)])
def test_a_run_that_failed_is_a_job_that_failed(client: Client, store: Store, status: int, state: State) -> None:
    """W&B's own agents end with 0 whatever their runs did."""
    client.begin()
    client.stream(complete=True, exitcode=status)
    assert over(store).state is state


def test_a_piece_that_is_sent_again_counts_once(client: Client, store: Store) -> None:
    """Its answer may have been lost."""
    client.begin()
    client.log(3.0, 2.0)
    client.log(3.0, 2.0)
    client.log(2.0, 1.0, at=1)
    client.stream(complete=True, exitcode=0)
    assert losses(store, over(store)) == [3.0, 2.0, 1.0]


def test_a_resumed_run_is_the_same_job_and_keeps_its_rows(client: Client, store: Store) -> None:
    """`wandb.init(id=..., resume="allow")`: it asks how far it came, and goes on."""
    client.begin()
    client.log(3.0, 2.0)
    client.stream(complete=True, exitcode=1)
    over(store)
    there = client.ask("RunResumeStatus", name="run1", entity="me", project="proj")["model"]["bucket"]
    assert (there["historyLineCount"], there["name"]) == (2, "run1")
    assert client.begin()["inserted"] is False
    client.log(1.0, at=2)
    client.stream(complete=True, exitcode=0)
    until(lambda: only(store).state is State.DONE)
    assert losses(store, only(store)) == [3.0, 2.0, 1.0]


def test_a_run_that_is_resumed_while_its_seat_is_leaving_goes_on_in_another(client: Client, store: Store) -> None:
    """A loop that begins and ends runs of one id: the old seat's end is no wish that the run should stop."""
    client.begin()
    image = json.dumps({"_step": 0, "loss": 0.5, "x": {"_type": "image-file", "path": "media/images/never-sent.png"}})
    client.stream(files={"wandb-history.jsonl": {"offset": 0, "content": [image]}}, complete=True, exitcode=0)
    folder = Folder(store.home.root, RunId("me", "proj", "run1"))
    until(folder.left.exists)  # it waits for the image
    client.ask("RunResumeStatus", name="run1", entity="me", project="proj")
    client.begin(program="train.py")
    until(lambda: [(job.state, job.attempts) for job in store.jobs()] == [(State.RUNNING, 2)])
    assert "stopped" not in client.log(0.25, at=1)
    client.stream(complete=True, exitcode=0)
    until(lambda: [(job.state, job.attempts) for job in store.jobs()] == [(State.DONE, 2)])


def test_a_server_that_comes_again_goes_on_where_the_last_one_was_killed(home: Home, store: Store) -> None:
    """The client sends on, to the same address with the same key; the seat has stayed."""
    with serving(home) as (_, client):
        client.begin()
        client.log(3.0)
        until(lambda: only(store).state is State.RUNNING)
    with serving(home) as (_, again):
        assert (again.port, again.key) == (client.port, client.key)
        again.log(2.0, at=1)
        again.stream(complete=True, exitcode=0)
        assert losses(store, over(store)) == [3.0, 2.0]
    assert only(store).attempts == 1


def test_there_is_one_server_of_a_queue(home: Home) -> None:
    """Two would write to one file."""
    with serving(home), pytest.raises(UserError, match="is there already at http://127"), serving(home):
        pass


def cancel_in_time(store: Store, job: Job) -> None:
    """As `exp-queue cancel` does, in a thread: it waits for the end."""

    def cancel() -> None:
        with Store(store.home) as own:
            cancel_all(own, [job.number], lambda _: None)

    threading.Thread(target=cancel, daemon=True).start()


def test_a_cancelled_job_tells_its_run_to_stop(client: Client, store: Store) -> None:
    """The client hears it with the next answer, and interrupts its script."""
    client.begin()
    until(lambda: only(store).state is State.RUNNING)
    assert "stopped" not in client.log(3.0)
    cancel_in_time(store, only(store))
    until(lambda: any(Path(store.home.root).glob("wandb/runs/*/stop")))
    assert client.log(2.0, at=1)["stopped"] is True
    client.stream(complete=True, exitcode=255)
    assert over(store).state is State.CANCELLED


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:80"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Authorization": "Basic YXBpOndyb25n"}, 401),
        ({"Authorization": ""}, 401),
    ],
)
def test_who_has_not_the_key_or_comes_from_a_page_is_refused(client: Client, headers: dict[str, str], status: int) -> None:
    """Any page that the user opens could post to this port."""
    assert client.send("POST", "/graphql", b'{"query": "query Viewer { x }"}', **headers)[0] == status


def test_a_file_goes_where_it_was_asked_for_and_nowhere_else(client: Client, home: Home) -> None:
    """The address is the permission: it holds for one name of one run."""
    client.begin()
    names = ["media/a b.png", "../../evil", "/etc/evil", "a/../../b"]
    files = client.ask("CreateRunFiles", entity="me", project="proj", run="run1", files=names)["createRunFiles"]["files"]
    assert [each["name"] for each in files] == ["media/a b.png"]
    path = files[0]["uploadUrl"].partition(f":{client.port}")[2]
    assert client.send("PUT", path, b"png", Authorization="")[0] == 200
    (kept,) = home.root.glob("wandb/runs/*/files/media/*")
    assert (kept.name, kept.read_bytes()) == ("a b.png", b"png")
    assert client.send("PUT", path.replace("png", "txt"), b"other")[0] == 403
    assert client.send("PUT", path.replace("a%20b.png", "..%2F..%2F..%2Fx"), b"other")[0] == 403


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"query": 3}', b'{"query": "{ x }", "variables": 3}'])
def test_what_is_no_request_is_answered_and_harms_nobody(client: Client, body: bytes) -> None:
    """The next one is answered as usual."""
    assert client.send("POST", "/graphql", body)[0] in (200, 400)
    assert client.ask("Viewer")["viewer"]["entity"] == "local"


def test_an_operation_that_nobody_knows_is_said_once(home: Home) -> None:
    """A newer client may ask for more; it must go on without."""
    said: list[str] = []
    with serving(home, said.append) as (_, client):
        assert (client.ask("Newest"), client.ask("Newest")) == ({}, {})
    assert len([text for text in said if "Newest" in text]) == 1


def test_the_runs_of_a_project_are_told_in_pages(client: Client) -> None:
    """`wandb.Api().runs("me/proj")`; its client wants a number for a project."""
    for name in ("a", "b", "c"):
        client.begin(name)
        client.stream(name, complete=True, exitcode=0 if name != "b" else 1)
    first = client.ask("Runs", entity="me", project="proj", perPage=2)["project"]
    rest = client.ask("Runs", entity="me", project="proj", perPage=2, cursor=first["runs"]["pageInfo"]["endCursor"])["project"]
    found = [each["node"] for page in (first, rest) for each in page["runs"]["edges"]]
    assert {each["name"]: each["state"] for each in found} == {"a": "finished", "b": "failed", "c": "finished"}
    assert (first["runCount"], len(found), {type(each["projectId"]) for each in found}) == (3, 3, {int})
    assert client.ask("Runs", entity="me", project="other")["project"]["runs"]["edges"] == []
