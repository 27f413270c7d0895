"""What the bench `startup` measures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.harness.figures import ALONE, Asked, to_json
from benchmarks.startup import cpu_of, figures


def test_each_command_stands_beside_its_floor(tmp_path: Path) -> None:
    """Also the one that runs a job: its time ends when the job acts, not when the command is over."""
    found = figures(Asked(quick=True, folder=tmp_path, python=sys.executable), starts=1)
    assert [figure.key for figure in found] == ["startup.version", "startup.status", "startup.prepare", "startup.run"]
    assert all(figure.ours[0] > 0 and figure.floor and figure.floor.values[0] > 0 for figure in found)


def test_measured_alone_each_says_why_it_has_no_floor(tmp_path: Path) -> None:
    """So that two checkouts can be compared: what is measured goes from one to the other as JSON."""
    found = figures(Asked(quick=True, folder=tmp_path, python=sys.executable, alone=True), starts=1)
    assert [to_json(figure)["no_floor"] for figure in found] == [ALONE.why] * 4


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    """It would be the cheapest of all."""
    with pytest.raises(subprocess.CalledProcessError):
        cpu_of([sys.executable, "-I", "-c", "import sys; sys.exit(2)"], tmp_path)
