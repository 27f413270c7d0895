"""What `--sync` brings, and what it leaves alone: the other end, with real files. Two folders stand for the two machines."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from scheduler.errors import StateError, UserError
from scheduler.home import open_home
from scheduler.hosted.copies import differs_here
from scheduler.ssh.tree import tree_around
from tests.git_checkouts import checkout, git
from tests.two_machines import IGNORED, Two, opened, two_machines


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return two_machines(tmp_path)


def test_a_folder_that_is_not_there_is_made_with_all_that_git_knows_or_does_not_ignore(two: Two) -> None:
    """Names of every kind, links as links, also out of the tree, programs as programs; data stays where it is."""
    odd = "a name\nwith 'quotes' and \u00fc.py"
    (two.here / odd).write_text("odd")
    (two.here / os.fsdecode(b"\xff.py")).write_text("no text")
    (two.here / "run.sh").write_text("exit\n")
    (two.here / "run.sh").chmod(0o755)
    (two.here / "out").symlink_to("/nowhere/at/all")
    (two.here / "in").symlink_to("data")
    (two.here / "data").mkdir()
    (two.here / "data" / "big").write_text("big")
    assert two.bring() == (8, 0)
    found = two.found()
    assert found == {
        ".gitignore": IGNORED,
        "train.py": "print('one')\n",
        "model.py": "size = 1\n",
        odd: "odd",
        os.fsdecode(b"\xff.py"): "no text",
        "run.sh": "exit\n",
        "out": "-> /nowhere/at/all",
        "in": "-> data",
    }
    modes = {name: bool((two.there / name).stat().st_mode & stat.S_IXUSR) for name in ("run.sh", "train.py")}
    assert modes == {"run.sh": True, "train.py": False}
    assert two.differs() == ""


def test_where_nothing_has_changed_nothing_is_written(two: Two) -> None:
    """A job that runs there may be reading it."""
    two.bring()
    before = {path: path.stat().st_ino for path in two.there.rglob("*")}
    assert two.bring() == (0, 0)
    assert {path: path.stat().st_ino for path in two.there.rglob("*")} == before


def test_what_changed_is_brought_and_what_vanished_is_deleted_and_nothing_else(two: Two) -> None:
    """Data and results lie beside the code; a module that is gone must not be imported there for ever."""
    (two.here / "nets").mkdir()
    (two.here / "nets" / "deep.py").write_text("a = 1\n")
    two.bring()
    (two.there / "data").mkdir()
    (two.there / "data" / "big").write_text("theirs")
    (two.there / "result.json").write_text("{}")
    (two.here / "train.py").write_text("print('two')\n")
    (two.here / "model.py").unlink()
    shutil.rmtree(two.here / "nets")
    assert "add `--sync`" in two.differs()
    assert two.bring() == (1, 2)
    assert two.found() == {
        ".gitignore": IGNORED,
        "train.py": "print('two')\n",
        "data/big": "theirs",
        "result.json": "{}",
    }
    assert not (two.there / "nets").exists()
    assert two.differs() == ""


@pytest.mark.parametrize("changed", [True, False])
def test_what_a_person_has_changed_there_is_named_and_nothing_is_touched(two: Two, changed: bool) -> None:
    """Half an hour of somebody's work is in that file, also where ours did not change."""
    two.bring()
    (two.there / "model.py").write_text("size = 99\n")
    (two.here / "train.py").write_text("print('two')\n")
    if changed:
        (two.here / "model.py").unlink()
    before = two.found()
    with pytest.raises(StateError, match=r"others than `--sync` have written or removed model\.py"):
        two.bring()
    assert two.found() == before


def test_a_change_there_is_seen_by_a_run_without_a_sync(two: Two) -> None:
    """Commit and changes are those of here, and yet it is other code."""
    two.bring()
    (two.there / "model.py").write_text("size = 99\n")
    assert "model.py" in two.differs()


def test_a_file_that_was_removed_there_comes_again(two: Two) -> None:
    """Nothing is lost by that."""
    two.bring()
    (two.there / "model.py").unlink()
    assert two.bring() == (1, 0)
    assert two.differs() == ""


def test_a_person_s_file_of_the_same_name_is_theirs_for_good(two: Two) -> None:
    """Also where it is the same as ours: that it vanishes here is no reason to delete it there."""
    two.bring()
    for folder in (two.here, two.there):
        (folder / "notes.py").write_text("same\n")
    assert two.bring() == (0, 0)
    assert two.differs() == ""
    (two.here / "notes.py").unlink()
    (two.here / "train.py").write_text("print('two')\n")
    assert two.bring() == (1, 0)
    assert two.found()["notes.py"] == "same\n"
    (two.here / "notes.py").write_text("other\n")
    with pytest.raises(StateError, match=r"notes\.py"):
        two.bring()
    assert two.found()["notes.py"] == "same\n"


def test_a_folder_of_somebody_else_is_left_alone(two: Two) -> None:
    """Data, say. Moved aside, its place is free."""
    two.there.mkdir(parents=True)
    (two.there / "photo").write_text("holidays")
    with pytest.raises(StateError, match=r"no sync has made.*move it aside"):
        two.bring()
    assert two.found() == {"photo": "holidays"}
    two.there.rename(two.there.with_name("aside"))
    assert two.bring() == (3, 0)


