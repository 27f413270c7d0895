"""The same experiment file on a cluster: Slurm gives each job a node, and all that people ask afterwards is answered as ever."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import environment, grid
from tests.slurm_cluster import Cluster
from tests.waiting import until


def test_a_grid_runs_on_the_nodes_and_its_results_are_here(line: CommandLine, cluster: Cluster) -> None:
    """Logs, metrics and exit statuses are the same files as on one machine, so every other command goes on working."""
    file = grid(line, "[0, 1, 2]", head="policy: {objective: {metric: loss, goal: minimize}}")
    done = line("run", file, "--on", "slurm", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [each["state"] for each in found] == ["done"] * 3
    assert "loss 2" in done.stderr
    assert all("SLURM_JOB_ID" in environment(line, n) for n in range(3))
    assert "hello from 1" in line("logs", found[1]["id"]).stdout
    assert line("run", file, "--on", "slurm").returncode == 0
    assert (line.directory / "0.began").read_text() == "x", "what has succeeded is not run again"


def test_jobs_that_run_side_by_side_get_gpus_of_their_own(line: CommandLine) -> None:
    """Slurm names them on the node; what was true of the machine of the runner must not stand in their way."""
    file = grid(line, "[0, 1, 2, 3]", more=", stay: [true]", head="resources: {cpus: 2}")
    running = line.start("run", file, "--on", "slurm")
    until(lambda: all((line.directory / f"{n}.json").exists() for n in range(4)))
    until(lambda: line.states() == ["running"] * 4)
    (line.directory / "go").touch()
    assert running.wait(100) == 0
    seen = [environment(line, n) for n in range(4)]
    assert sorted(each["CUDA_VISIBLE_DEVICES"] for each in seen) == ["0", "1", "2", "3"]
    assert {each["SLURM_CPUS_PER_TASK"] for each in seen} == {"2"} == {each["OMP_NUM_THREADS"] for each in seen}


def test_a_failure_keeps_its_exit_status_and_the_others_run(line: CommandLine) -> None:
    """A script that asks whether all is well asks the exit status of `run`, and that of the job stands in the store."""
    done = line("run", grid(line, "[7, 8]", more=", status: [3]"), "--on", "slurm", "--format", "json")
    assert done.returncode == 1
    assert [(each["state"], each["exit_status"]) for each in json.loads(done.stdout)] == [("failed", 3)] * 2


def test_resources_and_wishes_reach_slurm(line: CommandLine, cluster: Cluster) -> None:
    """What is not asked for is not granted, and a job that is killed for that fails far away from its cause."""
    head = (
        "resources: {gpus: 2, cpus: 3}\npolicy: {timeout: 1h}\nslurm: {partition: main, memory: 512MiB, constraint: ''}\n"
    ).replace(", constraint: ''", "")
    running = line.start("run", grid(line, "[0, 1]", ", stay: [true]", head), "--on", "slurm", "--slurm=partition=urgent", "-j1")
    until((line.directory / "0.json").exists)
    rows = cluster.ask("squeue", "--noheader", "--states=RUNNING", "--format=%P|%b|%c|%m|%l").splitlines()
    (line.directory / "go").touch()
    assert running.wait(100) == 0
    assert rows == ["urgent|gres:gpu:2|3|512M|1:02:00"]


def test_what_slurm_can_never_run_is_refused_before_anything_is_queued(line: CommandLine) -> None:
    """A job that waits for ever in the cluster's queue says nothing to anybody."""
    done = line("run", grid(line, "[0]", head="resources: {gpus: 9}"), "--on", "slurm")
    assert done.returncode == 3
    assert "Requested node configuration is not available" in done.stderr
    assert line.jobs() == []


def test_without_slurm_it_says_so(command_line: CommandLine) -> None:
    """The file is fine; the machine is the wrong one."""
    command_line.environment["PATH"] = str(Path(command_line.environment["PATH"].split(":")[0]))
    done = command_line("run", grid(command_line, "[0]"), "--on", "slurm")
    assert (done.returncode, "no Slurm on this machine" in done.stderr) == (2, True)


def test_attempts_lie_on_the_folder_that_the_nodes_see(line: CommandLine, tmp_path: Path) -> None:
    """The queue itself lies on a disk of this machine, since a network file system keeps no locks."""
    shared = tmp_path / "shared folder"
    line.environment["EXP_QUEUE_SHARED"] = str(shared)
    done = line("run", grid(line, "[0]"), "--on", "slurm", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert Path(environment(line, 0)["EXP_QUEUE_RUN_DIR"]).is_relative_to(shared)
    assert "hello from 0" in line("logs", json.loads(done.stdout)[0]["id"]).stdout
    assert list((shared / "slurm").iterdir()) == [], "what was needed between the two sides is removed"
