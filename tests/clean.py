"""Is a text safe on a terminal? Told without the product's own rule; and what hostile
neighbours leave: texts that are not, and files that are locked."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import COMMAND, CommandLine

# Clears the screen, sets the title, turns the text around, ends the line in every way there is, and pretends to be ours.
EVIL = "a\x1b[2J\x1b]0;b\x07\x9b31m\u202e\u2066\u2028\u2029\x85\x0b\r\nFORGED c"
STEERING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # Unicode's general categories


def steers(text: str, keep: str = "\n") -> list[str]:
    """The characters of `text` that could steer a terminal or hide text, but those in `keep`, and its forged lines."""
    characters = {char for char in text if char not in keep and unicodedata.category(char) in STEERING}
    return sorted(map(ascii, characters)) + [line for line in text.split("\n") if line.startswith("FORGED")]


def printed(line: CommandLine, *words: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command, byte by byte: no carriage return becomes a newline."""
    command = [*COMMAND, *words]
    done = subprocess.run(command, cwd=line.directory, env=line.environment, capture_output=True, timeout=100, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@contextlib.contextmanager
def locked(path: Path, content: bytes) -> Iterator[None]:
    """A file whose lock somebody holds."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
