"""Programs that compute on a GPU which they were not given: they choose the device themselves, as many scripts do by setting
CUDA_VISIBLE_DEVICES. They are no strangers: their claim, or their job without one, is known by descent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Process, Reading
from scheduler.values import dataclass


@dataclass(frozen=True)
class Astray:
    """Whose processes compute on `gpu` and were given others (`given`: `GPU 1`, `no GPU`). `attempt` names the job's attempt,
    `JOB/N`; "" for what no runner has started."""

    claim: ClaimRecord
    attempt: str
    gpu: Gpu
    given: str

    @property
    def who(self) -> str:
        """How messages call it."""
        return f"job {self.attempt[:8]}" if self.attempt else self.claim.holder

    @property
    def sentence(self) -> str:
        """What is wrong, for the person who can mend the program."""
        return f"{self.who} was given {self.given} and computes on {self.gpu.label}: its program chooses the device itself"


def strayed(processes: Iterable[Process], living: Iterable[ClaimRecord], here: Collection[str]) -> dict[int, ClaimRecord]:
    """By process id, the claim of each process that has a living one, but not `here`. For a job that was given no GPU, and so
    has no claim, a record that stands for it: under the name of its attempt, on no GPU."""
    known = {claim.id: claim for claim in living if claim.id not in here}
    found = {process.pid: known.get(process.claim) if process.claim else _stand_in(process) for process in processes}
    return {pid: claim for pid, claim in found.items() if claim}


def _stand_in(process: Process) -> ClaimRecord | None:
    if process.claim is None or not process.attempt:
        return None
    label = f"exp-queue job {process.attempt[:8]}"
    return ClaimRecord(process.attempt, pid=process.pid, uid=process.uid or 0, user=process.user, label=label)


def given(claim: ClaimRecord, reading: Reading) -> str:
    """The GPUs of a claim, for messages."""
    gpus = {gpu.uuid: gpu.label for gpu in reading.gpus}
    return ", ".join(gpus.get(uuid, uuid) for uuid in claim.memory) or "no GPU"


def asked(claim: ClaimRecord, uuid: str) -> int | None:
    """MiB that the claim asked for on this GPU, None for the whole of it. Where it was not given this one: what it asked for on
    those that it was given, since that is what its program is about to take."""
    if uuid in claim.memory or not claim.memory:
        return claim.memory.get(uuid)
    figures = [figure for figure in claim.memory.values() if figure is not None]
    return max(figures) if len(figures) == len(claim.memory) else None


def attempt_of(claim: str, processes: Mapping[int, Process], owners: Mapping[int, ClaimRecord]) -> str:
    """The attempt that the processes of this claim belong to, "" if they tell none."""
    return next((processes[pid].attempt for pid, owner in owners.items() if owner.id == claim and processes[pid].attempt), "")
