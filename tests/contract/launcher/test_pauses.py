"""Pauses: real processes below a real launcher stand still, and go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from scheduler.home import Home
from scheduler.launcher import journal
from scheduler.launcher.client import Slot, connect, pause_message
from scheduler.launcher.leftovers import Care, Leftovers
from scheduler.launcher.places import journal_path
from scheduler.launcher.tree import Tree
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
# Its child cannot run the program before somebody writes to its standard input; until then, the parent is in vfork.
SPAWNS = """
import os, sys
os.mkfifo('fifo')
child = os.posix_spawn('/bin/sh', ['sh', '-c', 'exit 7'], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, 'fifo', os.O_RDONLY, 0)])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
# Its child forks without an end: each goes on where its parent ends.
FORKS = "import os, time\nif os.fork(): time.sleep(600)\nwhile True:\n    if os.fork(): os._exit(0)\n"
# During the second look a process of the tree ends, which nobody has reaped when the look is over.
ENDS_MEANWHILE = """
import os, subprocess
from scheduler.launcher.leftovers import Care
from scheduler.launcher.tree import Tree
sleeper = subprocess.Popen(['sleep', '600'])
looks, ended, rested = [], [], []
def find():
    looks.append(1)
    if len(looks) == 2:
        ended.append(subprocess.Popen(["true"]))
        os.waitid(os.P_PID, ended[0].pid, os.WEXITED | os.WNOWAIT)
    return []
tree = Tree(Care(), print, find=find, rests=lambda: rested.append(True))
tree.pause(0.0)
for turn in range(10):
    if not rested:
        tree.tick(float(turn))
print(len(looks), bool(rested))
sleeper.kill()
"""


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


def ended_so_far(home: Home, slot: Slot) -> dict[str, dict]:
    record = journal.read(journal_path(home, slot.id))
    return record.ended if record else {}


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


def test_an_end_during_the_last_look_is_heard_before_the_pause_is_told() -> None:
    """Its child may have begun when the look had passed: somebody was told of a pause while that went on computing."""
    told = subprocess.run([sys.executable, "-c", ENDS_MEANWHILE], check=True, capture_output=True, text=True).stdout
    assert told == "4 True\n", "the second look does not count, two more do"


def test_the_time_of_a_pause_is_no_time_of_work(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """A job of ten minutes that was paused over night took ten minutes."""
    begun = time.monotonic()
    slot.start(order(tmp_path, python(COUNT), grace=0.1), [])
    until(lambda: all(sizes(tmp_path)))
    assert asked(home, slot, go_on=False).startswith("paused")
    subprocess.run(["sleep", "1"], check=True)
    assert asked(home, slot, go_on=True).startswith("continued")
    slot.stop(NAME, "cancelled")
    worked, rested = end_of(slot)["duration"], journal.read(journal_path(home, slot.id)).rested[NAME]
    assert rested >= 1.0
    ((since, until_then),) = journal.read(journal_path(home, slot.id)).stood[NAME]
    assert abs(until_then - since - rested) < 1e-3
    assert worked + rested <= time.monotonic() - begun, "the pause counted"


def test_a_paused_job_that_is_stopped_can_save_its_work(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """SIGINT alone would wait, with the process, for ever; SIGKILL would follow."""
    slot.start(order(tmp_path, python(COUNT), grace=60.0), [])
    until(lambda: all(sizes(tmp_path)))
    asked(home, slot, go_on=False)
    slot.stop(NAME, "cancelled")
    until(lambda: NAME in ended_so_far(home, slot))  # the file is there before the process has written it and ended
    slot.stop(NAME, "cancelled", 0.0)
    end = end_of(slot)
    assert (end["state"], end["exit_status"]) == ("cancelled", 0)


def test_a_parent_that_waits_in_the_kernel_for_a_child_before_its_exec_is_paused(
    slot: Slot, home: Home, tmp_path: Path, until
) -> None:
    """A shell that starts one program after another was caught in vfork now and then, and the pause never came to its end."""
    slot.start(order(tmp_path, python(SPAWNS)), [])
    until(lambda: "D" in [each.state for each in processes.descendants(slot.process.pid)])
    assert asked(home, slot, go_on=False).startswith("paused")
    parent = next(each for each in processes.descendants(slot.process.pid) if each.state == "D")
    assert standstill.stands(parent), "whoever looks later, when the launcher is gone, sees so too"
    assert asked(home, slot, go_on=True).startswith("continued")
    assert not standstill.stands(processes.look_up(parent.pid))
    (tmp_path / "fifo").write_text("")
    assert end_of(slot)["exit_status"] == 7


def test_what_is_being_stopped_is_not_paused(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """Its end would never come."""
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN); open('main', 'w').write('.'); time.sleep(600)"
    slot.start(order(tmp_path, python(deaf), grace=600.0), [])
    until(lambda: sizes(tmp_path)[0])
    slot.stop(NAME, "cancelled")
    reports(slot, lambda report: report["is"] == "note")
    assert asked(home, slot, go_on=False) == "refused: it is being stopped"


def test_what_was_left_behind_is_paused_as_well(slot: Slot, home: Home, tmp_path: Path, until) -> None:
    """The script is over, and what uses the GPU is what it has left."""
    # The shell itself makes the file: a `touch` of its own may not have ended when the file is seen, and stands still as well.
    leave = "import subprocess\nsubprocess.Popen(['sh', '-c', ': > main; exec sleep 600'], start_new_session=True)"
    slot.start(order(tmp_path, python(leave), idle=600.0), [])
    until(lambda: (tmp_path / "main").exists() and NAME in journal.read(journal_path(home, slot.id)).ended)
    assert asked(home, slot, go_on=False).startswith("paused")
    assert (len(processes.descendants(slot.process.pid)), moving(slot)) == (1, [])
    assert asked(home, slot, go_on=True).startswith("continued")
    assert len(moving(slot)) == 1


def test_what_was_left_behind_and_paused_is_not_idle() -> None:
    """It cannot work: to end it for that would lose what the pause was to keep."""
    left_behind = subprocess.Popen(["sleep", "600"])
    try:
        tree = Tree(Care(idle=30.0), print, find=list)
        tree.left = Leftovers(Care(idle=30.0), 0.0, find=lambda: [each for each in [processes.look_up(left_behind.pid)] if each])
        looks = [tree.left.look(now) for now in (5.0, 10.0, 15.0)]
        tree.go_on(1000.0)
        looks += [tree.left.look(now) for now in (1005.0, 1010.0, 1015.0, 1020.0, 1025.0)]
        assert looks == [False] * 8
        assert tree.left.look(1030.0), "from then on it counts"
    finally:
        left_behind.kill()
        left_behind.wait()


def test_a_pause_of_an_attempt_that_is_not_there_is_refused(slot: Slot, home: Home) -> None:
    """It may wait in its launcher, or be over."""
    assert asked(home, slot, go_on=False) == "refused: it has not started yet"


def test_what_is_not_paused_does_not_go_on_and_what_somebody_else_has_stopped_does(
    slot: Slot, home: Home, tmp_path: Path, until
) -> None:
    """The launcher knows how its job stands, whatever its journal says; `kill -STOP` needs no `pause`."""
    slot.start(order(tmp_path, python(COUNT)), [])
    until(lambda: all(sizes(tmp_path)))
    assert asked(home, slot, go_on=True) == "refused: it is not paused"
    standstill.stop(lambda: processes.descendants(slot.process.pid), 60.0)
    assert asked(home, slot, go_on=True).startswith("continued")
    assert len(moving(slot)) == 2


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
