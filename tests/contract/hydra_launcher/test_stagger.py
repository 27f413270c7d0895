"""When the jobs of a multirun may start."""

from __future__ import annotations

import pytest

from scheduler.experiments.asks import Policy, Resources
from scheduler.experiments.experiment_file import ExperimentFile
from scheduler.queue.store import Store

launching = pytest.importorskip("scheduler.hydra_launcher.launching", reason="the extra `hydra` is not installed")


@pytest.mark.parametrize("stagger", [0.0, 60.0])
def test_each_job_may_start_so_much_later_than_the_one_before_it(store: Store, experiments, stagger: float) -> None:
    """Sixteen trainings that all read their data in the same second are slower than one after the other."""
    listed = tuple(experiments("command: ['true', '${args}']\ngrid: {x: [1, 2, 3]}\n"))
    plan = ExperimentFile("app.py", None, (), (), Resources(), Policy(), (), listed=listed)
    jobs = launching._submitted(store, plan, stagger, lambda _: None)
    assert [job.config["x"] for job in jobs] == [1, 2, 3]
    begins = [job.begin_at for job in jobs]
    assert begins[0] == 0.0
    assert begins[2] - begins[1] == pytest.approx(stagger)
    assert (begins[1] > 0) is bool(stagger)
