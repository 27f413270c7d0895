"""A file that a person wrote: its plain value, and the place of every part of it for the error messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from scheduler.errors import EmptyFile, Place, UserError, nearest
from scheduler.experiments.document import json_reader
from scheduler.experiments.document.limits import DEFAULT, Limits
from scheduler.experiments.document.marks import Key, Mark
from scheduler.experiments.document.scripts import refuse_program, way_of_command
from scheduler.values import dataclass


class OverrideError(UserError):
    """An error of an argument on the command line, which has no place in a file."""


@dataclass(frozen=True)
class Document:
    """`value` is what the file says, in plain Python. `marks` finds the places; only an error calls it.

    `head` are the comment lines at the very top, without their `#`; `text` is the whole file where it is YAML.
    """

    file: str
    value: object
    marks: Callable[[], Mark]
    interpolates: bool = False
    limits: Limits = DEFAULT
    head: tuple[str, ...] = ()
    text: str = ""

    def place(self, *path: Key, key: bool = False) -> Place:
        """The place of the value at `path` (of its key with `key=True`), or of its nearest enclosing value."""
        mark = self.marks()
        for step in path[:-1]:
            mark = mark.children.get(step, mark)
        last = path[-1] if path else None
        if key and last in mark.keys:
            return Place(self.file, *mark.keys[str(last)])
        mark = mark.children.get(last, mark) if last is not None else mark
        return Place(self.file, mark.line, mark.column)

    def keys(self, *path: Key) -> tuple[str, ...]:
        """The keys of the mapping at `path`, or none where there is no mapping."""
        value: Any = self.value
        try:
            for step in path:
                value = value[step]
        except (KeyError, IndexError, TypeError):
            return ()
        return tuple(value) if isinstance(value, dict) else ()

    def error(self, what: str, *path: Key, next_step: str = "", key: bool = False) -> UserError:
        return UserError(what, where=self.place(*path, key=key), next_step=next_step)

    def refuse_unknown(self, found: Iterable[str], known: Iterable[str], *path: Key, inside: str = "") -> None:
        """UserError at the first of the keys of the mapping at `path` that is not known. `inside`: of what, for the sentence."""
        names = tuple(known)
        for key in found:
            if key not in names:
                what = f'unknown key "{key}"' + (f" in {inside}" if inside else "")
                raise self.error(what, *path, key, key=True, next_step=nearest(key, names))

    @contextmanager
    def at(self, *path: Key) -> Iterator[None]:
        """Give the place of `path` to an error that is raised inside and has no place yet."""
        try:
            yield
        except OverrideError:
            raise
        except UserError as error:
            if error.where is None:
                raise UserError(error.what, where=self.place(*path), next_step=error.next_step) from None
            raise


def open_document(path: str, limits: Limits = DEFAULT) -> Document:
    """Read a file: JSON if its name ends in .json, else YAML. Raises UserError if it cannot be read or parsed."""
    text = text_of(path, limits)
    if not text.strip():
        raise EmptyFile("the file is empty", path)
    refuse_program(path, text)
    if Path(path).suffix == ".json":
        return Document(path, json_reader.parse(text, path, limits), lambda: json_reader.marks(text, path), limits=limits)
    from scheduler.experiments.document import long_lists

    value, marks = long_lists.read(text, path, limits)
    return Document(path, value, marks, interpolates=True, limits=limits, head=_head(text), text=text)


def _head(text: str) -> tuple[str, ...]:
    lines = (line.strip() for line in text.splitlines())
    comments = takewhile(lambda line: not line or line.startswith("#"), lines)
    return tuple(line.lstrip("#").strip() for line in comments if line)


def text_of(path: str, limits: Limits = DEFAULT) -> str:
    """What a file holds. UserError where it cannot be read, is too large, or is no UTF-8."""
    return decoded(_bytes(path, limits.size + 1), path, limits)


def decoded(data: bytes, path: str, limits: Limits = DEFAULT) -> str:
    """The same of bytes that are there already."""
    if len(data) > limits.size:
        too_large = limits.too_large()
        raise UserError(too_large.what, where=Place(path), next_step=too_large.next_step)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise UserError("this byte is not UTF-8", where=Place(path, line, column), next_step="save the file as UTF-8") from None


def _bytes(path: str, most: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        raise UserError("no such file", where=Place(path), next_step=way_of_command(path) or _neighbours(path)) from None
    except IsADirectoryError:
        next_step = "name a file in it, such as sample.yaml"
        raise UserError("this is a directory, not a file", where=Place(path), next_step=next_step) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"cannot be read: {reason}", where=Place(path)) from None


def _neighbours(path: str) -> str:
    """The nearest file name in the same directory, for a mistyped one."""
    import difflib

    folder = Path(path).parent
    if not folder.is_dir():
        return f'there is no directory "{folder}" here' if str(folder) != "." else ""
    names = [entry.name for entry in folder.iterdir() if entry.suffix in {".json", ".yaml", ".yml"}]
    close = difflib.get_close_matches(Path(path).name, names, n=1)
    return f'did you mean "{folder / close[0]}"?' if close else "check the path"
