"""Where claims lie, whether there is a driver, and whose a process is: decisions about files, on files of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.errors import StateError
from scheduler.gpus.directory import lock_directory
from scheduler.gpus.driver import surely_no_driver
from scheduler.gpus.ownership import marks_of, owner, user_name
from tests.users import STRANGER, as_root, told_by


def test_the_first_folder_that_exists_is_everybodys(tmp_path: Path) -> None:
    """Two users must never choose differently, whatever each of them could make."""
    first, second = tmp_path / "first", tmp_path / "second"
    second.mkdir()
    assert lock_directory({}, (first, second)) == second
    assert not first.exists()


def test_the_first_possible_folder_is_made_for_everybody(tmp_path: Path) -> None:
    """A missing folder must not need an administrator; the sticky bit keeps others from removing claims."""
    chosen = lock_directory({}, (tmp_path / "no" / "parent", tmp_path / "claims"))
    assert chosen == tmp_path / "claims"
    assert chosen.stat().st_mode & 0o7777 == 0o1777


def test_the_variable_wins_and_its_folder_is_made(tmp_path: Path) -> None:
    """Several containers, or tests, need a folder of their own."""
    wanted = tmp_path / "mine"
    assert lock_directory({"EXP_QUEUE_LOCK_DIR": str(wanted)}, (tmp_path,)) == wanted
    assert wanted.is_dir()


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """In /tmp anybody could point it at a folder of their own choice."""
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(StateError, match="is not a folder"):
        lock_directory({}, (tmp_path / "link",))


@as_root
def test_the_folder_of_a_third_user_is_refused_unless_it_is_named(tmp_path: Path) -> None:
    """Its owner can remove the claims in it, and hide them: in /tmp that was whoever came first."""
    theirs = tmp_path / "theirs"
    theirs.mkdir(0o1777)
    os.chown(theirs, STRANGER, STRANGER)
    with pytest.raises(StateError, match=f"belongs to {user_name(STRANGER)}") as refused:
        lock_directory({}, (tmp_path / "run", theirs))
    assert f"set EXP_QUEUE_LOCK_DIR={theirs}" in refused.value.next_step
    assert f"makes {tmp_path / 'run'} for all users" in refused.value.next_step
    assert lock_directory({"EXP_QUEUE_LOCK_DIR": str(theirs)}) == theirs


@as_root
def test_the_folder_of_root_serves_everybody(tmp_path: Path) -> None:
    """What the administrator made is what all are meant to use."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o1777)
    tmp_path.chmod(0o755)
    assert told_by(STRANGER, tmp_path, lambda: str(lock_directory({}, (Path("run"), Path("tmp"))))) == "run"


def test_no_folder_at_all_is_an_error_that_says_what_to_set(tmp_path: Path) -> None:
    """Going on without claims would be going on without the product."""
    with pytest.raises(StateError, match="set EXP_QUEUE_LOCK_DIR"):
        lock_directory({}, (tmp_path / "no" / "parent",))


@pytest.mark.skipif(not surely_no_driver({}), reason="this machine has an NVIDIA driver")
def test_a_library_on_the_search_path_is_reason_to_ask_it(tmp_path: Path) -> None:
    """Only the absence of every trace lets us skip asking; containers and clusters put the library in odd places."""
    assert surely_no_driver({"LD_LIBRARY_PATH": f"/nowhere:{tmp_path}"})
    (tmp_path / "libnvidia-ml.so.1").touch()
    assert not surely_no_driver({"LD_LIBRARY_PATH": f"/nowhere:{tmp_path}"})


def claim_of(pid: int, root: Path) -> str | None:
    marks = marks_of(pid, root)
    return None if marks is None else marks.claim


def proc(folder: Path, pid: int, parent: int, environment: str = "", claim: str = "") -> None:
    """A process in a folder like /proc."""
    place = folder / str(pid)
    (place / "fd").mkdir(parents=True)
    (place / "status").write_text(f"Name:\tp{pid}\nPPid:\t{parent}\nUid:\t{os.getuid()}\t0\t0\t0\n")
    (place / "environ").write_bytes(environment.encode())
    if claim:
        (place / "fd" / "7").symlink_to(f"/run/exp-queue/{claim}.claim")


def test_a_process_belongs_to_the_claim_of_its_nearest_ancestor(tmp_path: Path) -> None:
    """Jobs start programs that clear their environment and close their descriptors; the parents still tell."""
    proc(tmp_path, 10, 1, environment="A=1\0EXP_QUEUE_CLAIM=outer\0")
    proc(tmp_path, 20, 10, claim="inner")
    proc(tmp_path, 30, 20)
    proc(tmp_path, 40, 10)
    assert [claim_of(pid, tmp_path) for pid in (30, 20, 40, 10)] == ["inner", "inner", "outer", "outer"]


def test_a_process_without_a_claim_is_known_to_have_none(tmp_path: Path) -> None:
    """ "None" and "may not look" are different answers: only the first makes a process foreign for sure."""
    proc(tmp_path, 10, 1, environment="EXP_QUEUE_CLAIMS=no\0X_EXP_QUEUE_CLAIM=no\0")
    assert claim_of(10, tmp_path) == ""
    assert owner(10, tmp_path).name == "p10"


def test_a_process_that_is_not_visible_is_unknown(tmp_path: Path) -> None:
    """A container is told process ids of the host, which mean nothing inside."""
    assert (owner(4711, tmp_path).uid, owner(4711, tmp_path).claim) == (None, None)


JOB = "0123456789abcdef0123456789abcdef"


def test_a_process_is_known_as_a_jobs_by_its_environment_or_by_the_lock_that_it_inherited(tmp_path: Path) -> None:
    """A job without a GPU has no claim; `env -i` clears the names, and closed descriptors the lock: one of them is left."""
    proc(tmp_path, 10, 1, environment=f"EXP_QUEUE_JOB={JOB}\0EXP_QUEUE_ATTEMPT=2\0")
    proc(tmp_path, 20, 10)
    proc(tmp_path, 30, 1)
    (tmp_path / "30" / "fd" / "9").symlink_to(f"/home/anna/.local/state/exp-queue/attempts/{JOB}/3")
    assert [owner(pid, tmp_path).attempt for pid in (10, 20, 30)] == [f"{JOB}/2", f"{JOB}/2", f"{JOB}/3"]


def test_what_only_looks_like_a_job_is_none(tmp_path: Path) -> None:
    """Anybody may set a variable, and name a folder `attempts`."""
    proc(tmp_path, 10, 1, environment="EXP_QUEUE_JOB=mine\0EXP_QUEUE_ATTEMPT=1\0")
    (tmp_path / "10" / "fd" / "9").symlink_to("/data/attempts/first/1")
    assert owner(10, tmp_path).attempt == ""


def test_a_command_inside_a_job_that_holds_a_claim_of_its_own_is_not_the_jobs(tmp_path: Path) -> None:
    """`exec` in a job without a GPU claims one: what runs under that claim computes where it may."""
    proc(tmp_path, 10, 1, environment=f"EXP_QUEUE_JOB={JOB}\0EXP_QUEUE_ATTEMPT=1\0")
    proc(tmp_path, 20, 10, claim="own")
    found = owner(20, tmp_path)
    assert (found.claim, found.attempt) == ("own", "")
