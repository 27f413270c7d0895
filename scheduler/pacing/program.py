"""What jobs have in common of which a pace is learned: their program. Pure."""

from __future__ import annotations

import os.path
import shlex
from collections.abc import Sequence

from scheduler.experiments.command.program_file import program_files_of_line


def program_key(argv: Sequence[str], cwd: str) -> str:
    """The path of the file that the command runs, also where it is a line for a shell; where it runs none, its first word.

    >>> program_key(["sh", "-c", "A=1 python train.py --lr=1 | tee log"], "/x"), program_key(["python", "-m", "a.b"], "/x")
    ('/x/train.py', '/x/a/b.py')
    >>> program_key(["sh", "-c", "A=1 sleep 3"], "/x"), program_key(["sh", "-c", "it's"], "/x"), program_key(["true", "1"], "/x")
    ('sleep', 'sh', 'true')
    """
    if files := program_files_of_line(argv):
        return os.path.normpath(os.path.join(cwd, files[0]))  # noqa: PTH118
    line = _words(argv[2]) if len(argv) == 3 and argv[0] == "sh" and argv[1] == "-c" else []
    return next((word for word in line if "=" not in word), argv[0])


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []
