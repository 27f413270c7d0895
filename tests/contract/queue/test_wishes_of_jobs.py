"""What a file says of the cluster stays with its jobs, on real SQLite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scheduler.experiments import Experiment, SlurmWishes, read
from scheduler.experiments.again import file_of
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import Verb, submit

Experiments = Callable[[str], list[Experiment]]
FILE = "command: ['true', '${args}']\ngrid: {n: [1]}\n"


def test_a_job_keeps_what_its_file_says_of_a_cluster(store: Store, experiments: Experiments) -> None:
    """It is run again weeks later, when nobody has the file at hand."""
    (job,) = submit(store, experiments(f"{FILE}slurm: {{partition: gpu, memory: 4GiB, time: 1h}}\n"), "/").jobs
    assert job.slurm == SlurmWishes(partition="gpu", memory=4096, time=3600.0)
    (plain,) = submit(store, experiments(FILE.replace("[1]", "[2]")), "/").jobs
    assert plain.slurm == SlurmWishes()


def test_what_the_file_says_now_counts_for_what_still_waits(store: Store, experiments: Experiments) -> None:
    """Also where it says nothing any more; a job of an older queue, which kept nothing, is not renewed for that."""
    for head, verb, wishes in (
        ("", Verb.NEW, SlurmWishes()),
        ("", Verb.QUEUED, SlurmWishes()),
        ("slurm: {qos: low}\n", Verb.RENEWED, SlurmWishes(qos="low")),
        ("slurm: {qos: low}\n", Verb.QUEUED, SlurmWishes(qos="low")),
        ("", Verb.RENEWED, SlurmWishes()),
    ):
        found = submit(store, experiments(f"{FILE}{head}"), "/")
        assert list(found.verbs.values()) == [verb]
        assert found.jobs[0].slurm == wishes


def test_jobs_that_ask_for_other_things_of_a_cluster_are_looked_at_apart(store: Store, experiments: Experiments) -> None:
    """One of them may be for a partition that is there, the other not."""
    submit(store, experiments(f"{FILE}slurm: {{partition: gpu}}\n"), "/")
    submit(store, experiments(FILE.replace("[1]", "[2, 3]")), "/")
    submit(store, experiments(FILE.replace("[1]", "[4]")), "/tmp")  # noqa: S108
    assert [job.config["n"] in (2, 3) for job in Mine(store).by_asks()].count(True) == 1
    assert len(Mine(store).by_asks()) == 3
    assert len(Mine(store).by_resources()) == 1


def test_the_file_that_runs_it_again_asks_a_cluster_for_the_same(store: Store, tmp_path: Path, experiments: Experiments) -> None:
    """`restore` writes it. Its numbers have units again."""
    text = f"{FILE}slurm: {{partition: gpu, memory: 4GiB, time: 1h}}\n"
    (job,) = submit(store, experiments(text), "/").jobs
    path = tmp_path / "again.yaml"
    path.write_text(file_of(job, str), encoding="utf-8")
    (again,) = read(str(path)).experiments()
    assert again.slurm == job.slurm
