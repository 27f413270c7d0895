"""Names, tags and notes as they are typed."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import CommandLine

FILE = "command: ['true', '${args}']\ntags: [paper]\ngrid: {x: [1, 2]}\n"


def shown(line: CommandLine, *words: str) -> list[dict[str, Any]]:
    return json.loads(line(*words, "--format", "json").stdout)


def test_a_job_is_tagged_noted_and_renamed_and_found_again(command_line: CommandLine) -> None:
    """The whole way, with the words that the README has."""
    command_line.write("two.yaml", FILE)
    assert command_line("submit", "two.yaml", "--tag", "baseline", "--note", "a first look").returncode == 0
    first, second = shown(command_line, "status", "tag:baseline")
    assert (first["tags"], first["notes"]) == (["baseline", "paper"], "a first look")
    assert "called lr-too-high" in command_line("rename", second["nickname"], "lr-too-high").stderr
    assert command_line("tag", "lr-too-high", "bad").returncode == 0
    assert command_line("note", "lr-too-high", "never", "again").returncode == 0
    assert command_line("note", "lr-too-high").stdout == "never again\n"
    (found,) = shown(command_line, "show", "tag:bad")
    assert (found["nickname"], found["tags"], found["notes"]) == ("lr-too-high", ["bad", "baseline", "paper"], "never again")
    table = command_line("status").stdout.splitlines()
    assert table[0].split() == ["id", "name", "state", "tags", "experiment", "#"]
    assert table[2].split()[1:] == ["lr-too-high", "queued", "bad", "baseline", "paper", "x=2", "2"]
    assert command_line("tag", "last").returncode == 2


def test_the_trials_of_a_sweep_are_tagged(command_line: CommandLine) -> None:
    """They are made one by one, long after the command was typed."""
    command_line.write(
        "sweep.yaml",
        "method: grid\ncommand: ['true', '${args}']\nparameters: {x: {values: [1, 2]}}\n",
    )
    command_line("sweep", "sweep.yaml", "--count", "1", "-j1", "--tag", "one")
    assert [job["tags"] for job in command_line.jobs()] == [["one"]]
    command_line("sweep", "sweep.yaml", "-j1", "--tag", "two")
    assert [job["tags"] for job in command_line.jobs()] == [["one", "two"], ["two"]]
