"""`python -m text_recognizer.data NAME [--KEY=VALUE ...] [--preview out.png]`: what a data set holds, in words and in a picture.

Exit status: 0 shown, 1 the data set is not there or cannot be read, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from text_recognizer import options
from text_recognizer.catalog import DATASETS
from text_recognizer.errors import ExperimentError
from text_recognizer.flags import scalar

PROGRAM = "python -m text_recognizer.data"


def main(arguments: list[str] | None = None) -> int:
    """Prints the sizes of the splits and the classes, and writes the picture where one is asked for."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Show what a data set holds.")
    parser.add_argument("name", help=f"one of {', '.join(entry.name for entry in DATASETS.entries)}")
    parser.add_argument("--preview", type=Path, metavar="PICTURE", help="write samples of the training set to this file")
    given, keys = parser.parse_known_args(arguments)
    try:
        data = _read(given.name, keys)
        if given.preview:
            from text_recognizer.data.preview import preview

            preview(data.train, data.classes).save(given.preview)
    except (ExperimentError, OSError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return getattr(error, "exit_status", 1)
    print(f"train {len(data.train):,}  val {len(data.val):,}  test {len(data.test):,}")
    print(f"{len(data.classes)} classes: {data.classes!r}")
    return 0


def _read(name: str, keys: list[str]) -> Any:
    """The data set with the keys of its `dataset_args` that stand on the command line as --KEY=VALUE."""
    entry = DATASETS.find(name)
    pairs = [key.removeprefix("--").partition("=") for key in keys]
    for key, (_, equals, _value) in zip(keys, pairs, strict=True):
        if not key.startswith("--") or not equals:
            raise ExperimentError(f"{key!r} is not of the form --KEY=VALUE")
    return entry.load()(options.read(entry.options, {key: scalar(value) for key, _, value in pairs}, "dataset_args"))


if __name__ == "__main__":
    sys.exit(main())
