"""What is said to somebody who names a program where a file of experiments is expected."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from scheduler.errors import Place, UserError

INTERPRETERS = {
    ".py": "python ",
    ".jl": "julia ",
    ".R": "Rscript ",
    ".r": "Rscript ",
    ".pl": "perl ",
    ".js": "node ",
    ".lua": "lua ",
}


def refuse_program(path: str, text: str) -> None:
    """Raises UserError, with the way to run it, for a script: by the name of the file, or by its first line."""
    suffix = Path(path).suffix
    if suffix not in INTERPRETERS and (suffix or not text.startswith("#!")):  # a list of commands has a suffix of its own
        return
    program = f"{INTERPRETERS.get(suffix, './' if '/' not in path else '')}{shlex.quote(path)}"
    raise UserError(
        "this is a program, not a file of experiments",
        where=Place(path),
        next_step=f"`exp-queue exec -- {program}` runs it once, on a GPU if there is one; to run it with many values, write a "
        f'file with "program: {path}" and a "grid:", or a list of command lines for `exp-queue run --commands`',
    )


def way_of_command(word: str) -> str:
    """What to do where the name of a file is that of an installed program, such as `python`; nothing where it is not."""
    if "/" in word or not shutil.which(word):
        return ""
    return f"for a command of your own: `exp-queue exec -- {word} ...` runs it once"
