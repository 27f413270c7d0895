"""IAMParagraphs: the whole handwritten part of a form on a sheet of one height; and paragraphs put together from single lines.

All writing is shown in one scale, half of the scans' resolution where the sheet is 576 pixels high, so that letters of a short
paragraph are as large as those of a long one. What is larger than the sheet is made smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from text_recognizer.data.assembling import assembled
from text_recognizer.data.cache import Images, cached
from text_recognizer.data.iam import Form, FormLine, Unit, cut_out, found, stamps
from text_recognizer.data.line_images import VERSION, with_even_contrast
from text_recognizer.data.line_set import Lines, LineSplit
from text_recognizer.data.options import IamMixedOptions, IamParagraphOptions

_FULL_HEIGHT = 1152  # pixels of the scans that are a sheet high
_WIDEST = 1280 / _FULL_HEIGHT  # of a sheet of put together lines, by its height
_MOST_LINES = 9


def iam_paragraphs(options: IamParagraphOptions) -> Lines:
    """Paragraphs in the split of their form; their lines are separated by newlines in the text."""
    folder, units = found(options, _paragraph)
    images = _sheets(options, units, "paragraph on a sheet")
    return assembled(folder, images, [u.line.text for u in units], [u.split for u in units])


def iam_original_and_synthetic(options: IamMixedOptions) -> Lines:
    """IAMParagraphs, and to train on also one to nine lines of its training set in a row, whoever wrote them.

    As in the lab every line is there alone, and three times among others: in groups of two to four, of two to nine, and of
    five to nine; groups that are too large for the sheet are left out.
    """
    real = iam_paragraphs(options)
    _, units = found(options, lambda form: form.lines)
    lines = [unit for unit in units if unit.split == "train"]
    crops = _scaled_lines(options, lines)
    groups = [g for g in groups_of(len(lines), options.seed) if _fits([crops[i] for i in g], options.height)]
    sheets = tuple(stacked([crops[i] for i in group], options.height) for group in groups)
    texts = tuple("\n".join(lines[i].line.text for i in group) for group in groups)
    train = LineSplit(real.train.images + sheets, real.train.texts + texts)
    return Lines(train, real.val, real.test, "".join(sorted({*real.classes, *"".join(texts)})))


def groups_of(number: int, seed: int) -> Iterator[list[int]]:
    """Each of so many lines alone; then three times all of them, in groups whose size is drawn."""
    rng = np.random.default_rng(seed)
    yield from ([i] for i in range(number))
    for least, most in ((2, _MOST_LINES // 2), (2, _MOST_LINES), (_MOST_LINES // 2 + 1, _MOST_LINES)):
        order = rng.permutation(number).tolist()
        while order:
            size = int(rng.integers(least, most + 1))
            yield order[:size]
            del order[:size]


def stacked(crops: Sequence[np.ndarray], height: int) -> np.ndarray:
    """Pictures, uint8 (h, w) each, one below another on a black sheet of this height, as wide as the widest."""
    sheet = np.zeros((height, max(crop.shape[1] for crop in crops)), np.uint8)
    top = 0
    for crop in crops:
        sheet[top : top + crop.shape[0], : crop.shape[1]] = crop
        top += crop.shape[0]
    return sheet


def _fits(crops: Sequence[np.ndarray], height: int) -> bool:
    return sum(c.shape[0] for c in crops) <= height and max(c.shape[1] for c in crops) <= height * _WIDEST


def _sheets(options: IamParagraphOptions, units: Sequence[Unit], what: str) -> Images:
    key = {"iam": [VERSION, 2], "what": what, "height": options.height, "units": stamps(units)}
    return cached(key, options.height, lambda: (stacked([_scaled(u, options)], options.height) for u in units), len(units))


def _scaled_lines(options: IamMixedOptions, units: Sequence[Unit]) -> list[np.ndarray]:
    """The lines as they would be in a paragraph; from the cache, where each stands on a sheet of its own."""
    heights = [round(_size(u, options)[1]) for u in units]
    return [image[:h] for image, h in zip(_sheets(options, units, "line on a sheet"), heights, strict=True)]


def _scaled(unit: Unit, options: IamParagraphOptions) -> np.ndarray:
    width, height = (max(1, round(side)) for side in _size(unit, options))
    ink = Image.fromarray(with_even_contrast(cut_out(unit)))
    return np.asarray(ink.resize((width, height), Image.Resampling.BOX))


def _size(unit: Unit, options: IamParagraphOptions) -> tuple[float, float]:
    """Width and height on the sheet, pixels."""
    left, top, right, bottom = unit.line.box
    width, height = (right - left) * unit.form.size[0], (bottom - top) * unit.form.size[1]
    scale = options.height / max(_FULL_HEIGHT, height)
    return width * scale, height * scale


def _paragraph(form: Form) -> tuple[FormLine, ...]:
    if not form.lines:
        return ()
    boxes = np.array([line.box for line in form.lines])
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    return (FormLine(form.id, "\n".join(line.text for line in form.lines), (left, top, right, bottom)),)
