"""What befalls a cluster: more jobs than an array may have, preemption, a node that is drained, a controller that is away."""

from __future__ import annotations

import pytest

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.slurm_cluster import MOST, NODE, Cluster
from tests.waiting import until

STAY = ", stay: [true]"


def begun(line: CommandLine, n: int) -> bool:
    return (line.directory / f"{n}.json").exists()


def test_more_jobs_than_an_array_may_have_are_cut_up(line: CommandLine, cluster: Cluster) -> None:
    """Slurm refuses a longer array, and with it all of its jobs."""
    number = MOST + 20
    file = line.write(
        "many.yaml",
        f"command: [sh, -c, 'echo x >> $1', sh, '${{n}}.began']\nresources: {{gpus: 0}}\ngrid: {{n: {list(range(number))}}}\n",
    )
    running = line.start("run", file, "--on", "slurm", "-j1")
    until(lambda: line.jobs("starting", "running", "done"))
    until(lambda: len(cluster.arrays()) >= number)
    arrays = cluster.arrays()
    assert sorted(arrays.count(each) for each in set(arrays)) == [number - (MOST - 1), MOST - 1]
    assert line("cancel", "all").returncode == 0
    running.wait(100)
    assert set(line.states()) <= {"cancelled", "done"}
    assert len(line.states()) == number


def test_a_job_comes_after_others_in_slurm_too(line: CommandLine) -> None:
    """Our own dependencies decide, so a failure skips what comes after it, as on one machine."""
    first = line.write(
        "first.yaml", 'command: [python, job.py, "${args_json}"]\nexperiment_group: First\ngrid: {n: [0], status: [1]}\n'
    )
    assert line("submit", first).returncode == 0
    done = line("run", grid(line, "[1]", head="experiment_group: Second"), "--on", "slurm", "--after", "group:First")
    assert done.returncode == 1
    assert line.states() == ["failed", "skipped"]
    assert not begun(line, 1)


@pytest.mark.parametrize(
    ("policy", "expected"), [("{retries: 1}", "done"), ("{resumable: true}", "done"), ("{resumable: false}", "failed")]
)
def test_what_is_preempted_runs_again_by_its_policy_alone(
    line: CommandLine, cluster: Cluster, policy: str, expected: str
) -> None:
    """Slurm would start it anew by itself, without a word; whether a script can bear that, its owner knows."""
    running = line.start("run", grid(line, "[0]", STAY, f"resources: {{gpus: 4}}\npolicy: {policy}"), "--on", "slurm")
    until(lambda: begun(line, 0))
    urgent = ["sbatch", "--parsable", "--partition=urgent", "--gres=gpu:4", "--output=/dev/null", "--wrap", "sleep 1"]
    job = cluster.ask(*urgent)
    until(lambda: cluster.ask("squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%T") == "COMPLETED")
    (line.directory / "go").touch()
    assert running.wait(100) == (expected != "done")
    assert line.states() == [expected]
    assert "preempted" in line("show", line.jobs()[0]["id"]).stdout
    assert (line.directory / "0.began").read_text() == ("xx" if expected == "done" else "x")


def test_a_node_that_is_drained_takes_no_more_jobs_and_gives_them_back(line: CommandLine, cluster: Cluster) -> None:
    """What runs goes on, what waits goes on waiting, also for hours."""
    running = line.start("run", grid(line, "[0, 1]", STAY, "resources: {gpus: 4}"), "--on", "slurm")
    until(lambda: begun(line, 0))
    cluster.ask("scontrol", "update", f"nodename={NODE}", "state=drain", "reason=test")
    (line.directory / "go").touch()
    until(lambda: line.states() == ["done", "starting"])
    cluster.ask("scontrol", "update", f"nodename={NODE}", "state=resume")
    assert running.wait(100) == 0
    assert line.states() == ["done", "done"]
    assert environment(line, 1)["EXP_QUEUE_ATTEMPT"] == "1"
    assert len(cluster.arrays()) == 2, "who waits is not submitted again and again"


def test_what_only_a_drained_node_could_do_waits_for_it(line: CommandLine, cluster: Cluster) -> None:
    """Slurm calls it impossible when it is asked, and takes it when it is submitted: the node comes back, tonight or tomorrow."""
    cluster.ask("scontrol", "update", f"nodename={NODE}", "state=drain", "reason=test")
    running = line.start("run", grid(line, "[0]", head="resources: {gpus: 1}"), "--on", "slurm")
    until(lambda: line.states() == ["starting"] or running.poll() is not None)
    assert line.states() == ["starting"]
    assert "exp-queue-asks" not in cluster.ask("squeue", "--noheader", "--format=%j"), "the question is taken back"
    done = line("run", grid(line, "[1]", head="resources: {gpus: 9}"), "--on", "slurm")
    assert done.returncode == 3, "no node has as many, whether it is away or not"
    cluster.ask("scontrol", "update", f"nodename={NODE}", "state=resume")
    assert running.wait(100) == 0
    assert line.states() == ["done"]


def test_a_controller_that_does_not_know_its_nodes_yet_refuses_nothing(line: CommandLine, cluster: Cluster) -> None:
    """For some seconds after its start it takes every job for impossible, and says so."""
    cluster.stop("slurmd")
    cluster.restart("slurmctld")
    running = line.start("run", grid(line, "[0]", head="resources: {gpus: 1}"), "--on", "slurm")
    try:
        until(lambda: line.states() == ["starting"] or running.poll() is not None)
        assert line.states() == ["starting"]
    finally:
        cluster.daemon()
    assert running.wait(100) == 0
    assert line.states() == ["done"]


@pytest.mark.slow
def test_while_the_controller_is_away_what_runs_ends_and_what_waits_waits(line: CommandLine, cluster: Cluster) -> None:
    """An update of the cluster, or a night without it: nothing is lost, and nothing runs twice."""
    running = line.start("run", grid(line, "[0, 1]", STAY, "resources: {gpus: 4}\npolicy: {retries: 1}"), "--on", "slurm")
    until(lambda: begun(line, 0))
    until(lambda: line.states() == ["running", "starting"])
    cluster.stop("slurmctld")
    try:
        assert running.stderr
        until(lambda: running.stderr and "does not answer" in running.stderr.readline())
        assert line.states() == ["running", "starting"]
        (line.directory / "go").touch()
        until(lambda: line.states() == ["done", "starting"])
    finally:
        cluster.controller()
    assert running.wait(100) == 0
    assert line.states() == ["done", "done"]
    assert [(line.directory / f"{n}.began").read_text() for n in (0, 1)] == ["x", "x"]
    assert len(cluster.arrays()) == 2
