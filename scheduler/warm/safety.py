"""Whether this process may be forked, after all that it has imported; and whether what it has imported is still what a program
that begins now would get."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator

from scheduler.values import dataclass
from scheduler.warm.imports import installed

TRACERS = ("coverage", "pydevd", "viztracer")  # a file that starts with every interpreter may have started them


def unsafe() -> str:
    """Why this process must not be forked; empty where it may be."""
    if len(sys._current_frames()) > 1:
        names = ", ".join(each.name for each in threading.enumerate()[1:]) or "one that Python does not know"
        return f"a thread has been started ({names})"
    if tracer := next((name for name in TRACERS if name in sys.modules), "") or (sys.gettrace() and "a tracer"):
        return f"{tracer} watches this process alone"
    if device := next(_devices(), None):
        return f"{device} is open"
    return "a thread has been started that a fork would lose" if _has_other_threads() else ""


def _devices() -> Iterator[str]:
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            target = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115
        except OSError:
            continue
        if target.startswith(("/dev/nvidia", "/dev/kfd", "/dev/dri")):
            yield target


def _has_other_threads() -> bool:
    """Whether threads are left after a fork: the libraries that know of forks (OpenBLAS) end theirs before one, and begin
    anew."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forks beside any thread; whether it matters is what is found out here
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(os.listdir("/proc/self/task")) > 1  # noqa: PTH208


@dataclass(frozen=True)
class Stock:
    """What was imported, and from where: `folders` of installed packages with the times of their last change, `names` of the
    modules that are loaded."""

    folders: tuple[tuple[str, int], ...]
    names: frozenset[str]

    @property
    def is_stale(self) -> bool:
        """Whether something has been installed or removed since."""
        return self.folders != _folders()

    def shadowed(self, beside: str) -> str:
        """A module that the folder of a program has too, which a program that begins there would get; empty: none."""
        try:
            there = os.listdir(beside or ".")  # noqa: PTH208
        except OSError:
            return ""
        return next((name for name in there if self._shadows(beside, name)), "")

    def _shadows(self, beside: str, name: str) -> bool:
        stem, dot, ending = name.partition(".")
        if stem not in self.names or stem in sys.builtin_module_names:
            return False
        return ending in ("py", "so") if dot else os.path.isfile(f"{beside}/{name}/__init__.py")  # noqa: PTH113


def stock(modules: Iterable[str]) -> Stock:
    """Of these modules, by the folders as they are now."""
    return Stock(_folders(), frozenset(name for name in modules if "." not in name))


def _folders() -> tuple[tuple[str, int], ...]:
    return tuple((folder, _changed(folder)) for folder in sys.path if installed(folder))


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


def strangers(modules: Iterable[str]) -> list[str]:
    """Those of the loaded modules that are neither the library's nor installed: an edit of them would not be seen."""
    library = os.path.realpath(os.path.dirname(os.__file__))  # noqa: PTH120
    return [name for name in modules if _is_strange(getattr(sys.modules.get(name), "__file__", None), library)]


def _is_strange(path: str | None, library: str) -> bool:
    if not isinstance(path, str) or not path.startswith("/"):
        return False
    parts = path.split("/")
    return "site-packages" not in parts and "dist-packages" not in parts and not os.path.realpath(path).startswith(library)
