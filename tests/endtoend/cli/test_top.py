"""`exp-queue top` as typed: in a terminal of tmux, and where there is none."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import COMMAND, CommandLine
from tests.endtoend.cli.test_live_view import Type, typed

__all__ = ["typed"]  # a fixture

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|4[0-7]|[34]8;)")
FILE = json.dumps({"command": ["true", "${args}"], "grid": {"x": [1, 2, 3]}})
Tmux = Callable[..., str]


@pytest.fixture
def tmux(command_line: CommandLine, tmp_path: Path) -> Iterator[Tmux]:
    """Commands to a tmux of the test's own."""
    if not shutil.which("tmux"):
        pytest.skip("there is no tmux here")
    environment = {**command_line.environment, "TERM": "xterm-256color", "TMUX_TMPDIR": str(tmp_path)}

    def run(*words: str) -> str:
        line = ["tmux", "-L", "test", "-f", os.devnull, *words]
        return subprocess.run(
            line, env=environment, cwd=command_line.directory, capture_output=True, text=True, timeout=100, check=True
        ).stdout

    yield run
    subprocess.run(["tmux", "-L", "test", "kill-server"], env=environment, capture_output=True, timeout=100)


def test_the_keys_work_in_a_real_terminal_which_is_left_as_it_was(
    tmux: Tmux, command_line: CommandLine, until: Callable[[Callable[[], object]], object]
) -> None:
    """At 80 columns, without colours, through a resize, and to the end."""
    pytest.importorskip("textual", reason="the extra `ui` is not installed")
    command_line.write("grid.yaml", FILE)
    command_line("submit", "grid.yaml")

    def shows(*texts: str) -> bool:
        screen = tmux("capture-pane", "-p")
        return all(text in screen for text in texts)

    shell = f"NO_COLOR=1 {' '.join(COMMAND)} top; echo left with $?; sleep 1000"
    tmux("new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", shell)
    until(lambda: shows("nobody runs them", "? keys"))
    tmux("send-keys", "j", "h")
    until(lambda: shows("2 queued · 1 held", "x=2"))
    assert not COLOUR.search(tmux("capture-pane", "-p", "-e"))
    tmux("resize-window", "-x", "50", "-y", "12")
    until(lambda: tmux("capture-pane", "-p").splitlines()[-1].startswith("? keys") and shows("2 queued · 1 held", "x=2"))
    tmux("send-keys", "c", "y")
    until(lambda: shows("1 cancelled"))
    assert "1" in tmux("display-message", "-p", "#{alternate_on}")
    tmux("send-keys", "q")
    until(lambda: shows("left with 0"))
    assert "0" in tmux("display-message", "-p", "#{alternate_on}")
    assert sorted(job["state"] for job in command_line.jobs()) == ["cancelled", "queued", "queued"]


def test_where_there_is_no_terminal_a_sentence_says_what_there_is_instead(command_line: CommandLine) -> None:
    """A pipe would get nothing but codes that move a cursor."""
    found = command_line("top")
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr == (
        "exp-queue: `exp-queue top` needs a terminal with a cursor, and this is none; "
        "`exp-queue watch --once` prints one look, `exp-queue status` the jobs\n"
    )


@pytest.mark.parametrize(("package", "environment"), [("textual", {}), ("", {"TERM": "dumb"})])
def test_what_is_missing_on_a_terminal_is_said_in_a_sentence(
    typed: Type, command_line: CommandLine, package: str, environment: dict[str, str]
) -> None:
    """The extra is an extra: a package of that name that cannot be imported stands for none."""
    command_line.write(f"none/{package or 'nothing'}/__init__.py", "raise ImportError\n")
    path = f"{command_line.directory / 'none'}:{command_line.environment['PYTHONPATH']}"
    found = typed("top", PYTHONPATH=path, **environment)
    assert found.wait() == 2
    assert "\x1b" not in found.written
    assert ("pip install 'exp-queue[ui]'" if package else "TERM=dumb is none") in found.written
