"""`exp-queue run --on slurm` against a real Slurm, which one session of tests shares. Skipped, with the reason, where none can be
had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.slurm_cluster import Cluster, started_or_skipped

JOB = """
import json, os, sys, time
from pathlib import Path
what = json.loads(sys.argv[1])
n = what["n"]
print("hello from", n, flush=True)
with open(os.environ["EXP_QUEUE_METRICS"], "a") as log:
    log.write(json.dumps({"step": 0, "loss": float(n)}) + "\\n")
Path(f"{n}.began").open("a").write("x")
Path(f"{n}.json").write_text(json.dumps({**os.environ, "PARENT": str(os.getppid())}))
while what.get("stay") and not Path("go").exists():
    time.sleep(0.05)
sys.exit(what.get("status", 0))
"""


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


def grid(line: CommandLine, values: str, more: str = "", head: str = "") -> str:
    """A file of jobs; `values`: those of n."""
    command = 'command: [python, job.py, "${args_json}"]\n'
    return line.write("grid.yaml", f"{command}{head}\ngrid: {{n: {values}{more}}}\n")


def environment(line: CommandLine, n: int) -> dict[str, str]:
    """What the job with this n has found, and as PARENT the process id of its launcher."""
    return json.loads((line.directory / f"{n}.json").read_text())
