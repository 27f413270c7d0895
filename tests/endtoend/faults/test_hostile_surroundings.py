"""Secrets, names with dots and slashes, a job that the kernel kills: what must not leak, escape or be guessed."""

from __future__ import annotations

import json
from pathlib import Path

CANARY = "canary-9b1f7c2e4d"


def contents(folder: Path) -> list[tuple[Path, bytes]]:
    return [(path, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


def test_a_secret_in_the_environment_is_written_nowhere(command_line) -> None:
    """API keys live in the environment of whoever types `run`; the job gets them, the state directory does not."""
    command_line.environment["WANDB_API_KEY"] = CANARY
    command_line.write("a.yaml", "command: [sh, -c, 'test -n \"$WANDB_API_KEY\"; exit $?']\nbase: {}\n")
    result = command_line("run", "a.yaml", "--format", "json")
    assert result.returncode == 0, result.stderr
    shown = [command_line(*words).stdout for words in (["show"], ["show", "--format", "json"], ["logs"], ["status"])]
    assert CANARY not in result.stdout + result.stderr + "".join(shown)
    assert [path for path, text in contents(command_line.home) if CANARY.encode() in text] == []


def test_the_search_for_the_secret_finds_one_that_a_job_prints(command_line) -> None:
    """The search of the test above is trusted because it finds what the job itself wrote into its log."""
    command_line.environment["WANDB_API_KEY"] = CANARY
    command_line.write("a.yaml", "command: [sh, -c, 'echo $WANDB_API_KEY']\nbase: {}\n")
    command_line("run", "a.yaml")
    assert [path.name for path, text in contents(command_line.home) if CANARY.encode() in text] == ["log.txt"]


def test_names_with_dots_and_slashes_stay_labels(command_line, tmp_path: Path) -> None:
    """A group called ../../evil names a group; paths are made of ids."""
    text = "experiment_group: ../../evil\ncommand: [echo, '${args}']\ngrid: {x: [../../up, /abs, 'a\\0b'.., ~/home]}\n"
    command_line.write("a.yaml", text.replace("'a\\0b'..", "'..'"))
    before = {path for path in tmp_path.rglob("*") if command_line.home not in path.parents}
    result = command_line("run", "a.yaml")
    assert result.returncode == 0, result.stderr
    outside = {path for path in tmp_path.rglob("*") if command_line.home not in path.parents} - before
    assert outside == {command_line.home}
    assert {job["group"] for job in command_line.jobs()} == {"../../evil"}
    logs = [Path(job["log"]) for job in command_line.jobs()]
    assert all(log.is_relative_to(command_line.home / "attempts") and ".." not in log.parts for log in logs)
    assert sorted(log.read_text().split("=")[-1].strip() for log in logs) == ["..", "../../up", "/abs", "~/home"]


def test_a_job_that_was_killed_is_failed_with_its_signal_and_no_guess(command_line) -> None:
    """The kernel's out-of-memory killer sends SIGKILL, and so do people: without evidence memory is not blamed."""
    command_line.write("a.yaml", "command: [sh, -c, 'kill -9 $$']\nbase: {}\n")
    result = command_line("run", "a.yaml")
    assert result.returncode == 1
    assert [(job["state"], job["exit_status"]) for job in command_line.jobs()] == [("failed", -9)]
    assert "SIGKILL" in result.stderr
    assert "memory" not in result.stderr


def test_a_missing_program_and_a_missing_directory_are_named(command_line) -> None:
    """Failed, with the name of the one that is missing; the other jobs run."""
    command_line.write("a.yaml", "command: ['${args_no_hyphens}']\ngrid: {x: [1]}\n")
    command_line.write("b.yaml", "command: ['true']\nbase: {}\n")
    assert command_line("run", "a.yaml").returncode == 1
    (job,) = json.loads(command_line("show", "last", "--format", "json").stdout)
    assert "program 'x=1'" in job["attempts"][-1]["reason"]
    assert job["attempts"][-1]["exit_status"] is None
    assert command_line("run", "b.yaml").returncode == 0


def test_a_working_directory_that_went_away_is_named(command_line, tmp_path: Path) -> None:
    """It was there when the job was submitted, not when it started."""
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone.parent / "a.yaml").write_text("command: ['true']\nbase: {}\n")
    home, command_line.directory = command_line.directory, gone
    assert command_line("submit", "../a.yaml").returncode == 0
    command_line.directory = home
    gone.rmdir()
    assert command_line("work").returncode == 1
    (job,) = json.loads(command_line("show", "last", "--format", "json").stdout)
    assert f"working directory '{gone}'" in job["attempts"][-1]["reason"]


def test_a_script_without_its_interpreter_is_not_called_missing(command_line) -> None:
    """Written on Windows, its first line ends in a carriage return; the kernel says "no such file" of a file that is there."""
    command_line.write("train", "#!/bin/sh -e\necho\n")
    command_line.write("windows", "#!/bin/sh\r\necho\r\n")
    command_line.write("moved", "#!/opt/moved/python -u\n")
    for name in ("train", "windows", "moved"):
        (command_line.directory / name).chmod(0o700)
        command_line.write(f"{name}.yaml", f"command: [./{name}]\nbase: {{}}\n")
    assert command_line("run", "train.yaml").returncode == 0
    said = command_line("run", "windows.yaml").stderr + command_line("run", "moved.yaml").stderr
    assert "the interpreter in its first line, '/bin/sh\\r', is not there" in said
    assert "the interpreter in its first line, '/opt/moved/python', is not there" in said


def test_a_script_that_is_no_program_of_path_is_not_said_to_lack_its_interpreter(command_line) -> None:
    """`train` for `./train`: what is missing is the `./`, and /bin/sh is where it always was."""
    command_line.write("train", "#!/bin/sh\necho\n")
    (command_line.directory / "train").chmod(0o700)
    command_line.write("a.yaml", "command: [train]\nbase: {}\n")
    for result in (command_line("run", "a.yaml"), command_line("exec", "--", "train")):
        assert "'train': No such file or directory" in result.stderr
        assert "interpreter" not in result.stderr


def test_a_configuration_too_large_for_a_command_line_names_the_way_out(command_line) -> None:
    """The kernel takes 128 KiB in one argument; nobody remembers that at night."""
    command_line.write("a.yaml", f"command: ['true', '${{args_json}}']\nbase: {{a: {'x' * 200_000}}}\n")
    result = command_line("run", "a.yaml")
    assert result.returncode == 1
    assert "Argument list too long; hand over large configurations with ${args_json_file}" in result.stderr
