"""The errors of this package that a user can mend, and the words that suggest a way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ExperimentError(Exception):
    """An experiment, a flag or a file that cannot be used as it is; the message says what is wrong and what to do next."""

    exit_status = 2


class TrainingFailed(ExperimentError):
    """A training that cannot go on."""

    exit_status = 1


class DataError(ExperimentError):
    """Data that is not there or cannot be understood; the message names the file and says what to do."""

    exit_status = 1


class CheckpointError(ExperimentError):
    """A checkpoint that is damaged, was not written by this program, or cannot be written."""

    exit_status = 1


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "X"?` for the closest known word, or the list of the known words where none is close."""
    choices = list(dict.fromkeys(known))
    spelt = {c.lower(): c for c in reversed(choices)}
    close = difflib.get_close_matches(word.lower(), spelt, n=1)
    return f'did you mean "{spelt[close[0]]}"?' if close else f"known are: {', '.join(choices)}"
