"""The command of a file: from its `command` or `program`, or the command line's `--program`, to what is launched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from scheduler.errors import UserError, about
from scheduler.experiments.command import command as commands
from scheduler.experiments.command.doubts import refuse_quoted_macros, refuse_shell_words
from scheduler.experiments.command.hydra_groups import IN_THE_LIST, NOT_IN_IT, Signs, groups_of
from scheduler.experiments.command.hydra_program import application
from scheduler.experiments.command.shell import shell_line
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.values import dataclass

SHELL = ("sh", "-c")
TEMPLATE = "template"
STYLES = {"json": "${args_json}", "flags": "${args}", "hydra": "${args_override_hydra}"}
STYLE_NAMES = (TEMPLATE, *STYLES)

Template = tuple[str, ...]
_ARGUMENTS = re.compile(r"(?<!\\)\$\{(?:%s)\}" % "|".join(commands.ARGUMENT_MACROS))  # noqa: UP031 (braces)


@dataclass(frozen=True)
class Asked:
    """What the command line says about the command: another program, another style, and where argument files lie."""

    program: str | None = None
    style: str = TEMPLATE
    files: str = "arguments"


ASKED = Asked()  # nothing special


def template(document: Document, top: dict[str, Any], asked: Asked) -> Template:
    """The command template, in the style that is asked for.

    A program of the command line wins over the file's own program and command.
    """
    command = _template(document, top, asked)
    if asked.program is None and "command" in top and in_shell(document, top):
        return (*SHELL, _styled_text(command[-1], asked.style))
    return styled(command, asked.style)


def _styled_text(text: str, style: str) -> str:
    """A text for a shell with its arguments in another style, at their place, or at the end where it has none."""
    if style == TEMPLATE:
        return text
    first, *others = _ARGUMENTS.split(text)
    return f"{first}{STYLES[style]}{''.join(others)}" if others else f"{text} {STYLES[style]}"


def _template(document: Document, top: dict[str, Any], asked: Asked) -> Template:
    own = read_command(document, top) if "command" in top else None
    if asked.program is not None:
        with about("--program"):
            refuse_shell_words(asked.program)
            words = commands.split(_speakable(asked.program))
            keeps = own is not None and "${program}" in own
            return commands.with_program(own or (), (asked.program,)) if keeps else _called(words, asked.style)
    named = read_program(document, top) if "program" in top else None
    with document.at("command" if own is not None else "program"):
        if own is not None and named is not None and in_shell(document, top):
            return (*SHELL, own[-1].replace("${program}", shell_line(named).replace("${", "\\${")))
        if own is not None:
            return commands.with_program(own, _in_place(top["program"], named) if named is not None else None)
        return _called(named, asked.style) if named is not None else commands.DEFAULT_COMMAND


def _called(words: Template, style: str) -> Template:
    """A program alone. Only the lab's own style comes with `--gpu=-1`; other people's scripts do not know it."""
    return commands.from_program(words) if style in (TEMPLATE, "json") else (*commands.from_program(words)[:-2], STYLES[style])


def _in_place(written: object, words: Template) -> Template:
    """What `${program}` stands for: one argument if the program is text, as in W&B; its words if it is a list."""
    return words if isinstance(written, list) else (str(written),)


def styled(command: Template, style: str) -> Template:
    """The template with its arguments in another style, at their place, or at the end where it has none."""
    if style == TEMPLATE:
        return command
    macros = {f"${{{name}}}" for name in commands.ARGUMENT_MACROS}
    positions = [index for index, token in enumerate(command) if token in macros]
    if not positions:
        return (*command, STYLES[style])
    kept = [token for index, token in enumerate(command) if index not in positions[1:]]
    return tuple(STYLES[style] if token in macros else token for token in kept)


def read_program(document: Document, top: dict[str, Any]) -> Template:
    """The words of the file's `program`, which is text or a list."""
    written = top["program"]
    if isinstance(written, list):
        return _tokens(document, "program", written)
    with document.at("program"):
        refuse_shell_words(values.text(written))
        return commands.split(_speakable(values.text(written)))


