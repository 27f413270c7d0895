"""The views as one script: modules of JavaScript, joined without a build step.

A browser does not load modules from a file on a disk, and a page over ssh should not ask thirty times. So modules are written
in the part of the language that can be joined by a few rules, and run unchanged as modules as well:

    import { a, b } from "./views/other.js";     // first of all in a file, each on a line of its own; names only, no `as`
    export function f() ...                      // export class, export const; one name each, no default

Each module becomes a function that is called once, in the order of imports; a circle is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import \{ ([\w$, ]+) \} from "(\.[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const|let) ([\w$]+)", re.MULTILINE)
_ODD = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
# What would be read as one of the forms, and be none: another name of what is imported, a second name of what is exported.
_MEANT = re.compile(r"^(?:import \{[^}]*\bas\b|export (?:const|let) [^;]*?, [\w$]+ =[^=>]).*", re.MULTILINE)


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """The module `entry` with all that it imports as one script. `read` gives the text of a module by its path. ValueError for
    what the rules above do not allow."""
    done: dict[str, str] = {}
    _take(entry, read, done, ())
    return "\n".join(['"use strict";', *done.values(), ""])


def _take(path: str, read: Callable[[str], str], done: dict[str, str], above: tuple[str, ...]) -> None:
    if path in above:
        raise ValueError(f"{' -> '.join([*above, path])}: modules in a circle")
    if path in done:
        return
    text = read(path)
    for _, other in _imports(path, text):
        _take(other, read, done, (*above, path))
    done[path] = _wrapped(path, text)


def _imports(path: str, text: str) -> Iterator[tuple[str, str]]:
    """The names of each import, and the path of the module that they come from."""
    for match in _IMPORT.finditer(text):
        yield match[1].strip(), normpath(join(dirname(path), match[2]))


def _wrapped(path: str, text: str) -> str:
    if meant := _MEANT.search(text):
        raise ValueError(f"{path}: {meant[0]}: not one of the forms that can be joined")
    names = ", ".join(_EXPORT.findall(text))
    asked = "\n".join(f"const {{ {names} }} = {_variable(other)};" for names, other in _imports(path, text))
    body = _EXPORT.sub(lambda match: match[0].removeprefix("export "), _IMPORT.sub("", text)).strip()
    if odd := _ODD.search(body):
        raise ValueError(f"{path}: {odd[0]}: not one of the forms that can be joined")
    return f"const {_variable(path)} = (() => {{\n{asked}\n{body}\nreturn {{ {names} }};\n}})();"


def _variable(path: str) -> str:
    """
    >>> _variable("views/curves.js")
    '$views_curves'
    """
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))
