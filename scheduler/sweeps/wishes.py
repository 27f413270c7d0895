"""What whoever runs a sweep asks of its course, beyond what its file says."""

from __future__ import annotations

from scheduler.values import dataclass


@dataclass(frozen=True)
class Wishes:
    """`count`: at most so many new trials; `time`: none after so many seconds; `sampler`: how method bayes chooses; `pruner`: by
    which rule trials are stopped early; `seed`: of a new sweep; `again`: a new one, instead of going on with the last of the
    same file; `optuna_journal`: a file for optuna-dashboard; `evidence`: the names of other sweeps, from which it
    is to learn; `revive`: whether trials that were cancelled are asked again where it goes on."""

    count: int | None = None
    time: float | None = None
    sampler: str | None = None
    pruner: str = "wandb"
    seed: int | None = None
    again: bool = False
    optuna_journal: str | None = None
    evidence: tuple[str, ...] = ()
    revive: bool = True
