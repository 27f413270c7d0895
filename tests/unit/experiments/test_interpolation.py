"""Interpolation and values that must be given. What Hydra has in common with us is in test_hydra_cases.py."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scheduler.errors import UserError
from scheduler.experiments import read
from scheduler.experiments.document.limits import Limits
from tests.conftest import ROOT


@pytest.fixture
def configs(tmp_path):
    def reader(text, *overrides):
        (tmp_path / "experiments.yaml").write_text(text)
        return [experiment.config for experiment in read(str(tmp_path / "experiments.yaml"), overrides).experiments()]

    return reader


def test_interpolation_follows_the_values_of_the_grid(configs):
    """A derived value is computed for each experiment, not once for the file."""
    found = configs("base: {lr: 0, name: 'run-${lr}-${t.k}'}\ngrid: {lr: [1, 2], t.k: [a]}")
    assert [one["name"] for one in found] == ["run-1-a", "run-2-a"]


def test_interpolation_keeps_the_type_of_what_it_leads_to(configs):
    """A number stays a number, a mapping a mapping; only text around it makes text."""
    (found,) = configs("base: {a: 3, m: {x: [1, null]}, b: '${a}', c: '${m}', d: 'n${a}'}")
    assert (found["b"], found["c"], found["d"]) == (3, {"x": [1, None]}, "n3")


def test_relative_interpolation_counts_levels_and_reaches_into_lists(configs):
    """`${..x}` is one level above the mapping in which it stands."""
    (found,) = configs("base: {a: 1, t: {a: 2, own: '${.a}', up: '${..a}'}, l: [{x: 5}, '${.[0].x}']}")
    assert (found["t"]["own"], found["t"]["up"], found["l"][1]) == (2, 1, 5)


def test_a_variable_of_the_environment_with_a_default(configs):
    """Paths differ between machines."""
    os.environ["A_VARIABLE_OF_THIS_TEST"] = "/data"
    try:
        (found,) = configs("base: {a: '${oc.env:A_VARIABLE_OF_THIS_TEST}/x', b: '${oc.env:SURELY_NOT_SET,7}'}")
    finally:
        del os.environ["A_VARIABLE_OF_THIS_TEST"]
    assert found == {"a": "/data/x", "b": "7"}


@pytest.mark.parametrize("given", ["base: {t: {a: '???'}}", "base: {t: {a: 1}}\nexperiments: [{t: {a: '???'}}]"])
def test_a_value_that_must_be_given_is_given_by_any_of_them(configs, given):
    """The base, an entry, the grid, or the command line."""
    assert configs(given, "t.a=5") == [{"t": {"a": 5}}]
    assert configs(given + "\ngrid: {t.a: [6, 7]}") == [{"t": {"a": 6}}, {"t": {"a": 7}}]


def test_an_override_may_interpolate(configs):
    """It sees the experiment it is set in."""
    assert configs("grid: {a: [1, 2]}", "b=x${a}", "c=[${a},${.0}]") == [{"a": a, "b": f"x{a}", "c": [a, a]} for a in (1, 2)]


def test_escaped_and_literal_text_is_left_alone_beside_interpolations(configs):
    """A shell's own ${VARIABLE} must get through, whatever stands beside it."""
    (found,) = configs(r"base: {a: 1, s: '\${HOME}', both: '\${HOME}/${a}', back: 'x\\\${a}', even: 'x\\${a}', lead: '${s}'}")
    assert found["s"] == found["lead"] == "${HOME}"
    assert (found["both"], found["back"], found["even"]) == ("${HOME}/1", "x\\${a}", "x\\1")


def test_what_an_interpolation_may_not_become(configs):
    """Infinity could reach the program only as text that JSON does not know."""
    with pytest.raises(UserError, match=r"1:11: the result of .* cannot be used: inf is not a number that JSON can hold"):
        configs("base: {a: \"${oc.decode:'inf'}\"}")


def test_an_error_in_a_later_value_of_an_axis_is_found_before_the_first_line(tmp_path):
    """`prepare | parallel` must not have started half of a wrong file."""
    (tmp_path / "experiments.yaml").write_text("grid: {a: [1, 2, '${b}']}")
    with pytest.raises(UserError, match=r"1:18: \$\{b\}: there is no"):
        read(str(tmp_path / "experiments.yaml"))


LOADED = "import sys; from scheduler.experiments import read; list(read(sys.argv[1], sys.argv[2:]).experiments()); "


@pytest.mark.parametrize(
    ("text", "overrides", "loaded"),
    [
        (
            "base: {s: '\\${x}'}\ngrid: {a: [1, 2]}\nzip: {b: [1], c: [2]}\nexclude: [{a: 1}]\ninclude: [{a: 2, d: 1}]",
            ["a=2"],
            False,
        ),
        ("defaults: [_self_]\nbase: {a: 1}", ["~a"], False),
        ("base: {a: '${b}', b: 1}", [], True),
        ("base: {a: 1}", ["b=${a}"], True),
    ],
)
def test_omegaconf_is_loaded_only_where_something_is_interpolated(tmp_path, text, overrides, loaded):
    """It makes about a thousand configurations a second; a plain grid makes a hundred thousand."""
    (tmp_path / "experiments.yaml").write_text(text)
    code = LOADED + "print('omegaconf' in sys.modules)"
    command = [sys.executable, "-c", code, str(tmp_path / "experiments.yaml"), *overrides]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(loaded)


def test_a_configuration_too_deep_for_interpolation_is_said_to_be(tmp_path):
    """With a raised --max-depth, the library's own recursion is the next limit; it must not end in a traceback."""
    path = tmp_path / "deep.yaml"
    path.write_text("base: {a: " + "{a: " * 297 + "'${b}'" + "}" * 297 + ", b: 1}")
    with pytest.raises(UserError, match=r"deep\.yaml:1:1199: this configuration is nested too deeply for interpolation"):
        read(str(path), limits=Limits(depth=300))
