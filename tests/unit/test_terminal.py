"""The one door to the terminal: what it does, and that nobody goes around it."""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler import terminal
from scheduler.errors import Place, UserError
from tests.clean import EVIL, steers
from tests.conftest import ROOT

# Who writes to a stream without the door, and why.
REASONS = {
    "scheduler/terminal.py": "it is the door",
    "scheduler/gpus/sampler_process.py": "its standard output is a pipe to the sampler, one JSON document a line",
    "scheduler/report/tables.py: print_json": "JSON escapes all that is not printable ASCII",
    "scheduler/cli/prepare.py: _write": "the lines are for a shell, byte by byte; on a terminal they pass `safe`",
    "scheduler/report/painter.py": "a frame moves the cursor; all that stands in it has passed `safe` in report/job_cells.py",
    "scheduler/cli/completion.py: completion": "a script of ours for a shell, without anything from outside",
    "scheduler/cli/man.py: man": "a page made of the commands alone, in roff or Markdown",
    "scheduler/cli/completing.py: answer": "for a shell, which asks by a pipe; what is not printable is left out",
    "scheduler/cli/show.py: _print_patch": "a patch, byte by byte, for `git apply`; on a terminal it passes the door",
    "scheduler/tracking/no_account_site/sitecustomize.py": "it runs in a Python of a job, and imports nothing of ours",
    "scheduler/warm/becoming.py": "it is a job by then, and prints what an interpreter prints, into the job's log",
    "scheduler/warm/mother.py": "its streams are a file in memory, what is there belongs to jobs; a launcher's is its journal",
    "scheduler/wandb_server/seat.py": "it is a job: what it prints is the output of its run, and goes into the job's log",
    "scheduler/actions/beginning/train.py": "it is a sample of a job, copied for a user: what it prints goes into the job's log",
    "scheduler/cli/logs.py: logs": "the output of a job, through `safe` unless --raw is given",
}
PRINTERS = ("click.echo", "click.secho", "warnings.warn", "logging.", "traceback.print")
STREAMS = ("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__")
# What may be asked of a standard stream; `write`, `writelines`, `buffer` and whatever else prints may not.
HARMLESS = {"flush", "isatty", "fileno", "errors"}


def ways_around(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of everything that prints without the door: calls of printers, standard streams used for more than to hand
    them on, writes to a stream that was handed on."""
    streams = {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg) and a.annotation and "TextIO" in ast.unparse(a.annotation)}
    for node in ast.walk(tree):
        around = (
            (isinstance(node, ast.Call) and prints(node, streams | {"self._file"}))
            or (isinstance(node, ast.Attribute) and node.attr not in HARMLESS and ast.unparse(node.value) in STREAMS)
            or (isinstance(node, ast.ImportFrom) and {a.name for a in node.names} & {"stdout", "stderr", "echo", "secho"})
        )
        if around:
            yield getattr(node, "lineno", 0), ast.unparse(node)


def prints(call: ast.Call, streams: set[str]) -> bool:
    name = ast.unparse(call.func)
    owner, _, method = name.rpartition(".")
    if name in ("os.write", "os.writev"):
        return bool(call.args) and ast.unparse(call.args[0]) in ("1", "2")
    return name == "print" or name.startswith(PRINTERS) or (method in ("write", "writelines") and owner in streams)


def unexplained(path: str, source: str) -> list[str]:
    """The ways around the door in a source file for which REASONS has no reason."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = []
    for line, text in ways_around(tree):
        inside = [f"{path}: {f.name}" for f in functions if f.lineno <= line <= (f.end_lineno or line)]
        if not {path, *inside} & REASONS.keys():
            found.append(f"{path}:{line}: {text}")
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "scheduler").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_prints_without_the_door(path: Path) -> None:
    """One print that was forgotten is enough for a name to take over a terminal."""
    assert unexplained(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "import click\nclick.echo('x', err=True)",
        "import sys\nsys.stdout.write('x')",
        "import sys\nout = sys.stdout.buffer\nout.write(b'x')",
        "from sys import stderr\nstderr.write('x')",
        "from click import echo",
        "import os\nos.write(2, b'x')",
        "def show(file: TextIO):\n    file.write('x')",
        "import traceback\ntraceback.print_exc()",
        "import warnings\nwarnings.warn('x')",
    ],
)
def test_the_search_for_ways_around_the_door_finds_them(source: str) -> None:
    """A checker is trusted after it has caught a planted bug."""
    assert unexplained("scheduler/cli/new.py", source)


@pytest.mark.parametrize("place", REASONS)
def test_each_reason_is_still_needed(place: str) -> None:
    """A reason whose place is gone would cover the next print there."""
    path, _, function = place.partition(": ")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    lines = [line for line, _ in ways_around(tree)]
    scope = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function] if function else []
    assert any(not function or f.lineno <= line <= (f.end_lineno or 0) for line in lines for f in scope or [None])


def test_a_text_is_one_line_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """A name with a newline could otherwise say something in our name."""
    terminal.say(f"held by {EVIL}")
    terminal.say(["first", EVIL, "last"])
    terminal.show(EVIL)
    shown = capsys.readouterr()
    assert (len(shown.err.splitlines()), len(shown.out.splitlines())) == (4, 1)
    assert steers(shown.err + shown.out) == []


def test_an_error_is_safe_wherever_it_is_shown() -> None:
    """A script with `--gpu=-1` has no command line of ours around it: Python shows what ends it."""
    error = UserError(f"held by {EVIL}", where=Place(EVIL, 3), next_step=EVIL)
    assert steers(str(error), keep="") == []
    assert "held by a\\x1b[2J" in str(error)


def test_nobody_to_read_a_sentence_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has no standard error at all where it was closed before the start."""
    monkeypatch.setattr(sys, "stderr", None)
    terminal.say("x")


def test_the_screen_is_cleared_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file the sequence would be rubbish."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.clear()
    assert stream.getvalue() == ""
    monkeypatch.setattr(stream, "isatty", lambda: True)
    terminal.clear()
    assert stream.getvalue().startswith("\x1b[2J")
