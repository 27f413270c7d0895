"""Names, values and output that would steer a terminal, through every command as a user types it."""

from __future__ import annotations

import json
import os
import pty
import subprocess

import pytest

from tests.clean import EVIL, printed, steers
from tests.conftest import COMMAND, CommandLine

SCRIPT = f"""
import sys
print({EVIL!r}, "loss: 0.5", flush=True)
sys.exit({EVIL!r} if "fails" in sys.argv[1] else 0)
"""
FILE = "e\x1b[2J\u202e.yaml"
EXPERIMENTS = {
    "experiment_group": EVIL,
    "command": ["python", "job.py", "${args_json}"],
    "base": {"x": "fails"},
    "grid": {EVIL.replace(".", "_"): [EVIL, "b"]},
}
SWEEP = {
    "program": "job.py",
    "command": ["python", "job.py", "${args_json}"],
    "method": "random",
    "run_cap": 2,
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"values": [EVIL, "fails"]}},
}


@pytest.fixture
def evil(command_line: CommandLine) -> CommandLine:
    """A working directory, a state directory, files, an experiment and a job whose names steer."""
    command_line.directory = command_line.directory / EVIL
    command_line.directory.mkdir()
    command_line.environment["EXP_QUEUE_HOME"] += EVIL
    command_line.write("job.py", SCRIPT)
    command_line.write(FILE, json.dumps(EXPERIMENTS))
    command_line.write(f"sweep-{FILE}", json.dumps(SWEEP))
    return command_line


def told(line: CommandLine, *words: str) -> str:
    """What a command prints, after a look that nothing in it steers."""
    status, out, error = printed(line, *words)
    assert "Traceback" not in error, (words, error)
    assert steers(out + error) == [], (words, status)
    return out + error


def test_no_name_value_or_output_of_a_job_steers_the_terminal(evil: CommandLine) -> None:
    """Files come from colleagues, output from anywhere, and people look at both in a terminal."""
    for words in (["check", FILE], ["run", FILE, "--dry-run"], ["submit", FILE], ["hold", "queued"], ["release", "held"]):
        told(evil, *words)
    assert "\\x1b[2J" in told(evil, "run", FILE)
    assert "| a\\x1b[2J" in told(evil, "retry", "failed")
    for words in (["status"], ["show"], ["explain"], ["work"], ["resume"], ["cancel", "queued"], ["status", "failed"]):
        told(evil, *words)
        told(evil, *words, "--format", "json") if words[0] in ("status", "show", "explain") else None
    _, out, error = printed(evil, "logs")
    assert "a\\x1b[2J" in out
    assert steers(out.replace("FORGED", "") + error) == [], "only the lines of the output are its own"


def test_no_name_or_value_of_a_sweep_steers_the_terminal(evil: CommandLine) -> None:
    """The values of its trials stand in a table, the best ones in a command to paste."""
    for words in (["sweep", f"sweep-{FILE}", "--dry-run"], ["sweep", f"sweep-{FILE}"], ["status"], ["show"]):
        assert "\\x1b[2J" in told(evil, *words), words
    told(evil, "explain", "trial:1")
    evil.write("named.yaml", json.dumps({**SWEEP, "parameters": {EVIL: {"values": [1]}}}))
    assert "is no name for a parameter" in told(evil, "sweep", "named.yaml")


def test_no_word_of_the_command_line_steers_the_terminal(evil: CommandLine) -> None:
    """What is refused is quoted, and may have been pasted."""
    for words in (
        [EVIL],
        ["run", EVIL],
        ["run", FILE, f"{EVIL}=1"],
        ["show", EVIL],
        ["logs", f"{EVIL}!"],
        [f"--{EVIL}"],
        ["status", EVIL],
    ):
        assert "1b[2J" in told(evil, *words), words
    for words in (["exec", "--", EVIL], ["exec", "--wait", EVIL, "--", "true"], ["sweep", EVIL], ["run", FILE, "--style", EVIL]):
        assert "1b[2J" in told(evil, *words), words


def test_a_line_of_a_file_with_a_fault_does_not_steer_the_terminal(evil: CommandLine) -> None:
    """The line is shown below the message; nobody has looked at it yet."""
    evil.write("bad.yaml", "grid: {x: [1, \x9b2J \u202e \u2028]}\nbase: [\n")
    assert "bad.yaml:" in told(evil, "check", "bad.yaml")
    evil.write("bad.json", '{"grid": {"x": [1,, "\x1b[2J\u202e"]}}')
    assert "\\x1b[2J" in told(evil, "check", "bad.json")


def test_lines_for_a_shell_are_exact_in_a_pipe_and_safe_on_a_terminal(evil: CommandLine) -> None:
    """GNU parallel must get every byte; eyes must not."""
    evil.write("lines.yaml", json.dumps({"command": ["echo", "${args}"], "grid": {"x": ["\x1b[2J\u202e"]}}))
    _, out, _ = printed(evil, "prepare", "lines.yaml")
    assert out == "echo '--x=\x1b[2J\u202e'\n"
    reader, terminal = pty.openpty()
    subprocess.run([*COMMAND, "prepare", "lines.yaml"], cwd=evil.directory, env=evil.environment, stdout=terminal, check=True)
    os.close(terminal)
    assert os.read(reader, 1 << 16) == b"echo '--x=\\x1b[2J\\u202e'\r\n"
    os.close(reader)
