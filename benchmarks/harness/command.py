"""Every figure beside its peers and its floor, in one run; or two checkouts beside each other.

    python -m benchmarks [NAMES...] [--quick] [--repeat N] [--against REV] [--peers] [--format json|table] [--out FILE]
                         [--table FILE...] [--from FILE|last] [--list]

Each round of a bench is a process of its own. What was measured is kept as JSON in benchmarks/results. With --against the same
benchmarks run with the packages of another revision, too, in turns: A B A B; the exit status is 1 if a figure is worse here.
TMPDIR says where the queues lie that are measured.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import catalogue, checkouts, machine, peers, results, tables
from benchmarks.harness.figures import Asked, Figure, from_json, to_json
from benchmarks.harness.rounds import Outcome, Side, measured
from benchmarks.harness.verdicts import ENOUGH, Verdict, verdicts

HERE = "here"
NOTES = {
    "missing": "left out",
    "broken": "BROKEN",
    "not_compared": "not compared, it did not run there",
    "interrupted": "interrupted",
}
ROUNDS, ROUNDS_AGAINST = 3, 5


class NoRounds(Exception):
    """Fewer than one round are asked for."""


USAGE = (catalogue.UnknownBench, checkouts.UnknownRevision, results.NoResult, results.NoPlace, tables.NoMarkers, NoRounds)


def main(arguments: Sequence[str] | None = None) -> int:
    """0; 1: a figure is worse, a bench is broken, or a file could not be written; 2: wrong usage; 130: interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _done(_options(arguments))
    except USAGE as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benches; without a name: all")
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes for all, and more noise")
    parser.add_argument("--repeat", type=int, metavar="N", help=f"rounds ({ROUNDS}; {ROUNDS_AGAINST} with --against)")
    parser.add_argument("--against", metavar="REV", help="compare with a commit, a branch or a tag")
    parser.add_argument("--peers", action="store_true", help="first install peers, into an environment in the cache")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep the JSON there, not in benchmarks/results")
    parser.add_argument("--table", type=Path, nargs="+", default=[], metavar="FILE", help="put the table between their markers")
    parser.add_argument("--from", dest="kept", metavar="FILE", help="measure nothing: show what was kept; `last` is the newest")
    parser.add_argument("--list", action="store_true", help="the benches, and the scripts beside them")
    return parser.parse_args(arguments)


def _done(options: argparse.Namespace) -> int:
    benches = catalogue.chosen(options.names)
    _refuse(options)
    if options.list:
        print("\n".join(_listed()))
        return 0
    document = results.opened(options.kept) if options.kept else _measured(options, benches)
    is_lost = not options.kept and not _kept(document, options.out)
    figures = [from_json(each) for each in document["figures"]]
    print(json.dumps(document, indent=1) if options.format == "json" else "\n".join(_report(document, figures)))
    for path in options.table:
        is_lost |= not _put(path, partial(tables.markdown, document, figures))
    if document["interrupted"]:
        raise KeyboardInterrupt
    return int(is_lost or bool(document["broken"]) or any(each["word"] == "worse" for each in document["verdicts"]))


def _refuse(options: argparse.Namespace) -> None:
    """What would only be found after hours of work."""
    if options.repeat is not None and options.repeat < 1:
        raise NoRounds(f"--repeat {options.repeat}: nothing would be measured; give 1 or more")
    for path in options.table:
        tables.ready(path)
    if not options.list and not options.kept:
        results.ready(options.out)


def _listed() -> Iterator[str]:
    yield from (f"{bench.name:12} {bench.what}" for bench in catalogue.BENCHES.values())
    yield "commands of their own, python benchmarks/NAME.py:"
    yield from (f"{name:18} {what}" for name, what in catalogue.SCRIPTS.items())


def _measured(options: argparse.Namespace, benches: Sequence[catalogue.Bench]) -> dict[str, Any]:
    cache = checkouts.cache()
    sides = [Side(HERE, checkouts.ROOT)]
    if options.against:
        commit = checkouts.commit_of(options.against)
        sides.append(Side(options.against, checkouts.tree_of(commit, cache / "trees")))
    if options.peers:
        _tell("\n".join(f"{name} could not be installed: it is left out" for name in peers.install(cache)))
    repeat = options.repeat or (ROUNDS_AGAINST if options.against else ROUNDS)
    with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as folder:
        document = {**results.stamp(), "quick": options.quick, "repeat": repeat, "against": options.against}
        document["machine"], meanwhile = machine.described(Path(folder)), machine.Meanwhile()
        asked = Asked(options.quick, Path(folder), peers.python_of(cache), alone=bool(options.against))
        document |= _all(benches, sides, asked, repeat) | {"meanwhile": meanwhile.described()}
    return document


def _kept(document: dict[str, Any], out: Path | None) -> bool:
    """Whether it is where it was to be; tells where it is."""
    try:
        _tell(f"kept in {results.kept(document, out)}")
    except results.NotKept as error:
        _tell(f"warning: {error}")
        return False
    return True


def _put(path: Path, made: Callable[[tables.Form], str]) -> bool:
    """Whether the table is in the page."""
    try:
        tables.put(path, made)
    except tables.NoRoom as error:
        _tell(f"warning: {error}")
        return False
    return True


def _all(benches: Sequence[catalogue.Bench], sides: Sequence[Side], asked: Asked, repeat: int) -> dict[str, Any]:
    figures: list[Figure] = []
    found: list[Verdict] = []
    notes: dict[str, dict[str, str]] = {kind: {} for kind in NOTES}
    for bench in benches:
        try:
            outcomes = measured(bench, sides, asked, repeat, _tell)
        except KeyboardInterrupt:
            notes["interrupted"] = {bench.name: "what was measured before it is kept"}
            break
        _note(bench.name, outcomes, notes)
        figures += outcomes[HERE].figures
        if len(sides) > 1:
            found += verdicts(outcomes[HERE].figures, outcomes[sides[1].name].figures)
    return {"figures": [to_json(each) for each in figures], "verdicts": [asdict(each) for each in found], **notes}


def _note(name: str, outcomes: dict[str, Outcome], notes: dict[str, dict[str, str]]) -> None:
    """Why a bench has no figures, or nothing to be compared with."""
    for side, outcome in outcomes.items():
        if why := outcome.missing or outcome.broken:
            kind = "not_compared" if side != HERE else "missing" if outcome.missing else "broken"
            notes[kind][name] = why if side == HERE else why.rstrip().splitlines()[-1]  # what it lacks, not how one came upon it


def _report(document: dict[str, Any], figures: Sequence[Figure]) -> Iterator[str]:
    yield machine.sentence(document["machine"])
    if document["against"]:
        yield from tables.compared([Verdict(**each) for each in document["verdicts"]], HERE, document["against"])
        if document["repeat"] < ENOUGH:
            yield f"--repeat {ENOUGH} or more says whether a figure is worse"
    else:
        yield from tables.shown(figures)
    for kind, words in NOTES.items():
        yield from (f"{name}: {words}: {why}" for name, why in document[kind].items())
    if busy := machine.doubts(document["meanwhile"]):
        yield f"warning: {busy}"


def _tell(text: str) -> None:
    if text:
        print(text, file=sys.stderr, flush=True)
