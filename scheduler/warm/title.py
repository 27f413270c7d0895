"""What others read of a forked process in /proc: its command line and its environment, which a fork takes over from its parent.

The kernel shows the memory that they were laid into at the start of the program that was executed; it is written over here. Room
for that is in it from the start: `ROOM`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

ROOM = "EXP_QUEUE_ROOM"  # a variable that only makes the memory larger
BYTES = 1 << 13


def padding() -> str:
    """A last argument, and the value of ROOM, of a program that is to be renamed later."""
    return "." * BYTES


def show(argv: Sequence[str], environment: Mapping[bytes, bytes] | None = None) -> None:
    """Let /proc say this of this process; where that cannot be, it goes on saying what it did. `environment`: only once nothing
    in this process looks at the one that it began with."""
    try:
        words, block = _where()
        with open("/proc/self/mem", "r+b", buffering=0) as memory:  # noqa: PTH123
            _write(memory.fileno(), words, _as_title(os.fsencode(" ".join(argv)), words[1] - words[0]))
            if environment is not None:
                _write(memory.fileno(), block, _as_block(environment, block[1] - block[0]))
    except (OSError, ValueError, IndexError):
        return


def _where() -> tuple[tuple[int, int], tuple[int, int]]:
    """From where to where the command line lies, and the environment. proc(5): the fields 48 to 51."""
    with open("/proc/self/stat", "rb") as file:  # noqa: PTH123
        fields = file.read().rpartition(b")")[2].split()
    begin, end, first, last = (int(each) for each in fields[45:49])
    return (begin, end), (first, last)


def _as_title(text: bytes, size: int) -> bytes:
    """One text up to its first NUL: that is how the kernel reads memory whose last byte is none."""
    return text[: size - 2].ljust(size - 1, b"\0") + b"."


def _as_block(environment: Mapping[bytes, bytes], size: int) -> bytes:
    block = b"".join(name + b"=" + value + b"\0" for name, value in environment.items())
    return block[:size].ljust(size, b"\0")


def _write(memory: int, place: tuple[int, int], data: bytes) -> None:
    if place[0]:
        os.pwrite(memory, data, place[0])
