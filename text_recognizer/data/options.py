"""The keys of `dataset_args`, with their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from text_recognizer.options import key


def _size(default: int, of: str, purpose: str, *aliases: str) -> int:
    """The number of samples of a split."""
    return key(default, f"{of} {purpose}", aliases=aliases, least=1)


def _longest(default: int) -> int:
    return key(default, "longest text of a line, in characters", least=1)


def _overlap(default: float, which: str) -> float:
    return key(default, f"{which} share of a glyph that the next one covers", least=0, most=0.9)


def _text_file() -> str:
    return key("", "a plain UTF-8 text to take the sentences from; else Python's own documentation")


def _emnist_folder() -> str:
    return key("", "where matlab.zip, gzip.zip or the files lie; else TEXT_RECOGNIZER_DATA/emnist or .data/emnist")


_TRAIN, _VAL, _TEST = "to train on", "to choose the best epoch by", "for the final figure"


@dataclass(frozen=True)
class CharacterOptions:
    """GeneratedCharacters."""

    train_size: int = _size(36000, "images", _TRAIN)
    val_size: int = _size(1000, "images", _VAL)
    test_size: int = _size(2000, "images", _TEST)
    seed: int = key(0, "seed of everything drawn", least=0)


@dataclass(frozen=True)
class LineOptions:
    """GeneratedLines."""

    train_size: int = _size(6000, "lines", _TRAIN)
    val_size: int = _size(300, "lines", _VAL)
    test_size: int = _size(600, "lines", _TEST)
    max_length: int = _longest(32)
    text_file: str = _text_file()
    seed: int = key(0, "seed of everything drawn", least=0)


def _share() -> float:
    return key(1.0, "share of each split that is used", least=0.0001, most=1)


@dataclass(frozen=True)
class MnistOptions:
    """MNIST."""

    folder: str = key("", "where the four files lie; else TEXT_RECOGNIZER_DATA/mnist or .data/mnist")
    subsample_fraction: float = _share()
    limit: int = key(0, "images of each split at most; 0: all", least=0)
    seed: int = key(42, "seed of the choice of val from the training set", least=0)


@dataclass(frozen=True)
class EmnistOptions:
    """EMNIST."""

    folder: str = _emnist_folder()
    balanced: bool = key(True, "no class with more images than the mean count")
    subsample_fraction: float = _share()
    limit: int = key(0, "images of each split at most; 0: all", least=0)
    seed: int = key(42, "seed of the choice of val from the training set", least=0)


@dataclass(frozen=True)
class EmnistLinesOptions:
    """EMNISTLines."""

    folder: str = _emnist_folder()
    train_size: int = _size(10000, "lines", _TRAIN, "num_train")
    val_size: int = _size(2000, "lines", _VAL, "num_val")
    test_size: int = _size(2000, "lines", _TEST, "num_test")
    max_length: int = _longest(32)
    min_overlap: float = _overlap(0.0, "least")
    max_overlap: float = _overlap(0.33, "largest")
    text_file: str = _text_file()
    seed: int = key(42, "seed of texts, glyphs and overlaps", least=0)


@dataclass(frozen=True)
class EmnistLines2Options(EmnistLinesOptions):
    """EMNISTLines2."""

    max_length: int = _longest(43)
    min_overlap: float = _overlap(0.2, "least")
    max_overlap: float = _overlap(0.5, "largest")
    augment_data: bool = key(True, "train on lines turned, sheared, scaled, lifted and dimmed by chance, as the lab did")


@dataclass(frozen=True)
class IamOptions:
    """IAMLines."""

    folder: str = key("", "where xml/ and the forms lie; else TEXT_RECOGNIZER_DATA/iam or .data/iam")
    split: str = key(
        "lwitlrt", "lwitlrt, aachen or lab2021; their figures do not compare", choices=("lwitlrt", "aachen", "lab2021")
    )
    height: int = key(56, "pixels that every line is scaled to; the width follows", least=16)
    subsample_fraction: float = _share()


@dataclass(frozen=True)
class IamParagraphOptions(IamOptions):
    """IAMParagraphs."""

    height: int = key(576, "height of the sheet that every paragraph stands on; 576 is half of the scans' resolution", least=64)


@dataclass(frozen=True)
class IamMixedOptions(IamParagraphOptions):
    """IAMOriginalAndSyntheticParagraphs."""

    seed: int = key(42, "seed of which lines make a paragraph", least=0)


@dataclass(frozen=True)
class LinePagesOptions:
    """LinePages."""

    folder: str = key("", "the folder, here or in TEXT_RECOGNIZER_DATA, with lines.tsv or pictures with a .gt.txt beside them")
    height: int = key(32, "pixels that every line is scaled to; the width follows", least=16)
    fit: bool = key(True, "take the writing alone out of every picture, level, at one size and density")
    upright: bool = key(False, "take the slant out of every line")
    val_share: float = key(0.1, "share of the writers to choose the best epoch by, where no split is given", least=0, most=1)
    test_share: float = key(0.1, "share of the writers for the final figure, where no split is given", least=0, most=1)
    seed: int = key(0, "seed of the choice of writers", least=0)


@dataclass(frozen=True)
class LineFolderOptions(LinePagesOptions):
    """LineFolder."""

    beside: str = key("", "a folder of older lines that are trained on as well, so that what was learned of them is not lost")
    beside_lines: int = key(
        300, "how many of these older lines by the seed, and those few more that keep the alphabet; 0: all", least=0
    )


def sizes_of(options: CharacterOptions | LineOptions | EmnistLinesOptions) -> dict[str, int]:
    """How many samples each split is to have."""
    return {"train": options.train_size, "val": options.val_size, "test": options.test_size}
