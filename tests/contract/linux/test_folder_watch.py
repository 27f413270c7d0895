"""A watch on several folders, on the real kernel."""

from __future__ import annotations

from pathlib import Path

from scheduler.linux.inotify import IN_CREATE, FolderWatch
from tests.few_watches import limited


def test_it_tells_of_each_of_its_folders(tmp_path: Path) -> None:
    """Whoever has been promised that sleeps until it is told."""
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with FolderWatch(IN_CREATE, *folders) as watch:
        assert watch.precise
        for folder in folders:
            (folder / "new").touch()
            assert watch.drain()
        assert not watch.drain()


def test_a_folder_that_is_not_there_makes_it_imprecise(tmp_path: Path) -> None:
    """It tells of the other one alone."""
    with FolderWatch(IN_CREATE, tmp_path, tmp_path / "nowhere") as watch:
        assert not watch.precise


def test_with_watches_for_some_of_its_folders_it_is_imprecise(tmp_path: Path) -> None:
    """`wait` listened to the queue and not to the launchers, and believed that it heard both."""
    (tmp_path / "b").mkdir()
    script = f"""
from pathlib import Path
from scheduler.linux.inotify import IN_CREATE, FolderWatch
folders = Path({str(tmp_path)!r}), Path({str(tmp_path)!r}, "b")
print(FolderWatch(IN_CREATE, folders[0]).precise, FolderWatch(IN_CREATE, *folders).precise)
"""
    assert limited(script, "inotify_watches", 2).stdout.split() == ["True", "False"]
