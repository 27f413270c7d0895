"""What is long of where a run comes from: the packages of its Python, and what was not committed of its code.

    {"packages": ["numpy==2.1", ...], "patch": "diff --git ...", "untracked": ["notes.txt", ...], "cut": false}

`cut`: the patch is longer than what is here of it. In a report what several runs have is there once: the others have
`"packages_of": RUN` or `"patch_of": RUN` in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scheduler.actions.compared import Compared
from scheduler.queue.checkout import Checkout
from scheduler.queue.interpreters import Interpreter
from scheduler.queue.origin_rows import origin_of
from scheduler.queue.origins import Origin
from scheduler.queue.store import Store
from scheduler.terminal import safe
from scheduler.web.documents.details import MOST
from scheduler.web.documents.notable import notable

LONGEST = 1_000_000  # characters of a patch
IN_ALL = 200_000  # of all patches of a report
AT_LEAST = 1_000  # of each, whatever the others have


def document(store: Store, each: Compared) -> dict[str, Any]:
    """The answer, of one run."""
    found = origin_of(store, each.attempt) if each.attempt else None
    if found is None:
        return {}
    return {**_packages(found.interpreter), **(_patch(found.checkout, LONGEST) if found.checkout else {})}


def in_a_report(store: Store, everyone: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """The answers of those that have details, by their ids."""
    origins: dict[int, Origin | None] = {}
    first: dict[Interpreter | Checkout, str] = {}
    found: dict[str, dict[str, Any]] = {}
    room = IN_ALL
    for each in notable(everyone)[:MOST]:
        attempt, run = each.attempt, each.job.id
        if attempt is None or attempt.origin is None:
            continue
        if attempt.origin not in origins:
            origins[attempt.origin] = origin_of(store, attempt)
        origin = origins[attempt.origin]
        if origin is None:
            continue
        told: dict[str, Any] = {}
        if origin.interpreter:
            owner = first.setdefault(origin.interpreter, run)
            told |= _packages(origin.interpreter) if owner == run else {"packages_of": owner}
        if origin.checkout:
            owner = first.setdefault(origin.checkout, run)
            told |= _patch(origin.checkout, max(room, AT_LEAST)) if owner == run else {"patch_of": owner}
            room -= len(told.get("patch", ""))
        found[run] = told
    return found


def _packages(interpreter: Interpreter | None) -> dict[str, Any]:
    return {"packages": list(interpreter.packages)} if interpreter else {}


def _patch(checkout: Checkout, most: int) -> dict[str, Any]:
    """What could hide in a patch, such as characters that turn the order of letters round, is shown as escapes."""
    text = checkout.diff.decode("utf-8", "replace")
    shown = safe(text[:most], keep="\n\t")
    return {"patch": shown, "untracked": list(checkout.untracked), "cut": len(text) > most}
