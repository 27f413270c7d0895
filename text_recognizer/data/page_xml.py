"""Lines of a page from its ALTO or PAGE XML: baseline, outline, text, in pixels of the page's picture."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from text_recognizer.data import alto, prima_page
from text_recognizer.data.page_parts import Described, PageLine, baseline_within, name_of
from text_recognizer.data.pictures import PICTURES, number_of_pages, size_of_picture
from text_recognizer.data.preparing import tell
from text_recognizer.errors import DataError

_ALTO, _PAGE = "alto", "PcGts"
_READERS = {_ALTO: alto.described, _PAGE: prima_page.described}
_SMALLEST = 5.0  # pixels: what is less wide or high holds no letter
_ALIKE = 0.02  # by which the two sides of a picture may be scaled differently


@dataclass(frozen=True)
class Whose:
    """Of which page of which picture an ALTO or PAGE file is, and which of both it is (by the name of its root). `number`: from 1
    on in a picture with several pages; 0: the only one, or it is not said, and the first is meant."""

    picture: Path
    number: int
    form: str

    @property
    def page(self) -> tuple[Path, int]:
        """The same for all files of one page."""
        return self.picture, self.number or 1


@dataclass(frozen=True)
class Page:
    """A page's picture, its lines in the order of reading, and why others of its lines cannot be used, by their ids.

    `turned`: whether its coordinates count in the picture as its EXIF turns it, or as it lies in its file.
    """

    whose: Whose
    lines: tuple[PageLine, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    turned: bool = True

    @property
    def image(self) -> Path:
        return self.whose.picture

    @property
    def number(self) -> int:
        return self.whose.number


def read_page(path: Path) -> Page:
    """The page that an ALTO or PAGE file describes. A line without a baseline gets one from its outline.

    Raises DataError where the file is neither, describes several pages, where its picture is not beside it, or is another one
    than the file describes.
    """
    root = _root(path)
    if name_of(root) not in _READERS:
        raise DataError(f"{path}: its root is {name_of(root)!r}, neither ALTO nor PAGE; export it as one of them")
    if (several := sum(name_of(element) == "Page" for element in root.iter())) > 1:
        raise DataError(f"{path}: it describes {several} pages, whose lines would be cut out of one; export a file for each page")
    found = _READERS[name_of(root)](root)
    image = _picture(path, found.picture)
    number = _number(found, image)
    turned = _is_turned(found, image, number)
    scale = _scale(path, found, size_of_picture(image, turned=turned, page=number or 1), image.name)
    usable, left_out = [], []
    for line in found.lines:
        whole = _whole(line, scale)
        if isinstance(whole, str):
            left_out.append((line.id, whole))
        else:
            usable.append(whole)
    return Page(Whose(image, number, name_of(root)), tuple(usable), tuple(left_out), turned)


def whose_page(path: Path) -> Whose | None:
    """Whose page an ALTO or PAGE file describes; with the file itself for a picture where that cannot be opened, and None where
    this is no such file."""
    try:
        root = _root(path)
    except DataError:
        return None
    if (form := name_of(root)) not in _READERS:
        return None
    try:
        found = _READERS[form](root)
        return Whose(image := _picture(path, found.picture), _number(found, image), form)
    except DataError:
        return Whose(path, 0, form)


def taken_instead(files: Mapping[Path, Whose]) -> dict[Path, Path]:
    """Of files of one page another of which is taken: which. PAGE comes before ALTO, which programs that know both make of it,
    with less in it: no order of reading, and lines cut into words; of two of one kind comes the later name."""
    pages: dict[tuple[Path, int], list[Path]] = {}
    for path, whose in files.items():
        pages.setdefault(whose.page, []).append(path)
    taken = {page: max(paths, key=lambda path: (files[path].form == _PAGE, path)) for page, paths in pages.items()}
    return {path: taken[whose.page] for path, whose in files.items() if taken[whose.page] != path}


def tell_instead(instead: Mapping[Path, Path]) -> None:
    """Names the first of the files that are passed over, and how many there are."""
    if instead:
        first, rest = min(instead), len(instead) - 1
        more = f" and {rest:,} more like it" if rest else ""
        why = "PAGE comes before ALTO, and of one kind the later name"
        tell(f"{first}{more}: passed over, for {instead[first]} is of the same page; {why}")


def _root(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()  # noqa: S314
    except OSError as error:
        raise DataError(f"{path}: {'no such file' if isinstance(error, FileNotFoundError) else error.strerror}") from error
    except ElementTree.ParseError as error:
        raise DataError(f"{path}:{error.position[0]}:{error.position[1]}: not XML ({error.msg}); export it again") from error
    except (LookupError, ValueError) as error:  # an encoding that the parser does not know
        raise DataError(f"{path}: not XML ({error}); export it again") from error


def _whole(line: PageLine, scale: np.ndarray) -> PageLine | str:
    """The line with baseline and outline in pixels, or what it lacks."""
    baseline, outline = _distinct(line.baseline * scale), line.outline * scale
    if len(outline) < 3:
        return (
            "it has neither an outline nor a box" if len(baseline) < 2 else "it has a baseline but neither an outline nor a box"
        )
    if np.ptp(outline, axis=0).min() < _SMALLEST:
        return "it is too small to hold a letter"
    baseline = baseline if len(baseline) > 1 else baseline_within(outline, line.turn)
    return replace(line, baseline=baseline, outline=outline)


def _distinct(baseline: np.ndarray) -> np.ndarray:
    """The points that differ from the one before: some programs draw a baseline of one point, twice."""
    return baseline[np.r_[True, np.any(np.diff(baseline, axis=0) != 0, axis=1)]] if len(baseline) else baseline


def _number(found: Described, image: Path) -> int:
    """As of `Page`. A number beyond the pages of the picture counts something else, say those of a book."""
    return found.number if found.number > 0 and (count := number_of_pages(image)) > 1 and found.number <= count else 0


def _is_turned(found: Described, image: Path, number: int) -> bool:
    """Programs differ in whether they heed EXIF; the size that the file gives tells, where the picture was turned to its side."""
    return (
        found.size is None
        or _is_alike(found.size, size_of_picture(image, page=number or 1))
        or not _is_alike(found.size, size_of_picture(image, turned=False, page=number or 1))
    )


def _is_alike(described: tuple[float, float], size: tuple[int, int]) -> bool:
    """Whether a picture has the shape of the page that is described."""
    width, height = np.array(size) / described
    return bool(abs(width / height - 1) <= _ALIKE)


def _scale(path: Path, found: Described, size: tuple[int, int], name: str) -> np.ndarray:
    """Pixels of the picture per unit of the file, along x and y (2,); `size` and `name` are the picture's."""
    if found.size is None:
        if found.unit == "pixel":
            return np.ones(2)
        raise DataError(f"{path}: its unit is {found.unit}, and it does not say how large its page is; export it in pixels")
    if not _is_alike(found.size, size):
        width, height = found.size
        raise DataError(
            f"{path}: it describes a page of {width:g} x {height:g}, and its picture {name} has {size[0]} x "
            f"{size[1]} pixels, which is another shape; put the picture there that it was made from"
        )
    return np.array(size) / found.size


