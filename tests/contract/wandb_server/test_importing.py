"""Folders that W&B's client has written offline become jobs that are over, once each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import UserError
from scheduler.home import Home
from scheduler.queue.job import Job
from scheduler.queue.states import State
from scheduler.queue.store import Store
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.importing import MORE, NEW, RUNS, THERE, Imported, import_runs
from scheduler.wandb_server.runs import Runs
from tests.contract.wandb_server.conftest import Client, serving
from tests.contract.wandb_server.test_runs_served import losses, only
from tests.unit.tracking.transaction_logs import framed, row
from tests.unit.wandb_server.test_offline_log import RUN, ended, measured, printed


def offline(place: Path, *records: bytes, name: str = "offline-run-20261129_110606-r1") -> Path:
    folder = place / "wandb" / name
    (folder / "files" / "media").mkdir(parents=True, exist_ok=True)
    (folder / "run-r1.wandb").write_bytes(framed(records))
    return folder


def all_of(store: Store, *places: Path) -> list[Imported]:
    return list(import_runs(store, places))


def image(step: int, file: str) -> bytes:
    return row(step, loss=0.25, pic={"_type": "image-file", "path": file, "caption": "c"})


def shown(store: Store, job: Job) -> list[dict[str, Any]]:
    path = Path(store.latest_attempts([job])[job.id].directory) / "media.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_run_is_a_job_with_all_that_it_has_logged_and_its_own_times(store: Store, tmp_path: Path) -> None:
    """Then everything that looks at jobs shows it, beside those that were run here."""
    use = measured(104, proc__memory__rssMB=70.0)
    folder = offline(tmp_path, RUN, row(0, loss=1.5), printed("hello\n", 101), image(1, "media/a.png"), use, ended(0))
    (folder / "files" / "media" / "a.png").write_bytes(b"png")
    (folder / "files" / "saved.txt").write_text("kept")
    (found,) = all_of(store, tmp_path / "wandb")
    job = only(store)
    attempt = store.latest_attempts([job])[job.id]
    assert (found.became, found.job, found.notes, found.run) == (NEW, job, (), RunId("local", "demo", "r1"))
    assert (job.state, job.name, job.group, job.note, job.tags) == (State.DONE, "baseline", "g", "a note", ("t1", "t2"))
    assert (job.config, losses(store, job), attempt.log.read_text()) == ({"lr": 0.1}, [1.5, 0.25], "hello\n")
    assert (attempt.started, attempt.ended, attempt.duration, job.submitted) == (100.5, 109.5, 9.0, 100.5)
    assert [(each["kind"], each["name"]) for each in shown(store, job)] == [("image", "pic"), ("file", "saved.txt")]
    assert (Path(attempt.directory) / "files" / "saved.txt").read_text() == "kept"
    assert '"memory.rss": 70.0' in attempt.system.read_text()


@pytest.mark.parametrize("status", [1, 255, -1])
def test_a_run_that_failed_is_a_job_that_failed(store: Store, tmp_path: Path, status: int) -> None:
    """With its status."""
    all_of(store, offline(tmp_path, RUN, ended(status)))
    attempt = store.latest_attempts([only(store)])[only(store).id]
    assert attempt.ending is not None
    assert (only(store).state, attempt.ending.exit_status, str(status) in attempt.ending.reason) == (State.FAILED, status, True)


def test_importing_twice_changes_nothing_and_says_so(store: Store, tmp_path: Path) -> None:
    """Also by another name of the same folder: `latest-run` is a link to it."""
    folder = offline(tmp_path, RUN, row(0, loss=1.5), ended(0))
    (folder.parent / "latest-run").symlink_to(folder.name)
    assert [each.became for each in all_of(store, folder.parent)] == [NEW]
    again = all_of(store, folder, folder / "run-r1.wandb", tmp_path, folder.parent / "latest-run")
    assert ([each.became for each in again], only(store).attempts) == ([THERE], 1)


def test_a_run_of_which_there_is_more_by_now_has_it_all(store: Store, tmp_path: Path) -> None:
    """It was copied while it still ran."""
    offline(tmp_path, RUN, row(0, loss=1.5))
    (first,) = all_of(store, tmp_path)
    assert (first.job.state, any("no end" in note for note in first.notes)) == (State.FAILED, True)
    offline(tmp_path, RUN, row(0, loss=1.5), row(1, loss=0.5), ended(0))
    (second,) = all_of(store, tmp_path)
    assert (second.became, only(store).state, losses(store, only(store))) == (MORE, State.DONE, [1.5, 0.5])


def test_the_files_of_a_run_that_was_resumed_are_one_job(store: Store, tmp_path: Path) -> None:
    """In the order of their times, whatever their names."""
    later = RUN.replace(b"\x08\x64", b"\x08\x65")  # a second later
    offline(tmp_path, later, row(1, loss=0.5), ended(0), name="offline-run-1")
    offline(tmp_path, RUN, row(0, loss=1.5), ended(1), name="offline-run-2")
    (found,) = all_of(store, tmp_path)
    assert (losses(store, only(store)), only(store).state, len(found.paths)) == ([1.5, 0.5], State.DONE, 2)


def test_a_torn_file_is_read_as_far_as_it_goes_and_that_is_said(store: Store, tmp_path: Path) -> None:
    """The disk was full, or the copy was interrupted."""
    path = offline(tmp_path, RUN, row(0, loss=1.5), row(1, loss=0.5), ended(0)) / "run-r1.wandb"
    path.write_bytes(path.read_bytes()[:-12])
    (found,) = all_of(store, path)
    assert any("damaged" in note for note in found.notes)
    assert losses(store, only(store)) == [1.5, 0.5]


def test_a_file_that_is_gone_is_counted(store: Store, tmp_path: Path) -> None:
    """`wandb.save` leaves links, and a copied folder has only these."""
    folder = offline(tmp_path, RUN, ended(0))
    (folder / "files" / "model.pt").symlink_to("/nowhere/model.pt")
    (found,) = all_of(store, folder)
    assert found.notes == ("1 file could not be copied",)


def test_what_was_imported_and_is_sent_later_is_the_same_job(store: Store, tmp_path: Path, home: Home) -> None:
    """`wandb sync` of the same folder."""
    all_of(store, offline(tmp_path, RUN, row(0, loss=1.5), ended(0)))
    with serving(home) as (_, client):
        begun = client.ask("UpsertBucket", name="r1", project="demo", program="wandb")["upsertBucket"]
        assert begun["inserted"] is False
        line = json.dumps({"_step": 0, "loss": 1.5})
        body = json.dumps({"files": {"wandb-history.jsonl": {"offset": 0, "content": [line]}}, "complete": True, "exitcode": 0})
        assert client.send("POST", "/files/local/demo/r1/file_stream", body.encode())[0] == 200
    assert (only(store).state, only(store).attempts) == (State.DONE, 1)


def test_a_run_that_a_server_hears_of_now_is_left_alone(store: Store, tmp_path: Path, client: Client) -> None:
    """Its seat writes its log."""
    client.ask("UpsertBucket", name="r1", project="demo", config="{}", program="train.py")
    (found,) = all_of(store, offline(tmp_path, RUN, row(0, loss=1.5), ended(0)))
    assert found.became == RUNS
    assert Runs(store.home.root).told(found.run).counts == {}  # type: ignore[union-attr]


@pytest.mark.parametrize(("made", "says"), [("nothing", "is not there"), ("folder", "no run"), ("other", "no transaction log")])
def test_what_is_no_run_is_said_with_its_place(store: Store, tmp_path: Path, made: str, says: str) -> None:
    """A wrong folder must not end in silence."""
    place = tmp_path / "x.wandb"
    if made == "folder":
        place.mkdir()
    if made == "other":
        place.write_bytes(b"something else altogether")
    with pytest.raises(UserError, match=says) as error:
        all_of(store, place)
    assert str(place) in str(error.value)
    assert store.jobs() == []
