"""Pictures as people and programs keep them, opened as grey: turned as a camera noted it, with all pages of a TIFF, and with a
ground where they are transparent."""

from __future__ import annotations

import contextlib
import shlex
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from text_recognizer.errors import DataError

PICTURES = (
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"),
    *(".jp2", ".j2k", ".jpx", ".avif", ".pgm", ".ppm", ".pbm", ".pnm"),
)
"""Endings of the pictures that are looked for in folders."""

_MADE_BY = {
    ".pdf": "pdftoppm -r 300 -png {file} {stem}",
    **dict.fromkeys((".djvu", ".djv"), "ddjvu -format=tiff {file} {stem}.tif"),
    **dict.fromkeys((".heic", ".heif"), "heif-convert {file} {stem}.jpg"),
}
"""What makes pictures of the files in which writing is handed on as well, and which Pillow does not open, by their endings."""

# What Pillow raises for files that are damaged in one way or another.
_BROKEN = (
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError),
    *(RuntimeError, struct.error, zlib.error, Image.DecompressionBombError),
)
_WIDTH, _HEIGHT, _ORIENTATION, _SIDEWAYS = 256, 257, 274, (5, 6, 7, 8)
_KIND_OF_PAGE, _REDUCED = 254, 1  # TIFF 6.0, NewSubfileType: a smaller copy of another page
_CELLS = 6  # per height of a picture: a cell that is opaque throughout is paper, for no stroke is as thick


def open_grey(path: Path, *, turned: bool = True, page: int = 1) -> np.ndarray:
    """The picture, or one of its pages (from 1 on, as `pages_in` has them), as uint8 (height, width); not `turned`: as it lies in
    its file, whatever its EXIF says. Raises DataError where it is missing or broken."""
    with _opened(path, page) as opened:
        return grey_of(opened, turned=turned)


def pages_in(path: Path) -> Iterator[np.ndarray | DataError]:
    """Every page of a picture as `open_grey` gives it, or what is wrong with it. A TIFF may have many, and smaller copies of
    them, which are passed over; of moving pictures it is the first."""
    try:
        with _opened(path) as opened:
            more = True
            while more:
                if not _is_reduced(opened):
                    yield _page(path, opened)
                more = opened.format == "TIFF" and _turned_over(opened)
    except DataError as error:
        yield error


def made_by(path: Path) -> str:
    """The command that makes pictures of a file which may hold writing but is none, such as a PDF; "" for any other."""
    command = _MADE_BY.get(path.suffix.lower(), "")
    return command.format(file=shlex.quote(path.name), stem=shlex.quote(path.stem))


def number_of_pages(path: Path) -> int:
    """How many pages `pages_in` has, without reading their pixels. Raises DataError as `open_grey` does."""
    with _opened(path) as opened:
        count = int(not _is_reduced(opened))
        while opened.format == "TIFF" and _turned_over(opened):
            count += not _is_reduced(opened)
    return count


def size_of_picture(path: Path, *, turned: bool = True, page: int = 1) -> tuple[int, int]:
    """Width and height, without reading the pixels. Raises DataError as `open_grey` does. A TIFF is always turned, by Pillow."""
    with _opened(path, page) as opened:
        tags = getattr(opened, "tag_v2", None)  # a TIFF's, whose size is that of its pixels with one Pillow, turned with the next
        width, height = opened.size if tags is None else (tags[_WIDTH], tags[_HEIGHT])
        sideways = (opened.getexif() if tags is None else tags).get(_ORIENTATION) in _SIDEWAYS
    return (height, width) if sideways and (turned or tags is not None) else (width, height)


def grey_of(image: Image.Image, *, turned: bool = True) -> np.ndarray:
    """An image of Pillow's as uint8 (height, width); transparent parts get the colour of its paper, or one that its ink stands
    out from."""
    image = ImageOps.exif_transpose(image) if turned else image
    if image.mode.startswith(("I", "F")):
        return eight_bits(np.asarray(image))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _grounded(image.convert("RGBA"))
    return np.asarray(image.convert("L"))


