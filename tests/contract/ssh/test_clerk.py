"""Who speaks with hosts, against a host that says what the test wants: its client is a script that never leaves this machine."""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.queue.job import Attempt
from scheduler.runner.hosts import OnHosts
from scheduler.ssh import lines
from scheduler.ssh.clerk import Clerk
from scheduler.ssh.hosts import launcher_of
from scheduler.ssh.mirror import Mirror
from tests.waiting import until

ROOM = {"slots": 2, "taken": 0, "memory": 0, "not_now": {}, "never": {}, "closed": ""}
OFFERS = {"is": "hello", "gpus": 0, "cores": 4, "note": "no GPUs", "differs": "", **ROOM}
CLIENT = """
import json, sys
from scheduler.ssh.wire import MAGIC, Frames, frame
with open("calls", "a") as calls:
    calls.write("x")
said = json.load(open("said.json"))
out = sys.stdout.buffer
out.write(MAGIC + frame(said["hello"]))
out.flush()
frames = Frames()
while data := sys.stdin.buffer.raw.read(65536):
    for message, _ in frames.take(data):
        for each in said["answers"].get(message["do"], []):
            out.write(frame({"order": message["order"], **each[0]}, each[1].encode()))
            out.flush()
"""


@pytest.fixture
def clerk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Clerk]]:
    """Makes one whose hosts all say this: `hello`, and after each word of ours some messages with their bytes."""
    made: list[Clerk] = []

    def clerk_of(hello: dict[str, Any], **said: list[tuple[dict[str, Any], str]]) -> Clerk:
        (tmp_path / "said.json").write_text(json.dumps({"hello": {**OFFERS, **hello}, "answers": said}), encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        root = Path(__file__).parents[3]
        script = f"import sys; sys.path.insert(0, {str(root)!r})\n{CLIENT}"
        monkeypatch.setenv("EXP_QUEUE_SSH", shlex.join([sys.executable, "-c", script]))
        made.append(Clerk(tmp_path / "home", "queue", lambda: ("", "", "")))
        return made[-1]

    yield clerk_of
    for each in made:
        each.close()


def test_why_a_host_starts_nothing_is_what_is_noted_of_it(clerk: Callable[..., Clerk]) -> None:
    """Its code may become another during the run, when it is called again: then the run waits, and a person must see for what."""
    some = clerk({"differs": "its code is another"})
    some.wait_for([some.host("ada")])
    assert OnHosts(some, ["ada"], "/").note == "ada: its code is another"


def test_a_host_that_answers_again_says_why_it_starts_nothing(clerk: Callable[..., Clerk], tmp_path: Path) -> None:
    """That it answers, alone, promises that the run goes on."""
    some = clerk({"differs": "its code is another"}, watch=[({"is": "no word of the language"}, "")])
    some.watch(watched(tmp_path))
    until(lambda: "ada answers again, but starts nothing: its code is another" in texts(some))


def test_a_file_that_cannot_be_here_keeps_no_end_away(clerk: Callable[..., Clerk], tmp_path: Path) -> None:
    """A job has made a directory of what was a file, and its rows are here: each line brought that again, and broke over it, with
    all other jobs of that host."""
    rows, then = {"is": "file", "path": "out.csv", "at": 0}, {"is": "file", "path": "out.csv/1", "at": 0}
    end = {"is": "ended", "end": {"state": "done"}}
    brings = [(rows, "a,b"), (then, "no"), ({**then, "at": 2}, "no"), ({**rows, "at": 3}, ",c"), (end, "")]
    some = clerk({}, watch=brings)
    some.watch(watched(tmp_path))
    found: list[dict[str, Any]] = []
    until(lambda: found.extend(some.reports()) or any(each["is"] == "ended" for each in found))
    assert [each["text"] for each in found if each["is"] == "note"] == ["out.csv/1 of ada cannot be kept here: File exists"]
    assert (tmp_path / "1" / "out.csv").read_text() == "a,b,c"
    assert (tmp_path / "calls").read_text() == "x"


def test_a_disk_that_is_full_keeps_the_end_away(
    clerk: Callable[..., Clerk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are wanted: they come again when there is room, and the end only behind them."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    some = clerk({}, watch=[({"is": "file", "path": "log.txt", "at": 0}, "x"), ({"is": "ended", "end": {"state": "done"}}, "")])
    with monkeypatch.context() as patched:
        patched.setattr(Mirror, "append", full)
        some.watch(watched(tmp_path))
        until(lambda: any(each["is"] == "away" for each in some.reports()))
    until(lambda: any(each["is"] == "ended" for each in some.reports()))
    assert (tmp_path / "1" / "log.txt").read_text() == "x"


def test_a_host_that_takes_the_call_and_says_nothing_is_given_up(
    clerk: Callable[..., Clerk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its home folder hangs, and its login shell with it: `run` and `cancel` waited for ever, whoever else had answered."""
    monkeypatch.setattr(lines, "HELLO_WITHIN", 0.1)
    some = clerk({})
    monkeypatch.setenv("EXP_QUEUE_SSH", "sh -c 'exec sleep 1000'")
    some.watch(watched(tmp_path))
    found: list[dict[str, Any]] = []
    until(lambda: found.extend(some.reports()) or any(each["is"] == "away" for each in found))
    assert {each["why"] for each in found if each["attempt"] and each["is"] == "away"} == {"it does not say hello within 0.1 s"}
    some.wait_for([some.host("ada")])


def test_where_it_runs_is_told_by_the_name_by_which_one_logs_in(clerk: Callable[..., Clerk], tmp_path: Path) -> None:
    """A machine may call itself node7, or localhost; nobody here knows it by that."""
    origin = {"kernel": "Linux 6.1", "driver": "", "python": None}
    runs, end = {"is": "running", "origin": origin}, {"is": "ended", "end": {"state": "done", "origin": origin}}
    some = clerk({}, watch=[(runs, ""), (end, "")])
    some.watch(watched(tmp_path))
    found: list[dict[str, Any]] = []
    until(lambda: found.extend(some.reports()) or any(each["is"] == "ended" for each in found))
    told = [each.get("end", each).get("place") for each in found if each["is"] in ("running", "ended")]
    assert told == [{**origin, "host": "ada"}] * 2


def watched(folder: Path) -> Attempt:
    """An attempt that an earlier runner has sent to ada."""
    return Attempt("job", 1, launcher_of("ada", "order"), str(folder / "1"), 0.0)


def texts(clerk: Clerk) -> list[str]:
    """The notes that it has reported since the last call."""
    return [each["text"] for each in clerk.reports() if each["is"] == "note"]


def test_a_host_whose_code_was_another_is_asked_again(
    clerk: Callable[..., Clerk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has pulled there meanwhile; the run lasts for days."""
    monkeypatch.setattr(lines, "LOOK_AGAIN", 0.2)
    monkeypatch.setattr(lines, "PING", 1e6)  # nothing else wakes it
    some = clerk({"differs": "its code is another"})
    host = some.host("ada")
    some.wait_for([host])
    assert host.room == 0
    new = tmp_path / "new.json"
    new.write_text(json.dumps({"hello": OFFERS, "answers": {}}), encoding="utf-8")
    new.rename(tmp_path / "said.json")
    until(lambda: host.room == OFFERS["slots"])
