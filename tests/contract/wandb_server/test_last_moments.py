"""What happens at one moment, on purpose: a cancel when a sweep ends, a kill when the address is written, a disk without room."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from pathlib import Path

from scheduler.home import Home
from scheduler.wandb_server.driven import Driven
from scheduler.wandb_server.folders import RunId
from scheduler.wandb_server.runs import Runs
from scheduler.wandb_server.serving import HIGHEST, LOWEST, TRIES, _first_port, _keep
from scheduler.wandb_server.sweep_records import CANCELED, FINISHED, Records
from tests.contract.wandb_server.agents import grid
from tests.waiting import until

F_ADD_SEALS, F_SEAL_SHRINK = 1033, 2


class CancelledThen(Records):
    """Somebody cancels the sweep when it is about to say that it is over."""

    def ended(self, identity: str) -> None:
        self.put(identity, CANCELED)
        super().ended(identity)


def test_a_sweep_that_ends_in_the_moment_of_a_cancel_is_cancelled(home: Home) -> None:
    """Whoever cancelled it was told so."""
    records = CancelledThen(home)
    made = records.make("me", "proj", grid(0.1))
    stopped = Records(home).change(made.id, lambda _: FINISHED)  # so that it is over at once
    assert stopped
    driven = Driven(records, stopped, home, Runs(home.root), lambda _: None)
    driven.start()
    until(lambda: driven.is_done)
    found = records.get(made.id)
    assert found
    assert found.state == CANCELED


def test_another_queue_does_not_take_the_port_of_a_server_that_is_away() -> None:
    """The clients of its runs would be sent away by the wrong server, and what they have to say is lost."""
    ports = [_first_port(Home(Path(f"/home/{name}"))) for name in ("ada", "babbage", "church", "dijkstra")]
    near = [abs(one - other) for one, other in itertools.combinations(ports, 2)]
    assert min(near) > TRIES
    assert all(LOWEST <= port <= HIGHEST - TRIES for port in ports)


def test_the_file_with_the_key_is_at_no_moment_empty() -> None:
    """A server that is killed then would have another key, and no client that goes on would be let in. What is sealed here
    cannot become shorter."""
    handle = os.memfd_create("server.json", os.MFD_ALLOW_SEALING)
    try:
        os.write(handle, json.dumps({"url": "a long address", "key": "k"}).encode())
        fcntl.fcntl(handle, F_ADD_SEALS, F_SEAL_SHRINK)
        _keep(handle, {"url": "short", "key": "k"})
        assert json.loads(os.pread(handle, 1000, 0)) == {"url": "short", "key": "k"}
    finally:
        os.close(handle)


def test_a_run_that_cannot_be_asked_to_stop_goes_on(home: Home) -> None:
    """Without room for the wish: the runner of the seats must not end by it."""
    runs, run = Runs(home.root), RunId("me", "proj", "one")
    runs.tell(run, {"bucket": {"name": "one"}})
    runs.folder(run).stop.symlink_to("/dev/null/no/room")  # nothing can be made there
    runs.unless_over(run)
    assert not runs.folder(run).stop.exists()
