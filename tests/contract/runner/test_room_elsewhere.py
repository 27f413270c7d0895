"""What a runner starts on machines that say themselves how much they take."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.experiments import Resources, SlurmWishes
from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.cluster import OnCluster
from scheduler.runner.devices import Devices
from scheduler.runner.hosts import OnHosts
from scheduler.runner.left_out import Choice
from scheduler.runner.notices import Impossible
from scheduler.runner.outlook import Outlook
from scheduler.runner.plan import Start, Stop, Wait
from scheduler.runner.runner import Runner
from scheduler.runner.starts import Starts
from scheduler.runner.streaks import Streaks
from scheduler.shortage import NotThis
from scheduler.ssh.fleet import SshFleet
from scheduler.ssh.kinds import kind_of
from scheduler.ssh.orders import Host
from scheduler.ssh.places import NO_ROOM, NOWHERE
from tests.git_checkouts import checkout

pytestmark = pytest.mark.timeout(120)  # nothing here waits: only a broken program meets it

GPU = Resources(gpus=1)


class Elsewhere(Devices):
    """Hosts that have room for one."""

    are_elsewhere = True

    def fleet(self, *_: object) -> Any:
        return SimpleNamespace(capacity=1, resize=lambda limit: None)


def host(name: str, slots: int, gpus: int = 0) -> Host:
    """One that answers."""
    return Host(name, up=True, slots=slots, driver=bool(gpus), gpus=gpus, offers={"differs": "", "note": "", "cores": 8})


def clerk_of(*hosts: Host) -> Any:
    return SimpleNamespace(host={each.name: each for each in hosts}.get, hosts=[*hosts], fileno=lambda: 0, reports=list)


def on(directory: Path, *hosts: Host) -> OnHosts:
    return OnHosts(clerk_of(*hosts), [each.name for each in hosts], str(directory))


def claimed(store: Store, hosts: list[Host], starts: list[Start]) -> tuple[list[tuple[Any, str]], list[Wait], list[str]]:
    """The jobs with their hosts, those that wait, and what was said to be short."""
    fleet = SshFleet(
        clerk_of(*hosts), [each.name for each in hosts], SimpleNamespace(watch=lambda *_: None), lambda message: None
    )
    under_way, said = SimpleNamespace(fleet=fleet, warmth=SimpleNamespace(wish=lambda *_: None)), list[str]()
    ready, refused = Starts(store, Devices("hosts"), under_way, None, said.append).claimed(starts, 1)
    return [(each.job, each.slot.host.name) for each in ready], refused, said


@pytest.mark.parametrize("obstacle", ["", "a job waits for more than a slot"])
def test_no_more_is_begun_than_the_hosts_take(store: Store, experiments, tmp_path: Path, obstacle: str) -> None:
    """Also while something is in the way here: then jobs were begun for which no host had room, each turn anew."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {n: [1]}\n"), str(tmp_path)).jobs
    runner = Runner(Mine(store, jobs), Elsewhere("hosts"), 4, lambda notice: None)
    runner._obstacles.now = obstacle
    assert runner._open_slots(0) == 1


def test_that_a_host_has_no_room_is_said_as_it_is(store: Store, experiments, tmp_path: Path) -> None:
    """It has filled up since it was decided. Nothing is wrong with this machine, as was said, and the next job has its place."""
    jobs = submit(store, experiments("command: [echo, '${n}']\ngrid: {n: [1, 2, 3, 4, 5]}\n"), str(tmp_path)).jobs
    full, refusing, small, away = host("ada", 1), host("babbage", 1), host("curie", 1), host("dirac", 1)
    full.taken, refusing.not_now, away.up = 1, {kind_of(Resources()): "its disk is full"}, False
    names = ["ada", "babbage", "dirac", "curie", "curie"]
    starts = [Start(job, host=name) for job, name in zip(jobs, names, strict=True)]
    ready, refused, said = claimed(store, [full, refusing, small, away], starts)
    assert ready == [(jobs[3], "curie")]
    reasons = ["ada: its slot is taken by another run", "babbage: its disk is full", NOWHERE, NO_ROOM]
    assert [(each.job, each.reason) for each in refused] == list(zip([*jobs[:3], jobs[4]], reasons, strict=True))
    assert said == []


def test_a_person_says_how_many_run_on_all_hosts_together(store: Store, experiments, tmp_path: Path) -> None:
    """`-j` is what holds a licence server or a disk together; hosts with room for more took more."""
    jobs = submit(store, experiments("command: ['true']\ngrid: {n: [1]}\n"), str(tmp_path)).jobs
    devices = on(tmp_path, host("ada", 8), host("babbage", 8))
    clerk = devices._clerk
    devices.fleet = lambda wakeups, heard: SshFleet(clerk, ["ada", "babbage"], SimpleNamespace(watch=lambda *_: None), heard)
    assert Runner(Mine(store, jobs), devices, 3, lambda notice: None)._open_slots(0) == 3
    assert Runner(Mine(store, jobs), devices, None, lambda notice: None)._open_slots(0) == 16


def test_hosts_are_for_what_starts_where_their_code_was_compared(store: Store, experiments, tmp_path: Path) -> None:
    """Of another directory nobody knows what they have there. A folder of the same checkout has its code."""
    (checkout(tmp_path / "project", train="1") / "nets").mkdir()
    (tmp_path / "link").symlink_to("project")
    checkout(tmp_path / "other", train="1")
    (tmp_path / "plain").mkdir()
    text = "command: ['true']\ngrid: {n: [1]}\n"
    names = ("link", "project/nets", "other", "plain")
    jobs = {name: submit(store, experiments(text), str(tmp_path / name)).jobs[0] for name in names}
    ada = host("ada", 8)
    clerk = SimpleNamespace(hosts=[ada], host=lambda name: ada)
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
    ada = host("ada", 8)
    clerk = SimpleNamespace(hosts=[ada], host=lambda name: ada)
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
    assert cluster.there == "in Slurm"


