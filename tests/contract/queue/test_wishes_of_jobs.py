"""What a file says of the cluster stays with its jobs, and what is known of where they ran, on real SQLite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scheduler.experiments import Experiment, SlurmWishes, read
from scheduler.experiments.again import file_of
from scheduler.queue.checkout import checkout_of, look
from scheduler.queue.interpreters import Interpreter
from scheduler.queue.mine import Mine
from scheduler.queue.origin_rows import arrived, is_placed, origin_of, remember
from scheduler.queue.origins import Origin
from scheduler.queue.store import Store
from scheduler.queue.submit import Verb, submit
from tests.git_checkouts import checkout

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


def test_what_is_known_of_a_machine_takes_the_place_of_nothing_and_the_code_stays(
    store: Store, experiments: Experiments, tmp_path: Path
) -> None:
    """It is heard when the job runs there; another attempt that began in the same way keeps what it has."""
    folder = checkout(tmp_path / "work", train="print('one')\n")
    seen = checkout_of(str(folder))
    assert seen
    jobs = submit(store, experiments(FILE.replace("[1]", "[1, 2]")), "/").jobs
    with store.change() as change:
        begun = remember(change, Origin(look(*seen), None, "", ""))
        attempts = [change.begin(job, f"slurm/a/{n}", "", origin=begun) for n, job in enumerate(jobs)]
        first, second = [each for each in attempts if each]
        assert not is_placed(change, first)
        python = {"path": "/v/bin/python", "version": "3.12.4", "packages": ["torch==2.5.0"]}
        arrived(change, first, {"host": "n7", "kernel": "Linux 6", "python": python})
        assert (is_placed(change, first), is_placed(change, second)) == (True, False)
    found, other = [origin_of(store, each) for each in (store.attempt(first.job, 1), store.attempt(second.job, 1)) if each]
    assert found
    assert other
    assert (found.host, found.kernel, found.driver) == ("n7", "Linux 6", "")
    assert found.interpreter == Interpreter("/v/bin/python", "3.12.4", ("torch==2.5.0",))
    assert found.checkout
    assert found.checkout.commit == seen[1]
    assert (other.host, other.interpreter, other.checkout) == ("", None, found.checkout)


def test_the_file_that_runs_it_again_asks_a_cluster_for_the_same(store: Store, tmp_path: Path, experiments: Experiments) -> None:
    """`restore` writes it. Its numbers have units again."""
    text = f"{FILE}slurm: {{partition: gpu, memory: 4GiB, time: 1h}}\n"
    (job,) = submit(store, experiments(text), "/").jobs
    path = tmp_path / "again.yaml"
    path.write_text(file_of(job, str), encoding="utf-8")
    (again,) = read(str(path)).experiments()
    assert again.slurm == job.slurm