def _picture(path: Path, named: str) -> Path:
    """Where the file says that its picture lies; or one of that name, or of the file's own: beside the file, or above the folder
    that such files have of their own."""
    as_said = _as_said(path, named)
    folders = [path.parent, *([_above(path.parent)] if _is_below_pictures(path.parent) else [])]
    names = dict.fromkeys(PurePosixPath(name).name for name in (named, named.replace("\\", "/")) if name)
    own = [path.stem + end for suffix in PICTURES for end in (suffix, suffix.upper())]
    for place in (*as_said, *(folder / name for folder in folders for name in (*names, *own))):
        if place.is_file():
            return place
    elsewhere = "".join(f", nor {where}" for where in (*(f"in {folder}" for folder in folders[1:]), *map(str, as_said)))
    raise DataError(f"{path}: its picture {named or path.stem!r} is not beside it{elsewhere}; put it there")


def _as_said(path: Path, named: str) -> list[Path]:
    """Where a picture that is named with its folder may lie: counted from the file's own folder, or from the one above, as OCR-D
    counts in its workspaces. It is not looked for farther up, nor on other machines and disks."""
    said = PurePosixPath(named.replace("\\", "/"))
    parts = said.parts
    if len(parts) < 2 or said.is_absolute() or ":" in parts[0]:
        return []
    starts = [path.parent, _above(path.parent)]
    if parts[0] == "..":
        starts, parts = starts[1:], parts[1:]
    return [] if ".." in parts else [start.joinpath(*parts) for start in starts]


def _above(folder: Path) -> Path:
    return folder.parent if folder.name not in ("", "..") else folder / ".."


def _is_below_pictures(folder: Path) -> bool:
    """Whether a folder is called as Transkribus calls those of its exports, whose pictures lie in the folder above."""
    return folder.absolute().name.lower() in ("page", "alto")


def pages_of(folder: Path) -> Iterator[Path]:
    """All ALTO and PAGE files of a folder. What programs put beside them about the whole (METS, Transkribus' metadata.xml) is
    passed over."""
    return (path for path in sorted(folder.rglob("*.xml")) if "mets" not in path.name.lower() and path.name != "metadata.xml")
