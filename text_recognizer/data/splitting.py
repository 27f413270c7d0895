"""Which samples train, which choose the best epoch, and which give the final figure, where nobody has said so.

Whole writers (or pages) go to one split: a random split of lines lets the network meet the writers of its test, and flatters
it by ten points and more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from text_recognizer.data.options import LinePagesOptions
from text_recognizer.data.preparing import tell


def shared_out(samples: Sequence[tuple[str, str]], options: LinePagesOptions, *, test: bool = True) -> list[str]:
    """The split of each sample, which is given by its writer (or page) and a name of its own; without `test` none is for it.

    One writer alone cannot be in one split: then each sample goes its own way, and people are told what the figures mean.
    """
    writers = [writer for writer, _ in samples]
    if len(set(writers)) == 1 and len(samples) > 1:
        tell(
            f"all {len(samples):,} lines are of one writer or page ({writers[0]}), so each goes its own way: "
            "the figures tell how well this hand is read, and nothing about others"
        )
        writers = [name for _, name in samples]
    places = parted(writers, options.val_share, options.test_share if test else 0.0, options.seed)
    return [places[writer] for writer in writers]


def parted(names: Iterable[str], val_share: float, test_share: float, seed: int) -> dict[str, str]:
    """The split of each name, by a hash of it and the seed against the two shares.

    So a new name moves none of the others; save where there are so few of them that a split with a share would be empty: it
    then takes the names next to its bounds. Three names fill all splits; of two there is one in train and one in val.
    """
    order = sorted(set(names), key=lambda name: _place(name, seed))
    count = len(order)
    below_test = sum(_place(name, seed) < test_share for name in order)
    below_val = sum(_place(name, seed) < test_share + val_share for name in order)
    least_val = int(val_share > 0 and count > 1)
    of_test = max(below_test, int(test_share > 0 and count > 1 + least_val))
    of_test = min(of_test, max(0, count - 1 - least_val))
    of_val = min(max(below_val - of_test, least_val), max(0, count - 1 - of_test))
    splits = ["test"] * of_test + ["val"] * of_val + ["train"] * (count - of_test - of_val)
    return dict(zip(order, splits, strict=True))


def _place(name: str, seed: int) -> float:
    """Where a name lies between 0 and 1."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
