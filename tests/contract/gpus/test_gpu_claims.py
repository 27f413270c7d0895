"""Claims with real locks and real processes: they live exactly as long as the processes that hold them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.errors import StateError
from scheduler.gpus.claims import (
    Claim,
    Claimant,
    live_claims,
    living_claim,
    take,
    watch_claims,
)
from scheduler.gpus.mutex import MutexBusy
from scheduler.gpus.ownership import user_name
from scheduler.gpus.placement import ClaimRecord, Placement, Refusal, Share
from tests.users import STRANGER, as_root, told_by
from tests.waiting import until

ONE = Placement((Share("GPU-a", "0", 0, None, 24000),))


def taken(directory: Path, placement: Placement = ONE, label: str = "") -> Claim:
    claim = take(directory, lambda living: placement, label=label)
    assert isinstance(claim, Claim)
    return claim


def opened(pid: int) -> list[str]:
    """The files that a process has open."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(str(entry.readlink()))
    return found


def job(claim: Claim, code: str) -> subprocess.Popen[bytes]:
    """A job as whoever starts it would: it inherits the descriptor, and the starter closes its own copy."""
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", code], pass_fds=(claim.fd,), stdout=subprocess.PIPE)
    claim.close()
    return child


def test_a_claim_says_who_holds_what(tmp_path: Path) -> None:
    """Others must be able to see whom to ask."""
    claim = taken(tmp_path, Placement((Share("GPU-a", "0", 0, 6144, 24000),), exclusive=False), label="train.py")
    (record,) = live_claims(tmp_path)
    assert record == claim.record
    assert (record.memory, record.exclusive, record.pid, record.uid) == ({"GPU-a": 6144}, False, os.getpid(), os.getuid())
    assert record.holder.startswith("train.py (")


def test_a_closed_claim_is_gone_and_its_file_is_removed_at_the_next_decision(tmp_path: Path) -> None:
    """Nothing is ever stale, and the folder does not fill up."""
    taken(tmp_path).close()
    assert live_claims(tmp_path) == ()
    next_one = taken(tmp_path)
    assert [p.name for p in tmp_path.glob("*.claim*")] == [f"{next_one.id}.claim"]


def test_a_decision_sees_the_claims_that_live(tmp_path: Path) -> None:
    """Admission decides on what it is shown here, under the mutex."""
    held = taken(tmp_path)
    seen: list[tuple[ClaimRecord, ...]] = []
    refusal = take(tmp_path, lambda living: (seen.append(living), Refusal("no"))[1])
    assert refusal == Refusal("no")
    assert [c.id for c in seen[0]] == [held.id]


def test_a_claim_of_several_gpus_is_one_claim(tmp_path: Path) -> None:
    """All or nothing: there is no order of locks in which two such jobs could wait for each other."""
    claim = taken(tmp_path, Placement((Share("GPU-a", "0", 0), Share("GPU-b", "1", 1))))
    assert (claim.indices, len(live_claims(tmp_path))) == ((0, 1), 1)
    assert claim.environment()["CUDA_VISIBLE_DEVICES"] == "0,1"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import time; time.sleep(600)", id="plain"),
        pytest.param("import os; os.execvp('sleep', ['sleep', '600'])", id="exec"),
        pytest.param("import os, time; os.setsid(); time.sleep(600)", id="setsid"),
    ],
)
def test_a_claim_lives_in_its_job_until_the_job_is_killed(tmp_path: Path, code: str) -> None:
    """Case 20, and cases 19 and 21 as far as locks go: whoever took the claim may be gone."""
    child = job(taken(tmp_path), code)
    assert len(live_claims(tmp_path)) == 1
    child.kill()
    child.wait()
    until(lambda: not live_claims(tmp_path))


def test_a_claim_lives_on_in_a_descendant_of_its_job(tmp_path: Path) -> None:
    """Case 20: an orphaned data loader keeps the GPU's memory, so it must keep the claim."""
    code = "import os, sys, time\nif os.fork(): os._exit(0)\nos.setsid(); print(os.getpid(), flush=True); time.sleep(600)"
    child = job(taken(tmp_path), code)
    assert child.stdout
    orphan = int(child.stdout.readline())
    child.wait()
    assert len(live_claims(tmp_path)) == 1
    os.kill(orphan, signal.SIGKILL)
    until(lambda: not live_claims(tmp_path))


