"""Reading the lines of a data set with a trained network, as its training read those that it was judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from text_recognizer import options
from text_recognizer.catalog import DATASETS, LINES, Entry
from text_recognizer.data.line_folder import find_lines, line_folder, place_of, with_splits
from text_recognizer.data.line_images import open_grey, prepared
from text_recognizer.data.line_set import LineSplit
from text_recognizer.data.options import LineFolderOptions
from text_recognizer.data.spoiling import Spoiling
from text_recognizer.errors import ExperimentError
from text_recognizer.experiment import Experiment
from text_recognizer.flags import value_of
from text_recognizer.recognizer import Recognizer
from text_recognizer.scoring import Line
from text_recognizer.training.reading import read_split

_AS_TRAINED = ("height", "upright", "fit")
"""Keys of a data set that decide what a network sees: they stay those of its training."""


@dataclass(frozen=True)
class HeldOut:
    """Lines to judge a reader by, with the source and the writer of each."""

    split: LineSplit
    sources: tuple[str, ...]
    writers: tuple[str, ...]


def data_args(experiment: Experiment, dataset: str, given: Mapping[str, str]) -> tuple[Entry, Any]:
    """The data set that is meant, and its keys: those of the training with what is given in their place.

    Raises ExperimentError where that is no set of lines, or a key would show the network other pictures than it knows.
    """
    entry = DATASETS.find(dataset or experiment.dataset)
    if entry.reads != LINES:
        raise ExperimentError(f"{entry.name} is of {entry.reads}, and this network reads lines; name a data set of lines")
    known, trained = options.kinds_of(entry.options), asdict(experiment.dataset_args)
    for name in _AS_TRAINED:
        if name in given and str(value_of(given[name], known.get(name))) != str(trained.get(name)):
            raise ExperimentError(f"--{name} stays as it was in the training ({trained.get(name)}); leave it out")
    kept = trained if entry.name == experiment.dataset else {k: v for k, v in trained.items() if k in _AS_TRAINED}
    values = {name: value_of(text, known.get(name)) for name, text in given.items()}
    names = options.names_of(entry.options)
    fields = {names.get(name, name) for name in values}
    return entry, options.read(
        entry.options, {**{k: v for k, v in kept.items() if k in names and k not in fields}, **values}, "dataset_args"
    )


def held_out(entry: Entry, args: Any, split: str, spoiling: Spoiling) -> HeldOut:
    """The lines of a split. Those of a LineFolder have writers, and can be spoilt; of others each line stands for itself."""
    if isinstance(args, LineFolderOptions) and entry.name == "LineFolder":
        return _of_folder(args, split, spoiling)
    if spoiling:
        raise ExperimentError(f"pictures of {entry.name} cannot be squeezed, turned or given margins; those of LineFolder can")
    lines: LineSplit = getattr(entry.load()(args), split)
    names = tuple(f"{split} {number}" for number in range(1, len(lines) + 1))
    return HeldOut(lines, names, names)


def read_lines(recognizer: Recognizer, lines: HeldOut) -> list[Line]:
    """All lines as the network reads them, in their order; in the numbers that its training computed in."""
    numbered = replace(lines.split, texts=tuple(map(str, range(len(lines.split)))))
    found = {int(p.target): p for _, batch in read_split(recognizer.model, numbered, recognizer.device) for p in batch}
    rows = zip(lines.sources, lines.writers, lines.split.texts, range(len(numbered)), strict=True)
    return [Line(source, writer, replace(found[i], target=text)) for source, writer, text, i in rows]


def _of_folder(args: LineFolderOptions, split: str, spoiling: Spoiling) -> HeldOut:
    """The same lines in the same order as the data set has them; where nothing is in `test`, those of `val`."""
    found = [line for line in with_splits(find_lines(place_of(args.folder)), args) if line.text]
    lines = [x for x in found if x.split == split] or [x for x in found if split == "test" and x.split == "val"]
    if not lines:
        raise ExperimentError(f"{args.folder}: no line is in split {split}; name another with --split")
    texts, names = tuple(line.text for line in lines), tuple(str(line.image) for line in lines)
    images = (
        tuple(_spoilt([line.image for line in lines], args, spoiling)) if spoiling else getattr(line_folder(args), split).images
    )
    return HeldOut(LineSplit(images, texts), names, tuple(line.writer for line in lines))


def _spoilt(pictures: list[Path], args: LineFolderOptions, spoiling: Spoiling) -> Iterator[np.ndarray]:
    for picture in pictures:
        yield prepared(spoiling.of(open_grey(picture)), args.height, upright=args.upright, fit=args.fit)
