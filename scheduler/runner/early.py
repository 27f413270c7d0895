"""A launcher that starts while its runner is still being loaded: the first job of a run waits for both, and each has a core."""

from __future__ import annotations

from contextlib import suppress

from scheduler.home import Home
from scheduler.launcher.client import Slot
from scheduler.launcher.places import remove
from scheduler.runner.ports import open_with_port


class Early:
    """One launcher, until somebody takes it; None where the machine has no room for it, which the runner will meet as well."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._slot: Slot | None = None
        with suppress(OSError):
            self._slot = open_with_port(home)

    def take(self) -> Slot | None:
        """The launcher; it is the caller's now."""
        slot, self._slot = self._slot, None
        return slot

    def close(self) -> None:
        """End one that nobody has taken: it has no job, and need not end in its own time."""
        if slot := self.take():
            slot.process.kill()
            slot.process.wait()
            slot.close()
            remove(self._home, slot.id)

    def __enter__(self) -> Early:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
