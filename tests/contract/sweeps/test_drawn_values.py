"""Thousands of drawn values against SciPy's distributions: draws are spread as W&B's documentation says they are.

https://docs.wandb.ai/guides/sweeps/sweep-config-keys#distribution-options. Seeds are fixed; a correct program passes for all
but one seed in ten thousand.
"""

from __future__ import annotations

import math
from collections import Counter

import pytest

from scheduler.sweeps.search.random_points import RandomSearch
from scheduler.sweeps.space.beta import beta_cdf, beta_quantile
from scheduler.sweeps.space.distributions import Distribution, Parameter

stats = pytest.importorskip("scipy.stats")
COUNT, UNLIKELY = 4000, 1e-4


def drawn(name: str, **fields) -> list:
    search = RandomSearch((Parameter(("a",), Distribution(name, fields)),), seed=12)
    return [search.ask(number)[0] for number in range(COUNT)]


CONTINUOUS = {
    "uniform": ({"min": -1, "max": 3}, lambda x: stats.uniform.cdf(x, -1, 4)),
    "log_uniform_values": ({"min": 1e-4, "max": 10}, lambda x: stats.loguniform.cdf(x, 1e-4, 10)),
    "inv_log_uniform_values": ({"min": 1e-4, "max": 10}, lambda x: 1 - stats.loguniform.cdf(1 / x, 0.1, 1e4)),
    "log_uniform": ({"min": -3, "max": 2}, lambda x: stats.uniform.cdf([math.log(each) for each in x], -3, 5)),
    "inv_log_uniform": ({"min": -3, "max": 2}, lambda x: 1 - stats.uniform.cdf([math.log(1 / each) for each in x], -3, 5)),
    "normal": ({"mu": 2, "sigma": 3}, lambda x: stats.norm.cdf(x, 2, 3)),
    "log_normal": ({"mu": 1, "sigma": 0.5}, lambda x: stats.lognorm.cdf(x, 0.5, scale=math.e)),
    "beta": ({"a": 2, "b": 5}, lambda x: stats.beta.cdf(x, 2, 5)),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_real_numbers_are_spread_as_documented(name):
    """Kolmogorov and Smirnov's test, for each distribution over the real numbers."""
    fields, cdf = CONTINUOUS[name]
    assert stats.kstest(drawn(name, **fields), cdf).pvalue > UNLIKELY


def stepped(cdf, q: float):
    """The probability of a value that is rounded to steps of q."""
    return lambda value: float(cdf(value + q / 2) - cdf(value - q / 2))


DISCRETE = {
    "categorical": ({"values": ["a", "b", "a"]}, {"a": 2 / 3, "b": 1 / 3}.get),
    "categorical_w_probabilities": ({"values": [1, 2, 3], "probabilities": [0.2, 0.5, 0.3]}, {1: 0.2, 2: 0.5, 3: 0.3}.get),
    "int_uniform": ({"min": -2, "max": 4}, lambda value: 1 / 7),
    "q_uniform": ({"min": 0, "max": 10, "q": 2.5}, stepped(stats.uniform(0, 10).cdf, 2.5)),
    "q_log_uniform_values": ({"min": 1, "max": 64, "q": 8}, stepped(stats.loguniform(1, 64).cdf, 8)),
    "q_log_uniform": ({"min": 0, "max": 3, "q": 4}, stepped(stats.loguniform(1, math.exp(3)).cdf, 4)),
    "q_normal": ({"mu": 1, "sigma": 2, "q": 2}, stepped(stats.norm(1, 2).cdf, 2)),
    "q_log_normal": ({"mu": 1, "sigma": 0.4, "q": 1}, stepped(stats.lognorm(0.4, scale=math.e).cdf, 1)),
    "q_beta": ({"a": 2, "b": 3, "q": 0.2}, stepped(stats.beta(2, 3).cdf, 0.2)),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_steps_and_categories_come_as_often_as_documented(name):
    """The chi-square test; values that are expected less than five times count as one."""
    fields, probability = DISCRETE[name]
    found = Counter(drawn(name, **fields))
    common = [value for value in found if probability(value) * COUNT >= 5]
    observed = [found[value] for value in common]
    expected = [probability(value) * COUNT for value in common]
    rest = COUNT - sum(expected)
    if rest > 1:
        observed, expected = [*observed, COUNT - sum(observed)], [*expected, rest]
    assert stats.chisquare(observed, [each * sum(observed) / sum(expected) for each in expected]).pvalue > UNLIKELY


def test_parameters_are_drawn_independently():
    """One stream of numbers for all would tie the learning rate to the batch size."""
    uniform = Distribution("uniform", {"min": 0.0, "max": 1.0})
    search = RandomSearch((Parameter(("a",), uniform), Parameter(("b",), uniform)), seed=3)
    points = [search.ask(number) for number in range(COUNT)]
    ones, others = zip(*points, strict=True)
    assert stats.spearmanr(ones, others).pvalue > UNLIKELY
    assert stats.spearmanr(ones[:-1], ones[1:]).pvalue > UNLIKELY


@pytest.mark.parametrize("a", [0.01, 0.5, 1, 2, 30, 1000])
@pytest.mark.parametrize("b", [0.01, 0.5, 1, 5, 400])
def test_the_beta_distribution_is_that_of_scipy(a, b):
    """Our own writing of it is there only because the queue does without SciPy."""
    for u in (0.001, 0.1, 0.3, 0.5, 0.8, 0.999):
        x = float(stats.beta.ppf(u, a, b))
        assert beta_cdf(a, b, x) == pytest.approx(float(stats.beta.cdf(x, a, b)), abs=1e-10)
        assert beta_quantile(a, b, u) == pytest.approx(x, rel=1e-8, abs=1e-300)
