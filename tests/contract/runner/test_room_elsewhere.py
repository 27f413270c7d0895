"""What a runner starts on machines that say themselves how much they take."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.experiments import SlurmWishes
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.cluster import OnCluster
from scheduler.runner.devices import Devices
from scheduler.runner.hosts import OnHosts
from scheduler.runner.plan import Start
from scheduler.runner.runner import Runner
from scheduler.runner.starts import Starts
from scheduler.ssh.fleet import SshFleet
from scheduler.ssh.orders import Host
from tests.git_checkouts import checkout


class Elsewhere(Devices):
    """Hosts that have room for one."""

    are_elsewhere = True

    def fleet(self, *_: object) -> Any:
        return SimpleNamespace(capacity=1, resize=lambda limit: None)


@pytest.mark.parametrize("obstacle", ["", "a job waits for more than a slot"])
def test_no_more_is_begun_than_the_hosts_take(store: Store, experiments, tmp_path: Path, obstacle: str) -> None:
    """Also while something is in the way here: then jobs were begun for which no host had room, each turn anew."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {n: [1]}\n"), str(tmp_path)).jobs
    runner = Runner(Mine(store, jobs), Elsewhere("hosts"), 4, lambda notice: None)
    runner._obstacles.now = obstacle
    assert runner._open_slots(0) == 1


def test_that_no_host_has_room_is_said_as_it_is(store: Store, experiments, tmp_path: Path) -> None:
    """A host has filled up in between. Nothing is wrong with the processes of this machine, as was said of it."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {n: [1]}\n"), str(tmp_path)).jobs
    full = SimpleNamespace(host=Host, hosts=[], fileno=lambda: 0, reports=list)
    said: list[str] = []
    fleet = SshFleet(full, ["ada"], SimpleNamespace(watch=lambda *_: None), lambda message: None)
    under_way = SimpleNamespace(fleet=fleet, warmth=SimpleNamespace(wish=lambda *_: None))
    starts = Starts(store, Devices("hosts"), under_way, None, said.append)
    assert starts.claimed([Start(job) for job in jobs], 1) == ([], [])
    assert said == ["no host has room for another job now"]


def test_a_person_says_how_many_run_on_all_hosts_together(store: Store, experiments, tmp_path: Path) -> None:
    """`-j` is what holds a licence server or a disk together; hosts with room for more took more."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {n: [1]}\n"), str(tmp_path)).jobs
    roomy = [
        Host(name, up=True, slots=8, offers={"differs": "", "note": "", "gpus": 0, "cores": 8}) for name in ("ada", "babbage")
    ]
    clerk = SimpleNamespace(hosts=roomy, host=lambda name: roomy[name == "babbage"])
    devices = OnHosts(clerk, ["ada", "babbage"], str(tmp_path))
    devices.fleet = lambda wakeups, heard: SshFleet(clerk, ["ada", "babbage"], SimpleNamespace(watch=lambda *_: None), heard)
    assert Runner(Mine(store, jobs), devices, 3, lambda notice: None)._open_slots(0) == 3
    assert Runner(Mine(store, jobs), devices, None, lambda notice: None)._open_slots(0) == 16


def test_a_job_goes_only_where_there_is_what_it_asks_for(store: Store, experiments, tmp_path: Path) -> None:
    """ada has the most room and no GPU: it was sent a job for one, gave it back, and was sent it again; babbage got none."""
    text = "command: [echo, '${n}']\ngrid: {n: [1, 2]}\nresources: {gpus: 1}\n"
    wants_gpu = submit(store, experiments(text), str(tmp_path)).jobs
    wants_none = submit(store, experiments("command: ['true']\ngrid: {n: [1]}\n"), str(tmp_path)).jobs
    offers = {"differs": "", "note": "", "cores": 8}
    two = {
        "ada": Host("ada", up=True, slots=8, offers={**offers, "gpus": 0}),
        "babbage": Host("babbage", up=True, slots=1, offers={**offers, "gpus": 1}),
    }
    clerk = SimpleNamespace(host=two.get, hosts=[*two.values()], fileno=lambda: 0, reports=list)
    fleet = SshFleet(clerk, list(two), SimpleNamespace(watch=lambda *_: None), lambda message: None)
    under_way = SimpleNamespace(fleet=fleet, warmth=SimpleNamespace(wish=lambda *_: None))
    paused: list[str] = []
    starts = Starts(store, Devices("hosts"), under_way, None, paused.append)
    ready, refused = starts.claimed([Start(job) for job in (*wants_gpu, *wants_none)], 1)
    assert [(each.job, each.slot.host.name) for each in ready] == [(wants_gpu[0], "babbage"), (wants_none[0], "ada")]
    assert [(each.job, each.reason) for each in refused] == [(wants_gpu[1], "no host that has what it asks for has room now")]
    assert paused == []


