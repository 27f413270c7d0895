"""What a shell asks while somebody types, in the protocol of click's completion, and the answer: words, each with what it is.

The scripts of the shells are our own: click's break words at `:` and `=` in bash, and put a blank behind `KEY=`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from scheduler.actions import suggest
from scheduler.actions.suggest import Suggestion
from scheduler.cli.habits import meant
from scheduler.terminal import safe

VARIABLE = "_EXP_QUEUE_COMPLETE"  # what a shell's script sets: bash_complete, zsh_complete, fish_complete
LINE, WORD = "COMP_WORDS", "COMP_CUR"  # the line up to the cursor, and what bash takes for the present word
_FIRST_OR_LAST = (Suggestion("first", "before all others"), Suggestion("last", "behind all others; or the newest job"))
_BARE = re.compile(r"[^\w@%+:,./=^-]", re.ASCII)  # what bash needs a backslash before

BASH = """\
_exp_queue_completion() {
    local type value cur="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            open) COMPREPLY+=("$value"); compopt -o nospace ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CUR="$cur" _EXP_QUEUE_COMPLETE=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F _exp_queue_completion exp-queue
"""
ZSH = """\
#compdef exp-queue
_exp_queue_completion() {
    local type key about
    local -a plain plain_about open open_about response
    response=("${(@f)$(COMP_WORDS="${(j: :)words[1,CURRENT]}" _EXP_QUEUE_COMPLETE=zsh_complete ${words[1]} 2>/dev/null)}")
    for type key about in "${response[@]}"; do
        case $type in
            plain) plain+=("$key"); plain_about+=("$key  ${about#_}") ;;
            open) open+=("$key"); open_about+=("$key  ${about#_}") ;;
            file) _path_files -f ;;
            dir) _path_files -/ ;;
        esac
    done
    (( $#plain )) && compadd -V exp-queue -l -d plain_about -- "${plain[@]}"
    (( $#open )) && compadd -V exp-queue-open -S '' -l -d open_about -- "${open[@]}"
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _exp_queue_completion "$@"
else
    compdef _exp_queue_completion exp-queue
fi
"""
FISH = """\
function __exp_queue_completion
    set -l words (commandline -opc)
    set -lx COMP_WORDS (commandline -cp | string collect)
    set -lx _EXP_QUEUE_COMPLETE fish_complete
    for answer in (command $words[1] 2>/dev/null)
        set -l parts (string split -m1 , -- $answer)
        switch $parts[1]
            case file dir
                __fish_complete_path (commandline -ct)
            case '*'
                echo $parts[2]
        end
    end
end
complete --no-files --command exp-queue --arguments '(__exp_queue_completion)'
"""


def answer(commands: click.Group, names: Sequence[tuple[str, str]], instruction: str) -> int:
    """Print what the shell that asks by `instruction` is to offer; `names`: the commands, each with what it does. Whatever goes
    wrong is silence: somebody is typing."""
    shell = _SHELLS.get(instruction.removesuffix("_complete"))
    if shell is None or not instruction.endswith("_complete"):
        return 1
    with suppress(Exception):
        sys.stdout.write("".join(f"{line}\n" for line in shell(commands, names).lines()))
    return 0


class _Suggested(click.types.StringParamType):
    """A text, with what may be meant by its beginning."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [_item(each) for each in _suggestions(self.kind, ctx, incomplete)]


def _suggestions(kind: str, ctx: click.Context, begun: str) -> list[Suggestion]:
    if kind == "files":
        return suggest.files(begun)
    if kind == "jobs":
        return suggest.jobs(begun)
    if kind == "agents":
        return [*suggest.jobs(begun), *suggest.agents(begun)]
    if kind == "sweeps":
        return suggest.sweeps(begun)
    if kind == "places":
        return [*(each for each in _FIRST_OR_LAST if each.word.startswith(begun)), *suggest.jobs(begun)]
    words = tuple(ctx.params.get("words") or ctx.params.get("overrides") or ())
    file = ctx.params.get("file") or (words[0] if words and "=" not in words[0] else None)
    if file is None and "file" not in ctx.params:
        return [*suggest.files(begun), *suggest.sweeps_at_servers(begun), *suggest.changes(_standard(), begun)]
    return suggest.changes(str(file), begun)


def _standard() -> str:
    from scheduler.errors import UserError
    from scheduler.sweeps.sweep import standard_file

    with suppress(UserError):
        return standard_file()
    return ""


def _kind(parameter: click.Parameter) -> str:
    """What is suggested for a parameter that takes any text, told by what the help calls it."""
    called = (parameter.metavar or "").upper()
    if "KEY=VALUE" in called:
        return "changes"
    if "JOB" in called or parameter.name in ("job", "jobs"):
        return "places" if "FIRST" in called else "agents" if "AGENT" in called else "jobs"
    if called == "SWEEP" or parameter.name == "sweep":
        return "sweeps"
    return "files" if called == "FILE" else ""


def _item(each: Suggestion) -> CompletionItem:
    return CompletionItem(each.word, type="open" if each.goes_on else "plain", help=safe(each.about) or None)


@dataclass
class _Typed:
    """The words before the present one, and what is there of that."""

    words: list[str]
    begun: str


def _typed(line: str) -> _Typed:
    """A line up to the cursor, as a shell would split it; a quote may be open."""
    *words, last = split_arg_string(f"{line}x")
    return _Typed(words[1:], last[:-1])


class _Shell(ShellComplete):
    """Asks click where on the line the cursor is. Knows commands without importing all of them."""

    def __init__(self, commands: click.Group, names: Sequence[tuple[str, str]]) -> None:
        super().__init__(commands, {}, "exp-queue", VARIABLE)
        self._names = names

    def lines(self) -> Iterable[str]:
        """What the shell's script reads."""
        args, begun = self.get_completion_args()
        found = [each for each in self.get_completions(args, begun) if str(each.value).isprintable()]
        return [self.format_completion(each) for each in found]

    def get_completion_args(self) -> tuple[list[str], str]:
        typed = _typed(os.environ[LINE])
        return typed.words, typed.begun

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        if (not args or args == ["help"]) and not incomplete.startswith("-"):
            return [CompletionItem(name, help=about) for name, about in self._names if name.startswith(incomplete)]
        known = [name for name, _ in self._names]
        if args and not args[0].startswith("-") and args[0] not in known:
            args = meant(args, known)
        if args:
            self._prepare(args[0])
        before = incomplete.partition("=")[0] + "=" if incomplete.startswith("--") and "=" in incomplete else ""
        found = super().get_completions(args, incomplete)
        return [_behind(before, each) for each in found]

    def _prepare(self, name: str) -> None:
        command = self.cli.get_command(click.Context(self.cli), name)  # type: ignore[attr-defined]
        for parameter in command.params if command else ():
            if type(parameter.type) is click.types.StringParamType and (kind := _kind(parameter)):
                parameter.type = _Suggested(kind)


def _behind(before: str, item: CompletionItem) -> CompletionItem:
    return CompletionItem(f"{before}{item.value}", type=item.type, help=item.help) if before else item


class _Bash(_Shell):
    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{_as_bash_has_it(str(item.value), os.environ[LINE], os.environ.get(WORD, ''))}"


class _Zsh(_Shell):
    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type}\n{item.value}\n{item.help or '_'}"


class _Fish(_Shell):
    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value}\t{item.help or ''}"


_SHELLS: dict[str, Any] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def _as_bash_has_it(value: str, line: str, word: str) -> str:
    """That part of a word that bash replaces: for it `:` and `=` begin a word. Quoted, unless a quote is open.

    >>> _as_bash_has_it("group:Line CNN", "exp-queue status group:L", "L")
    'Line\\\\ CNN'
    """
    begun = _typed(line).begun
    present = "" if word in (":", "=") else "".join(split_arg_string(word))
    rest = value[len(begun) - len(present) :] if begun.endswith(present) and value.startswith(begun) else value
    return rest if word[:1] in ("'", '"') and word else _BARE.sub(lambda found: f"\\{found[0]}", rest)
