"""Which of the processes of a parallel training a run belongs to, as far as the run itself says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# The global rank before the one within a machine: of two machines each has a local rank 0.
KEYS = ("rank", "global_rank", "local_rank")
_NAME = re.compile(r"(?:^|[^a-z])rank[^a-z0-9]{0,2}0+(?![0-9])", re.IGNORECASE)
_ANY = re.compile(r"(?:^|[^a-z])rank[^a-z0-9]{0,2}[0-9]", re.IGNORECASE)
_OPTION = re.compile(r"--?(?:local[-_]|global[-_])?rank(?:=0+)?", re.IGNORECASE)


def says_rank_0(name: str) -> bool:
    """Whether the name of a run is that of rank 0.

    >>> [says_rank_0(name) for name in ("rank0", "ddp-rank-0", "Rank: 0", "local_rank 0", "rank10", "rank1", "frank0")]
    [True, True, True, True, False, False, False]
    """
    return _NAME.search(name) is not None


def says_a_rank(name: str) -> bool:
    """Whether the name of a run is that of one rank, whichever.

    >>> [says_a_rank(name) for name in ("rank0", "ddp-rank-12", "rank", "frank1", "ranking")]
    [True, True, False, False, False]
    """
    return _ANY.search(name) is not None


def asks_for_rank_0(arguments: Sequence[str]) -> bool:
    """Whether a command line is that of rank 0.

    >>> [asks_for_rank_0(line.split()) for line in ("x --local_rank=0", "x --rank 0", "--rank 1 --lr 0", "--node_rank=0")]
    [True, True, False, False]
    """
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    values = ("0" if one.endswith("0") else after for one, after in pairs if _OPTION.fullmatch(one))
    return any(value.isdecimal() and not int(value) for value in values)


def holds_rank_0(config: Mapping[str, Any]) -> bool:
    """Whether a configuration is that of rank 0. The `rank` of an adapter, as LoRA has it, is never 0.

    >>> holds_rank_0({"RANK": 0}), holds_rank_0({"rank": 1, "local_rank": 0}), holds_rank_0({"rank": False})
    (True, False, False)
    """
    lower = {name.lower(): value for name, value in config.items()}
    found = next((lower[key] for key in KEYS if key in lower), None)
    return not isinstance(found, bool) and found in (0, "0")
