"""GeneratedLines: lines of handwriting, 32 pixels high and as wide as they need, with their transcripts."""

from __future__ import annotations

import numpy as np

from text_recognizer.data.data_set import SPLITS
from text_recognizer.data.drawing import draw
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.options import LineOptions, sizes_of
from text_recognizer.data.prose import ALPHABET, prose
from text_recognizer.data.strokes import HANDS, hand, layout
from text_recognizer.data.styles import Style, draw_style

HEIGHT = 32
_SHORTEST = 12
_PIXELS_PER_UNIT = {"futural": 0.62, "timesi": 0.62, "scripts": 0.74, "scriptc": 0.74}
_MARGIN = 3
_TALLEST = HEIGHT - 3.0


def generated_lines(options: LineOptions) -> Lines:
    """The whole data set. The same options, Python, numpy and Pillow give the same bytes."""
    sentences = prose(options.text_file)
    sizes = sizes_of(options)
    train, val, test = (_split(s, sentences[s], sizes[s], options) for s in SPLITS)
    return Lines(train, val, test, ALPHABET)


def cut(sentence: str, longest: int, rng: np.random.Generator) -> str:
    """Some whole words of a sentence in a row: at most `longest` characters; a longer word is cut."""
    words = sentence.split(" ")
    wanted = int(rng.integers(min(_SHORTEST, longest), longest + 1))
    first = int(rng.integers(len(words)))
    taken = words[first][:longest]
    for word in words[first + 1 :]:
        if len(taken) + 1 + len(word) > wanted:
            break
        taken = f"{taken} {word}"
    return taken


def write(text: str, style: Style, name_of_hand: str, rng: np.random.Generator) -> np.ndarray:
    """One line of handwriting, uint8 (32, width), about its middle; made smaller where it would not fit the height."""
    ink = layout(text, hand(name_of_hand), style, rng)
    low, high = ink.points.min(axis=0), ink.points.max(axis=0)
    tallest = (_TALLEST - style.pen) / (high[1] - low[1])
    scale = min(_PIXELS_PER_UNIT[name_of_hand] * style.size, tallest)
    room = HEIGHT - (high[1] - low[1]) * scale
    pixels = (ink.points - low) * scale + (_MARGIN, room * rng.uniform(0.45, 0.55))
    width = int(np.ceil((high[0] - low[0]) * scale)) + 2 * _MARGIN
    return draw(ink.bent(pixels), HEIGHT, width, style.pen)


def _split(split: str, sentences: list[str], size: int, options: LineOptions) -> LineSplit:
    rng = np.random.default_rng([options.seed, SPLITS.index(split)])
    texts = tuple(cut(sentences[rng.integers(len(sentences))], options.max_length, rng) for _ in range(size))
    images = tuple(write(t, draw_style(split, rng), HANDS[rng.integers(len(HANDS))], rng) for t in texts)
    return LineSplit(images, texts)
