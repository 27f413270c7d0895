"""The ports of a runner's jobs. Each launcher holds one for its jobs, one after another, so that a short job costs no lock; jobs
that ask for ports get fresh ones of their own, and so does one that finds its launcher's in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scheduler.errors import StateError
from scheduler.gpus.placement import Refusal
from scheduler.gpus.ports import Ports, is_free, port_folder, take_ports
from scheduler.home import Home
from scheduler.launcher.client import Slot
from scheduler.queue.job import Job

if TYPE_CHECKING:
    from scheduler.slurm.fleet import Place
    from scheduler.ssh.fleet import Place as SshPlace


@contextmanager
def port_of_a_launcher(home: Home) -> Iterator[Ports | None]:
    """Held until the launcher has inherited it. None where there is none to be had: who does not ask can do without."""
    try:
        found = take_ports(port_folder(home.root))
    except StateError:
        yield None
        return
    with found:
        yield found


def ports_for(job: Job, slot: Slot | Place | SshPlace, home: Home) -> Ports | Refusal | None:
    """Ports of its own for a job that asks, or a refusal; None: its launcher's will do. OSError where the machine has no room for
    a descriptor."""
    if not job.policy.ports and (slot.attempts or slot.port is None or is_free(slot.port)):
        return None  # while another job of the launcher may run, it may well be that which uses the port
    try:
        return take_ports(port_folder(home.root), job.policy.ports or 1)
    except StateError as error:
        return Refusal(str(error)) if job.policy.ports else None
