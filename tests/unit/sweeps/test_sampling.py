"""Values drawn from every distribution, against those of W&B at the same u, and back from the value to its u.

tests/data/sweeps/wandb_samples.json was recorded from `HyperParameter.ppf` of W&B's package `sweeps` 0.3.0.
"""

from __future__ import annotations

import doctest
import json
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.sweeps.space import sampling
from scheduler.sweeps.space.beta import beta_cdf, beta_quantile
from scheduler.sweeps.space.distributions import (
    FIELDS,
    Distribution,
    Parameter,
    identity,
    inferred,
)
from scheduler.sweeps.space.sampling import draw, position, sample
from tests.conftest import ROOT

RECORDED = json.loads((ROOT / "tests" / "data" / "sweeps" / "wandb_samples.json").read_text())


def distribution(written: dict) -> Distribution:
    name = written.get("distribution") or inferred(written)
    fields = {**FIELDS[name][1], **{key: value for key, value in written.items() if key != "distribution"}}
    return Distribution(name, fields)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: json.dumps(case["parameter"]))
def test_the_values_are_those_of_wandb(case):
    """A sweep file means the same here as there; an int stays an int."""
    found = distribution(case["parameter"])
    for u, wanted in zip(case["u"], case["values"], strict=True):
        value = sample(found, u)
        assert type(value) is type(wanted)
        assert value == (pytest.approx(wanted, rel=1e-9, abs=1e-300) if isinstance(wanted, float) else wanted)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: json.dumps(case["parameter"]))
def test_every_value_leads_back_to_its_u(case):
    """A sampler that works between 0 and 1 must recognise the trials of an earlier life by their values alone."""
    found = distribution(case["parameter"])
    for u in case["u"]:
        value = sample(found, u)
        where = position(found, value)
        assert where is not None
        assert 0 <= where <= 1
        assert sample(found, where) == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)
        assert position(found, json.loads(json.dumps(value))) == where


def test_all_distributions_are_recorded():
    """A new one must not slip through untested."""
    assert {distribution(case["parameter"]).name for case in RECORDED} == set(FIELDS)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: json.dumps(case["parameter"]))
def test_the_ends_of_the_interval_give_values_too(case):
    """u = 0 does come, once in 2^53 draws; JSON has no infinity to write then."""
    found = distribution(case["parameter"])
    for u in (0.0, math.nextafter(1, 0)):
        value = sample(found, u)
        json.dumps(value, allow_nan=False)
        assert position(found, value) is not None


def test_a_step_may_lead_below_the_least():
    """W&B rounds without looking back at min; its users' grids of batch sizes contain the 0."""
    assert sample(Distribution("q_log_uniform_values", {"min": 1, "max": 100, "q": 8}), 0.01) == 0


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (Distribution("normal", {"mu": 3, "sigma": 0}), {3.0}),
        (Distribution("log_normal", {"mu": 0, "sigma": 0}), {1.0}),
        (Distribution("q_normal", {"mu": 3.3, "sigma": 0, "q": 1}), {3}),
        (Distribution("beta", {"a": 0, "b": 2}), {0.0}),
        (Distribution("beta", {"a": 2, "b": 0}), {1.0}),
        (Distribution("beta", {"a": 0, "b": 0}), {0.0, 1.0}),
    ],
)
def test_a_distribution_without_spread_gives_its_limit(found, wanted):
    """The schema allows it; W&B draws NaN."""
    assert {sample(found, u) for u in (0.1, 0.3, 0.6, 0.9)} == wanted


def test_probabilities_that_fall_short_of_1_leave_no_gap():
    """Ten tenths sum to 0.9999999999999999; W&B falls back to the first value there."""
    found = Distribution("categorical_w_probabilities", {"values": list(range(10)), "probabilities": [0.1] * 10})
    assert sample(found, math.nextafter(1, 0)) == 9


def test_a_value_of_no_probability_is_never_drawn_and_has_no_place():
    """At the beginning, in the middle and at the end."""
    found = Distribution("categorical_w_probabilities", {"values": [0, 1, 2, 3, 4], "probabilities": [0, 0.5, 0, 0.5, 0]})
    assert {sample(found, u / 100) for u in range(100)} | {sample(found, math.nextafter(1, 0))} == {1, 3}
    assert [position(found, value) for value in range(5)] == [None, 0.25, None, 0.75, None]


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (Distribution("uniform", {"min": 0, "max": 1}), 1.5),
        (Distribution("uniform", {"min": 0, "max": 1}), True),
        (Distribution("uniform", {"min": 0, "max": 1}), "0.5"),
        (Distribution("uniform", {"min": 0, "max": 1}), None),
        (Distribution("int_uniform", {"min": 0, "max": 9}), 10),
        (Distribution("int_uniform", {"min": 0, "max": 9}), 2.5),
        (Distribution("q_uniform", {"min": 0, "max": 9, "q": 2}), 3),
        (Distribution("q_uniform", {"min": 0, "max": 9, "q": 2}), 20),
        (Distribution("log_uniform_values", {"min": 1, "max": 9}), -2.0),
        (Distribution("log_normal", {"mu": 0, "sigma": 1}), -2.0),
        (Distribution("beta", {"a": 1, "b": 1}), 2.0),
        (Distribution("normal", {"mu": 0, "sigma": 0}), 2.0),
        (Distribution("categorical", {"values": [1, 2]}), True),
        (Distribution("categorical", {"values": [1, 2]}), 3),
        (Distribution("constant", {"value": 1}), 2),
    ],
    ids=str,
)
def test_a_value_outside_of_the_space_has_no_place(found, value):
    """After the file was changed, old trials are no longer all of this space."""
    assert position(found, value) is None


def test_a_draw_takes_one_number_for_each_parameter():
    """The value of a parameter must not depend on what the others before it are made of."""
    space = [Parameter(("a",), Distribution("constant", {"value": 7})), Parameter(("b",), Distribution("beta", {"a": 2, "b": 2}))]
    other = [Parameter(("a",), Distribution("normal", {"mu": 0, "sigma": 1})), space[1]]
    seeds = [Random(1), Random(1)]  # noqa: S311 - a repeatable draw, no secret
    assert draw(space, seeds[0])[1] == draw(other, seeds[1])[1]


@settings(max_examples=300)
@given(a=st.floats(0.02, 300), b=st.floats(0.02, 300), u=st.floats(0.001, 0.999))
def test_the_beta_distribution_and_its_inverse_agree(a, b, u):
    """Where the distribution is not so steep that neighbouring numbers are far apart in u."""
    x = beta_quantile(a, b, u)
    below, above = beta_cdf(a, b, math.nextafter(x, 0)), beta_cdf(a, b, x)
    assert below - 1e-9 <= u <= above + 1e-9


def test_equal_numbers_are_one_value():
    """3 and 3.0 are one category in W&B; true and 1 are two."""
    assert identity(3) == identity(3.0) != identity(True)


def test_the_examples_in_the_documentation_are_true():
    """They are what a reader of the code goes by."""
    assert doctest.testmod(sampling).failed == 0
