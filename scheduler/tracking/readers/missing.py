"""What is said where a metric was looked for and not found. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.errors import nearest

LONGEST_HINT = 400  # characters: a run may log a thousand names


def sentence(wanted: Sequence[str], looked_at: Sequence[str], instead: Sequence[str]) -> str:
    """That none of these names is in the logs that were looked at, with those that are there instead.

    >>> sentence(["loss"], ["output"], [])
    'nothing that the script logged holds "loss" (looked at: output)'
    """
    names = " or ".join(f'"{name}"' for name in wanted)
    what = f"nothing that the script logged holds {names} (looked at: {', '.join(looked_at) or 'nothing'})"
    return f"{what}; {nearest(wanted[0], instead)[:LONGEST_HINT]}" if instead else what
