"""A list of command lines, one job each, as `exp-queue run --commands` takes it.

Each line goes to a shell of its own, `sh -c LINE`. Blank lines are left out. In a file and on standard input so are lines that
begin with `#`, and a backslash at a line's end joins it to the next, as in a shell. What a line asks for may stand before it:
`[gpus=2 memory=10G] python train.py`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from scheduler.errors import Place, Remark, UserError, about, nearest
from scheduler.experiments import layout
from scheduler.experiments.asks import Policy, Resources
from scheduler.experiments.command.doubts import own_gpus
from scheduler.experiments.command.launch import ASKED, TEMPLATE, Asked
from scheduler.experiments.document import document as documents
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.experiment import Experiment
from scheduler.experiments.experiment_file import ExperimentFile
from scheduler.values import dataclass

STDIN = "-"
LINE = "command"  # the key under which a job's configuration has its line
SHELL = ("sh", "-c")
_PREFIX = re.compile(r"\[(?=[A-Za-z_])([^\]]*)(\]?)")
_ALONE = re.compile(r"(cd|export|source|\.|set|alias|ulimit)\s[^;&|]*$")  # what would count for the lines after it in one shell
_SHORT = {"memory": "gpu_memory"}
_READERS = {key: reader for key, reader in {**layout.RESOURCES, **layout.POLICY}.items() if key != "objective"}  # two words


@dataclass(frozen=True)
class _Line:
    """A command, what stands in brackets before it, and where both begin."""

    settings: str
    command: str
    place: Place


def read_commands(
    source: str | Sequence[str], limits: Limits = DEFAULT, *, changes: Sequence[str] = (), asked: Asked = ASKED
) -> ExperimentFile:
    """The jobs of a file, of standard input (`-`), or of commands that are there already.

    UserError with file, line and column for a prefix that is wrong, where there is no command at all, and for `changes` or
    another program or style, which a list cannot follow.
    """
    _refuse_more(changes, asked)
    name, found = _source(source, limits)
    lines = [_line(text, place) for text, place in found]
    if not lines:
        raise UserError("there is no command in this list", where=Place(name), next_step="write one on each line")
    listed = tuple(_experiment(line) for line in lines)
    plan = ExperimentFile(name, None, SHELL, SHELL, Resources(), Policy(), (), notes=tuple(_remarks(lines)), listed=listed)
    return plan.within(limits)


def _refuse_more(changes: Sequence[str], asked: Asked) -> None:
    what = f'"{changes[0]}"' if changes else "another program" if asked.program is not None else ""
    what = what or ("another style" if asked.style != TEMPLATE else "")
    if what:
        next_step = "leave it out: write all of a command on its line, and what it asks for in [gpus=2 memory=10G] before it"
        raise UserError(f"a list of commands is all that is run, and {what} says nothing to it", next_step=next_step)


def _source(source: str | Sequence[str], limits: Limits) -> tuple[str, Iterator[tuple[str, Place]]]:
    """What the list is called, and its commands, each with its place. Only what was typed in lines has lines to join, and
    comments."""
    if not isinstance(source, str):
        name = "the list"
        return name, ((_trimmed(text), _place(name, number, text)) for number, text in enumerate(source, 1) if text.strip())
    if source == STDIN:
        name = "standard input"
        text = documents.decoded(sys.stdin.buffer.read(limits.size + 1), name, limits)
        return name, _joined(name, text.split("\n"))
    return source, _joined(source, documents.text_of(source, limits).split("\n"))


def _place(name: str, number: int, text: str) -> Place:
    return Place(name, number, len(text) - len(text.lstrip()) + 1)


def _joined(name: str, texts: Sequence[str]) -> Iterator[tuple[str, Place]]:
    """The commands, those that go on over several lines as one."""
    parts: list[str] = []
    for number, text in enumerate(texts, 1):
        if not parts:
            place = _place(name, number, text)
        if not parts and text.lstrip().startswith("#"):
            continue
        goes_on = bool(re.search(r"(?<!\\)(\\\\)*\\\r?$", text))
        parts.append(text.rstrip("\r")[:-1] if goes_on else text)
        if goes_on and number < len(texts):
            continue
        if joined := _trimmed("".join(parts)):
            yield joined, place
        parts = []


def _trimmed(text: str) -> str:
    """Without the blanks around it, but for one that a backslash protects.

    >>> _trimmed("  ls a\\\\  "), _trimmed("  ls a  ")
    ('ls a\\\\ ', 'ls a')
    """
    kept = text.strip()
    protects = (len(kept) - len(kept.rstrip("\\"))) % 2 == 1
    return text.lstrip()[: len(kept) + 1] if protects else kept


def _line(text: str, place: Place) -> _Line:
    if "\0" in text:
        raise UserError("a NUL character cannot be given to a process", where=place, next_step="remove it")
    found = _PREFIX.match(text)
    if found and not found[2]:
        raise UserError('the "[" before this command is not closed', where=place, next_step="write [gpus=1] before it")
    command = text[found.end() :].lstrip() if found else text
    if not command:
        raise UserError("there is no command after the brackets", where=place, next_step="write it on the same line")
    return _Line(found[1] if found else "", command, place)


def _experiment(line: _Line) -> Experiment:
    resources, policy = Resources(), Policy()
    for key, value, place in _settings(line):
        if key in layout.RESOURCES:
            resources = replace(resources, **{key: _read(key, value, place)})
            _refuse(resources, place)
        else:
            policy = replace(policy, **{key: _read(key, value, place)})
    launch = (*SHELL, line.command)
    return Experiment(("sh", "-c", "${command}"), json.dumps({LINE: line.command}), None, resources, policy, launch)


def _refuse(resources: Resources, place: Place) -> None:
    try:
        layout.refuse_two_ways_to_share(resources)
    except UserError as error:
        raise UserError(error.what, where=place, next_step=error.next_step) from None


def _settings(line: _Line) -> Iterator[tuple[str, str, Place]]:
    """Each `key=value` of a prefix."""
    for word in re.finditer(r"[^\s,]+", line.settings):
        place = replace(line.place, column=line.place.column + 1 + word.start())
        key, equals, value = word[0].partition("=")
        if not equals:
            raise UserError(f'"{key}" has no value', where=place, next_step=f"write [{key}=VALUE]")
        key = _SHORT.get(key, key)
        if key not in _READERS:
            raise UserError(f'unknown key "{key}"', where=place, next_step=nearest(key, [*_READERS, *_SHORT]))
        yield key, value, place


def _read(key: str, text: str, place: Place) -> Any:
    """By the reader that files use for the same key."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text.split("+") if key == "environment" else text
    with about(key, where=place):
        return _READERS[key](value)


_DOUBTS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    (
        "sets CUDA_VISIBLE_DEVICES itself",
        own_gpus,
        "that is where a job finds the GPU it was given; without it, no two share one",
    ),
    ("changes only the shell of its own line", _ALONE.match, "join it to its command by &&"),
    ("ends with &", re.compile(r"(?<!&)&$").search, "its shell ends at once; jobs run side by side without it"),
)


def _remarks(lines: Sequence[_Line]) -> Iterator[Remark]:
    """What the writer of the list should know, each kind once."""
    for what, doubts, why in _DOUBTS:
        found = [line for line in lines if doubts(line.command)]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield from (Remark(f"this line{more} {what}: {why}", line.place) for line in found[:1])
