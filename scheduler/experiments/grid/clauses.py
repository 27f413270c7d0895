"""Reading `include` and `exclude`: lists of mappings, each of which speaks of certain combinations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scheduler.errors import nearest
from scheduler.experiments.configurations.configurations import (
    Config,
    Path,
    get,
    leaves,
    put,
)
from scheduler.experiments.configurations.interpolation import unresolved
from scheduler.experiments.document import values
from scheduler.experiments.document.document import Document
from scheduler.experiments.grid.axes import ToPath, Where, dotted
from scheduler.experiments.grid.matrix import Clause

_NOTHING = object()


def read_clauses(document: Document, written: object, where: Where, to_path: ToPath) -> tuple[Clause, ...]:
    """Each mapping as its single values, by path; dotted keys reach into mappings, as in a grid."""
    if not isinstance(written, list):
        with document.at(*where):
            raise values.expected("a list of mappings", written, "put a dash before each")
    return tuple(_clause(document, one, (*where, index), to_path) for index, one in enumerate(written))


def _clause(document: Document, written: object, where: Where, to_path: ToPath) -> Clause:
    with document.at(*where):
        mapping = values.mapping(written)
    if not mapping:
        raise document.error("this is empty", *where, next_step="name at least one key and its value")
    config: Config = {}
    for key, value in mapping.items():
        path = dotted(document, key, (*where, key))
        with document.at(*where, key):
            config = put(config, to_path(path, value), value)
    return tuple(leaves(config))


def refuse_unknown(document: Document, clauses: Sequence[Clause], where: Where, configs: Iterable[Config]) -> None:
    """Refuse an `exclude` that names a key which no experiment has: it would exclude nothing, silently."""
    known = list(configs)
    for index, clause in enumerate(clauses):
        for path, value in clause:
            _refuse_unknown_key(document, (*where, index), path, known)
            if any(unresolved(value)):
                raise document.error("an interpolation cannot be compared", *where, index, next_step="write the value")


def _refuse_unknown_key(document: Document, where: Where, path: Path, known: Sequence[Config]) -> None:
    if any(get(config, path, _NOTHING) is not _NOTHING for config in known):
        return
    name = ".".join(path)
    names = {".".join(found): None for config in known for found, _ in leaves(config)}
    mark = name if name in document.keys(*where) else path[0]
    raise document.error(f'no experiment has a key "{name}"', *where, mark, key=True, next_step=nearest(name, names))
