"""Whether a command line starts a Python program, and where in it that program is named. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from scheduler.values import dataclass

SCRIPT, MODULE, CODE = "script", "module", "code"
# Options of the interpreter that change nothing of how a program begins but what the interpreter that is kept has been given too.
_LETTERS = "BbEIOPqsSu"
_INTERPRETER = re.compile(r"python(3(\.\d+)?)?$")


@dataclass(frozen=True)
class Program:
    """`options`: the words between the interpreter and the program; `target`: the path of a script, the name of a module, or
    code, as `kind` says; `arguments`: the words behind it."""

    options: tuple[str, ...]
    kind: str
    target: str
    arguments: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """For people, without its arguments."""
        short = self.target if self.kind != CODE else "..."
        return f"{ {SCRIPT: '', MODULE: '-m ', CODE: '-c '}[self.kind] }{short}"

    def beside(self, cwd: str) -> str:
        """The folder that the program itself adds to those that are searched for modules, when it starts in `cwd`."""
        if self.kind in (CODE, MODULE):
            return cwd
        return os.path.dirname(os.path.realpath(os.path.join(cwd, self.target)))  # noqa: PTH118, PTH120


def behind_env(argv: Sequence[str]) -> Sequence[str]:
    """The words from the interpreter on: W&B's sweeps begin with `/usr/bin/env`, which becomes what it starts."""
    return argv[1:] if argv and argv[0] in ("/usr/bin/env", "env") else argv


def program_of(argv: Sequence[str]) -> Program | None:
    """What `argv` starts; None where that is no Python program, or one that is started in an uncommon way."""
    argv = behind_env(list(argv))
    if not argv or not _INTERPRETER.match(argv[0].rsplit("/", 1)[-1]):
        return None
    for place, word in enumerate(argv[1:], 1):
        if word[:1] != "-":
            return Program(tuple(argv[1:place]), SCRIPT, word, tuple(argv[place + 1 :])) if word else None
        letters = word[1:].lstrip(_LETTERS)
        if letters:
            return _named_by_option(argv, place, letters)
        if word == "-":
            return None
    return None


def _named_by_option(argv: Sequence[str], place: int, letters: str) -> Program | None:
    """The program of `-m NAME` and `-c CODE`, whose word may stand in the same one, and behind other letters."""
    kind = {"m": MODULE, "c": CODE}.get(letters[0])
    rest = [letters[1:]] if letters[1:] else list(argv[place + 1 : place + 2])
    if kind is None or not rest:
        return None
    before = argv[place][: -len(letters)]
    options = (*argv[1:place], *([before] if len(before) > 1 else []))
    return Program(options, kind, rest[0], tuple(argv[place + 1 + (not letters[1:]) :]))
