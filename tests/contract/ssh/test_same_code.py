"""Whether a host has the code that is here, with real git: two folders stand for the two machines."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.errors import StateError
from scheduler.ssh.same_code import code_at, differs
from tests.git_checkouts import checkout, git


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return checkout(tmp_path / "here", train="print('one')\n", model="size = 1\n")


def copied(folder: Path) -> Path:
    """As on the other machine. Git knows none of these files yet: their times and numbers are others than in its index."""
    there = folder.with_name("there")
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(folder, there, symlinks=True, copy_function=shutil.copy)
    return there


def edited(folder: Path) -> None:
    (folder / "train.py").write_text("print('two')\n", encoding="utf-8")


def removed(folder: Path) -> None:
    (folder / "model.py").unlink()


def made_a_program(folder: Path) -> None:
    (folder / "train.py").chmod(0o755)


def made_a_link(folder: Path) -> None:
    (folder / "train.py").unlink()
    (folder / "train.py").symlink_to("model.py")


def written_anew(folder: Path) -> None:
    (folder / "nets").mkdir()
    (folder / "nets" / "deep.py").write_text("a = 1\n", encoding="utf-8")


def within_a_submodule(folder: Path) -> None:
    git(folder, "clone", "-q", str(folder), str(folder / "part"))
    git(folder, "add", "part")
    (folder / "part" / "model.py").write_text("size = 2\n", encoding="utf-8")


CHANGES = (edited, removed, made_a_program, made_a_link, written_anew, within_a_submodule)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_the_same_in_a_copy_and_is_missed_where_it_is_not(here: Path, change: Callable[[Path], None]) -> None:
    """Else other code than that of here runs there, and nobody hears of it; or a good copy is refused."""
    assert differs(str(copied(here)), *code_at(str(here))) == ""
    before = code_at(str(here))
    change(here)
    there = copied(here)
    assert differs(str(there), *code_at(str(here))) == ""
    assert "has other uncommitted changes" in differs(str(there), *before)


def test_how_git_shows_differences_is_each_person_s_own(here: Path) -> None:
    """The ~/.gitconfig of two machines is seldom the same."""
    edited(here)
    written_anew(here)
    there = copied(here)
    for name, value in {"diff.mnemonicPrefix": "true", "core.abbrev": "20", "diff.context": "0", "diff.noprefix": "true"}.items():
        git(there, "config", name, value)
    assert differs(str(there), *code_at(str(here))) == ""


def test_a_change_too_large_to_be_kept_is_compared_all_the_same(here: Path) -> None:
    """Two that differ in every byte were taken for the same, since neither was kept."""
    (here / "weights.bin").write_bytes(b"")
    git(here, "add", "weights.bin")
    there = copied(here)
    for folder in (here, there):
        (folder / "weights.bin").write_bytes(os.urandom(3 << 20))
    assert "has other uncommitted changes" in differs(str(there), *code_at(str(here)))
    shutil.copy(here / "weights.bin", there)
    assert differs(str(there), *code_at(str(here))) == ""


def test_a_submodule_is_compared_by_what_is_in_it(here: Path) -> None:
    """Of two with other changes git says no more than that they are not clean."""
    within_a_submodule(here)
    there = copied(here)
    (there / "part" / "model.py").write_text("size = 3\n", encoding="utf-8")
    assert "has other uncommitted changes" in differs(str(there), *code_at(str(here)))


def test_where_git_does_not_tell_nobody_believes_that_it_is_the_same(here: Path) -> None:
    """It may be broken, or too slow: what is not known is no reason to run something."""
    there = copied(here)
    (there / ".git" / "index").write_bytes(b"broken")
    assert "git does not tell what is not committed" in differs(str(there), *code_at(str(here)))
    with pytest.raises(StateError, match="git does not tell what is not committed"):
        code_at(str(there))


def test_what_cannot_be_read_is_no_reason_to_wait_for_ever(here: Path) -> None:
    """Somebody has put a pipe where a script was."""
    (here / "train.py").unlink()
    os.mkfifo(here / "train.py")
    with pytest.raises(StateError, match="is no file"):
        code_at(str(here))
