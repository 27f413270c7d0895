"""Whether a program that uses argparse takes the arguments that its command gives it. Its source is read, never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from contextlib import suppress

from scheduler.experiments.command.command import Launch, Slot
from scheduler.experiments.command.hydra_program import LARGEST, scripts
from scheduler.values import dataclass


@dataclass(frozen=True)
class Parser:
    """What a source declares: its options, and whether it takes arguments without a name."""

    options: frozenset[str]
    positional: bool

    def takes(self, option: str) -> bool:
        """Whether it knows the option, which may be the beginning of one."""
        return any(known.startswith(option) for known in self.options)


def parser_of(source: bytes) -> Parser | None:
    """The parser of a source; None where it has none, or where not all that it takes can be told from the text.

    >>> parser_of(b"import argparse\\np = argparse.ArgumentParser()\\np.add_argument('--lr')\\np.parse_args()")
    Parser(options=frozenset({'--lr'}), positional=False)
    """
    if b"argparse" not in source:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names = {_name(call) for call in calls}
    if not {"ArgumentParser", "parse_args"} <= names or names & {"parse_known_args", "add_subparsers"}:
        return None
    words = [word for call in calls if _name(call) == "add_argument" for word in _words(call)]
    hidden = any(key.arg in ("parents", "fromfile_prefix_chars") for call in calls for key in call.keywords)
    if None in words or hidden or any(_given(call) for call in calls if _name(call) == "parse_args"):
        return None
    options = frozenset(word for word in words if word and word.startswith("-"))
    return Parser(options, any(word and not word.startswith("-") for word in words))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _words(call: ast.Call) -> Iterator[str | None]:
    """The names of an argument; None for one that is worked out when the program runs."""
    for word in call.args:
        yield word.value if isinstance(word, ast.Constant) and isinstance(word.value, str) else None
    if not call.args:
        yield None


def _given(call: ast.Call) -> bool:
    """Whether a parser is given other words than those of the command line."""
    return bool(call.args or call.keywords)


def notes(launch: Launch) -> Iterator[str]:
    """What the user of a file should know whose program takes no `--gpu=-1` and no JSON, which a `program:` is called with."""
    if not any(isinstance(token, Slot) and token.name == "args_json" for token in launch):
        return
    place, script = next(((place, each) for place, each in scripts(launch) if each.is_file()), (0, None))
    parser = None
    if script:
        with suppress(OSError), script.open("rb") as file:
            parser = parser_of(file.read(LARGEST))
    if not parser:
        return
    words = [word.partition("=")[0] for word in launch[place + 1 :] if isinstance(word, str)]
    unknown = [word for word in words if word.startswith("--") and not parser.takes(word)]
    refused = [f"knows no {word}" for word in unknown] + ([] if parser.positional else ["takes no JSON"])
    if refused:
        what = f"{script} reads its arguments with argparse and {' and '.join(refused)}, so its jobs would end at once"
        yield f'{what}; --style flags gives it --key=value, and so does command: [python, {script}, "${{args}}"] in the file'
