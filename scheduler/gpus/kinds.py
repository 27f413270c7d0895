"""What a name in a folder of everybody's stands for, in words, and whose it is."""

from __future__ import annotations

import os
import stat

from scheduler.gpus.ownership import user_name

_KINDS = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def kind(status: os.stat_result) -> str:
    """`a file`, `a link`, `a pipe` ..."""
    return next((name for test, name in _KINDS if test(status.st_mode)), "a device")


def strange(status: os.stat_result) -> bool:
    """Whether it belongs to a third user, who is neither root nor we: such a one can remove what lies in his folders."""
    return status.st_uid not in (0, os.geteuid())


def whose(status: os.stat_result) -> str:
    """The owner's name."""
    return user_name(status.st_uid)