def test_a_claim_survives_the_kill_of_the_process_that_took_it(tmp_path: Path) -> None:
    """Case 19: a runner that is killed must not free the GPUs under its jobs."""
    code = (
        "import os, signal, subprocess; from pathlib import Path; from scheduler.gpus.claims import take; "
        "from scheduler.gpus.placement import Placement, Share; "
        f"c = take(Path({str(tmp_path)!r}), lambda living: Placement((Share('GPU-a', '0'),))); "
        "job = subprocess.Popen(['sleep', '600'], pass_fds=(c.fd,), stdout=subprocess.DEVNULL); print(job.pid, flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    runner = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False)
    assert runner.returncode == -signal.SIGKILL
    assert len(live_claims(tmp_path)) == 1
    os.kill(int(runner.stdout), signal.SIGKILL)
    until(lambda: not live_claims(tmp_path))


def test_looking_at_claims_never_frees_or_holds_one(tmp_path: Path) -> None:
    """Two who look at once must not take each other for the holder, and neither may disturb it."""
    claim = taken(tmp_path)
    with claim.path.open() as other_observer:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other_observer, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert len(live_claims(tmp_path)) == 1
        claim.close()
        fcntl.flock(other_observer, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert live_claims(tmp_path) == ()


def test_a_deleted_claim_file_is_noticed_by_its_holder(tmp_path: Path) -> None:
    """Case 23: nobody else can see the claim any more, so the holder must warn."""
    claim = taken(tmp_path)
    assert not claim.deleted
    claim.path.unlink()
    assert claim.deleted
    assert live_claims(tmp_path) == ()


def test_a_link_in_the_place_of_a_claim_is_not_followed(tmp_path: Path) -> None:
    """Case 23: we do not read through links that others put into a shared folder, not even to a claim that lives."""
    (tmp_path / "elsewhere").mkdir()
    claim = taken(tmp_path / "elsewhere")
    (tmp_path / f"{claim.id}.claim").symlink_to(claim.path)
    assert live_claims(tmp_path) == ()
    assert living_claim(tmp_path, claim.id) is None


def test_a_living_claim_that_makes_no_sense_may_be_on_any_gpu(tmp_path: Path) -> None:
    """A record that we cannot understand, of a later version perhaps, must not be ignored while somebody holds its lock."""
    with (tmp_path / "later.claim").open("w") as file:
        file.write('{"id": "later", "devices": ["GPU-a"]}')
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert live_claims(tmp_path)[0].holds("GPU-any")
    assert live_claims(tmp_path) == ()


def test_a_strict_umask_leaves_claims_readable_for_others(tmp_path: Path) -> None:
    """Case 23: an unreadable claim would block all GPUs of the machine for everybody else."""
    before = os.umask(0o077)
    try:
        claim = taken(tmp_path)
    finally:
        os.umask(before)
    assert claim.path.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "admit.lock").stat().st_mode & 0o777 == 0o644


@as_root
def test_another_user_sees_our_claim_and_takes_one_beside_it(tmp_path: Path) -> None:
    """Case 23: users share a machine without sharing permissions; nobody can remove another's claim."""
    tmp_path.chmod(0o1777)
    ours = taken(tmp_path)
    child = os.fork()
    if child == 0:
        try:
            os.chdir(tmp_path)  # the folders above it are closed to others, and stay so
            os.setgid(65534)
            os.setuid(65534)
            claim = take(Path(), lambda living: ONE if [c.id for c in living] == [ours.id] else Refusal("not seen"))
            os._exit(0 if isinstance(claim, Claim) and claim.record.uid == 65534 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [c.id for c in live_claims(tmp_path)] == [ours.id]
    assert len(list(tmp_path.glob("*.claim"))) == 2
    taken(tmp_path)
    assert len(list(tmp_path.glob("*.claim"))) == 3, "another user's dead claim is not ours to remove"


def test_a_stopped_holder_of_the_mutex_is_named(tmp_path: Path) -> None:
    """Case 24: without a name, everybody on the machine would wait for nobody knows whom."""
    taken(tmp_path)
    code = f"import fcntl, os, signal; f = open({str(tmp_path / 'admit.lock')!r}); fcntl.flock(f, 2); print(1, flush=True)"
    code += "; os.kill(os.getpid(), signal.SIGSTOP)"
    holder = subprocess.Popen([sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    try:
        with pytest.raises(MutexBusy, match=f"process {holder.pid} "):
            take(tmp_path, lambda living: ONE, timeout=0.1)
    finally:
        holder.kill()
        holder.wait()
    taken(tmp_path)


def test_a_mutex_that_a_cleaner_removed_still_excludes(tmp_path: Path) -> None:
    """Cleaners of old files remove the name, not the lock; the next must lock the file that has the name now."""
    with (tmp_path / "admit.lock").open("w") as old:
        fcntl.flock(old, fcntl.LOCK_EX)
        (tmp_path / "admit.lock").unlink()
        claim = taken(tmp_path)
    assert claim.id in [c.id for c in live_claims(tmp_path)]


def test_whoever_waited_for_a_removed_mutex_goes_on_to_the_new_one(tmp_path: Path) -> None:
    """Two who lock two files of the same name would decide at the same time and overbook."""
    mutex = tmp_path / "admit.lock"
    with mutex.open("w") as old:
        fcntl.flock(old, fcntl.LOCK_EX)
        waiting = os.fork()
        if waiting == 0:
            try:
                take(tmp_path, lambda living: ONE, timeout=1.0)
                os._exit(0)
            except MutexBusy:
                os._exit(3)
            finally:
                os._exit(1)
        until(lambda: opened(waiting).count(str(mutex)) == 2)  # the one it inherited, and the one it waits for
        mutex.unlink()
        with mutex.open("w") as new:
            fcntl.flock(new, fcntl.LOCK_EX)
            fcntl.flock(old, fcntl.LOCK_UN)
            assert os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]) == 3


def test_a_link_in_the_place_of_the_mutex_is_refused(tmp_path: Path) -> None:
    """Case 23: in a folder that all may write to, a link could make us create or lock a file of somebody else."""
    (tmp_path / "admit.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match=r"admit\.lock"):
        take(tmp_path, lambda living: ONE)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        pytest.param(os.mkfifo, "a pipe", id="pipe"),
        pytest.param(os.mkdir, "a folder", id="folder"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "a link", id="link"),
    ],
)
def test_what_lies_in_the_place_of_the_mutex_is_named_and_hangs_nobody(
    tmp_path: Path, make: Callable[[Path], None], kind: str
) -> None:
    """Whoever makes it first has it: a stranger's pipe must not be a riddle, and never a wait without end."""
    make(tmp_path / "admit.lock")
    with pytest.raises(StateError) as refused:
        take(tmp_path, lambda living: ONE)
    assert f"is {kind} of {user_name(os.geteuid())}" in refused.value.what
    assert f"`rm -r {tmp_path / 'admit.lock'}`" in refused.value.next_step


@as_root
def test_a_mutex_that_others_may_not_read_is_named(tmp_path: Path) -> None:
    """Made with a strict umask by another program, or on purpose: nobody but its owner could decide about GPUs."""
    taken(tmp_path).close()
    tmp_path.chmod(0o1777)
    (tmp_path / "admit.lock").chmod(0o600)

    def refused() -> str:
        with pytest.raises(StateError) as refusal:
            take(Path(), lambda living: ONE)
        return str(refusal.value)

    told = told_by(STRANGER, tmp_path, refused)
    assert "admit.lock, which every decision about GPUs needs, is a file of root (Permission denied)" in told
    assert "runs `chmod 644 admit.lock`" in told


def test_a_name_outside_the_folder_is_no_claim(tmp_path: Path) -> None:
    """The cookie comes from an environment that anybody may have written."""
    (tmp_path / "claims").mkdir()
    claim = taken(tmp_path)
    assert living_claim(tmp_path / "claims", f"../{claim.id}") is None
    assert living_claim(tmp_path, claim.id) == claim.record


def test_the_end_of_a_job_wakes_whoever_waits(tmp_path: Path) -> None:
    """The next job must start when the kernel frees the claim, not at the next poll."""
    child = job(taken(tmp_path), "import time; time.sleep(600)")
    with watch_claims(tmp_path) as watch:
        assert watch.precise
        assert not watch.drain()
        child.kill()
        child.wait()
        assert select.select([watch], [], [], 30)[0]
        assert watch.drain()
        assert live_claims(tmp_path) == ()
        assert not watch.drain()


def test_a_copy_of_the_descriptor_that_closes_first_wakes_nobody(tmp_path: Path) -> None:
    """A launcher that hands a claim on must not look like its end."""
    claim = taken(tmp_path)
    with watch_claims(tmp_path) as watch:
        os.close(os.dup(claim.fd))
        assert not watch.drain()
        claim.close()
        assert watch.drain()


def test_a_claimant_is_refused_while_somebody_keeps_the_mutex(tmp_path: Path) -> None:
    """One of a row of jobs waits a moment, the others do not: the loop that asks has more to do."""
    taken(tmp_path)
    claimant = Claimant(tmp_path, patience=30.0)
    with (tmp_path / "admit.lock").open() as kept:
        fcntl.flock(kept, fcntl.LOCK_SH)
        waiting = Claimant(tmp_path, patience=0.01)
        first = waiting.take(lambda living: ONE, "job")
        assert isinstance(first, Refusal)
        assert f"is held by process {os.getpid()} (" in first.sentence
        assert not first.never
        time.sleep(1.1)  # the clock of the sentence has another second now
        assert waiting.take(lambda living: ONE, "job") == first, "it says since when, and not that it is busy now"
        claimant._tried_at = time.monotonic()  # as if it had just been refused
        asked = time.monotonic()
        assert isinstance(claimant.take(lambda living: ONE, "job"), Refusal)
        assert time.monotonic() - asked < 30.0, "refused without waiting once more"
    assert isinstance(waiting.take(lambda living: ONE, "job"), Claim)
    assert waiting.take(lambda living: Refusal("busy"), "job") == Refusal("busy")
