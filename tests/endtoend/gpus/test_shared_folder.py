"""Whose the claims' folder is, on a machine of one's own: the system's folders are empty ones in a private mount namespace."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import COMMAND, CommandLine

STRANGER = 65534
PRIVATE = ["unshare", "--mount", "--propagation", "private", "sh", "-euc"]
EMPTY = "for place in /run /etc/tmpfiles.d; do mount -t tmpfs -o mode=755 none $place; done"


def _can_be_alone() -> bool:
    """Whether we may mount, and the folders are there to mount on."""
    if os.geteuid() != 0 or not Path("/etc/tmpfiles.d").is_dir():
        return False
    try:
        return subprocess.run([*PRIVATE, EMPTY], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


alone = pytest.mark.skipif(not _can_be_alone(), reason="only root can have a /run of its own, and not in every container")


def script(line: CommandLine, *lines: str) -> subprocess.CompletedProcess[str]:
    """Shell commands on a machine without any claims' folder; `exp-queue` is the command under test."""
    command = f'exp_queue() {{ {shlex.join(COMMAND)} "$@"; }}'
    text = "\n".join([EMPTY, "test ! -e /tmp/exp-queue || exit 77", command, *lines])
    done = subprocess.run([*PRIVATE, text], cwd=line.directory, env=line.environment, capture_output=True, text=True, timeout=100)
    if done.returncode == 77:
        pytest.skip("this machine's own /tmp/exp-queue is in the way")
    return done


@pytest.fixture
def bare(machine) -> CommandLine:
    """A command line that finds its claims' folder by itself."""
    del machine.environment["EXP_QUEUE_LOCK_DIR"]
    return machine


THEIRS = f"mkdir -m 1777 -p /run/lock/exp-queue; chmod 1777 /run/lock/exp-queue; chown {STRANGER} /run/lock/exp-queue"


@alone
def test_the_folder_of_a_third_user_is_refused_by_every_command_that_claims(bare) -> None:
    """In a folder of whoever came first, that user could remove our claims and have our GPUs used twice."""
    for words in ("gpus", "run grid.yaml", "exec --wait 0 -- true", "doctor"):
        done = script(bare, THEIRS, f"exp_queue {words}")
        assert done.returncode != 0, words
        assert "/run/lock/exp-queue belongs to" in done.stdout + done.stderr, words
        assert "exp-queue doctor --set-up" in done.stdout + done.stderr, words


@alone
def test_the_folder_of_a_third_user_is_used_where_the_variable_names_it(bare) -> None:
    """Colleagues who trust each other need no administrator; `doctor` says what that means."""
    bare.environment["EXP_QUEUE_LOCK_DIR"] = "/run/lock/exp-queue"
    done = script(bare, THEIRS, "exp_queue exec -- true", "exp_queue gpus", "exp_queue doctor --format json")
    assert done.returncode == 0, done.stderr
    assert "claims: /run/lock/exp-queue" in done.stderr
    assert "EXP_QUEUE_LOCK_DIR says that you trust this user" in done.stdout


@alone
def test_an_administrator_sets_the_folder_up_in_one_command(bare) -> None:
    """And all users choose it from then on, whatever else there is."""
    done = script(
        bare,
        THEIRS,
        "exp_queue doctor --set-up --dry-run --format json",
        "test ! -e /run/exp-queue",
        "exp_queue doctor --set-up",
        "stat -c '%a %u' /run/exp-queue; cat /etc/tmpfiles.d/exp-queue.conf",
        "exp_queue doctor --set-up; exp_queue gpus; exp_queue doctor",
    )
    assert done.returncode == 0, done.stderr
    planned, end = json.JSONDecoder().raw_decode(done.stdout)
    assert [(step["step"].split(":")[0], step["done"]) for step in planned] == [
        ("/run/exp-queue", False),
        ("/etc/tmpfiles.d/exp-queue.conf", False),
    ]
    assert "/run/exp-queue: made, mode 1777, owner root\n" in done.stdout[end:]
    assert "\n1777 0\n" in done.stdout
    assert "\nd /run/exp-queue 1777 root root -\n" in done.stdout
    assert "/run/exp-queue is as it should be" in done.stderr
    assert "claims: /run/exp-queue" in done.stderr
    assert "claims' owner" not in done.stdout


@alone
def test_a_folder_that_would_not_survive_a_reboot_is_told(bare) -> None:
    """/run is empty after every start."""
    done = script(bare, "mkdir -m 1777 /run/exp-queue", "chmod 1777 /run/exp-queue", "exp_queue doctor")
    assert "/run/exp-queue is gone after a reboot" in done.stdout
    assert done.returncode == 0


# Ends by itself, should nobody end it.
HOLD = "touch /run/there; i=0; while ! test -e /run/over && test $i -lt 500; do i=$((i + 1)); sleep 0.1; done"


@alone
def test_claims_in_a_second_folder_are_told(bare) -> None:
    """Made before the first one was, or by a user with another variable: neither sees the other's claims."""
    done = script(
        bare,
        "mkdir -m 1777 -p /run/lock/exp-queue",
        "i=0; wait_for() { while ! test -e $1 && test $i -lt 500; do i=$((i + 1)); sleep 0.1; done; }",
        f"export EXP_QUEUE_LOCK_DIR=/run/lock/exp-queue; exp_queue exec -- sh -c {shlex.quote(HOLD)} & unset EXP_QUEUE_LOCK_DIR",
        "wait_for /run/there",
        "exp_queue doctor --set-up || echo refused with $?",
        "mkdir -m 1777 /run/exp-queue",
        "exp_queue doctor",
        "touch /run/over; wait",
    )
    assert "refused with 3" in done.stdout
    assert "1 claims live in /run/lock/exp-queue" in done.stderr
    assert "1 claims live in /run/lock/exp-queue, which is not the folder used here" in done.stdout


def test_a_dry_run_of_nothing_is_wrong_usage(command_line) -> None:
    """`doctor` alone changes nothing anyway."""
    assert command_line("doctor", "--dry-run").returncode == 2
