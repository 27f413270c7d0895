"""Which file of a command line is its program: what a person edits between two runs. Pure; nothing is opened here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePath

_SHELL = re.compile(r"(ba|da|z|k|fi)?sh")
_PYTHON_OR_SHELL = re.compile(rf"(python|pypy)[0-9.]*|{_SHELL.pattern}")
_OTHERS = re.compile(r"Rscript|julia|perl|ruby|node|lua|php")
_SCRIPT = re.compile(r"[^-=].*\.(py|sh|bash|R|jl|pl|rb|js|lua|php)", re.DOTALL)
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_TAKES_A_VALUE = frozenset({"-W", "-X", "-o"})  # of Python and of the shells
# `python -c`, `bash -lc`, `perl -e`, `php -r`: the program is a text of the command itself.
_TEXT, _TEXT_OF_OTHERS = re.compile(r"-[A-Za-z]*c"), re.compile(r"-[er]")
_FAR = 16  # words; whoever starts a program in a longer way is not understood


def program_files(argv: Sequence[str]) -> tuple[str, ...]:
    """The files that the program of a command may be, the likeliest first, as the command names them; empty where its program is
    one that is installed (`true`), or a text of the command itself.

    >>> program_files(["python", "-u", "train.py", "--lr=1"]), program_files(["env", "A=1", "bash", "-e", "run", "x.py"])
    (('train.py',), ('run',))
    >>> program_files(["./train", "x.py"]), program_files(["sh", "-ec", "./train x.py"]), program_files(["/bin/nice", "x.py"])
    (('./train',), (), ('x.py',))
    >>> program_files(["python", "-m", "pkg.train"]), program_files(["/home/me/train", "--lr=1"])
    (('pkg/train.py', 'pkg/train/__main__.py'), ('/home/me/train',))
    """
    return _look(_telling(argv))[0]


def settles(words: Sequence[str]) -> bool:
    """Whether these first words of a command say which file its program is, whatever words come after them.

    >>> settles(["python", "train.py"]), settles(["./train"]), settles(["python", "-u"]), settles(["true"])
    (True, True, False, False)
    """
    return _look(_telling(words))[1]


def is_shell(word: str) -> bool:
    """Whether this program is a shell."""
    return bool(_SHELL.fullmatch(word.rpartition("/")[2]))


def is_interpreter(word: str) -> bool:
    """Whether this program runs a file that is named behind it: Python, a shell, and others."""
    name = word.rpartition("/")[2]
    return bool(_PYTHON_OR_SHELL.fullmatch(name) or _OTHERS.fullmatch(name))


def _telling(argv: Sequence[str]) -> tuple[str, ...]:
    """The words that may say it. A flag with two dashes is neither a program nor a file, and most words of a long grid are
    such: one stands for all."""
    return tuple([word if word[:2] != "--" or "/" in word else "--" for word in argv[:_FAR]])


@lru_cache(maxsize=256)  # all that start in one turn are asked for twice
def _look(argv: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """The files, and whether further words would change nothing."""
    words = iter(argv)
    itself: tuple[str, ...] = ()
    for place, word in enumerate(words):
        if word == "--":
            continue
        name = word.rpartition("/")[2]
        if _PYTHON_OR_SHELL.fullmatch(name):
            return _of_an_interpreter(words, _TEXT)
        if _OTHERS.fullmatch(name):
            return _of_an_interpreter(words, _TEXT_OF_OTHERS)
        if word == "-m":
            return _of_a_module(words)
        if _SCRIPT.fullmatch(word) or (not place and "/" in word[1:] and word[0] != "/"):
            return (word,), True
        if not place and word.startswith("/"):
            itself = (word,)  # or what starts another: /usr/bin/env, torchrun of a virtual environment
    return itself, False


def program_files_of_line(argv: Sequence[str]) -> tuple[str, ...]:
    """The same, also where the command is a line for a shell: then of its first command, as far as that has plain words.

    >>> program_files_of_line(["sh", "-c", "A=1 python 'my train.py' --lr=1 | tee log"])
    ('my train.py',)
    >>> program_files_of_line(["sh", "-c", "it's"]), program_files_of_line(["python", "train.py"])
    ((), ('train.py',))
    """
    found = program_files(argv)
    if found or len(argv) != 3 or not _TEXT.fullmatch(argv[1]):
        return found
    try:
        return program_files(shlex.split(argv[2]))
    except ValueError:
        return ()


def _of_an_interpreter(words: Iterator[str], text: re.Pattern[str]) -> tuple[tuple[str, ...], bool]:
    for word in words:
        if word == "-m":
            return _of_a_module(words)
        if text.fullmatch(word) or word == "-":
            return (), True
        if word in _TAKES_A_VALUE:
            next(words, "")
        elif not word.startswith(("-", "+")):
            return (word,), True
    return (), False


def _of_a_module(words: Iterator[str]) -> tuple[tuple[str, ...], bool]:
    """Of the one that the next word names."""
    for name in words:
        path = PurePath(*name.split("."))
        return (f"{path}.py", f"{path}/__main__.py") if _MODULE.fullmatch(name) else (), True
    return (), False
