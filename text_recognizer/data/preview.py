"""Samples of a data set in one picture, each with what is written there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from text_recognizer.data.characters import CharacterSplit
from text_recognizer.data.line_set import LineSplit
from text_recognizer.errors import ExperimentError

_WIDTH, _CAPTION, _GAP, _TITLE = 1000, 16, 6, 24
_LINES, _CHARACTERS = 12, 120


def preview(split: LineSplit | CharacterSplit, classes: str) -> Image.Image:
    """A grey picture, dark on light, 1000 pixels wide: samples from all over the split in rows, their texts below them."""
    if isinstance(split, LineSplit):
        chosen = _spread(len(split), _LINES)
        samples = [(split.images[i], split.texts[i]) for i in chosen]
    else:
        chosen = _spread(len(split), _CHARACTERS)
        samples = [(split.images[i], classes[int(split.labels[i])]) for i in chosen]
    return sheet(samples)


def check_ending(option: str, picture: Path) -> None:
    """Before there is a picture to write, which may take minutes. Raises ExperimentError where no kind of picture is named."""
    if Image.registered_extensions().get(picture.suffix.lower()) not in Image.SAVE:
        raise ExperimentError(f"{option} is {str(picture)!r}, whose ending names no kind of picture; try preview.png")


def chosen(split: LineSplit | CharacterSplit, share: int = 3) -> LineSplit | CharacterSplit:
    """The samples that a part of a preview shows, a third as many as a whole one has."""
    if isinstance(split, LineSplit):
        places = _spread(len(split), _LINES // share)
        return LineSplit(tuple(split.images[i] for i in places), tuple(split.texts[i] for i in places))
    places = _spread(len(split), _CHARACTERS // share)
    return CharacterSplit(split.images[places], split.labels[places])


def below_each_other(parts: Sequence[tuple[str, LineSplit | CharacterSplit]], classes: str) -> Image.Image:
    """A preview of each part below its title."""
    pictures = [preview(split, classes) for _, split in parts]
    sheet = Image.new("L", (_WIDTH, sum(p.height + _TITLE for p in pictures)), 255)
    draw, top = ImageDraw.Draw(sheet), 0
    for (title, _), picture in zip(parts, pictures, strict=True):
        draw.text((0, top + _GAP), title, fill=0, font=ImageFont.load_default())
        sheet.paste(picture, (0, top + _TITLE))
        top += _TITLE + picture.height
    return sheet


def _spread(size: int, number: int) -> list[int]:
    return sorted({int(i) for i in np.linspace(0, size - 1, min(number, size))})


def sheet(samples: Sequence[tuple[np.ndarray, str]]) -> Image.Image:
    """A grey picture, dark on light, of images of ink that is bright, each with its caption below it."""
    places, left, top, row = [], 0, 0, 0
    for image, _ in samples:
        width = min(image.shape[1], _WIDTH) + _GAP
        if left and left + width > _WIDTH:
            left, top = 0, top + row
        row = image.shape[0] + _CAPTION + _GAP
        places.append((left, top))
        left += width
    whole = Image.new("L", (_WIDTH, max(1, top + row)), 255)
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default()
    for (image, text), (x, y) in zip(samples, places, strict=True):
        whole.paste(Image.fromarray(255 - np.asarray(image)), (x, y))
        draw.text((x, y + image.shape[0] + 1), text.replace("\n", " / "), fill=90, font=font)
    return whole
