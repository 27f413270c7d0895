"""What was measured, as JSON: with the commit, the date and the machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.harness.checkouts import ROOT

FOLDER = ROOT / "benchmarks/results"  # git ignores it
LAST = "last"


class NoResult(Exception):
    """Says what to do instead."""


def stamp() -> dict[str, Any]:
    """The commit of this checkout (empty where there is no git), whether its files were changed since, and the time."""
    commit, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "changed": bool(changes), "date": datetime.now(timezone.utc).isoformat(timespec="seconds")}


def _git(*words: str) -> str:
    line = ["git", "-C", str(ROOT), "--no-optional-locks", *words]
    found = subprocess.run(line, capture_output=True, text=True, check=False)
    return "" if found.returncode else found.stdout.strip()


def kept(document: Mapping[str, Any], out: Path | None) -> Path:
    """Where it was written: in a file of its own in the folder of results, if nowhere else."""
    path = out or FOLDER / f"{document['date'].replace(':', '-')}_{document['commit'][:12] or 'unknown'}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def opened(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """A result that was kept; "last" is the newest."""
    path = Path(name)
    if name == LAST:
        if not (there := sorted(folder.glob("*.json"))):
            raise NoResult(f"--from last: {folder} has no results yet; run python -m benchmarks first")
        path = there[-1]
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoResult(f"--from {name}: {error}; give a file that python -m benchmarks has written") from None
    return found
