"""How the columns of a table share a terminal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from scheduler.values import dataclass

GAP = 2
READABLE = 20  # columns of the terminal in which a text still says something
LEAST = 8


@dataclass(frozen=True)
class Layout:
    """What gives way where a table is wider than its terminal, by the names of its columns.

    `bounds`: these take at most so much; `anew`: the cells of a column, worded anew for so much room; `spare`: these are left
    out, the last first, before any other becomes unreadable.
    """

    bounds: Mapping[str, int] = field(default_factory=dict)
    anew: Mapping[str, Callable[[int], Sequence[str]]] = field(default_factory=dict)
    spare: Sequence[str] = ()


PLAIN = Layout()


def fitted(widths: Mapping[str, int], room: int, layout: Layout) -> dict[str, int]:
    """The widths of the columns that are shown, within `room`. Where all fits, nothing changes; where even short columns do not,
    the last are left out."""
    if _total(widths) <= room:
        return dict(widths)
    bounded = {name: min(width, layout.bounds.get(name, width)) for name, width in widths.items()}
    shown = _levelled(bounded, room, READABLE)
    for name in [each for each in reversed(layout.spare) if each in bounded]:  # a column that is empty is not there
        if _total(shown) <= room:
            break
        del bounded[name]
        shown = _levelled(bounded, room, READABLE)
    shown = shown if _total(shown) <= room else _levelled(bounded, room, LEAST)
    for name in list(bounded)[:0:-1]:  # the first says which row it is
        if _total(shown) <= room:
            break
        del bounded[name]
        shown = _levelled(bounded, room, LEAST)
    return shown if _total(shown) <= room else _levelled(bounded, room, 1)


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _levelled(widths: Mapping[str, int], room: int, least: int) -> dict[str, int]:
    """The widest cut down to one level, which is the highest that fits and at least `least`."""
    level = min(max(widths.values(), default=0), max(room, least))  # more than there is fits never, and a text may be long
    while level > least and _total(dict.fromkeys(widths, 0)) + sum(min(width, level) for width in widths.values()) > room:
        level -= 1
    return {name: min(width, level) for name, width in widths.items()}
