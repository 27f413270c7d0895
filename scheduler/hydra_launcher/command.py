"""The command line of one job of a multirun, made of the one that was typed: pure.

Every job is an ordinary run of the application. So it stands in the queue as a command that can be read and pasted, runs again by
`exp-queue retry`, and needs nothing of the process that has submitted it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from scheduler.errors import UserError
from scheduler.values import dataclass

# What is said of a multirun as a whole, and not of one of its jobs.
_OF_THE_WHOLE = re.compile(r"[~+]*hydra([./](launcher|sweeper)\b|\.(sweep|run)\.(sub)?dir\b|\.mode\b)")
_CALLBACK = "hydra_plugins.exp_queue_launcher.Returned"


@dataclass(frozen=True)
class Place:
    """Which job of a multirun it is, and the directories that Hydra would give it."""

    number: int
    sweep: str
    subdir: str


def beginning(typed: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    """How the application is started: what was typed (`sys.orig_argv`) without its `arguments`. UserError where the program has
    changed these, and is no script either: it could not be started again."""
    if not arguments:
        return tuple(typed)
    if tuple(typed[-len(arguments) :]) == tuple(arguments):
        return tuple(typed[: -len(arguments)])
    scripts = [place for place, word in enumerate(typed) if word.endswith(".py")]
    if not scripts:
        what = "this application has changed its arguments (sys.argv), and there is no way to start one of its jobs"
        raise UserError(what, next_step="give it the overrides on the command line")
    return tuple(typed[: scripts[0] + 1])


def words(flags: Sequence[str], of_hydra: Iterable[str], overrides: Iterable[str], place: Place) -> list[str]:
    """The arguments of one job: those by which Hydra finds the configuration, its own overrides, what was said of Hydra itself,
    and its place."""
    kept = [word for word in of_hydra if not _OF_THE_WHOLE.match(word)]
    return [
        *flags,
        *overrides,
        *kept,
        "hydra.mode=RUN",
        f"hydra.run.dir={quoted(f'{place.sweep}/{place.subdir}')}",
        f"hydra.sweep.dir={quoted(place.sweep)}",
        f"hydra.sweep.subdir={quoted(place.subdir)}",
        f"hydra.job.num={place.number}",
        f"hydra.job.id={place.number}",
        f"+hydra.callbacks.exp_queue._target_={_CALLBACK}",
    ]


def quoted(text: str) -> str:
    """As a value of Hydra's overrides, in quotes where it needs them. There a backslash means itself unless a quote follows.
    https://hydra.cc/docs/advanced/override_grammar/basic

    >>> print(quoted("multirun/2026-12-24/0"), quoted("it's"))
    multirun/2026-12-24/0 'it\\'s'
    """
    if re.fullmatch(r"[\w./-]+", text, re.ASCII):
        return text
    escaped = re.sub(r"(\\*)('|\Z)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text)
    return f"'{escaped}'"


def configuration(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """What the overrides of a job say, for tables and filters: `optim.lr` within `optim`, unless that is a choice of a group."""
    said = dict(values)
    found: dict[str, Any] = {}
    for key, value in said.items():
        *parents, last = key.split(".")
        if any(".".join(parents[:length]) in said for length in range(1, len(parents) + 1)):
            parents, last = [], key
        inner = found
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return found
