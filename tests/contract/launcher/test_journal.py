"""A launcher's journal: what is written is what is read, what was cut off is not, and there is always room for an end."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.launcher.journal import (
    AHEAD,
    ROOM,
    Journal,
    Record,
    create,
    read,
)
from scheduler.linux.locks import is_locked
from tests.conftest import ROOT
from tests.descriptors import open_files

END = {"exit_status": 3, "state": "failed", "reason": "exit status 3", "duration": 1.5}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "launcher.journal"


@pytest.fixture
def descriptor(path: Path) -> Iterator[int]:
    opened = create(path)
    yield opened
    os.close(opened)


def test_what_was_written_down_is_read(path: Path, descriptor: int) -> None:
    """The next runner knows nothing else of what this launcher did."""
    journal = Journal(descriptor)
    assert read(path) == Record()
    for attempt in ("a/1", "b/1", "c/1"):
        journal.started(attempt)
    journal.dropped("b/1")
    journal.ended("a/1", END)
    assert read(path) == Record(frozenset({"a/1", "c/1"}), {"a/1": END}, closed=False)
    journal.closed()
    assert read(path) == Record(frozenset({"a/1", "c/1"}), {"a/1": END}, closed=True)


def test_no_journal_is_not_an_empty_one(path: Path) -> None:
    """An empty one proves that nothing was started; one that somebody has removed proves nothing."""
    assert read(path) is None
    path.touch()
    assert read(path) == Record()


@pytest.mark.parametrize("half", ["S b/1", "D a/1", f"X a/1 {json.dumps(END)}", "E", "X a/1 {"])
def test_a_last_line_that_is_cut_off_says_nothing(path: Path, half: str) -> None:
    """Power fails in the middle of a write; half a name is another attempt's name."""
    path.write_text(f"S a/1\n{half}")
    assert read(path) == Record(frozenset({"a/1"}))


def test_other_lines_are_passed_over_and_take_nothing_back(path: Path) -> None:
    """A traceback of the launcher stands in its journal, before and after lines that count."""
    path.write_bytes(b"Traceback:\n  S b/1\n\xff\xfe\nS a/1\nE\nKeyError: 'E'\nExit\nS c/1\n")
    assert read(path) == Record(frozenset({"a/1", "c/1"}), closed=True)


CUT = """
import os, resource, sys
from pathlib import Path
from scheduler.launcher.journal import Journal, create, read

path = Path(sys.argv[1])
journal = Journal(create(path))
journal.started("a/1")
most = path.stat().st_size + 5
resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
try:
    journal.ended("a/1", {"state": "done"})
except OSError as error:
    print(os.strerror(error.errno))
print(path.read_text(), end="")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.ended("a/1", {"state": "failed"})
print(read(path).ended)
"""


def test_half_a_line_is_taken_back_and_said(path: Path) -> None:
    """Where only a part of a line finds room, the next line would be glued to it, and both be lost."""
    done = subprocess.run([sys.executable, "-c", CUT, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["No space left on device", "S a/1", "{'a/1': {'state': 'failed'}}"]


def spare(path: Path) -> int:
    """Bytes that are held for the file beyond its end."""
    status = path.stat()
    return status.st_blocks * 512 - status.st_size


def test_there_is_room_for_the_end_of_whatever_has_started(path: Path, descriptor: int) -> None:
    """On a disk that fills up later, a job that ran must not be called lost. Room is held for several at once, not for ever."""
    journal = Journal(descriptor)
    journal.started("first/1")
    if spare(path) < ROOM:
        pytest.skip("this file system reserves nothing")
    end = {**END, "reason": "x" * 500}
    most = 0
    for number in range(300):
        journal.started(f"{number}/1")
        assert spare(path) >= ROOM - 4096  # what is written reaches into a block of its own
        journal.ended(f"{number}/1", end)
        most = max(most, spare(path))
    assert path.stat().st_size > 4 * AHEAD
    assert most <= 2 * AHEAD


def test_a_journal_is_locked_before_anybody_can_see_it(path: Path, descriptor: int) -> None:
    """An unlocked one belongs to a launcher that is gone; and only its owner may read what ran."""
    assert is_locked(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not os.get_inheritable(descriptor)


def test_the_lock_lasts_as_long_as_a_copy_of_its_descriptor(path: Path) -> None:
    """The launcher's children hold a copy: the journal is theirs until the last has gone."""
    opened = create(path)
    copy = os.dup(opened)
    os.close(opened)
    assert is_locked(path)
    os.close(copy)
    assert not is_locked(path)


def test_asking_for_a_lock_is_no_lock(path: Path) -> None:
    """Two who look at the same moment must not take each other for a living launcher, nor leave anything open."""
    assert not is_locked(path)
    path.touch()
    before = open_files()
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_locked(path)
    assert not is_locked(path)
    assert open_files() <= before
