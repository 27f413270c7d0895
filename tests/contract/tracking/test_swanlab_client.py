"""SwanLab's own log, written by the real client without an account and without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.tracking.readers.follower import Follower
from scheduler.tracking.readers.kinds import SWANLAB
from scheduler.tracking.readers.rows import Row
from scheduler.tracking.readers.swanlab_log import SwanlabLog
from tests.conftest import user_environment
from tests.unit.tracking.growing import rows_of

pytest.importorskip("swanlab")

SCRIPT = """
import swanlab
swanlab.init(project="example", config={"lr": 0.1}, mode="offline", logdir="swanlog")
for epoch in range(600):
    swanlab.log({"loss": 1 / (epoch + 1), "val/acc": float(epoch)}, step=10 * epoch)
swanlab.log({"note": swanlab.Text("done"), "diverged": float("nan")})
swanlab.finish()
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that logged with the real client, as a job does."""
    folder = tmp_path_factory.mktemp("run")
    line = [sys.executable, "-c", SCRIPT]
    subprocess.run(line, cwd=folder, env=user_environment(), check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture
def log(written: Path) -> bytes:
    (path,) = written.glob("swanlog/run-*/run-*.swanlab")
    return path.read_bytes()


def test_all_that_the_client_logs_is_read(written: Path, log: bytes) -> None:
    """Rows as they were logged, with step and time, over the blocks of the file."""
    found = rows_of(log, [], SwanlabLog)
    assert len(log) > 1 << 16
    assert [row.step for row in found[:600]] == [10 * epoch for epoch in range(600)]
    assert [dict(row.values) for row in found[:2]] == [{"loss": 1, "val/acc": 0}, {"loss": 0.5, "val/acc": 1}]
    assert all(row.time and row.time > 1_600_000_000 for row in found)
    (path,) = written.glob("swanlog/run-*/run-*.swanlab")
    reader = SwanlabLog(path)
    reader.finish()
    assert reader.exit_code == 0


def test_a_follower_finds_the_log_in_the_attempts_directory(written: Path) -> None:
    """Whether the metric is known or not."""
    for names in ((), ("loss",)):
        follower = Follower(written, names, gather=True, awake=False)
        follower.finish()
        assert follower.source == SWANLAB
        assert follower.logged().series["loss"].best("minimize") == (1 / 600, 5990)
        assert follower.logged().last["val/acc"] == 599


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 90_000), max_size=6))
def test_a_log_that_grows_in_pieces_gives_the_same_values(log: bytes, cuts: list[int]) -> None:
    """A look may come at any moment."""

    def values(rows: list[Row]) -> list[tuple[int | None, str, float]]:
        return [(row.step, name, value) for row in rows for name, value in row.values.items() if value == value]

    assert values(rows_of(log, cuts, SwanlabLog)) == values(rows_of(log, [], SwanlabLog))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 70_000), noise=st.binary(min_size=1, max_size=300), cut=st.integers(0, 90_000))
def test_damage_costs_its_block_and_nobody_falls_over_it(log: bytes, at: int, noise: bytes, cut: int) -> None:
    """A disk that failed, a run that was killed amid a write."""
    damaged = (log[:at] + noise + log[at + len(noise) :])[: max(cut, 1)]
    whole = {(row.step, *row.values.items()) for row in rows_of(log, [], SwanlabLog)}
    found = rows_of(damaged, [], SwanlabLog)
    assert len(found) <= len(whole) + 2
