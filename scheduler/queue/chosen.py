"""Jobs that somebody has named, as a condition in SQL of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable

from scheduler.values import dataclass


@dataclass(frozen=True)
class Chosen:
    """Jobs, as a condition in SQL of ours: to change or to count 300,000 of them none has to be read."""

    where: str
    parameters: tuple = ()

    def also(self, condition: str) -> Chosen:
        """Those of them for which this holds as well."""
        return Chosen(f"({self.where}) AND {condition}", self.parameters)


def of_numbers(numbers: Iterable[int]) -> Chosen:
    """The jobs with these numbers; without a list of them where they follow one another, as those of a file mostly do."""
    found = set(numbers)
    if found and max(found) - min(found) == len(found) - 1:
        return Chosen("number BETWEEN ? AND ?", (min(found), max(found)))
    return Chosen("number IN (SELECT value FROM json_each(?))", (json.dumps(list(found)),))


def joined(parts: Iterable[Chosen], word: str) -> Chosen:
    """All (`word` "AND") or any ("OR") of them; of no parts at all nothing."""
    some = list(parts)
    where = f" {word} ".join(f"({each.where})" for each in some)
    return Chosen(where or "0", sum((each.parameters for each in some), ()))
