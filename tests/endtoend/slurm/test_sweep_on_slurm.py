"""A sweep whose trials Slurm starts: the search and the early stopping are here, the trainings on the nodes."""

from __future__ import annotations

import json
import signal

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import SWEEP
from tests.endtoend.sweeps.conftest import TRAIN
from tests.slurm_cluster import Cluster
from tests.waiting import until


def test_trials_on_nodes_are_read_while_they_run_and_the_worst_is_stopped(line: CommandLine, cluster: Cluster) -> None:
    """The bad one never ends by itself. Its rows come over the shared folder, of which no event tells on this machine."""
    line.write("train.py", TRAIN)
    done = line("sweep", line.write("sweep.yaml", SWEEP), "--on", "slurm", "-j3", "--slurm", "partition=main", "--format", "json")
    assert done.returncode == 0, done.stderr
    trials = json.loads(done.stdout)["trials"]
    assert sorted(trial["state"] for trial in trials) == ["done", "done", "stopped_early"]
    assert (line.directory / "ledger").read_text().count("\n") == 3
    until(lambda: not cluster.ask("squeue", "--noheader"))


def test_no_more_trials_are_asked_for_than_may_be_in_slurm(line: CommandLine, cluster: Cluster) -> None:
    """A search that hands out all its points at once learns nothing from the first."""
    line.write("train.py", TRAIN)
    file = line.write("sweep.yaml", SWEEP.replace("stays_above: {value: 0.5}", "wait: {value: go}"))
    sweeping = line.start("sweep", file, "--on", "slurm", "-j1")
    until(lambda: line.states() == ["running"])
    assert len(cluster.ask("squeue", "--noheader", "--array").splitlines()) == 1
    (line.directory / "go").touch()
    assert sweeping.wait(100) == 0
    assert len(line.jobs()) == 3


def test_trials_that_a_ctrl_c_takes_back_are_queued_in_the_last_table(line: CommandLine) -> None:
    """It said that they were running, where nothing ran any more."""
    line.write("train.py", TRAIN)
    file = line.write("sweep.yaml", SWEEP.replace("stays_above: {value: 0.5}", "wait: {value: go}"))
    sweeping = line.start("sweep", file, "--on", "slurm", "--gpus", "4", "-j3", "--format", "json")
    until(lambda: line.states() == ["running", "starting", "starting"])
    sweeping.send_signal(signal.SIGINT)
    until(lambda: line.states() == ["running", "queued", "queued"])
    (line.directory / "go").touch()
    told, _ = sweeping.communicate(timeout=100)
    assert [trial["state"] for trial in json.loads(told)["trials"]] == ["done", "queued", "queued"]
