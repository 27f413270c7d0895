"""What other users of the machine leave in the claims' folder, met by the commands as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clean import EVIL, locked, printed, steers


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 50_000, id="deep"),
        pytest.param(b'{"since": "abc"}', id="wrong types"),
        pytest.param(b"\xff\0" + b"x" * 100_000, id="large, no text"),
    ],
)
def test_no_file_of_a_stranger_ends_a_command(machine, content: bytes) -> None:
    """One file ended every command of every user; now it is passed over, and its owner is named."""
    (machine.claims / "b.claim").symlink_to("/dev/zero")
    with locked(machine.claims / "a.claim", content):
        for words in (["gpus"], ["run", "grid.yaml", "x=1"], ["exec", "--wait", "0", "--", "true"], ["doctor"], ["explain"]):
            result = machine(*words)
            assert result.returncode == 0, (words, result.stderr)
            if words != ["explain"]:
                assert f"{machine.claims}/a.claim of " in result.stdout + result.stderr, words


def test_wrong_types_beside_a_good_record_change_nothing(machine) -> None:
    """Two claims, one with a text as its time: they could not be put into an order."""
    with (
        locked(machine.claims / "a.claim", b'{"id": "a", "memory": {"GPU-0": null}, "since": "abc"}'),
        locked(machine.claims / "b.claim", b'{"id": "b", "memory": {"GPU-0": -5}, "since": 1}'),
    ):
        assert machine("gpus").returncode == 0
        assert machine("exec", "--wait", "0", "--", "true").returncode == 0, "the other GPU is free"
        assert machine("exec", "--wait", "0", "--gpus", "2", "--", "true").returncode == 124


def test_a_pipe_in_the_place_of_a_claim_hangs_nobody(machine) -> None:
    """To open a pipe is to wait for its other end."""
    os.mkfifo(machine.claims / "a.claim")
    assert machine("exec", "--wait", "0", "--", "true").returncode == 0
    assert "a.claim of " in machine("gpus").stderr


NAME = "a\x1b[2J\x9b\n\u202eb"  # as long as the kernel lets a process's name be
STRANGER = f"""
import ctypes, time
ctypes.CDLL(None).prctl(15, {NAME.encode()!r}, 0, 0, 0)
print(1, flush=True)
time.sleep(600)
"""


@pytest.fixture
def surrounded(machine, tmp_path: Path) -> Iterator:
    """Two GPUs of a dubious driver: on the first a stranger's process, on the second a claim, both with names that steer."""
    machine.claims = tmp_path / EVIL
    machine.claims.mkdir()
    machine.environment["EXP_QUEUE_LOCK_DIR"] = str(machine.claims)
    gpus = [f"gpu GPU-{i} 00000000:{i + 1}0:00.0 Fa\x1b[2J\u202eke 24000 reserved=300" for i in range(2)]
    machine.driver.shows("driver 550\x1b[2J\u202e", *gpus)
    stranger = subprocess.Popen([sys.executable, "-c", STRANGER], stdout=subprocess.PIPE)
    stranger.stdout.readline()
    machine.driver.runs(stranger.pid, "GPU-0", 9000)
    record = {"id": "evil", "memory": {"GPU-1": None, EVIL: 5}, "uid": os.geteuid(), "user": EVIL, "label": EVIL}
    (machine.claims / f"{EVIL}.claim").symlink_to(EVIL)
    with locked(machine.claims / "evil.claim", json.dumps(record).encode()):
        yield machine
    stranger.kill()
    stranger.communicate()


def test_no_name_of_a_neighbour_reaches_the_terminal_as_it_is(surrounded) -> None:
    """A process may call itself anything, and so may a claim: `waiting for a GPU: ...` cleared the screen of who waited."""
    for words in (["gpus"], ["exec", "--wait", "0", "--", "true"], ["doctor"], ["status"], ["gpus", "--format", "json"]):
        status, out, error = printed(surrounded, *words)
        assert steers(out + error) == [], words
        assert "Traceback" not in error
        assert status == (124 if words[0] == "exec" else 0)
    assert "used by a\\x1b[2J" in printed(surrounded, "exec", "--wait", "0", "--", "true")[2]
    assert "held by a\\x1b[2J" in printed(surrounded, "exec", "--wait", "0", "--", "true")[2]


def test_no_name_of_a_neighbour_reaches_the_terminal_while_a_job_waits(surrounded) -> None:
    """A runner tells why its jobs wait, and `explain` does; a watcher sees all of it."""
    runner = surrounded.start("run", "grid.yaml", "x=1")
    told = ""
    while " wait" not in told:
        told += runner.stderr.readline()
    watching = surrounded.start("gpus", "--watch")
    told += watching.stdout.readline() + watching.stdout.readline()
    _, out, error = printed(surrounded, "explain")
    for process in (watching, runner):
        process.send_signal(signal.SIGINT)
        told += "".join(process.communicate(timeout=60))
    assert "held by a\\x1b[2J" in told
    assert "held by a\\x1b[2J" in out
    assert steers(told + out + error) == []


def test_no_name_of_a_neighbour_steers_the_terminal_of_a_script(surrounded) -> None:
    """A training script with `--gpu=-1` has no command line of ours around it; what ends it is shown by Python."""
    code = "from scheduler.gpus.lone import claim_devices; claim_devices(wait=float(__import__('sys').argv[1]))"
    for wait in ("0", "0.5"):
        done = subprocess.run([sys.executable, "-c", code, wait], env=surrounded.environment, capture_output=True, check=False)
        assert "held by a\\x1b[2J" in done.stderr.decode()
        assert steers(done.stderr.decode()) == []
