"""What is said of the space of a sweep: which parameters apply when, and which trials lie outside of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scheduler.sweeps.space.absent import ABSENT
from scheduler.sweeps.space.conditions import sentence
from scheduler.sweeps.sweep import SweepPlan
from scheduler.sweeps.trials import Trial


def conditions(plan: SweepPlan) -> list[str]:
    """Which parameters apply only beside certain values of others."""
    found = [(each.name, " and ".join(sentence(condition) for condition in each.when)) for each in plan.parameters if each.when]
    return [f"{name} only where {when}" for name, when in found]


def outside(plan: SweepPlan, trials: Sequence[Trial], *, learns: bool) -> list[str]:
    """How many of these trials lie outside of the present space, by what, and what becomes of them; nothing where none does."""
    strangers = [trial for trial in trials if trial.outside]
    if not strangers:
        return []
    by = Counter(how for each in strangers for how in how_outside(plan, each))
    reasons = ", ".join(f"{count} {how}" for how, count in by.items())
    lie = "lies" if len(strangers) == 1 else "lie"
    learnt = "; the search learns from them as far as it can" if learns else ""
    kept = f"they stay in the table and in the bands, the best is one inside{learnt}"
    return [f"{len(strangers)} of them {lie} outside of the present space ({reasons}): {kept}"]


def how_outside(plan: SweepPlan, trial: Trial) -> list[str]:
    """For each parameter by which this trial lies outside of the present space, how; nothing for one that lies inside."""
    held = {each.name: value for each, value in zip(plan.parameters, trial.values, strict=True)}
    hows = {True: "without {}", False: "by {}"}
    return [hows[held[each] is ABSENT].format(each) if each in held else f"by {each}, which is gone" for each in trial.outside]
