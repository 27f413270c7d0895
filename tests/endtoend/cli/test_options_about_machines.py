"""Options about other machines where they mean nothing, or would mean too much."""

from __future__ import annotations

import pytest

from tests.conftest import CommandLine


@pytest.mark.parametrize("command", [("run", "one.yaml"), ("retry", "queued"), ("work",), ("work", "--forever")])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sync"], "write --on ssh:HOST,HOST as well"),
        (["--sync", "--on", "slurm"], "write --on ssh:HOST,HOST as well"),
        (["--slurm", "qos=low"], "write --on slurm as well"),
        (["--slurm", "qos=low", "--on", "ssh:ada"], "write --on slurm as well"),
        (["--slurm", "qso=low", "--on", "slurm"], 'did you mean "qos"?'),
        (["--on", "cluster"], 'it is "slurm", or "ssh:" and hosts'),
        (["--on", "ssh:ada", "-j", "auto"], "-j auto is for jobs of this machine"),
    ],
)
def test_it_is_refused_with_the_way_on(command_line: CommandLine, command: tuple[str, ...], words: list[str], said: str) -> None:
    """Who thinks that the code was brought must not wait for a run of other code; and a job runs nowhere else meanwhile."""
    command_line.write("one.yaml", "command: ['true']\ngrid: {n: [1]}\n")
    command_line("submit", "one.yaml")
    done = command_line(*command, *words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert command_line.states() == ["queued"]


def test_a_look_writes_nowhere(command_line: CommandLine) -> None:
    """`--dry-run` changes nothing."""
    command_line.write("one.yaml", "command: ['true']\ngrid: {n: [1]}\n")
    done = command_line("run", "one.yaml", "--sync", "--on", "ssh:ada", "--dry-run")
    assert (done.returncode, "leave one of the two out" in done.stderr) == (2, True), done.stderr
