"""`--notify` as it is typed."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine
from tests.contract.notify.servers import Posts, serving

GRID = 'command: [sh, -c, "[ $1 = x=1 ]", sh, "${args_no_hyphens}"]\ngrid: {x: [1, 2, 3]}\n'
WAITS = 'command: [sh, -c, "until [ -e go ]; do sleep 0.05; done", sh, "${args_no_hyphens}"]\nexperiments: [{x: 1}]\n'


@pytest.fixture
def told(command_line: CommandLine):
    """A program that keeps what it is told, and reads that back."""
    folder = command_line.directory / "told"
    folder.mkdir()
    command_line.write("tell", f'#!/bin/sh\nnew=$(mktemp {folder}/new.XXXXXX) && cat > "$new" && mv "$new" {folder}/$$.json\n')
    (command_line.directory / "tell").chmod(0o700)
    return lambda: events(folder)


def events(folder: Path) -> dict[str, Any]:
    found = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    assert len({each["event"] for each in found}) == len(found), "each is told once"
    return {each["event"]: each for each in found}


def test_a_run_tells_of_its_first_failure_and_its_end(command_line: CommandLine, told, until) -> None:
    """Once each; the exit status and what is printed are as without."""
    command_line.write("grid.yaml", GRID)
    result = command_line("run", "grid.yaml", "--notify", "./tell")
    assert result.returncode == 1, result.stderr
    found = until(lambda: len(told()) == 2 and told())
    assert found["failure"]["title"] == "grid.yaml: the first job has failed"
    assert (found["end"]["title"], found["end"]["jobs"]) == ("grid.yaml: 3 jobs: 1 done, 2 failed", {"done": 1, "failed": 2})
    assert found["end"]["run"] == "grid.yaml"


def test_the_file_says_who_is_told_without_a_word_on_the_command_line(command_line: CommandLine, told, until) -> None:
    """And `--notify none` that nobody is, this once; nor in vain is a runner sent away: its end is told too."""
    text = f"notify: {{use: me, at: end, channels: {{me: {{command: [{command_line.directory}/tell]}}}}}}"
    command_line.environment["EXP_QUEUE_CONFIG"] = str(command_line.directory / command_line.write("config.yaml", text))
    command_line.write("grid.yaml", GRID)
    command_line("run", "grid.yaml", "--notify", "none")
    command_line.write("waits.yaml", WAITS)
    process = command_line.start("run", "waits.yaml")
    until(lambda: "started" in process.stderr.readline())
    assert told() == {}
    process.send_signal(signal.SIGTERM)
    assert until(lambda: told())["end"]["title"] == "waits.yaml: SIGTERM: the runner has left"
    command_line.write("go", "")


def test_a_notification_that_hangs_or_fails_neither_delays_nor_fails_the_run(command_line: CommandLine) -> None:
    """The server answers when the command is over, and not before."""
    command_line.write("grid.yaml", GRID)
    with serving(Posts()) as server:
        server.open.clear()
        result = command_line("run", "grid.yaml", "x=1", "--notify", server.url, "--notify", "desktop", input="")
        assert server.asked.wait(100)
        server.open.set()
    assert result.returncode == 0
    assert 'the notification by "webhook" is still on its way; if it fails, ' in result.stderr


def test_a_word_that_names_nobody_starts_nothing(command_line: CommandLine) -> None:
    """Better now than in the morning."""
    command_line.write("grid.yaml", GRID)
    result = command_line("run", "grid.yaml", "--notify", "fone")
    assert (result.returncode, '"fone" is nobody to notify' in result.stderr) == (2, True)
    assert command_line.jobs() == []


def test_doctor_names_what_a_channel_lacks(command_line: CommandLine) -> None:
    """A secret that is not set, or a file that cannot be read, would be found at the end of a night."""
    text = "notify: {channels: {chat: {url_variable: HOOK_OF_MINE, format: slack}}}"
    command_line.environment["EXP_QUEUE_CONFIG"] = command_line.write("config.yaml", text)
    found = [each for each in json.loads(command_line("doctor", "--format", "json").stdout) if each["about"] == "notifications"]
    assert [(each["state"], each["says"]) for each in found] == [
        ("note", "chat: webhook to $HOOK_OF_MINE (slack); HOOK_OF_MINE not set here")
    ]
    command_line.write("config.yaml", "notify: {channels: 1}")
    found = [each for each in json.loads(command_line("doctor", "--format", "json").stdout) if each["about"] == "notifications"]
    assert [(each["state"], each["says"].startswith("config.yaml:1:20: expected a mapping")) for each in found] == [
        ("problem", True)
    ]


def test_the_channels_are_shown_and_tried(command_line: CommandLine, told) -> None:
    """The exit status says whether all of them work."""
    text = "notify: {channels: {good: {command: [./tell]}, bad: {command: [./missing]}}}"
    command_line.environment["EXP_QUEUE_CONFIG"] = command_line.write("config.yaml", text)
    shown = json.loads(command_line("notify", "--format", "json").stdout)
    assert [row["channel"] for row in shown] == ["good", "bad"]
    tried = command_line("notify", "--test", "--format", "json")
    assert tried.returncode == 1
    assert [row["test"] for row in json.loads(tried.stdout)] == [
        "sent",
        "./missing cannot be started (No such file or directory)",
    ]
    assert list(told()) == ["test"]
    assert command_line("notify", "--test", "good").returncode == 0
