"""A Ctrl-C while a call of Python runs jobs: heard without taking the handlers of a notebook or of the user's program."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Lock, Thread, current_thread, main_thread
from typing import TypeVar

from scheduler.actions.brake import Brake

Found = TypeVar("Found")
DEAF = 1.0  # seconds: a signal that comes just before the lock is waited for, or to another thread, does not end the wait
LEAVES = 3  # presses of a brake after which a runner leaves; at the next one nobody waits for it any more


def interruptible(act: Callable[[Brake], Found]) -> Found:
    """What `act` returns or raises.

    Python raises KeyboardInterrupt in the main thread, wherever that is: in the middle of the loop it could leave half of a start
    behind. So there `act` runs in a thread of its own, and every Ctrl-C presses its brake. When it is over after a Ctrl-C,
    KeyboardInterrupt is raised: what stands behind the call was not meant to go on. Any other thread runs `act` itself, and no
    Ctrl-C arrives there.
    """
    if current_thread() is not main_thread():
        return act(Brake())
    course = _Course(act)
    course.wait()
    if course.brake.presses:
        raise KeyboardInterrupt
    return course.result.result()


class _Course:
    """A call in a thread of its own. The main thread waits for a bare lock: an exception that a signal raises there finds nothing
    half done, as it could within the locks of the library that are written in Python."""

    def __init__(self, act: Callable[[Brake], object]) -> None:
        self.brake, self.result = Brake(), Future()  # type: ignore[var-annotated]
        self._act, self._once, self._over = act, Lock(), Lock()
        self._begun = False
        self._over.acquire()

    def wait(self) -> None:
        """Until it is over, or nobody has the patience."""
        while self.brake.presses <= LEAVES and not self.result.done():
            try:
                try:
                    self._step()
                except KeyboardInterrupt:
                    self.brake.press()
            except KeyboardInterrupt:  # the next one, while the brake was being pressed
                self.brake.press()

    def _step(self) -> None:
        try:
            if not self._begun:
                # In the caller's context: a notebook knows by it where output belongs.
                Thread(target=copy_context().run, args=(self._run,), name="exp-queue", daemon=True).start()
                self._begun = True
            while not self._over.acquire(timeout=DEAF):
                pass
        except KeyboardInterrupt:
            raise
        except BaseException:  # a signal's handler of the user's own has raised it, and nobody waits any more
            self.brake.leave()
            raise

    def _run(self) -> None:
        if not self._once.acquire(blocking=False):  # a Ctrl-C has hidden the first start
            return
        try:
            self.result.set_result(self._act(self.brake))
        except BaseException as error:  # noqa: BLE001 (whatever it is, it is raised where somebody waits for it)
            self.result.set_exception(error)
        finally:
            self._over.release()
