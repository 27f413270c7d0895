"""One round of one bench, in a process of its own: with the package that PYTHONPATH puts first.

    python -m benchmarks.harness.child NAME ASKED OUT

ASKED: a JSON object of the fields of `Asked`; into OUT goes a JSON object: the figures, or what is missing for them.
"""

from __future__ import annotations

import json
import math
import shlex
import subprocess
import sys
from pathlib import Path

from benchmarks.harness.catalogue import BENCHES
from benchmarks.harness.checkouts import PACKAGES, package
from benchmarks.harness.figures import Asked, Figure, Floor, Missing, to_json


def strangers() -> list[str]:
    """The modules of ours that do not lie where the package lies that is measured: of a package that it lacks as a whole, this
    checkout's may be found."""
    ours = {name: module for name, module in sys.modules.items() if name.split(".")[0] in PACKAGES}
    places = {name: getattr(module, "__file__", None) for name, module in ours.items()}
    return [name for name, place in places.items() if place and not Path(place).resolve().is_relative_to(package())]


def measured(name: str, asked: Asked) -> list[Figure]:
    measure = BENCHES[name].loaded()
    _refuse(strangers())
    found = measure(asked)
    _refuse(strangers())
    return found


def _refuse(strange: list[str]) -> None:
    if strange:
        sys.exit(f"the package in {package()} lacks what is measured: {strange[0]}")


def whole(figure: Figure) -> Figure:
    """The same, or the end: from a value that is no number no ratio and no verdict follows, and JSON has none."""
    values = {figure.subject: figure.ours, **figure.peers}
    if isinstance(figure.floor, Floor):
        values[f"floor, {figure.floor.what}"] = figure.floor.values
    for who, each in values.items():
        if strange := [value for value in each if not math.isfinite(value)]:
            sys.exit(f"{figure.key}: {strange[0]} was measured of {who}, which is no number; mend its bench")
    return figure


def failed(error: subprocess.CalledProcessError) -> str:
    """In a line: what was run, and the last that it said."""
    said = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else error.stderr or ""
    line = " ".join(shlex.join(error.cmd).split())
    return f"{line[:60]}...: exit status {error.returncode}: {(said.strip() or 'it said nothing').splitlines()[-1]}"


def main() -> None:
    name, text, out = sys.argv[1:]
    fields = json.loads(text)
    try:
        figures = measured(name, Asked(**{**fields, "folder": Path(fields["folder"])}))
        found = {"package": str(package()), "figures": [to_json(whole(figure)) for figure in figures]}
    except Missing as error:
        found = {"missing": str(error)}
    except subprocess.CalledProcessError as error:
        sys.exit(failed(error))
    Path(out).write_text(json.dumps(found, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
