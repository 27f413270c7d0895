"""How a launcher that was forked from an interpreter with everything loaded starts a job: by another fork."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from scheduler.launcher import spawning
from scheduler.launcher.spawning import Order
from scheduler.values import dataclass
from scheduler.warm.becoming import Begin, become
from scheduler.warm.command import SCRIPT, Program, behind_env, program_of
from scheduler.warm.safety import Stock


@dataclass(frozen=True)
class Loaded:
    """What an interpreter has loaded, and what its forks must know of it. `key`: for which orders; `said`: what the imports have
    printed; `keep`: descriptors that imports have opened; `ours`, `theirs`, `added`, `handlers`: as for `Begin`."""

    key: str
    stock: Stock
    said: bytes = b""
    keep: frozenset[int] = frozenset()
    ours: frozenset[str] = frozenset()
    theirs: Mapping[str, ModuleType] | None = None
    added: Mapping[str, str] | None = None
    handlers: Mapping[signal.Signals, Any] | None = None

    def beginning(
        self, program: Program, argv: Sequence[str], cwd: str, environment: Mapping[str, str], log: int, keep: frozenset[int]
    ) -> Begin:
        theirs, added, handlers = self.theirs or {}, self.added or {}, self.handlers or {}
        return Begin(program, tuple(argv), cwd, environment, log, keep, self.said, self.ours, theirs, added, handlers)


class WarmSpawn:
    """A `Spawn`. Orders that are for another interpreter, or that this one would not start as a new one would, start cold."""

    def __init__(self, loaded: Loaded, held: Sequence[int]) -> None:
        """`held`: descriptors that the jobs of this launcher inherit."""
        self._loaded, self._held = loaded, held

    def __call__(self, order: Order, log: int, inherited: Sequence[int]) -> int:
        program = program_of(order.argv) if order.warm == self._loaded.key else None
        if program is None or not self._would_begin_alike(program, order.cwd):
            return spawning.start_program(order, log, inherited)
        keep = frozenset([*inherited, *self._held, *self._loaded.keep])

        def begin(_: str, argv: list[str], environment: dict[str, str]) -> int:
            return _fork(self._loaded.beginning(program, behind_env(argv), order.cwd, environment, log, keep))

        return spawning.in_its_directory(order, inherited, begin)

    def _would_begin_alike(self, program: Program, cwd: str) -> bool:
        stock = self._loaded.stock
        return _is_text(program, cwd) and not (stock.is_stale or stock.shadowed(program.beside(cwd)))


def _fork(begin: Begin) -> int:
    pid = os.fork()
    if pid == 0:
        become(begin)
    return pid


def _is_text(program: Program, cwd: str) -> bool:
    """Whether the interpreter would read the program as a text: not what is compiled already, nor what it can import from, which
    is a folder or an archive with a `__main__.py`."""
    if program.kind != SCRIPT:
        return True
    path = os.path.join(cwd, program.target)  # noqa: PTH118
    return not program.target.endswith(".pyc") and not any(_takes(hook, path) for hook in sys.path_hooks)


def _takes(hook: Callable[[str], object], path: str) -> bool:
    try:
        hook(path)
    except ImportError:
        return False
    return True
