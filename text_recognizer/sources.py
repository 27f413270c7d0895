"""What is to be read: the lines of pictures, of pages with ALTO or PAGE XML, of folders of both, and of images in memory, found
one after another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from text_recognizer.data.line_pages import line_images
from text_recognizer.data.page_xml import pictured, read_page
from text_recognizer.data.pictures import PICTURES, grey_array, grey_of, pages_in
from text_recognizer.errors import DataError

Source: TypeAlias = "str | Path | np.ndarray | Image.Image"


@dataclass(frozen=True, eq=False)
class Found:
    """A line to be read, named by `source`: its grey pixels, uint8 (height, width); or why there are none."""

    source: str
    grey: np.ndarray | None = None
    error: str = ""


def found_in(sources: Iterable[Source] | Source, *, recursive: bool = False) -> Iterator[Found]:
    """The lines of all sources in their order; each source is looked into when its turn comes, and a page of it after another.

    What is no file is named by its place, `sources[0]`. `recursive`: also folders within folders.
    """
    for place, source in enumerate(_each(sources)):
        name = str(source) if isinstance(source, (str, Path)) else f"sources[{place}]"
        try:
            if isinstance(source, (str, Path)) and str(source):
                yield from _of_path(Path(source), recursive=recursive)
            else:
                yield Found(name, _grey(source))
        except DataError as error:
            said = str(error) if isinstance(source, (str, Path)) and str(source) else f"sources[{place}]: {error}"
            yield Found(name, error=said)


def _each(sources: Iterable[Source] | Source) -> Iterable[Source]:
    """All sources, also where there is but one. Of an array the shape says whether it is a picture or a stack of them."""
    if isinstance(sources, np.ndarray):
        return [sources] if sources.ndim < 3 or (sources.ndim == 3 and sources.shape[2] in (1, 3, 4)) else list(sources)
    return [sources] if isinstance(sources, (str, Path, Image.Image)) else sources


def _grey(source: object) -> np.ndarray:
    if isinstance(source, np.ndarray):
        return grey_array(source)
    if isinstance(source, Image.Image):
        if not source.width or not source.height:
            raise DataError(f"it is empty, of {source.width} x {source.height} pixels; leave it out")
        return grey_of(source)
    said = "it is an empty text" if source == "" else f"it is a {type(source).__name__}"
    raise DataError(f"{said}, and no picture; give a path, an array or an image of Pillow's")


def _of_path(path: Path, *, recursive: bool) -> Iterator[Found]:
    return _of_folder(path, recursive=recursive) if path.is_dir() else _of_entry(path)


def _of_folder(folder: Path, *, recursive: bool) -> Iterator[Found]:
    """Raises DataError where nothing is to be read."""
    unread: list[OSError] = []
    empty = True
    for here, folders, names in os.walk(folder, onerror=unread.append):
        folders[:] = sorted(name for name in folders if recursive and not _is_hidden(name))
        for entry in _entries(Path(here), names):
            empty = False
            yield from _of_entry(entry)
    for error in unread:
        yield Found(str(error.filename), error=f"{error.filename}: cannot be looked into ({error.strerror}); mend that")
    if empty and not unread:
        deeper = "" if recursive else ", or add --recursive for the folders within it"
        raise DataError(f"{folder}: no picture in this folder; name a folder of pictures, or a page's .xml{deeper}")


def _entries(folder: Path, names: Iterable[str]) -> list[Path]:
    """What is to be read of a folder, in the order of the pictures' names: each picture, or the ALTO or PAGE file beside it whose
    picture it is."""
    paths = [folder / name for name in sorted(names) if not _is_hidden(name)]
    pages = {picture: path for path in paths if path.suffix.lower() == ".xml" and (picture := pictured(path))}
    pictures = {path for path in paths if path.suffix.lower() in PICTURES}
    return [pages.get(picture, picture) for picture in sorted(pictures | pages.keys())]


def _is_hidden(name: str) -> bool:
    """Such as the companions that another system leaves beside every picture."""
    return name.startswith(".")


def _of_entry(path: Path) -> Iterator[Found]:
    try:
        yield from _of_page(path) if path.suffix.lower() == ".xml" else _of_picture(path)
    except DataError as error:
        yield Found(str(path), error=str(error))


def _of_page(path: Path) -> Iterator[Found]:
    page = read_page(path)
    if not page.lines and not page.left_out:
        raise DataError(f"{path}: no line is marked in it (no TextLine); mark its lines first, with eScriptorium for instance")
    for line, image in zip(page.lines, line_images(page), strict=True):
        yield Found(f"{path}#{line.id}", image)
    for name, why in page.left_out:
        yield Found(f"{path}#{name}", error=f"{path}: line {name!r} cannot be read: {why}; mend or remove it")


def _of_picture(path: Path) -> Iterator[Found]:
    """A line per page of the picture; pages are numbered where there are several."""
    pages = pages_in(path)
    first, second = next(pages, DataError(f"{path}: it holds no page; replace it")), next(pages, None)
    if second is None:
        yield _line(str(path), first)
        return
    for number, page in enumerate(chain((first, second), pages), start=1):
        yield _line(f"{path}#page_{number}", DataError(f"page {number} of {page}") if isinstance(page, DataError) else page)


def _line(name: str, page: np.ndarray | DataError) -> Found:
    return Found(name, error=str(page)) if isinstance(page, DataError) else Found(name, page)
