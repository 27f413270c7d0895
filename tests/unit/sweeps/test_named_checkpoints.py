"""Which files are named as a trial's checkpoints."""

from __future__ import annotations

import os
import time
from pathlib import Path

from scheduler.launcher import kept
from scheduler.queue.job import Attempt
from scheduler.report.hydra_outputs import note_of_sharing
from scheduler.sweeps.engine.checkpoints import checkpoints, written_by


def attempt(tmp_path: Path, name: str, began: float, ended: float) -> Attempt:
    place = tmp_path / name
    place.mkdir(exist_ok=True)
    return Attempt(name, 1, "launcher", str(place), began, ended=ended)


def saved(tmp_path: Path, each: Attempt) -> Path:
    (tmp_path / "model.pt").write_text(each.job)
    link = Path(each.directory) / "model.pt"
    link.symlink_to(tmp_path / "model.pt")
    return link


def test_a_file_of_the_attempts_own_is_named_and_one_that_was_changed_later_is_not(tmp_path: Path) -> None:
    """A hard link, or a script that was told a directory of another trial."""
    now = time.time()
    one = attempt(tmp_path, "a", now - 60, now)
    for name, when in (("own.pt", now - 1), ("later.pt", now + 60)):
        (tmp_path / "a" / name).write_text("")
        os.utime(tmp_path / "a" / name, (when, when))
    (tmp_path / "a" / "gone.pt").symlink_to(tmp_path / "nowhere.pt")
    found = checkpoints(one, written_by([one]))
    assert [path.name for path in found.files] == ["own.pt"]
    assert [doubt.endswith("it was changed after the attempt's end") for doubt in found.doubts] == [True]


def test_a_link_that_was_not_copied_is_not_named(tmp_path: Path) -> None:
    """Its launcher was killed, or it is from before there were copies: the file may be any trial's."""
    one = attempt(tmp_path, "a", 0, time.time())
    saved(tmp_path, one)
    found = checkpoints(one, written_by([one]))
    assert (found.files, len(found.doubts)) == ((), 1)


def test_a_copy_is_named_unless_another_attempt_wrote_the_same_file_meanwhile(tmp_path: Path) -> None:
    """Of two trials at the same time nobody knows whose weights were copied."""
    began = time.time()
    one, two = attempt(tmp_path, "a", began, began + 9), attempt(tmp_path, "b", began, began + 9)
    link = saved(tmp_path, one)
    kept.keep(one.directory, began, 1 << 20)
    assert checkpoints(one, written_by([one, two])).files == (link,)
    saved(tmp_path, two)
    kept.keep(two.directory, began, 1 << 20)
    found = checkpoints(one, written_by([one, two]))
    assert found.files == ()
    assert "job b" in found.doubts[0]


def test_trials_that_share_directories_of_hydra_are_told(tmp_path: Path) -> None:
    """Twelve trials left three directories, and each had the weights of whoever came last."""
    now = time.time()
    some = [attempt(tmp_path, name, now - 5, now + 5) for name in "abc"]
    assert note_of_sharing(str(tmp_path), some) == ""
    for second in ("10-00-00", "10-00-01"):
        (tmp_path / "outputs" / "2026-01-01" / second / ".hydra").mkdir(parents=True)
    assert "3 trials share 2 of Hydra's directories" in note_of_sharing(str(tmp_path), some)
    assert note_of_sharing(str(tmp_path), some[:2]) == ""