def test_jobs_without_gpus_are_found_behind_all_that_wait_for_one(store: Store, experiments, tmp_path: Path) -> None:
    """A hundred trainings stood before the evaluations, and a host without GPUs had nothing to do until they were over."""
    for asks, values in (("{gpus: 1}", range(100)), ("{gpus: 0}", range(100, 103))):
        text = f"command: [echo, '${{n}}']\ngrid: {{n: {list(values)}}}\nresources: {asks}\n"
        submit(store, experiments(text), str(tmp_path))
    used = host("ada", 1, gpus=1)
    used.not_now = {kind_of(GPU): "GPU 0 is in use"}
    devices = on(tmp_path, used, host("babbage", 2))
    outlook = Outlook(store, devices, Choice(Mine(store), devices, Streaks()))
    decisions = outlook.decide((), 3, now=1.0, stop=Stop.NO)
    assert [(each.job.number, each.host) for each in decisions if isinstance(each, Start)] == [(101, "babbage"), (102, "babbage")]
    assert {each.reason for each in decisions if isinstance(each, Wait) and each.job.resources == GPU} == {"ada: GPU 0 is in use"}


def test_what_no_host_can_ever_run_is_left_out_when_all_have_said_so(store: Store, experiments, tmp_path: Path) -> None:
    """How large its GPUs are only the host knows; before, the job went to and fro for ever, and the run never ended."""
    text = "command: ['true']\ngrid: {n: [1]}\nresources: {gpus: 1, gpu_memory: 80GiB}\n"
    (job,) = submit(store, experiments(text), str(tmp_path)).jobs
    ada, babbage = host("ada", 1, gpus=1), host("babbage", 2)
    devices = on(tmp_path, ada, babbage)
    choice = Choice(Mine(store), devices, Streaks())
    assert choice.due(1, 1.0) == (job,)
    ada.never = {job.resources: "no GPU has 80 GiB"}
    assert choice.due(1, 1.0) == ()
    why, there = "ada: no GPU has 80 GiB", "on ada or babbage"
    assert [(each.why, each.there) for each in choice.left_out()] == [(why, there)]
    assert choice.news() == [Impossible(job, 1, why, there)], "it was said that it can never run here, where nobody sends it"


def test_the_next_of_a_doubtful_kind_goes_when_the_one_before_has_begun(store: Store, experiments, tmp_path: Path) -> None:
    """Then there was room for that one. A host with four free GPUs computed on one of them until that job was over."""
    jobs = submit(store, experiments("command: [echo, '${n}']\ngrid: {n: [1, 2]}\nresources: {gpus: 1}\n"), str(tmp_path)).jobs
    ada, heard = host("ada", 4, gpus=4), list[dict[str, Any]]()
    ada.doubtful = frozenset({kind_of(GPU)})
    clerk = clerk_of(ada)
    clerk.reports = lambda: [{"is": "running", "attempt": "", "launcher": place.id, "pid": None, "birth": None}]
    watched: list[Any] = []
    fleet = SshFleet(clerk, ["ada"], SimpleNamespace(watch=lambda source, act: watched.append(act)), heard.append)
    place = fleet.choose(jobs[0], None, None, "ada")
    with pytest.raises(NotThis):
        fleet.choose(jobs[1], None, None, "ada")
    watched[0]()
    assert [each["is"] for each in heard] == ["running"]
    fleet.choose(jobs[1], None, None, "ada")


def test_a_host_that_has_not_been_there_is_named_with_the_reason(tmp_path: Path) -> None:
    """Beside one that answers it was only said not to. Of one that was there the reason is told when it goes away, once."""
    ada, babbage = host("ada", 2), host("babbage", 0)
    ada.offers["note"], babbage.offers, babbage.up, babbage.why = "no GPUs", {}, False, "Could not resolve hostname babbage"
    devices = on(tmp_path, ada, babbage)
    assert devices.note == "ada: no GPUs; babbage: does not answer (Could not resolve hostname babbage)"
    ada.up, ada.why = False, "Connection refused"
    assert devices.note == "ada: does not answer; babbage: does not answer (Could not resolve hostname babbage)"


def test_what_is_the_same_of_hosts_without_a_gpu_is_said_once(tmp_path: Path) -> None:
    """A sentence about a library, three times in one line, hides the one host that has GPUs. GPUs are told of each host: together
    they would read as one."""
    some = [host(name, 2, gpus=gpus) for name, gpus in (("ada", 0), ("babbage", 1), ("curie", 0), ("dirac", 1))]
    for each in some:
        each.offers["note"] = "1 GPU" if each.gpus else "no GPUs"
    assert on(tmp_path, *some).note == "ada and curie: no GPUs; babbage: 1 GPU; dirac: 1 GPU"


def test_a_host_with_other_code_is_not_away_while_it_is_asked_again(tmp_path: Path) -> None:
    """That is every half minute, for days: the run said each time that it was gone, and that it was back, with its slots."""
    ada = host("ada", 2)
    ada.offers["differs"] = "its code is another"
    devices = on(tmp_path, ada)
    for up in (True, False):
        ada.up = up
        assert (devices.default_slots, devices.note) == (0, "ada: its code is another")
    ada.why = "no route to it"
    assert devices.note == "ada: does not answer"
    ada.why, ada.up, ada.offers["differs"], ada.offers["note"] = "", True, "", "no GPUs"
    assert (devices.default_slots, devices.note) == (2, "ada: no GPUs")