def read_command(document: Document, top: dict[str, Any]) -> Template:
    written = top["command"]
    with document.at("command"):
        if not isinstance(written, (str, list)) or not (written.strip() if isinstance(written, str) else written):
            next_step = "write, for example, [python, train.py, ${args}]"
            raise values.expected("a command, as a list or as text", written, next_step)
        if isinstance(written, str):
            if in_shell(document, top):
                refuse_quoted_macros(written)
                return (*SHELL, _speakable(written))
            refuse_shell_words(written)
            return commands.split(_speakable(written))
        if in_shell(document, top):
            next_step = 'write command: "FOO=1 python train.py ${args} | tee log"'
            raise values.expected("the command as text, with shell: true", written, next_step)
    return _tokens(document, "command", written)


def in_shell(document: Document, top: dict[str, Any]) -> bool:
    """Whether the file says `shell: true`. UserError where it has no command that a shell could run."""
    with document.at("shell"):
        wanted = values.truth(top.get("shell", False))
        if wanted and "command" not in top:
            next_step = 'write command: "python train.py ${args} | tee log"'
            raise UserError("shell: true is about a command, and the file has none", next_step=next_step)
        return wanted


def _tokens(document: Document, section: str, written: Sequence[object]) -> Template:
    return tuple(_token(document, section, index, token) for index, token in enumerate(written))


def _token(document: Document, section: str, index: int, token: object) -> str:
    """One argument of the command; a bare number in YAML stands for its digits."""
    with document.at(section, index):
        if isinstance(token, (int, float)) and not isinstance(token, bool):
            return json.dumps(token)
        return _speakable(values.text(token))


def _speakable(text: str) -> str:
    if "\0" in text:
        raise values.expected("text without a NUL character", text, "remove it")
    return text


def launch(
    document: Document, top: dict[str, Any], command: Template, asked: Asked, *, hands_on: bool = False
) -> commands.Launch:
    """The command with all macros but the arguments filled in from where we run. `hands_on`: as in `Surroundings`. A Hydra
    application gets an argument for a directory of its own."""
    shell = asked.program is None and in_shell(document, top)
    around = replace(commands.surroundings(command, asked.files), hands_on=hands_on, source=document.file)
    filled: list[str | commands.Slot | commands.Text] = []
    for index, token in enumerate(command):
        with _about(document, top, asked, index):
            filled.append(commands.resolve(token, replace(around, shell=shell and index >= len(SHELL))))
    found = application(tuple(filled))
    signs = {**(groups_of(found.primaries) if found else {}), **declared_groups(document, top)}
    launched = commands.with_groups(tuple(filled), signs) if signs else tuple(filled)
    return (*launched, found.own) if found and found.own else launched


def declared_groups(document: Document, top: dict[str, Any]) -> Signs:
    """The config groups of the program that the file names itself, `+` before one that is in no defaults list."""
    with document.at("groups"):
        names = top.get("groups", [])
        if not isinstance(names, list):
            raise values.expected("a list of the program's config groups", names, "write groups: [model]")
        return {values.text(name).lstrip("+"): NOT_IN_IT if values.text(name).startswith("+") else IN_THE_LIST for name in names}


@contextmanager
def _about(document: Document, top: dict[str, Any], asked: Asked, index: int) -> Iterator[None]:
    """Say where the token of this number stands."""
    key = "command" if "command" in top else "program"
    with document.at(key, index) if asked.program is None else about("--program"):
        yield


def refuse_unknown_values(
    document: Document, top: dict[str, Any], launch: commands.Launch, asked: Asked, configs: Iterable[dict[str, Any]]
) -> None:
    """UserError, with its place, for a `${NAME}` in the command that one of these configurations has not; they are made only
    where there is such a name."""
    named = [(index, value) for index, token in enumerate(launch) for value in commands.values_of(token)]
    for config in configs if named else ():
        for index, value in named:
            with _about(document, top, asked, index):
                commands.refuse_unknown(value, config)
