"""`exp-queue run --on ssh:...` against real hosts, which are this machine. Skipped, with the reason, where none can be had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import ssh_hosts
from tests.conftest import CommandLine
from tests.endtoend.elsewhere import JOB
from tests.fakes.nvml.fake_driver import FakeDriver, fake_library, gpu_lines
from tests.ssh_hosts import Hosts

__all__ = ["fake_library"]


@dataclass
class WithGpus:
    """`variables`: of the logins of each."""

    hosts: Hosts
    drivers: dict[str, FakeDriver]
    variables: dict[str, dict[str, str]]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """Two machines without GPUs, ada and babbage."""
    if why := ssh_hosts.missing():
        pytest.skip(why)
    with ssh_hosts.started(tmp_path / "net", of_logins(tmp_path)) as some:
        yield some


@pytest.fixture
def apart(tmp_path: Path, command_line: CommandLine) -> Iterator[Hosts]:
    """The same, each with a folder of its own where `command_line` works, empty at first."""
    if why := ssh_hosts.missing() or ssh_hosts.cannot_be_brought_code():
        pytest.skip(why)
    with ssh_hosts.started(tmp_path / "net", of_logins(tmp_path), command_line.directory) as some:
        command_line.environment.update(some.environment)
        yield some


def of_logins(folder: Path, *names: str) -> dict[str, dict[str, str]]:
    """The environment of each host's logins."""
    alike = {"CUDA_VISIBLE_DEVICES": "-1", "EXP_QUEUE_COLD": "1"}
    return {name: {**alike, "EXP_QUEUE_LOCK_DIR": str(folder / name)} for name in names or ("ada", "babbage")}


@pytest.fixture
def line(hosts: Hosts, command_line: CommandLine) -> CommandLine:
    """A command line that finds the hosts. job.py tells what it was given; with `stay` it waits for a file `go`."""
    command_line.environment.update(hosts.environment)
    command_line.write("job.py", JOB)
    return command_line


@pytest.fixture
def there(tmp_path: Path, fake_library: Path, command_line: CommandLine) -> Iterator[WithGpus]:
    """ada and babbage, each with one GPU, and so one slot; curie without; this machine has none."""
    if why := ssh_hosts.missing():
        pytest.skip(why)
    drivers, variables = {}, {"curie": of_logins(tmp_path, "curie")["curie"]}
    for name in ("ada", "babbage"):
        place = tmp_path / f"driver-{name}"
        place.mkdir()
        drivers[name] = FakeDriver(fake_library, place)
        drivers[name].shows(*gpu_lines(1))
        own = {"EXP_QUEUE_LOCK_DIR": str(tmp_path / name), "EXP_QUEUE_COLD": "1"}
        variables[name] = {**drivers[name].environment, **own}
    with ssh_hosts.started(tmp_path / "net", variables) as hosts:
        command_line.environment.update(hosts.environment)
        command_line.write("job.py", JOB)
        yield WithGpus(hosts, drivers, variables)
