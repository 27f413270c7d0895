"""Wake up at a time of the wall clock: timerfd_create(2). A clock that is set, and a machine that has slept, are noticed."""

from __future__ import annotations

import contextlib
import ctypes
import os
from types import TracebackType

# <time.h>, <sys/timerfd.h>
CLOCK_REALTIME, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 0, 1, 2


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Time), ("value", _Time))


class Alarm:
    """A descriptor for `selectors` that is readable once its time has come, or after somebody has set the clock.

    `precise` is False where the kernel gives no timer: then the descriptor is never readable, and callers must look again after
    a while in any case.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        fd: int = self._libc.timerfd_create(CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC)
        self.precise = fd >= 0
        self._fds: tuple[int, ...] = (fd,) if self.precise else os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._at: float | None = None

    def fileno(self) -> int:
        return self._fds[0]

    def set(self, at: float | None) -> None:
        """Ring at this time, in seconds since 1970, and no more at the one before; None: never."""
        if at == self._at or not self.precise:
            return
        self._at = at
        seconds, rest = divmod(max(at, 1e-9), 1.0) if at is not None else (0, 0.0)
        setting = _Setting(_Time(0, 0), _Time(int(seconds), int(rest * 1e9)))
        flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
        self._libc.timerfd_settime(self._fds[0], flags, ctypes.byref(setting), None)

    def drain(self) -> None:
        """It has rung, or the clock was set: it rings no more until it is set again."""
        self._at = None
        with contextlib.suppress(OSError):  # ECANCELED: the clock was set
            os.read(self._fds[0], 8)

    def close(self) -> None:
        """Give the timer back. A second call does nothing."""
        for fd in self._fds:
            os.close(fd)
        self._fds = ()

    def __enter__(self) -> Alarm:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
