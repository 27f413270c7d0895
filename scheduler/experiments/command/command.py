"""The command of an experiment: W&B's macros, filled in from the configuration and from where we run.

The macros and their meaning: https://docs.wandb.ai/guides/sweeps/define-sweep-configuration (section "command").
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scheduler.errors import UserError, nearest
from scheduler.experiments.command.shell import quote, shell_line
from scheduler.experiments.command.styles import HYDRA, STYLES, hydra
from scheduler.experiments.command.value import ABSENT, Config, Value, found
from scheduler.experiments.configurations.configurations import leaves
from scheduler.values import dataclass

DEFAULT_COMMAND = ("${interpreter}", "-m", "text_recognizer.run_experiment", "--gpu=-1", "${args_json}")
ARGUMENT_MACROS = (
    "args_json",
    "args_json_file",
    "args",
    "args_no_equals",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_append_hydra",
    "args_override_hydra",
)
MACROS = (*ARGUMENT_MACROS, "program", "interpreter", "env", "envvar:NAME")

_MACRO = re.compile(r"(\\?)\$\{([^{}]*)\}")
_ESCAPED = "\0{"  # stands for `\${` while a string is split; NUL cannot occur in a command


@dataclass(frozen=True)
class Slot:
    """The place in a command where the arguments of one experiment go, in the style of the macro `name`.

    `folder` is the directory in which `${args_json_file}` has its files; empty for the other macros. `groups`: of a Hydra
    application, which keys choose an option of a config group, each with the sign that Hydra wants for it.
    """

    name: str
    folder: str = ""
    groups: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OwnDirectory:
    """An override of Hydra's that gives each experiment a directory of its own: `text` and what tells it from the others. It is
    left out where an argument sets `key`, or a section around it, already."""

    key: str
    text: str

    def given_by(self, arguments: Sequence[str]) -> str:
        """The argument that sets it already; "" if none does.

        >>> own = OwnDirectory("hydra.run.dir", "hydra.run.dir=x_")
        >>> own.given_by(["lr=1", "++hydra.run.dir=y"]), own.given_by(["hydra=mine"]), own.given_by(["hydra/launcher=joblib"])
        ('++hydra.run.dir=y', 'hydra=mine', '')
        """
        parts = self.key.split(".")
        names = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
        return next((word for word in arguments if word.lstrip("+~").partition("=")[0] in names), "")


@dataclass(frozen=True)
class Text:
    """One argument of several parts. With `quoted`, it is a text for a shell: what is filled in is quoted for that."""

    parts: tuple[str | Slot | Value, ...]
    quoted: bool = False


Launch = tuple[str | Slot | Text | OwnDirectory, ...]


@dataclass(frozen=True)
class Surroundings:
    """What a command takes from where we run. `files` is the directory for the files of `${args_json_file}`.

    `hands_on`: a `${...}` inside a longer argument is the program's own, as in W&B, where Hydra may resolve it; else an error.
    `shell`: the command is one text for a shell, inside of which macros stand. `source` is the file that has the command.
    """

    interpreter: str
    variables: Mapping[str, str]
    files: str = ""
    hands_on: bool = False
    shell: bool = False
    source: str = ""


def surroundings(command: Sequence[str], files: str = "") -> Surroundings:
    """The environment, and for `${interpreter}` W&B's choice: `python` if PATH has it, else `python3`.

    The default command alone gets the interpreter that runs this program, since that one has the packages:
    as `python` where that is what PATH finds, else by its full path.
    """
    found = shutil.which("python")
    if tuple(command) == DEFAULT_COMMAND:
        return Surroundings("python" if found and _is_this_interpreter(found) else sys.executable, os.environ, files)
    return Surroundings("python" if found else "python3", os.environ, files)


def _is_this_interpreter(path: str) -> bool:
    """Same file, same directory. Links in several environments lead to one file, so the file alone says too little."""
    found, own = Path(path), Path(sys.executable)
    return found.parent.resolve() == own.parent.resolve() and found.samefile(own)


def from_program(words: tuple[str, ...]) -> tuple[str, ...]:
    """The lab's call of a program: its words, `--gpu=-1`, and the arguments as JSON. A lone `x.py` is run by Python."""
    if not words:
        raise UserError("the program is empty", next_step='write, for example, "python train.py"')
    runs_itself = not words[0].endswith(".py")
    return (*(() if runs_itself else ("${interpreter}",)), *words, "--gpu=-1", "${args_json}")


def split(text: str) -> tuple[str, ...]:
    """The words of a command that is written as one string, by the rules of a POSIX shell. Raises UserError."""
    try:
        words = shlex.split(text.replace("\\${", _ESCAPED))
    except ValueError:
        next_step = "close it, or write the command as a list"
        raise UserError("a quote in the command is not closed", next_step=next_step) from None
    return tuple(word.replace(_ESCAPED, "\\${") for word in words)


def with_program(command: Sequence[str], program: Sequence[str] | None) -> tuple[str, ...]:
    """The template with `${program}` replaced, so that the program counts in an experiment's id. Raises UserError."""
    uses = "${program}" in command
    if uses and program is None:
        raise UserError("${program} is used, but no program is named", next_step='add "program:" to the file')
    if program is not None and not uses:
        raise UserError(
            'the command does not use "program"',
            next_step="put ${program} into the command, or leave one of the two out",
        )
    escaped = [word.replace("${", "\\${") for word in program or ()]
    return tuple(filled for word in command for filled in (escaped if word == "${program}" else [word]))


