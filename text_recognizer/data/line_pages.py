"""LinePages: your own pages with ALTO or PAGE XML, cut into lines along their baselines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from text_recognizer.data.assembling import assembled
from text_recognizer.data.baselines import along_baseline, reaches
from text_recognizer.data.cache import cached, stamp
from text_recognizer.data.line_folder import place_of
from text_recognizer.data.line_images import VERSION, open_grey, prepared
from text_recognizer.data.line_set import Lines
from text_recognizer.data.options import LinePagesOptions
from text_recognizer.data.page_parts import PageLine
from text_recognizer.data.page_xml import Page, pages_of, read_page, taken_instead, tell_instead
from text_recognizer.data.preparing import tell
from text_recognizer.data.splitting import shared_out
from text_recognizer.errors import DataError


def line_pages(options: LinePagesOptions) -> Lines:
    """The lines of all pages below a folder; whole pages go to one split, by a hash of their name (of one page: lines).

    Lines without a text are left out, and of several files of one page all but one. Raises DataError for what is missing or
    cannot be understood.
    """
    if not options.folder:
        raise DataError("dataset_args.folder is missing; give the folder that holds ALTO or PAGE files and their pictures")
    folder = place_of(options.folder)
    files = list(pages_of(folder))
    if not files:
        raise DataError(f"{folder}: no ALTO or PAGE file (.xml) there")
    found = _each_once(files)
    files, pages = list(found), list(found.values())
    _tell_left_out(files, pages)
    stamps = [stamp(file) for file in (*files, *(page.image for page in pages))]
    key = {"version": [VERSION, 4], "pages": stamps, "height": options.height, "upright": options.upright, "fit": options.fit}
    texts = [line.text for page in pages for line in page.lines]
    images = cached(key, options.height, lambda: (i for page in pages for i in prepared_lines(page, options)), len(texts))
    names = [(file.stem, str(i)) for file, page in zip(files, pages, strict=True) for i in range(len(page.lines))]
    written = [i for i, text in enumerate(texts) if text]
    splits = shared_out([names[i] for i in written], options)
    return assembled(folder, [images[i] for i in written], [texts[i] for i in written], splits)


def _each_once(files: Sequence[Path]) -> dict[Path, Page]:
    """What the files describe, without those of a page that another one describes as well."""
    pages = {file: read_page(file) for file in files}
    instead = taken_instead({file: page.whose for file, page in pages.items()})
    tell_instead(instead)
    return {file: page for file, page in pages.items() if file not in instead}


def _tell_left_out(files: Sequence[Path], pages: Sequence[Page]) -> None:
    found = [(file, *line) for file, page in zip(files, pages, strict=True) for line in page.left_out]
    if found:
        file, line, why = found[0]
        tell(f"{len(found):,} line{'s' * (len(found) > 1)} of these pages cannot be used; the first: {file}#{line}: {why}")


def line_images(page: Page) -> Iterator[np.ndarray]:
    """Every line of a page cut out along its baseline, uint8 of the page's own resolution."""
    return cut_out(open_grey(page.image, turned=page.turned, page=page.number or 1), page.lines)


def cut_out(grey: np.ndarray, lines: Sequence[PageLine]) -> Iterator[np.ndarray]:
    """The same for lines of a page uint8 (height, width), which they may reach beyond."""
    lines = [_near(line, grey.shape) for line in lines]
    return (along_baseline(grey, line, reach) for line, reach in zip(lines, reaches(lines), strict=True))


def _near(line: PageLine, shape: tuple[int, ...]) -> PageLine:
    """The line with no point farther from the page than a page: one in other units would take all memory."""
    size = np.array(shape[::-1])
    return replace(line, baseline=np.clip(line.baseline, -size, 2 * size), outline=np.clip(line.outline, -size, 2 * size))


def prepared_lines(page: Page, options: LinePagesOptions) -> list[np.ndarray]:
    """The same as a network reads them, uint8 (options.height, width)."""
    return [prepared(image, options.height, upright=options.upright, fit=options.fit) for image in line_images(page)]
