"""`exp-queue run --on slurm` against a real Slurm, which one session of tests shares. Skipped, with the reason, where none can be
had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import JOB
from tests.slurm_cluster import Cluster, started_or_skipped


@pytest.fixture(scope="session")
def one_cluster() -> Iterator[Cluster]:
    with started_or_skipped() as cluster:
        yield cluster


@pytest.fixture
def cluster(one_cluster: Cluster) -> Cluster:
    """The cluster of this session, with nothing in it."""
    one_cluster.clear()
    return one_cluster


@pytest.fixture
def line(cluster: Cluster, command_line: CommandLine, tmp_path: Path) -> CommandLine:
    """A command line that finds the cluster. job.py tells what it was given; with `stay` it waits for a file `go`."""
    command_line.environment.update(cluster.environment)
    command_line.write("job.py", JOB)
    return command_line
