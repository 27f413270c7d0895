"""`python -m text_recognizer.evaluate CHECKPOINT`: how wrong a trained reader of lines is, how sure that is, and where.

Exit status: 0 measured, 1 the data or the checkpoint cannot be used, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from text_recognizer.command import obeyed, print_anyhow
from text_recognizer.data.data_set import SPLITS
from text_recognizer.errors import ExperimentError
from text_recognizer.flags import pairs_of

if TYPE_CHECKING:
    from text_recognizer.scoring import Hand, Line, Rate

PROGRAM = "python -m text_recognizer.evaluate"


def main(arguments: list[str] | None = None) -> int:
    """Prints the figures as text or JSON, and writes the picture where one is asked for."""
    given, keys = _arguments().parse_known_args(arguments)
    return obeyed(PROGRAM, lambda: _evaluate(given, keys))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Measure a trained reader of lines.",
        epilog="--KEY=VALUE: a key of dataset_args, such as --folder; the others are those of the training.",
    )
    parser.add_argument("checkpoint", help="best.pt of a training on lines, or what --save kept")
    parser.add_argument("--dataset", default="", help="another data set of lines than that of the training")
    parser.add_argument("--split", choices=SPLITS, default="val", help="the lines that are read (default val)")
    parser.add_argument(
        "--squeeze", type=float, default=1.0, metavar="SHARE", help="make the pictures narrower: 0.65 of their width"
    )
    parser.add_argument("--rotate", type=float, default=0.0, metavar="DEGREES", help="turn the pictures, against the clock")
    parser.add_argument(
        "--margin", type=float, default=0.0, metavar="PIXELS", help="add paper on all sides, of 64 pixels of height"
    )
    parser.add_argument("--beams", type=int, default=1, help="texts per line that are followed up (default 1: greedily)")
    parser.add_argument("--looks", type=int, choices=(1, 3, 9), default=1, help="times that each line is looked at (default 1)")
    parser.add_argument("--lm", action="store_true", help="read with the language model beside the checkpoint, as predict does")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument("--worst", type=int, default=10, metavar="N", help="lines and confusions that are named (default 10)")
    parser.add_argument("--picture", type=Path, help="draw the worst lines into this file")
    parser.add_argument("--resamples", type=int, default=2000, metavar="N", help="draws for the intervals (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of these draws")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def _evaluate(given: argparse.Namespace, keys: Sequence[str]) -> int:
    _check(given)
    from text_recognizer.data.spoiling import Spoiling
    from text_recognizer.evaluation import data_args, held_out, read_lines
    from text_recognizer.recognizer import Recognizer

    recognizer = Recognizer(given.checkpoint, given.device, given.beams, given.looks)
    if given.lm:
        recognizer.use_language()
    entry, args = data_args(recognizer.experiment, given.dataset, pairs_of(keys))
    spoiling = Spoiling(given.squeeze, given.rotate, given.margin)
    data = held_out(entry, args, given.split, spoiling)
    lines = read_lines(recognizer, data)
    about = {"checkpoint": given.checkpoint, "dataset": entry.name, "split": given.split, "lm": given.lm, **asdict(spoiling)}
    figures = _figures(lines, given)
    if given.picture:
        from text_recognizer.data.preview import sheet

        images = dict(zip(data.sources, data.split.images, strict=True))
        sheet([(images[line.source], _beside(line)) for line in figures["worst"]]).save(given.picture)
    print_anyhow(_json(about, figures) if given.format == "json" else "\n".join(_text(about, figures)))
    return 0


def _check(given: argparse.Namespace) -> None:
    """Before minutes are spent. Raises ExperimentError for numbers that mean nothing."""
    if not 0 < given.squeeze <= 4:
        raise ExperimentError(f"--squeeze is {given.squeeze}; give a share of the width above 0, such as 0.65")
    for name, least in (("beams", 1), ("worst", 0), ("resamples", 1), ("margin", 0), ("seed", 0)):
        if getattr(given, name) < least:
            raise ExperimentError(f"--{name} is {getattr(given, name)}; give {least} or more")
    if given.picture:
        from text_recognizer.data.preview import check_ending

        check_ending("--picture", given.picture)


def _figures(lines: list[Line], given: argparse.Namespace) -> dict[str, Any]:
    from text_recognizer.scoring import by_writer, confusions, rate_of, worst

    return {
        "lines": len(lines),
        "writers": len({line.writer for line in lines}),
        "characters": sum(len(line.prediction.target) for line in lines),
        "cer": rate_of(lines, lambda line: line.characters, given.resamples, given.seed),
        "wer": rate_of(lines, lambda line: line.words, given.resamples, given.seed),
        "by_writer": by_writer(lines),
        "confusions": confusions(lines, given.worst),
        "worst": worst(lines, given.worst),
    }


def _json(about: dict[str, Any], figures: dict[str, Any]) -> str:
    rows = {
        "cer": asdict(figures["cer"]),
        "wer": asdict(figures["wer"]),
        "by_writer": [asdict(hand) for hand in figures["by_writer"]],
        "confusions": [{"written": a, "read": b, "times": n} for a, b, n in figures["confusions"]],
        "worst": [
            {"source": x.source, "writer": x.writer, "edits": x.characters[0], "written": x.prediction.target}
            | {"read": x.prediction.prediction, "confidence": x.prediction.confidence}
            for x in figures["worst"]
        ],
    }
    return json.dumps({**about, **figures, **rows}, indent=1)


def _text(about: dict[str, Any], figures: dict[str, Any]) -> Iterator[str]:
    changed = "".join(
        f", {name} {about[name]:g}" for name, none in (("squeeze", 1), ("rotate", 0), ("margin", 0)) if about[name] != none
    )
    with_model = ", with the language model" if about["lm"] else ""
    yield f"{about['checkpoint']} on {about['dataset']}, {about['split']}{changed}{with_model}"
    yield f"{figures['lines']:,} lines of {figures['writers']:,} writers, {figures['characters']:,} characters"
    yield f"CER {_rate(figures['cer'])}"
    yield f"WER {_rate(figures['wer'])}"
    if figures["writers"] < figures["lines"]:
        yield from _hands(figures["by_writer"])
    if figures["confusions"]:
        yield "\nwritten -> read, times"
        yield from (f"  {_letter(a)} -> {_letter(b)}  {times}" for a, b, times in figures["confusions"])
    if figures["worst"]:
        yield "\nworst lines: edits, written, read"
        yield from (
            f"  {x.source}  {x.characters[0]}\n    {x.prediction.target}\n    {x.prediction.prediction}" for x in figures["worst"]
        )


def _rate(rate: Rate) -> str:
    return f"{rate.figure:.1%} (95 % of other such sets of writers: {rate.low:.1%} to {rate.high:.1%})"


def _hands(hands: Sequence[Hand]) -> Iterator[str]:
    widest = max(len("writer"), *(len(hand.writer) for hand in hands))
    yield f"\n{'writer':{widest}}  lines  characters     CER     WER"
    for hand in hands:
        yield f"{hand.writer:{widest}}  {hand.lines:5,}  {hand.characters:10,}  {hand.cer:6.1%}  {hand.wer:6.1%}"


def _letter(letter: str) -> str:
    return {"": "nothing", " ": "space"}.get(letter, letter)


def _beside(line: Line) -> str:
    return f"{line.prediction.target}  |  {line.prediction.prediction}"


if __name__ == "__main__":
    sys.exit(main())
