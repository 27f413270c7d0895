"""The one way to start a Python process of our own: what lies in the user's working directory, a scheduler.py or a pynvml.py, is
not ours and is not found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TAKE_OUR_WORDS = (
    "import sys; root, count = sys.argv[1:3]; given = 3 + int(count); installed = sys.argv[3:given]; del sys.argv[1:given]; "
)
# With the folders of installed packages, wherever they are: those of a user alone are not searched under -I. Ours comes first,
# for another package may have its name.
_WITH_PACKAGES = "sys.path[:0] = [] if root in sys.path else [root]; sys.path += installed; "
# Nothing but the standard library and ours, which comes last: it can never stand before the library's.
_ALONE = "sys.path.append(root); "


def command(module: str, call: str, arguments: Sequence[str] = (), *, packages: bool) -> list[str]:
    """The command line of a process that imports `main` from `module` and evaluates `call`, a use of it; there `sys.argv[1:]` are
    `arguments`. `packages`: whether it needs any that are installed; without, it starts in half the time."""
    folders = [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))] if packages else []
    program = f"{_TAKE_OUR_WORDS}{_WITH_PACKAGES if packages else _ALONE}from {module} import main; {call}"
    alone = [] if packages else ["-S"]
    return [sys.executable, "-I", *alone, "-c", program, str(ROOT), str(len(folders)), *folders, *arguments]


def in_background(line: Sequence[str], log: Path, cwd: str | None = None) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that a logout does not end it, its output at the end of a file. `cwd`: None for
    ours."""
    with log.open("ab") as output:
        return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=cwd)
