"""Which rule stops trials, and how many pass where they are compared: what tells W&B's rule, i-Epoch and ASHA apart. Pure."""

from __future__ import annotations

from scheduler.sweeps.files.early_terminate import ASHA, HYPERBAND, IEPOCH, KEEP, EarlyTerminate

SERVER = "server"  # in the place of a rule: a W&B server decides about the sweep


def rule_of(written: EarlyTerminate | None, pruner: str) -> EarlyTerminate | None:
    """The rule by which `--pruner` compares trials at bands, with what the file says of it; None where it has none."""
    if pruner == "wandb":
        return written
    if pruner == IEPOCH:
        return EarlyTerminate(type=IEPOCH, min_iter=_least(written), keep=(written.keep if written else None) or KEEP)
    if pruner == ASHA:
        return EarlyTerminate(type=ASHA, min_iter=_least(written), eta=_factor(written))
    return None


def _least(written: EarlyTerminate | None) -> int:
    return (written.min_iter if written else None) or 1


def _factor(written: EarlyTerminate | None) -> int:
    """Rounded, for Optuna takes whole numbers; its own default where there is no rule."""
    return max(2, round(written.eta)) if written else 4


def place(rule: EarlyTerminate, count: int) -> int | None:
    """Of `count` trials at a band, the best first, the index of the last that passes; None: all do.

    >>> place(EarlyTerminate(eta=3), 3), place(EarlyTerminate(type="asha", eta=3), 3)
    (1, 0)
    >>> [place(EarlyTerminate(type="iepoch", keep=3), count) for count in (2, 3, 9)]
    [None, 2, 2]
    """
    if rule.type == IEPOCH:
        keep = rule.keep or KEEP
        return keep - 1 if count >= keep else None
    if rule.type == ASHA:
        return max(count // int(rule.eta), 1) - 1
    # W&B's float arithmetic: 1/eta is rounded before it is multiplied.
    return int((1.0 / rule.eta) * count)


def by_row(rule: EarlyTerminate) -> bool:
    """Whether a trial is judged by its value in the row of the band, and not by its best so far."""
    return rule.type != HYPERBAND or rule.strict is True
