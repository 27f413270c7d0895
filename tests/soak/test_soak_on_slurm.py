"""A short soak on a real Slurm in the ordinary suite, and a longer one by hand.

pytest -m slow -s tests/soak/test_soak_on_slurm.py                # 200 jobs, 50 kills
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.nvml.fake_driver import fake_library
from tests.slurm_cluster import started_or_skipped
from tests.soak.on_slurm import SoakOnSlurm

__all__ = ["fake_library"]


@pytest.fixture
def soak(tmp_path: Path, fake_library: Path) -> Iterator[SoakOnSlurm]:
    with started_or_skipped() as cluster:
        made = SoakOnSlurm(tmp_path, fake_library, int(os.environ.get("SOAK_SEED", "1")), cluster)
        yield made
        made.close()


@pytest.mark.timeout(600)
def test_six_kills_in_a_cluster_break_no_promise(soak: SoakOnSlurm) -> None:
    """The queue is not on the machine of the job, and neither waits for the other: what is between them must hold."""
    assert soak.round(jobs=12, kills=6) == []
    assert soak.finish() == []
    print(soak.summary())


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_fifty_kills_in_a_cluster_break_no_promise(soak: SoakOnSlurm) -> None:
    """A night on the cluster, with all that is updated, preempted and killed there."""
    jobs, kills = int(os.environ.get("SOAK_JOBS", "200")), int(os.environ.get("SOAK_KILLS", "50"))
    for done in range(0, jobs, 40):
        assert soak.round(min(40, jobs - done), kills * (done + 40) // jobs - soak.kills.total()) == []
        print(soak.summary(), flush=True)
    assert soak.finish() == []
    print(soak.summary())
