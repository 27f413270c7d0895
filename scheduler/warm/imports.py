"""Which installed modules a program imports, read from its text and from those of its own modules; nothing of them is run.

Own modules are those that lie neither in the standard library nor among the installed packages: what is edited between two jobs
must count, so they are never loaded ahead.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Sequence

from scheduler.values import dataclass
from scheduler.warm.command import CODE, MODULE, Program

MOST_FILES = 500
# They read the environment of one run when they are loaded, or start threads.
LEFT_ALONE = frozenset({"wandb", "swanlab", "trackio", "mlflow", "comet_ml", "neptune", "clearml", "scheduler", "exp_queue"})


@dataclass(frozen=True)
class Import:
    """`import module`, or `from module import names`. Absolute."""

    module: str
    names: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]


@dataclass(frozen=True)
class Source:
    """A file of the program: its text, and the package that its relative imports begin at."""

    text: str | bytes
    package: str = ""


def installed(folder: str) -> bool:
    """Whether this is a folder of installed packages."""
    return folder.rstrip("/").endswith(("site-packages", "dist-packages"))


def imports_of(program: Program, cwd: str) -> list[Import]:
    """The imports of installed modules by the program, in the order in which they stand there, without those of LEFT_ALONE."""
    own = [
        program.beside(cwd),
        *(folder for folder in sys.path if folder and not installed(folder) and not _is_library(folder)),
    ]
    found: dict[Import, None] = {}
    seen: set[str] = set()
    todo = list(_first(program, cwd, own, seen))
    while todo and len(seen) < MOST_FILES:
        for each in _of_text(todo.pop(0)):
            if (files := _own_files(each, own, seen)) is not None:
                todo += files
            elif each.package not in LEFT_ALONE and _is_installed(each.package):
                found[each] = None
    return list(found)


def _is_library(folder: str) -> bool:
    return os.path.realpath(folder).startswith(os.path.realpath(os.path.dirname(os.__file__)))  # noqa: PTH120


def _first(program: Program, cwd: str, own: Sequence[str], seen: set[str]) -> Iterator[Source]:
    if program.kind == CODE:
        yield Source(program.target)
    elif program.kind == MODULE:
        yield from _own_files(Import(program.target), own, seen) or []
        yield from _own_files(Import(f"{program.target}.__main__"), own, seen) or []
    else:
        yield from _read(os.path.join(cwd, program.target), "", seen)  # noqa: PTH118


def _read(path: str, package: str, seen: set[str]) -> Iterator[Source]:
    if path not in seen:
        seen.add(path)
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                yield Source(file.read(), package)
        except OSError:
            return


def _of_text(source: Source) -> Iterator[Import]:
    """The imports that stand anywhere in it but under `if TYPE_CHECKING`; none of a text that is no Python."""
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError):
        return
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            todo += node.orelse
        elif isinstance(node, ast.Import):
            yield from (Import(name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(node, source.package)
        else:
            todo += ast.iter_child_nodes(node)


def _from(node: ast.ImportFrom, package: str) -> Iterator[Import]:
    module = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        module = ".".join([*above, *([module] if module else [])])
    if module:
        yield Import(module, tuple(name.name for name in node.names if name.name != "*"))


def _own_files(wanted: Import, own: Sequence[str], seen: set[str]) -> list[Source] | None:
    """The files of the program that this import loads; None where the module is none of its own."""
    top = _spec(wanted.package, own)
    if top is None:
        return None
    places = list(top.submodule_search_locations or [])
    files = list(_read(top.origin or "", wanted.package if places else "", seen))
    for depth, part in enumerate(wanted.module.split(".")[1:], 2):
        package, places, found = ".".join(wanted.module.split(".")[:depth]), *_inside(places, part)
        files += [each for path in found for each in _read(path, package if places else package.rpartition(".")[0], seen)]
    for name in wanted.names:
        inner, found = _inside(places, name)
        package = f"{wanted.module}.{name}" if inner else wanted.module
        files += [each for path in found for each in _read(path, package, seen)]
    return files


def _spec(name: str, own: Sequence[str]) -> importlib.machinery.ModuleSpec | None:
    """Where an own module of that name would come from: a folder that is searched, or one that was installed to be edited."""
    if name in sys.builtin_module_names or (name in LEFT_ALONE):
        return None
    spec = importlib.machinery.PathFinder.find_spec(name, list(own))
    if spec and (spec.origin or spec.submodule_search_locations):
        return spec
    if name in sys.stdlib_module_names:
        return None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    return spec if spec and spec.origin and spec.origin.endswith(".py") and not _lies_installed(spec.origin) else None


def _lies_installed(path: str) -> bool:
    return any(part in ("site-packages", "dist-packages") for part in path.split("/"))


def _inside(places: Iterable[str], name: str) -> tuple[list[str], list[str]]:
    """Of a part of a package that lies in `places`: where its own parts lie, none for a plain module; and its file."""
    for place in places:
        folder, file = f"{place}/{name}", f"{place}/{name}.py"
        if os.path.isfile(f"{folder}/__init__.py"):  # noqa: PTH113
            return [folder], [f"{folder}/__init__.py"]
        if os.path.isfile(file):  # noqa: PTH113
            return [], [file]
    return [], []


def _is_installed(name: str) -> bool:
    if name in sys.stdlib_module_names:
        return False
    return importlib.machinery.PathFinder.find_spec(name, [folder for folder in sys.path if installed(folder)]) is not None
