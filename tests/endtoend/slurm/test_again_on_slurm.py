"""What waits in the queue, or has failed, runs on a cluster: by `retry`, by `work`, and from Python; and where it ran is told."""

from __future__ import annotations

import signal

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import SWEEP, from_python, grid, mending, rows, shown
from tests.endtoend.sweeps.conftest import TRAIN
from tests.slurm_cluster import NODE, Cluster
from tests.waiting import until

URGENT = "slurm: {partition: urgent}"


def partition(line: CommandLine, job: dict) -> str:
    """In which it ran last."""
    return line("logs", job["id"]).stdout.split()[-1]


def test_what_failed_is_run_again_there_as_its_file_asks_for(line: CommandLine) -> None:
    """The partition stands in the file, and nobody should have to know it by heart; who says another gets that."""
    file = mending(line, head=URGENT)
    assert line("run", file, "--on", "slurm").returncode == 1
    line.write("mended", "")
    first, second = line.jobs()
    done = line("retry", first["id"], "--on", "slurm")
    assert done.returncode == 0, done.stderr
    assert "partition urgent" in done.stderr
    done = line("retry", second["id"], "--on", "slurm", "--slurm", "partition=main", "-j1")
    assert done.returncode == 0, done.stderr
    assert [partition(line, job) for job in (first, second)] == ["urgent", "main"]
    assert [(job["state"], job["attempt"]) for job in line.jobs()] == [("done", 2)] * 2


def test_what_slurm_can_never_run_is_not_queued_again(line: CommandLine) -> None:
    """It stays failed, as whoever has asked finds it; else the next `work` would run it on this machine."""
    assert line("run", mending(line, "[0]")).returncode == 1
    done = line("retry", "failed", "--on", "slurm", "--slurm", "memory=1TiB")
    assert (done.returncode, "Slurm says" in done.stderr) == (3, True), done.stderr
    assert line.states() == ["failed"]


def test_a_partition_that_is_not_there_is_refused(line: CommandLine) -> None:
    """A slip of the fingers must not wait for ever."""
    assert line("run", mending(line, "[0]")).returncode == 1
    done = line("retry", "failed", "--on", "slurm", "--slurm", "partition=urgnet")
    assert (done.returncode, "partition" in done.stderr) == (3, True), done.stderr
    assert line.states() == ["failed"]


def test_all_that_is_queued_is_worked_through_there_and_what_cannot_be_is_told(line: CommandLine) -> None:
    """Each job as its own file asks for, and one that no node can run keeps none of the others."""
    line.write("mended", "")
    line("submit", mending(line, "[0]", URGENT, "a.yaml"))
    line("submit", mending(line, "[1]", "resources: {gpus: 9}", "b.yaml"))
    line("submit", mending(line, "[2]", "policy: {ports: 1}", "c.yaml"))
    line("submit", mending(line, "[3]", name="d.yaml"))
    done = line("work", "--on", "slurm")
    assert done.returncode == 1, done.stderr
    assert line.states() == ["done", "queued", "queued", "done"]
    assert [partition(line, line.jobs()[n]) for n in (0, 3)] == ["urgent", "main"]
    assert "Requested node configuration is not available" in done.stderr
    assert "policy.ports" in done.stderr


def test_what_comes_later_is_run_there_as_well(line: CommandLine) -> None:
    """`--forever` in a terminal, submits from others; also for a partition of which nothing was known at the beginning."""
    line.write("mended", "")
    working = line.start("work", "--forever", "--on", "slurm")
    line("submit", mending(line, "[0]", URGENT))
    until(lambda: line.states() == ["done"])
    working.send_signal(signal.SIGINT)
    assert working.wait(100) == 130
    assert partition(line, line.jobs()[0]) == "urgent"


def test_a_program_runs_jobs_there_and_runs_them_again(line: CommandLine) -> None:
    """As the commands do, with values in the place of words; what is wrong is an error before anything is queued."""
    mending(line, "[0]")
    code = """
try:
    exp_queue.run("mend.yaml", on="slurm", slurm={"memory": "1TiB"}, quiet=True)
except exp_queue.CannotEverRun as error:
    print(json.dumps(["Slurm says" in str(error), len(exp_queue.jobs())]))
jobs = exp_queue.run("mend.yaml", on="slurm", slurm={"partition": "urgent", "memory": "64MiB"}, jobs=1, quiet=True)
print(json.dumps([jobs[0].state, jobs[0].log().split()[-1]]))
open("mended", "w").close()
jobs = exp_queue.retry("failed", on="slurm", quiet=True)
print(json.dumps([jobs[0].state, jobs[0].log().split()[-1]]))
exp_queue.submit("mend.yaml", again=True, quiet=True)
jobs = exp_queue.work(on="slurm", quiet=True)
print(json.dumps([jobs[0].state, jobs[0].log().split()[-1]]))
"""
    assert from_python(line, code) == [[True, 0], ["failed", "urgent"], ["done", "main"], ["done", "main"]]


def test_a_program_tries_points_there(line: CommandLine, cluster: Cluster) -> None:
    """The search and the early stopping are in the program; only the trainings are on nodes."""
    line.write("train.py", TRAIN)
    line.write("sweep.yaml", SWEEP)
    code = """
trials = exp_queue.sweep("sweep.yaml", on="slurm", jobs=3, slurm={"partition": "main"}, quiet=True)
print(json.dumps(sorted(trial.job.state for trial in trials)))
"""
    assert from_python(line, code) == [["done", "done", "stopped_early"]]
    assert len(cluster.arrays()) == 3, "they ran on this machine"


def test_show_names_the_node_and_the_python_that_the_job_had_there(line: CommandLine) -> None:
    """Who asks which machine made this number must not read the name of the one in front of him."""
    line.write("train.py", "import sys; print(sys.executable)")
    line.write("one.yaml", 'command: [python, train.py, "${args}"]\ngrid: {n: [0]}\n')
    assert line("run", "one.yaml", "--on", "slurm").returncode == 0
    found = shown(line, "last")["attempts"][-1]
    assert (found["machine"], found["origin"]["host"]) == (NODE, NODE)
    assert found["origin"]["interpreter"]["path"] == line("logs").stdout.strip()
    assert rows(line, "last")["machine"].startswith(f"{NODE}, Linux")
    assert f"on {NODE}" in rows(line, "last")["attempt 1"]


def test_of_what_waits_in_slurm_no_machine_is_named(line: CommandLine) -> None:
    """Nobody knows yet on which node it will be. The machine of the runner is not it."""
    line.environment["EXP_QUEUE_FAILPOINT"] = "begin-committed:kill"
    line.start("run", mending(line, "[0]"), "--on", "slurm").wait(100)
    del line.environment["EXP_QUEUE_FAILPOINT"]
    seen = rows(line, "last")
    assert ("machine" in seen, "python" in seen, "on a node of Slurm's" in seen["attempt 1"]) == (False, False, True)
    assert shown(line, "last")["attempts"][-1]["origin"]["host"] == ""


def test_the_node_is_named_while_the_job_runs(line: CommandLine) -> None:
    """It is looked for on the node while it runs, with `squeue` and `nvidia-smi`; afterwards nobody needs to."""
    running = line.start("run", grid(line, "[0]", ", stay: [true]"), "--on", "slurm")
    until(lambda: (line.directory / "0.json").exists() and line.jobs()[0]["state"] == "running")
    assert shown(line, "last")["attempts"][-1]["machine"] == NODE
    (line.directory / "go").touch()
    assert running.wait(100) == 0
