"""Weights of a network for one alphabet, made fit for another: what it has learned of the characters that both have is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch

_NAMED = 12
_PREPARED = ("fit", "upright", "height")


def adapted(
    weights: Mapping[str, torch.Tensor], fresh: Mapping[str, torch.Tensor], by_class: Collection[str], old: str, new: str
) -> dict[str, torch.Tensor]:
    """The old weights, but of the tensors named in `by_class`, which have a row for each class, the rows of the new classes.

    Rows before those of the alphabet (a blank, tokens) are kept; a class that the old alphabet lacks has its row of `fresh`.
    """
    return {name: _rows(value, fresh[name], old, new) if name in by_class else value for name, value in weights.items()}


def told(old: str, new: str) -> str:
    """What becomes of the characters, in a sentence; "" where the alphabets are the same."""
    if old == new:
        return ""
    kept = sum(c in old for c in new)
    added, removed = "".join(c for c in new if c not in old), "".join(c for c in old if c not in new)
    return f"the alphabet is another: {kept} characters kept, {_listed(added)} added, {_listed(removed)} removed"


def otherwise(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What is done to lines now and was not before, or the other way round, by the keys of both data sets; "" for nothing."""
    changed = [name for name in _PREPARED if name in before and name in now and before[name] != now[name]]
    flags = " ".join(f"--{name}={str(before[name]).lower()}" for name in changed)
    return f"it has learned of lines prepared with {flags}; give that to go on with such lines" if flags else ""


def _rows(value: torch.Tensor, fresh: torch.Tensor, old: str, new: str) -> torch.Tensor:
    before = len(fresh) - len(new)
    rows = fresh.detach().clone().to(value.device)
    rows[:before] = value[:before]
    for i, c in enumerate(new):
        if c in old:
            rows[before + i] = value[before + old.index(c)]
    return rows


def _listed(characters: str) -> str:
    if not characters:
        return "none"
    more = f" and {len(characters) - _NAMED} more" if len(characters) > _NAMED else ""
    return f"{len(characters)} ({' '.join(map(repr, characters[:_NAMED]))}{more})"
