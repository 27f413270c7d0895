"""The names that `import scheduler` offers."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import scheduler
from scheduler import api
from scheduler.api.arguments import named
from tests.conftest import ROOT


def test_the_package_offers_what_the_face_has() -> None:
    """The names stand in two lists, for the package must not load the face to know them."""
    assert scheduler.__all__ == api.__all__
    assert set(api.__all__) <= set(dir(scheduler))
    assert scheduler.run is api.run


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Whatever asks `hasattr` must get its answer."""
    with pytest.raises(AttributeError, match="'scheduler' has no attribute 'rnu'"):
        _ = scheduler.rnu


@pytest.mark.parametrize("face", ["scheduler", "exp_queue"])
def test_a_room_that_has_the_name_of_a_call_does_not_take_it(face: str) -> None:
    """`sweeps()` was "'module' object is not callable" as soon as anything had been called before."""
    code = f"import {face} as face; face.trials; import scheduler.sweeps.sweep; print(*(name for name in face.__all__ if " + (
        "type(getattr(face, name)).__name__ == 'module'))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_importing_the_package_loads_nothing_more() -> None:
    """Every launcher and every command passes through it."""
    code = "import sys; import scheduler; print([name for name in sys.modules if name.startswith('scheduler')])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "['scheduler']", result.stderr


def test_the_face_loads_nothing_heavy() -> None:
    """`import torch` takes seconds, and a notebook that looks at jobs needs neither it nor Optuna nor pandas."""
    code = "import sys; import scheduler.api; print(" + (
        "[m for m in ('torch', 'optuna', 'wandb', 'numpy', 'pandas') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize("name", api.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    """Docstrings are what a notebook shows at Shift-Tab."""
    value = getattr(api, name)
    assert inspect.getdoc(value)
    if inspect.isclass(value) and value.__module__.startswith("scheduler.api"):
        public = [
            each
            for name, each in vars(value).items()
            if not name.startswith("_") and (callable(each) or isinstance(each, property))
        ]
        assert [each for each in public if not inspect.getdoc(each)] == []


def test_the_package_says_that_it_is_typed() -> None:
    """Without the marker type checkers take every value for Any (PEP 561)."""
    assert (ROOT / "scheduler" / "py.typed").exists()
    assert "py.typed" in (ROOT / "setup.cfg").read_text(encoding="utf-8")


def test_a_number_of_a_job_is_a_word_like_any_other() -> None:
    """`jobs(12)` is what somebody types who has seen a 12 in the table; it is never the beginning of an id there."""
    assert named([12, "failed", ["last", "3-7"]]) == ["#12", "failed", "last", "3-7"]
