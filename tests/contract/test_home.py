"""The state directory under sudo: never a root's directory in somebody's home, and the way out where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COMMAND, user_environment

ADA = 12345
# The program under test lies where only root may look; another user needs its modules already in memory.
# With all that a refusal needs: the folder of this interpreter may be closed to her.
AS = "import os, shlex, sys; from scheduler.home import open_home; import pwd; os.setuid(int(sys.argv[1])); open_home()"


@pytest.fixture
def home() -> Path:
    """A home of a user Ada, where she can reach it."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a directory that belongs to another user")
    folder = Path(tempfile.mkdtemp(prefix="exp-queue-ada-"))
    folder.chmod(0o755)
    try:
        os.chown(folder, ADA, ADA)
    except OSError:
        folder.rmdir()
        pytest.skip("this root (of a container) knows no other users")
    return folder


@pytest.fixture
def environment(home: Path):
    yield user_environment(HOME=str(home), CUDA_VISIBLE_DEVICES="-1")
    shutil.rmtree(home)


def test_with_sudo_no_directory_is_made_in_the_home_of_the_user(home: Path, environment) -> None:
    """`sudo exp-queue status` with the user's HOME would leave a directory that shuts the user out."""
    result = subprocess.run([*COMMAND, "status"], env={**environment, "SUDO_UID": str(ADA)}, capture_output=True, text=True)
    assert result.returncode == 2
    assert f"would be made by user 0 in a directory of user {ADA}" in result.stderr
    assert "without sudo" in result.stderr
    assert list(home.iterdir()) == []


def test_with_sudo_a_directory_of_roots_own_is_made(home: Path, environment, tmp_path: Path) -> None:
    """Who means root's queue gets it."""
    own = {**environment, "SUDO_UID": str(ADA), "EXP_QUEUE_HOME": str(tmp_path / "own")}
    assert subprocess.run([*COMMAND, "status"], env=own, capture_output=True).returncode == 0


def test_with_sudo_the_users_queue_is_not_touched(home: Path, environment) -> None:
    """It is there already, and hers: the way out is to leave sudo away."""
    queue = _made(home / ".local" / "state" / "exp-queue", lambda folder: os.chown(folder, ADA, ADA))
    result = subprocess.run([*COMMAND, "status"], env={**environment, "SUDO_UID": str(ADA)}, capture_output=True, text=True)
    assert result.returncode == 2
    assert "without sudo" in result.stderr
    assert list(queue.iterdir()) == []


@pytest.mark.parametrize("left", [".local/state/exp-queue", ".local/state"])
def test_what_sudo_has_left_can_be_taken_back(home: Path, environment, left: str) -> None:
    """Another directory would leave the queue's jobs behind. It is given back, from the topmost folder of root's on."""
    _made(home / left, lambda folder: None)
    line = [sys.executable, "-c", AS, str(ADA)]
    result = subprocess.run(line, env=environment, capture_output=True, text=True)
    assert f"sudo chown -R {ADA} {home}/.local`" in result.stderr


def test_in_a_folder_of_nobody_we_know_another_directory_is_advised(environment) -> None:
    """/root, or a folder of another user, is not ours to take."""
    line = [sys.executable, "-c", AS, str(ADA)]
    result = subprocess.run(line, env={**environment, "EXP_QUEUE_HOME": "/root/exp-queue"}, capture_output=True, text=True)
    assert "set EXP_QUEUE_HOME to a directory of yours" in result.stderr


def _made(folder: Path, then: Callable[[Path], None]) -> Path:
    folder.mkdir(parents=True)
    then(folder)
    return folder
