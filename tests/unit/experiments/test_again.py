"""A job as a file that runs it once more."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from scheduler.experiments import Policy, Resources, SlurmWishes, read
from scheduler.experiments.again import file_of
from scheduler.experiments.asks import Ranking
from scheduler.experiments.remarks import Remarks


def test_the_file_asks_for_what_the_job_asked_for(tmp_path: Path) -> None:
    """Word by word, with what looks like a macro, and with what is not as usual; only paths that have moved are others."""
    argv = ("python", "/old/train.py", "--data=/old/d", "${x} 'ä'", "/else/where", "a=b")
    policy = Policy(timeout=90.0, max_failures=None, environment=("A",), objective=Ranking("loss", "minimize"), priority=3)
    resources = Resources(gpus=2, gpu_memory=6144)
    slurm = SlurmWishes("gpu", memory=512, time=60.0)
    job = SimpleNamespace(
        name="eager-falcon-1",
        id="0" * 32,
        group="Nets",
        argv=argv,
        config={"lr": 1e-3, "no": "off"},
        resources=resources,
        policy=policy,
        slurm=slurm,
        tags=("a",),
        note="two\nlines: ${here}",
    )
    path = tmp_path / "experiment.yaml"
    path.write_text(file_of(job, lambda place: place.replace("/old", "/new")), encoding="utf-8")
    plan = read(str(path))
    (found,) = plan.experiments()
    assert found.argv == ("python", "/new/train.py", "--data=/new/d", "${x} 'ä'", "/else/where", "a=b")
    assert (found.config, found.group, found.resources, found.policy) == (job.config, "Nets", resources, policy)
    assert (plan.slurm, found.slurm) == (slurm, slurm)
    assert plan.remarks == Remarks(("a",), "two\nlines: ${here}")
