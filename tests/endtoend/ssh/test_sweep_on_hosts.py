"""A sweep whose trials run on other machines: the search and the early stopping are here."""

from __future__ import annotations

import json

import pytest

from tests.conftest import CommandLine
from tests.endtoend.elsewhere import SWEEP
from tests.endtoend.sweeps.conftest import TRAIN
from tests.ssh_hosts import Hosts


@pytest.mark.slow
def test_trials_on_hosts_are_read_while_they_run_and_the_worst_is_stopped(line: CommandLine, hosts: Hosts) -> None:
    """The bad one never ends by itself. Its rows come over the line while it runs, and the stop goes back over it."""
    line.write("train.py", TRAIN)
    done = line("sweep", line.write("sweep.yaml", SWEEP), "--on", "ssh:ada,babbage", "-j3", "--format", "json")
    assert done.returncode == 0, done.stderr
    trials = json.loads(done.stdout)["trials"]
    assert sorted(trial["state"] for trial in trials) == ["done", "done", "stopped_early"]
    assert (line.directory / "ledger").read_text().count("\n") == 3
    assert "written anew" not in done.stderr, "nothing was lost: their files were never there"
