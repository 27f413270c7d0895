"""Hosts with a GPU each: a job gets one of its own under the claims of that host, and nobody's GPU is taken from him."""

from __future__ import annotations

import os

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid, shown
from tests.endtoend.ssh.conftest import WithGpus
from tests.endtoend.ssh.test_full_hosts import NOTED, said
from tests.fakes.nvml.fake_driver import gpu_lines
from tests.waiting import until

BOTH = ("--on", "ssh:ada,babbage")
HUNGRY = """
import os, sys, time
open(os.environ["FAKE_NVML_PROCESSES"] + f"/{os.getpid()}", "w").write("GPU-0 5000")
print("share", os.environ["XLA_CLIENT_MEM_FRACTION"], os.environ["EXP_QUEUE_RUN_DIR"], flush=True)
if os.environ["EXP_QUEUE_ATTEMPT"] == "1":
    open("began", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
    sys.exit("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.")
"""


def hungry(line: CommandLine, head: str) -> str:
    """A file of one job that runs out of GPU memory the first time, when there is a file `go`."""
    line.write("hungry.py", HUNGRY)
    return line.write("hungry.yaml", f"command: [python, hungry.py]\n{head}\ngrid: {{n: [0]}}\n")


def shares(line: CommandLine) -> list[tuple[str, str]]:
    """The share of a GPU that each attempt has had, and the host."""
    (job,) = line.jobs()
    logs = sorted((line.home / "attempts" / job["id"]).glob("*/log.txt"))
    words = [path.read_text().split() for path in logs]
    return [(share, "ada" if "/net/ada/" in place else "babbage") for _, share, place, *_ in words]


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


def test_a_retry_after_out_of_memory_gets_half_as_much_again_on_the_larger_gpu(
    there: WithGpus, command_line: CommandLine
) -> None:
    """6 GiB were too little on ada. babbage, which has more, has never seen the job, and gives it 9."""
    line = command_line
    there.drivers["babbage"].shows(*gpu_lines(1, total=48000))
    line.write("go", "")
    done = line("run", hungry(line, "resources: {gpu_memory: 6GiB}\npolicy: {retries: 1}"), *BOTH)
    assert done.returncode == 0, done.stderr
    assert "out of GPU memory with 6144 MiB (exit status 1); its policy starts it again" in done.stderr
    assert shares(line) == [("0.256", "ada"), ("0.192", "babbage")]


def test_out_of_memory_beside_a_stranger_there_is_repeated_elsewhere_without_spending_a_retry(
    there: WithGpus, command_line: CommandLine
) -> None:
    """The stranger is left alone; the job, which has no retries at all, runs where nobody else does."""
    line = command_line
    running = line.start("run", hungry(line, "resources: {gpu_memory: 6GiB}"), *BOTH, "--plain", through=NOTED)
    until((line.directory / "began").exists)
    until(lambda: line.jobs()[0]["state"] == "running")
    there.drivers["ada"].runs(os.getpid(), "GPU-0", 17000)
    until(lambda: said(line, f"pid {os.getpid()}, 17000 MiB) came onto GPU 0"))
    (line.directory / "go").touch()
    assert running.wait(100) == 0
    assert said(line, "it starts again, no retry spent")
    assert shares(line) == [("0.256", "ada"), ("0.256", "babbage")]


def test_on_which_gpu_of_which_host_a_job_runs_is_told_here(there: WithGpus, command_line: CommandLine) -> None:
    """Whoever sees that a GPU of ada's is busy looks here for the job. A `cancel` for which no run waits keeps that, too."""
    line = command_line
    running = line.start("run", grid(line, "[0]", ", stay: [true]", "resources: {gpus: 1}"), "--on", "ssh:ada", "--plain")
    until(lambda: [each["state"] for each in line.jobs()] == ["running"])
    (job,) = line.jobs()
    assert (job["host"], job["gpus"]) == ("ada", "0")
    assert " ada:0 " in line("status").stdout
    assert line("explain", job["id"][:8]).stdout.endswith("is running on GPU 0 of ada\n")
    running.kill()
    running.wait()
    done = line("cancel", job["id"][:8])
    assert done.returncode == 0, done.stderr
    attempt = shown(line, job["id"])["attempts"][-1]
    assert (attempt["state"], attempt["machine"], attempt["place"]) == ("cancelled", "ada", "GPU 0")
    assert attempt["origin"]["gpu_models"] == ["Fake"]
