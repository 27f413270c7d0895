"""What the costs of following are made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.following import shares, used


def a_process(folder: Path) -> Path:
    """Process 7 with 300 ticks of its own and 200 of the kernel; its name has what separates fields."""
    (folder / "7/task/7").mkdir(parents=True)
    (folder / "7/stat").write_text("7 (a) b) S 1 7 7 0 -1 4194560 9 0 0 0 300 200 8 8 20 0 1 0 99")
    return folder


def test_the_time_of_a_process_is_counted_where_the_kernel_counts_no_nanoseconds(tmp_path: Path) -> None:
    """Without schedstat in the kernel every figure would be 0."""
    assert used(7, a_process(tmp_path)) == 500 / os.sysconf("SC_CLK_TCK")
    (tmp_path / "7/task/8").mkdir()
    for thread, told in (("7", "1500000000 5 1"), ("8", "250000000 5 1")):
        (tmp_path / f"7/task/{thread}/schedstat").write_text(told)
    assert used(7, tmp_path) == 1.75


def test_who_has_ended_is_no_figure() -> None:
    """A runner that fails at once would be the cheapest of all. What was started beside it ends with it."""
    ended = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    beside = subprocess.Popen(["sleep", "1000"])
    with pytest.raises(RuntimeError, match="ended with status 3 while it was measured"):
        shares([ended, beside], 0)
    assert beside.returncode is not None
