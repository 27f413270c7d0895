"""How the parameters of a model and their gradients are distributed, seen through hooks of the model's own library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scheduler.terminal import say
from scheduler.tracking.media import Histogram

MOST = 100  # looks at one distance; then it doubles, so that a training of weeks does not fill the disk
_CANNOT = (RuntimeError, TypeError, ValueError, AttributeError, ArithmeticError)


class Watched:
    """Histograms of `model`'s gradients and parameters ("gradients", "parameters" or "all"), at the first backward pass and then
    at each `every`-th; of any parameter the newest waits until it is taken. The model is asked for `named_parameters`, as
    PyTorch's are, and these for `register_hook`. TypeError if it has none."""

    def __init__(self, model: Any, every: int = 100, what: str = "all", before: str = "") -> None:
        if not hasattr(model, "named_parameters"):
            raise TypeError(f"a {type(model).__name__} cannot be watched: it has no named_parameters, as a PyTorch model has")
        self.model = model
        self._found: dict[str, Histogram] = {}
        self._handles: list[Any] = []
        for name, parameter in model.named_parameters():
            if getattr(parameter, "requires_grad", True):
                look = _Look(before + name, parameter, max(1, every), what, self._found)
                self._handles.append(parameter.register_hook(look))

    def take(self) -> Mapping[str, Histogram]:
        """What was seen since the last call."""
        found = {name: self._found.pop(name) for name in list(self._found)}
        return dict(sorted(found.items()))

    def leave(self) -> None:
        """The model is as it was before."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()


class _Look:
    """What one parameter calls with each of its gradients, in whatever thread its library computes them."""

    def __init__(self, name: str, parameter: Any, every: int, what: str, found: dict[str, Histogram]) -> None:
        self._name, self._parameter, self._every, self._what, self._found = name, parameter, every, what, found
        self._passes = self._looks = self._next = 0

    def __call__(self, gradient: Any) -> None:
        self._passes += 1
        if self._passes <= self._next:
            return
        self._looks += 1
        self._every *= 1 if self._looks % MOST else 2
        self._next = self._passes - 1 + self._every
        _see(self._name, self._look, gradient)

    def _look(self, gradient: Any) -> None:
        if self._what in ("gradients", "all"):
            self._found[f"gradients/{self._name}"] = Histogram.of(gradient)
        if self._what in ("parameters", "all"):
            self._found[f"parameters/{self._name}"] = Histogram.of(self._parameter)


def _see(name: str, look: Callable[[Any], None], gradient: Any) -> None:
    try:
        look(gradient)
    except _CANNOT as error:  # raised in a hook, it would end the training
        say(f"exp-queue: the gradients of {name} could not be looked at: {error}")
