"""`python -m text_recognizer.predict`: reads pictures of lines, folders of them, and pages with ALTO or PAGE XML.

Exit status: 0 all was read, 1 something could not be read (the rest was), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from text_recognizer.command import obeyed, print_anyhow

if TYPE_CHECKING:
    from text_recognizer.recognizer import Reading

PROGRAM = "python -m text_recognizer.predict"


def main(arguments: list[str] | None = None) -> int:
    """Prints a line per line read (source, confidence, text, separated by tabs; or JSON), errors on stderr."""
    given = _arguments().parse_args(arguments)
    return obeyed(PROGRAM, lambda: _read(given))


def _read(given: argparse.Namespace) -> int:
    from text_recognizer.recognizer import Recognizer

    readings = Recognizer(given.checkpoint, given.device, given.beams, given.looks).read(given.sources)
    for reading in readings:
        _show(reading, as_json=given.json)
    return 1 if any(reading.error for reading in readings) else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Read lines of handwriting with a trained network.")
    parser.add_argument("sources", nargs="+", metavar="IMAGE", help="picture of a line, folder of them, ALTO or PAGE file")
    parser.add_argument("--checkpoint", required=True, help="best.pt of a training on lines, or what --save kept")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument("--beams", type=_count, default=1, help="texts per line that are followed up (default 1: greedily)")
    parser.add_argument("--looks", type=int, choices=(1, 3, 9), default=1, help="times that each line is looked at (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _show(reading: Reading, *, as_json: bool) -> None:
    if reading.error:
        print(f"{PROGRAM}: {reading.error}", file=sys.stderr)
    if as_json:
        print_anyhow(_json(reading))
    elif not reading.error:
        print_anyhow(f"{_column(reading.source)}\t{reading.confidence:.3f}\t{_column(reading.text)}")


def _json(reading: Reading) -> str:
    """One line of JSON, with escapes of its own kind where standard output lacks a character."""
    text = json.dumps(asdict(reading), ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(asdict(reading))
    return text


def _column(text: str) -> str:
    """The text in a table of tabs and lines: those that it holds itself are escaped."""
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


if __name__ == "__main__":
    sys.exit(main())
