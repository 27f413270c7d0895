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
from text_recognizer.errors import ExperimentError
from text_recognizer.flags import value_of

if TYPE_CHECKING:
    from text_recognizer.data.characters import Characters, CharacterSplit
    from text_recognizer.data.line_set import Lines, LineSplit

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
        _check_ending(picture)
    data = _read(name, keys)
    if picture:
        from text_recognizer.data.preview import below_each_other

        below_each_other(shown(data, strength), data.classes).save(picture)
    print_anyhow(f"train {len(data.train):,}  val {len(data.val):,}  test {len(data.test):,}")
    print_anyhow(f"{len(data.classes)} classes: {data.classes!r}")
    return 0


def shown(data: Characters | Lines, strength: float) -> list[tuple[str, LineSplit | CharacterSplit]]:
    """What the picture shows, each with its title: train, the same as a training would see it, val, and test unless it is val."""
    from text_recognizer.data.line_set import LineSplit
    from text_recognizer.data.preview import chosen
    from text_recognizer.models.varied import varied, varied_characters

    train, val, test = (chosen(split) for split in (data.train, data.val, data.test))
    changed = varied(train, data.transform, strength) if isinstance(train, LineSplit) else varied_characters(train, strength)
    parts = [("train", train), (f"train, varied (augment {strength:g})", changed), ("val", val)]
    return parts + ([("test", test)] if data.test is not data.val else [])


def _check_ending(picture: Path) -> None:
    """Before the data are made, which may take minutes. Raises ExperimentError where the ending names no kind of picture."""
    from PIL import Image

    if Image.registered_extensions().get(picture.suffix.lower()) not in Image.SAVE:
        raise ExperimentError(f"--preview is {str(picture)!r}, whose ending names no kind of picture; try preview.png")


def _read(name: str, keys: list[str]) -> Characters | Lines:
    """The data set with the keys of its `dataset_args` that stand on the command line as --KEY=VALUE."""
    entry = DATASETS.find(name)
    pairs = [key.removeprefix("--").partition("=") for key in keys]
    for key, (_, equals, _value) in zip(keys, pairs, strict=True):
        if not key.startswith("--") or not equals:
            raise ExperimentError(f"{key!r} is not of the form --KEY=VALUE")
    kinds = options.kinds_of(entry.options)
    values = {key: value_of(value, kinds.get(key)) for key, _, value in pairs}
    return entry.load()(options.read(entry.options, values, "dataset_args"))


if __name__ == "__main__":
    sys.exit(main())
