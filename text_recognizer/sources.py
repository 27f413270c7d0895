"""What is to be read: the lines of pictures, of pages with and without ALTO or PAGE XML, of folders of these, and of images in
memory, found one after another."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from PIL import Image

from text_recognizer.data.line_pages import cut_out, line_images
from text_recognizer.data.page_parts import PageLine, baseline_within, box
from text_recognizer.data.page_xml import Whose, read_page, taken_instead, tell_instead, whose_page
from text_recognizer.data.pictures import PICTURES, grey_array, grey_of, made_by, number_of_pages, pages_in, size_of_picture
from text_recognizer.data.preparing import tell
from text_recognizer.data.segmentation import lines_of
from text_recognizer.data.turns import MOST_LINES, TURNS, stands, turned, way_up
from text_recognizer.errors import DataError, ExperimentError

Source: TypeAlias = "str | Path | np.ndarray | Image.Image"
Sure: TypeAlias = Callable[[Sequence[np.ndarray]], Sequence[float]]
"""How sure a reader is, 0 to 1, of each of some pictures of lines, uint8 (height, width)."""

_LEAST_HEIGHT, _MOST_WIDTH = 200, 4  # a picture that is lower, in pixels, or wider, in heights, is a line
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_TAKEN = "a path, an array or an image of Pillow's"


@dataclass(frozen=True, eq=False)
class Sheet:
    """A picture with its lines, or a page of one: what it is called, its file (None: it is in memory), which page of that it is
    (0: the only one), width and height in pixels; whether its lines were looked for because of its shape alone; and the turn, as
    of `turns`, that it was found to lie in."""

    source: str
    picture: Path | None = None
    number: int = 0
    size: tuple[int, int] = (0, 0)
    guessed: bool = False
    turn: int = 0

    @property
    def stem(self) -> str:
        """What a file about it is called, without an ending."""
        name = self.picture.stem if self.picture else self.source
        return f"{name}_page_{self.number}" if self.number else name


@dataclass(frozen=True, eq=False)
class Found:
    """A line to be read, named by `source`: its sheet, its place there, and its grey pixels, uint8 (height, width), upright; or
    why there are none: an error, or that its whole sheet is `done` with."""

    source: str
    sheet: Sheet
    grey: np.ndarray | None = None
    line: PageLine | None = None
    error: str = ""
    done: bool = False


@dataclass(frozen=True)
class Choice:
    """How sources are looked into. `recursive`: also folders within folders. `pages`: a picture without XML is a page, whose
    lines have to be found (True), or a line (False); None: what its shape says. `turn`: such pictures are turned clockwise by so
    many degrees to be read; None: a page is read the way up that a reader is far surer of, where `sure` asks one. `done`: which
    sheets nobody needs any more; they are not looked at. `without`: a folder within folders that is passed over."""

    recursive: bool = False
    pages: bool | None = None
    turn: int | None = None
    sure: Sure | None = None
    done: Callable[[Sheet], bool] | None = None
    without: Path | None = None

    def __post_init__(self) -> None:
        if self.turn not in (None, *TURNS):
            raise ExperimentError(f"turn is {self.turn!r}; give 0, 90, 180 or 270, degrees clockwise, or nothing")


def found_in(sources: Iterable[Source] | Source, choice: Choice = Choice()) -> Iterator[Found]:
    """The lines of all sources in their order; each source is looked into when its turn comes, and a page of it after another.

    What is no file is named by its place, `sources[0]`. A picture has the shape of a page where it is 200 pixels high or more,
    and not wider than four times that; where there is but one line on it, it is read whole. Raises TypeError for what holds no
    sources at all.
    """
    for place, source in enumerate(_each(sources)):
        is_path = isinstance(source, (str, Path)) and str(source)
        name = str(source) if is_path else f"sources[{place}]"
        try:
            yield from _of_path(name, choice) if is_path else _of_image(Sheet(name), _grey(source), choice)
        except DataError as error:
            yield _failed(name, str(error) if is_path else f"{name}: {error}")


def _failed(name: str, error: str) -> Found:
    return Found(name, Sheet(name), error=error)


def _each(sources: Iterable[Source] | Source) -> Iterable[Source]:
    """All sources, also where there is but one. Of an array the shape says whether it is a picture or a stack of them."""
    if isinstance(sources, np.ndarray):
        return [sources] if sources.ndim < 3 or (sources.ndim == 3 and sources.shape[2] in (1, 3, 4)) else list(sources)
    if isinstance(sources, (str, bytes, Path, Image.Image)):
        return [sources]
    if isinstance(sources, Mapping) or not (hasattr(sources, "__iter__") or hasattr(sources, "__getitem__")):
        said = "None, as OpenCV's imread gives for a file that it cannot open," if sources is None else f"{sources!r:.60}"
        raise TypeError(f"{said} is nothing to read: give {_TAKEN}, a folder's path, or a list of these")
    return sources


def _grey(source: object) -> np.ndarray:
    if isinstance(source, np.ndarray):
        return grey_array(source)
    if isinstance(source, Image.Image):
        if not source.width or not source.height:
            raise DataError(f"it is empty, of {source.width} x {source.height} pixels; leave it out")
        return grey_of(source)
    said = "it is an empty text" if source == "" else f"it is a {type(source).__name__}"
    raise DataError(f"{said}, and no picture; give {_TAKEN}")


def _of_path(name: str, choice: Choice) -> Iterator[Found]:
    path = Path(name)
    if _ADDRESS.match(name) and not path.exists():
        raise DataError(f"{name}: is an address, and nothing is read over a network; save it as a file, and give its path")
    return _of_folder(path, choice) if path.is_dir() else _of_entry(path, choice)


def _of_folder(folder: Path, choice: Choice) -> Iterator[Found]:
    """Each picture has its turn in its own folder, or where the first of the files lies that describe it. Raises DataError where
    nothing is to be read."""
    unread: list[OSError] = []
    empty, described = True, _described(folder, choice)
    homes: dict[Path, list[Path]] = {}
    for picture, files in described.items():
        homes.setdefault(min(files.values()).parent, []).append(picture)
    for here, names in _walked(folder, choice, unread):
        own = [path for name in names if (path := here / name).suffix.lower() in PICTURES and path not in described]
        for entry in sorted((*own, *homes.get(here, ()))):
            empty = False
            marked = described.get(entry, {})
            yield from _of_entry(marked.get(0, entry), choice, marked)
        _tell_passed_over(here, names)
    for error in unread:
        yield _failed(str(error.filename), f"{error.filename}: cannot be looked into ({error.strerror}); mend that")
    if empty and not unread:
        deeper = "" if choice.recursive else ", or add --recursive for the folders within it"
        raise DataError(f"{folder}: no picture in this folder; name a folder of pictures, or a page's .xml{deeper}")


def _walked(folder: Path, choice: Choice, unread: list[OSError]) -> Iterator[tuple[Path, list[str]]]:
    """The folder, and where that is asked for those within it, each with the names of its files; without hidden ones, such as the
    companions that another system leaves beside every picture."""
    without = choice.without and choice.without.resolve()
    for here, folders, names in os.walk(folder, onerror=unread.append):
        deeper = sorted(name for name in folders if choice.recursive and not name.startswith("."))
        folders[:] = [name for name in deeper if not without or (Path(here) / name).resolve() != without]
        yield Path(here), sorted(name for name in names if not name.startswith("."))


def _described(folder: Path, choice: Choice) -> dict[Path, dict[int, Path]]:
    """The pictures of the ALTO and PAGE files there, each with the file of every page that one describes (0: it does not say
    which); of several files of one page that which counts, and which do not is told."""
    files: dict[Path, Whose] = {}
    for here, names in _walked(folder, choice, []):
        for path in (here / name for name in names if name.lower().endswith(".xml")):
            if whose := whose_page(path):
                files[path] = whose
    instead = taken_instead(files)
    tell_instead(instead)
    found: dict[Path, dict[int, Path]] = {}
    for path, whose in files.items():
        if path not in instead:
            found.setdefault(whose.picture, {})[whose.number] = path
    return found


def _tell_passed_over(folder: Path, names: Iterable[str]) -> None:
    """Whoever has scans as PDF beside pictures would not miss what is not read of them."""
    others = [path for name in names if made_by(path := folder / name)]
    if others:
        more = f" and {len(others) - 1:,} more like it" if len(others) > 1 else ""
        tell(f"{others[0]}{more}: passed over, for it is no picture; make pictures of it first: {made_by(others[0])}")


def _of_entry(path: Path, choice: Choice, marked: Mapping[int, Path] = MappingProxyType({})) -> Iterator[Found]:
    """`marked`: the files that describe pages of a picture with several."""
    try:
        yield from _of_page(path, choice) if path.suffix.lower() == ".xml" else _of_picture(path, choice, marked)
    except DataError as error:
        yield _failed(str(path), str(error))


def _of_page(path: Path, choice: Choice) -> Iterator[Found]:
    page = read_page(path)
    if not page.lines and not page.left_out:
        raise DataError(f"{path}: no line is marked in it (no TextLine); mark its lines first, with eScriptorium for instance")
    size = size_of_picture(page.image, turned=page.turned, page=page.number or 1)
    sheet = Sheet(str(path), page.image, page.number, size)
    if choice.done and choice.done(sheet):
        yield Found(sheet.source, sheet, done=True)
        return
    for line, image in zip(page.lines, line_images(page), strict=True):
        yield Found(f"{path}#{line.id}", sheet, image, line)
    for name, why in page.left_out:
        said = f"{path}: line {name!r} cannot be read: {why}; mend or remove it"
        yield Found(f"{path}#{name}", sheet, error=said)


def _of_picture(path: Path, choice: Choice, marked: Mapping[int, Path]) -> Iterator[Found]:
    """The lines of each page of the picture; pages are numbered where there are several. Those of `marked` are read by the lines
    that their file marks."""
    if sheets := _all_done(path, choice):
        yield from (Found(sheet.source, sheet, done=True) for sheet in sheets)
        return
    pages = pages_in(path)
    first, second = next(pages, DataError(f"{path}: it holds no page; replace it")), next(pages, None)
    if second is None:
        yield from _of_leaf(Sheet(str(path), path), first, choice)
        return
    for number, page in enumerate(chain((first, second), pages), start=1):
        page = DataError(f"page {number} of {page}") if isinstance(page, DataError) else page
        leaf = _leaf(path, number)
        yield from _of_entry(marked[number], choice) if number in marked else _of_leaf(leaf, page, choice)


def _leaf(path: Path, number: int) -> Sheet:
    """One of several pages of a picture."""
    return Sheet(f"{path}#page_{number}", path, number)


def _all_done(path: Path, choice: Choice) -> list[Sheet]:
    """The sheets of a picture where all of them are done with, before any of its pixels is read."""
    if not choice.done:
        return []
    try:
        count = number_of_pages(path)
    except DataError:
        return []
    sheets = [_leaf(path, number) for number in range(1, count + 1)] if count > 1 else [Sheet(str(path), path)]
    return sheets if all(choice.done(sheet) for sheet in sheets) else []


def _of_leaf(sheet: Sheet, page: np.ndarray | DataError, choice: Choice) -> Iterator[Found]:
    return iter([_failed(sheet.source, str(page))]) if isinstance(page, DataError) else _of_image(sheet, page, choice)


def _of_image(sheet: Sheet, grey: np.ndarray, choice: Choice) -> Iterator[Found]:
    """The lines of a picture that nobody has marked any in, or the one line that it is."""
    height, width = grey.shape
    sheet, turn = replace(sheet, size=(width, height)), choice.turn or 0
    if choice.done and choice.done(sheet):
        yield Found(sheet.source, sheet, done=True)
        return
    guessed = choice.pages is None and _has_shape_of_page(turned(grey, turn))
    lines = lines_of(grey, turn) if choice.pages or guessed else None
    if lines is not None and choice.turn is None and choice.sure:
        lines = _right_way_up(grey, lines, choice.sure)
    if lines == ():
        said = "no line is found on it; mark its lines in ALTO or PAGE XML, or take it for one line (--lines)"
        yield Found(sheet.source, sheet, error=f"{sheet.source}: {said}")
    elif lines is None or (guessed and len(lines) == 1):
        outline = box(0, 0, width, height)
        line = PageLine("line_1", "", baseline_within(outline, turn), outline, turn)
        yield Found(sheet.source, sheet, turned(grey, turn), line)
    else:
        sheet = replace(sheet, guessed=guessed, turn=0 if choice.turn else lines[0].turn)
        for line, image in zip(lines, cut_out(grey, lines), strict=True):
            yield Found(f"{sheet.source}#{line.id}", sheet, image, line)


def _has_shape_of_page(grey: np.ndarray) -> bool:
    height, width = grey.shape
    return height >= _LEAST_HEIGHT and width <= _MOST_WIDTH * height


def _right_way_up(grey: np.ndarray, lines: tuple[PageLine, ...], sure: Sure) -> tuple[PageLine, ...]:
    """The lines of a page in the turn in which it is read far more surely than as it lies; `lines`, as it lies, without one."""
    ways, seen = {0: lines}, {0: sure(_longest(grey, lines))}
    if not stands(seen[0]):
        for turn in TURNS[1:]:
            ways[turn] = lines_of(grey, turn)
            seen[turn] = sure(_longest(grey, ways[turn]))
    return ways[way_up(seen)]


def _longest(grey: np.ndarray, lines: Sequence[PageLine]) -> list[np.ndarray]:
    """The longest of some lines, cut out of their page."""
    longest = sorted(lines, key=lambda line: -float(np.ptp(line.baseline, axis=0).max()))[:MOST_LINES]
    return list(cut_out(grey, longest))
