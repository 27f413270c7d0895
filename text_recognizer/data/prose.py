"""Real sentences for the generated lines: the Python documentation that comes with every interpreter, or a file of the user's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from text_recognizer.data.data_set import SPLITS
from text_recognizer.errors import ExperimentError

ALPHABET = " !\"'(),-.0123456789:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""The characters that a line may hold. A sentence with any other character is left out whole, never cut."""

_SHARES = (80, 90, 100)
_MARKUP = re.compile(r"[*`]")
_TYPOGRAPHIC = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"})


def sentences_of(text: str) -> list[str]:
    """The distinct sentences of `text` written in `ALPHABET`, in order: a capital first, a stop last, 12 characters or more.

    Indented blocks (programs and tables in the documentation) are left out.
    """
    found = (sentence for block in re.split(r"\n\s*\n", text) for sentence in _of_block(block))
    return list(dict.fromkeys(s for s in found if _usable(s)))


def split_of(sentence: str) -> str:
    """The split that owns a sentence, by a hash of its letters: 80 % train, 10 % val, 10 % test, the same for ever.

    Case, spaces and punctuation do not count, so that two spellings of one sentence never lie on two sides.
    """
    letters = re.sub(r"[^a-z0-9]", "", sentence.lower())
    percent = int.from_bytes(hashlib.sha256(letters.encode()).digest()[:8], "big") % 100
    return next(name for name, below in zip(SPLITS, _SHARES, strict=True) if percent < below)


def prose(text_file: str = "") -> dict[str, list[str]]:
    """The sentences of every split, from `text_file` (UTF-8) or from the interpreter's own documentation.

    The documentation differs between versions of Python, and the sentences with it. Raises ExperimentError where a
    split would be empty or the text cannot be read.
    """
    sentences = sentences_of(_read(text_file) if text_file else _documentation())
    splits = {name: [s for s in sentences if split_of(s) == name] for name in SPLITS}
    if not all(splits.values()):
        source = text_file or "the documentation of this Python"
        raise ExperimentError(
            f"{source}: {len(sentences)} usable sentences are too few to make train, val and test; "
            "give a longer plain text in dataset_args.text_file"
        )
    return splits


def _of_block(block: str) -> Iterator[str]:
    if re.match(r"(\n| )*\s{4,}", block):
        return
    plain = _MARKUP.sub("", " ".join(block.translate(_TYPOGRAPHIC).split()))
    yield from re.split(r"(?<=[.!?]) +(?=[A-Z])", plain)


def _usable(sentence: str) -> bool:
    return len(sentence) >= 12 and sentence[0].isupper() and sentence[-1] in ".!?" and not set(sentence) - set(ALPHABET)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{path}: cannot be read as UTF-8 text ({error}); mend dataset_args.text_file") from error


def _documentation() -> str:
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise ExperimentError(
            "this Python comes without its documentation (pydoc_data); give any plain text in dataset_args.text_file"
        ) from error
    return "\n\n".join(topics[name] for name in sorted(topics))
