"""How an action that takes long says how far it has come."""

from __future__ import annotations

from collections.abc import Callable

Advance = Callable[[str, int, int], None]  # what is done, how much of it by now, and of how much in all (0: nobody knows)


def nobody(what: str, done: int, of: int) -> None:
    """Hears nothing."""
