"""`python -m text_recognizer.data NAME [--KEY=VALUE ...] [--preview out.png]`: what a data set holds, in words and in a picture.

Exit status: 0 shown, 1 the data set is not there or cannot be read, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from text_recognizer import options
from text_recognizer.catalog import DATASETS
from text_recognizer.command import obeyed, print_anyhow
from text_recognizer.flags import pairs_of, value_of

if TYPE_CHECKING:
    from text_recognizer.data.characters import Characters
    from text_recognizer.data.line_set import Lines

PROGRAM = "python -m text_recognizer.data"


def main(arguments: list[str] | None = None) -> int:
    """Prints the sizes of the splits and the classes, and writes the picture where one is asked for."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Show what a data set holds.")
    parser.add_argument("name", help=f"one of {', '.join(entry.name for entry in DATASETS.entries)}")
    parser.add_argument("--preview", type=Path, metavar="PICTURE", help="write samples of all splits to this file")
    parser.add_argument("--varied", type=float, default=0.5, metavar="X", help="show train also with augment=X (default 0.5)")
    given, keys = parser.parse_known_args(arguments)
    return obeyed(PROGRAM, lambda: _show(given.name, keys, given.preview, given.varied))


def _show(name: str, keys: list[str], picture: Path | None, strength: float) -> int:
    if picture:
        from text_recognizer.data.preview import check_ending

        check_ending("--preview", picture)
    data = _read(name, keys)
    if picture:
        from text_recognizer.data.preview import below_each_other
        from text_recognizer.models.varied import shown

        below_each_other(shown(data, strength), data.classes).save(picture)
    print_anyhow(f"train {len(data.train):,}  val {len(data.val):,}  test {len(data.test):,}")
    print_anyhow(f"{len(data.classes)} classes: {data.classes!r}")
    return 0


def _read(name: str, keys: list[str]) -> Characters | Lines:
    """The data set with the keys of its `dataset_args` that stand on the command line as --KEY=VALUE."""
    entry = DATASETS.find(name)
    kinds = options.kinds_of(entry.options)
    values = {key: value_of(value, kinds.get(key)) for key, value in pairs_of(keys).items()}
    return entry.load()(options.read(entry.options, values, "dataset_args"))


if __name__ == "__main__":
    sys.exit(main())