def grey_array(array: np.ndarray) -> np.ndarray:
    """An array as uint8 (height, width): grey (height, width), or with 1, 3 (RGB) or 4 (RGBA) channels last; whole numbers of 0
    to 255, floats of 0 to 1, truth values; other ranges are stretched to their own. Raises DataError for what is no picture."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise DataError(f"an array of shape {array.shape} is no picture; give (height, width) or (height, width, 3)")
    if not array.size:
        raise DataError(f"it is empty, of shape {array.shape}; leave it out")
    if array.dtype.kind not in "buif" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        raise DataError(f"its values ({array.dtype}) are no brightness, or not finite; give 0..255, or floats of 0..1")
    pixels = _bytes_of(array)
    return grey_of(Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels))


def eight_bits(values: np.ndarray) -> np.ndarray:
    """Pixels of more than eight bits, brought to 0..255 by their own range."""
    values = np.nan_to_num(values.astype(np.float64))
    low, high = float(values.min()), float(values.max())
    return ((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8)


def _bytes_of(array: np.ndarray) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind == "b" or (array.dtype.kind == "f" and low >= 0 and high <= 1):
        return (array.astype(np.float32) * 255).round().astype(np.uint8)
    return array.astype(np.uint8) if low >= 0 and high <= 255 else eight_bits(array)


@contextlib.contextmanager
def _opened(path: Path, page: int = 1) -> Iterator[Image.Image]:
    """Not by its name: Pillow 12 turns a TIFF wrongly that it maps into memory."""
    with _explained(path), path.open("rb") as file, Image.open(file) as opened:
        if page > 1:
            _turn_to(opened, page)
        yield opened


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Whatever is wrong with a picture as a DataError that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such image; mend the path, or leave it out") from error
    except _BROKEN as error:
        if command := made_by(path):
            raise DataError(f"{path}: is no picture; make pictures of it first: {command}") from error
        why = "of no kind that is known here" if isinstance(error, UnidentifiedImageError) else f"{error!s:.80}"
        raise DataError(f"{path}: cannot be read as an image ({why}); replace it, or leave it out") from error


def _page(path: Path, opened: Image.Image) -> np.ndarray | DataError:
    try:
        with _explained(path):
            return grey_of(opened)
    except DataError as error:
        return error


def _is_reduced(opened: Image.Image) -> bool:
    return bool(getattr(opened, "tag_v2", {}).get(_KIND_OF_PAGE, 0) & _REDUCED)


def _turn_to(opened: Image.Image, page: int) -> None:
    """Goes on to a page, counted as `pages_in` does."""
    left = page - (not _is_reduced(opened))
    while left:
        if opened.format != "TIFF" or not _turned_over(opened):
            raise EOFError(f"it has no page {page}")
        left -= not _is_reduced(opened)


def _turned_over(opened: Image.Image) -> bool:
    """Goes on to the next page; False where there is none."""
    try:
        opened.seek(opened.tell() + 1)
    except EOFError:
        return False
    return True


def _grounded(image: Image.Image) -> np.ndarray:
    """An RGBA image on one colour. A cut-out with paper goes on with the brightness of that paper; where ink alone was kept,
    white or black lies under it, whichever is farther from it."""
    grey, alpha = np.asarray(image.convert("RGB").convert("L"), np.float32), image.getchannel("A")
    opacity = np.asarray(alpha, np.float32) / 255
    seen = grey[opacity > opacity.max() / 2]
    if not len(seen):
        return np.full(grey.shape, 255, np.uint8)
    ground = np.median(seen) if _has_paper(alpha) else 255 if seen.mean() < 128 else 0
    return np.rint(grey * opacity + ground * (1 - opacity)).astype(np.uint8)


def _has_paper(alpha: Image.Image) -> bool:
    """Whether what is opaque is thick throughout, as no strokes are."""
    cell = max(2, alpha.height // _CELLS)
    cells = np.asarray(alpha.resize((max(1, alpha.width // cell), max(1, alpha.height // cell)), Image.Resampling.BOX))
    return bool((cells > 250).mean() > 0.1 * (np.asarray(alpha) > 127).mean())
