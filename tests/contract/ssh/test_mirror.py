"""The files of an attempt as they come over a line: in any order, twice, broken off, and with names that lead elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.ssh.mirror import Mirror


def test_a_piece_that_comes_twice_does_no_harm(tmp_path: Path) -> None:
    """After a break the host sends from the place that we had; a `cancel` may listen beside the runner."""
    mirror = Mirror(str(tmp_path / "1"))
    for at, data in ((0, b"one\n"), (4, b"two\n"), (0, b"one\n"), (4, b"two\n")):
        mirror.append("log.txt", at, data)
    assert (tmp_path / "1" / "log.txt").read_bytes() == b"one\ntwo\n"
    assert mirror.sizes() == {"log.txt": 8}


def test_a_whole_file_has_its_name_when_all_of_it_is_there(tmp_path: Path) -> None:
    """Half a checkpoint under its name would be loaded; and what has lost its beginning with a line is none."""
    mirror, file = Mirror(str(tmp_path)), tmp_path / "sub" / "model.pt"
    mirror.piece("sub/model.pt", 3, b"xyz", last=True)
    assert not file.exists()
    mirror.piece("sub/model.pt", 0, b"abc", last=False)
    assert not file.exists()
    mirror.piece("sub/model.pt", 3, b"def", last=True)
    assert file.read_bytes() == b"abcdef"
    mirror.piece("sub/other.pt", 0, b"abc", last=False)
    mirror.close()
    assert list(tmp_path.rglob("*.*")) == [file]


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ""])
def test_a_name_that_leads_elsewhere_is_refused(path: str, tmp_path: Path) -> None:
    """The other machine is trusted with jobs, not with the files of this one."""
    with pytest.raises(ValueError, match="a host names a file"):
        Mirror(str(tmp_path / "1")).append(path, 0, b"x")
    assert not (tmp_path / "x").exists()


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    """A job here may have left one in a directory of this number."""
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "log.txt").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic"):
        Mirror(str(tmp_path)).append("log.txt", 0, b"x")
    assert (tmp_path / "outside").read_text() == "mine"


def test_a_log_stays_within_its_cap_here_too(tmp_path: Path) -> None:
    """A flood that the host has given back to its disk must not fill ours."""
    mirror, log = Mirror(str(tmp_path), cap=1 << 20), tmp_path / "log.txt"
    for at in range(0, 4 << 20, 1 << 18):
        mirror.append("log.txt", at, b"x" * (1 << 18))
    assert log.stat().st_size == 4 << 20
    assert log.stat().st_blocks * 512 < 2 << 20


def test_a_file_that_is_renamed_meanwhile_has_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `cancel` takes in the same files beside the runner, and either ended over what the other had just named."""
    (tmp_path / "log.txt").write_text("12")
    walked = list(os.walk(tmp_path))
    monkeypatch.setattr(os, "walk", lambda root: [(folder, below, [*names, ".1.coming"]) for folder, below, names in walked])
    assert Mirror(str(tmp_path)).sizes() == {"log.txt": 2}


def test_a_file_that_cannot_have_its_name_leaves_nothing_behind(tmp_path: Path) -> None:
    """A directory has the name here; who closes must not fail either where the folder of the rest has become a file."""
    mirror = Mirror(str(tmp_path))
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(IsADirectoryError):
        mirror.piece("a.csv", 0, b"x", last=True)
    mirror.piece("sub/model.pt", 0, b"x", last=False)
    (tmp_path / "sub").rename(tmp_path.with_name("moved"))
    (tmp_path / "sub").touch()
    mirror.close()
    assert sorted(tmp_path.iterdir()) == [tmp_path / "a.csv", tmp_path / "sub"]
