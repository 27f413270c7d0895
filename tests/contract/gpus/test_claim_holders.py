"""Whom a person finds behind a claim whose taker is gone: real claims, real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from scheduler.gpus.claims import Claim, live_claims, take
from scheduler.gpus.holders import Holders
from scheduler.gpus.observation import Observation, Settings
from scheduler.gpus.placement import ClaimRecord, Placement, Share
from scheduler.gpus.reading import Gpu, Reading
from scheduler.gpus.status import standings
from scheduler.gpus.view import View
from scheduler.linux import processes
from scheduler.report.gpus import objects, rows
from tests.descriptors import limit_for, limited

ONE = Placement((Share("GPU-a", "0", 0),))
STAY = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


def taken(folder: Path) -> Claim:
    claim = take(folder, lambda living: ONE, label="exp-queue job 0123abcd")
    assert isinstance(claim, Claim)
    return claim


def abandoned(record: ClaimRecord) -> ClaimRecord:
    """As if a process had taken it that is gone: the pid of one that has just ended and was reaped."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    return replace(record, pid=gone.pid)


def test_the_job_is_named_once_its_runner_is_gone_and_before_its_launcher(tmp_path: Path) -> None:
    """`held by ... pid 4711` sends a person to look for a process that is not there."""
    claim, holders = taken(tmp_path), Holders()
    launcher = subprocess.Popen(STAY, pass_fds=(claim.fd,))
    job = subprocess.Popen(STAY, pass_fds=(claim.fd,), env={**os.environ, **claim.environment()})
    claim.close()
    dead = abandoned(claim.record)
    assert [found.pid for found in holders.named(tmp_path, [dead])] == [job.pid]
    job.kill()
    job.wait()
    holders = Holders()
    assert [found.pid for found in holders.named(tmp_path, [dead])] == [launcher.pid]
    launcher.kill()
    launcher.wait()


def test_a_holder_that_has_gone_in_turn_is_no_answer(tmp_path: Path) -> None:
    """A runner that waits remembers whom it has found, and not longer than that one lives."""
    claim, holders = taken(tmp_path), Holders()
    first, second = (subprocess.Popen(STAY, pass_fds=(claim.fd,)) for _ in range(2))
    claim.close()
    dead = abandoned(claim.record)
    found = holders.named(tmp_path, [dead])[0].pid
    one, other = (first, second) if found == first.pid else (second, first)
    one.kill()
    one.wait()
    assert holders.named(tmp_path, [dead])[0].pid == other.pid
    other.kill()
    other.wait()


def test_a_runner_without_a_descriptor_left_goes_on_with_what_the_records_say(tmp_path: Path) -> None:
    """To look for whoever holds a claim takes one for each process, and is no reason to end."""
    claim, holders = taken(tmp_path), Holders()
    holder = subprocess.Popen(STAY, pass_fds=(claim.fd,))
    claim.close()
    dead = abandoned(claim.record)
    with limited(os.getpid(), limit_for(os.getpid())):
        assert holders.named(tmp_path, [dead]) == (dead,)
    assert holders.named(tmp_path, [dead])[0].pid == holder.pid
    holder.kill()
    holder.wait()


def test_a_taker_that_lives_stays_and_who_has_its_pid_later_is_not_taken_for_it(tmp_path: Path) -> None:
    """A pid is used again, after a day or so."""
    claim = taken(tmp_path)
    (living,) = live_claims(tmp_path)
    assert Holders().named(tmp_path, [living]) == (living,)
    job = subprocess.Popen(STAY, pass_fds=(claim.fd,))
    claim.close()
    later = subprocess.Popen(STAY)
    assert processes.look_up(later.pid)
    reused = replace(claim.record, pid=later.pid, since=claim.record.since - 3600)
    assert Holders().named(tmp_path, [reused])[0].pid == job.pid
    for each in (job, later):
        each.kill()
        each.wait()


def test_where_no_holder_can_be_seen_the_sentence_says_so(tmp_path: Path) -> None:
    """Another user's processes cannot be looked into; the claim lives all the same."""
    (found,) = Holders().named(tmp_path, [abandoned(ClaimRecord("0" * 16, {"GPU-a": None}, user="anna", label="job", since=1.0))])
    assert found.unseen
    assert found.holder == (
        f"job (anna, pid {found.pid}, which is gone or cannot be seen from here, as what it has started cannot)"
    )


def test_ones_own_jobs_are_told_apart_and_others_are_not(tmp_path: Path) -> None:
    """The id alone says nothing to a person; a stranger's arguments are nobody's business, and his label may be ours."""
    own = ClaimRecord("a", {"GPU-a": None}, uid=os.getuid(), user="me", pid=7, label="exp-queue job 0123abcd")
    theirs = replace(own, id="b", uid=os.getuid() + 1, user="anna")
    view = View(Reading((Gpu("GPU-a", 0, total=9000, used=0),)), (own, theirs), Observation(), Settings())
    names = {"exp-queue job 0123abcd": "lr=0.1"}
    people = [row["claims and processes"] for row in rows(standings(view), names=names)]
    assert people == ["exp-queue job 0123abcd lr=0.1 (me, pid 7): whole GPU", "exp-queue job 0123abcd (anna, pid 7): whole GPU"]
    (found,) = objects(standings(view), names=names)
    assert [each["name"] for each in found["claims"]] == ["lr=0.1", ""]
