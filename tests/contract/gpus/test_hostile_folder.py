"""What strangers put into the claims' folder: real files of every kind, real locks, real users where we may be several."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.gpus.claims import Claim, live_claims, living_claim, take
from scheduler.gpus.placement import ClaimRecord, Placement, Share
from scheduler.gpus.survey import MANY, Survey, survey, with_holders
from tests.clean import locked
from tests.unit.gpus.test_claim_records import mutated, values
from tests.users import STRANGER, as_root, somebody, told_by

ONE = Placement((Share("GPU-a", "0", 0, None, 24000),))


def record(claim_id: str, **fields: object) -> bytes:
    return json.dumps({"id": claim_id, "memory": {"GPU-a": None}, **fields}).encode()


def lock(name: str) -> Callable[[], object]:
    """Opens a file that is there already, in the working directory, and takes its lock."""

    def take_it() -> object:
        file = Path(name).open()  # noqa: SIM115 - open as long as its process lives
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    return take_it


def test_a_locked_file_without_a_record_is_passed_over_and_named(tmp_path: Path) -> None:
    """50 kB of brackets ended every command of every user."""
    with locked(tmp_path / "a.claim", b"[" * 50_000), locked(tmp_path / "b.claim", b'{"since": "abc"}'):
        found = survey(tmp_path)
        assert found.claims == ()
        (warning,) = found.warnings(tmp_path).values()
        assert f"{tmp_path}/a.claim" in warning
        assert "and 1 more like it" in warning
        claim = take(tmp_path, lambda living: ONE)
        assert isinstance(claim, Claim)
        assert [c.id for c in live_claims(tmp_path)] == [claim.id]


def test_one_file_that_is_no_claim_is_told_as_one(tmp_path: Path) -> None:
    """Who is told of others goes and looks for them."""
    with locked(tmp_path / "a.claim", b""):
        (warning,) = survey(tmp_path).warnings(tmp_path).values()
    assert "and no claim: ignored" in warning


def test_a_claim_that_ends_while_its_holder_is_looked_up_is_still_told(tmp_path: Path) -> None:
    """It lived when the folder was read, and whoever reads the list expects a claim in each of its places."""
    ended = ClaimRecord("c0ffee", {"GPU-a": None}, True)
    assert with_holders(tmp_path, [ended]) == (ended,)


def test_wrong_types_in_a_living_claim_do_not_end_anything(tmp_path: Path) -> None:
    """A text as the time could not be sorted among numbers."""
    with locked(tmp_path / "a.claim", record("a", since="abc")), locked(tmp_path / "b.claim", record("b", since=5)):
        assert [c.id for c in live_claims(tmp_path)] == ["a", "b"]


def test_a_dead_file_is_nothing_whatever_it_holds(tmp_path: Path) -> None:
    """Without a lock it is no claim, and no reason to warn: others' ended claims lie there all the time."""
    (tmp_path / "a.claim").write_bytes(b"[" * 50_000)
    assert (survey(tmp_path).claims, survey(tmp_path).warnings(tmp_path)) == ((), {})


def test_no_kind_of_file_is_followed_opened_or_waited_for(tmp_path: Path) -> None:
    """A pipe would hang whoever opens it, a device may do anything."""
    (tmp_path / "link.claim").symlink_to("/dev/zero")
    (tmp_path / "loop.claim").symlink_to("loop.claim")
    (tmp_path / "folder.claim").mkdir()
    os.mkfifo(tmp_path / "pipe.claim")
    place = os.open(tmp_path, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/fd/{place}/socket.claim")  # a short name for a long path
    os.close(place)
    if os.geteuid() == 0:
        with contextlib.suppress(PermissionError):  # some containers have no devices to make
            os.mknod(tmp_path / "device.claim", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    found = survey(tmp_path)
    assert found.claims == ()
    kinds = {stray.path.stem: stray.why for stray in found.strays}
    assert {"link": "a link", "folder": "a folder", "pipe": "a pipe", "socket": "a socket"}.items() <= kinds.items()
    assert kinds.get("device", "a device") == "a device"
    assert isinstance(take(tmp_path, lambda living: ONE), Claim)


def test_a_huge_file_is_read_as_far_as_a_record_can_go(tmp_path: Path) -> None:
    """A sparse file of a terabyte costs nothing to make."""
    with locked(tmp_path / "a.claim", b"{"):
        os.truncate(tmp_path / "a.claim", 1 << 40)
        found = survey(tmp_path)
        assert (found.claims, [stray.path.name for stray in found.strays]) == ((), ["a.claim"])


def test_names_are_no_trouble(tmp_path: Path) -> None:
    """A name may hold anything but a slash and NUL, also what is no text."""
    stems = [b"\x1b[2J\n", b"\xff\xfe", b"", b"-rf", "\u202e".encode(), b"x" * 249]
    with contextlib.ExitStack() as held:
        for stem in stems:
            path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), stem + b".claim")))  # noqa: PTH118 - bytes
            held.enter_context(locked(path, b"["))
        found = survey(tmp_path)
    assert (found.claims, len(found.strays)) == ((), len(stems))
    assert len(found.warnings(tmp_path)) == 1


