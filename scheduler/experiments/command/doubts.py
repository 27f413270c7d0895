"""What is doubtful about a command before it has ever run: words for a shell, and a GPU of its own choice."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence

from scheduler.errors import UserError

OPERATORS = ("|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=")
# What is no operator: what a backslash takes, what stands in quotes, and `${...}`, which is ours.
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*"|\$\{[^{}]*\}""", re.DOTALL)
_OPERATOR = re.compile(r"\|\|?|&&?|;|[0-9]?>>?&?|<|\$\(|`|(?<=\s)\*(?=\s|$)|(?<=[\s/])\*\.\w+")
_OWN_GPUS = re.compile(r"(?<![\w$])CUDA_VISIBLE_DEVICES=")


def own_gpus(text: str) -> bool:
    """Whether a command sets CUDA_VISIBLE_DEVICES itself, which is where a job gets its GPU.

    >>> own_gpus("CUDA_VISIBLE_DEVICES=1 python a.py"), own_gpus("echo $CUDA_VISIBLE_DEVICES")
    (True, False)
    """
    return bool(_OWN_GPUS.search(text))


def shell_word(text: str) -> str:
    """The first word of a command in one text that means something to a shell only; "" if there is none.

    >>> shell_word("FOO=1 python a.py"), shell_word("python a.py | tee log"), shell_word("sh -c 'a | b' ${args}")
    ('FOO=1', '|', '')
    """
    bare = _QUOTED.sub(lambda found: "_" * len(found[0]), text)
    if _VARIABLE.match(bare.lstrip()):
        return text.split()[0]
    found = _OPERATOR.search(bare)
    return found[0] if found else ""


def refuse_shell_words(text: str) -> None:
    """UserError where a command in one text needs a shell: there is none, and its program would be given the words."""
    if word := shell_word(text):
        what = f"a shell would understand {word} here, but the command is started without one"
        next_step = 'add "shell: true" to the file, or write [bash, -c, "..."]; in quotes it is an argument like any other'
        raise UserError(what, next_step=next_step)


def refuse_quoted_macros(text: str) -> None:
    """UserError where a text for a shell has a macro in quotes: what it stands for is quoted already, and would stand bare."""
    for found in _QUOTED.finditer(text):
        if found[0][0] in "'\"" and (macro := re.search(r"(?<!\\)\$\{[^{}]*\}", found[0])):
            next_step = f"take {macro[0]} out of the quotes (for a variable of the shell write \\{macro[0]})"
            raise UserError(f"{macro[0]} stands in quotes, and is quoted for the shell already", next_step=next_step)


def shell_argument(command: Sequence[str]) -> str:
    """The argument of a list that looks as if a shell were meant to read it; "" if there is none."""
    if command and _VARIABLE.match(command[0]) and not shutil.which(command[0]):
        return command[0]
    return next((word for word in command[1:] if word in OPERATORS), "")


def notes(command: Sequence[str]) -> Iterator[str]:
    """What the writer of a file with this command should know, though it may be meant so."""
    if word := shell_argument(command):
        yield (
            f"the command is started without a shell, which gives {word} to it as it is; write it as one text with "
            '"shell: true", or [bash, -c, "..."]'
        )
    if any(own_gpus(word) for word in command):
        yield "the command sets CUDA_VISIBLE_DEVICES itself, where a job finds the GPU it was given; without it, no two share one"
