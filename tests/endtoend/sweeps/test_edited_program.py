"""A training script that was edited between two commands, as a person sees it."""

from __future__ import annotations


def test_a_sweep_that_goes_on_says_how_many_trials_ran_another_script(sweeps) -> None:
    """Their values are of another program; whoever compares them should know."""
    sweeps.file("run_cap: 3\n")
    sweeps("sweep", "--count", "2", "-j1")
    sweeps.write("train.py", (sweeps.directory / "train.py").read_text() + "# better\n")
    said = sweeps("sweep", "-j1").stderr
    assert "2 trials from before, 2 of them with another train.py; --again begins anew" in said


def test_run_says_so_of_what_succeeded_and_of_what_is_queued(sweeps) -> None:
    """`4 succeeded before` was all that was said, and nothing of what had been queued for the old script."""
    sweeps.write("grid.yaml", "command: [sh, job.sh, '${args}']\ngrid: {x: [1, 2]}\n")
    sweeps.write("job.sh", "exit 0\n")
    sweeps("submit", "grid.yaml")
    sweeps.write("job.sh", "exit  0\n")
    assert " starts with another job.sh than it was queued with; 1 more is queued that would\n" in sweeps("work", "-j1").stderr
    sweeps.write("job.sh", "exit   0\n")
    assert "(2 succeeded before, 2 of them with another job.sh)" in sweeps("run", "grid.yaml").stderr
    assert "; now there is another job.sh\n" in sweeps("show", "last").stdout
