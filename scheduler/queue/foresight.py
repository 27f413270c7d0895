"""What a submit would do with experiments, for whoever looks before: nothing is changed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import cached_property

from scheduler.experiments import Experiment
from scheduler.queue.asks import AskTexts
from scheduler.queue.changes import job_key
from scheduler.queue.code import Aged
from scheduler.queue.latest import Latest, latest_of
from scheduler.queue.store import Store
from scheduler.queue.submit import RENEWALS, Verb, in_chunks, outdated, verb
from scheduler.values import dataclass


@dataclass(frozen=True)
class Foreseen:
    """`verbs`: what would be done with each experiment, in their order; None for one that stands further up already. `outdated`:
    as `Submission` has it."""

    verbs: Sequence[Verb | None]
    outdated: Mapping[Aged, Sequence[int]] = field(default_factory=dict)

    @cached_property
    def counts(self) -> Counter[Verb]:
        """How many experiments there are of each kind."""
        return Counter(each for each in self.verbs if each)


def foresee(
    store: Store | None, experiments: Iterable[Experiment], cwd: str, *, again: bool = False, lost: bool = False
) -> Foreseen:
    """What `submit` with the same arguments would do now. `store`: None where there is no queue yet."""
    verbs: list[Verb | None] = []
    before: list[int] = []
    directory, seen, texts = os.path.realpath(cwd), set[str](), AskTexts()
    for some in in_chunks(experiments):
        keys = [job_key(each, directory) for each in some]
        there = latest_of(store.read, keys) if store else {}
        for key, each in zip(keys, some, strict=True):
            verbs.append(None if key in seen else _foreseen(there.get(key), each, texts, again=again, lost=lost))
            if verbs[-1] is Verb.SUCCEEDED:
                before.append(there[key].number)
            seen.add(key)
    return Foreseen(verbs, outdated(store, before) if store else {})


def _foreseen(there: Latest | None, experiment: Experiment, texts: AskTexts, *, again: bool, lost: bool) -> Verb:
    what = verb(there.state if there else None, resumable=experiment.policy.resumable, again=again, lost=lost)
    return RENEWALS[what] if there and what in RENEWALS and not there.asks_as(experiment, texts) else what
