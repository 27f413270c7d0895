"""The scripts of completion in the shells themselves."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CommandLine

Meant = list[list[str]]

FILE = "experiment_group: Line CNN\ncommand: ['true', '${args}']\ngrid: {lr: [0.25, 0.01], net: [{width: 3}]}\n"
# What the shell finds as exp-queue: it completes as the real one, and else shows the words that it was given.
PROGRAM = """#!/bin/sh
if [ -n "$_EXP_QUEUE_COMPLETE" ]; then exec {python} -m scheduler.cli.main; fi
for word in "$@"; do printf 'word<%s>\\n' "$word"; done
echo end-of-words
"""


@pytest.fixture
def environment(command_line: CommandLine, tmp_path: Path) -> dict[str, str]:
    """A queue with two jobs, and the program in the path."""
    command_line.write("e.yaml", FILE)
    assert command_line("submit", "e.yaml").returncode == 0
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "exp-queue").write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
    (folder / "exp-queue").chmod(0o755)
    (tmp_path / "user").mkdir()
    mine = {"PATH": f"{folder}:{os.environ['PATH']}", "TERM": "dumb", "HOME": str(tmp_path / "user"), "PS1": "> "}
    return {**command_line.environment, **mine}


def script_of(shell: str, command_line: CommandLine) -> str:
    """What is installed for this shell; where there is none the test is skipped."""
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here")
    return command_line("completion", shell).stdout


def typed(shell: list[str], text: str, environment: dict[str, str], directory: Path) -> str:
    """What a shell on a terminal shows when this is typed, to its end."""
    own, its = pty.openpty()
    with subprocess.Popen(
        shell, stdin=its, stdout=its, stderr=its, env=environment, cwd=directory, start_new_session=True
    ) as process:
        os.close(its)
        os.write(own, text.encode())
        shown = b""
        while True:
            try:
                some = os.read(own, 65536)
            except OSError:  # the terminal has nobody left on its other side
                break
            if not some:
                break
            shown += some
        process.wait(60)
    os.close(own)
    return shown.decode(errors="replace")


def words(shown: str) -> list[list[str]]:
    """The words of each command that was run."""
    runs = shown.replace("\r", "").split("end-of-words\n")[:-1]
    return [[line[5:-1] for line in run.splitlines() if line.startswith("word<") and line.endswith(">")] for run in runs]


LINES = "exp-queue stat\t group:L\t\nexp-queue run e.y\t lr=0.2\t net.w\t3\nexp-queue status --form\t j\t\n"
MEANT = [["status", "group:Line CNN"], ["run", "e.yaml", "lr=0.25", "net.width=3"], ["status", "--format", "json"]]
ASKED = ["exp-queue stat", "exp-queue status group:L", "exp-queue run e.y", "exp-queue run e.yaml lr=0.2"]
OFFERED = [["status"], ["group:Line CNN"], ["e.yaml"], ["lr=0.25"]]
SILENT = PROGRAM.replace("exec {python} -m scheduler.cli.main", "exit 0")


def in_bash(environment: dict[str, str], command_line: CommandLine, user: Path) -> Meant:
    """What is run where LINES are typed."""
    script = user / "completion"
    script.write_text(script_of("bash", command_line), encoding="utf-8")
    shell = ["bash", "--noprofile", "--rcfile", str(script), "-i"]
    return words(typed(shell, f"{LINES}exit\n", environment, command_line.directory))


def in_zsh(environment: dict[str, str], command_line: CommandLine, user: Path) -> Meant:
    """The same in zsh."""
    script = script_of("zsh", command_line)
    (user / ".zshrc").write_text(
        f"unsetopt prompt_cr zle_bracketed_paste\nautoload -U compinit; compinit -u -D\n{script}", encoding="utf-8"
    )
    return words(typed(["zsh", "-d", "-i"], f"{LINES}exit\n", {**environment, "ZDOTDIR": str(user)}, command_line.directory))


def in_fish(environment: dict[str, str], command_line: CommandLine, user: Path) -> Meant:
    """What fish says itself that it would offer, where each of ASKED is typed."""
    script = user / "completion.fish"
    script.write_text(script_of("fish", command_line), encoding="utf-8")
    program = "; ".join([f"source {script}", *(f"complete -C '{line}'; echo end" for line in ASKED)])
    done = subprocess.run(
        ["fish", "--no-config", "-c", program],
        env=environment,
        cwd=command_line.directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.stderr
    return [[line.partition("\t")[0] for line in part.splitlines()] for part in done.stdout.split("end\n")[:-1]]


SHELLS = pytest.mark.parametrize(
    ("shell", "meant"), [(in_bash, MEANT), (in_zsh, MEANT), (in_fish, OFFERED)], ids=["bash", "zsh", "fish"]
)


@SHELLS
def test_a_shell_completes_commands_groups_files_keys_and_values(
    environment: dict[str, str], command_line: CommandLine, shell: Callable[..., Meant], meant: Meant
) -> None:
    """What is typed with Tabs is what is run, blanks and colons of names included."""
    assert shell(environment, command_line, Path(environment["HOME"])) == meant


@SHELLS
def test_a_completer_that_offers_nothing_would_be_found_out(
    environment: dict[str, str], command_line: CommandLine, tmp_path: Path, shell: Callable[..., Meant], meant: Meant
) -> None:
    """A checker is trusted after it has caught a planted bug: what a shell completes by itself must not pass for ours."""
    (tmp_path / "bin/exp-queue").write_text(SILENT, encoding="utf-8")
    found = shell(environment, command_line, Path(environment["HOME"]))
    assert [ours for theirs, ours in zip(meant, found, strict=True) if theirs == ours] == []
