"""Where an attempt comes from, found out with real git and real folders of packages."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.queue.checkout import Checkout, checkout_of, look
from scheduler.queue.code import Codes
from scheduler.queue.interpreters import Interpreters
from scheduler.queue.job import Job
from scheduler.queue.origin_rows import origin_of, remember
from scheduler.queue.origins import FRESH, MOST, Origin, Origins
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.queue.surroundings import Surroundings
from tests.git_checkouts import checkout, git

HERE = Surroundings((("PATH", os.environ["PATH"]),))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A program and a module beside it, committed."""
    return checkout(tmp_path / "work", train="print('one')\n", model="size = 1\n")


def seen(folder: Path) -> Checkout:
    found = checkout_of(str(folder))
    assert found
    return look(*found)


def test_the_commit_and_the_patch_give_the_code_back(work: Path, tmp_path: Path) -> None:
    """That is what they are kept for: edits, binary files, deletions, new scripts, also in a new folder, with or without a last
    newline."""
    (work / "train.py").write_text("print('two')\n", encoding="utf-8")
    (work / "model.py").unlink()
    (work / "weights.bin").write_bytes(bytes(range(256)))
    git(work, "add", "weights.bin")
    (work / "nets").mkdir()
    for name, text in {"new.py": "a = 1\nb = 2", "nets/deep.py": "c = 3\n", "empty.py": "", "data.csv": "1,2\n"}.items():
        (work / name).write_text(text, encoding="utf-8")
    found = seen(work)
    assert (found.root, found.branch, found.is_dirty, found.missing) == (str(work), "main", True, "")
    assert found.untracked == ("data.csv", "empty.py", "nets/", "new.py")
    back = tmp_path / "back"
    git(tmp_path, "clone", "-q", str(work), str(back))
    git(back, "checkout", "-q", found.commit)
    git(back, "apply", "-", given=found.diff)
    there = {str(path.relative_to(back)): path.read_bytes() for path in back.rglob("*") if path.is_file()}
    there = {name: content for name, content in there.items() if not name.startswith(".git/")}
    assert there == {
        "train.py": b"print('two')\n",
        "weights.bin": bytes(range(256)),
        "new.py": b"a = 1\nb = 2",
        "nets/deep.py": b"c = 3\n",
        "empty.py": b"",
    }


def test_looking_changes_nothing_in_the_checkout(work: Path) -> None:
    """Somebody may be in the middle of a commit."""
    os.utime(work / "train.py", (1, 1))  # git would write into its index that nothing has changed
    before = {path: path.stat().st_mtime_ns for path in (work / ".git").rglob("*")}
    assert not seen(work).is_dirty
    assert {path: path.stat().st_mtime_ns for path in (work / ".git").rglob("*")} == before


def test_a_patch_that_is_too_large_is_said_to_be_missing(work: Path) -> None:
    """The queue is no backup of data; and half a patch would be taken for a whole one."""
    (work / "noise.bin").write_bytes(os.urandom(3 << 20))
    git(work, "add", "noise.bin")
    found = seen(work)
    assert (found.patch, found.missing, found.is_dirty) == (b"", "its patch is larger than 1 MiB, compressed", True)