def test_hosts_are_for_what_starts_where_their_code_was_compared(store: Store, experiments, tmp_path: Path) -> None:
    """Of another directory nobody knows what they have there. A folder of the same checkout has its code."""
    (checkout(tmp_path / "project", train="1") / "nets").mkdir()
    (tmp_path / "link").symlink_to("project")
    checkout(tmp_path / "other", train="1")
    (tmp_path / "plain").mkdir()
    text = "command: ['true']\ngrid: {n: [1]}\n"
    names = ("link", "project/nets", "other", "plain")
    jobs = {name: submit(store, experiments(text), str(tmp_path / name)).jobs[0] for name in names}
    host = Host("ada", up=True, slots=8, offers={"differs": "", "note": "", "gpus": 0, "cores": 8})
    clerk = SimpleNamespace(hosts=[host], host=lambda name: host)
    ours = OnHosts(clerk, ["ada"], str(tmp_path / "project"))
    assert [name for name, job in jobs.items() if ours.never(job)] == ["other", "plain"]
    assert f"it starts in {tmp_path}/other, and" in ours.never(jobs["other"])
    theirs = OnHosts(clerk, ["ada"], str(tmp_path / "plain"))
    assert [name for name, job in jobs.items() if not theirs.never(job)] == ["plain"]
    (tmp_path / "way").symlink_to("plain")
    assert not OnHosts(clerk, ["ada"], str(tmp_path / "way")).never(jobs["plain"])
    assert len({ours.kind(job) for job in jobs.values()}) == len(names), "what is known of one says nothing of another"


def test_another_machine_has_no_ports_for_a_job(store: Store, experiments, tmp_path: Path) -> None:
    """One that is free here may be somebody's there."""
    text = "command: ['true']\ngrid: {n: [1]}\npolicy: {ports: 1}\n"
    (job,) = submit(store, experiments(text), str(tmp_path)).jobs
    host = Host("ada", up=True, slots=8, offers={"differs": "", "note": "", "gpus": 0, "cores": 8})
    clerk = SimpleNamespace(hosts=[host], host=lambda name: host)
    assert "policy.ports" in OnHosts(clerk, ["ada"], str(tmp_path)).never(job)
    assert "policy.ports" in OnCluster(SlurmWishes(), None, 10, 100).never(job)


def test_each_job_lies_on_the_folder_that_its_file_names(
    store: Store, experiments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs of several files are worked through together; what was said of all comes first, then the file, then the machine."""
    monkeypatch.setenv("EXP_QUEUE_SHARED", str(tmp_path / "shared"))
    text = "command: ['true']\ngrid: {n: [1]}\n"
    (plain,) = submit(store, experiments(text), "/").jobs
    (own,) = submit(store, experiments(f"{text}slurm: {{folder: {tmp_path}/own}}\n"), "/tmp").jobs  # noqa: S108
    as_written = OnCluster(SlurmWishes(), None, 10, 100)
    assert [as_written.home_of(job).root.name for job in (plain, own)] == ["shared", "own"]
    said = OnCluster(SlurmWishes(folder=str(tmp_path / "said")), None, 10, 100)
    assert [said.home_of(job).root.name for job in (plain, own)] == ["said", "said"]


def test_a_person_is_told_of_all_partitions_that_jobs_go_to(store: Store, experiments) -> None:
    """`work` sends those of several files."""
    text = "command: ['true']\ngrid: {n: [1]}\n"
    heads = ("", "slurm: {partition: big}\n")
    jobs = [submit(store, experiments(f"{text}{head}"), f"/{n}").jobs[0] for n, head in enumerate(heads)]
    cluster = OnCluster(SlurmWishes(), 3, 10, 100)
    cluster.expect(jobs)
    assert cluster.note == "Slurm starts them, partition big and its default partition, 3 of an array at once"
    cluster.expect(jobs[:1])
    assert cluster.note == "Slurm starts them, its default partition, 3 of an array at once"
