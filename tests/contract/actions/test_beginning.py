"""The first files of somebody who has nothing yet."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scheduler.actions.beginning import SAMPLES, begin, unit
from scheduler.errors import UserError
from tests.conftest import CommandLine


def test_a_second_init_says_what_is_there_and_changes_nothing(command_line: CommandLine) -> None:
    """The file that somebody has edited since is the one thing that cannot be written anew."""
    assert command_line("init").returncode == 0
    for name in SAMPLES:
        command_line.write(name, f"{name}, edited")
    (command_line.directory / "sweeps/sample.yaml").unlink()
    again = command_line("init")
    assert again.stdout == "sweeps/sample.yaml\n"
    assert again.stderr.count("is there already and stays as it is") == len(SAMPLES) - 1
    assert (command_line.directory / "train.py").read_text() == "train.py, edited"


def test_the_next_steps_are_commands_that_work(command_line: CommandLine) -> None:
    """What is printed is pasted; the folder's name may need quotes."""
    said = command_line("init", "my first").stderr
    assert "  cd 'my first'\n" in said
    lines = [line.split("#")[0].strip() for line in said.splitlines() if line.startswith("  exp-queue")]
    assert len(lines) == 2
    work = CommandLine(command_line.directory / "my first", command_line.environment)
    for line in lines:
        done = work(*line.split()[1:], "epochs=2")
        assert done.returncode == 0, done.stderr


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    """It belongs to somebody, as does the place that it names."""
    (tmp_path / "train.py").symlink_to(tmp_path / "elsewhere.py")
    assert begin(tmp_path).kept == ("train.py",)
    assert not (tmp_path / "elsewhere.py").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """What, where, what next."""
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file.*; name another folder"):
        begin(tmp_path / "file")


def test_the_unit_starts_this_python_on_this_queue(command_line: CommandLine, tmp_path: Path) -> None:
    """systemd knows neither the shell's PATH nor its EXP_QUEUE_HOME."""
    command_line.environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    done = command_line("init", "--systemd")
    assert done.stdout == f"{tmp_path}/config/systemd/user/exp-queue.service\n"
    text = Path(done.stdout.strip()).read_text()
    assert f"Environment=EXP_QUEUE_HOME={command_line.home}\n" in text
    assert "-m exp_queue work --forever\n" in text
    assert "systemctl --user enable --now exp-queue" in done.stderr
    assert "stays as it is" in command_line("init", "--systemd").stderr
    assert command_line("init", "folder", "--systemd").returncode == 2


def test_a_stop_of_the_unit_leaves_the_jobs_alone() -> None:
    """systemd ends all processes of a unit unless it is told not to; jobs outlive what started them, also here."""
    assert "\nKillMode=process\n" in unit(Path("/home/me/queue"))


def test_a_percent_sign_in_a_path_means_itself() -> None:
    """systemd would put the user's home in the place of `%h`, and run another queue."""
    assert '\nEnvironment="EXP_QUEUE_HOME=/data/100%%home"\n' in unit(Path("/data/100%home"))


@pytest.mark.parametrize("home", ["/home/me/queue", '/home/me/a "b" 100%/$HOME \\ c'])
def test_systemd_takes_the_unit(tmp_path: Path, home: str) -> None:
    """Its own checker, for a plain place and for one whose name means something to it."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    path = tmp_path / "exp-queue.service"
    path.write_text(unit(Path(home)))
    environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    command = ["systemd-analyze", "--user", "verify", str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
