"""Starting the process of an attempt: the one step of a launcher that has more than one way.

`start_program` starts a program from nothing. A way that takes Python programs from an interpreter which has loaded their
libraries already has the same shape, `Spawn`; a launcher only asks that the process becomes its descendant.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from pathlib import Path

from scheduler.launcher.leftovers import IDLE, WORK
from scheduler.shortage import is_short, words
from scheduler.values import dataclass


@dataclass(frozen=True)
class Order:
    """What to start. `environment` is added to the launcher's own, None takes a variable away; times are in seconds.

    `program`: the path of what `argv[0]` meant when somebody asked for the job; None: whatever it means now.
    `log_cap`: bytes of output that are kept, its beginning and its end; 0: all. `grace`: from the first signal of a stop to
    the next. `leftovers`: what becomes of processes that its main process leaves behind, as in `Policy`; `idle`: with `work`,
    how long they may only sit there.
    `copy_cap`: bytes that are copied from where its links lead, when it is over; 0: none (`kept`). `inputs`: the files that it is
    told to read, by path, and what they hold (`inputs`). `system`: seconds between the rows about what it uses of the machine; 0:
    there are none. `locks`: whether its directory is locked while a process of it lives; not on a folder that machines share.
    `warm`: which interpreter that has loaded its libraries it may be forked from; empty: none.
    """

    attempt: str
    argv: list[str]
    cwd: str
    directory: str
    environment: dict[str, str | None] = field(default_factory=dict)
    timeout: float | None = None
    grace: float = 10.0
    leftovers: str = WORK
    idle: float = IDLE
    log_cap: int = 0
    program: str | None = None
    copy_cap: int = 0
    inputs: dict[str, str] = field(default_factory=dict)
    system: float = 0.0
    locks: bool = True
    warm: str = ""


class NotStarted(Exception):
    """The process could not be started; the text says which part of the order is to blame. `passing`: none of it is, and the
    machine may have room for a process later."""

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


# (order, descriptor of the log, descriptors to inherit) -> process id of a child in a session of its own; NotStarted
Spawn = Callable[[Order, int, Sequence[int]], int]


def start_program(order: Order, log: int, inherited: Sequence[int]) -> int:
    """Start `order.argv` in a session of its own, without input, its output going to `log`; returns its process id.

    Only for a process of one thread, such as a launcher: its working directory is another meanwhile, and then `/`, and the
    descriptors stay inheritable. (subprocess.Popen took twice as long, and a launcher that starts short jobs does little else.)
    """
    return in_its_directory(
        order,
        inherited,
        lambda program, argv, environment: os.posix_spawn(
            program, argv, environment, file_actions=_streams(log), setsid=True, setsigdef=_RESTORED
        ),
    )


def in_its_directory(order: Order, inherited: Sequence[int], begin: Callable[[str, list[str], dict[str, str]], int]) -> int:
    """Call `begin` with the program, its arguments and its whole environment, in the working directory of the order, where its
    children inherit these descriptors. NotStarted for what cannot be, here or there."""
    environment = _whole(order.environment)
    for descriptor in inherited:
        os.set_inheritable(descriptor, True)
    try:
        os.chdir(order.cwd)
        return begin(*_program(order, environment.get("PATH", os.defpath)), environment)
    except (OSError, ValueError) as error:
        passing = isinstance(error, OSError) and is_short(error)
        raise NotStarted(_why_not(error, order), passing=passing) from error
    finally:
        os.chdir("/")  # the directory of a job that is over must not be kept from being unmounted


_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them; a program expects them to end it


@lru_cache(maxsize=1)
def _own_environment() -> dict[str, str]:
    """`os.environ` decodes every variable at every look."""
    return dict(os.environ)


def _whole(additions: Mapping[str, str | None]) -> dict[str, str]:
    """Our own environment with these; None takes a variable away."""
    found = dict(_own_environment())
    for name, text in additions.items():
        if text is None:
            found.pop(name, None)
        else:
            found[name] = text
    return found


def _streams(log: int) -> list[tuple]:
    null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    return [null, (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]


def _program(order: Order, path: str) -> tuple[str, list[str]]:
    """The program to start and its arguments. NotStarted where it is gone: another of its name is not the same program."""
    if order.program is None:
        return find_program(order.argv[0], path, order.cwd), order.argv
    with contextlib.suppress(FileNotFoundError):
        if find_program(order.argv[0], path, order.cwd) == order.program:
            return order.program, order.argv
    if os.access(order.program, os.X_OK):
        # Another stands before it now. By its path, since a Python finds its libraries by the name that it is given.
        return order.program, [order.program, *order.argv[1:]]
    raise NotStarted(
        f"cannot start: program {order.program!r}, which {order.argv[0]!r} meant when the job was asked for, is gone; "
        "put it back, or run the file again where another is meant"
    )


def find_program(name: str, path: str, cwd: str) -> str:
    """The program that `name` means, as execvp(3) finds it: by the job's own PATH, and from its own working directory.

    FileNotFoundError where there is none; one that may not be executed where there is no other.
    """
    if "/" in name:
        return name
    closed = ""
    for folder in path.split(":"):
        file = f"{folder}/{name}" if folder[:1] == "/" else f"{cwd}/{folder or '.'}/{name}"
        if os.path.isfile(file):  # noqa: PTH113 (a Path raises at a folder that is closed to us)
            if os.access(file, os.X_OK):
                return file
            closed = closed or file
    if closed:
        return closed
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _why_not(error: Exception, order: Order) -> str:
    """Names which of directory and program it is that cannot be used."""
    if not isinstance(error, OSError):
        return f"cannot start: {error}"
    if is_short(error):
        return f"cannot start {order.argv[0]!r}: {words(error)}"
    culprit = error.filename or order.argv[0]
    kind = "working directory" if culprit == order.cwd and not Path(order.cwd).is_dir() else "program"
    if error.errno == errno.ENOENT and kind == "program" and (missing := missing_interpreter(culprit)):
        return f"cannot start: program {culprit!r}: the interpreter in its first line, {missing!r}, is not there"
    # One argument may have 128 KiB, all of them with the environment a quarter of the stack's limit.
    instead = "; hand over large configurations with ${args_json_file}" if error.errno == errno.E2BIG else ""
    return f"cannot start: {kind} {culprit!r}: {error.strerror}{instead}"


def missing_interpreter(program: str) -> str:
    """What a script's first line asks for, as the kernel reads it (a `\\r` belongs to the name), where that is not there; else
    empty.

    The kernel says ENOENT for a missing interpreter too, and "no such file" about a file that is there misleads.
    """
    try:
        with open(program, "rb") as file:  # noqa: PTH123
            first = file.readline(256)
    except OSError:
        return ""
    words = first[2:].strip(b" \t\n").replace(b"\t", b" ").split(b" ") if first.startswith(b"#!") else [b""]
    return "" if os.path.exists(words[0]) else os.fsdecode(words[0])  # noqa: PTH110
