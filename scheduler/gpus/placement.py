"""What a job asks of the GPUs, what it is granted or refused, and what others hold already: plain values. Memory is
in MiB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from scheduler.values import dataclass

LEFT_FOR_ALL = 0.9  # of a GPU that is shared by a number: every process needs a little beside what it allocates


@dataclass(frozen=True)
class Request:
    """What a job needs: `gpus` devices, with `memory` MiB on each, or whole ones (`exclusive`, or nothing known).

    `estimates` are MiB by GPU model ("": any model) for a job that named no `memory`: a figure from experience, which
    becomes the whole GPU where it does not fit. `share`: it takes 1/share of each GPU, beside others that say so, whatever memory
    they need; None: it does not say so. `only` limits the choice to GPUs with these indices; empty: any.
    """

    gpus: int = 1
    memory: int | None = None
    exclusive: bool = False
    share: int | None = None
    only: tuple[int, ...] = ()
    estimates: Mapping[str, int] = field(default_factory=dict)

    def need(self, model: str, room: int | None) -> int | None:
        """MiB needed on a GPU of this model, of which a job could have `room` at best; None: the whole GPU."""
        if self.exclusive or room is None:
            return None
        if self.memory is not None:
            return self.memory
        estimate = self.estimates.get(model, self.estimates.get(""))
        return None if estimate is None or estimate > room else estimate


@dataclass(frozen=True)
class Share:
    """One GPU of a placement: `visible` is its name for CUDA, `memory` the claimed MiB or None for the whole GPU."""

    uuid: str
    visible: str
    index: int | None = None
    memory: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Placement:
    """Where a job may run now. Without shares: on the CPU. `split`: it has 1/split of each GPU, and `exclusive` keeps out whoever
    does not share in this way."""

    shares: tuple[Share, ...] = ()
    exclusive: bool = True
    split: int | None = None

    def environment(self) -> dict[str, str]:
        """The variables that keep a CUDA, JAX or TensorFlow program within the placement."""
        visible = ",".join(s.visible for s in self.shares) or "-1"
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": visible, **self._limits()}

    def _limits(self) -> dict[str, str]:
        """JAX takes 75 % of a GPU at its start and TensorFlow all of it, unless told otherwise by these variables."""
        fractions = [s.memory / s.total for s in self.shares if s.memory and s.total] if not self.exclusive else []
        if self.split:
            fractions = [LEFT_FOR_ALL / self.split]
        if not fractions:
            return {}
        fraction = f"{int(min(fractions) * 1000) / 1000:.3f}"
        return {
            "XLA_CLIENT_MEM_FRACTION": fraction,
            "XLA_PYTHON_CLIENT_MEM_FRACTION": fraction,
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        }


@dataclass(frozen=True)
class Refusal:
    """Why nothing can start now, in one sentence. `never`: waiting will not help on this machine. `lasting`: nor before
    somebody has mended it, so that nobody should be kept waiting behind this. `cure`: what the person can do about it, where
    that is not to ask for less."""

    sentence: str
    never: bool = False
    lasting: bool = False
    cure: str = ""

    @property
    def hopeless(self) -> bool:
        """Whether no end of a job or a process can change it."""
        return self.never or self.lasting


@dataclass(frozen=True)
class ClaimRecord:
    """What a claim file says. `memory` maps UUIDs to the MiB claimed there, None for the whole GPU; `since` is in
    seconds of the epoch. `unreadable` is not empty for a file that cannot be read or understood: such a claim may
    be on any GPU. `split`: it has 1/split of each of its GPUs, and others that have such a part may be there too; None: it
    has them as `memory` and `exclusive` say, and so reads it an older exp-queue, which keeps away from such a GPU.
    `locked_by` names the process that holds its lock, where that is not the one that took the claim. `unseen`: that one is
    gone, and we see none that holds it; it lives all the same."""

    id: str
    memory: Mapping[str, int | None] = field(default_factory=dict)
    exclusive: bool = True
    pid: int = 0
    uid: int = 0
    user: str = ""
    since: float = 0.0
    label: str = ""
    unreadable: str = ""
    locked_by: str = ""
    unseen: bool = False
    split: int | None = None

    def holds(self, uuid: str) -> bool:
        """Whether the claim is, or may be, on this GPU."""
        return bool(self.unreadable) or uuid in self.memory

    @property
    def holder(self) -> str:
        """Who holds it, for messages: `train.py (anna, pid 4711)`."""
        if self.label and not self.pid:  # a start that is planned and not yet made
            return self.label
        who = f"{self.user or f'uid {self.uid}'}, pid {self.pid}" + (f"; locked by {self.locked_by}" if self.locked_by else "")
        who += ", which is gone or cannot be seen from here, as what it has started cannot" if self.unseen else ""
        return self.unreadable or (f"{self.label} ({who})" if self.label else who)
