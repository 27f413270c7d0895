"""A short soak in the ordinary suite, and the long one by hand.

pytest -m slow -s tests/soak/test_short_soak.py                     # 1,000 jobs, 1,000 kills
SOAK_JOBS=200 SOAK_KILLS=200 SOAK_SEED=7 pytest -m slow -s tests/soak/test_short_soak.py
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.nvml.fake_driver import fake_library
from tests.soak.soak import Soak

__all__ = ["fake_library"]


@pytest.fixture
def soak(tmp_path: Path, fake_library: Path) -> Iterator[Soak]:
    made = Soak(tmp_path, fake_library, int(os.environ.get("SOAK_SEED", "1")))
    yield made
    made.close()


@pytest.mark.timeout(600)
def test_fifty_jobs_and_twenty_five_kills_break_no_promise(soak: Soak) -> None:
    """What every change must survive: runners, launchers and jobs killed at random on four GPUs."""
    for _ in range(2):
        assert soak.round(jobs=25, kills=12) == []
    assert soak.finish() == []
    print(soak.summary())


@pytest.mark.timeout(600)
def test_short_jobs_that_were_sent_ahead_survive_kills(tmp_path: Path, fake_library: Path) -> None:
    """What waits in a launcher when its runner dies has neither run nor been forgotten."""
    soak = Soak(tmp_path, fake_library, seed=2, quick=True)
    try:
        for _ in range(2):
            assert soak.round(jobs=300, kills=8) == []
        assert soak.finish() == []
    finally:
        soak.close()
    print(soak.summary())


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_thousand_jobs_and_a_thousand_kills_break_no_promise(soak: Soak) -> None:
    """People leave a hundred runs over a weekend and trust what they find on Monday."""
    jobs, kills = int(os.environ.get("SOAK_JOBS", "1000")), int(os.environ.get("SOAK_KILLS", "1000"))
    begun, batch = time.monotonic(), 40
    for number in range(0, jobs, batch):
        due = kills * min(jobs, number + batch) // jobs
        assert soak.round(min(batch, jobs - number), due - soak.kills.total()) == []
        print(f"{time.monotonic() - begun:6.0f} s  {soak.summary()}", flush=True)
    assert soak.finish() == []
    assert soak.rested, "no pause found a job that ran"
    assert soak.shared, "no GPU was shared"
    print(f"{time.monotonic() - begun:6.0f} s  {soak.summary()}")
