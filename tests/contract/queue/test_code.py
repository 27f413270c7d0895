"""What is found of the code of a command, on a real disk: the program's file, and the commit of the checkout around it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scheduler.queue import code
from scheduler.queue.code import Aged, Code, Codes, aged

COMMAND = ("python", "train.py", "--lr=1")
FIRST, SECOND = "a" * 40, "b" * 40


def of(folder: Path) -> Code:
    found = Codes().of(COMMAND, str(folder))
    assert found
    return found


def edit(path: Path, text: str) -> None:
    """Write another text of the same length, some time later: the clock of many kernels' files stands still for milliseconds."""
    later = path.stat().st_mtime_ns + 10**9
    path.write_text(text)
    os.utime(path, ns=(later, later))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("print(1)\n")
    return tmp_path


def test_an_edited_file_is_another_program_and_its_old_text_is_the_old_one(work: Path) -> None:
    """A time of change alone would say so of a checkout, and of a copy."""
    codes = Codes()
    first = codes.of(COMMAND, str(work))
    assert first == Code(str(work / "train.py"), of(work).digest)
    edit(work / "train.py", "print(2)\n")
    assert aged(first, codes.of(COMMAND, str(work))) == Aged("train.py")
    edit(work / "train.py", "print(1)\n")
    assert aged(first, codes.of(COMMAND, str(work))) is None


def test_a_module_is_found_in_its_file_and_in_its_folder(tmp_path: Path) -> None:
    """Both are what `python -m` runs."""
    (tmp_path / "fit").mkdir()
    (tmp_path / "fit" / "__main__.py").write_text("1\n")
    found = Codes().of(("python", "-m", "fit"), str(tmp_path))
    assert found
    assert found.program == str(tmp_path / "fit" / "__main__.py")
    (tmp_path / "fit" / "train.py").write_text("2\n")
    assert Codes().of(("python", "-m", "fit.train"), str(tmp_path))


@pytest.mark.parametrize("kind", ["nothing", "folder", "pipe", "link to itself", "secret"])
def test_what_is_no_file_that_we_may_read_is_no_code_and_no_error(tmp_path: Path, kind: str) -> None:
    """The command fails or works as it always did; a pipe that nobody writes would have kept the runner for ever."""
    place = tmp_path / "train.py"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "link to itself":
        place.symlink_to(place)
    elif kind == "secret":
        if os.geteuid() == 0:
            pytest.skip("root may read everything")
        place.write_text("1\n")
        place.chmod(0)
    assert Codes().of(COMMAND, str(tmp_path)) is None
    assert Codes().of(("python", "a\0b.py"), str(tmp_path)) is None


def test_a_huge_program_is_known_by_its_size_and_time(work: Path) -> None:
    """Gigabytes are not read for a sentence."""
    os.truncate(work / "train.py", code.LARGEST + 1)
    first = of(work)
    assert first.digest.startswith(f"{code.LARGEST + 1}-")
    os.utime(work / "train.py", (1, 1))
    assert aged(first, of(work)) == Aged("train.py")


def repository(folder: Path, head: str) -> Path:
    """A folder that git would take for its own, with this HEAD."""
    (folder / ".git" / "refs" / "heads").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text(head)
    return folder / ".git"


def test_the_commit_is_found_loose_packed_and_detached(tmp_path: Path) -> None:
    """Git keeps it in each of these ways, and none of its programs is started for it."""
    work = tmp_path / "src"
    work.mkdir()
    (work / "train.py").write_text("1\n")
    assert of(work).commit == ""
    git = repository(tmp_path / "src2", "ref: refs/heads/main\n")
    shutil.copy(work / "train.py", git.parent)
    assert of(git.parent).commit == ""  # nothing is committed yet
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{SECOND} refs/heads/main2\n{FIRST} refs/heads/main\n^{SECOND}\n")
    assert of(git.parent).commit == FIRST
    (git / "refs" / "heads" / "main").write_text(f"{SECOND}\n")
    assert of(git.parent).commit == SECOND
    (git / "HEAD").write_text(f"{FIRST}\n")
    assert of(git.parent).commit == FIRST


def test_a_second_work_tree_has_a_commit_of_its_own(tmp_path: Path) -> None:
    """Its references lie with those of the first."""
    git = repository(tmp_path / "first", "ref: refs/heads/main\n")
    (git / "refs" / "heads" / "other").write_text(f"{SECOND}\n")
    (git / "worktrees" / "second").mkdir(parents=True)
    (git / "worktrees" / "second" / "HEAD").write_text("ref: refs/heads/other\n")
    (git / "worktrees" / "second" / "commondir").write_text("../..\n")
    second = tmp_path / "second"
    second.mkdir()
    (second / ".git").write_text(f"gitdir: {git / 'worktrees' / 'second'}\n")
    (second / "train.py").write_text("1\n")
    assert of(second).commit == SECOND


@pytest.mark.parametrize("head", ["", "ref: refs/heads/main", "ref: ../../../train.py", "\xff", "ref: a\0b", "deadbeef"])
def test_a_broken_repository_has_no_commit_and_is_no_error(work: Path, head: str) -> None:
    """It is git's trouble, not that of a queue."""
    git = repository(work, "")
    (git / "HEAD").write_bytes(head.encode("latin-1"))
    assert of(work).commit == ""
    (git / "HEAD").unlink()
    assert of(work).commit == ""
    os.mkfifo(git / "HEAD")
    assert of(work).commit == ""


def test_git_itself_agrees(work: Path) -> None:
    """The layout is git's, and it may change."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")

    def git(*words: str) -> str:
        return subprocess.run(["git", *identity, *words], cwd=work, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("add", "train.py")
    git("commit", "--quiet", "--message", "one")
    first = of(work)
    assert first.commit == git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "--message", "two")
    git("pack-refs", "--all")
    assert of(work).commit == git("rev-parse", "HEAD")
    assert aged(first, of(work)) == Aged("train.py", only_commit=True)
    assert [str(Aged("train.py")), str(Aged("train.py", only_commit=True))] == [
        "another train.py",
        "train.py at another git commit",
    ]


def test_what_is_not_known_has_not_changed() -> None:
    """Jobs of an old queue, and files that are gone: nothing is said of them."""
    known = Code("/train.py", "1")
    assert aged(None, known) is aged(known, None) is aged(known, Code("/train.py", "1", FIRST)) is None


def read_so_far() -> int:
    """Bytes that this process has read."""
    (line,) = (each for each in Path("/proc/self/io").read_text().splitlines() if each.startswith("rchar: "))
    return int(line.removeprefix("rchar: "))


def test_what_git_says_is_read_again_only_where_it_was_written_to(work: Path) -> None:
    """Each start of a short job read it anew, up to a millisecond in the runner's turn."""
    git = work / ".git"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    others = "".join(f"{SECOND} refs/tags/{number}\n" for number in range(20_000))
    (git / "packed-refs").write_text(f"{others}{FIRST} refs/heads/main\n")
    codes = Codes()
    assert codes.of(COMMAND, str(work)).commit == FIRST
    before = read_so_far()
    for _ in range(20):
        assert codes.of(COMMAND, str(work)).commit == FIRST
    assert read_so_far() - before < len(others)
    edit(git / "packed-refs", f"{others}{SECOND} refs/heads/main\n")
    assert codes.of(COMMAND, str(work)).commit == SECOND
