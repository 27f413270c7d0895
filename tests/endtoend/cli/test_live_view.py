"""The live view on a terminal, as typed: a pseudo-terminal, and what it would show of all that is written to it."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scheduler.report.screen import Screen
from tests.conftest import COMMAND, CommandLine

pytest.importorskip("rich", reason="the extra `ui` is not installed")

SCRIPT = """
for n in 0 1 2 3; do echo "{\\"_step\\": $n, \\"_time\\": 100$n, \\"loss\\": 0.$((9 - n))}"; done > "$EXP_QUEUE_METRICS"
trap 'exit 9' INT TERM
until [ -e enough ]; do sleep 0.05; done
"""
FILE = json.dumps({"command": ["sh", "-c", SCRIPT, "${args}"], "grid": {"x": [1, 2, 3]}})
MODES = re.compile(r"\x1b\[\?(\d+)([hl])")
COLOURS = re.compile(r"\x1b\[[\d;]*m")
WAIT = 100.0


@dataclass
class Terminal:
    """A command in the foreground of a terminal of its own, and all that it has written there."""

    pid: int
    fd: int
    raw: bytes = b""
    status: int | None = None

    @property
    def written(self) -> str:
        """As text; of its last character a part only may have been read."""
        return codecs.utf_8_decode(self.raw, "strict", False)[0].replace("\r\n", "\n")

    def shown(self) -> list[str]:
        screen = Screen()
        screen.write(COLOURS.sub("", MODES.sub("", self.written)))
        return screen.rest().rstrip("\n").split("\n")

    def modes(self) -> dict[str, str]:
        return dict(MODES.findall(self.written))

    def is_amid_a_frame(self) -> bool:
        """Whether of a frame only a part has been read: what a frame switches off, it switches on at its end."""
        return "l" in self.modes().values()

    def until(self, true: Callable[[list[str]], object]) -> list[str]:
        deadline = time.monotonic() + WAIT
        while self.is_amid_a_frame() or not true(self.shown()):
            assert time.monotonic() < deadline, self.shown()
            self._read(1.0)
        return self.shown()

    def wait(self) -> int:
        """Its exit status, with all that it had to say."""
        while self._read(WAIT):
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self, seconds: float) -> bool:
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):  # EIO: nobody has it open any more
            if found := os.read(self.fd, 1 << 16):
                self.raw += found
                return True
        return False


Type = Callable[..., Terminal]


@pytest.fixture
def typed(command_line: CommandLine) -> Iterator[Type]:
    """Type a command into a terminal of 80 columns and 24 lines."""
    open_ones: list[Terminal] = []

    def run(*words: str, **environment: str) -> Terminal:
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(command_line.directory)
            given = {**command_line.environment, "TERM": "xterm-256color", **environment}
            given.pop("JPY_PARENT_PID", None)
            os.execve(sys.executable, [*COMMAND, *words], given)  # noqa: S606
        open_ones.append(Terminal(pid, fd))
        open_ones[-1].resize(80, 24)
        return open_ones[-1]

    command_line.write("grid.yaml", FILE)
    yield run
    Path(command_line.directory, "enough").touch()
    for each in open_ones:
        if each.status is None:
            os.kill(each.pid, signal.SIGKILL)
            os.waitpid(each.pid, 0)
        os.close(each.fd)


def draws(rows: list[str]) -> bool:
    return any("step 3" in row and "loss 0.6" in row and "█▆▃▁" in row for row in rows)


def both_draw(rows: list[str]) -> bool:
    return sum("step 3" in row for row in rows) == 2


def test_a_run_shows_its_jobs_and_leaves_lines_and_a_table(typed: Type, command_line: CommandLine) -> None:
    """What is over scrolls above what is drawn; in the end nothing of the view is left."""
    run = typed("run", "grid.yaml", "-j2")
    rows = run.until(lambda rows: both_draw(rows) and any("1 queued" in row and "2 running" in row for row in rows))
    assert draws(rows)
    assert any(row.startswith("waits ") and row.endswith("x=3: for a slot") for row in rows)
    command_line.write("enough", "")
    assert run.wait() == 0
    rows = run.shown()
    assert sum(" done after " in row and "/3]" in row for row in rows) == 3
    assert not any("step 3" in row or "running" in row for row in rows)
    assert [row.split()[1] for row in rows if "done" in row and " after " not in row][:3] == ["done"] * 3
    assert set(run.modes().values()) == {"h"}


def test_two_ctrl_cs_leave_the_terminal_clean_and_say_what_they_always_say(typed: Type) -> None:
    """The words, the exit status and what becomes of the jobs are those of plain lines."""
    run = typed("run", "grid.yaml", "-j1")
    run.until(draws)
    os.write(run.fd, b"\x03")
    run.until(lambda rows: any("Ctrl-C again stops them" in row for row in rows) and draws(rows))
    os.write(run.fd, b"\x03")
    assert run.wait() == 130
    rows = run.shown()
    assert any("stopping 1 job (SIGINT)" in row for row in rows)
    assert not any("step 3" in row for row in rows)
    assert set(run.modes().values()) == {"h"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_leave_leaves_the_terminal_clean(typed: Type, number: signal.Signals) -> None:
    """What runs goes on, and the words say so below nothing."""
    run = typed("run", "grid.yaml", "-j1")
    run.until(draws)
    os.kill(run.pid, number)
    assert run.wait() == 128 + number
    rows = run.shown()
    assert rows[-1].startswith("and the same") or "leaving; what runs goes on" in " ".join(rows[-3:])
    assert not any("step 3" in row for row in rows)
    assert set(run.modes().values()) == {"h"}


def test_a_terminal_that_becomes_narrow_gets_a_narrow_view(typed: Type) -> None:
    """No row may be longer than it: the next frame would not find its beginning."""
    run = typed("run", "grid.yaml", "-j1")
    run.until(draws)
    run.resize(32, 24)
    run.until(lambda rows: any("loss 0.6" in row and "step" not in row for row in rows[-3:]))
    last = run.written.rpartition("\x1b[?25l")[2]
    frame = COLOURS.sub("", MODES.sub("", last)).split("\x1b[K")[1:]
    assert frame
    assert all(len(row.split("\n")[0]) <= 32 for row in frame)


@pytest.mark.parametrize(
    ("words", "environment"),
    [((), {"TERM": "dumb"}), (("--plain",), {}), ((), {"EXP_QUEUE_PLAIN": "1"}), ((), {"TERM": ""})],
)
def test_where_lines_are_wanted_there_are_lines(
    typed: Type, command_line: CommandLine, words: tuple[str, ...], environment: dict[str, str]
) -> None:
    """As in a file: every start is told, and nothing is drawn."""
    command_line.write("enough", "")
    run = typed("run", "grid.yaml", "-j1", *words, **environment)
    assert run.wait() == 0
    assert "\x1b" not in run.written
    assert run.written.count(" started: x=") == 3


def test_without_rich_there_are_lines_and_no_word_of_it(typed: Type, command_line: CommandLine) -> None:
    """The extra is an extra: a package of that name that cannot be imported stands for none."""
    command_line.write("enough", "")
    command_line.write("none/rich/__init__.py", "raise ImportError\n")
    path = f"{command_line.directory / 'none'}:{command_line.environment['PYTHONPATH']}"
    run = typed("run", "grid.yaml", "-j1", PYTHONPATH=path)
    assert run.wait() == 0
    assert "\x1b" not in run.written
    assert "exp-queue[ui]" not in run.written
    assert run.written.count(" started: x=") == 3


def test_without_colours_the_view_has_none(typed: Type) -> None:
    """NO_COLOR is honoured; what is bold stays bold."""
    run = typed("run", "grid.yaml", "-j1", NO_COLOR="1")
    run.until(draws)
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;)", run.written)


def test_a_watch_shows_the_same_and_ends_with_the_jobs(typed: Type, command_line: CommandLine) -> None:
    """Another process sees what the run sees."""
    run = typed("run", "grid.yaml", "-j2", "--plain")
    run.until(lambda rows: sum(" started: " in row for row in rows) == 2)
    watch = typed("watch")
    assert draws(watch.until(both_draw))
    once = json.loads(command_line("watch", "--format", "json").stdout)
    assert [each["metric"] for each in once["running"]] == [{"name": "loss", "value": 0.6}] * 2
    assert "step 3" in command_line("watch", "--once", "running").stdout
    command_line.write("enough", "")
    assert run.wait() == 0
    assert watch.wait() == 0
    assert sum(" done after " in row for row in watch.shown()) >= 2
    assert set(watch.modes().values()) == {"h"}


def test_a_ctrl_c_ends_a_watch_and_nothing_else(typed: Type, command_line: CommandLine) -> None:
    """It only looks."""
    command_line("submit", "grid.yaml")
    watch = typed("watch")
    watch.until(lambda rows: any("nobody runs them" in row for row in rows))
    os.write(watch.fd, b"\x03")
    assert watch.wait() == 130
    assert not any("queued" in row for row in watch.shown())
    assert {job["state"] for job in command_line.jobs()} == {"queued"}


def test_a_watch_of_nothing_says_so(command_line: CommandLine) -> None:
    """A word that names no job is a mistake; a queue without any is none."""
    assert command_line("watch", "group:none").returncode == 2
    empty = command_line("watch")
    assert (empty.returncode, empty.stderr) == (0, "")
