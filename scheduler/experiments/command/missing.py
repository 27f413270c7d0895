"""Whether what a command starts is there: its first word, and the file or the module that this is to run.

A look at folders, and no more: nothing is started and nothing imported. Only what a command says before its arguments are filled
in is looked at, and of a line for a shell its first command. Where one cannot know, nothing is said.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

from scheduler.errors import closest
from scheduler.experiments.command.command import Launch, Text
from scheduler.experiments.command.program_file import is_interpreter, is_shell, program_files
from scheduler.values import dataclass

PROGRAM, FILE, MODULE, CLOSED = "program", "file", "module", "closed"
LOOKED_AT = 10_000  # commands of a list
LISTED = 5_000  # names in a folder among which a near one is looked for
ALIKE = 0.8  # how near the name of a module must be that may just as well be installed
# They start the program behind them in the same folder. What starts it in a container, or on another machine, is not among them.
_OPENERS = (
    "nice ionice nohup time setsid stdbuf taskset chrt numactl timeout torchrun accelerate deepspeed uv poetry pipenv conda "
    "mamba micromamba pixi coverage mpirun mpiexec"
)
OPENERS = frozenset(_OPENERS.split())
ELSEWHERE = ("-C", "--chdir", "--cwd", "--directory")  # with these they do not
_BUILT_IN = (  # of shells, with the words of their grammar
    ". : alias bg bind break builtin case cd command compgen complete continue declare dirs disown do done echo elif else "
    "enable esac eval exit export false fc fg fi for function getopts hash help history if in jobs kill let local logout "
    "mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source suspend test then times trap "
    "true type typeset ulimit umask unalias unset until wait while"
)
BUILT_IN = frozenset(_BUILT_IN.split())
_SHELL_TEXT = re.compile(r"-[eux]*c")  # no login shell: that would read files which set another PATH
_END = re.compile(r"[;&|<>\n]")  # of the first command of a line
_PLAIN = re.compile(r"[\w./+:,@%=-]+")
_VARIABLE = re.compile(r"([A-Za-z_]\w*)=")
_CHANGING = ("PATH", "PYTHONPATH", "PYTHONSAFEPATH")
_WITHOUT_FOLDER = re.compile(r"-[A-Za-z]*[IP][A-Za-z]*")  # of Python: modules are not looked for in the working directory


@dataclass(frozen=True)
class Missing:
    """What a command starts and what is not there or, with `kind` CLOSED, may not be executed. `looked`: where it was looked for;
    `instead`: a name near it that is there, "" for none; `hint`: what to do, where that is not to write `instead`."""

    kind: str
    name: str
    looked: str = ""
    instead: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f" {self.looked}" if self.looked else ""
        if self.kind == CLOSED:
            return f"{self.name}{place} may not be executed; {self.hint}"
        meant = f'did you mean "{self.instead}"?' if self.instead else "its jobs fail, unless something makes it before"
        return f"a program is not there: no {self.kind} {self.name}{place}; {self.hint or meant}"


@dataclass(frozen=True)
class _Call:
    """The first word of a command, and the files or the module that it is to run, as far as one can tell; `folders`: whether its
    files are looked for on the PATH as well."""

    word: str
    files: tuple[str, ...] = ()
    module: str = ""
    folders: bool = False


def missing(launches: Iterable[Launch]) -> tuple[Missing, ...]:
    """What these commands would start from the working directory and what is not there: each once, in their order."""
    try:
        directory = os.getcwd()  # noqa: PTH109 (a Path raises at other things too)
    except FileNotFoundError:
        return ()
    calls = dict.fromkeys(call for launch in islice(launches, LOOKED_AT) for call in _calls(launch))
    return tuple(dict.fromkeys(found for call in calls if (found := _looked_for(call, directory))))


# What is started.


def _calls(launch: Launch) -> Iterator[_Call]:
    words = [token for token in takewhile(lambda token: isinstance(token, str), launch) if isinstance(token, str)]
    if len(launch) > 2 and len(words) > 1 and is_shell(words[0]) and _SHELL_TEXT.fullmatch(words[1]):
        yield _Call(words[0])
        words = _first_command(launch[2])
    if words := _behind_env(words):
        yield _call(words)


def _call(words: list[str]) -> _Call:
    name = words[0].rpartition("/")[2]
    moves = name in OPENERS and any(word.partition("=")[0] in ELSEWHERE for word in words)
    if moves or not (is_interpreter(name) or name in OPENERS):
        return _Call(words[0])
    files = program_files(words)
    if any(" " in each for each in files):  # words that were to be several: whoever reads a sweep file says so
        return _Call(words[0])
    if len(files) < 2:
        return _Call(words[0], files, folders=not name.startswith(("python", "pypy")))
    bare = any(_WITHOUT_FOLDER.fullmatch(word) for word in words[1 : words.index("-m")]) or "PYTHONSAFEPATH" in os.environ
    return _Call(words[0], module="" if bare else files[0].removesuffix(".py").replace("/", "."))


def _first_command(token: object) -> list[str]:
    """The words of the first command of a line for a shell, as far as they stand for themselves; none of what the shell does
    itself."""
    parts = token.parts if isinstance(token, Text) else (token,)
    text = parts[0] if isinstance(parts[0], str) else ""
    head = _END.split(text, maxsplit=1)[0]
    words = head.split()
    if len(parts) > 1 and head == text and not head[-1:].isspace():
        words = words[:-1]  # its end is filled in later
    words = list(takewhile(_PLAIN.fullmatch, words))
    while words and words[0] in ("exec", "time"):
        words = words[1:]
    words = _behind_variables(words)
    is_other = words and (words[0] in BUILT_IN or words[0].startswith("-") or f"BASH_FUNC_{words[0]}%%" in os.environ)
    return [] if is_other else words


def _behind_env(words: list[str]) -> list[str]:
    while words and words[0].rpartition("/")[2] == "env":
        words = _behind_variables(words[1:])
        if words and words[0].startswith("-"):
            return []
    return words


def _behind_variables(words: list[str]) -> list[str]:
    """Without the variables that are set for a command alone; nothing where one of them says where programs are looked for."""
    while words and (found := _VARIABLE.match(words[0])):
        if found[1] in _CHANGING:
            return []
        words = words[1:]
    return words


# Whether it is there.


def _looked_for(call: _Call, directory: str) -> Missing | None:
    if found := _program(call.word, directory):
        return found
    if call.module:
        return _module(call.module, directory)
    return None if not call.files or any(_is_there(each, call, directory) for each in call.files) else _no_file(call, directory)


def _program(word: str, directory: str) -> Missing | None:
    if "/" not in word:
        if shutil.which(word):
            return None
        lies_here = os.path.isfile(os.path.join(directory, word))  # noqa: PTH113, PTH118
        hint = f'it lies in {directory}, where it is started as "./{word}"' if lies_here else ""
        return Missing(PROGRAM, word, "on the PATH", "" if lies_here else closest(word, _programs()) or "", hint)
    path = os.path.join(directory, word)  # noqa: PTH118
    if not os.path.isfile(path):  # noqa: PTH113
        return Missing(FILE, word, _place(word, directory), _near(word, directory))
    if os.access(path, os.X_OK):
        return None
    return Missing(CLOSED, word, _place(word, directory), hint=f"chmod +x {word} allows it, or name what runs it before it")


def _is_there(file: str, call: _Call, directory: str) -> bool:
    path = os.path.join(directory, file)  # noqa: PTH118
    if os.path.exists(path):  # noqa: PTH110
        return True
    return call.folders and (shutil.which(file) is not None or os.path.exists(f"{path}.js"))  # noqa: PTH110


def _no_file(call: _Call, directory: str) -> Missing:
    name = call.files[0]
    return Missing(FILE, name, _place(name, directory), _near(name, directory))


def _place(name: str, directory: str) -> str:
    return "" if name.startswith("/") else f"in {directory}"


def _module(name: str, directory: str) -> Missing | None:
    """Of a package that lies in the working directory, where Python looks first, all is known; any other may be installed."""
    top, *below = name.split(".")
    if os.path.isfile(os.path.join(directory, top, "__init__.py")):  # noqa: PTH113, PTH118
        return _in_package(name, directory)
    there = [directory, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    if top in sys.stdlib_module_names or any(top in _modules(each) for each in there if each):
        return None
    near = closest(top, _modules(directory), ALIKE)
    if not near:
        return None
    instead = ".".join([near, *below])
    hint = f'did you mean "{instead}"? (unless one of that name is installed)'
    return Missing(MODULE, name, f"in {directory}", instead, hint)


def _in_package(name: str, directory: str) -> Missing | None:
    parts, place = name.split("."), directory
    for depth, part in enumerate(parts):
        known = _modules(place)
        if part not in known:
            near = closest(part, known)
            return Missing(MODULE, name, f"in {directory}", ".".join([*parts[:depth], near, *parts[depth + 1 :]]) if near else "")
        place = os.path.join(place, part)  # noqa: PTH118
    is_file = os.path.isfile(f"{place}.py") and not os.path.isfile(f"{place}/__init__.py")  # noqa: PTH113
    if is_file or not os.path.isdir(place) or any(each.startswith("__main__.") for each in _names(place)):  # noqa: PTH112
        return None
    return Missing(MODULE, f"{name}.__main__", f"in {directory}", hint=f"{name} is a package, and has nothing that -m could run")


def _modules(folder: str) -> set[str]:
    """What can be imported from a folder, by its names alone."""
    stems = (each.partition(".") for each in _names(folder))
    return {stem for stem, dot, ending in stems if stem.isidentifier() and (not dot or ending.endswith(("py", "pyc", "so")))}


def _near(name: str, directory: str) -> str:
    """The path that is there and comes nearest, written as this one is; "" for none."""
    place, written = ("/" if name.startswith("/") else directory), list[str]()
    for part in filter(None, name.split("/")):
        is_there = os.path.exists(os.path.join(place, part))  # noqa: PTH110, PTH118
        near = part if is_there else closest(part, islice(_names(place), LISTED))
        if near is None:
            return ""
        written.append(near)
        place = os.path.join(place, near)  # noqa: PTH118
    return ("/" if name.startswith("/") else "") + "/".join(written)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def _programs() -> list[str]:
    """The names of all that lies on the PATH."""
    folders = dict.fromkeys(os.environ.get("PATH", os.defpath).split(os.pathsep))
    return [name for folder in folders for name in islice(_names(folder or "."), LISTED)]
