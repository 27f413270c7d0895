"""The beta distribution: its CDF and the inverse. Pure.

Python's library draws from it but has neither, and a sampler needs both to place a value between 0 and 1. SciPy has them;
the queue alone is not to need it.
"""

from __future__ import annotations

import math

TINY = 1e-300
ENOUGH = 1e-16
MOST_TERMS = 20_000  # about the square root of the larger of a and b is needed


def beta_cdf(a: float, b: float, x: float) -> float:
    """I_x(a, b), the regularized incomplete beta function, to about 12 digits; a, b > 0.

    By its continued fraction, https://dlmf.nist.gov/8.17#E22, on the side of the mean where that converges fast.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _left(b, a, 1 - x)
    return _left(a, b, x)


def _left(a: float, b: float, x: float) -> float:
    scale = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(scale) / (a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)), by the method of Lentz: two running quotients, kept away from 0."""
    value, above, below = 1.0, 1.0, 0.0
    for term in range(1, MOST_TERMS):
        d = _coefficient(a, b, x, term)
        below = 1 / _nonzero(1 + d * below)
        above = _nonzero(1 + d / above)
        value *= above * below
        if abs(above * below - 1) < ENOUGH:
            break
    return value


def _coefficient(a: float, b: float, x: float, term: int) -> float:
    m = term // 2
    if term % 2:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))


def _nonzero(number: float) -> float:
    return number if abs(number) > TINY else TINY


def beta_quantile(a: float, b: float, u: float) -> float:
    """The x in [0, 1] below which the part u of the distribution lies, by bisection to the last bit.

    With a = 0 or b = 0, which W&B's schema allows and its arithmetic turns into NaN, the limit is taken: all of the
    distribution at 0, at 1, or half at each end.
    """
    if a == 0 or b == 0:
        return float(u >= b_part(a, b))
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if beta_cdf(a, b, middle) < u else (low, middle)
    return high


def b_part(a: float, b: float) -> float:
    """How much of a degenerate distribution lies at 0."""
    return 0.5 if a == b else float(a == 0)
