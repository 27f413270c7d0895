"""`python -m text_recognizer.predict`: reads pictures of lines and pages, with or without ALTO or PAGE XML, and folders.

Exit status: 0 all was read, 1 something could not be read (the rest was), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from text_recognizer.command import obeyed, print_anyhow
from text_recognizer.data.preparing import counted
from text_recognizer.errors import ExperimentError

if TYPE_CHECKING:
    from text_recognizer.recognizer import Reading
    from text_recognizer.sources import Found, Sheet

PROGRAM = "python -m text_recognizer.predict"
FILES = ("alto", "page")


def main(arguments: list[str] | None = None) -> int:
    """Prints a line per line read (source, confidence, text, separated by tabs; or text, or JSON), or writes a file per page;
    errors on stderr."""
    given = _arguments().parse_args(arguments)
    return obeyed(PROGRAM, lambda: _read(given))


def _read(given: argparse.Namespace) -> int:
    from text_recognizer.recognizer import Recognizer
    from text_recognizer.sources import Choice

    if (given.format in FILES) != (given.output is not None):
        raise ExperimentError("--format alto and --format page write a file for each page: name its folder with --output FOLDER")
    recognizer = Recognizer(given.checkpoint, given.device, given.beams, given.looks)
    files = _Files(given) if given.output else None
    choice = Choice(given.recursive, given.pages, given.turn, done=files.has if files else None, without=given.output)
    pairs = recognizer.with_places(given.sources, choice, lm=given.lm)
    pairs = files.left_of(pairs) if files else pairs
    told = _with_notice(pairs if sys.stdout.isatty() else counted(pairs, what="lines read"))
    failed = files.write(told) if files else _print(told, given.format)
    return 1 if failed else 0


def _with_notice(pairs: Iterator[tuple[Found, Reading]]) -> Iterator[tuple[Found, Reading]]:
    """The same; the first picture that was taken for a page, every one that is read in another turn, and every error, is said on
    the way."""
    told, turned = False, None
    for found, reading in pairs:
        if found.sheet.guessed and not told:
            told = True
            _say(f"{found.sheet.source} is taken for a page, by its shape, as are others like it; --lines: no picture is one")
        if found.sheet.turn and found.sheet is not turned:
            turned = found.sheet
            lies = "upside down" if turned.turn == 180 else "on its side"
            _say(f"{turned.source} lies {lies}, and is read turned by {turned.turn} degrees; --turn 0: no page is turned")
        if reading.error:
            _say(reading.error)
        yield found, reading


def _print(pairs: Iterator[tuple[Found, Reading]], form: str) -> bool:
    """Every line as soon as it is read; whether one could not be."""
    failed = False
    for found, reading in pairs:
        failed |= bool(reading.error)
        if form == "json":
            print_anyhow(_json(found, reading))
        elif not reading.error:
            print_anyhow(reading.text if form == "text" else _row(reading))
    return failed


class _Files:
    """The files that are written, one for each page, whole or not at all. One that is there already may be somebody's work, and
    stays, so that a command which was interrupted goes on when it is given again; `--replace` writes it anew."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._owners: dict[Path, str] = {}
        self._there: list[Path] = []
        self._failed = False
        given.output.mkdir(parents=True, exist_ok=True)

    def has(self, sheet: Sheet) -> bool:
        """Whether nothing is left to do about a page."""
        return sheet.picture is not None and not self._given.replace and self._target(sheet).exists()

    def left_of(self, pairs: Iterator[tuple[Found, Reading]]) -> Iterator[tuple[Found, Reading]]:
        """The same without pages that were not read, for their files are there."""
        for found, reading in pairs:
            if not found.done:
                yield found, reading
            elif self._is_own(found.sheet):
                self._there.append(self._target(found.sheet))

    def write(self, pairs: Iterator[tuple[Found, Reading]]) -> bool:
        """Each page as soon as it is read; prints the name of its file. Whether something could not be read or written."""
        for sheet, lines in groupby(pairs, key=lambda pair: pair[0].sheet):
            together = list(lines)
            self._failed |= any(reading.error for _, reading in together)
            if sheet.picture is not None and not all(reading.error for _, reading in together) and self._is_own(sheet):
                self._put(sheet, together)
        if self._there:
            more = f" and {len(self._there) - 1:,} more" if len(self._there) > 1 else ""
            _say(f"{self._there[0]}{more}: there already, and not read again; --replace reads and writes all anew")
        return self._failed

    def _target(self, sheet: Sheet) -> Path:
        return Path(self._given.output) / f"{sheet.stem}.xml"

    def _is_own(self, sheet: Sheet) -> bool:
        """Whether the file of a page is not that of another one of the same name, which would be lost with it."""
        target = self._target(sheet)
        owner = self._owners.setdefault(target, sheet.source)
        if owner != sheet.source:
            self._failed = True
            _say(f"{sheet.source}: its file would be {target}, as that of {owner}; read it by itself, with another --output")
        return owner == sheet.source

    def _put(self, sheet: Sheet, together: list[tuple[Found, Reading]]) -> None:
        from text_recognizer.outputs import WRITERS, page_of
        from text_recognizer.training.checkpoints import put

        target = self._target(sheet)
        if self.has(sheet):  # it has come while the page was read
            self._there.append(target)
            return
        put(target, WRITERS[self._given.format](page_of(sheet, together), datetime.now().astimezone()).encode())
        print_anyhow(str(target))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Read lines of handwriting with a trained network.")
    parser.add_argument(
        "sources", nargs="+", metavar="IMAGE", help="picture of a line or page, folder of them, ALTO or PAGE file"
    )
    parser.add_argument("--checkpoint", required=True, help="best.pt of a training on lines, or what --save kept")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument(
        "--beams",
        type=_count,
        default=1,
        help="texts per line that are followed up (default: greedily, or as the language model was weighed)",
    )
    parser.add_argument("--looks", type=int, choices=(1, 3, 9), default=1, help="times that each line is looked at (default 1)")
    parser.add_argument("--no-lm", dest="lm", action="store_false", help="read without the language model beside the checkpoint")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--pages", action="store_true", default=None, help="pictures without XML are pages; their lines are found")
    shape.add_argument("--lines", action="store_false", dest="pages", help="they are lines (default: as their shape says)")
    parser.add_argument(
        "--turn",
        type=int,
        choices=(0, 90, 180, 270),
        help="turn pictures without XML clockwise by so many degrees (default: pages that are read far more surely so)",
    )
    parser.add_argument("--recursive", action="store_true", help="also the folders within folders")
    forms = ("tsv", "text", "json", *FILES)
    parser.add_argument("--format", choices=forms, default="tsv", help="of what is printed (tsv), or of files (alto, page)")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="one JSON object per line")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where --format alto and page write a file for each page")
    parser.add_argument("--replace", action="store_true", help="also pages whose file is there already: read and write them anew")
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _say(sentence: str) -> None:
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)


def _row(reading: Reading) -> str:
    return f"{_column(reading.source)}\t{reading.confidence:.3f}\t{_column(reading.text)}"


def _json(found: Found, reading: Reading) -> str:
    """One line of JSON, with escapes of its own kind where standard output lacks a character."""
    line = found.line
    places = {"baseline": line and line.baseline.round(1).tolist(), "outline": line and line.outline.round(1).tolist()}
    row = {**asdict(reading), **places}
    for piece in (*row["characters"], *row["words"]):
        del piece["share"]
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(row)
    return text


def _column(text: str) -> str:
    """The text in a table of tabs and lines: those that it holds itself are escaped."""
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


if __name__ == "__main__":
    sys.exit(main())
