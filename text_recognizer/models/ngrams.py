"""A character n-gram with interpolated Kneser-Ney smoothing (Kneser and Ney 1995; Chen and Goodman 1999), as a trie.

A text of the alphabet is a row of symbols: 0 stands before its first and after its last character, 1 and on are the
characters in the alphabet's order, and the last symbol is any other character.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

EDGE = 0
"""The symbol before and after a text."""


@dataclass(frozen=True)
class Level:
    """All n-grams of one length: `keys` int64, sorted, and how often each was seen, `counts` int64, 1 or more.

    A key is the number of the n-gram without its last symbol among those of the level before, times the number of symbols,
    plus that symbol; on the first level the symbol itself.
    """

    keys: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)


def symbols_of(alphabet: str) -> int:
    """How many symbols there are for an alphabet."""
    return len(alphabet) + 2


def counted(texts: Iterable[str], alphabet: str, order: int, most: int) -> list[Level]:
    """The n-grams of the texts, by length from 1 to `order`; fewer lengths where all together would be more than `most`."""
    symbols, symbol_N, left_N = symbols_of(alphabet), *_in_a_row(texts, alphabet)
    ids_N, levels = np.zeros(len(symbol_N), np.int64), list[Level]()
    for n in range(1, order + 1):
        starts = np.flatnonzero(left_N >= n)
        keys, inverse, counts = np.unique(
            ids_N[starts] * symbols + symbol_N[starts + n - 1], return_inverse=True, return_counts=True
        )
        if n > 1 and sum(map(len, levels)) + len(keys) > most:
            break
        ids_N[starts] = inverse
        levels.append(Level(keys, counts))
    return levels


def _in_a_row(texts: Iterable[str], alphabet: str) -> tuple[np.ndarray, np.ndarray]:
    """The symbols of all texts one after another, int64 (N,), and how many of its text are left at each, itself included."""
    number = {c: k for k, c in enumerate(alphabet, start=1)}
    rows = [[EDGE, *(number.get(c, len(alphabet) + 1) for c in text), EDGE] for text in texts if text]
    symbols = np.array([k for row in rows for k in row], np.int64)
    return symbols, np.array([left for row in rows for left in range(len(row), 0, -1)], np.int64)


class Ngrams:
    """What comes next, by the characters before: `step` goes from state to state, and the first state is `start`.

    A state is the longest run of symbols before that was seen in the texts, of `order - 1` at most.
    """

    def __init__(self, levels: Sequence[Level], alphabet: str) -> None:
        self.order, self.symbols = len(levels), symbols_of(alphabet)
        tries = list(_smoothed(levels, self.symbols))
        first_of = np.cumsum([1, *map(len, levels)]).tolist()  # state 0 has nothing before it; then level after level
        self._children: dict[int, int] = {}
        parents_first = [0, *first_of]
        for level, first, before in zip(levels, first_of, parents_first, strict=False):
            parents, symbols = np.divmod(level.keys, self.symbols)
            keys = ((parents + before) * self.symbols + symbols).tolist()
            self._children.update(zip(keys, range(first, first + len(level)), strict=True))
        self._probability = [0.0, *(p for trie in tries for p in trie.probabilities.tolist())]
        self._rest = [tries[0].rest_of_parents[0], *(r for trie in tries[1:] for r in trie.rest_of_parents.tolist())]
        self._shorter = [0] * (1 + len(tries[0].shorter))
        for trie, first in zip(tries[1:], first_of, strict=False):
            self._shorter += (trie.shorter + first).tolist()
        self._last = first_of[-2]
        self.start = self.step(0, EDGE)[1]

    def step(self, state: int, symbol: int) -> tuple[float, int]:
        """The probability of a symbol after this state, above 0, and the state after it."""
        share = 1.0
        while (child := self._children.get(state * self.symbols + symbol)) is None:
            share *= self._rest[state]
            if not state:
                return share / self.symbols, 0
            state = self._shorter[state]
        return share * self._probability[child], self._shorter[child] if child >= self._last else child

    def bits(self, texts: Iterable[str], alphabet: str) -> float:
        """The mean bits per symbol of the texts, their ends included; characters that are not of the alphabet are left out."""
        number = {c: k for k, c in enumerate(alphabet, start=1)}
        found = list[float]()
        for text in texts:
            state = self.start
            for symbol in (*(number.get(c, -1) for c in text), EDGE):
                probability, state = self.step(state, symbol if symbol >= 0 else self.symbols - 1)
                found += [probability] if symbol >= 0 else []
        return float(-np.log2(found).mean()) if found else 0.0


@dataclass(frozen=True)
class _Trie:
    """Of every n-gram of one length: the probability of its last symbol after the others, and the number of the n-gram without
    its first symbol among the shorter ones. Of every n-gram one shorter: what it leaves to those shorter than itself."""

    probabilities: np.ndarray
    shorter: np.ndarray
    rest_of_parents: np.ndarray


def _smoothed(levels: Sequence[Level], symbols: int) -> Iterator[_Trie]:
    """The levels with their probabilities, one discount for each length.

    Below the longest an n-gram counts once for every symbol that was seen before it; where nothing was, for it begins the
    texts, as often as it was seen.
    """
    shorter = list(_shorter(levels, symbols))
    probabilities, parents_number = np.full(1, 1 / symbols), 1
    for i, level in enumerate(levels):
        seen = np.bincount(shorter[i + 1], minlength=len(level)) if i + 1 < len(levels) else np.zeros(len(level), np.int64)
        counts = np.where(seen, seen, level.counts).astype(np.float64)
        parents = level.keys // symbols
        totals, kinds = (np.bincount(parents, w, parents_number) for w in (counts, None))
        discount = _discount(counts)
        rest = np.where(kinds, discount * kinds / np.maximum(totals, 1), 1.0)
        probabilities = (counts - discount) / totals[parents] + rest[parents] * probabilities[shorter[i]]
        yield _Trie(probabilities, shorter[i], rest)
        parents_number = len(level)


def _discount(counts: np.ndarray) -> float:
    """Ney's estimate from what was seen once and twice; a half where nothing was."""
    once, twice = ((counts == n).sum() for n in (1, 2))
    return float(once / (once + 2 * twice)) if once and twice else 0.5


def _shorter(levels: Sequence[Level], symbols: int) -> Iterator[np.ndarray]:
    """Of every n-gram of each level the number, on the level before, of the one without its first symbol."""
    found = np.zeros(len(levels[0]), np.int64)
    yield found
    for before, level in itertools.pairwise(levels):
        parents, last = np.divmod(level.keys, symbols)
        keys = last if before is levels[0] else found[parents] * symbols + last
        found = np.searchsorted(before.keys, keys)
        yield found
