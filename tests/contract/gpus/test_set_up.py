"""The administrator's folder for all users' claims, in folders that stand for the system's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from scheduler.cli.doctor import _set_up
from scheduler.errors import CannotEverRun, StateError
from scheduler.gpus.claims import Claim, take
from scheduler.gpus.placement import Placement, Share
from scheduler.gpus.set_up import Places, steps
from tests.users import STRANGER, as_root, told_by

ONE = Placement((Share("GPU-a", "0", 0, None, 24000),))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A machine of a system folder each, with systemd-tmpfiles."""
    (tmp_path / "tmpfiles.d").mkdir()
    return Places(tmp_path / "run", (tmp_path / "tmp",), tmp_path / "tmpfiles.d", tmp_path / "usr")


def done(places: Places) -> list[str]:
    """Does all steps; what they say."""
    wanted = steps(places)
    for step in wanted:
        step.do()
    assert steps(places) == [], "a second time there is nothing left to do"
    return [step.says for step in wanted]


def entry(places: Places) -> list[str]:
    return places.entry.read_text().splitlines()


@as_root
def test_the_folder_is_made_for_everybody_now_and_at_every_start(places: Places) -> None:
    """The one thing an administrator has to do, in one command."""
    wanted = steps(places)
    assert not places.folder.exists(), "to look is not to do"
    assert [step.says.split(":")[0] for step in wanted] == [str(places.folder), str(places.entry)]
    before = os.umask(0o077)
    try:
        done(places)
    finally:
        os.umask(before)
    status = places.folder.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o1777)
    assert f"d {places.folder} 1777 root root -" in entry(places)
    assert stat.S_IMODE(places.entry.stat().st_mode) == 0o644


@as_root
def test_a_folder_in_wrong_hands_becomes_roots(places: Places) -> None:
    """Whoever owns it can remove the claims of others; what lies in it stays."""
    places.folder.mkdir(0o755)
    os.chown(places.folder, STRANGER, STRANGER)
    (places.folder / "a.claim").touch()
    said = done(places)
    assert places.folder.stat().st_uid == 0
    assert stat.S_IMODE(places.folder.stat().st_mode) == 0o1777
    assert (places.folder / "a.claim").exists()
    assert ["now root's" in said[0], "now mode 1777, it was 755" in said[1]] == [True, True]


@as_root
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "closed"])
def test_what_lies_in_the_place_of_the_mutex_is_removed(places: Places, tmp_path: Path, kind: str) -> None:
    """Made by a stranger before everybody else, it would keep all users from all GPUs."""
    done(places)
    mutex, other = places.folder / "admit.lock", tmp_path / "other"
    other.write_text("not ours")
    other.chmod(0o600)
    make = {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda path: path.symlink_to(other)}
    make = {**make, "closed": lambda path: os.link(other, path)}
    make[kind](mutex)
    (said,) = done(places)
    assert str(mutex) in said
    assert (other.read_text(), stat.S_IMODE(other.stat().st_mode)) == ("not ours", 0o600), "a second name is only a name"
    assert isinstance(take(places.folder, lambda living: ONE), Claim)


@as_root
def test_a_folder_with_something_in_it_is_not_removed(places: Places) -> None:
    """Nobody knows what it is: a person must look."""
    done(places)
    (places.folder / "admit.lock").mkdir()
    (places.folder / "admit.lock" / "data").touch()
    (step,) = steps(places)
    with pytest.raises(StateError, match="look at what lies in it"):
        step.do()
    assert (places.folder / "admit.lock" / "data").exists()


def test_something_else_in_the_place_of_the_folder_is_named(places: Places, tmp_path: Path) -> None:
    """Through a link, root would change the owner of whatever it points to."""
    places.folder.symlink_to(tmp_path)
    with pytest.raises(StateError, match="is a link of"):
        steps(places)


def test_no_second_folder_is_made_while_claims_live_in_another(places: Places) -> None:
    """Who holds them goes on looking there: two users would each see free GPUs."""
    (places.others[0]).mkdir()
    claim = take(places.others[0], lambda living: ONE, label="train.py")
    assert isinstance(claim, Claim)
    with pytest.raises(CannotEverRun, match=r"1 claims live in .*train\.py"):
        steps(places)
    claim.close()
    assert steps(places)


def test_a_machine_without_tmpfiles_gets_no_entry(places: Places) -> None:
    """A file that nothing reads would be a promise that nobody keeps."""
    places.entries.rmdir()
    assert places.remembered is None
    assert [step.says.split(":")[0] for step in steps(places)] == [str(places.folder)]


def test_whoever_is_not_root_is_told_what_an_administrator_does(tmp_path: Path) -> None:
    """The commands to type, for a machine where exp-queue is not installed for root."""

    def refused() -> str:
        with pytest.raises(CannotEverRun) as refusal:
            _set_up(dry_run=False, style="table")
        return str(refusal.value)

    told = told_by(os.geteuid() or STRANGER, tmp_path, refused)
    assert "install -d -m 1777 -o root -g root /run/exp-queue" in told
    assert "echo 'd /run/exp-queue 1777 root root -' > /etc/tmpfiles.d/exp-queue.conf" in told


def test_an_entry_that_says_something_else_is_written_anew(places: Places) -> None:
    """One of an earlier trial, with another mode, would win at the next start."""
    places.entry.write_text(f"d {places.folder} 0755 root root 10d\n")
    assert places.remembered is False
    steps(places)[-1].do()
    assert places.remembered is True
    assert "10d" not in places.entry.read_text()
