"""The Pareto front: the trials that no other one beats in every objective. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scheduler.goals import MAXIMIZE

Values = tuple[float, ...]


def front(found: Mapping[int, Values], goals: Sequence[str]) -> tuple[int, ...]:
    """The numbers of those that no other beats: is as good as in all objectives, and better in one. Best first by the first.

    >>> front({0: (1.0, 5.0), 1: (2.0, 9.0), 2: (2.0, 9.0), 3: (1.5, 5.0)}, ["minimize", "maximize"])
    (0, 1, 2)
    """
    signs = [-1.0 if goal == MAXIMIZE else 1.0 for goal in goals]
    keys = {number: tuple(sign * value for sign, value in zip(signs, values, strict=True)) for number, values in found.items()}
    kept: list[int] = []
    # In this order whoever is beaten is beaten by one that came before, so each is compared with the front alone.
    for number in sorted(keys, key=lambda number: (keys[number], number)):
        if not any(_beats(keys[other], keys[number]) for other in kept):
            kept.append(number)
    return tuple(kept)


def _beats(one: Values, other: Values) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
