"""What a runner starts on machines that say themselves how much they take."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scheduler.queue.mine import Mine
from scheduler.queue.store import Store
from scheduler.queue.submit import submit
from scheduler.runner.devices import Devices
from scheduler.runner.hosts import OnHosts
from scheduler.runner.plan import Start
from scheduler.runner.runner import Runner
from scheduler.runner.starts import Starts
from scheduler.ssh.fleet import SshFleet
from scheduler.ssh.orders import Host


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
    devices = OnHosts(clerk, ["ada", "babbage"])
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
