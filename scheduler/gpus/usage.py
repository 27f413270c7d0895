"""What our claims were seen to use, reading by reading: pure. Memory in MiB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scheduler.gpus.observation import Settings, Use, use
from scheduler.gpus.placement import ClaimRecord
from scheduler.gpus.reading import Gpu, Reading
from scheduler.gpus.view import View
from scheduler.values import dataclass

NEARLY_FULL = 0.95
# With fewer figures of a job's memory, its largest says little: a model is loaded after the first seconds.
ENOUGH_READINGS = 3


@dataclass(frozen=True)
class ShareUse:
    """One claim on one GPU so far.

    `granted`: what it claimed, None for the whole GPU. `peak`: the largest measured use; `readings`: in how many
    readings it was measured. `contended`: others used that GPU as well. `crowded`: so did jobs of the same
    user that were not given it. `full`: hardly any memory was left there.
    """

    model: str = ""
    granted: int | None = None
    peak: int = 0
    readings: int = 0
    contended: bool = False
    crowded: bool = False
    full: bool = False

    @property
    def known_peak(self) -> int | None:
        """The peak, once it was measured often enough to mean something."""
        return self.peak if self.readings >= ENOUGH_READINGS else None


Shares = Mapping[str, ShareUse]  # by UUID


def begun(record: ClaimRecord, reading: Reading) -> dict[str, ShareUse]:
    """The use of a claim that nobody has measured yet."""
    models = {gpu.uuid: gpu.name for gpu in reading.gpus}
    return {uuid: ShareUse(models.get(uuid, ""), granted) for uuid, granted in record.memory.items()}


def measured(uses: Mapping[str, Shares], seen: View) -> dict[str, Shares]:
    """`uses` (by claim id) after one more reading. Claims that do not live any more stay as they were last seen."""
    after = {claim: dict(shares) for claim, shares in uses.items()}
    for gpu in seen.reading.gpus:
        at = use(gpu, seen.claims, seen.observation.of(gpu.uuid), seen.settings)
        for claim in at.claims:
            share = after.get(claim.id, {}).get(gpu.uuid)
            if share:
                after[claim.id][gpu.uuid] = _one_more(share, claim, gpu, at, seen.settings)
    return dict(after)


def _one_more(share: ShareUse, claim: ClaimRecord, gpu: Gpu, at: Use, settings: Settings) -> ShareUse:
    used, figure = gpu.used or 0, at.measured.get(claim.id)
    others = bool(at.foreign) or at.others(used) > settings.ignore_below or any(c.uid != claim.uid for c in at.astray)
    return replace(
        share,
        peak=max(share.peak, figure or 0),
        readings=share.readings + (figure is not None),
        contended=share.contended or others,
        crowded=share.crowded or any(c.uid == claim.uid for c in at.astray),
        full=share.full or (gpu.capacity is not None and used >= NEARLY_FULL * gpu.capacity),
    )
