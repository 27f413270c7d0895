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
from scheduler.launcher.client import Launch, Slot, open_slot

if TYPE_CHECKING:
    from scheduler.queue.job import Job
    from scheduler.slurm.fleet import Place
    from scheduler.ssh.fleet import Place as SshPlace


def open_with_port(home: Home, launch: Launch | None = None) -> Slot:
    """A new launcher that holds a port for its jobs, where there is one to be had. Otherwise as `open_slot`."""
    with _port_of_a_launcher(home) as port:
        slot = open_slot(home, [port.fd] if port else [], launch)
    slot.port = port.numbers[0] if port else None
    return slot


@contextmanager
def _port_of_a_launcher(home: Home) -> Iterator[Ports | None]:
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
