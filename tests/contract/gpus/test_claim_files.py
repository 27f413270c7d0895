"""The files of claims: what is one, what is left behind, and what is not ours to understand."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.gpus.claims import Claim, live_claims, living_claim, take
from scheduler.gpus.placement import Placement, Share
from tests.conftest import ROOT

SHARED = Placement((Share("GPU-a", "0", 0, 6144, 24000),), exclusive=False)


def taken(directory: Path) -> Claim:
    claim = take(directory, lambda living: SHARED)
    assert isinstance(claim, Claim)
    return claim


@contextmanager
def living(path: Path, record: object) -> Iterator[None]:
    """A claim's file with this content, locked."""
    with path.open("w") as file:
        json.dump(record, file)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_a_claim_knows_what_it_holds(tmp_path: Path) -> None:
    """Admission of the same runner counts with it before it reads the folder again."""
    claim = taken(tmp_path)
    assert claim.memory == {"GPU-a": 6144}
    assert claim.exclusive is False
    claim.close()


def test_a_claim_that_is_closed_twice_closes_nothing_else(tmp_path: Path) -> None:
    """The number of its descriptor may be another file's by then."""
    claim = taken(tmp_path)
    claim.close()
    with (tmp_path / "other").open("w") as other:
        claim.close()
        other.write("still open")
    assert (tmp_path / "other").read_text() == "still open"
    assert [os.fstat(each).st_nlink >= 0 for each in (0, 1, 2)] == [True] * 3


def test_looking_removes_nothing(tmp_path: Path) -> None:
    """A file without a lock may be somebody's work in hand; only under the mutex is it certainly not."""
    claim = taken(tmp_path)
    claim.close()
    before = sorted(tmp_path.iterdir())
    assert live_claims(tmp_path) == ()
    assert living_claim(tmp_path, claim.id) is None
    assert sorted(tmp_path.iterdir()) == before


def test_a_claim_in_the_making_is_not_seen(tmp_path: Path) -> None:
    """It has no name yet, and its record may be half there: taken for a claim it would block every GPU."""
    with living(tmp_path / "x.claim.new", {"id": "x"}):
        assert live_claims(tmp_path) == ()


def test_what_a_killed_process_left_half_made_is_removed_at_the_next_decision(tmp_path: Path) -> None:
    """Otherwise the folder would fill up with files that have no name of their own yet."""
    (tmp_path / "0123.claim.new").touch()
    claim = taken(tmp_path)
    assert [path.name for path in tmp_path.glob("*.claim*")] == [claim.path.name]
    claim.close()


@pytest.mark.parametrize("record", [{"id": "x", "memory": [1]}, {"id": "x", "of_a_later_version": 1}])
def test_a_living_record_that_is_not_understood_may_be_on_any_gpu(tmp_path: Path, record: object) -> None:
    """Whatever it means, something lives there."""
    with living(tmp_path / "x.claim", record):
        (found,) = live_claims(tmp_path)
    assert found.holds("GPU-any")
    assert "x.claim: " in found.unreadable


def test_a_living_record_that_is_understood_is_on_its_gpus_only(tmp_path: Path) -> None:
    """The counterpart: else the tests above would pass for any record."""
    with living(tmp_path / "x.claim", {"id": "x", "memory": {"GPU-a": 1, "GPU-b": None}}):
        (found,) = live_claims(tmp_path)
    assert not found.unreadable
    assert [found.holds(uuid) for uuid in ("GPU-a", "GPU-b", "GPU-c")] == [True, True, False]


FULL = """
import resource, sys
from pathlib import Path
from scheduler.errors import StateError
from scheduler.gpus.claims import live_claims, take
from scheduler.gpus.placement import Placement, Share

directory, ours = Path(sys.argv[1]), Placement((Share("GPU-a", "0"),))
take(directory, lambda living: ours).close()
before = len(list(Path("/proc/self/fd").iterdir()))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    take(directory, lambda living: ours)
except StateError as error:
    print(str(error).replace(str(directory), ""))
print(len(list(Path("/proc/self/fd").iterdir())) - before, live_claims(directory))
"""


def test_a_claim_that_cannot_be_written_is_none_and_leaves_nothing_open(tmp_path: Path) -> None:
    """A runner tries again every few seconds until there is room; its descriptors must last as long."""
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True)
    said, left = done.stdout.splitlines()
    assert "cannot write" in said
    assert left == "0 ()"
