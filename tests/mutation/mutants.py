"""The mutants of a module: its source with one small fault each, which some test should notice. Pure.

What is changed: comparisons, `and` and `or`, conditions, numbers and truths, arithmetic, `any` and `min`, what is returned, and
statements that are left out. Not changed: texts, annotations and decorators, for which a test would only repeat the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
UNTOUCHED = ("annotation", "returns", "decorator_list", "type_comment")


@dataclass(frozen=True)
class Mutant:
    """`source` is the whole module with the fault in it; `line` counts from 1, `was` and `now` are the changed code."""

    line: int
    was: str
    now: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines. Each is valid Python and differs from `source` in one place."""
    found = [(node, other) for node in _nodes(ast.parse(source)) for other in _changed(node)]
    for node, other in sorted(found, key=lambda pair: (pair[0].lineno, pair[0].col_offset)):
        was, now = ast.get_source_segment(source, node) or "", _written(node, other)
        yield Mutant(node.lineno, was, now, _replaced(source, node, now))


def _nodes(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Everything that may be changed; not what is inside an f-string, whose places Python tells only from 3.12 on."""
    for name, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        for child in children if name not in UNTOUCHED else ():
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            yield from _nodes(child)


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    """The node with a fault in it, in every way that we know."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        yield from (value for value in node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield _with(node, func=ast.Name(CALLS[node.func.id]))
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.stmt):
        yield from _without(node)


def _without(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statement left out, or weakened, where Python still has something to run."""
    if isinstance(node, ast.Return) and node.value and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, ast.Break):
        yield ast.Continue()
    elif _is_effect(node):
        yield ast.Pass()


def _is_effect(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom)
    return isinstance(node, ast.AugAssign | ast.Delete | ast.Raise)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _with(node: ast.AST, **changes: object) -> ast.AST:
    other = deepcopy(node)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _written(node: ast.AST, other: ast.AST) -> str:
    """The code of `other` for the place of `node`: a block keeps its indentation, an expression gets brackets."""
    text = ast.unparse(ast.fix_missing_locations(other))
    if isinstance(node, ast.stmt):
        return text.replace("\n", "\n" + " " * node.col_offset)
    return text if isinstance(other, ast.Name | ast.Call | ast.Attribute) else f"({text})"


def _replaced(source: str, node: ast.expr | ast.stmt, text: str) -> str:
    """Places of the tree count bytes of a line."""
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    last = node.end_lineno or node.lineno
    before, after = lines[node.lineno - 1][: node.col_offset], lines[last - 1][node.end_col_offset :]
    return b"".join([*lines[: node.lineno - 1], before, text.encode(), after, *lines[last:]]).decode()
