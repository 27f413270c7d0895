"""The command as a module, where its folder is not on the PATH."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scheduler import __version__


def typed(command_line, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = {"cwd": command_line.directory, "env": command_line.environment, "capture_output": True, "text": True}
    return subprocess.run([sys.executable, "-m", *arguments], timeout=100, **options)


@pytest.mark.parametrize("name", ["scheduler", "exp_queue"])
def test_either_package_is_the_command(command_line, name: str) -> None:
    """`python -m` is what people type when the shell does not find a command; its exit status counts as well."""
    shown, refused = typed(command_line, name, "--version"), typed(command_line, name, "nonsense")
    assert (shown.returncode, shown.stdout) == (0, f"exp-queue, version {__version__}\n"), shown.stderr
    assert refused.returncode == 2
    assert refused.stderr.startswith('exp-queue: unknown command "nonsense"')


def test_beside_a_scheduler_of_somebody_elses_the_other_name_is_the_command(command_line) -> None:
    """It has that name for such people."""
    command_line.write("scheduler.py", "raise SystemExit('not ours')")
    shown = typed(command_line, "exp_queue", "--version")
    assert (shown.returncode, shown.stdout) == (0, f"exp-queue, version {__version__}\n"), shown.stderr
