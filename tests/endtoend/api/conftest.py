"""A program of the user's, in a folder of his own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.conftest import CommandLine

GRID = 'command: [sh, -c, "{script}", sh, "${{args_no_hyphens}}"]\ngrid: {{x: [1, 2]}}\n'


@pytest.fixture
def program(command_line: CommandLine) -> Callable[..., subprocess.Popen[str]]:
    """Starts a Python program; `script` is what its grid.yaml runs, two jobs of one shell line."""

    def started(code: str, script: str = "echo $*") -> subprocess.Popen[str]:
        command_line.write("grid.yaml", GRID.format(script=script))
        command_line.write("program.py", code)
        process = subprocess.Popen(
            [sys.executable, "program.py"],
            cwd=command_line.directory,
            env=command_line.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        command_line.started.append(process)
        return process

    return started
