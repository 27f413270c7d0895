"""What commands say before there is any job."""

from __future__ import annotations

import pytest

SAYS = {
    "status": (0, "no jobs yet; `exp-queue run FILE` makes some"),
    "compare": (0, "no jobs yet; `exp-queue run FILE` makes some"),
    "best": (1, "no jobs yet; `exp-queue run FILE` makes some"),
    "report": (2, "no jobs yet; `exp-queue run FILE` makes some"),
    "curves": (2, "there are no jobs yet; `exp-queue run FILE` makes some"),
    "export": (0, "no jobs yet"),
}


@pytest.mark.parametrize("command", SAYS)
def test_where_there_are_no_jobs_it_is_said_what_makes_some(command_line, command: str) -> None:
    """One said that there are no such jobs, another that `status` lists them, a third nothing."""
    done = command_line(command)
    status, said = SAYS[command]
    assert (done.returncode, done.stderr.removeprefix("exp-queue: ").rstrip()) == (status, said)


def test_where_a_word_names_none_of_the_jobs_the_word_is_said(command_line) -> None:
    """`best failed` and `export failed` too."""
    command_line.write("g.yaml", "command: ['true', '${args}']\ngrid: {x: [1]}\n")
    assert command_line("submit", "g.yaml").returncode == 0
    for command in ("best", "export", "compare"):
        assert "no failed jobs" in command_line(command, "failed").stderr
