"""Who speaks with hosts, against hosts that say what the test wants."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import StateError
from scheduler.queue.job import Attempt
from scheduler.runner.hosts import OnHosts
from scheduler.ssh import errands, lines
from scheduler.ssh.clerk import Clerk
from scheduler.ssh.errands import Begun, Bring
from scheduler.ssh.hosts import launcher_of
from scheduler.ssh.mirror import Mirror
from scheduler.ssh.orders import Sent
from tests.contract.ssh.scripted import OFFERS, Said, all_hosts_say
from tests.waiting import in_time, until


@pytest.fixture
def clerk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Clerk]]:
    """Makes one whose hosts all say this: `hello`, and after each word of ours some messages with their bytes; `bring` brings
    the code to ada."""
    made: list[Clerk] = []

    def clerk_of(hello: dict[str, Any], bring: Bring | None = None, **said: Said) -> Clerk:
        all_hosts_say(tmp_path, monkeypatch, hello, **said)
        made.append(Clerk(tmp_path / "home", "queue", lambda: ("", "", ""), {"ada": bring} if bring else {}))
        return made[-1]

    yield clerk_of
    for each in made:
        in_time(each.close)


def test_why_a_host_starts_nothing_is_what_is_noted_of_it(clerk: Callable[..., Clerk]) -> None:
    """Its code may become another during the run, when it is called again: then the run waits, and a person must see for what."""
    some = clerk({"differs": "its code is another"})
    in_time(lambda: some.wait_for([some.host("ada")]))
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
    in_time(lambda: some.wait_for([some.host("ada")]))


def test_where_it_runs_is_told_by_the_name_by_which_one_logs_in(clerk: Callable[..., Clerk], tmp_path: Path) -> None:
    """A machine may call itself node7, or localhost; nobody here knows it by that."""
    origin = {"kernel": "Linux 6.1", "driver": "", "python": None, "gpus": "0"}
    runs, end = {"is": "running", "origin": origin}, {"is": "ended", "end": {"state": "done", "origin": origin}}
    some = clerk({}, watch=[(runs, ""), (end, "")])
    some.watch(watched(tmp_path))
    found: list[dict[str, Any]] = []
    until(lambda: found.extend(some.reports()) or any(each["is"] == "ended" for each in found))
    told = [each.get("end", each).get("place") for each in found if each["is"] in ("running", "ended")]
    assert told == [{**origin, "host": "ada"}] * 2


def test_since_when_it_runs_there_is_told_in_seconds(clerk: Callable[..., Clerk], tmp_path: Path) -> None:
    """Two machines have two clocks. An older exp-queue there does not say it."""
    some = clerk({}, watch=[({"is": "running", "age": 7.5}, "")])
    some.watch(watched(tmp_path))
    found: list[dict[str, Any]] = []
    until(lambda: found.extend(some.reports()) or any(each["is"] == "running" for each in found))
    assert [each["age"] for each in found if each["is"] == "running"] == [7.5]


def test_what_has_begun_is_not_sent_a_second_time(tmp_path: Path) -> None:
    """A host that has lost its state directory would take it for a new order, and start it once more beside the first."""
    sent = Sent("order", "ada", "job/1", Mirror(str(tmp_path)), {"argv": ["true"]})
    assert [each["do"] for each in sent.words("/home")] == ["start"], "until it is known to have begun, the line may have lost it"
    sent.begun = True
    assert [each["do"] for each in sent.words("/home")] == ["watch"]


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
    in_time(lambda: some.wait_for([host]))
    assert host.room == 0
    has_the_code(tmp_path)
    until(lambda: host.room == OFFERS["slots"])


def has_the_code(folder: Path) -> None:
    """From its next line on the host has the code of here."""
    new = folder / "new.json"
    new.write_text(json.dumps({"hello": OFFERS, "answers": {}}), encoding="utf-8")
    new.rename(folder / "said.json")


def test_who_answers_with_other_code_is_brought_that_of_here_before_he_gets_jobs(
    clerk: Callable[..., Clerk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He was away when the others were brought it, and had nothing to do for days. Where it is refused, a job may run there,
    which is over one day."""
    monkeypatch.setattr(errands, "AGAIN", 0.2)
    monkeypatch.setattr(lines, "LOOK_AGAIN", 0.2)
    brought: list[str] = []

    def bring(begun: Begun) -> None:
        brought.append("ada")
        if len(brought) == 1:
            raise StateError("ada: jobs run in it")
        has_the_code(tmp_path)

    some = clerk({"differs": "its code is another"}, bring)
    host = some.host("ada")
    in_time(lambda: some.wait_for([host]))
    assert (host.room, host.offers["differs"]) == (0, "jobs run in it"), "what is in the way is what helps"
    until(lambda: host.room == OFFERS["slots"])
    assert brought == ["ada", "ada"]


def test_to_a_host_that_nobody_has_named_no_code_is_brought(clerk: Callable[..., Clerk], tmp_path: Path) -> None:
    """A job of an earlier run may be there, and so it is called; who named other hosts wants nothing written on this one."""
    brought: list[Begun] = []
    some = clerk({"differs": "its code is another"}, brought.append)
    host = some.host("curie")
    in_time(lambda: some.wait_for([host]))
    assert (host.up, host.room, brought) == (True, 0, [])


def test_the_line_has_ended_before_the_code_is_brought(clerk: Callable[..., Clerk], tmp_path: Path) -> None:
    """As long as there is one, no code is put where its jobs start: it refused, for a run that was this one."""
    lives: list[bool] = []

    def bring(begun: Begun) -> None:
        lives.extend(each.poll() is None for each in called)
        has_the_code(tmp_path)

    called: list[subprocess.Popen] = []
    some = clerk({"differs": "its code is another"}, bring)
    part_with = some._lines.part_with
    some._lines.part_with = lambda host: called.append(host.line.process) or part_with(host)  # type: ignore[method-assign, union-attr, func-returns-value]
    host = some.host("ada")
    in_time(lambda: some.wait_for([host]))
    assert (host.room, lives) == (OFFERS["slots"], [False])


def test_who_leaves_while_code_is_brought_waits_for_nobody(clerk: Callable[..., Clerk]) -> None:
    """The run is over, or was stopped, and gigabytes are still to come."""
    there, processes = threading.Event(), list[subprocess.Popen]()

    def bring(begun: Begun) -> None:
        processes.append(subprocess.Popen(["sleep", "1000"]))
        begun(processes[0])
        there.set()
        processes[0].wait()

    some = clerk({"differs": "its code is another"}, bring)
    some.host("ada")
    assert there.wait(60)
    for _ in range(2):  # whoever is due is called at the beginning of a turn
        turned = threading.Event()
        some._do(turned.set)
        assert turned.wait(60)
    assert some.host("ada").line is None, "it is not called meanwhile"
    some._do(some._end)
    some._thread.join(60)
    ended = processes[0].poll()
    processes[0].kill()
    assert ended == -signal.SIGTERM
