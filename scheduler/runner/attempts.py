"""What a runner holds in its hands between two turns: attempts that run, jobs about to begin, ends to be written down."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scheduler.gpus.packing import GpuUse
from scheduler.queue.code import Code
from scheduler.queue.job import Attempt, Job
from scheduler.runner import recovery
from scheduler.values import dataclass

if TYPE_CHECKING:
    from scheduler.gpus.claims import Claim
    from scheduler.gpus.ports import Ports
    from scheduler.launcher.client import Slot
    from scheduler.queue.origins import Origin
    from scheduler.slurm.fleet import Place
    from scheduler.ssh.fleet import Place as SshPlace
    from scheduler.tracking.system_use import SystemUse


class HungUp(Exception):
    """The terminal went away (SIGHUP), we are told to leave (SIGTERM), or nobody wants to wait for the end of a stop (a third
    Ctrl-C): what runs goes on without us, what is being stopped is stopped by its launcher."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@dataclass
class Running:
    """An attempt that is not over. `slot` is our launcher, or None when somebody else's runs it. `begun`: since when it runs, on
    the monotonic clock; None: another machine has it, and has not said so yet."""

    job: Job
    attempt: Attempt
    slot: Slot | Place | SshPlace | None = None
    claim: str = ""  # the id of its claim, where it has one
    why_stopped: str = ""  # what its final record will say, once we have stopped it
    warm: str = ""  # which interpreter it may have been forked from
    begun: float | None = None

    def begin(self, age: float | None) -> float | None:
        """It has begun on another machine: `age` seconds ago, as that says; None: it does not say, and so now, unless it was
        known before. Returns when that was, in seconds since 1970, where it is news."""
        if age is None and self.begun is not None:
            return None
        self.begun = time.monotonic() - (age or 0.0)
        began = max(self.attempt.started, time.time() - (age or 0.0))  # clocks differ: not before it was handed over
        self.attempt = replace(self.attempt, started=began)
        return began


@dataclass(frozen=True)
class Ready:
    """A job about to begin, with its launcher and, where it needs them, its claim and its ports."""

    job: Job
    slot: Slot | Place | SshPlace
    claim: Claim | None
    code: Code | None = None  # what its program is now
    origin: Origin | None = None  # its code, its Python, its machine
    ports: Ports | None = None  # its own; None: its launcher's will do
    warm: str = ""  # which interpreter it may be forked from

    @property
    def gpus(self) -> str:
        """By their numbers; what has none, such as a MIG instance, by its UUID."""
        shares = self.claim.placement.shares if self.claim else ()
        return ",".join(share.uuid if share.index is None else str(share.index) for share in shares)

    @property
    def port_numbers(self) -> tuple[int, ...]:
        """Its ports; none where it does not ask for any and its launcher has none either."""
        if self.ports:
            return self.ports.numbers
        return () if self.slot.port is None else (self.slot.port,)

    @property
    def descriptors(self) -> list[int]:
        """What the launcher and the job hold for as long as they live."""
        return [each.fd for each in (self.claim, self.ports) if each]

    def let_go(self) -> None:
        """Our copies of the claim and the ports are closed: the launcher and the job hold them, or nobody does."""
        for each in (self.claim, self.ports):
            if each:
                each.close()

    def give_up(self) -> None:
        """It does not begin: its launcher and its GPUs are free for another."""
        self.slot.release()
        self.let_go()


@dataclass(frozen=True)
class End:
    """An end that was heard and is not written down yet."""

    running: Running
    found: recovery.Verdict
    duration: float | None
    uses: tuple[GpuUse, ...] = ()
    system: SystemUse | None = None
    silent: bool = False  # it has certainly logged nothing, and nobody need read that
    place: Mapping[str, Any] | None = None  # where another machine had it, as `origin_rows.arrived` takes it
