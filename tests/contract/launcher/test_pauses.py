"""Pauses: real processes below a real launcher stand still, and go on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import Slot, connect, journal_path, pause_message
from scheduler.linux import processes, standstill
from tests.contract.launcher.launching import NAME, end_of, order, python, reports

# A parent and a child in a session of its own, without its descriptors; both count in files, and say when they are asked to end.
COUNT = """
import os, signal, sys, time
def flush(*_):
    open('flushed', 'w').write('all of it')
    sys.exit(0)
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 256)
    name = 'child'
else:
    name = 'main'
    signal.signal(signal.SIGINT, flush)
while True:
    with open(name, 'a') as file:
        file.write('.')
    time.sleep(0.01)
"""
# Its child forks without an end: each goes on where its parent ends.
FORKS = "import os, time\nif os.fork(): time.sleep(600)\nwhile True:\n    if os.fork(): os._exit(0)\n"


def asked(home: Home, slot: Slot, *, go_on: bool) -> str:
    """Ask as another command does; what the launcher answers."""
    line = connect(home, slot.id)
    assert line
    line.send(pause_message(NAME, go_on=go_on))
    while True:
        messages, there = line.receive()
        assert there, "the launcher died"
        for message, _ in messages:
            if message.get("about") in ("paused", "continued", "refused"):
                line.close()
                return f"{message['about']}: {message['text']}"


def sizes(folder: Path) -> list[int]:
    return [(folder / name).stat().st_size if (folder / name).exists() else 0 for name in ("main", "child")]


def moving(slot: Slot) -> list[processes.Process]:
    return [each for each in processes.descendants(slot.process.pid) if each.can_go_on]


def test_a_pause_reaches_every_process_also_one_that_has_escaped(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """A child in a session of its own went on computing, on the GPU that was wanted for something else."""
    slot.start(order(tmp_path, python(COUNT)), [])
    until(lambda: all(sizes(tmp_path)))
    assert asked(home, slot, go_on=False).startswith("paused: paused by a person")
    before = sizes(tmp_path)
    assert moving(slot) == []
    record = journal.read(journal_path(home, slot.id))
    assert record
    assert NAME in record.paused
    assert sizes(tmp_path) == before
    assert asked(home, slot, go_on=True).startswith("continued")
    until(lambda: all(now > then for now, then in zip(sizes(tmp_path), before, strict=True)))
    record = journal.read(journal_path(home, slot.id))
    assert record
    assert (NAME in record.paused, NAME in record.rested, record.notes[NAME]) == (False, True, "")


def test_a_tree_that_forks_while_it_is_stopped_stands_still_all_the_same(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """What was not there at the first look is found by a later one."""
    slot.start(order(tmp_path, python(FORKS)), [])
    until(lambda: len(processes.descendants(slot.process.pid)) > 1)
    asked(home, slot, go_on=False)
    assert moving(slot) == []


def test_the_time_of_a_pause_counts_for_no_time_out(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """A job that was paused over night would be stopped in the morning, the moment it goes on."""
    slot.start(order(tmp_path, python(COUNT), timeout=3.0, grace=0.1), [])
    until(lambda: all(sizes(tmp_path)))
    asked(home, slot, go_on=False)
    subprocess.run(["sleep", "3.2"], check=True)
    assert not journal.read(journal_path(home, slot.id)).ended
    asked(home, slot, go_on=True)
    end = end_of(slot)
    assert end["state"] == "timeout"
    rested = journal.read(journal_path(home, slot.id)).rested[NAME]
    assert rested >= 3.0
    assert end["duration"] >= 3.0, "the pause counted"


@pytest.mark.slow  # it depends on when the job was paused; to be mended
def test_a_paused_job_that_is_stopped_can_save_its_work(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """SIGINT alone would wait, with the process, for ever; SIGKILL would follow."""
    slot.start(order(tmp_path, python(COUNT), grace=60.0), [])
    until(lambda: all(sizes(tmp_path)))
    asked(home, slot, go_on=False)
    slot.stop(NAME, "cancelled")
    until(lambda: (tmp_path / "flushed").exists())
    slot.stop(NAME, "cancelled", 0.0)
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("cancelled", 0)


def test_what_is_being_stopped_is_not_paused(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """Its end would never come."""
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN); open('main', 'w').write('.'); time.sleep(600)"
    slot.start(order(tmp_path, python(deaf), grace=600.0), [])
    until(lambda: sizes(tmp_path)[0])
    slot.stop(NAME, "cancelled")
    reports(slot, lambda report: report["is"] == "note")
    assert asked(home, slot, go_on=False) == "refused: it is being stopped"


def test_what_was_left_behind_and_paused_is_not_idle(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """It cannot work: to end it for that would lose what the pause was to keep."""
    leave = "import subprocess\nsubprocess.Popen(['sh', '-c', 'touch main; exec sleep 600'], start_new_session=True)"
    slot.start(order(tmp_path, python(leave), idle=3.0), [])
    until(lambda: (tmp_path / "main").exists() and NAME in journal.read(journal_path(home, slot.id)).ended)
    asked(home, slot, go_on=False)
    subprocess.run(["sleep", "3.5"], check=True)
    assert len(processes.descendants(slot.process.pid)) == 1
    continued = time.monotonic()
    asked(home, slot, go_on=True)
    assert "sat idle" in end_of(slot)["reason"]
    assert time.monotonic() - continued >= 3.0, "the pause counted"


def test_a_pause_of_an_attempt_that_is_not_there_is_refused(slot: Slot, home: Home) -> None:
    """It may wait in its launcher, or be over."""
    assert asked(home, slot, go_on=False) == "refused: it has not started yet"


def test_only_those_that_were_found_are_stopped(bystander) -> None:
    """Two looks in a row find nobody who could go on; who is not among them is not touched (the fixture looks)."""
    mine = subprocess.Popen(["sleep", "600"])
    try:
        assert standstill.stop(lambda: [each for each in [processes.look_up(mine.pid)] if each], 60.0)
        assert processes.look_up(mine.pid).state == "T"
        assert standstill.go_on(lambda: [each for each in processes.descendants(os.getpid()) if each.pid == mine.pid]) == 1
    finally:
        mine.send_signal(signal.SIGKILL)
        mine.wait()