def test_where_git_cannot_be_asked_the_commit_is_known_all_the_same(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without git has the checkout mounted."""
    monkeypatch.setenv("PATH", "/nowhere")
    found = seen(work)
    assert len(found.commit) == 40
    assert found.missing == "git did not tell what was not committed (there is none)"


def test_without_a_commit_there_is_no_checkout(tmp_path: Path) -> None:
    """`git init` alone says nothing of the code."""
    assert checkout_of(str(tmp_path)) is None
    git(tmp_path, "init", "-q")
    (tmp_path / "sub").mkdir()
    assert checkout_of(str(tmp_path / "sub")) is None


def test_a_second_work_tree_that_is_none_any_more_is_still_told(work: Path, tmp_path: Path) -> None:
    """Somebody has removed its `.git` while a runner is at work, which knows the place: it neither looks for ever nor fails."""
    second = tmp_path / "second"
    git(work, "worktree", "add", "-q", "-b", "other", str(second))
    before = seen(second)
    assert (before.root, before.branch, before.missing) == (str(second), "other", "")
    (second / ".git").unlink()
    after = seen(second)
    assert (after.root, after.commit, after.branch) == (str(second), before.commit, "other")
    assert after.missing.startswith("git did not tell what was not committed")


@pytest.fixture
def starts(store: Store, experiments, work: Path) -> Callable[[float], Origin]:
    """What a job that starts at this time comes from."""
    (job,) = submit(store, experiments("command: [python, train.py, '${args}']\ngrid: {x: [1]}\n"), str(work)).jobs
    now, codes = [0.0], Codes()
    origins = Origins(codes, clock=lambda: now[0])

    def at(seconds: float) -> Origin:
        now[0] = seconds
        return origins.of(job, codes.of(job.argv, job.cwd), HERE, "")

    return at


def test_git_is_not_asked_at_every_start(starts: Callable[[float], Origin], work: Path) -> None:
    """It takes milliseconds, and a job that does nothing one. What is edited meanwhile is seen within a second, and the program
    itself at once."""
    first = starts(0.0)
    (work / "model.py").write_text("size = 2\n", encoding="utf-8")
    assert starts(FRESH / 2) is first
    second = starts(FRESH * 2)
    assert second.checkout
    assert b"+size = 2" in second.checkout.diff
    (work / "train.py").write_text("print('three')\n", encoding="utf-8")
    third = starts(FRESH * 2 + 0.1)
    assert third.checkout
    assert b"+print('three')" in third.checkout.diff


def test_a_runner_that_lives_for_months_keeps_few_patches(starts: Callable[[float], Origin], work: Path) -> None:
    """Each may be a megabyte, and each edit between two starts makes one."""
    made = []
    for number in range(2 * MOST):
        (work / "model.py").write_text(f"size = {number}\n", encoding="utf-8")
        made.append(weakref.ref(starts(number * 1e6)))
    assert sum(each() is not None for each in made) <= MOST
    assert starts(1e9).checkout


def test_a_commit_is_seen_at_once(starts: Callable[[float], Origin], work: Path) -> None:
    """Else a clean run would be told to be that of the commit before, with a patch."""
    (work / "model.py").write_text("size = 2\n", encoding="utf-8")
    starts(0.0)
    git(work, "commit", "-q", "-a", "-m", "second")
    found = starts(0.1).checkout
    assert found
    assert (found.commit, found.is_dirty) == (git(work, "rev-parse", "HEAD").strip(), False)


def test_what_is_the_same_is_kept_once(store: Store, starts: Callable[[float], Origin], work: Path) -> None:
    """A thousand jobs of one patch need one copy of it, also where two runners bring it; and it comes back as it was."""
    (work / "model.py").write_text("size = 2\n", encoding="utf-8")
    (job,) = store.jobs()
    origin = starts(0.0)
    with store.change() as change:
        (number,) = {remember(change, replace(origin)) for _ in range(3)}
        assert change.begin(job, "launcher", "", origin=number)
    (attempt,) = store.attempts(job.id)
    found = origin_of(store, attempt)
    assert found
    assert (found.checkout, found.interpreter, found.host) == (origin.checkout, origin.interpreter, os.uname().nodename)
    with store.change() as change:
        assert remember(change, replace(origin, driver="550.1")) != number
    assert [store.read(f"SELECT count(*) FROM {table}")[0][0] for table in ("checkout", "interpreter")] == [1, 1]  # noqa: S608


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A virtual environment as its makers leave it, with a Python that must not be started."""
    packages = tmp_path / "venv/lib/python3.10/site-packages"
    (packages / "torch-2.1.0+cu121.dist-info").mkdir(parents=True)
    (packages / "old_style-1.0-py3.10.egg-info").mkdir()
    (packages / "torch").mkdir()
    (tmp_path / "venv/bin").mkdir()
    (tmp_path / "venv/bin/python").write_text("#!/bin/sh\ntouch started\n", encoding="utf-8")
    (tmp_path / "venv/bin/python").chmod(0o755)
    (tmp_path / "venv/bin/torchrun").write_text(f"#!{tmp_path}/venv/bin/python\n", encoding="utf-8")
    (tmp_path / "venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.10.4\n", encoding="utf-8")
    return tmp_path / "venv"


@pytest.mark.parametrize(
    "command",
    [
        ["venv/bin/python", "train.py"],
        ["python", "train.py"],
        ["nice", "-n", "5", "python", "train.py"],
        ["sh", "-c", "cd x && python train.py"],
        ["torchrun", "train.py"],
    ],
)
def test_the_packages_of_an_environment_are_read_from_its_folder(venv: Path, tmp_path: Path, command: list[str]) -> None:
    """To start a Python costs 30 ms, and to ask a package manager a second. However the command comes to its Python."""
    kept = Surroundings(
        (("PATH", f"{venv}/bin:{os.environ['PATH']}"),), f"{venv}/bin/torchrun" if command[0] == "torchrun" else None
    )
    looked = Interpreters()
    found = looked.of(command, str(tmp_path), kept)
    assert found
    assert (found.path, found.version) == (str(venv / "bin/python"), "3.10.4")
    assert found.packages == ("old_style==1.0", "torch==2.1.0+cu121")
    assert looked.of(command, str(tmp_path), kept) is found
    packages = venv / "lib/python3.10/site-packages"
    (packages / "numpy-2.0.dist-info").mkdir()
    os.utime(packages, (1, 1))  # another time for sure: the clock of many kernels' files stands still for milliseconds
    again = looked.of(command, str(tmp_path), kept)
    assert again
    assert "numpy==2.0" in again.packages
    assert not (tmp_path / "started").exists()


def test_a_python_that_its_place_does_not_tell_is_asked(tmp_path: Path) -> None:
    """A script that chooses among several interpreters, such as pyenv's."""
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    found = Interpreters().of([str(shim), "train.py"], str(tmp_path), HERE)
    assert found
    assert (found.path, found.version) == (sys.executable, ".".join(map(str, sys.version_info[:3])))


def test_a_command_without_a_python_has_none(tmp_path: Path) -> None:
    """And one that is not there is no reason not to start the job, which then says so itself."""
    looked = Interpreters()
    for command in (["true"], ["./nothing/python"], ["echo", "pythonic"]):
        assert looked.of(command, str(tmp_path), HERE) is None


def test_a_start_goes_on_where_nothing_can_be_found_out(work: Path) -> None:
    """Provenance is worth much, and a night of training more."""
    job = Job.__new__(Job)
    object.__setattr__(job, "argv", ("python\0", "train.py"))
    object.__setattr__(job, "cwd", f"{work}\0")
    found = Origins(Codes()).of(job, None, HERE, "")
    assert (found.checkout, found.interpreter) == (None, None)
