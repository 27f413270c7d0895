"""Which of several logs counts, in words."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.tracking.readers.candidates import Candidate
from scheduler.tracking.readers.kinds import SWANLAB, TENSORBOARD, WANDB
from scheduler.tracking.readers.source import Source
from scheduler.values import dataclass

# By the first field of `candidates.Weight` in which the log that counts is before all others.
REASONS = (
    "that with the trial's WANDB_RUN_ID counts",
    "that of rank 0 counts",
    "the uppermost counts",
    "the last to log it counts",
)
HINT = "; the one that takes its id from WANDB_RUN_ID would come first, then one whose name holds rank0"


@dataclass(frozen=True)
class Choice:
    """One log counts, and others have numbers as well. `kind` is the same for trials of which the same is to be said."""

    kind: str
    sentence: str


def choice_among(source: Source, weaker: Sequence[str], metric: str) -> Choice | None:
    """`source` has a number, and so have the kinds of logs in `weaker`. None where nothing else has one."""
    logs = [log for log in source.logs if log.weight and log is not source.one]
    if source.one is None or not (logs or weaker):
        return None
    kinds = f"; what else holds it is not read: {', '.join(weaker)}" if weaker else ""
    if not logs:
        return Choice(f"{source.name} {weaker}", f'"{metric}" is taken from the {source.name}{kinds}')
    reason = _reason(source.one, logs)
    others = "the other does not" if len(logs) == 1 else f"the {len(logs)} others do not"
    hint = HINT if source.name == WANDB and reason == REASONS[-1] else ""
    what = f'{len(logs) + 1} {_noun(source)} log "{metric}": {reason} ({_name(source.one)}), {others}{hint}{kinds}'
    return Choice(f"{source.name} {reason} {weaker}", what)


def _reason(one: Candidate, logs: Sequence[Candidate]) -> str:
    mine, best = one.weight or (), max(log.weight or () for log in logs)
    different = [place for place, (left, right) in enumerate(zip(mine, best, strict=True)) if left != right]
    return REASONS[min(different[0] if different else len(REASONS), len(REASONS) - 1)]


def _noun(source: Source) -> str:
    return {WANDB: "W&B runs", TENSORBOARD: "folders of event files", SWANLAB: "SwanLab runs"}.get(source.name, "logs")


def _name(log: Candidate) -> str:
    return log.path.parent.name if log.path.suffix == ".wandb" else log.path.name