def resolve(token: str, around: Surroundings) -> str | Slot | Text:
    """One token of a template, filled in unless it waits for the arguments. Raises UserError for an unknown macro."""
    whole = _MACRO.fullmatch(token)
    if whole and not whole[1] and whole[2] in ARGUMENT_MACROS:
        return _slot(whole[2], around)
    alone = {"interpreter": around.interpreter, "env": "/usr/bin/env"} if whole or around.shell else {}
    parts = _joined(_parts(token, alone, around, whole=bool(whole)))
    return Text(parts, around.shell) if any(not isinstance(part, str) for part in parts) else "".join(map(str, parts))


def _slot(name: str, around: Surroundings) -> Slot:
    return Slot(name, around.files if name == "args_json_file" else "")


def _parts(token: str, alone: Mapping[str, str], around: Surroundings, *, whole: bool) -> Iterator[str | Slot | Value]:
    end = 0
    for match in _MACRO.finditer(token):
        escaped, name = match.groups()
        yield token[end : match.start()]
        end = match.end()
        if around.shell and not escaped and name in ARGUMENT_MACROS:
            yield _slot(name, around)
        elif not escaped and _names_a_value(name) and (whole or not around.hands_on):
            yield Value(name, around.source)
        else:
            text = _text_macro(match, alone, around)
            yield quote(text) if around.shell and not escaped else text
    yield token[end:]


def _joined(parts: Iterable[str | Slot | Value]) -> tuple[str | Slot | Value, ...]:
    """With texts that follow one another as one, and none empty."""
    found: list[str | Slot | Value] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part:
            found.append(part)
    return tuple(found)


def _names_a_value(name: str) -> bool:
    """Whether this may be a key of a configuration; our own macros go first."""
    return name not in MACROS and bool(re.fullmatch(r"[A-Za-z_][\w.-]*", name))


def values_of(token: str | Slot | Text | OwnDirectory) -> tuple[Value, ...]:
    """The single values of the configuration that it has."""
    return tuple(part for part in token.parts if isinstance(part, Value)) if isinstance(token, Text) else ()


def refuse_unknown(value: Value, config: Config) -> None:
    """UserError where this configuration has not the value."""
    if found(config, value.name) is ABSENT:
        raise _unknown(value.name, (*(".".join(path) for path, _ in leaves(config)), *MACROS))


def _text_macro(match: re.Match, alone: Mapping[str, str], around: Surroundings) -> str:
    escaped, name = match.groups()
    if escaped:
        return match[0][1:]
    if name in alone:
        return alone[name]
    if name.startswith("envvar:"):
        return _variable(name.removeprefix("envvar:"), around.variables)
    if around.hands_on and not alone:
        return match[0]
    raise _refused(name)


def handed_on(token: str) -> tuple[str, ...]:
    """The names of our macros that stand inside a longer argument, where they are not filled in."""
    found = _MACRO.fullmatch(token)
    inside = [] if found else [name for escaped, name in _MACRO.findall(token) if not escaped]
    return tuple(name for name in inside if name in MACROS)


def _variable(name: str, variables: Mapping[str, str]) -> str:
    if name not in variables:
        raise UserError(f"the environment variable {name} is not set", next_step=f"export {name}=... before this command")
    return variables[name]


def _refused(name: str) -> UserError:
    if name in MACROS:
        return UserError(f"${{{name}}} must stand alone as one argument", next_step="split the argument before and after it")
    return _unknown(name, MACROS)


def _unknown(name: str, known: Iterable[str]) -> UserError:
    next_step = f"{nearest(name, known)} (for the text itself write \\${{{name}}})"
    return UserError(f"unknown macro ${{{name}}}", next_step=next_step)


def slots(launch: Launch) -> Iterator[Slot]:
    """The places for arguments, also those inside a longer text."""
    for token in launch:
        yield from (part for part in (token.parts if isinstance(token, Text) else (token,)) if isinstance(part, Slot))


def with_groups(launch: Launch, signs: Mapping[str, str]) -> Launch:
    """The launch, in which places for arguments know of these config groups."""

    def known(part: Any) -> Any:
        return replace(part, groups=tuple(signs.items())) if isinstance(part, Slot) else part

    return tuple(
        replace(token, parts=tuple(map(known, token.parts))) if isinstance(token, Text) else known(token) for token in launch
    )


def fill(launch: Launch, arguments: str, as_json: str, file: Callable[[], str], mark: Callable[[], str]) -> tuple[str, ...]:
    """The argument list of one experiment; `as_json` is what `${args_json}` stands for, `file` names a file that holds it, and
    `mark` is what no other experiment has."""
    argv: list[str] = []
    for token in launch:
        if isinstance(token, OwnDirectory):
            argv += [] if token.given_by(argv) else [token.text + mark()]
        elif isinstance(token, Text):
            argv.append("".join(_filled(part, token.quoted, arguments, as_json, file) for part in token.parts))
        else:
            argv += [token] if isinstance(token, str) else _arguments(token, arguments, as_json, file)
    return tuple(argv)


def _arguments(slot: Slot, arguments: str, as_json: str, file: Callable[[], str]) -> list[str]:
    if slot.name == "args_json":
        return [as_json]
    if slot.name == "args_json_file":
        return [file()]
    if slot.name in HYDRA:
        return hydra(json.loads(arguments), HYDRA[slot.name], dict(slot.groups))
    return STYLES[slot.name](json.loads(arguments))


def _filled(part: str | Slot | Value, quoted: bool, arguments: str, as_json: str, file: Callable[[], str]) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Slot):
        return shell_line(_arguments(part, arguments, as_json, file))
    value = part.of(json.loads(arguments))
    return quote(value) if quoted else value
