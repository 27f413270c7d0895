"""Lines set from the glyphs of EMNIST, by the recipes of the labs of 2019 and 2021, their defects mended.

EMNISTLines: 28 pixels high; every distinct character of a line is one glyph; one overlap for the whole line, even
between 0 and a third of a glyph; a space is an empty glyph; glyphs are added up and end at 255 (the labs' sum wrapped
around in eight bits). EMNISTLines2: the same between 0.2 and 0.5, set in the middle of 56 rows from column 28 on, at most
1024 wide. Train draws its glyphs from four fifths of EMNIST's training set, val from the fifth that is left of each class,
test from its test set. A line is as wide as it needs to be: the labs' padding to full width is left to the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from text_recognizer.data.cache import cached
from text_recognizer.data.characters import SIDE
from text_recognizer.data.data_set import SPLITS
from text_recognizer.data.emnist import CLASSES, samples
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.options import EmnistLines2Options, EmnistLinesOptions, sizes_of
from text_recognizer.data.prose import prose
from text_recognizer.data.transform import EMNIST_LINES2
from text_recognizer.errors import DataError, ExperimentError

ALPHABET = " " + CLASSES
_VERSION = 2
Glyphs = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """How glyphs become a line: the overlap between `least` and `most` of a glyph, and the sheet that they are set on."""

    least: float
    most: float
    height: int
    left: int
    widest: int


LINES = Recipe(0.0, 0.33, SIDE, 0, SIDE * 32)
LINES2 = Recipe(0.2, 0.5, 2 * SIDE, SIDE, 1024)


def emnist_lines(options: EmnistLinesOptions) -> Lines:
    """EMNISTLines; raises DataError where EMNIST is missing."""
    return _lines(options, LINES)


def emnist_lines2(options: EmnistLines2Options) -> Lines:
    """EMNISTLines2; raises DataError where EMNIST is missing."""
    lines = _lines(options, LINES2)
    return replace(lines, transform=EMNIST_LINES2) if options.augment_data else lines


def bare(text: str) -> str:
    """The text with nothing but letters, digits and single spaces, for EMNIST has no other glyphs."""
    return " ".join("".join(c for c in text if c in ALPHABET).split())


def phrase(words: Sequence[str], longest: int, rng: np.random.Generator) -> str:
    """Some words in a row from a random one on, up to a random end among those that fit into `longest` characters."""
    first = int(rng.integers(len(words)))
    ends = []
    text = words[first][:longest]
    for word in (*words[first + 1 : first + longest], None):
        ends.append(text)
        if word is None or len(text) + 1 + len(word) > longest:
            break
        text = f"{text} {word}"
    return ends[rng.integers(len(ends))]


def set_line(text: str, glyphs: Glyphs, recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    """The line, uint8 (height, width): `glyphs` holds for every character images uint8 (N, 28, 28) to choose one from."""
    overlap = rng.uniform(recipe.least, recipe.most)
    advance = SIDE - int(SIDE * overlap)
    chosen = {c: glyphs[c][rng.integers(len(glyphs[c]))] for c in dict.fromkeys(text) if c != " "}
    width = min(recipe.widest, 2 * recipe.left + advance * (len(text) - 1) + SIDE)
    sheet = np.zeros((recipe.height, width), np.uint16)
    top = (recipe.height - SIDE) // 2
    for i, character in enumerate(text):
        place = sheet[top : top + SIDE, recipe.left + i * advance : recipe.left + i * advance + SIDE]
        if character != " ":
            place += chosen[character][:, : place.shape[1]]
    return np.minimum(sheet, 255).astype(np.uint8)


def _lines(options: EmnistLinesOptions, usual: Recipe) -> Lines:
    recipe = replace(usual, least=options.min_overlap, most=options.max_overlap)
    if recipe.least > recipe.most:
        raise ExperimentError(f"min_overlap is {recipe.least}, more than max_overlap ({recipe.most}); change one of them")
    texts = {split: _texts(split, options) for split in SPLITS}
    key: dict[str, Any] = {
        "emnist_lines": _VERSION,
        "recipe": [recipe.least, recipe.most, recipe.height],
        "texts": texts,
        "seed": options.seed,
    }
    arrays = samples(options.folder, balanced=True)
    key["emnist"] = [int(np.asarray(arrays[f"{s}_labels"]).sum()) for s in ("train", "test")]
    of = sum(map(len, texts.values()))
    images = cached(key, recipe.height, lambda: _drawn(texts, arrays, recipe, options.seed), of)
    ends = np.cumsum([0, *(len(texts[s]) for s in SPLITS)])
    train, val, test = (LineSplit(images[ends[i] : ends[i + 1]], tuple(texts[s])) for i, s in enumerate(SPLITS))
    return Lines(train, val, test, ALPHABET)


def _drawn(
    texts: Mapping[str, Sequence[str]], arrays: Mapping[str, np.ndarray], recipe: Recipe, seed: int
) -> Iterator[np.ndarray]:
    return (image for split in SPLITS for image in _set(split, texts[split], arrays, recipe, seed))


def _texts(split: str, options: EmnistLinesOptions) -> list[str]:
    rng = np.random.default_rng([options.seed, SPLITS.index(split)])
    words = [word for sentence in prose(options.text_file)[split] for word in bare(sentence).split()]
    if not words:
        raise DataError(f"{options.text_file}: too little text for the split {split}; give a longer one")
    return [phrase(words, options.max_length, rng) for _ in range(sizes_of(options)[split])]


def glyphs_of(split: str, arrays: Mapping[str, np.ndarray], seed: int) -> Glyphs:
    """The images of every character that this split may draw, uint8 (N, 28, 28); no image is for two splits, save where there is
    one alone of a class of the training set."""
    source = "test" if split == "test" else "train"
    labels, images = np.asarray(arrays[f"{source}_labels"]), arrays[f"{source}_images"]
    numbers = {c: np.flatnonzero(labels == k) for k, c in enumerate(CLASSES)}
    if split != "test":
        numbers = {c: _share(split, found, seed) for c, found in numbers.items()}
    return {c: images[np.sort(found)] for c, found in numbers.items() if len(found)}


def _share(split: str, found: np.ndarray, seed: int) -> np.ndarray:
    """A fifth of these for val, the others for train."""
    order = np.random.default_rng([seed, 6]).permutation(found)
    cut = max(1, len(order) // 5) if len(order) > 1 else 0
    return order if not cut else order[:cut] if split == "val" else order[cut:]


def _set(split: str, texts: Sequence[str], arrays: Mapping[str, np.ndarray], recipe: Recipe, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng([seed, 3 + SPLITS.index(split)])
    glyphs = glyphs_of(split, arrays, seed)
    for text in texts:
        if missing := set(text) - set(glyphs) - {" "}:
            source = "test" if split == "test" else "train"
            raise DataError(f"EMNIST's {source} split has no image of {sorted(missing)[0]!r}; is the download whole?")
    return (set_line(text, glyphs, recipe, rng) for text in texts)
