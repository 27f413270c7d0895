"""A configuration, or a summary, as a script handles it: by attribute, by key, nested; whoever listens hears of each change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scheduler.errors import nearest
from scheduler.terminal import say

Told = Callable[[dict[str, Any]], None]


class Values(dict[str, Any]):
    """A dictionary whose keys are attributes too: `config.lr`, `config["lr"]`, `config.net.width`.

    Names that `fixed` holds keep their values, whatever the script sets: a sweep has chosen them.
    """

    _told: Told | None
    _fixed: frozenset[str]
    _said: set[str]  # names of fixed values of which a person knows

    def __init__(self, values: Any = None) -> None:
        super().__init__()
        object.__setattr__(self, "_told", None)
        object.__setattr__(self, "_fixed", frozenset())
        object.__setattr__(self, "_said", set())
        self.update(values or {})

    def listen(self, told: Told | None) -> None:
        """`told` is called with what has changed, by name."""
        object.__setattr__(self, "_told", told)

    def fix(self, values: Mapping[str, Any]) -> None:
        """Set these values, for good."""
        self.update(values)
        object.__setattr__(self, "_fixed", self._fixed | set(values))

    def note(self, values: Mapping[str, Any]) -> None:
        """Take in values that the listener knows already."""
        super().update(values)

    def update(self, values: Any = (), /, allow_val_change: bool | None = None, **named: Any) -> None:
        """Set values from a mapping, pairs, or an object with attributes, such as argparse's. (W&B's `allow_val_change` is taken,
        and says nothing here.)"""
        found = {str(name): value for name, value in [*_pairs(values), *named.items()]}
        changed = {name: self._own(name, value) for name, value in found.items() if self._may_be(name, value)}
        super().update(changed)
        if changed and self._told:
            self._told(changed)

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def as_dict(self) -> dict[str, Any]:
        """A plain dictionary, also what is nested."""
        return {name: value.as_dict() if isinstance(value, Values) else value for name, value in self.items()}

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __setattr__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f'there is no "{name}" here; {nearest(name, self) or "nothing is set yet"}')

    def __ior__(self, values: Any) -> Values:  # type: ignore[override,misc]
        self.update(values)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, or what reaches another process, tells nobody."""
        return Values, (self.as_dict(),)

    def _own(self, name: str, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        inner = Values(value)
        inner.listen(lambda _: self._told({name: self[name]}) if self._told else None)
        return inner

    def _may_be(self, name: str, value: Any) -> bool:
        if name not in self._fixed:
            return True
        if name not in self._said and value != self[name]:
            self._said.add(name)
            say(f'exp-queue: "{name}" stays {self[name]!r}, as the sweep has chosen it; the script sets {value!r}')
        return False


def _pairs(values: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(values, Mapping):
        return list(values.items())
    return list(vars(values).items()) if hasattr(values, "__dict__") else list(values)
