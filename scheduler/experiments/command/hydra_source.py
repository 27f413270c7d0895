"""Whether a Python source is a Hydra application: it calls what it imports as `hydra.main`. Pure, from the text alone."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from scheduler.values import dataclass


@dataclass(frozen=True)
class HydraMain:
    """What its decorator says, where that is written as text; `config_path` is relative to the source."""

    config_path: str | None = None
    config_name: str | None = None


def hydra_main(source: bytes) -> HydraMain | None:
    """The source's use of `hydra.main`; None where there is none, and of what is no Python that can be parsed here.

    >>> hydra_main(b"import hydra as h\\n@h.main(config_path='conf', version_base=None)\\ndef f(c): ...")
    HydraMain(config_path='conf', config_name=None)
    >>> hydra_main(b"from hydra import compose, initialize\\ncompose('config')"), hydra_main(b"# import hydra; hydra.main(")
    (None, None)
    """
    if b"hydra" not in source:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the source: whoever runs it will hear of them
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return next(_mains(tree), None)


def _mains(tree: ast.Module) -> Iterator[HydraMain]:
    nodes = list(ast.walk(tree))
    modules = {name.asname or "hydra" for node in nodes if isinstance(node, ast.Import) for name in node.names if _is_hydra(name)}
    imported = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module in ("hydra", "hydra.main")]
    functions = {name.asname or name.name for node in imported for name in node.names if name.name == "main" and not node.level}
    for node in nodes:
        if isinstance(node, ast.Call) and _is_main(node.func, modules, functions):
            yield HydraMain(_text(node, 0, "config_path"), _text(node, 1, "config_name"))


def _is_hydra(name: ast.alias) -> bool:
    return name.name == "hydra" or (name.name.startswith("hydra.") and name.asname is None)


def _is_main(function: ast.expr, modules: set[str], functions: set[str]) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr == "main" and function.value.id in modules
    return isinstance(function, ast.Name) and function.id in functions


def _text(call: ast.Call, place: int, name: str) -> str | None:
    given = [each.value for each in call.keywords if each.arg == name] or call.args[place : place + 1]
    return given[0].value if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str) else None