def test_very_many_files_are_told_and_do_not_stop_anybody(tmp_path: Path) -> None:
    """Every decision looks at each of them: whose they are must be known."""
    for number in range(MANY + 1):
        (tmp_path / f"{number:016x}.claim").touch()
    (warning,) = survey(tmp_path).warnings(tmp_path).values()
    assert f"{MANY + 1} files of ended claims" in warning
    claim = take(tmp_path, lambda living: ONE)  # and removes those that are ours
    assert isinstance(claim, Claim)
    assert len(list(tmp_path.glob("*.claim"))) == 1


def test_a_folder_that_cannot_be_listed_holds_everything(tmp_path: Path) -> None:
    """Claims that we cannot see must not be taken for none."""
    place = tmp_path / "file"
    place.touch()
    (record,) = survey(place).claims
    assert record.holds("GPU-any")
    assert survey(tmp_path / "removed") == Survey()


def shaken(folder: Path, seeds: range) -> None:
    """Files of random content, with and without a lock: what is read is always an answer."""
    for seed in seeds:
        rng = random.Random(seed)  # noqa: S311 - dice, not secrets
        content = (values(rng) if seed % 2 else mutated(rng)).replace(b"c0ffee", f"{seed}".encode())
        path = folder / f"{seed}.claim"
        with locked(path, content) if seed % 3 else contextlib.nullcontext(path.write_bytes(content)):
            if seed % 5 == 0:
                os.truncate(path, rng.randrange(len(content) + 1))
            found = survey(folder)
            assert len(found.claims) + len(found.strays) + sum(found.ended.values()) == 1
            assert all(isinstance(text, str) for text in found.warnings(folder).values())
            assert isinstance(living_claim(folder, f"{seed}"), (ClaimRecord, type(None)))
        path.unlink()


def test_no_file_of_random_content_is_an_error(tmp_path: Path) -> None:
    """The kinds above were thought of; these were not."""
    shaken(tmp_path, range(300))


@pytest.mark.slow
def test_none_of_very_many_files_of_random_content_is_an_error(tmp_path: Path) -> None:
    """The same, until nothing new is found."""
    shaken(tmp_path, range(300, 10_300))


def test_files_that_vanish_and_shrink_while_they_are_read_are_no_error(tmp_path: Path) -> None:
    """Claims end all the time, and nobody asks first."""
    code = f"""
import fcntl, os
for number in range(10**9):
    path = {str(tmp_path)!r} + f"/{{number % 7}}.claim"
    file = open(path, "w"); file.write("[" * 9000); file.flush(); fcntl.flock(file, 2); os.ftruncate(file.fileno(), number % 9000)
    if number == 7: print(1, flush=True)
    os.unlink(path); file.close()
"""
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        for _ in range(300):
            assert survey(tmp_path).claims == ()
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def test_a_lock_on_a_dead_claim_names_who_holds_it(tmp_path: Path) -> None:
    """A file that may be read may be locked: the process that the record names has ended, and is not to blame."""
    claim = take(tmp_path, lambda living: ONE, label="train.py")
    assert isinstance(claim, Claim)
    claim.close()
    with somebody(os.geteuid(), tmp_path, lock(claim.path.name)) as pid:
        (seen,) = live_claims(tmp_path)
        assert f"locked by process {pid} (python" in seen.holder
    assert live_claims(tmp_path) == ()


def test_an_honest_claim_says_nothing_of_its_lock(tmp_path: Path) -> None:
    """Whoever took the claim took the lock; a job that inherited it changes nothing."""
    claim = take(tmp_path, lambda living: ONE)
    assert isinstance(claim, Claim)
    child = subprocess.Popen(["sleep", "600"], pass_fds=(claim.fd,))
    claim.close()
    try:
        assert [c.locked_by for c in live_claims(tmp_path)] == [""]
    finally:
        child.kill()
        child.wait()


@as_root
def test_a_file_that_we_may_not_read_counts_only_while_it_is_locked(tmp_path: Path) -> None:
    """Left behind by anybody, it would keep every GPU of the machine from everybody, with no process to ask."""
    tmp_path.chmod(0o1777)
    path = tmp_path / "a.claim"
    path.write_bytes(record("a"))
    path.chmod(0o600)
    with somebody(os.geteuid(), tmp_path, lock("a.claim")) as pid:
        seen = told_by(STRANGER, tmp_path, lambda: " ".join(c.holder for c in survey(Path()).claims if c.holds("GPU-any")))
    assert f"a.claim of root, which may not be read and is locked by process {pid} " in seen
    warned = told_by(STRANGER, tmp_path, lambda: " ".join(survey(Path()).warnings(Path()).values()))
    assert "a.claim of root is a file that others may not read" in warned


@as_root
def test_nobody_claims_in_anothers_name(tmp_path: Path) -> None:
    """Processes that we may not look into count to their user's claim; the file's owner is not a matter of its content."""
    tmp_path.chmod(0o1777)
    path = tmp_path / "a.claim"
    path.write_bytes(record("a", uid=0, user="root"))
    os.chown(path, STRANGER, STRANGER)
    with somebody(STRANGER, tmp_path, lock("a.claim")):
        (seen,) = live_claims(tmp_path)
    assert (seen.uid, seen.user) == (STRANGER, "")
