"""Frozen values: the same as Python's own, and cheaper to make."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from scheduler.values import dataclass
from tests.conftest import ROOT


class Pair(NamedTuple):
    """A class made by us, and the same made by Python."""

    ours: Any
    pythons: Any


def both(make: Callable[[Any], Any]) -> Pair:
    return Pair(make(dataclass(frozen=True)), make(dataclasses.dataclass(frozen=True)))


def many(frozen: Any) -> Any:
    @frozen
    class Many:
        kind: ClassVar[str] = "many"
        number: int
        text: str = "a"
        config: Mapping[str, int] = field(default_factory=dict, hash=False)
        note: str = field(default="", compare=False)
        secret: str = field(default="s", repr=False)
        late: float = field(default=0.5, kw_only=True)

    return Many


def empty(frozen: Any) -> Any:
    @frozen
    class Empty:
        pass

    return Empty


def checked(frozen: Any) -> Any:
    @frozen
    class Checked:
        size: int

        def __post_init__(self) -> None:
            if self.size < 0:
                raise ValueError("less than nothing")

    return Checked


def own(frozen: Any) -> Any:
    @frozen
    class Own:
        name: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self)) and other.name.lower() == self.name.lower()

        def __repr__(self) -> str:
            return self.name

    return Own


def heir(frozen: Any) -> Any:
    @frozen
    class Heir(many(frozen)):
        more: int = 3
        text: str = "b"

    return Heir


MANY, EMPTY, CHECKED, OWN, HEIR = map(both, (many, empty, checked, own, heir))
CALLS = [
    (MANY, (1,), {}),
    (MANY, (1, "x", {"a": 1}, "n", "t"), {"late": 2.0}),
    (EMPTY, (), {}),
    (CHECKED, (1,), {}),
    (OWN, ("N",), {}),
    (HEIR, (1,), {"more": 4}),
]


@pytest.mark.parametrize("pair", [MANY, EMPTY, CHECKED, OWN, HEIR], ids=lambda pair: pair.ours.__name__)
def test_a_value_is_made_from_the_same_words(pair: Pair) -> None:
    """Order, defaults and words that need their names: a call that was right stays right."""

    def shape(cls: Any) -> list[tuple[str, Any, bool]]:
        return [(p.name, p.kind, p.default is p.empty) for p in inspect.signature(cls).parameters.values()]

    assert shape(pair.ours) == shape(pair.pythons)
    assert [(f.name, f.default, f.kw_only) for f in dataclasses.fields(pair.ours)] == [
        (f.name, f.default, f.kw_only) for f in dataclasses.fields(pair.pythons)
    ]
    assert pair.ours.__match_args__ == pair.pythons.__match_args__


@pytest.mark.parametrize(("pair", "words", "named"), CALLS)
def test_a_value_tells_and_gives_the_same(pair: Pair, words: tuple, named: dict[str, Any]) -> None:
    """What is logged of a value and what is stored of it come from these."""
    ours, pythons = pair.ours(*words, **named), pair.pythons(*words, **named)
    assert repr(ours) == repr(pythons)
    assert dataclasses.asdict(ours) == dataclasses.asdict(pythons)
    assert dataclasses.is_dataclass(ours)
    assert copy.deepcopy(ours) == ours


def test_values_are_equal_by_what_is_compared_and_by_their_class() -> None:
    """A job is found again by its experiment; a note must not make another one of it."""
    value = MANY.ours(1, note="n")
    assert value == MANY.ours(1, note="other")
    assert value != MANY.ours(2)
    assert value != MANY.ours(1, config={"a": 1})
    assert value != MANY.pythons(1)
    assert value != HEIR.ours(1, "a")
    assert EMPTY.ours() == EMPTY.ours() != 0


def test_the_hash_leaves_out_what_it_is_told_to() -> None:
    """A dictionary has no hash, and equal values need the same one."""
    assert hash(MANY.ours(1, config={"a": 1})) == hash(MANY.ours(1, note="n"))
    assert len({MANY.ours(1), MANY.ours(1), MANY.ours(2)}) == 2
    assert hash(OWN.ours("N"))  # also beside an __eq__ of its own
    assert OWN.ours("N") == OWN.ours("n")


@pytest.mark.parametrize("name", ["number", "new"])
def test_a_value_stays_as_it_is(name: str) -> None:
    """What several threads and lists share must not change under them."""
    value = MANY.ours(1)
    with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
        setattr(value, name, 2)
    with pytest.raises(FrozenInstanceError, match=f"cannot delete field '{name}'"):
        delattr(value, name)
    assert dataclasses.replace(value, number=2) == MANY.ours(2)
    assert value.number == 1


def test_each_value_has_a_default_of_its_own() -> None:
    """A dictionary that all values share is the oldest trap of Python."""
    assert MANY.ours(1).config is not MANY.ours(1).config


def test_what_makes_a_value_is_compiled_with_the_first_one() -> None:
    """Of the classes that a command imports most never have a value; to compile is most of what a class costs."""
    for cls in (both(many).ours, both(heir).ours):
        assert not inspect.isfunction(vars(cls)["__init__"])
        assert cls(1, "x").text == "x"
        assert inspect.isfunction(vars(cls)["__init__"])
        assert cls(2).number == 2


def test_a_class_below_a_value_makes_it_the_same_way() -> None:
    """Also where the first value is one of a class that adds something of its own."""
    base = both(many).ours

    class Below(base):  # type: ignore[misc,valid-type]
        def __init__(self, number: int) -> None:
            super().__init__(number, "below")

    assert [Below(number).text for number in (1, 2)] == ["below", "below"]
    assert (base(2).number, base(2).text) == (2, "a")


def test_a_value_is_checked_when_it_is_made() -> None:
    """Also by `replace`."""
    with pytest.raises(ValueError, match="less than nothing"):
        CHECKED.ours(-1)
    with pytest.raises(ValueError, match="less than nothing"):
        dataclasses.replace(CHECKED.ours(1), size=-1)


def test_a_wrong_call_is_told_by_the_name_of_the_class() -> None:
    """Somebody reads this in a traceback."""
    with pytest.raises(TypeError, match=r"Checked\.__init__\(\) missing 1 required positional argument: 'size'"):
        CHECKED.ours()


@dataclass(frozen=True)
class Sent:
    """At the top of a module, where pickle finds it."""

    name: str


def test_a_value_comes_through_pickle() -> None:
    """Some go to another process."""
    assert pickle.loads(pickle.dumps(Sent("a"))) == Sent("a")  # noqa: S301


def test_what_is_not_frozen_or_more_than_that_is_pythons() -> None:
    """One name for both, so that a module need not know two."""

    @dataclass
    class Open:
        number: int

    @dataclass(frozen=True, order=True)
    class Ordered:
        number: int

    opened = Open(1)
    opened.number = 2
    assert opened == Open(2)
    assert Ordered(1) < Ordered(2)


def pythons_frozen(source: str) -> bool:
    """Whether a source makes frozen classes with Python's own decorator."""
    tree = list(ast.walk(ast.parse(source)))
    imported = any(isinstance(node, ast.ImportFrom) and node.module == "dataclasses" and _names_it(node) for node in tree)
    return imported and any(isinstance(node, ast.ClassDef) and "frozen" in map(_option, node.decorator_list) for node in tree)


def _names_it(node: ast.ImportFrom) -> bool:
    return any(each.name == "dataclass" for each in node.names)


def _option(decorator: ast.expr) -> str | None:
    return next((word.arg for word in decorator.keywords), None) if isinstance(decorator, ast.Call) else None


# Their code is shown to users, or runs where there is nothing of ours.
ALONE = ("actions/beginning", "tracking/no_account_site")


def test_every_frozen_class_is_made_the_cheap_way() -> None:
    """Python's own takes half a millisecond each, in every command that imports its module."""
    paths = [path for path in sorted(Path(ROOT, "scheduler").rglob("*.py")) if not any(each in str(path) for each in ALONE)]
    found = [str(path.relative_to(ROOT)) for path in paths if path.name != "values.py" and pythons_frozen(path.read_text())]
    assert found == [], "say `from scheduler.values import dataclass` there"


def test_the_check_of_frozen_classes_sees_one() -> None:
    """A checker is trusted after it has caught a planted bug."""
    body = "@dataclass(frozen=True)\nclass A:\n    x: int\n"
    assert pythons_frozen("from dataclasses import dataclass\n" + body)
    assert not pythons_frozen("from scheduler.values import dataclass\n" + body)
    assert not pythons_frozen("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n")
