"""Who holds the lock of a directory: processes that have inherited it, wherever they have escaped to (proc(5): fd, fdinfo)."""

from __future__ import annotations

import os
import re

from scheduler.linux import processes, standstill


def holders(directory: str) -> list[processes.Process]:
    """The processes that hold the lock of a directory, as far as they may be seen. Never this one."""
    real, found = os.path.realpath(directory), []  # as the kernel names it
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit() and int(name) != os.getpid() and _holds(f"/proc/{name}", real):
            found.append(processes.look_up(int(name)))
    return [process for process in found if process]


def _holds(place: str, directory: str) -> bool:
    try:
        for number in os.listdir(f"{place}/fd"):  # noqa: PTH208
            if os.readlink(f"{place}/fd/{number}") == directory:  # noqa: PTH115
                with open(f"{place}/fdinfo/{number}", "rb") as file:  # noqa: PTH123
                    return re.search(rb"FLOCK +ADVISORY +WRITE", file.read()) is not None  # a probe is shared
    except OSError:  # it is gone, or another user's
        return False
    return False


def tree_of(directory: str) -> list[processes.Process]:
    """The processes that hold the lock of a directory, and all below them."""
    found = {each.pid: each for each in holders(directory)}
    for pid in list(found):
        found.update({each.pid: each for each in processes.descendants(pid)})
    return list(found.values())


def stand_still(directory: str) -> bool:
    """Whether there are holders of its lock, and all of them stand still."""
    found = holders(directory)
    return bool(found) and all(standstill.stands(each) for each in found)
