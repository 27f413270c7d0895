"""Many processes race for few GPUs while some are killed; a second lock, taken by the jobs themselves, sees every
overlap.

Case 18 in its small form. Each job locks a file that stands for its GPU, with a lock of the process (fcntl(2)): the kernel
takes these back while it closes a dead job's files, and an flock(2), such as a claim's, when it lets go of each for good, which
is later. The job moves its copy of the claim to a high descriptor first, since files are closed in rising order. So the device
is always free before the claim is, also where the dying job has to wait for the processor in between.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.gpus.admission import admit
from scheduler.gpus.claims import Claim, live_claims, take
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import Request
from scheduler.gpus.reading import Gpu, Reading

GPUS = 3
CLAIMERS = 4
JOBS = 12
JOB = """
import fcntl, os, sys, time
claim, seconds, ledger, *devices = sys.argv[1:]
if claim != "-1":
    fcntl.fcntl(int(claim), fcntl.F_DUPFD, 200)
    os.close(int(claim))
def note(word):
    fd = os.open(ledger, os.O_WRONLY | os.O_APPEND)
    os.write(fd, (word + "\\n").encode())
    os.close(fd)
for device in devices:
    for seat in device.split("|"):
        try:
            fcntl.lockf(os.open(seat, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            pass
    else:
        note("overlap on " + device)
note("job")
time.sleep(float(seconds))
"""


def claimer(folder: Path, seed: int, fault: str, share: int) -> None:
    """Claim, start a job, let go, `JOBS` times; now and then kill the job. `share`: so many jobs on a GPU."""
    luck = random.Random(seed)  # noqa: S311 - a repeatable order of events, not a secret
    reading = Reading(tuple(Gpu(f"GPU-{i}", index=i, bus=f"{i}", total=9000, used=0) for i in range(GPUS)))
    running: list[subprocess.Popen[bytes]] = []
    for _ in range(JOBS):
        asked = Request(luck.choice([1, 1, 1, 2]), share=share if share > 1 else None)
        claim = claimed(folder, reading, asked if fault != "one too many" else replace(asked, share=share + 1))
        job = started(claim, folder, luck, fault, share)
        running.append(job)
        if luck.random() < 0.3:
            time.sleep(luck.random() * 0.1)
            luck.choice(running).send_signal(signal.SIGKILL)
    for job in running:
        job.wait()


def claimed(folder: Path, reading: Reading, request: Request) -> Claim:
    """A claim on what is asked for, sooner or later."""
    nothing = Observation()
    while True:
        # The mutex goes to whoever looks at the right moment, and all of these look all the time: be patient.
        answer = take(folder / "claims", lambda living: admit(request, reading, living, nothing, Settings()), timeout=90.0)
        if isinstance(answer, Claim):
            return answer
        time.sleep(0.002)


def started(claim: Claim, folder: Path, luck: random.Random, fault: str, share: int) -> subprocess.Popen[bytes]:
    """The job; our own copy of its claim is closed. `fault` plants one of two classic mistakes. A GPU has a seat for each job."""
    passed = fault != "not passed"
    argv = [str(claim.fd if passed else -1), f"{0.05 + luck.random() / 10:.3f}", str(folder / "ledger")]
    devices = ["|".join(f"{folder / uuid}.{seat}" for seat in range(share)) for uuid in claim.memory]
    command = [sys.executable, "-I", "-S", "-c", JOB, *argv, *devices]
    job = subprocess.Popen(command, pass_fds=(claim.fd,) if passed else ())
    if fault == "early release":
        fcntl.flock(claim.fd, fcntl.LOCK_UN)
    claim.close()
    return job


def race(folder: Path, fault: str = "", share: int = 1) -> list[str]:
    """What the jobs wrote down when several claimers have raced."""
    (folder / "claims").mkdir()
    for name in ("ledger", *(f"GPU-{i}.{seat}" for i in range(GPUS) for seat in range(share))):
        (folder / name).touch()
    children = []
    for seed in range(CLAIMERS):
        children.append(os.fork())
        if children[-1] == 0:
            try:
                claimer(folder, seed, fault, share)
                os._exit(0)
            finally:
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(1)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert ends == [0] * CLAIMERS, "a claimer broke off"
    return (folder / "ledger").read_text().splitlines()


def test_no_gpu_is_ever_claimed_twice_and_none_is_left_claimed(tmp_path: Path) -> None:
    """The promise of the whole product: whatever is killed whenever, one job per whole GPU, and no claim outlives
    its job."""
    ledger = race(tmp_path)
    assert [line for line in ledger if line.startswith("overlap")] == []
    assert len(ledger) > CLAIMERS * JOBS / 2
    assert live_claims(tmp_path / "claims") == ()


def test_a_gpu_that_is_shared_by_two_never_has_three(tmp_path: Path) -> None:
    """Runners and users who do not know of one another count the same jobs, by their claims alone."""
    ledger = race(tmp_path, share=2)
    assert [line for line in ledger if line.startswith("overlap")] == []
    assert len(ledger) > CLAIMERS * JOBS / 2


def test_the_race_would_show_a_third_on_a_gpu_for_two(tmp_path: Path) -> None:
    """The seats are trusted because they see one job too many, which a share of three lets in."""
    assert any(line.startswith("overlap") for line in race(tmp_path, "one too many", share=2))


@pytest.mark.parametrize("fault", ["early release", "not passed"])
def test_the_race_would_show_a_claim_that_ends_too_early(tmp_path: Path, fault: str) -> None:
    """A checker that cannot fail proves nothing: with a planted mistake it must see overlaps."""
    assert any(line.startswith("overlap") for line in race(tmp_path, fault))
