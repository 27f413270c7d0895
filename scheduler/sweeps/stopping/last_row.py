"""After how many rows a trial is over by itself, as far as its sweep knows: then a stop would save nothing, and cost it the test
and the checkpoint that come at its end. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

# The last part of a name that says how long a training is: train_args.epochs, --max-epochs, num_train_epochs, n_iter.
_LENGTH = re.compile(r"((max|num|n|nr|nb|total)[_-]?)?(train(ing)?[_-]?)?(epochs?|iters?|iterations|steps)", re.IGNORECASE)


def last_rows(config: Mapping[str, object], command: Sequence[str], max_iter: int | None) -> frozenset[int]:
    """The numbers of rows after which a trial with this configuration and command may be over: where the rule of early stopping
    says so (`max_iter`), and where a word that stands for epochs or steps does.

    Whether a row is an epoch nobody knows. A trial that logs one more than such a number has shown that it is not over by it.

    >>> sorted(last_rows({"train_args": {"epochs": 8}, "lr": 3}, ("python", "train.py", "--max-steps", "50"), 27))
    [8, 27, 50]
    >>> last_rows({"epochs": True, "warmup_steps": 3, "steps": 0}, ("--epochs=all",), None)
    frozenset()
    """
    found = [max_iter, *_of_config(config), *_of_command(command)]
    return frozenset(each for each in found if isinstance(each, int) and not isinstance(each, bool) and each > 0)


def _of_config(config: Mapping[str, object]) -> Iterator[object]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _of_config(value)
        elif _is_length(name):
            yield value


def _of_command(command: Sequence[str]) -> Iterator[object]:
    for word, following in pairwise((*command, "")):
        name, equals, value = word.partition("=")
        if _is_length(name.lstrip("-+")) and (equals or word.startswith("-")):
            yield int(value or following) if (value or following).isdecimal() else None
        elif word.startswith("{"):
            yield from _of_text(word)


def _of_text(word: str) -> Iterator[object]:
    try:
        found = json.loads(word)
    except ValueError:
        return
    if isinstance(found, Mapping):
        yield from _of_config(found)


def _is_length(name: str) -> bool:
    return _LENGTH.fullmatch(name.rpartition(".")[2]) is not None
