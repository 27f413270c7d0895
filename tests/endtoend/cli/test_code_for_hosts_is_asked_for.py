"""`--sync` where it means nothing, or would mean too much."""

from __future__ import annotations

import pytest

from tests.conftest import CommandLine


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sync"], "write --on ssh:HOST,HOST as well"),
        (["--sync", "--on", "slurm"], "write --on ssh:HOST,HOST as well"),
        (["--sync", "--on", "ssh:ada", "--dry-run"], "leave one of the two out"),
    ],
)
def test_it_is_refused_with_the_way_on(command_line: CommandLine, words: list[str], said: str) -> None:
    """Who thinks that the code was brought must not wait for a run of other code; and a look must write nowhere."""
    command_line.write("one.yaml", "command: ['true']\ngrid: {n: [1]}\n")
    done = command_line("run", "one.yaml", *words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