def test_a_copy_that_somebody_has_made_is_good_as_long_as_it_is_the_same(two: Two) -> None:
    """It came by scp, without git: then nothing is to be done, and nothing in it ever is."""
    shutil.copytree(two.here, two.there, ignore=shutil.ignore_patterns(".git"))
    (two.there / "photo").write_text("holidays")
    assert two.bring() == (0, 0)
    assert two.differs() == ""
    (two.here / "train.py").write_text("print('two')\n")
    with pytest.raises(StateError, match="no sync has made"):
        two.bring()
    shutil.rmtree(two.there)
    assert two.bring() == (3, 0)
    assert two.differs() == ""


def test_a_checkout_there_is_left_to_git(two: Two) -> None:
    """A folder that both machines see, or a clone: git compares it, and git brings it up to date."""
    shutil.copytree(two.here, two.there)
    assert two.bring() == (0, 0)
    git(two.here, "commit", "-q", "--allow-empty", "-m", "third")
    with pytest.raises(StateError, match=r"is at .*move that checkout aside"):
        two.bring()


def test_a_checkout_in_a_folder_of_ours_ends_what_we_know_of_it(two: Two) -> None:
    """Somebody has put a clone, or mounted the shared folder, where a sync once wrote."""
    two.bring()
    git(two.there, "init", "-q")
    git(two.there, "commit", "-q", "--allow-empty", "-m", "theirs")
    (two.here / "train.py").write_text("print('two')\n")
    with pytest.raises(StateError, match="checkout"):
        two.bring()
    assert two.found()["train.py"] == "print('one')\n"
    assert "is at" in two.differs()


def test_a_link_there_is_never_followed(two: Two, tmp_path: Path) -> None:
    """A person has moved a folder to a larger disk: what lies behind the link is no tree of ours."""
    (two.here / "nets").mkdir()
    (two.here / "nets" / "deep.py").write_text("a = 1\n")
    two.bring()
    (two.there / "nets").rename(tmp_path / "elsewhere")
    (two.there / "nets").symlink_to(tmp_path / "elsewhere")
    (two.here / "nets" / "deep.py").write_text("a = 2\n")
    with pytest.raises(StateError, match="nets"):
        two.bring()
    shutil.rmtree(two.here / "nets")
    two.bring()
    assert (tmp_path / "elsewhere" / "deep.py").read_text() == "a = 1\n"


def test_a_file_becomes_a_folder_and_a_folder_a_file(two: Two) -> None:
    """A module grows into a package, and back."""
    two.bring()
    (two.here / "model.py").unlink()
    (two.here / "model.py").mkdir()
    (two.here / "model.py" / "deep").mkdir()
    (two.here / "model.py" / "deep" / "a.py").write_text("a = 1\n")
    two.bring()
    assert two.found()["model.py/deep/a.py"] == "a = 1\n"
    (two.there / "model.py" / "deep" / "empty").mkdir()
    shutil.rmtree(two.here / "model.py")
    (two.here / "model.py").write_text("size = 3\n")
    two.bring()
    assert two.found()["model.py"] == "size = 3\n"
    assert two.differs() == ""


def test_submodules_come_with_their_files(two: Two) -> None:
    """A job imports from them as from any other folder. One that was never checked out is an empty folder here, too."""
    other = checkout(two.here.with_name("other"), part="p = 1\n")
    git(two.here, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "part")
    two.bring()
    assert two.found()["part/part.py"] == "p = 1\n"
    assert "part/.git" not in two.found()
    (two.here / "part" / "part.py").write_text("p = 2\n")
    assert "add `--sync`" in two.differs()
    two.bring()
    assert two.found()["part/part.py"] == "p = 2\n"
    assert two.differs() == ""


def test_a_working_directory_below_the_root_is_there_though_nothing_is_in_it(two: Two) -> None:
    """git knows no empty folders, and jobs start in one."""
    told, data = two.words()
    call, end = opened(two.home, {**told, "directory": f"{two.there}/runs"}, data)
    answer = call.hears()
    assert answer
    two.copy(*answer)
    call.says({"do": "sent"})
    assert (call.hears() or ({},))[0]["is"] == "done"
    end()
    assert differs_here(two.home, f"{two.there}/runs", told["commit"], told["changes"]) == ""


def test_a_tree_without_git_or_with_data_in_it_is_refused_here(two: Two, tmp_path: Path) -> None:
    """Nobody knows what of it is code; and 100 GB must not leave by mistake."""
    (tmp_path / "plain").mkdir()
    with pytest.raises(UserError, match="no git checkout"):
        tree_around(str(tmp_path / "plain"), two.home)
    with (two.here / "images.npy").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(UserError, match=r"3\.0 GiB would go to each host, above all images\.npy"):
        tree_around(str(two.here), two.home)


def test_the_state_directory_is_no_code_wherever_it_lies(two: Two) -> None:
    """Some keep it in the project, and have not told git."""
    home = open_home(two.here / "state").root
    (home / "queue.db").write_text("")
    assert not [name for name in tree_around(str(two.here), home).files if name.startswith("state")]
