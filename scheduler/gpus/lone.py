"""Devices for a process that no runner started: `--gpu=-1` of a training script, typed by hand or given to GNU
parallel.

Many such processes exclude each other and every runner without a daemon, since they all take the same claims. Among
those that wait there is no order: whoever looks first after a claim has ended gets the GPU. On a machine without a
GPU none of the rest is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from scheduler.errors import UserError
from scheduler.gpus.driver import surely_no_driver
from scheduler.gpus.ownership import COOKIE
from scheduler.gpus.placement import Request
from scheduler.gpus.reading import NO_DRIVER_NOTE, allowed

if TYPE_CHECKING:
    from scheduler.gpus.claims import Claim
    from scheduler.gpus.observation import Settings


class ClaimedDevices:
    """What this process may compute on, until it is closed: `kind` "cpu" or "cuda", the GPUs' `indices` in PCI bus
    order (of the whole machine: CUDA itself counts the visible ones from 0), and a sentence about why (`note`,
    possibly empty)."""

    def __init__(self, kind: str, note: str = "", indices: tuple[int, ...] = (), claim: Claim | None = None) -> None:
        self.kind, self.note, self.indices, self.claim = kind, note, indices, claim

    def close(self) -> None:
        """Close our copy of the claim; children that inherited one keep it alive. A second call does nothing."""
        if self.claim:
            self.claim.close()

    def __enter__(self) -> ClaimedDevices:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def claim_devices(gpu: int = -1, wait: float | None = None, environment: MutableMapping[str, str] = os.environ) -> ClaimedDevices:
    """Devices for this process, with CUDA_VISIBLE_DEVICES set in `environment` accordingly. Call it before CUDA is
    first used.

    `gpu` -1 is any GPU, N the one at place N of the PCI bus order. A claim inherited from a runner wins over both.
    Without a GPU in the machine, or with all hidden by CUDA_VISIBLE_DEVICES, it is the CPU. Otherwise it claims a
    whole GPU and waits for it, at most `wait` seconds (None: as long as it takes), saying on stderr who holds it.
    GpusUnknown if the driver fails, CannotEverRun if there is no such GPU or the wait runs out.
    """
    if gpu < -1:
        raise UserError(f"--gpu={gpu} is no GPU", next_step="-1 means any, 0 the first")
    return devices_for(Request(only=(gpu,) if gpu >= 0 else ()), wait, Path(sys.argv[0]).name or "python", environment)


def devices_for(
    request: Request,
    wait: float | None,
    label: str,
    environment: MutableMapping[str, str] = os.environ,
    settings: Settings | None = None,
) -> ClaimedDevices:
    """As `claim_devices`, for any request. `label` names the claim to others; `settings` None: those of `environment`."""
    inherited = _inherited(request, environment)
    if inherited:
        return inherited
    visible = allowed(environment)
    if visible.nothing:
        return _on_the_cpu(f"{visible.said} hides every GPU: on the CPU", environment)
    if surely_no_driver(environment):
        return _on_the_cpu(NO_DRIVER_NOTE, environment)
    return _claimed(request, wait, label, environment, settings)


def _inherited(request: Request, environment: MutableMapping[str, str]) -> ClaimedDevices | None:
    """The devices of the living claim that the environment names; None if it names none or a dead one."""
    if not environment.get(COOKIE):
        return None
    from scheduler.gpus.claims import living_claim
    from scheduler.gpus.directory import lock_directory

    record = living_claim(lock_directory(environment), environment[COOKIE])
    if record is None:
        return None
    environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    visible = environment.setdefault("CUDA_VISIBLE_DEVICES", ",".join(record.memory))
    wanted = ",".join(map(str, request.only))
    note = f"--gpu={wanted} is not used: this job's claim is on {visible}" if wanted not in ("", visible) else ""
    indices = tuple(int(entry) for entry in visible.split(",") if entry.strip().isdecimal())
    return ClaimedDevices("cpu" if allowed(environment).nothing else "cuda", note, indices)


def _on_the_cpu(note: str, environment: MutableMapping[str, str]) -> ClaimedDevices:
    environment["CUDA_VISIBLE_DEVICES"] = "-1"
    return ClaimedDevices("cpu", note)


def _claimed(
    request: Request, wait: float | None, label: str, environment: MutableMapping[str, str], settings: Settings | None
) -> ClaimedDevices:
    from scheduler.gpus.settings import settings_from
    from scheduler.gpus.waiting import wait_for_claim

    _refuse_if_too_late()
    settings = settings or settings_from(environment)
    claim = wait_for_claim(request, settings, wait=wait, label=label, environment=environment)
    if claim is None:
        return _on_the_cpu("no GPU on this machine: on the CPU", environment)
    os.set_inheritable(claim.fd, True)  # a script that replaces itself (exec) keeps its GPU
    environment.update(claim.environment())
    return ClaimedDevices("cuda", "", claim.indices, claim)


def _refuse_if_too_late() -> None:
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_initialized():
        raise UserError(
            "CUDA has been used before a GPU was claimed",
            next_step="claim first: CUDA reads CUDA_VISIBLE_DEVICES only once",
        )
