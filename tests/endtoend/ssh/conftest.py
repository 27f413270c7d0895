"""`exp-queue run --on ssh:...` against real hosts, which are this machine. Skipped, with the reason, where none can be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ssh_hosts
from tests.conftest import CommandLine
from tests.endtoend.elsewhere import JOB
from tests.ssh_hosts import Hosts


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """Two machines without GPUs, ada and babbage."""
    if why := ssh_hosts.missing():
        pytest.skip(why)
    locks = {"CUDA_VISIBLE_DEVICES": "-1", "EXP_QUEUE_COLD": "1"}
    names = ("ada", "babbage")
    with ssh_hosts.started(
        tmp_path / "net", {name: {**locks, "EXP_QUEUE_LOCK_DIR": str(tmp_path / name)} for name in names}
    ) as some:
        yield some


@pytest.fixture
def line(hosts: Hosts, command_line: CommandLine) -> CommandLine:
    """A command line that finds the hosts. job.py tells what it was given; with `stay` it waits for a file `go`."""
    command_line.environment.update(hosts.environment)
    command_line.write("job.py", JOB)
    return command_line
