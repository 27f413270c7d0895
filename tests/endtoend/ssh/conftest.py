"""`exp-queue run --on ssh:...` against real hosts, which are this machine. Skipped, with the reason, where none can be had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ssh_hosts
from tests.conftest import CommandLine
from tests.ssh_hosts import Hosts

JOB = """
import json, os, sys, time
from pathlib import Path
what = json.loads(sys.argv[1])
n = what["n"]
print("hello from", n, flush=True)
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    log.write(json.dumps({"step": 0, "loss": float(n)}) + "\\n")
with open(os.environ["EXP_QUEUE_RUN_DIR"] + "/model.bin", "wb") as file:
    file.write(bytes([n]) * 100_000)
Path(f"{n}.began").open("a").write("x")
Path(f"{n}.json").write_text(json.dumps({**os.environ, "PID": str(os.getpid())}))
while what.get("stay") and not Path("go").exists():
    time.sleep(0.05)
sys.exit(what.get("status", 0))
"""


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


def grid(line: CommandLine, values: str, more: str = "", head: str = "") -> str:
    """A file of jobs; `values`: those of n."""
    command = 'command: [python, job.py, "${args_json}"]\n'
    return line.write("grid.yaml", f"{command}{head}\ngrid: {{n: {values}{more}}}\n")


def environment(line: CommandLine, n: int) -> dict[str, str]:
    """What the job with this n has found, and its process id as PID."""
    return json.loads((line.directory / f"{n}.json").read_text())
