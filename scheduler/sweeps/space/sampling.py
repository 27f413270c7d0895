"""Drawing values: every distribution of W&B as a map from [0, 1) to its values, and back. Pure.

    >>> from scheduler.sweeps.space.distributions import Distribution
    >>> sample(Distribution("q_log_uniform_values", {"min": 1, "max": 1000, "q": 8}), 0.5)
    32
    >>> position(Distribution("uniform", {"min": 0, "max": 8}), 2.0)
    0.25

The values are those of the package `sweeps` 0.3.0 of W&B at the same u, to the last digits of floating point. They differ
where W&B's are no values: at exactly u = 0 (below the least integer, or minus infinity), and for a spread of 0 (NaN).
Constants, categories and steps give values of the file's own types; an integer `q` gives integers.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random

from scheduler.sweeps.space.beta import beta_cdf, beta_quantile
from scheduler.sweeps.space.distributions import Distribution, Parameter, identity

LEAST, MOST = 2.0**-54, 1 - 2.0**-53  # a draw of exactly 0 would be minus infinity
LARGEST = sys.float_info.max


def draw(parameters: Sequence[Parameter], generator: Random) -> tuple[object, ...]:
    """One value for each parameter, in their order. Takes one number from the generator for each, constants too."""
    return tuple(sample(parameter.distribution, generator.random()) for parameter in parameters)


def sample(distribution: Distribution, u: float) -> object:
    """The value at the part u of the distribution, 0 <= u < 1: its inverse CDF. As in W&B, steps are rounded half to even,
    and a rounded value may lie outside of min and max: `q_log_uniform_values` from 1 in steps of 8 gives 0.
    """
    if distribution.name == "constant":
        return distribution.fields["value"]
    if distribution.name in ("categorical", "categorical_w_probabilities"):
        return _values(distribution)[_category(distribution, u)]
    if distribution.name == "int_uniform":
        least, count = _whole(distribution)
        return least + min(int(u * count), count - 1)
    value = quantile(distribution, u)
    return _stepped(value, distribution.number("q")) if "q" in distribution.fields else value


def position(distribution: Distribution, value: object) -> float | None:
    """The u of a value: `sample` gives the value back. The middle of all such u where there are more than one.

    None where the distribution does not have the value.
    """
    if distribution.name == "constant":
        return 0.5 if identity(value) == identity(distribution.fields["value"]) else None
    if distribution.name in ("categorical", "categorical_w_probabilities"):
        return _position_of_category(distribution, value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if distribution.name == "int_uniform":
        least, count = _whole(distribution)
        return (value - least + 0.5) / count if value == int(value) and 0 <= value - least < count else None
    if "q" in distribution.fields:
        return _position_of_step(distribution, value, distribution.number("q"))
    return _inside(cdf(distribution, value), distribution, value)


def quantile(distribution: Distribution, u: float) -> float:
    """The inverse CDF of a distribution over the real numbers, before any rounding to steps."""
    root = distribution.name.removeprefix("q_")
    if root in BOUNDED:
        low, high = bounds(distribution)
        part = low + u * (high - low) if root == "uniform" else _exponential(_between(distribution, u))
        return min(max(part, low), high)
    if root == "beta":
        return beta_quantile(distribution.number("a"), distribution.number("b"), u)
    bell = _at(distribution, min(max(u, LEAST), MOST))
    return bell if root == "normal" else _exponential(bell)


def cdf(distribution: Distribution, value: float) -> float:
    """The part of a distribution over the real numbers that lies at or below the value, before any rounding to steps."""
    root = distribution.name.removeprefix("q_")
    if root in BOUNDED:
        low, high = bounds(distribution)
        scale: Callable[[float], float] = float if root == "uniform" else _logarithm
        part = (scale(value) - scale(low)) / (scale(high) - scale(low)) if high > low else float(value >= high)
        return min(max(part, 0.0), 1.0)
    if root == "beta":
        a, b = distribution.number("a"), distribution.number("b")
        return beta_cdf(a, b, value) if a and b else float(value >= 0)
    return _below(distribution, value if root == "normal" else _logarithm(value))


BOUNDED = ("uniform", "log_uniform_values", "inv_log_uniform_values", "log_uniform", "inv_log_uniform")


def bounds(distribution: Distribution) -> tuple[float, float]:
    """The least and the greatest value of one of BOUNDED, with or without steps, before rounding."""
    root = distribution.name.removeprefix("q_")
    low, high = distribution.number("min"), distribution.number("max")
    if root == "log_uniform":
        return _exponential(low), _exponential(high)
    return (_exponential(-high), _exponential(-low)) if root == "inv_log_uniform" else (low, high)


def span(distribution: Distribution) -> tuple[float, float]:
    """The least and the greatest value that `sample` gives, of any distribution over numbers."""
    root = distribution.name.removeprefix("q_")
    if root in BOUNDED:
        low, high = bounds(distribution)
    elif root == "beta":
        low, high = 0.0, 1.0
    else:
        low, high = quantile(distribution, LEAST), quantile(distribution, MOST)
    step = distribution.number("q") if "q" in distribution.fields else None
    return (low, high) if step is None else (_stepped(low, step), _stepped(high, step))


def _between(distribution: Distribution, u: float) -> float:
    """The logarithm of the value at u. The inverse distributions are uniform in log(1/x), which comes to the same values."""
    low, high = distribution.number("min"), distribution.number("max")
    root = distribution.name.removeprefix("q_")
    if root.endswith("_values"):
        low, high = math.log(low), math.log(high)
    if root == "inv_log_uniform":
        return -(low + (1 - u) * (high - low))
    return high - (1 - u) * (high - low) if root.startswith("inv_") else low + u * (high - low)


def _at(distribution: Distribution, u: float) -> float:
    from statistics import NormalDist

    return distribution.number("mu") + distribution.number("sigma") * NormalDist().inv_cdf(u)


def _below(distribution: Distribution, value: float) -> float:
    from statistics import NormalDist

    mu, sigma = distribution.number("mu"), distribution.number("sigma")
    if sigma == 0:
        return float(value >= mu)
    return NormalDist(mu, sigma).cdf(value)


def _exponential(exponent: float) -> float:
    try:
        return math.exp(exponent)
    except OverflowError:
        return LARGEST


def _logarithm(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _stepped(value: float, q: float) -> float:
    try:
        found = round(value / q) * q
    except OverflowError:
        found = value
    return found


def _position_of_step(distribution: Distribution, value: float, q: float) -> float | None:
    if not math.isclose(round(value / q) * q, value, rel_tol=1e-12, abs_tol=1e-300):
        return None
    low, high = cdf(distribution, value - q / 2), cdf(distribution, value + q / 2)
    # So far out that no floating-point number lies between the two: still a value, unless it is beyond an end.
    far = distribution.name == "q_normal" or (distribution.name == "q_log_normal" and value > 0)
    return (low + high) / 2 if low < high or far else None


def _inside(u: float, distribution: Distribution, value: float) -> float | None:
    low, high = -math.inf, math.inf
    root = distribution.name
    if root in BOUNDED:
        low, high = bounds(distribution)
    elif root == "beta":
        low, high = 0.0, 1.0
    elif distribution.number("sigma") == 0:
        low = high = quantile(distribution, 0.5)
    elif root == "log_normal":
        low = 0.0
    return u if low <= value <= high else None


def _values(distribution: Distribution) -> list[object]:
    found = distribution.fields["values"]
    assert isinstance(found, list)
    return found


def _ends(distribution: Distribution) -> list[float]:
    """Where the part of each of the values ends, from 0 to 1."""
    count = len(_values(distribution))
    weights = distribution.fields.get("probabilities")
    if not isinstance(weights, list):
        return [(index + 1) / count for index in range(count)]
    return list(accumulate(weights))


def _category(distribution: Distribution, u: float) -> int:
    """The sum of the probabilities may fall short of 1 by rounding; what is missing goes to the last value that has any."""
    ends = _ends(distribution)
    return bisect_right(ends, min(u, math.nextafter(ends[-1], 0)))


def _position_of_category(distribution: Distribution, value: object) -> float | None:
    wanted, begin = identity(value), 0.0
    for each, end in zip(_values(distribution), _ends(distribution), strict=True):
        if identity(each) == wanted and end > begin:
            return (begin + end) / 2
        begin = end
    return None


def _whole(distribution: Distribution) -> tuple[int, int]:
    """The least integer of `int_uniform` and how many there are."""
    least = int(distribution.number("min"))
    return least, int(distribution.number("max")) - least + 1
