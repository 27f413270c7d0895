"""The commands as they describe themselves, as a manual page and as Markdown: neither is ever written by hand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from scheduler.values import dataclass

STATUS = (
    ("0", "all good"),
    ("1", "some job did not succeed"),
    ("2", "wrong usage, or a file that is wrong"),
    ("3", "impossible on this machine, or a wait that ran out"),
    ("130", "after a Ctrl-C"),
)
PLACES = (("EXP_QUEUE_HOME", "the directory of the queue; else ~/.local/state/exp-queue"),)
_BREAK = "\b"  # click's mark of a paragraph that is shown as it is


@dataclass(frozen=True)
class Described:
    """A command: its line in the list, how it is called, its paragraphs (those of examples with their line breaks), and its
    options, each with what it does."""

    name: str
    line: str
    usage: str
    paragraphs: Sequence[str]
    options: Sequence[tuple[str, str]]


def described(commands: click.Group, name: str, line: str) -> Described:
    """What a command says of itself. It is imported for that."""
    context = click.Context(commands, info_name="exp-queue")
    command = commands.get_command(context, name)
    assert command  # the name is one of its own
    pieces = [_argument(each) for each in command.params if isinstance(each, click.Argument)]
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    options = [_option(each) for each in command.params if isinstance(each, click.Option) and not each.hidden]
    return Described(name, line, " ".join(["exp-queue", name, "[OPTIONS]", *pieces]), paragraphs, options)


def _argument(argument: click.Argument) -> str:
    choices = "|".join(map(str, argument.type.choices)) if isinstance(argument.type, click.Choice) else ""
    named = argument.metavar or choices or str(argument.name).upper()
    return named if argument.required or named.startswith("[") else f"[{named}]"


def _option(option: click.Option) -> tuple[str, str]:
    names = ", ".join(option.opts) + "".join(f" / {each}" for each in option.secondary_opts)
    takes = "" if option.is_flag or option.count else f" {option.metavar or _takes(option.type)}"
    default = f" Default: {option.default}." if option.show_default and option.default is not None else ""
    return f"{names}{takes}", f"{' '.join((option.help or '').split())}{default}"


def _takes(kind: click.ParamType) -> str:
    if isinstance(kind, click.Choice):
        return "|".join(map(str, kind.choices))
    return "N" if isinstance(kind, (click.IntRange, click.types.IntParamType)) else kind.name.upper()


def is_example(paragraph: str) -> bool:
    """Whether the line breaks of a paragraph are meant."""
    return paragraph.startswith(_BREAK)


def _lines(paragraph: str) -> list[str]:
    return paragraph.removeprefix(f"{_BREAK}\n").splitlines()


def markdown(sections: Mapping[str, Iterable[Described]]) -> str:
    """All commands as a page of the guide."""
    found = [
        "# Commands",
        "",
        "Written by `exp-queue man --markdown`: the same as `exp-queue help COMMAND`. How jobs are named (JOB) is in",
    ]
    found += ["[naming jobs](naming_jobs.md)."]
    for title, each in sections.items():
        found += ["", f"## {title}"]
        for command in each:
            found += _as_markdown(command)
    return "\n".join(found) + "\n"


def _as_markdown(command: Described) -> Iterator[str]:
    yield from ("", f"### {command.name}", "", f"    {command.usage}")
    for paragraph in command.paragraphs:
        yield ""
        if is_example(paragraph):
            yield from (f"    {line}" for line in _lines(paragraph))
        else:
            yield " ".join(paragraph.split()).replace("<", "\\<")
    if command.options:
        yield from ("", "| option | |", "|---|---|")
        yield from (f"| `{_cell(names)}` | {_cell(text)} |" for names, text in command.options)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def manual(version: str, about: str, sections: Mapping[str, Iterable[Described]]) -> str:
    """All commands as a manual page in roff. `about`: what the program is."""
    found = [f'.TH EXP-QUEUE 1 "" "exp-queue {version}" "User Commands"', ".SH NAME"]
    found += ["exp\\-queue \\- run grids of experiments on the GPUs of this machine", ".SH SYNOPSIS"]
    found += [".B exp\\-queue", "COMMAND [OPTIONS] [ARGUMENTS]", ".SH DESCRIPTION"]
    found += _paragraphs(inspect.cleandoc(about).split("\n\n"))[1:]
    for title, commands in sections.items():
        found.append(f'.SH "{_roff(title).upper()}"')
        for command in commands:
            found += _as_roff(command)
    found.append('.SH "EXIT STATUS"')
    found += _terms(STATUS)
    found.append(".SH ENVIRONMENT")
    found += _terms(PLACES)
    return "\n".join(found) + "\n"


def _as_roff(command: Described) -> list[str]:
    found = [f".SS {_roff(command.name)}", _line(command.usage)]
    return found + _paragraphs(command.paragraphs) + _terms(command.options)


def _paragraphs(paragraphs: Iterable[str]) -> list[str]:
    found = []
    for paragraph in paragraphs:
        if is_example(paragraph):
            found += [".PP", ".nf", ".RS", *map(_line, _lines(paragraph)), ".RE", ".fi"]
        else:
            found += [".PP", _line(" ".join(paragraph.split()))]
    return found


def _terms(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [line for term, text in pairs for line in (".TP", f"\\fB{_roff(term)}\\fR", _line(text) or "\\&")]


def _line(text: str) -> str:
    """A line of text: at its beginning a full stop or an apostrophe would be an order to roff."""
    return f"\\&{_roff(text)}" if text.startswith((".", "'")) else _roff(text)


_SPECIAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def _roff(text: str) -> str:
    return re.sub(r"[-\\'`^~]", lambda found: _SPECIAL[found[0]], text)
