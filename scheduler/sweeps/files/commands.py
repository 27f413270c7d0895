"""The command of a sweep file: its own, or W&B's default around its program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scheduler.experiments.command import command as commands
from scheduler.experiments.command import launch as launching
from scheduler.experiments.command.launch import Asked
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document

LARGEST_SCRIPT = 1 << 20  # bytes of a script that are looked through
DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")  # W&B's


def sections(document: Document) -> dict[str, Any]:
    """The top of a sweep file. As with W&B, an empty command is none, and `true` in a command is the word that Python writes."""
    top: dict[str, Any] = dict(document.value) if isinstance(document.value, dict) else {}
    command = top.get("command")
    if command == []:
        del top["command"]
    elif isinstance(command, list):
        top["command"] = [str(token) if isinstance(token, bool) else token for token in command]
    return top


def template(document: Document, top: dict[str, Any], asked: Asked) -> launching.Template:
    """The command template of a sweep file, in the style that is asked for. UserError where it names no program."""
    command = launching.read_command(document, top) if "command" in top else DEFAULT_COMMAND
    program = _program(document, top)
    if asked.program is not None:
        if "${program}" not in command:
            words = commands.from_program(commands.split(asked.program))
            return launching.styled((*words[:-2], "${args}"), asked.style)
        program = (asked.program,)
    if "${program}" not in command:
        return launching.styled(command, asked.style)
    if program is None:
        launched = ', but a "job" of W&B Launch' if "job" in top else ""
        what = f'this sweep file names no "program"{launched}'
        raise document.error(what, next_step="add program: train.py, or --program train.py")
    return launching.styled(commands.with_program(command, program), asked.style)


def mentions_wandb(script: str) -> bool:
    """Whether a file can be read and has the word in it, as that of a module or in names of variables."""
    return b"wandb" in _beginning(script)


def is_without_wandb(script: str) -> bool:
    """Whether a file can be read and has nothing of it."""
    return b"wandb" not in (_beginning(script) or b"wandb")


def _beginning(script: str) -> bytes:
    """In small letters; nothing where it cannot be read."""
    try:
        with Path(script).open("rb") as file:
            return file.read(LARGEST_SCRIPT).lower()
    except OSError:
        return b""


def _program(document: Document, top: dict[str, Any]) -> launching.Template | None:
    """The program as one argument, as in W&B; a list of words is taken as its words."""
    if "program" not in top:
        return None
    if isinstance(top["program"], list):
        return launching.read_program(document, top)
    with document.at("program"):
        return (values.text(top["program"]),)
