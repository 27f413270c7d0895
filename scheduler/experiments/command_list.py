"""A list of command lines, one job each, as `exp-queue run --commands` takes it.

Each line goes to a shell of its own, `sh -c LINE`. Blank lines and lines that begin with `#` are left out, and a backslash at a
line's end joins it to the next, as in a shell. What a line asks for may stand before it: `[gpus=2 memory=10G] python train.py`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scheduler.errors import Place, Remark, UserError, nearest
from scheduler.experiments import layout
from scheduler.experiments.command.doubts import own_gpus
from scheduler.experiments.document import document as documents
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.experiment import Experiment, Policy, Resources
from scheduler.experiments.experiment_file import ExperimentFile

STDIN = "-"
LINE = "command"  # the key under which a job's configuration has its line
SHELL = ("sh", "-c")
_PREFIX = re.compile(r"\[(?=[A-Za-z_])([^\]]*)(\]?)")
_ALONE = re.compile(r"(cd|export|source|\.|set|alias|ulimit)\s[^;&|]*$")  # what would count for the lines after it in one shell
_SHORT = {"memory": "gpu_memory"}
_READERS = {**layout.RESOURCES, **layout.POLICY}


@dataclass(frozen=True)
class _Line:
    """A command with its prefix, and where it begins."""

    text: str
    place: Place


def read_commands(source: str | Sequence[str], limits: Limits = DEFAULT) -> ExperimentFile:
    """The jobs of a file, of standard input (`-`), or of lines that are there already.

    UserError with file, line and column for a prefix that is wrong, and where there is no command at all.
    """
    name, texts = _source(source, limits)
    lines = list(_joined(name, texts))
    if not lines:
        raise UserError("there is no command in this list", where=Place(name), next_step="write one on each line")
    listed = tuple(_experiment(line) for line in lines)
    plan = ExperimentFile(name, None, SHELL, SHELL, Resources(), Policy(), (), notes=tuple(_remarks(lines)), listed=listed)
    return plan.within(limits)


def _source(source: str | Sequence[str], limits: Limits) -> tuple[str, Sequence[str]]:
    if not isinstance(source, str):
        return "the list", list(source)
    if source == STDIN:
        return "standard input", documents.decoded(sys.stdin.buffer.read(limits.size + 1), "standard input", limits).split("\n")
    return source, documents.text_of(source, limits).split("\n")


def _joined(name: str, texts: Sequence[str]) -> Iterator[_Line]:
    """The commands, those that go on over several lines as one."""
    parts: list[str] = []
    for number, text in enumerate(texts, 1):
        if not parts:
            start, column = number, len(text) - len(text.lstrip()) + 1
        if not parts and text.lstrip().startswith("#"):
            continue
        goes_on = bool(re.search(r"(?<!\\)(\\\\)*\\\r?$", text))
        parts.append(text.rstrip("\r")[:-1] if goes_on else text)
        if goes_on and number < len(texts):
            continue
        if joined := "".join(parts).strip():
            yield _Line(joined, Place(name, start, column))
        parts = []


def _experiment(line: _Line) -> Experiment:
    if "\0" in line.text:
        raise UserError("a NUL character cannot be given to a process", where=line.place, next_step="remove it")
    resources, policy = Resources(), Policy()
    found = _PREFIX.match(line.text)
    for key, value, place in _settings(line, found) if found else ():
        if key in layout.RESOURCES:
            resources = replace(resources, **{key: _read(key, value, place)})
            _refuse(resources, place)
        else:
            policy = replace(policy, **{key: _read(key, value, place)})
    command = line.text[found.end() :].strip() if found else line.text
    if not command:
        raise UserError("there is no command after the brackets", where=line.place, next_step="write it on the same line")
    return Experiment(("sh", "-c", "${command}"), json.dumps({LINE: command}), None, resources, policy, (*SHELL, command))


def _refuse(resources: Resources, place: Place) -> None:
    try:
        layout.refuse_two_ways_to_share(resources)
    except UserError as error:
        raise UserError(error.what, where=place, next_step=error.next_step) from None


def _settings(line: _Line, prefix: re.Match[str]) -> Iterator[tuple[str, str, Place]]:
    """Each `key=value` of a prefix."""
    if not prefix[2]:
        raise UserError('the "[" before this command is not closed', where=line.place, next_step="write [gpus=1] before it")
    for word in re.finditer(r"[^\s,]+", prefix[1]):
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
    try:
        return _READERS[key](value)
    except UserError as error:
        raise UserError(f"{key}: {error.what}", where=place, next_step=error.next_step) from None


_DOUBTS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    (
        "sets CUDA_VISIBLE_DEVICES itself",
        own_gpus,
        "that is where a job finds the GPU it was given; without it, no two share one",
    ),
    ("is for the shell of its line alone", _ALONE.match, "each line has a shell of its own: join it to its command by &&"),
    ("ends with &", re.compile(r"(?<!&)&$").search, "its shell ends at once; jobs run side by side without it"),
)


def _remarks(lines: Sequence[_Line]) -> Iterator[Remark]:
    """What the writer of the list should know, each kind once."""
    for what, doubts, why in _DOUBTS:
        found = [line for line in lines if doubts(line.text)]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield from (Remark(f"this line{more} {what}: {why}", line.place) for line in found[:1])
