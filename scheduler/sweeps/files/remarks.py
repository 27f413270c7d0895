"""What the writer of a sweep file should know before it runs: where it means something else than it seems to say.

None of it is an error, since W&B takes such a file as well.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scheduler.errors import Place, Remark
from scheduler.experiments.command import command as commands
from scheduler.experiments.command import launch as launching
from scheduler.experiments.document.document import Document
from scheduler.sweeps.files.commands import is_without_wandb, sections
from scheduler.sweeps.files.sweep_file import NOT_FOLLOWED, Sweep
from scheduler.sweeps.files.yaml_1_1 import differences
from scheduler.sweeps.space.distributions import EXPONENTS, Parameter
from scheduler.sweeps.space.sampling import bounds

_NO_PROGRAM = {f"${{{name}}}" for name in (*commands.ARGUMENT_MACROS, "env", "interpreter")}
_ARGUMENTS = {f"${{{name}}}" for name in commands.ARGUMENT_MACROS}


def remarks(document: Document, sweep: Sweep, command: Sequence[str], own_program: bool = True) -> tuple[Remark, ...]:
    """In the order in which they stand in the file. `sweep` and `command` have the changes of the command line in them;
    `own_program`: no other program takes the place of the file's."""
    found = [*_not_followed(document), *_exponents(document, sweep), *differences(document), *_commands(document, own_program)]
    found += _unheard(document, command)
    return tuple(sorted(found, key=lambda remark: (remark.where.line, remark.where.column)))


def _not_followed(document: Document) -> Iterator[Remark]:
    found = document.keys()
    for key in NOT_FOLLOWED:
        if key in found:
            yield Remark(f'"{key}" is not followed here: {NOT_FOLLOWED[key]}', document.place(key, key=True))


def _exponents(document: Document, sweep: Sweep) -> Iterator[Remark]:
    for parameter in sweep.parameters:
        if parameter.distribution.name in EXPONENTS:
            where = [key for name in parameter.path for key in ("parameters", name)]
            yield Remark(_drawn(parameter), document.place(*where, "distribution"))


def _drawn(parameter: Parameter) -> str:
    name, least, most = parameter.distribution.name, *bounds(parameter.distribution)
    what = f'{name} takes min and max as exponents of e, so "{parameter.name}" is drawn from {least:.4g} to {most:.4g}'
    low, high = parameter.distribution.number("min"), parameter.distribution.number("max")
    if low > 0 and not name.startswith("inv_"):
        return f"{what}; {name}_values was probably meant, which draws from {low:.4g} to {high:.4g}"
    return f"{what}; W&B now refuses it: {name}_values takes the least and the greatest value themselves"


def _commands(document: Document, own_program: bool) -> Iterator[Remark]:
    top = sections(document)
    if own_program and "program" in top:
        yield from _program(document, top["program"])
    if "command" in top:
        yield from _macros(document, top)


def _unheard(document: Document, command: Sequence[str]) -> Iterator[Remark]:
    """A program asks W&B for its parameters, or is handed them; all trials of one that has neither way are the same."""
    script = next((token for token in command if token.endswith(".py")), "")
    if script and not any(macro in token for macro in _ARGUMENTS for token in command) and is_without_wandb(script):
        what = f"no parameter comes to {script}: this command has no ${{args}}, and the script does not ask W&B for them"
        yield Remark(f"{what}; put ${{args}} behind it", document.place("command"))


def _program(document: Document, program: object) -> Iterator[Remark]:
    if not isinstance(program, str) or len(program.split()) < 2 or Path(program).exists() or shutil.which(program):
        return
    what = f'"{program}" is one argument, as with W&B, and nothing here has that name'
    yield Remark(f"{what}; for several write command: [{', '.join(program.split())}, ${{args}}]", document.place("program"))


def _macros(document: Document, top: dict[str, Any]) -> Iterator[Remark]:
    command = launching.read_command(document, top)
    if all(token in _NO_PROGRAM for token in command) or command[0] in _ARGUMENTS:
        what = "this command starts no program: its arguments stand alone"
        yield Remark(f"{what}; put ${{program}} before them, or leave command out", document.place("command"))
    for index, token in enumerate(command):
        for name in commands.handed_on(token):
            what = f"${{{name}}} is handed on as it is, as with W&B, since it is only a part of its argument"
            yield Remark(f"{what}; to have it filled in, let it stand alone", _token(document, top["command"], index))


def _token(document: Document, written: object, index: int) -> Place:
    return document.place("command", index) if isinstance(written, list) else document.place("command")
