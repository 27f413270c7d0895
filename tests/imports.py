"""Who imports whom: what the tests of the house read from the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

# A text that is the name of a module (and of something in it), or that is code which imports one.
_NAMED = re.compile(r"\A(scheduler(?:\.\w+)+)(?::\w+)?\Z|\b(?:from|import) (scheduler(?:\.\w+)+)")


def modules(root: Path, *packages: str) -> dict[str, Path]:
    """Every module of these packages by its dotted name; a package itself stands for its `__init__`."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(source: str) -> Iterator[str]:
    """Every absolute name that a source imports, also inside functions, and every module that it names in a text: what is
    loaded by its name. `from a import b` gives a.b; whether that is a module or a name in `a` is not known here."""
    prose = set()  # docstrings; a statement is met before what stands in it
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr):
            prose.add(id(node.value))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from ("".join(found) for found in _NAMED.findall(node.value))


def graph(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """From the sources by module name: which of these modules each of them imports."""
    return {
        name: {there for each in imports(text) if (there := _module(each, sources)) not in ("", name)}
        for name, text in sources.items()
    }


def circles(graph: Mapping[str, Set[str]]) -> list[list[str]]:
    """Every set of modules that all reach one another, in order of their names."""
    reached = {name: _reach(name, graph) for name in graph}
    found = {tuple(sorted(there for there in reached[name] if name in reached[there])) for name in graph if name in reached[name]}
    return [list(each) for each in sorted(found)]


def _reach(name: str, graph: Mapping[str, Set[str]]) -> set[str]:
    found: set[str] = set()
    rest = list(graph[name])
    while rest:
        if (there := rest.pop()) not in found:
            found.add(there)
            rest += graph[there]
    return found


def _module(name: str, known: Mapping[str, str]) -> str:
    """The longest part of a dotted name that is a module."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name
