"""Hosts with a GPU each: a job gets one of its own under the claims of that host, and nobody's GPU is taken from him."""

from __future__ import annotations

import os

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.endtoend.ssh.conftest import WithGpus
from tests.waiting import until

BOTH = ("--on", "ssh:ada,babbage")


def place_of(line: CommandLine, n: int) -> str:
    return environment(line, n)["EXP_QUEUE_RUN_DIR"]


def test_each_job_has_a_gpu_of_its_own_and_what_has_none_waits(there: WithGpus, command_line: CommandLine) -> None:
    """Two hosts with a GPU each are two places, whatever the number of their GPU."""
    line = command_line
    running = line.start("run", grid(line, "[0, 1, 2]", ", stay: [true]", "resources: {gpus: 1}"), *BOTH, "--plain")
    begun = until(lambda: len(found := [n for n in range(3) if (line.directory / f"{n}.json").exists()]) > 1 and found)
    until(lambda: sum(job["state"] == "running" for job in line.jobs()) == 2)
    assert len(begun) == 2
    (line.directory / "go").touch()
    assert running.wait(100) == 0
    assert {environment(line, n)["CUDA_VISIBLE_DEVICES"] for n in range(3)} == {"0"}
    assert {str(there.hosts[name].home) in place_of(line, n) for n in begun for name in ("ada", "babbage")} == {True, False}
    assert place_of(line, begun[0]).split("/home/")[0] != place_of(line, begun[1]).split("/home/")[0]


def test_a_host_whose_gpu_somebody_uses_leaves_the_jobs_to_the_others(there: WithGpus, command_line: CommandLine) -> None:
    """Whoever sits at ada computes without exp-queue; no job waits for that person, and none is put beside."""
    line = command_line
    there.drivers["ada"].runs(os.getpid(), "GPU-0", 9000)
    done = line("run", grid(line, "[0, 1]", head="resources: {gpus: 1}"), *BOTH)
    assert done.returncode == 0, done.stderr
    assert all(f" sent to babbage: n={n}" in done.stderr for n in range(2)), "where a job went in the end is what people look for"
    assert all(str(there.hosts["babbage"].home) in place_of(line, n) for n in range(2))
    assert [environment(line, n)["EXP_QUEUE_ATTEMPT"] for n in range(2)] == ["1", "1"], "who was given back has spent nothing"
