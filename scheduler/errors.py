"""Every error that a user can meet: what is wrong, where, and what to do next.

Errors are raised where the fact is known and shown in one place, the command line. Each kind has its exit status.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from scheduler.terminal import safe
from scheduler.values import dataclass


@dataclass(frozen=True)
class Place:
    """A position in a file that a person wrote. Lines and columns count from 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True)
class Remark:
    """Something at a place of a file that its writer should know, though it stops nothing."""

    what: str
    where: Place

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


Note = str | Remark  # a text is about the file as a whole


class UserError(Exception):
    """Something the user can mend: wrong usage or a wrong file.

    `what` says what is wrong, `where` is the place in a file (or nothing), `next_step` says what to do about it.
    """

    exit_status = 2

    def __init__(self, what: str, *, where: Place | None = None, next_step: str = "") -> None:
        self.what, self.where, self.next_step = what, where, next_step
        super().__init__(what)

    def __str__(self) -> str:
        """One line, safe on a terminal: in a script that only claims a GPU, Python itself shows it."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return safe(f"{head}; {self.next_step}" if self.next_step else head)


class EmptyFile(UserError):
    """A file in which nothing stands. What should stand there, who wanted it knows: `next_step` is about experiments files."""

    def __init__(self, what: str, file: str) -> None:
        super().__init__(what, where=Place(file), next_step='write "experiments:" and a list, or a "grid:"')


@contextmanager
def about(what: str, *, where: Place | None = None, next_step: str | None = None) -> Iterator[None]:
    """Say what a UserError that is raised inside is about: an option, an argument, a key, which stands at `where`. `next_step`:
    instead of the error's own."""
    try:
        yield
    except UserError as error:
        step = error.next_step if next_step is None else next_step
        raise UserError(f"{what}: {error.what}", where=where, next_step=step) from None


class CannotEverRun(UserError):
    """A request that this machine can never satisfy, or a wait that ran out."""

    exit_status = 3


class StateError(UserError):
    """The state directory or its database cannot be used as it is. Nothing in it was changed."""


def closest(word: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """The known word that is closest, None where nothing is close; `alike`: from 0, not at all, to 1, the same."""
    import difflib  # every process of ours passes here, and few meet a wrong word

    return next(iter(difflib.get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=alike)), None)


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "X"?` for the closest known word, or the list of known words where nothing is close."""
    choices = [str(k) for k in known]
    close = closest(word, choices)
    if close is not None:
        return f'did you mean "{close}"?'
    return f"known are: {', '.join(choices)}" if choices else ""
